"""Whether something that only a shop may read can be sent to an address."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit


class Fault(StrEnum):
    """Why nothing is sent to an address."""

    NO_ADDRESS = "no_address"
    HOLDS_PASSWORD = "holds_password"  # noqa: S105 - the name of a fault
    PLAIN_HTTP = "plain_http"


def fault(url: str) -> Fault | None:
    """Return what is wrong with an address; None: it is HTTPS, or HTTP to this computer.

    A password in it would end up in logs, and over plain HTTP everybody on the way could read what is sent.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Fault.NO_ADDRESS
    scheme = parts.scheme.lower()
    if not host or scheme not in {"http", "https"} or not url.isprintable() or set(url) & set(" \t\\"):
        return Fault.NO_ADDRESS
    if "@" in parts.netloc:
        return Fault.HOLDS_PASSWORD
    if scheme == "http" and not _is_loopback(host):
        return Fault.PLAIN_HTTP
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
