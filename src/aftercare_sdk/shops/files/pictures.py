"""What the formats share: versions of pictures out of a file, and amounts divided among lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderSnapshot, RefundSnapshot
from aftercare_sdk.model.people import fold_email
from aftercare_sdk.model.records import UNNAMED_REFUND
from aftercare_sdk.model.versions import FROM_FILE, Version
from aftercare_sdk.shops.digests import digest
from aftercare_sdk.shops.files.rows import Refused, Row
from aftercare_sdk.shops.files.values import Moments, Numbers, Statuses, currency_code

UNDATED = Version()
_DIGITS = 16
LONGEST_ID = 100
"""Characters, as many as the database has for the id of an object."""
LONGEST_REFUND = 40
"""The id of a refund stands behind that of its order in the id of an event."""
_LONGEST_EMAIL = 320
_NOBODY = "deleted@site.invalid"
"""What WordPress writes over the address of a person who is erased: one and the same for everybody."""
_LARGEST = 2**63 - 1
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the values of a file are read, and which shop they are of."""

    shop: str
    currency: str
    numbers: Numbers
    moments: Moments
    statuses: Statuses
    exported_at: datetime

    def pictured(self, snapshot: OrderSnapshot) -> OrderSnapshot:
        """Return a picture of an order as one out of this file: older than all that is told otherwise.

        An order whose person was erased is of nobody. Raises Refused if more was paid than can be stored.
        """
        if snapshot.amounts is not None and snapshot.amounts.total.minor > _LARGEST:
            raise Refused("the sum of the order is too large")
        if snapshot.contact is not None and fold_email(snapshot.contact.email) == _NOBODY:
            snapshot = replace(snapshot, contact=None, erased=True)
        stamp = f"{FROM_FILE}{self.exported_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        return replace(snapshot, version=Version(digest=f"{stamp}:{digest(snapshot)[:_DIGITS]}"))

    def dated(self, snapshot: OrderSnapshot, at: datetime) -> OrderSnapshot:
        """Return a notice of something that the file dates itself."""
        return replace(snapshot, version=Version(modified_at=at, digest=digest(snapshot)))

    def currency_of(self, text: str) -> str:
        """Return the currency that a line names, else that of the shop. Raises Refused."""
        told = text.strip() or self.currency
        if not told:
            raise Refused("no currency is told; declare --currency, or the currency of the shop")
        return currency_code(told)


def identifier(text: str, what: str, longest: int = LONGEST_ID) -> str:
    """Return an id. Raises Refused for none and for one that is too long."""
    told = text.strip()
    if not told:
        raise Refused(f"{what} is empty")
    if len(told) > longest or not told.isprintable():
        raise Refused(f"{what} is longer than {longest} characters, or holds signs that cannot be printed")
    return told


def email(text: str) -> str:
    """Return an e-mail address, or nothing. Raises Refused for one that cannot be one."""
    told = text.strip()
    if len(told) > _LONGEST_EMAIL or not told.isprintable():
        raise Refused(f"the e-mail address is longer than {_LONGEST_EMAIL} characters, or cannot be printed")
    return told


def words(text: str) -> str:
    """Return a text in one line, not longer than any name is."""
    return " ".join(text.split())[:_LONGEST_TEXT]


def line_id(place: int) -> str:
    """Return the id of a line, by its place in the order, in a file that gives lines no ids."""
    return f"row-{place}"


def unnamed_refund(amount: Money, at: datetime | None = None) -> tuple[RefundSnapshot, ...]:
    """Return what was given back, all in all, as one refund: the file tells no single ones."""
    return (RefundSnapshot(id=UNNAMED_REFUND, amount=amount, lines=(), refunded_at=at),)


def divide(total: Money, weights: Sequence[int]) -> list[Money]:
    """Divide an amount exactly, in proportion to weights; the rest goes to the largest remainders."""
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    shares = [divmod(total.minor * weight, whole) for weight in weights]
    left = total.minor - sum(share for share, _ in shares)
    order = sorted(range(len(shares)), key=lambda place: (-shares[place][1], place))
    extra = set(order[:left])
    return [Money(share + (place in extra), total.currency) for place, (share, _) in enumerate(shares)]


def same(rows: Sequence[Row], column: str, what: str) -> str:
    """Return what all rows of an order say alike. Raises Refused if they do not."""
    told = rows[0][column]
    for row in rows:
        if row[column].strip() != told.strip():
            raise Refused(f"{what} is not the same in all lines of its order", row)
    return told
