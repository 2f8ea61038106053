"""Whom a message or a command reaches."""

from __future__ import annotations

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.records import CustomerRecord, OrderRecord, ReviewRecord


def contact_of(about: OrderRecord | ReviewRecord | None, account: CustomerRecord | None) -> Contact | None:
    """Return how to reach the person: as the order or the review says, else as the account does.

    One from which the shop has removed the person reaches nobody, whatever the account says.
    """
    told = about.contact if about else None
    if told is not None and (told.value is None or told.value.email):
        return told.value
    return (account.contact.value if account and account.contact else None) or (told.value if told else None)
