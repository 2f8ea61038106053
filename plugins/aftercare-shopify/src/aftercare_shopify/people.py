"""Who a customer is, whichever way it was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_shopify.versions import UNDATED, dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Names and ways to reach somebody, as told with a customer or with an address. Empty: not told.

    `region` is the code of the province, else its name. An app without access to protected customer data is
    told next to nothing of it.
    """

    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    address1: str = field(default="", repr=False)
    address2: str = field(default="", repr=False)
    country: str = ""


def contact(*, people: Sequence[Person], addresses: Sequence[Person]) -> Contact | None:
    """Return how to reach somebody, or None if nobody says it.

    `people` are those who may tell the e-mail, the phone and the name, the first that does so counts (of an
    order: the order itself, then its customer). `addresses` are the addresses, in the order in which they
    count (of an order: billing, shipping, the customer's own); a name of an address goes before that of the
    account, since it is the one that was given with this order.
    """
    address = next((each for each in addresses if _tells(each)), Person())
    named = next((each for each in (address, *people) if each.first_name or each.last_name), None)
    whole = _first(each.name for each in (address, *people))
    made = Contact(
        email=_first(each.email for each in people),
        phone=_first(each.phone for each in (*people, address)),
        family_name=named.last_name if named else "",
        given_name=named.first_name if named else "",
        full_name="" if named else whole,
        company=address.company,
        postal_code=address.zip,
        region=address.region,
        city=address.city,
        street=" ".join(part for part in (address.address1, address.address2) if part),
        country=address.country,
    )
    # A country alone reaches nobody, and must not take the place of somebody who is known.
    return made if made.email or made.phone or named or whole else None


def customer_snapshot(
    *,
    shop: str,
    id: str,  # noqa: A002 - the name in the snapshot
    updated_at: datetime,
    person: Person,
    address: Person | None,
    erased: bool,
    locale: str | None = None,
    tags: Sequence[str] | None = None,
) -> CustomerSnapshot:
    """Return what an account says. `tags` None: they are not told."""
    snapshot = CustomerSnapshot(
        shop=shop,
        id=id,
        version=UNDATED,
        contact=None if erased else _account(person, address or Person()),
        locale=locale or None,
        tags=None if tags is None else tuple(sorted(tags)),
        deleted=False,
        erased=erased,
    )
    return dated(snapshot, updated_at)


def _account(person: Person, address: Person) -> Contact | None:
    # Somebody's own name counts before the one that parcels are sent to.
    own = person.first_name or person.last_name
    place = address if not own else _renamed(address, person)
    return contact(people=[person], addresses=[place])


def _renamed(address: Person, person: Person) -> Person:
    return replace(address, first_name=person.first_name, last_name=person.last_name)


def _tells(address: Person) -> bool:
    return address != Person()


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
