"""What a subscription contract says in GraphQL. An app is shown those that it made itself, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.subscriptions import SubscriptionLine, SubscriptionSnapshot
from aftercare_shopify.versions import UNDATED, dated

_ACTIVE = "active"


def subscription(contract: Mapping[str, Any], *, shop: str) -> SubscriptionSnapshot:
    """Return what a contract says, with all of its lines. Lines of products that are gone are left out."""
    status = contract["status"].lower()
    snapshot = SubscriptionSnapshot(
        shop=shop,
        id=contract["id"],
        version=UNDATED,
        customer=contract["customer"],
        # Paused, failed, expired, cancelled, and whatever may be added: nothing comes.
        active=status == _ACTIVE,
        status=status,
        lines=tuple(
            SubscriptionLine(product=line["product"], variant=line["variant"], quantity=line["quantity"])
            for line in contract["lines"]["nodes"]
            if line["product"] is not None
        ),
        next_at=contract["next_at"],
    )
    return dated(snapshot, contract["updated_at"])
