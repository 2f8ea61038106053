"""What tells two pictures of one object apart: the shop's own time, and a hash of what is said."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TypeVar

from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.versions import Version

S = TypeVar("S", OrderSnapshot, CustomerSnapshot, ProductSnapshot)

UNDATED = Version()


def dated(snapshot: S, modified_at: datetime | None) -> S:
    """Give a picture its version.

    The hash covers what the snapshot says and not the payload: unknown fields make no new picture, and two
    pictures of one second with different content are told apart.
    """
    return replace(snapshot, version=Version(modified_at=modified_at, digest=_digest(snapshot)))


def noticed(snapshot: OrderSnapshot, at: datetime) -> OrderSnapshot:
    """Give a notice of one fact its version: just before `at`, at a moment that no picture has.

    A notice is no picture of the order. Were it dated `at`, the order that was changed by the same fact in
    the same second would look like a second, different picture of that moment, and would have to be read.
    Within that second the picture counts as the later one, since it tells more.
    """
    digest = _digest(snapshot)
    before = timedelta(microseconds=1 + int(digest[:12], 16) % 999_999)
    return replace(snapshot, version=Version(modified_at=at - before, digest=digest))


def _digest(snapshot: OrderSnapshot | CustomerSnapshot | ProductSnapshot) -> str:
    told = json.dumps(asdict(replace(snapshot, version=UNDATED)), sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
