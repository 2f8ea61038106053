"""Whether signed messages about customers may be sent to an address."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def problem(url: str) -> str | None:
    """Say why nothing is sent to `url`, with the cure and without a word of it; None: it is good."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if (
        not host
        or not url.isprintable()
        or set(url) & set(" \t\\")
        or parts.scheme.lower()
        not in (
            "http",
            "https",
        )
    ):
        return "is no address; write it like https://shop.example/aftercare"
    if "@" in parts.netloc:
        return "holds a name or a password; leave them out: every message is signed with the shop's secret"
    if parts.fragment:
        return "has something behind a #, which is never sent; leave it out"
    if parts.scheme.lower() == "http" and not _loopback(host):
        return (
            "begins with http://, over which everybody on the way could read customers and orders; write "
            "https:// (http:// is taken for this computer only, such as http://127.0.0.1:8080/aftercare)"
        )
    return None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
