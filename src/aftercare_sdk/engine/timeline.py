"""Everything that is known of a person, in order, as codes and values that `sentences` puts into words.

Personal data throughout: for the operator's eyes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from aftercare_sdk.engine import foreseeing
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.declining import reason_of
from aftercare_sdk.engine.finding import find_customers
from aftercare_sdk.model.events import (
    ConsentChanged,
    Delivery,
    Event,
    FeedbackReceived,
    MessageOutcome,
    OrderEvent,
    ReferralCompleted,
    Refund,
    RewardChanged,
    Shipment,
    TierChanged,
    TimerDue,
)
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderLine
from aftercare_sdk.model.people import Contact, Identity
from aftercare_sdk.model.premises import NotSentWithin, Premise
from aftercare_sdk.model.records import CustomerRecord, OrderRecord, ProductRecord, ReviewRecord
from aftercare_sdk.model.reviews import Review
from aftercare_sdk.outreach.names import display_name
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.shops.reconcile import as_order, as_review
from aftercare_sdk.store import decisions, events, messages, objects, people, reads, units
from aftercare_sdk.store.decisions import DECLINED, Decision
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.messages import Copy, Message
from aftercare_sdk.store.reads import Read
from aftercare_sdk.store.units import Trouble


class EntryKind(StrEnum):
    """What an entry tells of, in the order in which entries of the same instant stand."""

    ORDER = "order"
    REVIEW = "review"
    EVENT = "event"
    DECISION = "decision"
    MESSAGE = "message"


_NO_TIER = "-"
_EVERY = "*"
_RANKS = {kind: rank for rank, kind in enumerate(EntryKind)}

_RULES: Mapping[str, str] = {
    Reason.TEMPLATE_FAILED: "REND-04",
    Reason.MISSING_VARIABLE: "REND-05",
    Reason.TEMPLATE_UNKNOWN: "REND-12",
    Reason.ERASED: "LAW-20",
    Reason.MERGED: "LAW-23",
    Reason.OUTCOME_UNKNOWN: "SEND-08",
    Reason.FOUND_DELIVERED: "SEND-08",
    Reason.FOUND_NOT_SENT: "SEND-08",
    Reason.SENT_AGAIN: "SEND-08",
    Reason.REPORTED_DELIVERED: "SEND-05",
    Reason.REPORTED_BOUNCED: "SEND-05",
    Reason.REPORTED_COMPLAINED: "SEND-05",
    Reason.REPORTED_FAILED: "SEND-05",
}
"""The rules behind codes that no check of the gate gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A sentence to be: its code in the catalogues, and what it speaks of."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened or was decided. `reason` and `rule`: why, for decisions and messages."""

    at: datetime
    kind: EntryKind
    code: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    reason: Told | None = None
    rule: str = ""
    detail: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One customer. `found` says how the customer was found: by an identity, by a mailbox, by an order."""

    customer: int
    name: str = field(repr=False)
    identities: tuple[Identity, ...]
    found: Told
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What was asked for, and everyone it may mean. `notes` say why several are not one."""

    asked: str = field(repr=False)
    now: datetime
    people: tuple[Person, ...]
    notes: tuple[Told, ...] = ()


def timeline(brand: Brand, text: str, now: datetime) -> Timeline:
    """Return all that is known at `now` of the person whom `text` names.

    An e-mail address in any capitals, a telephone number, `shop/account-id`, `shop/order/id` or
    `shop/review/id`. An address also finds the customers whose orders are written to it. Nobody: a timeline
    without people.
    """
    asked = text.strip()
    with brand.database.read() as connection:
        found = find_customers(connection, asked)
        persons = tuple(
            Story(brand, connection, customer, now).tell(Told(code=f"timeline.found.{how}"))
            for customer, how in sorted(found.items(), key=lambda one: (one[1] == "mailbox", one[0]))
        )
    several = {"people": str(len(persons))}
    notes = (Told(code="timeline.not_joined", values=several),) if len(persons) > 1 else ()
    return Timeline(asked=asked, now=now, people=persons, notes=notes)


class Story:
    """One customer's entries, gathered inside one transaction."""

    def __init__(self, brand: Brand, connection: Connection, customer: int, now: datetime) -> None:
        self.brand = brand
        self.connection = connection
        self._customer = customer
        self.now = now
        self.identities = people.identities_of(connection, [customer])[customer]
        self.orders = objects.orders_of(connection, self.identities)
        self._reviews = [
            one.record
            for one in objects.reviews_of(connection, self.identities)
            if isinstance(one.record, ReviewRecord)
        ]
        self.known = events.of_identities(connection, self.identities)
        self.messages = messages.of_identities(connection, self.identities)
        self._by_key = {message.key: message for message in self.messages}
        self.decisions = self._own_decisions()
        self._anchors = events.get_many(connection, {message.anchor for message in self.messages})
        unsaid = {one.event for one in self.decisions if one.event and one.message not in self._by_key}
        self._decided_on = events.get_many(connection, unsaid)
        self._numbers = self._order_numbers()
        self._titles = self._product_titles()

    def person(self, found: Told) -> Person:
        """Return who it is, without any entries."""
        return Person(
            customer=self._customer,
            name=self._name(),
            identities=tuple(people.describe(self.connection, [self._customer])),
            found=found,
            entries=(),
        )

    def tell(self, found: Told) -> Person:
        """Return who it is, and all that is known."""
        entries = [*self._order_entries(), *self._review_entries(), *self._event_entries()]
        entries += [*self._decision_entries(), *self._message_entries()]
        ordered = sorted(entries, key=lambda entry: (entry.at, _RANKS[entry.kind]))
        return replace(self.person(found), entries=tuple(ordered))

    def _own_decisions(self) -> list[Decision]:
        """Return the decisions about this customer, and about messages that have become this customer's.

        A message follows its order when that finds its owner; what was decided about it goes with it.
        """
        mine = {key for key, message in self._by_key.items() if message.identity in self.identities}
        others = decisions.of_identities(self.connection, self.identities)
        about_mine = decisions.of_messages(self.connection, mine)
        return [*(each for each in others if not each.message), *about_mine]

    def _order_numbers(self) -> dict[tuple[str, str], str]:
        """Return what people call the orders that anything here is about."""
        keys = {(one.shop, "order", one.object) for one in self.messages if one.object_kind == "order"}
        others = objects.get_many(self.connection, keys).values()
        return {
            (stored.record.shop, stored.record.id): stored.record.number.value
            for stored in (*self.orders, *others)
            if isinstance(stored.record, OrderRecord) and stored.record.number
        }

    def _product_titles(self) -> dict[tuple[str, str], str]:
        """Return what people call the products of reviews: as the shop does, else as an order did."""
        reviewed = {(one.shop, "product", one.product.value) for one in self._reviews if one.product}
        told = {
            (stored.record.shop, line.product): line.title
            for stored in self.orders
            if isinstance(stored.record, OrderRecord) and stored.record.amounts
            for line in stored.record.amounts.value.lines
            if line.product
        }
        return told | {
            (stored.record.shop, stored.record.id): stored.record.title.value
            for stored in objects.get_many(self.connection, reviewed).values()
            if isinstance(stored.record, ProductRecord) and stored.record.title
        }

    def _number(self, shop: str, order: str) -> str:
        return self._numbers.get((shop, order), order)

    def _name(self) -> str:
        """Return the name that the account gives, else the latest order, else the latest review."""
        contacts: list[tuple[int, datetime, Contact]] = []
        accounts = objects.accounts_of(self.connection, self.identities)
        for record in (*(stored.record for stored in (*accounts, *self.orders)), *self._reviews):
            if isinstance(record, _NAMED_BY) and record.contact and record.contact.value:
                at = record.contact.version.instant or self.now
                contacts.append((_NAMED_BY.index(type(record)), at, record.contact.value))
        contacts.sort(key=lambda one: one[:2], reverse=True)
        locale = self.brand.settings.brand.locale
        names = (display_name(contact, locale) for _, _, contact in contacts)
        return next((name for name in names if name), "")

    def _order_entries(self) -> Iterator[Entry]:
        records = [one.record for one in self.orders if isinstance(one.record, OrderRecord)]
        reading = reads.pending(self.connection, [(record.shop, "order", record.id) for record in records])
        for record in records:
            order = as_order(record, self.brand.assumptions(record.shop), self.now)
            waits = reading.get((record.shop, "order", record.id))
            awaited = () if waits is None else (awaited_read(waits),)
            if order is not None:
                yield Entry(
                    at=order.placed_at,
                    kind=EntryKind.ORDER,
                    code="timeline.order",
                    values={
                        **self.about(order.shop, order.id),
                        "status": order.status,
                        **_money(total=order.total),
                    },
                    detail=(*_order_details(order), *awaited),
                )
            elif (at := record.latest.instant or (waits.requested_at if waits else None)) is not None:
                yield Entry(
                    at=at,
                    kind=EntryKind.ORDER,
                    code="timeline.order_stub",
                    values=self.about(record.shop, record.id),
                    detail=awaited,
                )

    def _review_entries(self) -> Iterator[Entry]:
        reading = reads.pending(self.connection, [(one.shop, "review", one.id) for one in self._reviews])
        for record in self._reviews:
            review = as_review(record)
            if review is None:
                continue
            waits = reading.get((record.shop, "review", record.id))
            yield Entry(
                at=review.created_at,
                kind=EntryKind.REVIEW,
                code="timeline.review" if review.rating else "timeline.review_without_stars",
                values={
                    **self.about(review.shop, review.id, "review"),
                    **({"stars": str(review.rating)} if review.rating else {}),
                    "moderation": review.status.value,
                },
                detail=(*_review_details(review), *(() if waits is None else (awaited_read(waits),))),
            )

    def _event_entries(self) -> Iterator[Entry]:
        troubles: dict[str, list[Trouble]] = {}
        for trouble in units.troubled_by(self.connection, [known.event.id for known in self.known]):
            troubles.setdefault(trouble.event, []).append(trouble)
        for known in self.known:
            event, told = known.event, self.fact(known)
            yield Entry(
                at=event.occurred_at,
                kind=EntryKind.EVENT,
                code=told.code,
                values=told.values,
                detail=(
                    *self._refund_lines(event),
                    *(failed_on(trouble) for trouble in troubles.get(event.id, ())),
                ),
            )

    def fact(self, known: Known) -> Told:
        """Return what happened."""
        event = known.event
        about = self.about(event.shop, known.object, known.object_kind)
        values = {**about, "event": event.kind, **_event_values(event)}
        return Told(code=_event_code(event), values=values)

    def _refund_lines(self, event: Event) -> Iterator[Told]:
        if not isinstance(event, Refund):
            return
        titles = {line.id: line.title for line in self._lines_of(event)}
        for line in event.lines or ():
            yield _line(titles.get(line.line, line.line), line.quantity, line.amount)

    def _lines_of(self, event: OrderEvent) -> tuple[OrderLine, ...]:
        for stored in self.orders:
            record = stored.record
            if isinstance(record, OrderRecord) and (record.shop, record.id) == (event.shop, event.order):
                return record.amounts.value.lines if record.amounts else ()
        return ()

    def _decision_entries(self) -> Iterator[Entry]:
        for decision in self.decisions:
            message = self._by_key.get(decision.message)
            label = message.label if message else decision.detail.get("label", "")
            checks = _checks(decision)
            submitted = decision.verdict == MessageState.SUBMITTED
            yield Entry(
                at=decision.at,
                kind=EntryKind.DECISION,
                code=code_about("timeline.decision", message) if message else self._code_of(decision),
                values={
                    **(self.about_message(message) if message else self._about_event(decision.event)),
                    "label": label,
                    "plugin": decision.plugin,
                    "verdict": decision.verdict,
                },
                reason=declined_for(decision)
                if decision.verdict == DECLINED
                else why_of(decision.verdict, decision.code, decision.detail, message),
                rule="" if submitted else rule_of(decision.code, checks, message, decision.plugin),
                detail=tuple(
                    _check(rule, code, stopped=code == decision.code and not submitted)
                    for rule, code in checks
                )
                + tuple(_foreseen(decision)),
            )

    def _message_entries(self) -> Iterator[Entry]:
        copies = messages.copies_of(self.connection, self._by_key)
        last = {one.message: one for one in self.decisions}
        for message in self.messages:
            decision = last.get(message.key)
            checks = _checks(decision) if decision and decision.code == message.code else ()
            planned_for_another = message.identity not in self.identities
            yield Entry(
                at=moment_of(message),
                kind=EntryKind.MESSAGE,
                code=code_about("timeline.message", message),
                values={
                    **self.about_message(message),
                    "label": message.label,
                    "plugin": message.plugin,
                    "template": message.template,
                    "purpose": message.purpose,
                    "channel": message.channel,
                    "state": message.state.value,
                    "planned": message.planned_at.isoformat(),
                    **({"due": message.due_at.isoformat()} if message.due_at else {}),
                    **({"sent": message.submitted_at.isoformat()} if message.submitted_at else {}),
                    **({"subject": copies[message.key].subject} if message.key in copies else {}),
                },
                reason=why_of(message.state.value, message.code, message.detail, message),
                rule=rule_of(message.code, checks, message, message.plugin),
                detail=(
                    *self._plan(message, copies.get(message.key)),
                    *((Told(code="timeline.other_customer"),) if planned_for_another else ()),
                ),
            )

    def _plan(self, message: Message, copy: Copy | None) -> Iterator[Told]:
        """Say what was sent, or when and on what conditions it will be."""
        if copy is not None:
            yield Told(code="timeline.subject", values={"subject": copy.subject})
        if message.state.final or message.state is MessageState.SUBMITTED:
            return
        if message.anchor:
            yield self.counted_from(message)
        if message.due_at is not None and message.expires_at is not None:
            values = {"due": message.due_at.isoformat(), "until": message.expires_at.isoformat()}
            yield Told(code="timeline.due", values=values)
        for premise in message.premises:
            yield self._premise(premise)

    def _premise(self, premise: Premise) -> Told:
        code = f"timeline.premise.{type(premise).__name__}"
        if isinstance(premise, NotSentWithin):
            period = str(int(premise.period.total_seconds()))
            return Told(code=code, values={"label": premise.label, "period": period})
        shop, _, order = premise.order.partition("/order/")
        return Told(code=code, values=self.about(shop, order))

    def counted_from(self, message: Message) -> Told:
        anchor: Known | None = self._anchors.get(message.anchor)
        if anchor is None:
            return Told(code="timeline.awaits_fact", values={"about": message.anchor})
        values = {
            **self.about(anchor.event.shop, anchor.object, anchor.object_kind),
            "event": anchor.event.kind,
            "delay": str(int(message.delay.total_seconds())),
        }
        code = "timeline.counted" if message.delay else "timeline.counted_at_once"
        return Told(code=code_about(code, anchor), values=values)

    def _code_of(self, decision: Decision) -> str:
        """Return the code of a sentence about a decision that is about no message."""
        if decision.verdict == DECLINED:
            return "timeline.declined" if decision.detail else "timeline.declined_forgotten"
        known = self._decided_on.get(decision.event)
        code = "timeline.decision_of"
        return f"{code}.{known.object_kind}" if known and known.object_kind in NAMED_KINDS else code

    def _about_event(self, event: str) -> dict[str, str]:
        known = self._decided_on.get(event)
        if known is None or known.object_kind not in NAMED_KINDS:
            return {"about": event}
        return {"about": event, **self.about(known.event.shop, known.object, known.object_kind)}

    def about_message(self, message: Message) -> dict[str, str]:
        return self.about(message.shop, message.object, message.object_kind)

    def about(self, shop: str, object_: str, kind: str = "order") -> dict[str, str]:
        if kind == "order":
            return {"shop": shop, "id": object_, "order": self._number(shop, object_)}
        found = (one for one in self._reviews if (one.shop, one.id) == (shop, object_))
        product = next((one.product.value for one in found if one.product), object_)
        return {"shop": shop, "id": object_, "product": self._titles.get((shop, product), product)}


SPOKEN_KINDS = frozenset({"review", "consent", "consent_request"})
"""What a message may be about that it is told of in words of its own; all else is about the customer."""
NAMED_KINDS = frozenset({"order", "review"})
"""What people have a name for that `Story.about` can tell."""

_NAMED_BY = (ReviewRecord, OrderRecord, CustomerRecord)
"""What a person's name is taken from, the best last."""


def code_about(code: str, about: Message | Known) -> str:
    """Return the code of a sentence about an order, or of the same about something else, or nothing."""
    if about.object_kind == "order":
        return code
    return f"{code}.{about.object_kind if about.object_kind in SPOKEN_KINDS else 'customer'}"


def _money(**amounts: Money | None) -> dict[str, str]:
    """Write amounts as `sentences` reads them: `12.50 USD`."""
    return {name: f"{each.amount} {each.currency}" for name, each in amounts.items() if each is not None}


def _order_details(order: Order) -> Iterator[Told]:
    if order.test:
        yield Told(code="timeline.test_order")
    for line in order.lines:
        yield _line(line.title, line.quantity, line.paid)
    if order.shipping is not None and order.shipping.minor:
        yield Told(code="timeline.shipping", values=_money(amount=order.shipping))
    if order.refunds:
        code = "timeline.refunded_in_full" if order.fully_refunded else "timeline.refunded"
        yield Told(code=code, values=_money(amount=order.refunded))
    if order.cancelled:
        yield Told(code="timeline.cancelled")


def _review_details(review: Review) -> Iterator[Told]:
    if review.text:
        yield Told(code="timeline.review_text", values={"text": review.text})
    if review.verified:
        yield Told(code="timeline.review_verified")
    if review.deleted:
        yield Told(code="timeline.review_deleted")


def _line(title: str, quantity: int, amount: Money) -> Told:
    values = {"title": title, "quantity": str(quantity), **_money(amount=amount)}
    return Told(code="timeline.line", values=values)


def awaited_read(read: Read) -> Told:
    """Return what is to be read from a shop again, and why."""
    values = {"reason": read.reason, "until": read.due_at.isoformat(), "tries": str(read.attempts)}
    if not read.error:
        return Told(code="timeline.awaiting_read", values=values)
    return Told(code="timeline.read_failed", values={**values, "problem": read.error})


def _event_code(event: Event) -> str:
    match event:
        case Delivery(assumed=True):
            variant = ".assumed"
        case ReferralCompleted(role=role):
            variant = f".{role.value}"
        case ConsentChanged(basis=basis):
            variant = ".objected" if basis is None else ".given"
        case MessageOutcome(outcome=outcome):
            variant = f".{outcome.value}"
        case _:
            variant = ""
    return f"timeline.event.{event.kind}{variant}"


def _event_values(event: Event) -> dict[str, str]:
    match event:
        case Shipment(shipment=parcel) | Delivery(shipment=parcel):
            return {"shipment": parcel}
        case Refund(refund=refund, amount=amount):
            return {"refund": refund, **_money(amount=amount)}
        case TimerDue(plugin=plugin, name=name):
            return {"plugin": plugin, "timer": name}
        case FeedbackReceived(survey=survey):
            return {"survey": survey}
        case ConsentChanged(channel=channel, purpose=purpose, basis=basis):
            return {
                "channel": channel,
                "purpose": _EVERY if purpose is None else purpose.value,
                **({"basis": basis.value} if basis is not None else {}),
            }
        case MessageOutcome(label=label, plugin=plugin):
            return {"label": label, "plugin": plugin}
        case TierChanged(tier=tier, before=before):
            return {"tier": tier or _NO_TIER, "before": before or _NO_TIER}
        case RewardChanged(reward=reward, points=points, state=state):
            return {"reward": reward, "points": f"{points:,}", "reward_state": state.value}
    return {}


def failed_on(trouble: Trouble) -> Told:
    """Return how a plugin failed on an event, and what becomes of it."""
    values = {
        "plugin": trouble.plugin,
        "tries": str(trouble.attempts),
        "problem": trouble.error,
        "until": trouble.due_at.isoformat(),
    }
    return Told(code=f"timeline.{'parked' if trouble.state == 'parked' else 'failed'}", values=values)


def _checks(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return (rule, code) of each check that led to a decision."""
    return tuple((check.rule, check.code) for check in decision.checks)


def _foreseen(decision: Decision) -> Iterator[Told]:
    """Say what the law said of an advert when it was planned."""
    told = decision.detail
    if foreseeing.CODE not in told:
        return
    allowed = foreseeing.ALLOWED in told
    values = {"rule": told[foreseeing.RULE]}
    yield Told(code="timeline.law.allowed" if allowed else "timeline.law.denied", values=values)
    yield Told(code=told[foreseeing.CODE], values=told)
    if foreseeing.ENDS in told:
        yield Told(code="timeline.law.ends", values={"until": told[foreseeing.ENDS]})


def _check(rule: str, code: str, *, stopped: bool) -> Told:
    values = {"rule": rule, "code": code}
    return Told(code="timeline.check.stopped" if stopped else "timeline.check.passed", values=values)


def declined_for(decision: Decision) -> Told:
    """Return why a plugin planned nothing."""
    code, values = reason_of(decision)
    return Told(code=code, values=values)


def why_of(verdict: str, code: str, detail: Mapping[str, str], message: Message | None) -> Told | None:
    """Return why: the code of the verdict, or for what is planned the words of its plugin."""
    if verdict == MessageState.SUBMITTED:
        return Told(code="timeline.all_passed")
    if code and code != MessageState.PLANNED:
        # The detail is emptied when a person is erased; what the message itself knows is still told.
        if message is None or detail:
            return Told(code=code, values=detail)
        known = {"plugin": message.plugin, "purpose": message.purpose, "template": message.template}
        return Told(code=code, values=known)
    if message is not None and not message.reason:
        return Told(code="timeline.plan_forgotten", values={"plugin": message.plugin})
    if message is not None:
        return Told(code="timeline.plan", values={"plugin": message.plugin, "reason": message.reason})
    return None


def rule_of(code: str, checks: Sequence[tuple[str, str]], message: Message | None, plugin: str) -> str:
    """Return the rule that decided: of the gate, of the catalogue, or the plugin or channel behind it."""
    if code in {made for _, made in checks}:
        return checks[-1][0]
    if code in _RULES:
        return _RULES[code]
    if message is not None and code in {
        Reason.ACCEPTED,
        Reason.REFUSED,
        Reason.TRY_AGAIN,
        Reason.TRIES_USED_UP,
    }:
        return message.channel
    return plugin


def moment_of(message: Message) -> datetime:
    """Return when a message left, ended, or is to be looked at next."""
    moments: Iterable[datetime | None] = (
        message.submitted_at,
        message.final_at,
        message.next_at,
        message.due_at,
    )
    if not message.state.final and message.state is not MessageState.SUBMITTED:
        moments = (message.next_at, message.due_at)
    return next((at for at in moments if at is not None), message.planned_at)
