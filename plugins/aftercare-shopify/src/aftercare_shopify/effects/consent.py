"""What a customer said about marketing by e-mail, as Shopify keeps it; read and written without loss.

Six states, of which three can be written; and how the customer came to say yes. The newest word counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_sdk.model.commands import Receipt, SetConsent
from aftercare_sdk.model.consents import OptIn
from aftercare_shopify.consents import EMAIL
from aftercare_shopify.effects.asking import whole
from aftercare_shopify.effects.gids import gid

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient

_Word = TypeVar("_Word", bound=StrEnum)


class State(StrEnum):
    """Shopify's states. Only SUBSCRIBED means that mails may be sent."""

    NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
    """Never asked, or never answered; not a no."""
    PENDING = "PENDING"
    """Said yes once, and has not confirmed yet."""
    SUBSCRIBED = "SUBSCRIBED"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    """Said yes before, and no since."""
    REDACTED = "REDACTED"
    """The customer's data are erased."""
    INVALID = "INVALID"
    """The address is none."""


class Level(StrEnum):
    """How a customer said yes."""

    SINGLE_OPT_IN = "SINGLE_OPT_IN"
    CONFIRMED_OPT_IN = "CONFIRMED_OPT_IN"
    UNKNOWN = "UNKNOWN"


_LEVELS = {
    OptIn.SINGLE: Level.SINGLE_OPT_IN,
    OptIn.CONFIRMED: Level.CONFIRMED_OPT_IN,
    OptIn.UNKNOWN: Level.UNKNOWN,
}
SETTABLE = frozenset({State.SUBSCRIBED, State.UNSUBSCRIBED, State.PENDING})
"""What can be written. The others are Shopify's own to say; a no is written as UNSUBSCRIBED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailConsent:
    """A state, how it came about and since when, as far as Shopify tells.

    `state` and `level` are None for a word that is not known here, which `word` and `level_word` keep.
    """

    state: State | None
    level: Level | None = None
    at: datetime | None = None
    word: str = ""
    level_word: str = ""


def told(word: Any, level: Any = None, at: Any = None) -> EmailConsent:
    """Return what Shopify's words mean: capitals in its GraphQL API, small letters in webhooks."""
    return EmailConsent(
        state=_among(State, word),
        level=_among(Level, level),
        at=_moment(at),
        word=word if isinstance(word, str) else "",
        level_word=level if isinstance(level, str) else "",
    )


def read_consent(client: ShopifyClient, shop: str, customer: str) -> EmailConsent | None:
    """Return what a customer said; None: there is no such customer, or one without an e-mail address."""
    owner = _owner(shop, customer)
    return _of(whole(client, shop, "email_consent", {"id": owner}).get("customer"))


def write_consent(client: ShopifyClient, shop: str, customer: str, consent: EmailConsent) -> EmailConsent:
    """Write what a customer said, and return what Shopify keeps then: a newer word there stays.

    Raises CommandRefused for a state that cannot be written, or where there is nobody to write it for.
    """
    owner = _owner(shop, customer)
    if consent.state not in SETTABLE:
        raise CommandRefused(
            f"shop {shop!r}: {consent.state or consent.word or 'no state'} cannot be written to Shopify; "
            "a no is UNSUBSCRIBED"
        )
    kept = read_consent(client, shop, customer)
    if kept is None:
        raise CommandRefused(f"shop {shop!r}: customer {customer} is gone, or has no e-mail address")
    newer = consent.at is not None and kept.at is not None and kept.at > consent.at
    if newer or (kept.state, kept.level) == (consent.state, consent.level or kept.level):
        return kept
    wanted: dict[str, Any] = {"marketingState": consent.state.value if consent.state else None}
    if consent.level is not None:
        wanted["marketingOptInLevel"] = consent.level.value
    if consent.at is not None:
        wanted["consentUpdatedAt"] = f"{consent.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    change = {"customerId": owner, "emailMarketingConsent": wanted}
    result = client.change("update_email_consent", {"input": change}, repeatable=True)
    if any(error.code == "INTERNAL_ERROR" for error in result.user_errors):
        raise PlatformUnavailable(f"shop {shop!r}: Shopify could not write a consent")
    if result.user_errors:
        against = ", ".join(map(str, result.user_errors))
        raise CommandRefused(f"shop {shop!r}: Shopify does not take the consent of a customer ({against})")
    payload = result.data.get("customerEmailMarketingConsentUpdate")
    written = _of(payload.get("customer")) if isinstance(payload, dict) else None
    return written or consent


def carry_out(client: ShopifyClient, shop: str, command: SetConsent) -> Receipt:
    """Write what a customer said; see `ShopAdapter.perform`."""
    if command.channel != EMAIL:
        raise CommandRefused(f"shop {shop!r}: only consents by e-mail are told to Shopify")
    said = EmailConsent(
        state=State(command.state.upper()),
        level=_LEVELS[command.opt_in],
        at=command.at,
    )
    write_consent(client, shop, command.customer, said)
    return Receipt(reference=command.customer)


def _owner(shop: str, customer: str) -> str:
    owner = gid("Customer", customer)
    if owner is None:
        raise CommandRefused(f"shop {shop!r}: customers of Shopify have whole numbers as ids")
    return owner


def _of(customer: Any) -> EmailConsent | None:
    address = customer.get("defaultEmailAddress") if isinstance(customer, dict) else None
    if not isinstance(address, dict):
        return None
    return told(
        address.get("marketingState"), address.get("marketingOptInLevel"), address.get("marketingUpdatedAt")
    )


def _among(words: type[_Word], word: Any) -> _Word | None:
    try:
        return words(word.upper()) if isinstance(word, str) else None
    except ValueError:
        return None


def _moment(at: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(at)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None
