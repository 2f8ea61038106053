"""Accounts of customers, as everything that was told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from aftercare_sdk.model.people import Contact, CustomerSnapshot, fold_email
from aftercare_sdk.model.records.registers import merge_registers, told, told_null
from aftercare_sdk.model.versions import Register, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecord:
    """Everything told of one account. What is not repr'd is personal data and is stored apart.

    `emails` are all that it ever had, by which it is joined with what was bought without it. They outlive the
    person's contact, whose removal would otherwise depend on the order in which pictures come.
    """

    shop: str
    id: str
    latest: Version
    contact: Register[Contact | None] | None = field(default=None, repr=False)
    emails: frozenset[str] = field(default=frozenset(), repr=False)
    locale: Register[str] | None = None
    zone: Register[str] | None = None
    birthday: Register[date | None] | None = field(default=None, repr=False)
    tags: Register[tuple[str, ...]] | None = None
    attributes: Register[Mapping[str, str] | None] | None = field(default=None, repr=False)
    deleted: Register[bool] | None = None

    def merge(self, other: CustomerRecord) -> CustomerRecord:
        """Return both in one."""
        return merge_registers(self, other, emails=self.emails | other.emails)


def customer_record(snapshot: CustomerSnapshot) -> CustomerRecord:
    """Return one picture of an account as a record."""
    version = snapshot.version
    if snapshot.erased:
        return _cleared(
            CustomerRecord(
                shop=snapshot.shop,
                id=snapshot.id,
                latest=version,
                locale=told(snapshot.locale, version),
                zone=told(snapshot.zone, version),
                tags=told(snapshot.tags, version),
                deleted=told(snapshot.deleted, version),
            )
        )
    address = fold_email(snapshot.contact.email) if snapshot.contact else ""
    return CustomerRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        contact=told_null(snapshot.contact, version),
        emails=frozenset({address} - {""}),
        locale=told(snapshot.locale, version),
        zone=told(snapshot.zone, version),
        birthday=told_null(snapshot.birthday, version),
        tags=told(snapshot.tags, version),
        attributes=told_null(snapshot.attributes, version),
        deleted=told(snapshot.deleted, version),
    )


def gone_customer(shop: str, customer: str, version: Version) -> CustomerRecord:
    """Return the record of an account that the shop no longer has; the person goes with it."""
    return _cleared(
        CustomerRecord(shop=shop, id=customer, latest=version, deleted=Register(value=True, version=version))
    )


def _cleared(record: CustomerRecord) -> CustomerRecord:
    version = record.latest
    return replace(
        record,
        # Where somebody lived whom the shop has erased says nothing of whoever is written to now.
        zone=record.zone or Register("", version),
        contact=Register(None, version),
        birthday=Register(None, version),
        attributes=Register(None, version),
    )
