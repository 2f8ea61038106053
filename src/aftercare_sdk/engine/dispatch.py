"""Messages that are due: claimed, checked, composed, submitted by one compare-and-set, handed to a channel.

Nothing here decides; any number of workers may run it. The checks are made twice: once with nothing locked,
so that only what will leave is composed, and again in the transaction that submits.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.timing import barrier
from aftercare_sdk.errors import AftercareError, TransientError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.messages import (
    Accepted,
    Channel,
    MessageState,
    OutgoingMessage,
    Refused,
    SendResult,
    TryAgain,
    Unknown,
)
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.premises import NoRefund, OrderStands, Premise
from aftercare_sdk.model.records import CustomerRecord, OrderRecord
from aftercare_sdk.outreach.compose import Composed, MissingVariable, TemplateFailed, UnknownTemplate
from aftercare_sdk.outreach.gate import Candidate, Outcome, decide
from aftercare_sdk.outreach.gate import Decision as Verdict
from aftercare_sdk.outreach.locales import locale_for, zone_for
from aftercare_sdk.outreach.names import display_name
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.variables import message_variables
from aftercare_sdk.plugins import retry_delay
from aftercare_sdk.redact import redact
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import decisions, journal, messages, objects, people, reads, units
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.decisions import about
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.messages import Copy, Message
from aftercare_sdk.store.objects import Stored

CLAIMED_AT_ONCE = 20
LOOK_AGAIN = timedelta(hours=1)
"""How long a held message waits before it is looked at again; the awaited read looks at once."""
REPEAT_AFTER = timedelta(minutes=1)
_MOST_WRITINGS = 3
"""How often a message is written anew because the facts changed; then it waits for its lease to end."""
SENDING_PATIENCE = timedelta(minutes=15)
"""After which a submission nobody reports on is lost; longer than a channel takes with all its time-outs."""

_REPEATABLE = frozenset({Purpose.TRANSACTIONAL, Purpose.SERVICE})
"""Purposes whose unknown outcome is repeated, once, with the same Message-ID (SEND-08)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What premises are checked against, inside one transaction; `locked`: nobody may change it."""

    brand: Brand
    connection: Connection
    locked: bool
    message: Message
    customer: int
    recipient: int | None
    now: datetime

    def order(self, ref: str) -> Order | None:
        key = _key(ref)
        stored = _stored(self.connection, key, locked=self.locked)
        if stored is None or not isinstance(stored.record, OrderRecord):
            return None
        return as_order(stored.record, self.brand.assumptions(key[0]), self.now)

    def last_sent(self, label: str, since: datetime) -> datetime | None:
        return messages.reached_since(
            self.connection,
            self.message,
            label=label,
            customer=self.customer,
            recipient=self.recipient,
            since=since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one transaction says of a message: the verdict, and what is needed to write it."""

    verdict: Verdict
    order: Order | None
    recipient: int | None
    contact: Contact = field(repr=False)
    locale: str
    zone: ZoneInfo

    @property
    def material(self) -> tuple[object, ...]:
        """What the message is written from, and where it goes."""
        return (self.order, self.recipient, self.contact, self.locale, self.zone)


def _contact(record: OrderRecord | None, account: CustomerRecord | None) -> Contact | None:
    """Return how to reach the person: as the order says, else as the account does.

    An order from which the shop has removed the person reaches nobody, whatever the account says.
    """
    told = record.contact if record else None
    if told is not None and (told.value is None or told.value.email):
        return told.value
    return (account.contact.value if account and account.contact else None) or (told.value if told else None)


def _key(ref: str) -> objects.Key:
    shop, _, order = ref.partition("/order/")
    return (shop, "order", order)


def _orders(premises: Iterable[Premise]) -> set[objects.Key]:
    """Return the orders that premises are about."""
    return {_key(premise.order) for premise in premises if isinstance(premise, OrderStands | NoRefund)}


def _stored(connection: Connection, key: objects.Key, *, locked: bool) -> Stored | None:
    if locked:
        return objects.lock(connection, key)
    return objects.get_many(connection, [key]).get(key)


def _customer(connection: Connection, identity: int, recipient: int | None, *, locked: bool) -> int:
    """Return the customer of `identity`; `locked`: others wait who decide about that person or mailbox."""
    concerned = {identity} if recipient is None else {identity, recipient}
    customers = people.customers_of(connection, concerned)
    if locked:
        for customer in sorted(set(customers.values())):
            people.lock(connection, customer)
    return customers[identity]


def _still_awaited(current: Message, sent: Message, result: SendResult) -> bool:
    """Tell whether a result is still news: nobody has settled the message or submitted it again meanwhile.

    After our lease has run out, only a certain answer says more than what was written down then.
    """
    if current.attempts != sent.attempts + 1 or current.state.final:
        return False
    return current.state is MessageState.SUBMITTED or isinstance(result, Accepted | Refused)


class Dispatcher:
    """Sends what is due, for one thread at a time; its channels keep their connections."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._channels: dict[str, Channel] = {}
        self._turn = threading.Lock()

    def close(self) -> None:
        """Give up the connections of all channels."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def run(self) -> int:
        """Look at messages that are due; return how many."""
        with self._turn:
            claimed = self._claim()
            for message in claimed:
                try:
                    self._send(message)
                except TransientError:
                    raise
                except Exception as error:  # noqa: BLE001 - whatever one message meets, the others leave
                    self._put_off(message, error)
        return len(claimed)

    def _claim(self) -> list[Message]:
        brand = self._brand
        now = brand.clock.now()
        lease = str(uuid.uuid4())
        with brand.database.write() as connection:
            messages.unclaim(connection, now)
            for message in messages.lost(connection, now):
                self._outcome(connection, message, Unknown("the sender was interrupted"), now)
            return messages.claim(
                connection,
                before=barrier(brand, connection),
                now=now,
                lease=lease,
                until=now + brand.settings.defaults.lease,
                limit=CLAIMED_AT_ONCE,
            )

    def _put_off(self, message: Message, error: Exception) -> None:
        """Let a message wait that met a mistake of the configuration, a plugin or this SDK."""
        told = str(error) if isinstance(error, AftercareError) else type(error).__name__
        detail = {"reason": redact(told)}
        log.error("message not sent", id=message.id, channel=message.channel, problem=told)
        now = self._brand.clock.now()
        state, code = MessageState.DEFERRED, Reason.TRY_AGAIN
        with self._brand.database.write() as connection:
            if messages.wait(connection, message, state, code=code, detail=detail, until=now + LOOK_AGAIN):
                decisions.append(connection, [about(message, now, state.value, code, detail)])

    def _send(self, message: Message) -> None:
        """Send a message, or settle why not. What the facts have overtaken meanwhile is written anew."""
        for _ in range(_MOST_WRITINGS):
            if self._sent_or_settled(message):
                return

    def _sent_or_settled(self, message: Message) -> bool:
        """Return False if the facts have changed between the writing and the submission."""
        brand = self._brand
        with brand.database.read() as connection:
            look = self._look(connection, message)
        if look.verdict.outcome is not Outcome.ALLOW:
            with brand.database.write() as connection:
                self._not_now(connection, message, look.verdict, brand.clock.now())
            return True
        channel = self._channel(message.channel)  # a channel that cannot be opened must not lose a message
        composed = self._compose(message, look)
        if isinstance(composed, Reason):
            return True
        written_from = look.material
        now = brand.clock.now()
        with brand.database.write() as connection:
            look = self._look(connection, message, locked=True)
            if look.verdict.outcome is not Outcome.ALLOW:
                self._not_now(connection, message, look.verdict, now)
                return True
            if look.material != written_from:
                return False
            copy = Copy(
                message=message.key,
                locale=composed.locale,
                subject=composed.subject,
                text=composed.text,
                html=composed.html,
            )
            if not messages.submit(
                connection,
                message,
                now=now,
                until=now + SENDING_PATIENCE,
                recipient=look.recipient,
                copy=copy,
            ):
                return True  # cancelled, or claimed by somebody else after our lease ran out
            self._note(connection, message, "submitted", look.verdict, now)
        self._hand_over(channel, message, look, composed, now)
        return True

    def _look(self, connection: Connection, message: Message, *, locked: bool = False) -> _Look:
        """Ask every check. `locked`: nobody can change what it saw before the transaction ends."""
        brand = self._brand
        now = brand.clock.now()
        shop = brand.shop(message.shop)
        # Objects before customers, as the decider writes them: else each could wait for the other.
        own = (message.shop, "order", message.object)
        concerned = sorted({own, *_orders(message.premises)})
        stored = {key: _stored(connection, key, locked=locked) for key in concerned}[own]
        record = stored.record if stored and isinstance(stored.record, OrderRecord) else None
        recipient = stored.contact_identity if stored else None
        customer = _customer(connection, message.identity, recipient, locked=locked)
        account = self._account(connection, message)
        contact = _contact(record, account)
        facts = _Facts(
            brand=brand,
            connection=connection,
            locked=locked,
            message=message,
            customer=customer,
            recipient=recipient,
            now=now,
        )
        order = as_order(record, brand.assumptions(message.shop), now) if record else None
        waits = reads.pending(connection, message.shop, "order", message.object)
        unheard = units.unheard(
            connection,
            message.plugin,
            (message.shop, message.object),
            identity=message.identity,
            customer=customer,
            now=now,
        )
        event, again_at = unheard or (None, None)
        candidate = Candidate(
            purpose=Purpose(message.purpose),
            due_at=message.due_at or now,
            window=message.window,
            premises=message.premises,
            awaiting_read=None if waits is None else f"order {message.object}",
            awaiting_event=event,
            awaiting_until=None if again_at is None else max(again_at, now + REPEAT_AFTER),
            recipient=contact.email if contact else "",
        )
        country = (order.country if order else "") or (contact.country if contact else "")
        return _Look(
            verdict=decide(candidate, facts),
            order=order,
            recipient=recipient,
            contact=contact or Contact(),
            locale=locale_for(
                account.locale.value if account and account.locale else "",
                order.locale if order else "",
                country,
                shop.locale,
            ),
            zone=zone_for(account.zone.value if account and account.zone else "", country, shop.zone),
        )

    def _account(self, connection: Connection, message: Message) -> CustomerRecord | None:
        for stored in objects.accounts_of(connection, [message.identity]):
            if isinstance(stored.record, CustomerRecord):
                return stored.record
        return None

    def _compose(self, message: Message, look: _Look) -> Composed | Reason:
        """Write the message; if it cannot be written, settle it with the reason and return that."""
        brand = self._brand
        try:
            return brand.composer.compose(
                message.template,
                look.locale,
                message_variables(
                    contact=look.contact,
                    shop=brand.card(message.shop),
                    order=look.order,
                    data=message.data,
                    zone=look.zone,
                ),
                shop_locale=brand.shop(message.shop).locale,
            )
        except UnknownTemplate as error:
            return self._not_written(message, MessageState.FAILED, Reason.TEMPLATE_UNKNOWN, str(error))
        except TemplateFailed as error:
            return self._not_written(message, MessageState.FAILED, Reason.TEMPLATE_FAILED, str(error))
        except MissingVariable as error:
            return self._not_written(message, MessageState.SKIPPED, Reason.MISSING_VARIABLE, str(error))

    def _not_written(self, message: Message, state: MessageState, code: Reason, told: str) -> Reason:
        now = self._brand.clock.now()
        detail = {"template": message.template, "problem": redact(told)}
        with self._brand.database.write() as connection:
            if messages.settle(connection, message, state, code=code, detail=detail, now=now):
                decisions.append(connection, [about(message, now, state.value, code, detail)])
        return code

    def _not_now(self, connection: Connection, message: Message, verdict: Verdict, now: datetime) -> None:
        detail = dict(verdict.values)
        if verdict.outcome is Outcome.DENY:
            state = MessageState.SKIPPED
            kept = messages.settle(connection, message, state, code=verdict.code, detail=detail, now=now)
        else:
            state = MessageState.DEFERRED if verdict.outcome is Outcome.DEFER else MessageState.HELD
            until = verdict.until or now + LOOK_AGAIN
            if verdict.outcome is Outcome.HOLD and message.expires_at is not None:
                until = min(until, max(message.expires_at, now))
            kept = messages.wait(connection, message, state, code=verdict.code, detail=detail, until=until)
        if kept:
            self._note(connection, message, state.value, verdict, now)

    def _hand_over(
        self, channel: Channel, message: Message, look: _Look, composed: Composed, now: datetime
    ) -> None:
        outgoing = OutgoingMessage(
            id=message.id,
            date=now,
            recipient=look.contact.email,
            recipient_name=display_name(look.contact, composed.locale),
            subject=composed.subject,
            text=composed.text,
            html=composed.html,
            locale=composed.locale,
        )
        # A channel is somebody's code: after a bug in it nobody can tell whether it had sent.
        try:
            answer: object = channel.send(outgoing)
        except Exception as error:  # noqa: BLE001
            result: SendResult = Unknown(f"channel {message.channel!r} failed with {type(error).__name__}")
        else:
            result = (
                answer
                if isinstance(answer, Accepted | Refused | TryAgain | Unknown)
                else Unknown(f"channel {message.channel!r} answered with {type(answer).__name__}")
            )
        at = self._brand.clock.now()
        with self._brand.database.write() as connection:
            current = next(iter(messages.get_many(connection, [message.key])), None)
            if current is not None and _still_awaited(current, message, result):
                self._outcome(connection, current, result, at)

    def _outcome(self, connection: Connection, message: Message, result: SendResult, now: datetime) -> None:
        """Write down what became of a submission, in the message and as a row of the journal."""
        detail: dict[str, str] = {}
        if not isinstance(result, Accepted):
            detail["reason"] = redact(str(result.reason))
        settle = {
            Accepted: (MessageState.ACCEPTED, Reason.ACCEPTED),
            Refused: (MessageState.FAILED, Reason.REFUSED),
            Unknown: (MessageState.UNKNOWN, Reason.OUTCOME_UNKNOWN),
            TryAgain: (MessageState.FAILED, Reason.TRIES_USED_UP),
        }
        state, code = settle[type(result)]
        retry_at: datetime | None = None
        repeats = 0
        if isinstance(result, TryAgain):
            delay = retry_delay(message.attempts)
            retry_at = None if delay is None else now + delay
        elif isinstance(result, Unknown) and not message.repeated and Purpose(message.purpose) in _REPEATABLE:
            retry_at, repeats = now + REPEAT_AFTER, 1
        if retry_at is not None:
            state = MessageState.DEFERRED
            code = Reason.OUTCOME_UNKNOWN if repeats else Reason.TRY_AGAIN
            written = messages.wait(
                connection, message, state, code=code, detail=detail, until=retry_at, repeats=repeats
            )
        else:
            reference = str(result.reference) if isinstance(result, Accepted) else ""
            written = messages.settle(
                connection, message, state, code=code, detail=detail, now=now, reference=reference
            )
        if not written:
            return  # somebody else has written down the same loss
        decisions.append(connection, [about(message, now, state.value, code, detail)])
        log.info("message", id=message.id, plugin=message.plugin, state=state.value, outcome=code.value)
        journal.append(
            connection,
            [
                Arrival(
                    kind=Kind.OUTCOME,
                    shop=message.shop,
                    topic=f"{message.channel}.{code.value}",
                    delivery=message.id,
                    received_at=now,
                    body=dump({"message": message.key, "outcome": code.value, **detail}).encode(),
                    state=State.DONE,
                    outcome=f"message {message.id}: {state.value}",
                )
            ],
        )

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            self._channels[name] = self._brand.open_channel(name)
        return self._channels[name]

    def _note(
        self, connection: Connection, message: Message, verdict: str, made: Verdict, now: datetime
    ) -> None:
        """Record a verdict with the checks that led to it."""
        checks = ", ".join(f"{check.rule}: {check.code}" for check in made.checks)
        detail = {**made.values, "checks": checks}
        decisions.append(connection, [about(message, now, verdict, made.code, detail)])
