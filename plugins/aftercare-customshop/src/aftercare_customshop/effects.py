"""What programs want done in a custom shop: one signed message for each command."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any

from aftercare_customshop import outgoing
from aftercare_customshop.client import Client, json_of
from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_sdk.model.commands import (
    IssueCode,
    Receipt,
    RevokeCode,
    ShopCommand,
    TagCustomer,
    WriteReview,
)
from aftercare_sdk.shops.asking import Answer
from aftercare_sdk.shops.payloads import storable

ISSUE, REVOKE, TAG, WRITE = outgoing.EFFECTS
_REFUSED = frozenset({409, 422})


class Effects:
    """Carries out the commands of one shop."""

    def __init__(self, client: Client, shop: str) -> None:
        self._client = client
        self._shop = shop

    def perform(self, command: ShopCommand) -> Receipt:
        """Post the command; see `ShopAdapter.perform`."""
        kind, data = self._told(command)
        # A tag has one key for all its values, and the last one counts. If the shop dropped what it has seen
        # before, a tier that comes back would be lost; so each time that it is told is a message of its own.
        sort = self._client.now().isoformat() if kind == TAG else ""
        answer = self._client.post(kind, data, message_id=message_id(kind, command.key, sort))
        if answer.good:
            return self._receipt(kind, answer)
        if answer.status in _REFUSED:
            raise CommandRefused(f"shop {self._shop!r} refuses {kind} ({_reason(answer)})")
        raise PlatformUnavailable(f"shop {self._shop!r}: it answered {answer.status} to {kind} (effects_url)")

    def _told(self, command: ShopCommand) -> tuple[str, Mapping[str, Any]]:
        match command:
            case IssueCode():
                return ISSUE, self._code(command)
            case RevokeCode():
                return REVOKE, {"code": command.code}
            case TagCustomer():
                return TAG, {"customer": command.customer, "name": command.name, "value": command.value}
            case WriteReview():
                return WRITE, asdict(command)
        raise CommandRefused(f"aftercare-customshop cannot carry out {type(command).__name__}")

    def _code(self, command: IssueCode) -> Mapping[str, Any]:
        discount = command.discount
        sums = [each for each in (discount.amount, command.minimum) if each is not None]
        if len({each.currency for each in sums}) > 1:
            raise CommandRefused(
                f"shop {self._shop!r}: a code has one currency, and this one takes off another than "
                "that of its minimum"
            )
        expires_at = command.expires_at
        return {
            "code": command.code,
            "email": command.email,
            "percent": None if discount.percent is None else f"{discount.percent.normalize():f}",
            "amount": None if discount.amount is None else str(discount.amount.amount),
            "free_shipping": discount.free_shipping,
            "minimum": None if command.minimum is None else str(command.minimum.amount),
            "currency": sums[0].currency if sums else None,
            "products": list(command.products),
            "expires_at": None if expires_at is None else expires_at.astimezone(UTC).isoformat(),
            "reason": command.reason,
        }

    def _receipt(self, kind: str, answer: Answer) -> Receipt:
        if not answer.body.strip():
            return Receipt()
        told = json_of(answer)
        if told is None:
            # A shop in maintenance, or without this address, may answer its front page with 200.
            raise PlatformUnavailable(
                f"shop {self._shop!r}: the answer to {kind} is no JSON object (effects_url)"
            )
        return Receipt(reference=_reference(told.get("reference")))


def message_id(kind: str, key: str, sort: str = "") -> str:
    """Return the id of the message that a command becomes, the same for every try."""
    return f"cmd_{hashlib.sha256(f'{kind} {key} {sort}'.encode()).hexdigest()[:40]}"


def _reference(told: Any) -> str:
    """Return the shop's name for what came of a command, if it is one; nothing depends on it."""
    text = str(told) if isinstance(told, int) and not isinstance(told, bool) else told
    usable = isinstance(text, str) and len(text) <= outgoing.LONGEST_REFERENCE
    return storable(text) if usable else ""


def _reason(answer: Answer) -> str:
    # A word for programs: whatever else a shop says may quote the customer.
    reason = outgoing.Code().read((json_of(answer) or {}).get("reason"))
    return reason or "it gives no reason"
