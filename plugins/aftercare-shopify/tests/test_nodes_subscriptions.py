from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aftercare_sdk.model.subscriptions import SubscriptionLine
from aftercare_sdk.shops.payloads import load
from aftercare_shopify.nodes import schemas
from aftercare_shopify.nodes.subscriptions import subscription

LINE = {
    "productId": "gid://shopify/Product/7",
    "variantId": "gid://shopify/ProductVariant/8",
    "quantity": 2,
}


def told(*lines, **fields):
    """Make a snapshot of a contract as GraphQL tells it."""
    node = {
        "id": "gid://shopify/SubscriptionContract/402440842",
        "status": "ACTIVE",
        "updatedAt": "2026-11-02T14:00:01Z",
        "nextBillingDate": "2026-12-02T14:00:00Z",
        "customer": {"id": "gid://shopify/Customer/1"},
        "lines": {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": list(lines)},
        **fields,
    }
    return subscription(load(schemas.SUBSCRIPTION, node, what="subscription"), shop="tea")


def test_subscription():
    """A subscription tells whose it is, what comes, and when next."""
    said = told(LINE)
    assert ("tea", "402440842", "1", True, "active") == (
        said.shop,
        said.id,
        said.customer,
        said.active,
        said.status,
    )
    assert (SubscriptionLine(product="7", variant="8", quantity=2),) == said.lines
    assert datetime(2026, 12, 2, 14, tzinfo=UTC) == said.next_at
    assert datetime(2026, 11, 2, 14, 0, 1, tzinfo=UTC) == said.version.modified_at


@pytest.mark.parametrize("status", ["PAUSED", "CANCELLED", "EXPIRED", "FAILED", "NEW_IN_2027"])
def test_nothing_comes(status):
    """Of a subscription that is not active nothing comes, whatever Shopify calls it."""
    said = told(LINE, status=status, nextBillingDate=None)
    assert (False, status.lower(), None) == (said.active, said.status, said.next_at)


def test_a_product_that_is_gone():
    """A line whose product is gone names nothing that comes."""
    assert () == told({**LINE, "productId": None}).lines


def test_nobody():
    """A subscription may be nobody's that this app may see."""
    assert None is told(customer=None).customer
