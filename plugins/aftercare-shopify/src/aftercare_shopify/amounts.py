"""What an order says in money, and since when it is a purchase, whichever way it was told.

A webhook and a GraphQL answer tell the same in other words. Both are brought into the values of this module,
and these make the snapshot's: so an order that was told and one that was read have the same amounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.money import Money, decimals
from aftercare_sdk.model.orders import Amounts, OrderLine, RefundLine, RefundSnapshot
from aftercare_sdk.shops.purchases import purchased_at
from aftercare_shopify.options import Rules

PROMPT = timedelta(minutes=10)
"""A payment so soon after placing is that of the checkout: the order is then bought when it is placed.

Shopify writes an order down some seconds after its payment, or some seconds before. A webhook does not tell
when it was paid, only that it is; if it is no younger than this, the two need no read to agree.
"""

PAID = frozenset({"paid", "partially_refunded", "refunded"})
"""Financial statuses, in small letters, of an order that has been paid in full."""

_BROUGHT_IN = frozenset({"sale", "capture"})
_GIVEN_BACK = "refund"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as it was ordered. `price` is that of one piece, `discounts` and `taxes` of the `quantity`.

    Removed and refunded pieces are in `quantity`: what is given back is told by refunds. `discounts` are all
    allocations to the line, `taxes` its tax lines. `title` is the product's, without the variant's.
    """

    id: str
    title: str
    quantity: int
    price: Decimal
    discounts: Sequence[Decimal] = ()
    taxes: Sequence[Decimal] = ()
    product: str | None = None
    variant: str | None = None
    sku: str | None = None
    gift_card: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingLine:
    """A way of shipping that was not removed again. `price` is before `discounts`, all allocations to it."""

    price: Decimal
    discounts: Sequence[Decimal] = ()
    taxes: Sequence[Decimal] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A transaction. `kind` and `status` in any letters; `at` is when it was processed, else created."""

    kind: str
    status: str
    amount: Decimal
    at: datetime | None = None

    @property
    def done(self) -> bool:
        """Whether the money has moved."""
        return self.status.lower() == "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """A line of a refund: so many pieces of an order line, at `subtotal` and with `tax`."""

    line: str
    quantity: int
    subtotal: Decimal
    tax: Decimal


def order_amounts(
    *,
    currency: str,
    total: Decimal,
    taxes_included: bool,
    lines: Iterable[Line],
    shipping: Iterable[ShippingLine],
) -> Amounts:
    """Return the amounts of an order, all told in `currency`: lines net of discounts and with their tax.

    `total` is that before refunds. Duties, tips and fees are in it, but no line: nothing was bought.
    """
    told = list(lines)
    shipped = sum((_charged(each, each.price, taxes_included) for each in shipping), _ZERO)
    made = tuple(_line(each, currency, taxes_included) for each in told)
    exact = [total, shipped]
    exact += [amount for each in told for amount in (_paid(each, taxes_included), sum(each.taxes, _ZERO))]
    return Amounts(
        total=money(total, currency),
        shipping=money(shipped, currency),
        lines=made,
        # Shopify keeps to the currency's decimals, though not always to those of Unicode CLDR.
        rounded=any(amount != _round(amount, currency) for amount in exact),
    )


def refund_snapshot(
    *,
    id: str,  # noqa: A002 - the name in the snapshot
    at: datetime | None,
    currency: str,
    payments: Iterable[Payment],
    lines: Iterable[GivenBack] | None,
    taxes_included: bool,
) -> RefundSnapshot | None:
    """Return a refund, or None while no money has been given back.

    An order edit and a restocking make a refund of nothing; a refund that is under way has a transaction
    that is pending. `lines` None: they cannot be told yet. `at` is when it was created.
    """
    amount = sum((each.amount for each in payments if each.done and each.kind.lower() == _GIVEN_BACK), _ZERO)
    given = money(amount, currency)
    if given.minor <= 0:
        return None
    made = None
    if lines is not None:
        all_lines = (_given_back(each, currency, taxes_included) for each in lines)
        made = tuple(each for each in all_lines if each.quantity or each.amount.minor)
    return RefundSnapshot(id=id, amount=given, lines=made, refunded_at=at)


def paid_at(
    *, placed_at: datetime, payments: Iterable[Payment], total: Decimal, paid: bool
) -> datetime | None:
    """Return since when an order is paid whose transactions are all known, or None while it is not.

    That is when sales and captures first came to `total`, the total at the time of placing; or, if the order
    was made cheaper before it was paid, when the last of them came. `paid` is whether Shopify says so.
    """
    came = _ZERO
    last: datetime | None = None
    brought = [each for each in payments if each.done and each.kind.lower() in _BROUGHT_IN and each.at]
    for each in sorted(brought, key=lambda payment: payment.at or placed_at):
        came += each.amount
        last = each.at
        if came >= total:
            return _at_checkout(placed_at, last)
    if not paid:
        return None
    return placed_at if last is None else _at_checkout(placed_at, last)


def paid_by(*, placed_at: datetime, told_at: datetime, paid: bool) -> datetime | None:
    """Return since when an order is paid that is so at `told_at`; None: that is not certain."""
    return placed_at if paid and told_at - placed_at <= PROMPT else None


def gateway_of(names: Sequence[str], rules: Rules) -> str | None:
    """Return the name of the gateway: one that collects on delivery, if any, else the first."""
    collecting = [name for name in names if name.casefold() in rules.pay_on_delivery]
    return next(iter((*collecting, *names)), None)


def purchase_at(
    *,
    placed_at: datetime,
    paid: bool,
    paid_at: datetime | None,
    released: bool,
    gateway: str | None,
    total: Money | None,
    rules: Rules,
) -> datetime | None:
    """Return since when an order is a purchase; None while it is none, or as long as that is not certain.

    `paid` is whether Shopify says so, `paid_at` since when, if known; `released` whether anything has been
    fulfilled. What is free, or paid at the door, is bought when it is placed; of all else the moment of the
    payment counts.
    """
    name = (gateway or "").casefold()
    return purchased_at(
        placed_at=placed_at,
        paid_at=placed_at if paid and name in rules.pay_on_delivery else paid_at,
        released=released,
        completed_at=placed_at if paid else paid_at,
        gateway=name,
        total=total,
        pay_on_delivery=rules.pay_on_delivery,
    )


def money(amount: Decimal, currency: str) -> Money:
    """Return an amount in whole minor units, rounded if it is finer.

    Raises TranslationError for one that is larger than any amount of money.
    """
    try:
        return Money.parse(_round(amount, currency), currency)
    except (ValueError, InvalidOperation):
        pass
    # Outside the handler, whose error tells the amount.
    raise TranslationError(f"an amount in {currency} is larger than any")


def _at_checkout(placed_at: datetime, moment: datetime | None) -> datetime | None:
    return placed_at if moment is not None and moment - placed_at <= PROMPT else moment


def _line(line: Line, currency: str, taxes_included: bool) -> OrderLine:  # noqa: FBT001
    return OrderLine(
        id=line.id,
        title=line.title,
        quantity=line.quantity,
        paid=money(_paid(line, taxes_included), currency),
        tax=money(sum(line.taxes, _ZERO), currency),
        product=line.product,
        variant=line.variant,
        sku=line.sku or None,
        gift_card=line.gift_card,
    )


def _paid(line: Line, taxes_included: bool) -> Decimal:  # noqa: FBT001
    return _charged(line, line.price * line.quantity, taxes_included)


def _charged(line: Line | ShippingLine, price: Decimal, taxes_included: bool) -> Decimal:  # noqa: FBT001
    charged = price - sum(line.discounts, _ZERO)
    return charged if taxes_included else charged + sum(line.taxes, _ZERO)


def _given_back(line: GivenBack, currency: str, taxes_included: bool) -> RefundLine:  # noqa: FBT001
    # As with prices: where taxes are included, the subtotal has them in it.
    amount = line.subtotal if taxes_included else line.subtotal + line.tax
    return RefundLine(line=line.line, quantity=line.quantity, amount=money(amount, currency))


def _round(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(_unit(decimals(currency)), ROUND_HALF_UP)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)
