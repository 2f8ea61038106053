"""Every message that was to be planned, and the one thing that became of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from tests.support.simulated_shop.checker import Case, Checker, Violation
from tests.support.simulated_shop.facts import Delivered, House, OrderPicture, ReviewPicture, Told
from tests.support.simulated_shop.record import Record

LEFT = frozenset({"accepted", "delivered", "bounced", "complained", "unknown"})
"""The final states of a message whose mail has left."""
FINAL = LEFT | {"failed", "skipped", "cancelled"}

_SPEAKS = {
    "no_lawful_basis": "BASIS-",
    "not_confirmed": "BASIS-",
    "objected": "LAW-14",
    # What somebody had refused before they were erased is kept as a suppression.
    "suppressed_unsubscribe": "LAW-14",
    "window_closed": "WINDOW",
    "no_address": "ERASURE",
    "erased": "ERASURE",
}
"""Which rule must have spoken against a message that was withheld for a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What the engine says became of a message, when, and why."""

    step: str
    trigger: str
    message: str
    state: str
    code: str
    at: datetime | None


def planned(house: House, history: Iterable[Told]) -> set[tuple[str, str]]:
    """Return step and trigger of every message that the programs plan in the course of a history.

    Of what is told of somebody after they were erased, or at that moment, nothing is planned.
    """
    record = Record()
    seen: set[str] = set()
    too_late: set[str] = set()
    for _, several in groupby(history, key=lambda told: told.at):
        pictures: list[OrderPicture] = []
        for told in several:
            record.tell(told)
            if isinstance(told.fact, OrderPicture):
                pictures.append(told.fact)
        for picture in pictures:
            about = record.orders[picture.number]
            fresh = {trigger for _, trigger in _events(about)} - seen
            seen |= fresh
            if fresh and _is_erased(record, about):
                too_late |= fresh
    things: list[OrderPicture | ReviewPicture] = [*record.orders.values(), *record.reviews.values()]
    return {
        (step.label, about.number if step.by_order else trigger)
        for about in things
        for kind, trigger in _events(about)
        if trigger not in too_late
        for step in house.steps.values()
        if step.on == kind
    }


def _is_erased(record: Record, order: OrderPicture) -> bool:
    """Tell whether whoever placed an order has been erased since."""
    erased = record.erased(record.buyer(order))
    return erased is not None and order.placed <= erased


@dataclass(slots=True)
class Audit:
    """What the rules say of messages that were withheld."""

    rules: Counter[str] = field(default_factory=Counter)
    """How often each rule spoke against a message that was withheld."""
    wrong: list[Violation] = field(default_factory=list)
    """Messages of which the rules do not say what their reason says."""


def audit(house: House, history: Sequence[Told], mails: Sequence[Delivered], fates: Iterable[Fate]) -> Audit:
    """Judge the messages that were withheld, each at the moment at which it was given up."""
    checker = Checker(house, history)
    done = Audit()
    moments = [told.at for told in history]
    turns: list[tuple[datetime, int, Delivered | Fate]] = [(mail.at, 0, mail) for mail in mails]
    turns += [(fate.at, 1, fate) for fate in fates if fate.at and fate.state in {"skipped", "cancelled"}]
    for at, _, turn in sorted(turns, key=lambda one: one[:2]):
        if isinstance(turn, Delivered):
            checker.note(turn)
            continue
        known = bisect_right(moments, at)
        checker.learn(known)
        email = checker.address(turn.trigger)
        case = Case(
            step=turn.step, trigger=turn.trigger, email=email, at=at, known=known, message=turn.message
        )
        found = list(checker.against(case))
        done.rules.update({rule for rule, _ in found})
        if not _told(turn, found, checker.about(turn.trigger)):
            why = f"{turn.step} {turn.trigger}: {turn.code}, but {found}"
            done.wrong.append(Violation(rule="WITHHELD", who=email, at=at, why=why))
    return done


def table(fates: Collection[Fate], purposes: dict[str, str]) -> str:
    """Return a table for people: how many messages of each purpose ended how, and why."""
    counted = Counter((fate.state, fate.code, purposes[fate.step]) for fate in fates)
    columns = ("transactional", "service", "survey", "review_request", "marketing")
    lines = [f"{'state':<11}{'reason':<26}" + "".join(f"{column:>15}" for column in columns)]
    for state, code in sorted({(state, code) for state, code, _ in counted}):
        numbers = "".join(f"{counted[state, code, column]:>15}" for column in columns)
        lines.append(f"{state:<11}{code:<26}{numbers}")
    planned_ = Counter(purposes[fate.step] for fate in fates)
    lines.append(f"{'planned':<37}" + "".join(f"{planned_[column]:>15}" for column in columns))
    return "\n".join(lines)


def _told(fate: Fate, found: Iterable[tuple[str, str]], about: OrderPicture | ReviewPicture | None) -> bool:
    """Say whether one of the rules that were found says the same as the reason of a message."""
    if fate.code == "missing_variable":
        return fate.step == "soon" and fate.trigger.split("/")[2].partition("-")[0].endswith("7")
    if fate.code == "cancelled_by_plugin":
        return isinstance(about, OrderPicture) and bool(about.cancelled or about.refunds)
    for rule, why in found:
        if rule == "SEND-06" and fate.code == f"suppressed_{why}":
            return True
        if rule == "PREMISE" and fate.code == why:
            return True
        if rule.startswith(_SPEAKS.get(fate.code, "nothing")):
            return True
    return False


def _events(about: OrderPicture | ReviewPicture) -> Iterator[tuple[str, str]]:
    """Yield kind and id of what has happened to an order or a review."""
    if isinstance(about, ReviewPicture):
        yield "review", f"{about.shop}/review/{about.number}"
        return
    if about.test:
        return
    place = f"{about.shop}/order/{about.number}"
    if about.bought:
        yield "purchase", f"{place}/purchase"
    if about.shipped:
        yield "shipment", f"{place}/shipment/A"
    if about.delivered:
        yield "delivery", f"{place}/delivery/A"
    if about.cancelled:
        yield "cancellation", f"{place}/cancellation"
    for id_, _, _ in about.refunds:
        yield "refund", f"{place}/refund/{id_}"
