"""The address of a shop, and whether credentials may be sent to it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit


def site(url: str) -> str:
    """Return the address in the one form that is used: scheme and host in small letters, no slash behind.

    The library asks whether the address begins with `https` in just these letters, and signs its requests
    for plain HTTP otherwise.
    """
    parts = urlsplit(url.strip())
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def problem(url: str) -> str | None:
    """Say why credentials cannot be sent to `url`, with the cure; None: they can."""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme.lower() not in ("http", "https"):
        return "this is no address of a shop; write it like https://shop.example"
    if "@" in parts.netloc:
        return (
            "an address holds no name and password; use the options consumer_key and consumer_secret for them"
        )
    if parts.query or parts.fragment:
        return "an address of a shop has nothing behind a ? or #; write it like https://shop.example"
    if parts.scheme.lower() == "http" and not _loopback(host):
        return (
            "over http everybody on the way could read customers and orders; write https:// "
            "(http:// is taken for this computer only, such as http://127.0.0.1:8080)"
        )
    return None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
