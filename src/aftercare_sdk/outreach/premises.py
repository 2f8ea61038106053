"""Whether a premise of a message holds, at the moment when it is to be submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands, Premise
from aftercare_sdk.outreach.reasons import Reason


class Facts(Protocol):
    """What premises are checked against: the facts as known now, for one plugin and one person."""

    @property
    def now(self) -> datetime:
        """The moment of the check."""

    def order(self, ref: str) -> Order | None:
        """Return the order named `shop/order/1042`, if it is known."""

    def last_sent(self, label: str, since: datetime) -> datetime | None:
        """Return when this plugin last sent this person a message labelled `label`, after `since`.

        A message counts if it may have reached the person (`MessageState.may_have_reached`); the message that
        is being checked does not count.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer, with the code and the values of its sentence."""

    ok: bool
    code: Reason
    values: Mapping[str, str] = field(default_factory=dict)


def check(premise: Premise, facts: Facts) -> Verdict:
    """Check one premise. An order that is not known does not stand."""
    match premise:
        case OrderStands(order=ref):
            return _order_stands(ref, facts)
        case NoRefund(order=ref):
            return _no_refund(ref, facts)
        case NotSentWithin(label=label, period=period):
            return _not_sent_within(label, period, facts)


def _order_stands(ref: str, facts: Facts) -> Verdict:
    order = facts.order(ref)
    if order is None:
        return Verdict(ok=False, code=Reason.ORDER_UNKNOWN, values={"order": ref})
    values = {"order": order.number}
    if order.cancelled:
        return Verdict(ok=False, code=Reason.ORDER_CANCELLED, values=values)
    if order.fully_refunded:
        return Verdict(ok=False, code=Reason.ORDER_REFUNDED, values={**values, **_last_refund(order)})
    return Verdict(ok=True, code=Reason.ORDER_STANDS, values=values)


def _no_refund(ref: str, facts: Facts) -> Verdict:
    order = facts.order(ref)
    if order is None:
        return Verdict(ok=False, code=Reason.ORDER_UNKNOWN, values={"order": ref})
    values = {"order": order.number}
    if not order.refunds:
        return Verdict(ok=True, code=Reason.NO_REFUND, values=values)
    code = Reason.ORDER_REFUNDED if order.fully_refunded else Reason.ORDER_PARTLY_REFUNDED
    return Verdict(ok=False, code=code, values={**values, **_last_refund(order)})


def _last_refund(order: Order) -> Mapping[str, str]:
    return {"at": max(refund.at for refund in order.refunds).isoformat()}


def _not_sent_within(label: str, period: timedelta, facts: Facts) -> Verdict:
    since = facts.now - period
    values = {"label": label, "period": seconds(period)}
    sent = facts.last_sent(label, since)
    # The check of `since` stands here too, so that the border does not depend on who answers.
    if sent is None or sent <= since:
        return Verdict(ok=True, code=Reason.NOT_SENT_RECENTLY, values=values)
    return Verdict(ok=False, code=Reason.SENT_RECENTLY, values={**values, "at": sent.isoformat()})


def seconds(period: timedelta) -> str:
    """Write a length of time as the values of a decision have it; `sentences` reads it."""
    return str(int(period.total_seconds()))
