"""What tells two pictures of one object apart: the shop's own time, and a hash of what is said."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime
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
    """Give a notice of one fact the version of that fact. It is no picture of the order, and says so."""
    return dated(replace(snapshot, partial=True), at)


def _digest(snapshot: OrderSnapshot | CustomerSnapshot | ProductSnapshot) -> str:
    told = json.dumps(asdict(replace(snapshot, version=UNDATED)), sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
