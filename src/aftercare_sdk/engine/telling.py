"""What no platform reports, so that the shop's own program tells it: surveys, referrals, complaints.

Each is a row of the journal; an answer and a referral are an event or two besides. Told again under its id,
it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.emitting import add_units
from aftercare_sdk.errors import InputError, UnknownCustomer
from aftercare_sdk.model.events import FeedbackReceived, ReferralCompleted, ReferralRole
from aftercare_sdk.store import complaints, control, events, journal, objects, people
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Arrival, Kind, State

_LONGEST_ID = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer to a survey, given by whoever placed `order` or has `account`."""

    shop: str
    id: str
    survey: str
    order: str | None
    account: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Referred:
    """The `order` of a friend whom the account `referrer` has sent."""

    shop: str
    id: str
    referrer: str
    order: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complained:
    """A complaint of whoever placed `order` or has `account`."""

    shop: str
    id: str
    order: str | None
    account: str | None
    at: datetime | None


@gives_way
def tell_complaint(brand: Brand, told: Complained) -> bool:
    """Note a complaint; return whether it is news. Raises UnknownCustomer or InputError."""
    _one_of_two(f"complaint {told.id!r}", told.order, told.account)
    now = brand.clock.now()
    at = _checked(brand, told, told.at or now, now, {"complaint": told.id})
    key = f"{told.shop}/complaint/{told.id}"
    with brand.database.write() as connection:
        whose = _whose(connection, told.shop, told.order, told.account)
        people.lock_owners(connection, [whose.identity])
        fresh = complaints.note(connection, key, whose.identity, at)
        if fresh:
            _journal(connection, told, "complaint.tell", now, key)
    return fresh


@gives_way
def tell_feedback(brand: Brand, told: Answered) -> bool:
    """Note an answer; return whether it is news. Raises UnknownCustomer, and InputError for what is none."""
    _one_of_two(f"answer {told.id!r}", told.order, told.account)
    now = brand.clock.now()
    at = _checked(brand, told, told.at or now, now, {"answer": told.id, "survey": told.survey})
    event = FeedbackReceived(
        id=f"{told.shop}/feedback/{told.id}",
        shop=told.shop,
        occurred_at=at,
        survey=told.survey,
        answer=told.id,
        order=told.order,
    )
    with brand.database.write() as connection:
        seq = control.number_events(connection, 1)
        whose = _whose(connection, told.shop, told.order, told.account)
        people.lock_owners(connection, [whose.identity])
        return _note(brand, connection, told, "feedback.tell", [_known(event, seq, whose, now)])


@gives_way
def tell_referral(brand: Brand, told: Referred) -> bool:
    """Note a referral; return whether it is news.

    Raises UnknownCustomer, and InputError if somebody was to have sent himself.
    """
    now = brand.clock.now()
    at = _checked(brand, told, told.at or now, now, {"referral": told.id})
    with brand.database.write() as connection:
        seq = control.number_events(connection, len(ReferralRole))
        both = {
            ReferralRole.REFERRER: _account(connection, told.shop, told.referrer),
            ReferralRole.FRIEND: _buyer(connection, told.shop, told.order),
        }
        owners = people.lock_owners(connection, [whose.identity for whose in both.values()])
        if len(set(owners.values())) == 1:
            raise InputError(f"referral {told.id!r}: the friend and the referrer are the same customer")
        known = []
        for number, (role, whose) in enumerate(both.items()):
            event = ReferralCompleted(
                id=f"{told.shop}/referral/{told.id}/{role}",
                shop=told.shop,
                occurred_at=at,
                referral=told.id,
                role=role,
                order=told.order if role is ReferralRole.FRIEND else None,
            )
            known.append(_known(event, seq + number, whose, now))
        return _note(brand, connection, told, "referral.tell", known)


@dataclass(frozen=True, slots=True)
class _Whose:
    """The object that names a person, and the person's identity."""

    kind: str
    id: str
    identity: int


def _one_of_two(what: str, order: str | None, account: str | None) -> None:
    if (order is None) == (account is None):
        raise InputError(f"{what}: name the order or the account of whoever it is from, one of both")


def _whose(connection: Connection, shop: str, order: str | None, account: str | None) -> _Whose:
    return _account(connection, shop, account or "") if order is None else _buyer(connection, shop, order)


def _checked(
    brand: Brand, told: Answered | Referred | Complained, at: datetime, now: datetime, names: dict[str, str]
) -> datetime:
    """Return when it happened. Raises InputError for what cannot be kept, or has not happened yet."""
    if told.shop not in brand.shops:
        raise InputError(f"shop {told.shop!r} is not configured")
    for name, value in names.items():
        if not value or len(value) > _LONGEST_ID or not value.isprintable() or "/" in value:
            raise InputError(
                f"{name} {value[:_LONGEST_ID]!r} is no id: 1 to {_LONGEST_ID} characters, no slash"
            )
    if at.tzinfo is None:
        raise InputError(f"{told.id!r} has no zone with its time; write a time with its offset")
    if at > now:
        raise InputError(f"{told.id!r} is to have happened later than now")
    return at


def _buyer(connection: Connection, shop: str, order: str) -> _Whose:
    key = (shop, "order", order)
    stored = objects.get_many(connection, [key]).get(key)
    if stored is None or stored.identity is None:
        raise UnknownCustomer(f"no order {order!r} of shop {shop!r} is known yet")
    return _Whose("order", order, stored.identity)


def _account(connection: Connection, shop: str, account: str) -> _Whose:
    found = people.search(connection, f"{shop}/{account}") if account else {}
    if len(found) != 1:
        raise UnknownCustomer(f"no account {account!r} of shop {shop!r} is known yet")
    return _Whose("customer", account, next(iter(found)))


def _known(event: FeedbackReceived | ReferralCompleted, seq: int, whose: _Whose, now: datetime) -> Known:
    return Known(
        event=event,
        seq=seq,
        object_kind=whose.kind,
        object=whose.id,
        identity=whose.identity,
        known_at=now,
    )


def _note(
    brand: Brand, connection: Connection, told: Answered | Referred, topic: str, raised: Sequence[Known]
) -> bool:
    """Raise events that are not known, behind the locks of their customers."""
    known = events.get_many(connection, [one.event.id for one in raised])
    fresh = [one for one in raised if one.event.id not in known]
    if not fresh:
        return False
    events.save_many(connection, fresh)
    add_units(brand, connection, fresh)
    _journal(connection, told, topic, fresh[0].known_at, ", ".join(one.event.id for one in fresh))
    return True


def _journal(
    connection: Connection, told: Answered | Referred | Complained, topic: str, now: datetime, outcome: str
) -> None:
    arrival = Arrival(
        kind=Kind.COMMAND,
        shop=told.shop,
        topic=topic,
        received_at=now,
        body=dump({name: value for name, value in asdict(told).items() if value is not None}).encode(),
        state=State.DONE,
        outcome=outcome,
    )
    journal.append(connection, [arrival])
