"""Subscriptions, as everything that was told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aftercare_sdk.model.records.registers import merge_registers, told
from aftercare_sdk.model.subscriptions import SubscriptionLine, SubscriptionSnapshot
from aftercare_sdk.model.versions import Register, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRecord:
    """Everything told of one subscription."""

    shop: str
    id: str
    latest: Version
    customer: Register[str] | None = None
    active: Register[bool] | None = None
    status: Register[str] | None = None
    lines: Register[tuple[SubscriptionLine, ...]] | None = None
    next_at: Register[datetime] | None = None
    deleted: Register[bool] | None = None

    def merge(self, other: SubscriptionRecord) -> SubscriptionRecord:
        """Return both in one."""
        return merge_registers(self, other)


def subscription_record(snapshot: SubscriptionSnapshot) -> SubscriptionRecord:
    """Return one picture of a subscription as a record."""
    version = snapshot.version
    return SubscriptionRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        customer=told(snapshot.customer, version),
        active=told(snapshot.active, version),
        status=told(snapshot.status, version),
        lines=told(snapshot.lines, version),
        next_at=told(snapshot.next_at, version),
    )


def gone_subscription(shop: str, subscription: str, version: Version) -> SubscriptionRecord:
    """Return the record of a subscription that the shop no longer has: nothing comes any more."""
    return SubscriptionRecord(
        shop=shop,
        id=subscription,
        latest=version,
        active=Register(value=False, version=version),
        deleted=Register(value=True, version=version),
    )
