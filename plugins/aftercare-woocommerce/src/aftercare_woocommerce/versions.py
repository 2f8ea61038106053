"""What tells two pictures of one object apart: WooCommerce's date, and a hash of what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.digests import digest

S = TypeVar("S", OrderSnapshot, CustomerSnapshot, ProductSnapshot, ReviewSnapshot, CodeSnapshot)

UNDATED = Version()


def dated(snapshot: S, modified_at: datetime | None) -> S:
    """Give the snapshot its version.

    The hash covers what the snapshot says and not the payload, so that order.created and order.updated of
    one change are equal, and two payloads of one second with different content are not.
    """
    return replace(snapshot, version=Version(modified_at=modified_at, digest=digest(snapshot)))
