"""What programs want done in a shop: discount codes for one customer, values kept with customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aftercare_sdk.errors import CommandRefused
from aftercare_sdk.model.commands import (
    IssueCode,
    Receipt,
    RevokeCode,
    SetConsent,
    ShopCommand,
    TagCustomer,
)
from aftercare_shopify.effects import codes, consent, values

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient

__all__ = ["Effects"]


class Wishes(Protocol):
    """The options of a shop that effects follow."""

    @property
    def customer_tags(self) -> bool:
        """Whether values of a customer are shown as tags as well."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Carries out commands in one shop. Each is asked in a way that makes a second time change nothing."""

    client: ShopifyClient
    shop: str
    rules: Wishes

    def perform(self, command: ShopCommand) -> Receipt:
        """Carry out a command; see `ShopAdapter.perform`."""
        if isinstance(command, IssueCode):
            return codes.issue(self.client, self.shop, command)
        if isinstance(command, RevokeCode):
            return codes.revoke(self.client, self.shop, command)
        if isinstance(command, TagCustomer):
            return values.tag(self.client, self.shop, command, mirrored=self.rules.customer_tags)
        if isinstance(command, SetConsent):
            return consent.carry_out(self.client, self.shop, command)
        raise CommandRefused(f"shop {self.shop!r}: Shopify has nothing for {type(command).__name__}")
