"""The address of a shop, and that of its webhooks: in one form, and whether secrets may be sent to it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from aftercare_sdk.shops.addresses import Fault, fault

_CURES = {
    Fault.NO_ADDRESS: "this is no address of a shop; write it like https://shop.example",
    Fault.HOLDS_PASSWORD: (
        "an address holds no name and password; use the options consumer_key and consumer_secret for them"
    ),
    Fault.PLAIN_HTTP: (
        "over http everybody on the way could read customers and orders; write https:// "
        "(http:// is taken for this computer only, such as http://127.0.0.1:8080)"
    ),
}
_TARGETS = {
    Fault.NO_ADDRESS: "this is no address; write it like https://<your server>/webhooks/<name of the shop>",
    Fault.HOLDS_PASSWORD: "it holds a name and password, which every log on the way would keep",
    Fault.PLAIN_HTTP: (
        "over http everybody on the way could read customers and orders; write https:// "
        "(http:// is taken for this computer only, such as http://127.0.0.1:8000)"
    ),
}
_PORTS = {"http": 80, "https": 443}


def site(url: str) -> str:
    """Return the address in the one form that is used: scheme and host in small letters, no slash behind.

    The port that the scheme has anyway is left out. The library asks whether the address begins with `https`
    in just these letters, and signs its requests for plain HTTP otherwise. Raises ValueError for what is no
    address.
    """
    parts = urlsplit(url.strip())
    scheme, place = parts.scheme.lower(), parts.netloc.lower()
    if parts.port in {None, _PORTS.get(scheme)}:
        place = re.sub(r":[0-9]*\Z", "", place)
    return urlunsplit((scheme, place, parts.path.rstrip("/"), "", ""))


def problem(url: str) -> str | None:
    """Say why credentials cannot be sent to `url`, with the cure; None: they can."""
    found = fault(url.strip())
    if found is not Fault.NO_ADDRESS and found is not Fault.HOLDS_PASSWORD:
        parts = urlsplit(url.strip())
        if parts.query or parts.fragment:
            return "an address of a shop has nothing behind a ? or #; write it like https://shop.example"
    return None if found is None else _CURES[found]


def target_problem(url: str) -> str | None:
    """Say why no webhook can go to `url`, with the cure; None: it can."""
    found = fault(url.strip())
    if found is None:
        parts = urlsplit(url.strip())
        if parts.query or parts.fragment:
            return "it has something behind a ? or #; what is sent is known by its signature"
    return None if found is None else _TARGETS[found]
