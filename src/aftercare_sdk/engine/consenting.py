"""The consent ledger at work: what persons have said is noted, and counts from the same moment on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import add_units
from aftercare_sdk.engine.finding import find_customers
from aftercare_sdk.engine.suppressing import refuse_erased
from aftercare_sdk.engine.tombstones import erased_since
from aftercare_sdk.errors import InputError, UnknownCustomer
from aftercare_sdk.model.consent_ledger import ALL_CHANNELS, Basis, ConsentEntry, ConsentWord
from aftercare_sdk.model.events import ConsentChanged
from aftercare_sdk.model.people import Identity, IdentityKind, fold_email
from aftercare_sdk.model.records import ConsentRecord
from aftercare_sdk.outreach.addresses import UnusableAddress, parse_address
from aftercare_sdk.outreach.permission.consent import COVERED, told_by_platform
from aftercare_sdk.store import consents, control, erasing, events, journal, objects, people
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.consents import Said
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.suppressions import EMAIL

CONSENT = "consent"
"""The kind of what `ConsentChanged` is about: an entry of the ledger by its key, or the object of a shop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who has said it: the `account` of a `shop`, or whoever has the mailbox `email`. One of both.

    With a mailbox `shop` is to whom it was said, if that is known.
    """

    shop: str = ""
    account: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What an identity has said, and to which shop; empty: to none in particular."""

    shop: str
    identity: int
    entry: ConsentEntry


def said_by(connection: Connection, customers: Collection[int]) -> Mapping[int, tuple[ConsentEntry, ...]]:
    """Return what each customer has said, here and on the platforms of shops."""
    if not customers:
        return {}
    own = consents.of_customers(connection, customers)
    identities = people.identities_of(connection, customers)
    owners = {identity: customer for customer, several in identities.items() for identity in several}
    told: dict[int, list[ConsentEntry]] = {each: [one.entry for one in own[each]] for each in customers}
    for stored in objects.consents_of(connection, owners):
        if isinstance(stored.record, ConsentRecord) and stored.identity is not None:
            told[owners[stored.identity]] += told_by_platform(stored.record)
    return {customer: tuple(several) for customer, several in told.items()}


def of_own_orders(
    connection: Connection, said: Mapping[int, tuple[ConsentEntry, ...]]
) -> Mapping[int, tuple[ConsentEntry, ...]]:
    """Return what was said without soft opt-ins that name somebody else's order, or none that is known.

    The address must have been given in a sale to this person (LAW-13).
    """
    soft = [one for entries in said.values() for one in entries if _is_soft(one)]
    if not soft:
        return said
    stored = objects.get_many(connection, {key for one in soft if (key := _order_key(one.order))})
    buyers = {key: one.identity for key, one in stored.items() if one.identity is not None}
    owners = people.customers_of(connection, set(buyers.values()))

    def fits(one: ConsentEntry, customer: int) -> bool:
        key = _order_key(one.order)
        buyer = buyers.get(key) if key else None
        return not _is_soft(one) or (buyer is not None and owners[buyer] == customer)

    return {
        customer: tuple(one for one in entries if fits(one, customer)) for customer, entries in said.items()
    }


def _is_soft(one: ConsentEntry) -> bool:
    return one.basis is Basis.SOFT_OPT_IN and one.word is ConsentWord.GIVEN


def _order_key(ref: str) -> tuple[str, str, str] | None:
    shop, is_order, id_ = ref.partition("/order/")
    return (shop, "order", id_) if is_order else None


def said_by_whom(connection: Connection, text: str) -> tuple[tuple[ConsentEntry, ...], ...]:
    """Return what each customer has said whom an operator's text may mean, the oldest first.

    See `find_customers` for what a text may be.
    """
    said = said_by(connection, find_customers(connection, text))
    return tuple(tuple(sorted(said[customer], key=lambda one: one.at)) for customer in sorted(said))


@gives_way
def note(brand: Brand, speaker: Speaker, entry: ConsentEntry) -> bool:
    """Note what somebody has said; return whether it is news. It counts as soon as this returns.

    Of what was said before the person was erased only a refusal is kept, at the addresses that they had.
    Raises UnknownCustomer for an account that nobody has, and InputError for what cannot have been said.
    """
    now = brand.clock.now()
    if entry.at > now:
        raise InputError("a consent or an objection is to have been given later than now")
    check(entry)
    with brand.database.write() as connection:
        control.hold(connection)
        tomb = erased_since(connection, named(speaker), entry.at)
        if tomb is not None:
            return _keep_refusal(connection, tomb.identity, entry)
        identity = identity_of(connection, speaker, now)
        # A message that is being submitted to this person waits, or is waited for.
        people.lock_owners(connection, [identity])
        return note_in(brand, connection, [Word(shop=speaker.shop, identity=identity, entry=entry)], now)


def _keep_refusal(connection: Connection, identity: int, entry: ConsentEntry) -> bool:
    """Keep what an erased person has refused by mail, without them (LAW-20); all else is no more."""
    if entry.word is not ConsentWord.OBJECTED or entry.channel not in {EMAIL, ALL_CHANNELS}:
        return False
    customer = people.lock_owners(connection, [identity])[identity]
    purposes = COVERED if entry.purpose is None else {entry.purpose}
    return refuse_erased(connection, {customer}, purposes, at=entry.at, by=entry.source)


def note_in(brand: Brand, connection: Connection, several: Sequence[Word], now: datetime) -> bool:
    """Do the same with what several have said; return whether any of it is news.

    The transaction holds the locks of the persons, and before these the decider's (`control.hold`), as it
    numbers events.
    """
    said = [Said(identity=word.identity, entry=word.entry, recorded_at=now) for word in several]
    shops = {consents.key_of(one): word.shop for one, word in zip(said, several, strict=True)}
    fresh = consents.append(connection, said)
    journal.append(connection, [_arrival(one) for one in fresh.values()])
    _raise(brand, connection, fresh, shops)
    return bool(fresh)


def _arrival(said: Said) -> Arrival:
    entry = said.entry
    told = {
        "identity": said.identity,
        "channel": entry.channel,
        "purpose": entry.purpose.value if entry.purpose else "",
        "basis": entry.basis.value,
        "source": entry.source,
        "actor": entry.actor,
    }
    return Arrival(
        kind=Kind.COMMAND,
        shop="",
        topic=f"consent.{entry.word.value}",
        received_at=said.recorded_at,
        body=dump(told).encode(),
        state=State.DONE,
        outcome=f"{entry.word.value}: {entry.channel}, {told['purpose'] or 'all purposes'}",
    )


def _raise(brand: Brand, connection: Connection, fresh: Mapping[str, Said], shops: Mapping[str, str]) -> None:
    """Tell plugins what is news, by key.

    A form that somebody has filled in changes nothing yet, and of whoever was erased nothing is told.
    """
    told = {key: one for key, one in fresh.items() if one.entry.word is not ConsentWord.ASKED}
    buried = erasing.erased(connection, {one.identity for one in told.values()}) if told else {}
    heard = {key: one for key, one in told.items() if one.identity not in buried}
    if not heard:
        return
    first = control.number_events(connection, len(heard))
    default = next(iter(brand.settings.shops), "")
    raised = [
        Known(
            event=_event(key, shops[key] or default, said.entry),
            seq=first + place,
            object_kind=CONSENT,
            object=key,
            identity=said.identity,
            known_at=said.recorded_at,
        )
        for place, (key, said) in enumerate(heard.items())
    ]
    events.save_many(connection, raised)
    add_units(brand, connection, raised)


def _event(key: str, shop: str, entry: ConsentEntry) -> ConsentChanged:
    return ConsentChanged(
        id=f"{shop}/{CONSENT}/{key[:32]}",
        shop=shop,
        occurred_at=entry.at.astimezone(UTC),
        channel=entry.channel,
        purpose=entry.purpose,
        basis=entry.basis if entry.word is ConsentWord.GIVEN else None,
        source=entry.source,
        by_person=entry.by_person,
    )


def check(entry: ConsentEntry) -> None:
    """Refuse what proves nothing: a consent without the words it is given to (LAW-04, LAW-13, LAW-17)."""
    if entry.word is ConsentWord.OBJECTED:
        return
    if entry.basis not in {Basis.EXPRESS, Basis.SOFT_OPT_IN, Basis.IMPLIED}:
        raise InputError(f"nobody gives a consent on the basis {entry.basis.value!r}")
    if entry.basis is Basis.IMPLIED:
        if entry.until is None:
            raise InputError("an implied consent ends: say until when (LAW-17)")
        return
    if not (entry.form and entry.form_hash):
        raise InputError(
            "a consent is proved by the words that were agreed to: name the version of the form and give its "
            "text (LAW-04)"
        )
    if entry.basis is Basis.SOFT_OPT_IN and not (entry.order and entry.refusal_offered):
        raise InputError(
            "a soft opt-in comes with a purchase at which refusing was offered: name the order, and say so "
            "(LAW-13)"
        )


def named(speaker: Speaker) -> Identity:
    """Return as whom somebody speaks. Raises InputError."""
    if bool(speaker.account) == bool(speaker.email):
        raise InputError("name the account or the address of whoever has said it, one of both")
    if speaker.account:
        return Identity(kind=IdentityKind.ACCOUNT, shop=speaker.shop, value=speaker.account)
    try:
        parse_address(speaker.email)
    except UnusableAddress:
        raise InputError("the address of whoever has said it is none that mail can be sent to") from None
    return Identity(kind=IdentityKind.EMAIL, value=fold_email(speaker.email))


def identity_of(connection: Connection, speaker: Speaker, now: datetime) -> int:
    """Return the identity of whoever has said something. Raises UnknownCustomer and InputError."""
    who = named(speaker)
    found = people.known(connection, [who])
    if who not in found:
        if speaker.account:
            raise UnknownCustomer(f"no account {speaker.account!r} of shop {speaker.shop!r} is known yet")
        # Somebody else may be about to make the same one: the decider, or another form.
        control.number_events(connection, 0)
        found = people.ids(connection, [who], now)
    return found[who]
