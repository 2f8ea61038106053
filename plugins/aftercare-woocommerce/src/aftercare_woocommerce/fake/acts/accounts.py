"""What happens to accounts, and to people who want to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_woocommerce.fake.records import Records, alone
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.state.customers import customer_fields
from aftercare_woocommerce.fake.state.things import Thing

_DELETED = "[deleted]"


class Accounts(Records):
    """Accounts of customers and staff."""

    @alone
    def customer(
        self,
        email: str,
        *,
        first_name: str = "",
        last_name: str = "",
        role: str = "customer",
        meta: Mapping[str, Any] | None = None,
        **billing: str,
    ) -> int:
        """Open an account."""
        if any(each.fields["email"].casefold() == email.casefold() for each in self.customers.values()):
            raise Refusal(
                400,
                "registration-error-email-exists",
                f"An account is already registered with {email}. Please log in or use a different email "
                "address.",
            )
        number = next(self._users)
        self.customers[number] = Thing(
            id=number,
            created=self.now,
            modified=self.now,
            fields=customer_fields(
                email, first_name=first_name, last_name=last_name, role=role, billing=billing
            ),
            meta=self._meta(meta or {}),
        )
        self.queue.happened("customer.created", number)
        self.queue.happened("customer.updated", number)
        return number

    @alone
    def edit_customer(
        self, customer: int, *, meta: Mapping[str, Any] | None = None, silently: bool = False, **fields: Any
    ) -> None:
        """Change an account."""
        thing = self.customers[customer]
        thing.fields.update(fields)
        self._set_meta(thing.meta, meta or {})
        if not silently:
            thing.modified = self.now
            self.queue.happened("customer.updated", customer)

    @alone
    def delete_customer(self, customer: int) -> None:
        """Close an account. Its orders stay, as a guest's."""
        role = self.customers.pop(customer).fields["role"]
        for order in self.orders.values():
            order.customer = 0 if order.customer == customer else order.customer
        if role == "customer":
            self.queue.happened("customer.deleted", customer)

    @alone
    def anonymise(self, email: str, *, most: int | None = None) -> list[int]:
        """Erase a person as WordPress does; of at most so many orders in one run. Return which."""
        wanted = email.casefold()
        accounts = {
            number for number, each in self.customers.items() if each.fields["email"].casefold() == wanted
        }
        theirs = [
            number
            for number, each in self.orders.items()
            if each.customer in accounts - {0} or each.billing.get("email", "").casefold() == wanted
        ][:most]
        for number in theirs:
            order = self.orders[number]
            name = dict.fromkeys(("first_name", "last_name", "address_1", "city", "postcode"), _DELETED)
            order.billing = {**name, "email": "deleted@site.invalid", "phone": "000-000-0000"}
            order.shipping = dict(name)
            order.customer = 0
            self._set_meta(order.meta, {"_anonymized": "yes"})
            self._touch(number)
        for review in self.reviews.values():
            if review.fields["reviewer_email"].casefold() == wanted:
                review.fields.update({"reviewer": "Anonymous", "reviewer_email": "", "account": 0})
        for number in accounts:
            # The account keeps its e-mail and name.
            self.edit_customer(number, billing={}, shipping={})
        return theirs
