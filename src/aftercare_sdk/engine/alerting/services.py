"""The services that staff are told by. No other module imports apprise, and this one only to tell."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.redact import redact

MISSING = 'alerts need apprise, which is not installed: pip install "aftercare-sdk[alerts]"'


def is_installed() -> bool:
    """Whether anybody can be told."""
    return find_spec("apprise") is not None


def tell(addresses: Mapping[str, str], to: Iterable[str], title: str, body: str) -> dict[str, str]:
    """Tell each of `to`, by the name of its address; return by name why it could not be told, empty: it was.

    Raises ConfigurationError without apprise. The problems hold no address: those are secrets.
    """
    try:
        import apprise
    except ModuleNotFoundError:
        raise ConfigurationError(MISSING) from None
    # What it logs of failures comes back to whoever asked, and nowhere else.
    logging.getLogger("apprise").propagate = False
    asset = apprise.AppriseAsset(app_id="aftercare", app_desc="aftercare", app_url="")
    problems: dict[str, str] = {}
    for name in to:
        service = apprise.Apprise(asset=asset)
        if not service.add(addresses[name]):
            problems[name] = "is no address that apprise knows; see its list of services"
            continue
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
            reached = service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
            problems[name] = "" if reached else _problem(said.getvalue())
    return problems


def _problem(said: str) -> str:
    """Return what apprise has said of a failure, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return redact(lines[-1]) if lines else "did not take it"
