"""Whom a message or a command reaches."""

from __future__ import annotations

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.records import CustomerRecord, OrderRecord


def contact_of(order: OrderRecord | None, account: CustomerRecord | None) -> Contact | None:
    """Return how to reach the person: as the order says, else as the account does.

    An order from which the shop has removed the person reaches nobody, whatever the account says.
    """
    told = order.contact if order else None
    if told is not None and (told.value is None or told.value.email):
        return told.value
    return (account.contact.value if account and account.contact else None) or (told.value if told else None)
