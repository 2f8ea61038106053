from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderRefund
from aftercare_sdk.model.premises import PREMISE_BY_KIND, NoRefund, NotSentWithin, OrderStands
from aftercare_sdk.outreach.premises import Verdict, check
from aftercare_sdk.outreach.reasons import Reason
from tests.unit.outreach.samples import NOW, order

REF = "chaho/order/1042"
WEEK = timedelta(days=7)


@dataclass
class Known:
    """The facts of a test; `sent` has the times of messages by label."""

    now: datetime = NOW
    orders: Mapping[str, Order] = field(default_factory=dict)
    sent: Mapping[str, list[datetime]] = field(default_factory=dict)

    def order(self, ref: str) -> Order | None:
        return self.orders.get(ref)

    def last_sent(self, label: str, since: datetime) -> datetime | None:
        return max(self.sent.get(label, ()), default=None)


def refunded(*amounts: int) -> Order:
    """Return the order after these refunds."""
    refunds = tuple(
        OrderRefund(id=str(number), amount=Money(amount, "JPY"), lines=(), at=NOW)
        for number, amount in enumerate(amounts)
    )
    return order(refunds=refunds)


@pytest.mark.parametrize(
    ("known", "stands", "no_refund"),
    [
        (None, Reason.ORDER_UNKNOWN, Reason.ORDER_UNKNOWN),
        (order(), Reason.ORDER_STANDS, Reason.NO_REFUND),
        (order(cancelled=True), Reason.ORDER_CANCELLED, Reason.NO_REFUND),
        (refunded(6_920), Reason.ORDER_REFUNDED, Reason.ORDER_REFUNDED),
        (refunded(6_000, 920), Reason.ORDER_REFUNDED, Reason.ORDER_REFUNDED),
        (refunded(6_000), Reason.ORDER_STANDS, Reason.ORDER_PARTLY_REFUNDED),
    ],
)
def test_an_order_stands_until_it_is_cancelled_or_given_back(known, stands, no_refund):
    """An order that nobody knows does not stand."""
    facts = Known(orders={} if known is None else {REF: known})
    holds = {Reason.ORDER_STANDS, Reason.NO_REFUND}
    for code, premise in ((stands, OrderStands(order=REF)), (no_refund, NoRefund(order=REF))):
        at = {"at": NOW.isoformat()} if "refunded" in code else {}
        values = {"order": "1042" if known else REF, **at}
        assert Verdict(ok=code in holds, code=code, values=values) == check(premise, facts)


@pytest.mark.parametrize(
    ("ago", "ok"),
    [
        (None, True),
        (timedelta(0), False),
        (timedelta(days=6, hours=23), False),
        (WEEK, True),
        (timedelta(days=30), True),
    ],
)
def test_a_message_is_sent_once_in_a_period(ago, ok):
    """The period ends when it is full: after exactly seven days the next one may go."""
    facts = Known(sent={"other": [NOW], **({} if ago is None else {"thank-you": [NOW - ago]})})
    verdict = check(NotSentWithin(label="thank-you", period=WEEK), facts)
    assert (ok, Reason.NOT_SENT_RECENTLY if ok else Reason.SENT_RECENTLY) == (verdict.ok, verdict.code)
    assert "604800" == verdict.values["period"]
    assert (not ok) == ("at" in verdict.values)


def test_every_premise_can_be_checked():
    """A new one cannot be forgotten here."""
    samples = {"order": REF, "label": "x", "period": WEEK}
    for kind in PREMISE_BY_KIND.values():
        premise = kind(**{name: samples[name] for name in kind.__dataclass_fields__})
        assert isinstance(check(premise, Known()), Verdict)
