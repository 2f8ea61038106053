"""What happens to customers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.bodies.customers import (
    consent_body,
    deleted_body,
    redact_body,
    request_body,
    tags_body,
)
from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.customers import Consent, Customer
from aftercare_shopify.fake.state.people import Address

LEVELS = ("SINGLE_OPT_IN", "CONFIRMED_OPT_IN", "UNKNOWN")
STATES = ("NOT_SUBSCRIBED", "PENDING", "SUBSCRIBED", "UNSUBSCRIBED", "REDACTED", "INVALID")
_FIELDS = frozenset({"email", "phone", "first_name", "last_name", "note", "locale", "state"})


class Accounts(Announcing):
    """Customers, their consent and their tags."""

    @alone
    def add_customer(
        self,
        email: str | None = None,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        phone: str | None = None,
        tags: Iterable[str] = (),
        consent: str = "NOT_SUBSCRIBED",
        level: str | None = None,
        locale: str = "",
        note: str | None = None,
        state: str = "DISABLED",
        address: Address | None = None,
    ) -> int:
        """Register a customer; return the id. Raises Refusal if the e-mail address is taken."""
        if email and self.by_email(email):
            raise Refusal("Email has already been taken")
        number = self.new_id()
        customer = Customer(
            id=number,
            created=self.now,
            updated=self.now,
            email=email,
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            note=note,
            locale=locale or self.locale,
            state=state,
            tags=sorted(tags),
            consent=_consent(consent, level, self.now),
            address=address,
            address_id=self.new_id(),
        )
        self.customers[number] = customer
        self._customer_changed(customer, "customers/create")
        return number

    @alone
    def edit_customer(self, customer: int, **fields: Any) -> None:
        """Change fields of a customer, such as `email` or `last_name`."""
        found = self._customer(customer)
        for name, value in fields.items():
            if name not in _FIELDS:
                raise Refusal(f"A customer of the fake shop has no field {name} to change")
            setattr(found, name, value)
        self._customer_changed(found)

    @alone
    def change_consent(
        self, customer: int, state: str, *, level: str | None = None, at: datetime | None = None
    ) -> None:
        """Let a customer take marketing by e-mail, or no more; any of Shopify's states."""
        found = self._customer(customer)
        found.consent = _consent(state, level, at or self.now)
        self.queue.happened("customers_email_marketing_consent/update", consent_body(self, found))
        self._customer_changed(found)

    @alone
    def tag(self, customer: int, *tags: str) -> None:
        """Add tags to a customer."""
        found = self._customer(customer)
        there = {each.casefold() for each in found.tags}
        new = [each for each in unlike(tags) if each.casefold() not in there]
        if new:
            found.tags = sorted([*found.tags, *new])
            self.queue.happened("customer.tags_added", tags_body(self, found, new))
            self._customer_changed(found)

    @alone
    def untag(self, customer: int, *tags: str) -> None:
        """Take tags from a customer."""
        found = self._customer(customer)
        wanted = {each.casefold() for each in tags}
        gone = [each for each in found.tags if each.casefold() in wanted]
        if gone:
            found.tags = [each for each in found.tags if each not in gone]
            self.queue.happened("customer.tags_removed", tags_body(self, found, gone))
            self._customer_changed(found)

    @alone
    def delete_customer(self, customer: int) -> None:
        """Delete a customer. Raises Refusal for one with orders: only those without can be deleted."""
        found = self._customer(customer)
        if self.of_customer(customer):
            raise Refusal("Customer can't be deleted because they have orders")
        del self.customers[customer]
        self.forget_metafields([gid("Customer", customer)])
        self.queue.happened("customers/delete", deleted_body(found))

    @alone
    def request_data(self, customer: int) -> None:
        """Let a customer ask what is known: the app gets `customers/data_request`."""
        orders = [each.id for each in self.of_customer(customer)]
        body = request_body(self, self._customer(customer), orders, self.new_id())
        self.queue.happened("customers/data_request", body)

    @alone
    def redact_customer(self, customer: int) -> None:
        """Erase a customer's data here, and ask the app to do the same: `customers/redact`.

        In a real shop ten days or more lie between the two; let the shop wait between acts as you like.
        """
        found = self._customer(customer)
        orders = self.of_customer(customer)
        body = redact_body(self, found, [each.id for each in orders])
        found.email = found.phone = found.first_name = found.last_name = found.note = found.address = None
        found.tags, found.redacted = [], True
        found.consent = Consent(state="REDACTED", updated=self.now)
        for order in orders:
            order.email = order.phone = order.billing = order.destination = order.note = None
            self._order_changed(order)
        self._customer_changed(found)
        self.queue.happened("customers/redact", body)


def unlike(tags: Iterable[str]) -> list[str]:
    """Return tags without those that differ in their case only: the first of them counts."""
    kept: dict[str, str] = {}
    for each in tags:
        kept.setdefault(each.casefold(), each)
    return list(kept.values())


def _consent(state: str, level: str | None, at: datetime) -> Consent:
    if state not in STATES:
        raise Refusal(f"There is no consent state {state!r}; there are {', '.join(STATES)}")
    if level is not None and level not in LEVELS:
        raise Refusal(f"There is no opt-in level {level!r}; there are {', '.join(LEVELS)}")
    if state == "NOT_SUBSCRIBED":
        return Consent(level=level)
    return Consent(state=state, level=level or "SINGLE_OPT_IN", updated=at)
