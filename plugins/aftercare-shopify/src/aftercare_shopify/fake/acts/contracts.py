"""How subscriptions begin, are billed and end."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.contracts import Contract, ContractLine

_DAYS = {"DAY": 1, "WEEK": 7, "MONTH": 30, "YEAR": 365}


class Contracts(Announcing):
    """Subscription contracts."""

    @alone
    def subscribe_customer(
        self,
        customer: int,
        cart: Mapping[int, int],
        *,
        interval: str = "MONTH",
        count: int = 1,
        plan: str = "",
        next_billing: datetime | None = None,
        own: bool = True,
    ) -> int:
        """Let a customer subscribe to products or variants (by id, with how many of each); return its id.

        `own` False is a contract that another app made: this app does not see it.
        """
        if interval not in _DAYS:
            raise Refusal(f"There is no interval {interval!r}; there are {', '.join(_DAYS)}")
        self._customer(customer)
        number = self.new_id()
        contract = Contract(
            id=number,
            customer=customer,
            created=self.now,
            updated=self.now,
            lines=[self._contract_line(number, each, many, plan) for each, many in cart.items()],
            interval=interval,
            count=count,
            next_billing=next_billing or self.now + timedelta(days=_DAYS[interval] * count),
            own=own,
        )
        self.contracts[number] = contract
        self._contract_changed(contract, "create")
        return number

    @alone
    def set_contract(self, contract: int, status: str) -> None:
        """Let a subscription be ACTIVE, PAUSED, CANCELLED, EXPIRED or FAILED."""
        if status not in ("ACTIVE", "PAUSED", "CANCELLED", "EXPIRED", "FAILED"):
            raise Refusal(f"There is no status {status!r} of a subscription")
        found = self.contracts[contract]
        found.status = status
        if status != "ACTIVE":
            found.next_billing = None
        found.revision += 1
        self._contract_changed(found, "update")

    def _contract_line(self, contract: int, number: int, quantity: int, plan: str) -> ContractLine:
        product, variant = self.variant(number)
        line = uuid.uuid5(uuid.NAMESPACE_URL, f"{contract}/{variant.id}")
        return ContractLine(
            id=f"gid://shopify/SubscriptionLine/{line}",
            product=product.id,
            variant=variant.id,
            title=product.title,
            quantity=quantity,
            price=variant.price,
            sku=variant.sku,
            plan=plan,
        )

    def _contract_changed(self, contract: Contract, what: str) -> None:
        contract.updated = self.now
        if contract.own:
            self.queue.happened(f"subscription_contracts/{what}", _body(self, contract))


def _body(shop: Announcing, contract: Contract) -> dict[str, Any]:
    interval = {"interval": contract.interval.lower(), "interval_count": contract.count}
    return {
        "admin_graphql_api_id": gid("SubscriptionContract", contract.id),
        "id": contract.id,
        "billing_policy": {**interval, "min_cycles": None, "max_cycles": None},
        "currency_code": shop.currency,
        "customer_id": contract.customer,
        "admin_graphql_api_customer_id": gid("Customer", contract.customer),
        "delivery_policy": interval,
        "status": contract.status.lower(),
        "admin_graphql_api_origin_order_id": gid("Order", contract.origin) if contract.origin else None,
        "origin_order_id": contract.origin,
        "revision_id": str(contract.revision),
    }
