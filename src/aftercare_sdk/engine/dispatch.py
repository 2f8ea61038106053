"""Messages that are due: claimed, checked, composed, submitted by one compare-and-set, handed to a channel.

Nothing here decides; any number of workers may run it. The checks are made twice: once with nothing locked,
so that only what will leave is composed, and again in the transaction that submits. A few messages share such
a transaction, as many as the channel takes in a moment: what has waited longer than that is not handed over,
but checked anew.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine import approving, beats
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.links import Links
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.looking import look
from aftercare_sdk.engine.outcomes import settle_members, still_awaited, write_outcomes
from aftercare_sdk.engine.timing import barrier
from aftercare_sdk.engine.turns import Look
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
from aftercare_sdk.model.outcomes import REPORTED
from aftercare_sdk.model.people import fold_email
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.outreach.compose import Composed, MissingVariable, TemplateFailed, UnknownTemplate
from aftercare_sdk.outreach.footer import Footer, with_footer
from aftercare_sdk.outreach.gate import Decision as Verdict
from aftercare_sdk.outreach.gate import Outcome
from aftercare_sdk.outreach.names import display_name
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.sentences import language_of
from aftercare_sdk.outreach.variables import Item, message_variables
from aftercare_sdk.redact import redact
from aftercare_sdk.store import counters, decisions, people, sending
from aftercare_sdk.store.decisions import CheckLine, Decision, about
from aftercare_sdk.store.messages import Copy, Message
from aftercare_sdk.store.sending import Change, Submission

CLAIMED_AT_ONCE = 200
_GROUPS_AT_ONCE = 8
MOST_TOGETHER = 100
"""How many messages share a transaction at most."""
A_MOMENT = 0.05
"""Seconds. So long the hand-over of messages that were submitted together should take.

Whoever dies in between leaves that many outcomes unknown: with a real mail server a few.
"""
TOO_LONG = 1.0
"""Seconds. What was not handed over by then is checked anew."""
LOOK_AGAIN = timedelta(hours=1)
"""How long a held message waits before it is looked at again; the awaited read looks at once."""
_UNAPPROVED = frozenset({Reason.NOT_APPROVED, Reason.APPROVAL_LAPSED})
_MOST_WRITINGS = 3
"""How often a message is written anew because the facts changed; then it waits for its lease to end."""
SENDING_PATIENCE = timedelta(minutes=15)
"""After which a submission nobody reports on is lost; longer than a channel takes with all its time-outs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """A message that may leave, written from what was seen of it."""

    message: Message
    look: Look = field(repr=False)
    channel: Channel
    composed: Composed
    unsubscribe: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handed:
    """What a channel has said of a message; None: it was not handed over, because the channel was slow."""

    message: Message
    result: SendResult | None = None
    took: timedelta = timedelta()


class Dispatcher:
    """Sends what is due, for one thread at a time; its channels keep their connections."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._links = Links(brand)
        self._channels: dict[str, Channel] = {}
        self._turn = threading.Lock()
        self._together = 1
        self._unwritten: list[_Handed] = []

    def close(self) -> None:
        """Write down what is still known of outcomes, and give up the connections of all channels."""
        with suppress(TransientError):
            self._write_handed()
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def run(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Look at messages that are due; return how many.

        `stopped` is asked in between: what was claimed and not yet looked at then goes back.
        """
        with self._turn:
            self._write_handed()
            claimed = self._claim()
            left, waited = list(claimed), set[str]()
            while left and not stopped():
                group, left = left[: self._together], left[self._together :]
                # What gives way to one of ours has its turn after that, once.
                ours = {one.key for one in claimed} - waited
                after = self._send_all(group, ours)
                waited |= {one.key for one in after}
                left += after
            if left:
                with self._brand.database.write() as connection:
                    sending.let_go(connection, left)
        return len(claimed) - len(left)

    def _claim(self) -> list[Message]:
        brand = self._brand
        now = brand.clock.now()
        with brand.database.read() as connection:
            # Mostly nothing is, and that is no reason to keep others from writing.
            if not sending.is_due(connection, now):
                return []
        with brand.database.write() as connection:
            sending.unclaim(connection, now)
            lost = sending.lost(connection, now)
            write_outcomes(connection, [(one, Unknown("the sender was interrupted")) for one in lost], now)
            ahead = barrier(brand, connection)
            return sending.claim(
                connection,
                before=ahead.before,
                held=ahead.held,
                now=now,
                lease=str(uuid.uuid4()),
                until=now + brand.settings.defaults.lease,
                # No more than can be sent before the lease ends, however slow a channel is.
                limit=min(CLAIMED_AT_ONCE, _GROUPS_AT_ONCE * self._together),
            )

    def _send_all(self, group: Sequence[Message], ours: Collection[str]) -> list[Message]:
        """Send messages, or settle why not; return those that wait for one of `ours`.

        What meets a mistake is put off, and stops no other message.
        """
        try:
            return self._send(group, ours)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one message meets, the others leave
            if len(group) > 1:
                return [waiting for one in group for waiting in self._send_all([one], ours)]
            self._put_off(group[0], error)
            return []

    def _put_off(self, message: Message, error: Exception) -> None:
        """Let a message wait that met a mistake of the configuration, a plugin or this SDK."""
        told = str(error) if isinstance(error, AftercareError) else type(error).__name__
        log.error("message not sent", id=message.id, channel=message.channel, problem=told)
        now = self._brand.clock.now()
        self._change(
            [
                Change(
                    message=message,
                    state=MessageState.DEFERRED,
                    code=Reason.TRY_AGAIN,
                    detail={"reason": redact(told)},
                    until=now + LOOK_AGAIN,
                )
            ]
        )

    def _send(self, group: Sequence[Message], ours: Collection[str]) -> list[Message]:
        """Send a group, of each person one message after the other; return what waits for one of `ours`.

        What the facts have overtaken meanwhile is written anew.
        """
        written = dict.fromkeys((message.key for message in group), 0)
        left, waiting = list(group), list[Message]()
        while left:
            with self._brand.database.read() as connection:
                looks = look(self._brand, connection, left)
            behind = [one for one in left if (looks[one.key].after or looks[one.key].host) in ours]
            waiting += behind
            left = [one for one in left if one not in behind]
            self._settle([one for one in left if not looks[one.key].may], looks)
            now, left = _apart([one for one in left if looks[one.key].may], looks)
            letters = [letter for one in now if (letter := self._written(one, looks[one.key]))]
            for letter in letters:
                written[letter.message.key] += 1
            submitted, anew = self._submitted(letters)
            self._hand_over(submitted)
            left += [one for one in anew if written[one.key] < _MOST_WRITINGS]
        return waiting

    def _written(self, message: Message, seen: Look) -> _Letter | None:
        """Write a message; if it cannot be written, settle it with the reason.

        What would leave in it and cannot be written is left out, and meets its own reason.
        """
        channel = self._channel(message.channel)  # a channel that cannot be opened must not lose a message
        try:
            composed, way_out = self.compose(message, seen)
        except (UnknownTemplate, TemplateFailed, MissingVariable) as error:
            if seen.members:
                fit = tuple(one for one in seen.members if self._can_be_written(one))
                return self._written(message, replace(seen, members=fit if fit != seen.members else ()))
            self._cannot_write(message, error)
            return None
        return _Letter(message=message, look=seen, channel=channel, composed=composed, unsubscribe=way_out)

    def _cannot_write(
        self, message: Message, error: UnknownTemplate | TemplateFailed | MissingVariable
    ) -> None:
        """Settle a message that cannot be written."""
        if isinstance(error, MissingVariable):
            state, code = MessageState.SKIPPED, Reason.MISSING_VARIABLE
        else:
            state = MessageState.FAILED
            unknown = isinstance(error, UnknownTemplate)
            code = Reason.TEMPLATE_UNKNOWN if unknown else Reason.TEMPLATE_FAILED
        detail = {"template": message.template, "problem": redact(str(error))}
        self._change([Change(message=message, state=state, code=code, detail=detail)])

    def _can_be_written(self, seen: Look) -> bool:
        try:
            self.compose(seen.message, seen)
        except (UnknownTemplate, TemplateFailed, MissingVariable):
            return False
        return True

    def compose(self, message: Message, seen: Look) -> tuple[Composed, str]:
        """Return a message in words, and where it can be refused; empty: it is part of a purchase.

        Raises UnknownTemplate, TemplateFailed or MissingVariable.
        """
        brand = self._brand
        # The template may be another than when the message was planned.
        brand.composer.check_purpose(message.template, Purpose(message.purpose))
        links = self._links.of(message)
        composed = brand.composer.compose(
            message.template,
            seen.locale,
            message_variables(
                contact=seen.contact,
                shop=brand.card(message.shop),
                order=seen.order,
                data=message.data,
                zone=seen.zone,
                links=links,
                merged=[Item(order=one.order, data=one.message.data, zone=one.zone) for one in seen.members],
            ),
            shop_locale=brand.shop(message.shop).locale,
        )
        legal, way_out = brand.settings.brand.legal, links.get("unsubscribe", "")
        if legal is None or not way_out:  # the gate holds what needs both
            return composed, way_out
        footer = Footer(
            name=legal.name,
            address=legal.address,
            contact=legal.contact,
            unsubscribe=way_out,
            refusal=legal.refusal,
        )
        return with_footer(composed, footer, language_of(composed.locale)), way_out

    def _submitted(self, letters: Sequence[_Letter]) -> tuple[list[_Letter], list[Message]]:
        """Submit what still may leave; return that, and the messages that are to be written anew."""
        if not letters:
            return [], []
        brand = self._brand
        now = brand.clock.now()
        with brand.database.write() as connection:
            together = [one.message for letter in letters for one in (letter.look, *letter.look.members)]
            looks = look(brand, connection, together, locked=True)
            refused = [one.message for one in letters if not looks[one.message.key].may]
            self._write_verdicts(connection, refused, looks, now)
            same = [
                one
                for one in letters
                if looks[one.message.key].may and looks[one.message.key].material == one.look.material
            ]
            # Two that were of different persons a moment ago may be of one by now.
            apart, _ = _apart([one.message for one in same], looks)
            leaving = _whole(connection, [one for one in same if one.message in apart])
            sending.leave_behind(connection, [one.message.key for one in leaving if one.message.repeated])
            sending.attach(
                connection,
                {member.message.key: one.message.key for one in leaving for member in one.look.members},
                now=now,
            )
            mailboxes = _mailboxes(connection, [looks[one.message.key] for one in leaving])
            ours = sending.submit(
                connection,
                [self._submission(one, mailboxes.get(one.message.key)) for one in leaving],
                now=now,
                until=now + SENDING_PATIENCE,
            )
            submitted = [one for one in leaving if one.message.key in ours]
            decisions.append(
                connection,
                [
                    _told(one.message, "submitted", verdict, now)
                    for letter in submitted
                    for one, verdict in _leaving_in(looks[letter.message.key])
                ],
            )
        settled = {one.key for one in refused} | {one.message.key for one in leaving}
        return submitted, [one.message for one in letters if one.message.key not in settled]

    def _submission(self, letter: _Letter, mailbox: int | None) -> Submission:
        composed = letter.composed
        copy = Copy(
            message=letter.message.key,
            locale=composed.locale,
            subject=composed.subject,
            text=composed.text,
            html=composed.html,
        )
        sender = self._brand.sender_domain(letter.message.channel)
        return Submission(message=letter.message, recipient=mailbox, copy=copy, sender=sender)

    def _hand_over(self, letters: Sequence[_Letter]) -> None:
        """Hand submitted messages to their channels, one after the other, and write down what came of it."""
        if not letters:
            return
        clock = self._brand.clock
        date, began = clock.now(), clock.monotonic()
        handed = 0
        for letter in letters:
            if handed and clock.monotonic() - began > TOO_LONG:
                break
            at = clock.monotonic()
            result = _handed(letter, date)
            took = timedelta(seconds=clock.monotonic() - at)
            self._unwritten.append(_Handed(message=letter.message, result=result, took=took))
            handed += 1
        self._learn(handed, clock.monotonic() - began)
        self._unwritten += [_Handed(message=letter.message) for letter in letters[handed:]]
        self._write_handed()

    def _write_handed(self) -> None:
        """Write down what became of messages that were handed over; what cannot be written now is kept.

        Raises TransientError if the database cannot take it now: what a channel has said is not forgotten.
        """
        handed = list(self._unwritten)
        if not handed:
            return
        now = self._brand.clock.now()
        try:
            self._write_all(handed, now)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one answer holds, the others are written
            for one in handed:
                self._write_one(one, now, error)
        self._unwritten.clear()

    def _write_one(self, one: _Handed, now: datetime, error: Exception) -> None:
        try:
            self._write_all([one], now)
        except TransientError:
            raise
        except Exception as again:  # noqa: BLE001 - then nobody can tell what its answer was
            log.error("outcome not written", id=one.message.id, problem=type(again).__name__)
            told = Unknown(f"its outcome cannot be written down: {type(error).__name__}")
            self._write_all([replace(one, result=told)], now)

    def _write_all(self, handed: Sequence[_Handed], now: datetime) -> None:
        with self._brand.database.write() as connection:
            current = sending.as_they_stand(connection, [one.message for one in handed])
            written = write_outcomes(
                connection,
                [
                    (current[one.message.key], one.result)
                    for one in handed
                    if one.result is not None
                    and one.message.key in current
                    and still_awaited(current[one.message.key], one.message, one.result)
                ],
                now,
            )
            sending.note_references(
                connection,
                {
                    one.message.key: one.result.reference
                    for one in handed
                    if isinstance(one.result, Accepted)
                    and one.message.key in current
                    and current[one.message.key].state in REPORTED
                },
            )
            waiting = [
                Change(
                    message=replace(
                        one.message,
                        identity=current[one.message.key].identity,
                        state=MessageState.SUBMITTED,
                    ),
                    state=MessageState.DEFERRED,
                    code=Reason.CHANNEL_BUSY,
                    until=now,
                )
                for one in handed
                if one.result is None and one.message.key in current
            ]
            given_back = sending.give_back(connection, waiting, now=now)
            _note(connection, given_back, now)
            settle_members(connection, given_back, now)
            lengths = [one.took for one in handed if one.result is not None]
            counters.observe(connection, counters.SEND_LATENCY, lengths)
            accepted = {one.message.shop for one in handed if isinstance(one.result, Accepted)}
            self._brand.beats.note(connection, {beats.accepted_of(shop): now for shop in accepted})
            # A provider may be quicker than we are: of what was reported already nothing is awaited.
            channels = {one.message.channel for one in written if one.state is MessageState.ACCEPTED}
            self._brand.beats.await_reports(connection, channels, now)

    def _learn(self, sent: int, seconds: float) -> None:
        """Adapt how many messages share a transaction to what the channels took in a moment."""
        in_a_moment = int(sent * A_MOMENT / seconds) if seconds else MOST_TOGETHER
        self._together = max(1, min(MOST_TOGETHER, 2 * self._together, in_a_moment))

    def _settle(self, refused: Sequence[Message], looks: Mapping[str, Look]) -> None:
        if refused:
            now = self._brand.clock.now()
            unapproved = [one for one in refused if looks[one.key].verdict.code in _UNAPPROVED]
            if unapproved:
                # For itself, because the decider, who does the same, may hold messages that we are to lock.
                with self._brand.database.write() as connection:
                    approving.ask(self._brand, connection, unapproved, now)
            with self._brand.database.write() as connection:
                self._write_verdicts(connection, refused, looks, now)

    def _write_verdicts(
        self, connection: Connection, refused: Sequence[Message], looks: Mapping[str, Look], now: datetime
    ) -> None:
        """Write down why messages do not leave now."""
        made = sending.change(connection, [_not_now(one, looks[one.key], now) for one in refused], now=now)
        approving.count_lapsed(self._brand, connection, made)
        decisions.append(
            connection,
            [_told(one.message, one.state.value, looks[one.message.key].verdict, now) for one in made],
        )
        verdicts = (looks[one.message.key].verdict for one in made)
        rules = Counter(one.checks[-1].rule for one in verdicts if one.outcome is Outcome.DENY)
        counters.add(connection, {(counters.POLICY_DENIED, rule): count for rule, count in rules.items()})

    def _change(self, changes: Sequence[Change]) -> None:
        if changes:
            now = self._brand.clock.now()
            with self._brand.database.write() as connection:
                _note(connection, sending.change(connection, changes, now=now), now)

    def _channel(self, name: str) -> Channel:
        if name not in self._channels:
            self._channels[name] = self._brand.open_channel(name)
        return self._channels[name]


def _leaving_in(host: Look) -> Iterator[tuple[Look, Verdict]]:
    """Return all that leaves in one message with why it may; what rides uses no place in the budget."""
    yield host, host.verdict
    for one in host.members:
        allowed = tuple(check for check in one.verdict.checks if check.outcome is Outcome.ALLOW)
        yield one, Verdict(checks=allowed)


def _mailboxes(connection: Connection, looks: Sequence[Look]) -> dict[str, int]:
    """Return the identity of the mailbox to which each message goes, by its key: reports are about that.

    What names no address of its own goes to that of the account.
    """
    at_account = {fold_email(one.contact.email) for one in looks if one.recipient is None}
    known = people.mailboxes(connection, at_account) if at_account else {}
    found = {
        one.message.key: known.get(fold_email(one.contact.email)) if one.recipient is None else one.recipient
        for one in looks
    }
    return {key: mailbox for key, mailbox in found.items() if mailbox is not None}


def _whole(connection: Connection, letters: Sequence[_Letter]) -> list[_Letter]:
    """Return the letters of which everything is still as it was seen; it stays so until the end."""
    if not any(letter.look.members for letter in letters):
        return list(letters)
    several = {
        letter.message.key: [one.message for one in (letter.look, *letter.look.members)] for letter in letters
    }
    held = sending.lock_as_seen(connection, [one for parts in several.values() for one in parts])
    return [one for one in letters if all(part.key in held for part in several[one.message.key])]


def _apart(several: Sequence[Message], looks: Mapping[str, Look]) -> tuple[list[Message], list[Message]]:
    """Split messages: those of different persons, and those that must see first what became of them."""
    met: set[int] = set()
    now: list[Message] = []
    later: list[Message] = []
    for one in several:
        persons = looks[one.key].persons
        (later if persons & met else now).append(one)
        met |= persons
    return now, later


def _not_now(message: Message, seen: Look, now: datetime) -> Change:
    """Return what becomes of a message that may not leave."""
    verdict = seen.verdict
    state, until = MessageState.SKIPPED, None
    if verdict.outcome is Outcome.DENY and message.repeated and message.submitted_at is not None:
        # It may have arrived, and nobody tries again: that is not the same as not having been sent.
        detail = {"reason": f"it is not repeated ({verdict.code})"}
        return Change(message=message, state=MessageState.UNKNOWN, code=Reason.OUTCOME_UNKNOWN, detail=detail)
    if verdict.outcome is not Outcome.DENY:
        state = MessageState.DEFERRED if verdict.outcome is Outcome.DEFER else MessageState.HELD
        until = verdict.until or now + LOOK_AGAIN
        if verdict.outcome is Outcome.HOLD and message.expires_at is not None:
            until = min(until, max(message.expires_at, now))
    return Change(message=message, state=state, code=verdict.code, detail=dict(verdict.values), until=until)


def _handed(letter: _Letter, date: datetime) -> SendResult:
    composed, contact = letter.composed, letter.look.contact
    outgoing = OutgoingMessage(
        id=letter.message.id,
        date=date,
        recipient=contact.email,
        recipient_name=display_name(contact, composed.locale),
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        locale=composed.locale,
        unsubscribe=letter.unsubscribe,
    )
    # A channel is somebody's code: after a bug in it nobody can tell whether it had sent.
    name = letter.message.channel
    try:
        return _told_by(name, letter.channel.send(outgoing))
    except Exception as error:  # noqa: BLE001
        return Unknown(f"channel {name!r} failed with {type(error).__name__}")


def _told_by(channel: str, answer: object) -> SendResult:
    """Return a channel's answer in words that every database can hold."""
    match answer:
        case Accepted(reference=reference):
            return Accepted(short_line(reference))
        case Refused(reason=reason):
            return Refused(short_line(reason))
        case TryAgain(reason=reason):
            return TryAgain(short_line(reason))
        case Unknown(reason=reason):
            return Unknown(short_line(reason))
    return Unknown(f"channel {channel!r} answered with {type(answer).__name__}")


def _told(message: Message, verdict: str, made: Verdict, now: datetime) -> Decision:
    """Return the record of a verdict with the checks that led to it."""
    checks = tuple(
        CheckLine(
            name=check.name,
            rule=check.rule,
            code=check.code,
            values=check.values,
            outcome=check.outcome.value,
            until=check.until,
        )
        for check in made.checks
    )
    # Of what passes, no single check is the reason.
    detail = {} if made.outcome is Outcome.ALLOW else made.values
    return about(message, now, verdict, made.code, detail, checks=checks)


def _note(connection: Connection, made: Sequence[Change], now: datetime) -> None:
    decisions.append(
        connection, [about(one.message, now, one.state.value, one.code, one.detail) for one in made]
    )
