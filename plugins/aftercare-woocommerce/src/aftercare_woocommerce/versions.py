"""What tells two pictures of one object apart: WooCommerce's date, and a hash of what is said."""

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
    """Give the snapshot its version.

    The hash covers what the snapshot says and not the payload, so that order.created and order.updated of
    one change are equal, and two payloads of one second with different content are not.
    """
    told = json.dumps(asdict(replace(snapshot, version=UNDATED)), sort_keys=True, default=str)
    digest = hashlib.sha256(told.encode()).hexdigest()
    return replace(snapshot, version=Version(modified_at=modified_at, digest=digest))
