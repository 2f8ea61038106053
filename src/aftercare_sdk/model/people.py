"""People as shops know them: identities, contact data and what a shop says about a customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from aftercare_sdk.model.versions import Version


class IdentityKind(StrEnum):
    """What an identity is made of."""

    ACCOUNT = "account"
    EMAIL = "email"
    PHONE = "phone"
    LINE = "line"
    ORDER = "order"
    """An order that names nobody: its own person, until a shop tells more."""
    REVIEW = "review"
    """A review that names nobody, likewise."""
    ERASED = "erased"
    """What is left of an identity whose person was erased: a number that nothing names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One way a person is known. `shop` is empty unless the value is only unique within a shop."""

    kind: IdentityKind
    value: str = field(repr=False)
    shop: str = ""


def fold_email(address: str) -> str:
    """Return the form in which two spellings of a mailbox are compared; never used for sending."""
    return address.strip().casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach and address a person, as given with an order or an account. Personal data throughout."""

    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    given_name: str = field(default="", repr=False)
    full_name: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSnapshot:
    """A customer account as it now seems. None means "not told"; it never overwrites what is known."""

    shop: str
    id: str
    version: Version
    contact: Contact | None = field(default=None, repr=False)
    locale: str | None = None
    zone: str | None = None
    birthday: date | None = field(default=None, repr=False)
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] | None = field(default=None, repr=False)
    deleted: bool | None = None
    erased: bool = False
