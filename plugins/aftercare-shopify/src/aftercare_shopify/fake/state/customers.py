"""Customers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aftercare_shopify.fake.state.people import Address


@dataclass(slots=True, kw_only=True)
class Consent:
    """Whether a customer takes marketing by e-mail. States and levels as in GraphQL."""

    state: str = "NOT_SUBSCRIBED"
    level: str | None = None
    updated: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Customer:
    """A customer. `state` as in GraphQL: DISABLED is one without an account to log in to."""

    id: int
    created: datetime
    updated: datetime
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    note: str | None = None
    locale: str = "ja"
    state: str = "DISABLED"
    tags: list[str] = field(default_factory=list)
    consent: Consent = field(default_factory=Consent)
    address: Address | None = None
    address_id: int = 0
    redacted: bool = False

    @property
    def name(self) -> str:
        """The whole name; empty if it is unknown."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)
