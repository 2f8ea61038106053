"""Whether signed messages about customers may be sent to an address."""

from __future__ import annotations

from urllib.parse import urlsplit

from aftercare_sdk.shops.addresses import Fault, fault

_CURES = {
    Fault.NO_ADDRESS: "is no address; write it like https://shop.example/aftercare",
    Fault.HOLDS_PASSWORD: (
        "holds a name or a password; leave them out: every message is signed with the shop's secret"
    ),
    Fault.PLAIN_HTTP: (
        "begins with http://, over which everybody on the way could read customers and orders; write "
        "https:// (http:// is taken for this computer only, such as http://127.0.0.1:8080/aftercare)"
    ),
}


def problem(url: str) -> str | None:
    """Say why nothing is sent to `url`, with the cure and without a word of it; None: it is good."""
    found = fault(url)
    if found is None and urlsplit(url).fragment:
        return "has something behind a #, which is never sent; leave it out"
    return None if found is None else _CURES[found]
