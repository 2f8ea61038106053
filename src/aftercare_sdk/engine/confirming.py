"""Double opt-in: whoever fills in a form is asked by mail, and consents with the button behind its link.

Anybody can type anybody's address into a form. So what was typed is noted as asked for, which is no consent,
and whoever has the mailbox confirms it or does nothing. The mail is the answer to what was filled in and says
nothing else: asking for consent is itself a message that needs a reason (LAW-17), and advertises nothing. So
it leaves within a day, or not at all; nobody gets it twice a day for one form, whoever types their address.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.consenting import Speaker, Word, check, identity_of, named, note_in, said_by
from aftercare_sdk.engine.suppressing import ADDRESS_KEY
from aftercare_sdk.engine.tombstones import erased_since
from aftercare_sdk.errors import ConfigurationError, InputError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import ConsentEntry, ConsentWord
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.outreach.permission.consent import COVERED, standing
from aftercare_sdk.outreach.permission.suppression import address_hash
from aftercare_sdk.store import consents, control, decisions, messages, people, suppressions
from aftercare_sdk.store.consents import Said
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.decisions import about
from aftercare_sdk.store.messages import Message

MAIL = "email"
"""By what somebody is asked, and for what: who has a mailbox has proved nothing about a telephone."""
ASKED = "consent_request"
"""The kind of what such a mail is about: an entry of the ledger, by its key."""
SOURCE = "double_opt_in"
"""Where a consent that was given in this way was said."""
LASTS = timedelta(days=7)
"""How long the link can be used, from when the form was filled in."""
ONCE_IN = timedelta(days=1)
"""How often a person is asked about one form, at most, and how late a mail may leave."""
WORDS, LOCALE = "words", "locale"
"""Under which names the data of a message has what is agreed to, and the language of the form."""
_TEMPLATE, _LABEL, _PLUGIN = "confirm-consent", "confirm-consent", "outreach"
_REASON = "a form was filled in"
_PERSON = "customer"
_IDS = uuid.UUID("1f6a51d2-7f3e-5a0a-9a4e-0d8c3c1b6f52")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was filled in: the address, the words that stood there, and the entry that notes it."""

    email: str = field(repr=False)
    words: str
    shop: str
    locale: str
    entry: ConsentEntry


class Stage(Enum):
    """How far somebody is who has the link."""

    OPEN = "open"
    DONE = "done"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the link leads to: what is agreed to, and where it can be asked for anew, if that is known."""

    stage: Stage
    words: str
    locale: str
    url: str
    form_url: str


@gives_way
def ask(brand: Brand, asked: Asked) -> bool:
    """Note what was filled in, and plan the mail; return whether there is one. See `Consents.ask`."""
    now, entry = brand.clock.now(), asked.entry
    if entry.at > now:
        raise InputError("a form is to have been filled in later than now")
    check(entry)
    channel = _channel(brand)
    speaker = Speaker(email=asked.email)
    with brand.database.write() as connection:
        control.hold(connection)
        if erased_since(connection, named(speaker), entry.at):
            return False
        identity = identity_of(connection, speaker, now)
        owners = people.lock_owners(connection, [identity])
        if _is_dead(connection, asked.email) or _was_asked(connection, owners[identity], entry, now):
            return False
        said = Said(identity=identity, entry=entry, recorded_at=now)
        note_in(brand, connection, [Word(shop=asked.shop, identity=identity, entry=entry)], now)
        if not _in_time(entry, now):
            return False
        mail = _mail(brand, asked, said, channel)
        messages.plan(connection, [mail])
        decisions.append(
            connection, [about(mail, now, MessageState.PLANNED.value, "planned", {"reason": mail.reason})]
        )
    return True


def confirmation(brand: Brand, connection: Connection, message: Message, locale: str) -> Confirmation | None:
    """Return what the link of a mail leads to now; None: it is no such mail."""
    asked = _entry(connection, message)
    if asked is None:
        return None
    now = brand.clock.now()
    return Confirmation(
        stage=_stage(connection, asked, now),
        words=message.data.get(WORDS, ""),
        locale=locale,
        url=brand.card(message.shop).url,
        form_url=asked.entry.url,
    )


def confirm(brand: Brand, connection: Connection, message: Message) -> None:
    """Note that whoever has the mailbox agrees to what was asked for, unless the link has ended."""
    asked, now = _entry(connection, message), brand.clock.now()
    if asked is None:
        return
    control.hold(connection)
    people.lock_owners(connection, [asked.identity])
    if _stage(connection, asked, now) is Stage.OPEN:
        given = replace(asked.entry, word=ConsentWord.GIVEN, at=now, source=SOURCE, actor=_PERSON)
        note_in(brand, connection, [Word(shop=message.shop, identity=asked.identity, entry=given)], now)


def _entry(connection: Connection, message: Message) -> Said | None:
    return consents.with_key(connection, message.object) if message.object_kind == ASKED else None


def _stage(connection: Connection, asked: Said, now: datetime) -> Stage:
    address = people.addresses_of(connection, [asked.identity]).get(asked.identity)
    if address is None:  # they have been erased: nobody can agree for them
        return Stage.ENDED
    customer = people.customers_of(connection, [asked.identity])[asked.identity]
    said = said_by(connection, {customer})[customer]
    purposes = COVERED if asked.entry.purpose is None else {asked.entry.purpose}
    if all(
        any(_confirms(one, asked.entry) for one in standing(said, MAIL, purpose, now).given)
        for purpose in purposes
    ):
        return Stage.DONE
    ended = now >= asked.entry.at + LASTS or _is_dead(connection, address)
    return Stage.ENDED if ended else Stage.OPEN


def _confirms(given: ConsentEntry, asked: ConsentEntry) -> bool:
    """Tell whether a consent was given to the words that were asked about, in this way."""
    return given.source == SOURCE and (given.form, given.form_hash) == (asked.form, asked.form_hash)


def _in_time(entry: ConsentEntry, now: datetime) -> bool:
    """Tell whether a mail still answers what was filled in (LAW-17)."""
    return now - entry.at < ONCE_IN


def _is_dead(connection: Connection, address: str) -> bool:
    """Tell whether nothing arrives at an address (SEND-06)."""
    key = control.known_secret(connection, ADDRESS_KEY)
    if key is None:  # no address has ever been suppressed
        return False
    against = suppressions.of(connection, [address_hash(key, address)])
    return any(one.reason is SuppressionReason.HARD_BOUNCE for one in against)


def _was_asked(connection: Connection, customer: int, entry: ConsentEntry, now: datetime) -> bool:
    """Tell whether a mail about the same form has been planned within a day."""
    said: Iterable[Said] = consents.of_customers(connection, [customer])[customer]
    return any(
        one.entry.word is ConsentWord.ASKED
        and one.entry.form == entry.form
        and _in_time(one.entry, one.recorded_at)
        and now - one.recorded_at < ONCE_IN
        for one in said
    )


def _channel(brand: Brand) -> str:
    """Return the channel that such mails leave by. Raises ConfigurationError for what is missing."""
    if brand.settings.brand.legal is None:
        raise ConfigurationError(
            "asking for consent needs [brand.legal]: the mail says who asks (LAW-01, LAW-17)"
        )
    if not brand.settings.server.public_url:
        raise ConfigurationError(
            "asking for consent needs public_url under [server], for the link to confirm"
        )
    fit = [name for name in brand.settings.channels if brand.medium(name) == MAIL]
    if not fit:
        raise ConfigurationError("asking for consent by mail needs a channel for mail; add [channels.email]")
    return MAIL if MAIL in fit else fit[0]


def _mail(brand: Brand, asked: Asked, said: Said, channel: str) -> Message:
    legal = brand.settings.brand.legal
    assert legal is not None  # noqa: S101 - for the type checker; `_channel` has refused it
    entry = consents.key_of(said)
    key = hashlib.sha256(f"{_PLUGIN}\x1f{ASKED}\x1f{entry}".encode()).hexdigest()
    at = asked.entry.at
    return Message(
        key=key,
        id=str(uuid.uuid5(_IDS, key)),
        plugin=_PLUGIN,
        event="",
        shop=asked.shop or next(iter(brand.settings.shops), ""),
        object_kind=ASKED,
        object=entry,
        identity=said.identity,
        label=_LABEL,
        template=_TEMPLATE,
        purpose=Purpose.TRANSACTIONAL.value,
        channel=channel,
        anchor="",
        delay=timedelta(0),
        window=ONCE_IN,
        premises=(),
        data={
            WORDS: asked.words,
            LOCALE: asked.locale,
            "company": legal.name,
            "address": legal.address,
            "contact": legal.contact,
        },
        reason=_REASON,
        planned_at=said.recorded_at,
        due_at=at,
        next_at=at,
        expires_at=at + ONCE_IN,
        state=MessageState.PLANNED,
    )
