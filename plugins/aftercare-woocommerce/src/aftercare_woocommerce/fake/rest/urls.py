"""Which addresses WooCommerce takes: `wc_is_valid_url`, which asks PHP's `FILTER_VALIDATE_URL`."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

_PARTS = re.compile(
    r"https?://"
    r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:%]*@)?"
    r"(?P<host>\[[^\]]*\]|[^/?#:@]*)"
    r"(?::(?P<port>[0-9]+))?"
    r"(?:[/?#].*)?"
)
# What PHP lets an address hold, before it looks at its parts: no blanks, and nothing beyond ASCII.
_CHARACTERS = re.compile(r"[!-~]+")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LAST_PORT, _LONGEST = 65535, 253


def is_url(url: str) -> bool:
    """Tell whether WooCommerce takes something for an address that a webhook can go to."""
    parts = _PARTS.fullmatch(url)
    if parts is None or _CHARACTERS.fullmatch(url) is None or int(parts["port"] or 0) > _LAST_PORT:
        return False
    host = parts["host"]
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    labels = host.removesuffix(".").split(".")
    return len(host) <= _LONGEST and all(_LABEL.fullmatch(label) for label in labels)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
