"""What providers and mail servers report of messages that have left (SEND-05).

Each report is a row of the journal and an event. Where a message stands, and whether its address is written
to any more, follows from the set of all reports: late, told twice or in another order they come to the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine import breaking
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.consenting import Word, note_in
from aftercare_sdk.engine.emitting import add_units
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.outcomes import settle_members
from aftercare_sdk.engine.suppressing import refuse_erased
from aftercare_sdk.errors import InputError
from aftercare_sdk.model.consent_ledger import ConsentEntry, ConsentWord
from aftercare_sdk.model.events import MessageOutcome
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import STATES, Bounce, OutcomeKind, Report, SuppressionReason
from aftercare_sdk.model.people import fold_email
from aftercare_sdk.outreach.permission.consent import COVERED
from aftercare_sdk.outreach.permission.suppression import keeps_bouncing
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store import control, decisions, erasing, events, journal, outcomes, people, suppressions
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.decisions import about
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.outcomes import Outcome, Standing
from aftercare_sdk.store.sending import Change
from aftercare_sdk.store.suppressions import Suppression

TOGETHER = 50
"""How many reports share a transaction, so that none is long."""
LATEST = timedelta(days=7)
"""A report that names nothing but an address means the last message that went there, if it is no older."""

_STRENGTH = {kind: place for place, kind in enumerate(STATES)}
_CODES: Mapping[MessageState, Reason] = {
    MessageState.FAILED: Reason.REPORTED_FAILED,
    MessageState.DELIVERED: Reason.REPORTED_DELIVERED,
    MessageState.BOUNCED: Reason.REPORTED_BOUNCED,
    MessageState.COMPLAINED: Reason.REPORTED_COMPLAINED,
}
_NOBODY_KNOWS = "no message is known by what it names"
_NEVER_LEFT = "the message that it names has never left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """How many reports were news, how many had been seen before, and how many were about no message."""

    news: int = 0
    seen: int = 0
    ignored: int = 0

    def __add__(self, other: Noted) -> Noted:
        return Noted(
            news=self.news + other.news, seen=self.seen + other.seen, ignored=self.ignored + other.ignored
        )


def report(brand: Brand, channel: str, reports: Sequence[Report]) -> Noted:
    """Note what is reported of messages of a channel. Raises InputError for a channel that is not configured.

    A report about no known message is kept in the journal as ignored, and nothing else comes of it.
    """
    if channel not in brand.settings.channels:
        raise InputError(f"channel {channel!r} is not configured")
    noted = Noted()
    for first in range(0, len(reports), TOGETHER):
        noted += _report(brand, channel, reports[first : first + TOGETHER])
    return noted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A report and the message that it is about; `key` is the same whenever the same is told."""

    report: Report
    key: str
    message: Message
    at: datetime

    def event(self, channel: str) -> MessageOutcome:
        message = self.message
        return MessageOutcome(
            id=_event_id(message, channel, self.key),
            shop=message.shop,
            occurred_at=self.at,
            message=message.id,
            plugin=message.plugin,
            label=message.label,
            channel=channel,
            outcome=self.report.kind,
            reason=self.report.reason,
            permanent=self.report.bounce is Bounce.HARD,
            order=message.object if message.object_kind == "order" else None,
        )

    def outcome(self, channel: str) -> Outcome:
        return Outcome(
            key=self.key,
            message=self.message.key,
            channel=channel,
            kind=self.report.kind,
            reason=self.report.reason or "",
            bounce=self.report.bounce or "",
            at=self.at,
        )


@gives_way
def _report(brand: Brand, channel: str, reports: Sequence[Report]) -> Noted:
    now = brand.clock.now()
    by_key = {_key(channel, one): one for one in reports}
    with brand.database.write() as connection:
        seq = control.number_events(connection, len(by_key))
        found = _messages(brand, connection, channel, list(by_key.values()), now)
        meant = {key: message for key, one in by_key.items() if (message := _meant(one, found))}
        left = {key: message for key, message in meant.items() if message.submitted_at is not None}
        known = events.get_many(connection, [_event_id(left[key], channel, key) for key in left])
        people.lock_owners(
            connection,
            {one for message in left.values() for one in (message.identity, message.recipient) if one},
        )
        current = outcomes.lock(connection, {message.key for message in left.values()})
        fresh = [
            _Match(
                report=by_key[key],
                key=key,
                message=current[message.key],
                at=_moment(by_key[key], message, now),
            )
            for key, message in left.items()
            if _event_id(message, channel, key) not in known
        ]
        outcomes.add(connection, [one.outcome(channel) for one in fresh])
        _settle(connection, fresh, now)
        against = (one.message for one in fresh if breaking.speaks_against(one.report))
        breaking.weigh(connection, {one.sender for one in against if one.sender}, now)
        suppressed = _suppress(brand, connection, channel, fresh, now)
        raised = [_known(one, channel, seq + place, now) for place, one in enumerate(fresh)]
        events.save_many(connection, raised)
        add_units(brand, connection, raised)
        news = {one.key for one in fresh}
        about_erased = _about_erased(brand, connection, by_key, meant)
        arrivals = [
            replace(arrival, body=b"") if key in about_erased else arrival
            for key, one in by_key.items()
            for arrival in (
                _arrival(channel, key, one, meant.get(key), suppressed=suppressed.get(key, ()), now=now),
            )
        ]
        journal.append(connection, arrivals)
        brand.beats.reported(connection, channel, {one.kind for one in reports}, now)
    ignored = len(by_key.keys() - left.keys())
    for one in fresh:
        log.info("outcome", id=one.message.id, channel=channel, outcome=one.report.kind.value)
    return Noted(news=len(news), seen=len(reports) - len(news) - ignored, ignored=ignored)


def _about_erased(
    brand: Brand, connection: Connection, reports: Mapping[str, Report], meant: Mapping[str, Message]
) -> set[str]:
    """Return the keys of reports about somebody who was erased: their raw bodies name the person."""
    if not erasing.count(connection):
        return set()
    buried = erasing.erased(
        connection, {one for each in meant.values() for one in (each.identity, each.recipient) if one}
    )
    hashes = {key: brand.address_hash(one.recipient) for key, one in reports.items() if one.recipient}
    tombs = erasing.tombs(connection, set(hashes.values()))
    return {
        key
        for key in reports
        if hashes.get(key) in tombs
        or (
            (message := meant.get(key))
            and not buried.keys().isdisjoint({message.identity, message.recipient})
        )
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The messages that reports may mean, by what they name."""

    ids: Mapping[str, Message]
    references: Mapping[str, Message]
    addresses: Mapping[str, Message]


def _messages(
    brand: Brand, connection: Connection, channel: str, reports: Sequence[Report], now: datetime
) -> _Found:
    bare = {fold_email(one.recipient) for one in reports if not (one.message or one.reference)}
    mailboxes = _mailboxes(brand, connection, bare)
    known = {id_ for several in mailboxes.values() for id_ in several}
    latest = outcomes.latest_to(connection, channel, known, now - LATEST)
    ids = outcomes.with_ids(connection, {one.message for one in reports if one.message})
    return _Found(
        # Who speaks for one channel says nothing of messages of another.
        ids={id_: message for id_, message in ids.items() if message.channel == channel},
        references=outcomes.with_references(
            connection, channel, {one.reference for one in reports if one.reference}
        ),
        addresses={
            address: next(latest[id_] for id_ in several if id_ in latest)
            for address, several in mailboxes.items()
            if not latest.keys().isdisjoint(several)
        },
    )


def _mailboxes(brand: Brand, connection: Connection, addresses: Collection[str]) -> dict[str, list[int]]:
    """Return who has or had each address, the last first: after an erasure it is somebody else's (LAW-20)."""
    living = people.mailboxes(connection, addresses)
    hashes = {brand.address_hash(address): address for address in addresses}
    found = {address: [mailbox] for address, mailbox in living.items()}
    for hashed, tombs in erasing.tombs(connection, hashes).items():
        found.setdefault(hashes[hashed], []).extend(tomb.identity for tomb in reversed(tombs))
    return found


def _meant(one: Report, found: _Found) -> Message | None:
    if not (one.message or one.reference):
        return found.addresses.get(fold_email(one.recipient))
    return found.ids.get(one.message) or found.references.get(one.reference)


def _moment(one: Report, message: Message, now: datetime) -> datetime:
    """Return when it happened: not before the message has left, and not later than now, whatever is told.

    Providers that tell only the day, or nothing, must not date a complaint before the consent it takes back.
    """
    told = one.at or now
    return min(max(told, message.submitted_at or told), now)


def _settle(connection: Connection, fresh: Sequence[_Match], now: datetime) -> None:
    """Bring messages to where they stand by all that was reported of them."""
    affected = {one.message.key: one.message for one in fresh if one.report.kind in STATES}
    told = outcomes.of_messages(connection, affected)
    moved = [
        standing
        for key, message in affected.items()
        if (standing := _standing(message, told[key])).state is not message.state
        or (standing.code, standing.detail, standing.at) != (message.code, message.detail, message.final_at)
    ]
    outcomes.settle(connection, moved)
    settle_members(
        connection,
        [Change(message=one.message, state=one.state, code=one.code, detail=one.detail) for one in moved],
        now,
    )
    decisions.append(
        connection, [about(one.message, now, one.state.value, one.code, one.detail) for one in moved]
    )


def _standing(message: Message, told: Sequence[Outcome]) -> Standing:
    """Return what the strongest outcome makes of a message; of several equal ones the first."""
    strongest = max((one.kind for one in told if one.kind in STATES), key=_STRENGTH.__getitem__)
    state = STATES[strongest]
    first = min(
        (one for one in told if STATES.get(one.kind) is state), key=lambda one: (one.at, one.kind, one.reason)
    )
    detail = {"outcome": first.kind.value, **({"reason": first.reason} if first.reason else {})}
    return Standing(message=message, state=state, code=_CODES[state], detail=detail, at=first.at)


def _suppress(
    brand: Brand, connection: Connection, channel: str, fresh: Sequence[_Match], now: datetime
) -> dict[str, list[SuppressionReason]]:
    """Suppress addresses (SEND-06); return why, by the key of the report.

    Whoever complains or unsubscribes at the provider has refused, and that is noted with the consents.
    """
    written_to = {one.message.recipient for one in fresh if one.message.recipient is not None}
    hashes = {
        mailbox: brand.address_hash(address)
        for mailbox, address in people.addresses_of(connection, written_to).items()
    }
    # Whoever was erased is known by the hash, and the word of an erased person still counts (LAW-20).
    buried = erasing.hashes_of(connection, written_to - hashes.keys())
    owners = people.customers_of(connection, buried)
    source = f"channel {channel}"[:100]
    done: dict[str, list[SuppressionReason]] = {}
    told: list[Suppression] = []
    refused: list[Word] = []
    for one in fresh:
        if (reason := one.report.suppresses) is None:
            continue
        mailbox, named = one.message.recipient or 0, one.report.recipient
        # The mailbox that we wrote to, not the one that the mail was forwarded to.
        address = hashes.get(mailbox) or buried.get(mailbox) or (named and brand.address_hash(named))
        if not address:
            continue
        whose = one.message.recipient or one.message.identity
        told.append(
            Suppression(
                address=address,
                reason=reason,
                identity=None if mailbox in buried else whose,
                source=source,
                at=one.at,
            )
        )
        done.setdefault(one.key, []).append(reason)
        if reason.of_person and mailbox in buried:
            refuse_erased(connection, {owners[mailbox]}, COVERED, at=one.at, by=source)
        elif reason.of_person:
            entry = ConsentEntry(
                channel=brand.medium(channel),
                purpose=None,
                word=ConsentWord.OBJECTED,
                at=one.at,
                source=source,
            )
            refused.append(Word(shop=one.message.shop, identity=whose, entry=entry))
    note_in(brand, connection, refused, now)
    suppressions.add(connection, told)
    for mailbox, keys in _arrivals(fresh).items():
        if mailbox in hashes:
            dead = _weigh_soft_bounces(connection, mailbox, hashes[mailbox], source)
            for key in keys if dead else ():
                done.setdefault(key, []).append(SuppressionReason.SOFT_BOUNCES)
    return done


def _arrivals(fresh: Sequence[_Match]) -> dict[int, list[str]]:
    """Return the mailboxes of which it is news whether mail arrives there, with the keys of the reports."""
    found: dict[int, list[str]] = {}
    for one in fresh:
        says = one.report.bounce is Bounce.SOFT or one.report.kind is OutcomeKind.DELIVERED
        if says and one.message.recipient is not None:
            found.setdefault(one.message.recipient, []).append(one.key)
    return found


def _weigh_soft_bounces(connection: Connection, mailbox: int, address: str, source: str) -> bool:
    """Suppress a mailbox in which nothing has arrived for long, or let it go if something has, after all.

    What was reported before its person was erased counts as well: the mailbox is the same.
    """
    reason = SuppressionReason.SOFT_BOUNCES
    buried = (tomb.identity for tomb in erasing.tombs(connection, [address]).get(address, ()))
    told = sorted(
        (
            one
            for several in outcomes.of_mailboxes(connection, {mailbox, *buried}).values()
            for one in several
        ),
        key=lambda one: (one.at, one.key),
    )
    since = suppressions.lifted(connection, [address], reason).get(address)
    dead = keeps_bouncing([(one.at, one.bounce) for one in told], since)
    suppressions.withdraw(connection, [address], reason)
    if dead is None:
        return False
    suppressions.add(
        connection,
        [Suppression(address=address, reason=reason, identity=mailbox, source=source, at=dead)],
    )
    return True


def _known(one: _Match, channel: str, seq: int, now: datetime) -> Known:
    return Known(
        event=one.event(channel),
        seq=seq,
        object_kind=one.message.object_kind,
        object=one.message.object,
        identity=one.message.identity,
        known_at=now,
    )


def _arrival(
    channel: str,
    key: str,
    one: Report,
    message: Message | None,
    *,
    suppressed: Collection[SuppressionReason],
    now: datetime,
) -> Arrival:
    """Return the row of a report. An ignored one does not stand in the way of a copy that means something."""
    about_one = message is not None and message.submitted_at is not None
    if message is None:
        outcome = f"{one.kind.value}, ignored: {_NOBODY_KNOWS}"
    elif not about_one:
        outcome = f"{one.kind.value}, ignored: {_NEVER_LEFT}"
    else:
        outcome = "; ".join(_said(message, one, suppressed))
    return Arrival(
        kind=Kind.OUTCOME,
        shop=message.shop if message else "",
        topic=f"{channel}.{one.kind.value}",
        delivery=message.id if message else one.message or one.reference,
        received_at=now,
        body=one.body,
        dedupe=key if about_one else hashlib.sha256(f"ignored\x1f{key}".encode()).hexdigest(),
        state=State.DONE if about_one else State.IGNORED,
        outcome=outcome,
    )


def _said(message: Message, one: Report, suppressed: Collection[SuppressionReason]) -> Iterator[str]:
    why = f" ({one.reason.value})" if one.reason else ""
    yield f"message {message.id}: {one.kind.value}{why}"
    for reason in suppressed:
        yield f"its address is suppressed: {reason.value}"


def _event_id(message: Message, channel: str, key: str) -> str:
    return f"{message.shop}/outcome/{channel}/{key[:32]}"


def _key(channel: str, one: Report) -> str:
    """Return under what a report is known: the provider's name for it, or else all that it says (SEND-05)."""
    if one.event_id:
        told: tuple[str, ...] = ("id", one.event_id)
        body = b""
    else:
        at = one.at.isoformat() if one.at else ""
        told = (one.kind, one.message, one.reference, one.recipient, one.reason or "", at)
        body = one.body
    named = "\x1f".join((channel, *told)).encode(errors="replace")
    return hashlib.sha256(named + b"\x1f" + body).hexdigest()
