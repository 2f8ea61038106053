"""What one transaction sees of messages that are about to leave: the gate's verdict, and what to write from.

Everything is looked up for a whole group of messages at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aftercare_sdk.engine import approving, breaking, consenting
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.confirming import ASKED, LOCALE
from aftercare_sdk.engine.consenting import CONSENT
from aftercare_sdk.engine.contacts import contact_of
from aftercare_sdk.engine.timing import barrier
from aftercare_sdk.engine.turns import Look, take_turns
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.approvals import Approval
from aftercare_sdk.model.consent_ledger import ConsentEntry
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.outcomes import SuppressionReason
from aftercare_sdk.model.pauses import Pause
from aftercare_sdk.model.people import Contact, fold_email
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands, Premise
from aftercare_sdk.model.records import CustomerRecord, OrderRecord, ReviewRecord
from aftercare_sdk.model.shops import Shop
from aftercare_sdk.outreach.budget import CAPPED, Account, horizon
from aftercare_sdk.outreach.budget import Contact as Reaching
from aftercare_sdk.outreach.gate import Candidate, Person, decide
from aftercare_sdk.outreach.hours.calendar import WHOLE_DAY, Hours, never
from aftercare_sdk.outreach.hours.closed_days import holidays_of
from aftercare_sdk.outreach.hours.quiet_hours import OpenHours, hours_for
from aftercare_sdk.outreach.hours.zones import zone_for, zones_of
from aftercare_sdk.outreach.locales import locale_for
from aftercare_sdk.outreach.permission.consent import agreed_again, agreed_to, standing
from aftercare_sdk.outreach.permission.jurisdictions import ADVERTISING
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import (
    complaints,
    events,
    messages,
    objects,
    people,
    reads,
    sending,
    suppressions,
    units,
)
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.objects import Key, Stored
from aftercare_sdk.store.sending import Reached, Sent
from aftercare_sdk.store.suppressions import Suppression
from aftercare_sdk.store.units import Listener, Unheard

SHORTEST_WAIT = timedelta(minutes=1)
"""How soon a message that waits for its plugin is looked at again, at the earliest."""

_SAID_BY_MAIL = frozenset({ASKED, CONSENT})
"""What may be said by somebody of whom nothing is known but an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """An account of a shop, with its own identity."""

    identity: int
    record: CustomerRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of everything that a group of messages is about."""

    stored: Mapping[Key, Stored]
    orders: Mapping[Key, Order]
    customers: Mapping[int, int]
    accounts: Mapping[int, tuple[_Account, ...]]
    awaited: Collection[Key]
    unheard: Mapping[Listener, Unheard]
    sent: Sequence[Sent]
    said: Mapping[int, tuple[ConsentEntry, ...]]
    bought: Mapping[int, datetime]
    complained: Mapping[int, datetime]
    reached: Sequence[Reached]
    approvals: Mapping[str, Approval]
    pauses: Mapping[str, Pause]
    suppressed: Sequence[Suppression] = ()
    mailboxes: Mapping[int, str] = field(default_factory=dict, repr=False)

    def contact(self, message: Message) -> Contact | None:
        """Return how to reach whom a message is to."""
        if address := self.mailbox(message):
            # Where the form says, and nowhere else: nothing has shown yet that it is the person's own.
            return Contact(email=address)
        stored = self.stored.get(_own(message))
        record = stored.record if stored and isinstance(stored.record, OrderRecord | ReviewRecord) else None
        return contact_of(record, self.account(message))

    def mailbox(self, message: Message) -> str:
        """Return the address by which was said what a message is about; empty: it is about something else."""
        return self.mailboxes.get(message.identity, "") if message.object_kind in _SAID_BY_MAIL else ""

    def account(self, message: Message) -> CustomerRecord | None:
        """Return the account that a message came from; a guest has none."""
        mine = self.accounts.get(self.customers[message.identity], ())
        return next((one.record for one in mine if one.identity == message.identity), None)

    def accounts_of(self, persons: Iterable[int]) -> list[CustomerRecord]:
        """Return all accounts of customers: also who orders as a guest may have one."""
        return [one.record for person in sorted(persons) for one in self.accounts.get(person, ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the premises of one message are checked against."""

    seen: Seen
    message: Message
    customer: int
    recipient: int | None
    now: datetime

    def order(self, ref: str) -> Order | None:
        return self.seen.orders.get(_key(ref))

    def last_sent(self, label: str, since: datetime) -> datetime | None:
        return max(
            (
                sent.at
                for sent in self.seen.sent
                if (sent.plugin, sent.label) == (self.message.plugin, label)
                and sent.key != self.message.key
                and sent.at > since
                and (
                    sent.customer == self.customer
                    or (self.recipient is not None and sent.recipient == self.recipient)
                )
            ),
            default=None,
        )


def look(
    brand: Brand, connection: Connection, group: Sequence[Message], *, locked: bool = False
) -> dict[str, Look]:
    """Ask every check for every message; the answers by message key.

    `locked`: nobody can change what was seen before the transaction ends. Else what is due to the same
    persons is looked at as well, because it may go first, or leave in the same message.
    """
    now = brand.clock.now()
    several = list(group) if locked else [*group, *_companions(brand, connection, group, now)]
    seen = see(brand, connection, several, now, locked=locked)
    looks = {message.key: look_at(brand, seen, message, now) for message in several}
    return take_turns(looks, brand.settings.budget.priorities, now)


def _companions(
    brand: Brand, connection: Connection, group: Sequence[Message], now: datetime
) -> list[Message]:
    """Return what else is due to those to whom something capped, or something that is merged, is to go.

    Nothing about a shop that is held up: nobody would send it, so nothing gives way to it.
    """
    sharing = {one.identity for one in group if one.purpose in CAPPED or one.merge_group}
    if not sharing:
        return []
    owners = set(people.customers_of(connection, sharing).values())
    known = {one.key for one in group}
    held = barrier(brand, connection).held
    return [
        one
        for one in messages.companions(connection, owners, CAPPED, now)
        if one.key not in known and one.shop not in held
    ]


def see(
    brand: Brand, connection: Connection, group: Sequence[Message], now: datetime, *, locked: bool = False
) -> Seen:
    """Return what is known of everything that messages are about; see `look` for `locked`."""
    # Objects before customers, as the decider writes them: else each could wait for the other.
    own = {message.key: _own(message) for message in group}
    wanted = {*own.values(), *(key for message in group for key in _orders(message.premises))}
    stored = (objects.lock if locked else objects.get_many)(connection, wanted)
    recipients = {key: stored[about].contact_identity for key, about in own.items() if about in stored}
    asked = {message.identity for message in group if message.object_kind in _SAID_BY_MAIL}
    mine = {message.identity for message in group}
    customers = _customers(
        connection, mine | {one for one in recipients.values() if one is not None}, locked=locked
    )
    listeners = [
        Listener(
            plugin=message.plugin,
            shop=message.shop,
            object_kind=message.object_kind,
            object=message.object,
            identity=message.identity,
            customer=customers[message.identity],
        )
        for message in group
    ]
    advertising = [one for one in group if Purpose(one.purpose) in ADVERTISING]
    capped = {
        customers[one]
        for message in group
        if message.purpose in CAPPED
        for one in (message.identity, recipients.get(message.key))
        if one is not None
    }
    budget = brand.settings.budget
    seen = Seen(
        complained=complaints.latest(connection, capped, now),
        reached=sending.contacts_since(connection, capped, CAPPED, now - horizon(budget.caps)),
        said=_said_by(
            connection,
            {
                customers[one]
                for message in group
                if message.purpose != Purpose.TRANSACTIONAL
                for one in (message.identity, recipients.get(message.key))
                if one is not None
            },
        ),
        bought=events.last_purchase_at(
            connection, {customers[recipients.get(one.key) or one.identity] for one in advertising}
        )
        if advertising
        else {},
        stored=stored,
        orders={
            key: order
            for key, one in stored.items()
            if isinstance(one.record, OrderRecord)
            and (order := as_order(one.record, brand.assumptions(key[0]), now))
        },
        customers=customers,
        accounts=_accounts(connection, set(customers.values())),
        awaited=reads.pending(connection, own.values()).keys(),
        unheard=units.unheard(connection, listeners, now),
        sent=_sent(connection, group, customers, recipients, now),
        mailboxes=people.addresses_of(connection, asked) if asked else {},
        approvals=approving.standing(brand, connection, group, locked=locked),
        pauses=breaking.standing(connection, group),
    )
    return replace(seen, suppressed=_suppressed(brand, connection, seen, group))


def _accounts(connection: Connection, customers: Collection[int]) -> Mapping[int, tuple[_Account, ...]]:
    """Return the accounts of customers."""
    found: dict[int, list[_Account]] = {}
    for customer, one in objects.accounts_of_customers(connection, customers):
        if one.identity is not None and isinstance(one.record, CustomerRecord):
            found.setdefault(customer, []).append(_Account(identity=one.identity, record=one.record))
    return {customer: tuple(several) for customer, several in found.items()}


def _said_by(connection: Connection, customers: Collection[int]) -> Mapping[int, tuple[ConsentEntry, ...]]:
    return consenting.of_own_orders(connection, consenting.said_by(connection, customers))


def _customers(connection: Connection, concerned: Collection[int], *, locked: bool) -> dict[int, int]:
    """Return the customer of each identity; `locked`: others wait who decide about one of them."""
    return (people.lock_owners if locked else people.customers_of)(connection, concerned)


def _sent(
    connection: Connection,
    group: Sequence[Message],
    customers: Mapping[int, int],
    recipients: Mapping[str, int | None],
    now: datetime,
) -> Sequence[Sent]:
    """Return what premises on earlier messages are checked against: nothing, if there are none."""
    asking = [
        (message, premise)
        for message in group
        for premise in message.premises
        if isinstance(premise, NotSentWithin)
    ]
    if not asking:
        return ()
    return sending.reached_since(
        connection,
        plugins={message.plugin for message, _ in asking},
        labels={premise.label for _, premise in asking},
        customers={customers[message.identity] for message, _ in asking},
        recipients={
            recipient for message, _ in asking if (recipient := recipients.get(message.key)) is not None
        },
        since=now - max(premise.period for _, premise in asking),
    )


def _suppressed(
    brand: Brand, connection: Connection, seen: Seen, group: Sequence[Message]
) -> Sequence[Suppression]:
    """Return what stands against the addresses of a group, and against the persons behind them (SEND-06).

    Whoever suppresses an address locks its owner first, so that what is seen here behind that lock stays.
    """
    contacts = [contact for message in group if (contact := seen.contact(message)) and contact.email]
    return suppressions.of(
        connection,
        {brand.address_hash(contact.email) for contact in contacts},
        set(seen.customers.values()),
    )


def _against(
    told: Iterable[Suppression],
    address: str,
    persons: Collection[int],
    reader: int,
    still: Callable[[int, Suppression], bool],
) -> frozenset[SuppressionReason]:
    """Return why an address, as its hash, is suppressed: for what it is, or by the word of a person.

    What was said of the address itself is the reader's word. `still` tells whether what a person said is that
    person's last word.
    """
    found: set[SuppressionReason] = set()
    for one in told:
        whose = reader if one.address == address else one.customer
        concerns = one.address == address or (one.reason.of_person and whose in persons)
        if concerns and (not one.reason.of_person or (whose is not None and still(whose, one))):
            found.add(one.reason)
    return frozenset(found)


def _is_last_word(one: Suppression, said: Sequence[ConsentEntry], medium: str, now: datetime) -> bool:
    """Tell whether a person has not agreed since they refused: to that purpose, if they refused only one."""
    if one.purpose is None:
        return not agreed_again(said, medium, one.at, now)
    return not agreed_to(said, medium, one.purpose, one.at, now)


def look_at(brand: Brand, seen: Seen, message: Message, now: datetime) -> Look:
    """Ask every check for one message at a moment, as far as it depends on no other message."""
    shop = brand.shop(message.shop)
    own = _own(message)
    stored = seen.stored.get(own)
    is_asked = message.object_kind == ASKED
    recipient = message.identity if seen.mailbox(message) else stored.contact_identity if stored else None
    customer = seen.customers[message.identity]
    account = seen.account(message)
    contact = seen.contact(message)
    order = seen.orders.get(own)
    unheard = seen.unheard.get(
        Listener(
            plugin=message.plugin,
            shop=message.shop,
            object_kind=message.object_kind,
            object=message.object,
            identity=message.identity,
            customer=customer,
        )
    )
    reader = customer if recipient is None else seen.customers[recipient]
    persons = frozenset({customer, reader})
    accounts = seen.accounts_of(persons)
    places = _places(order, contact, accounts)
    country, region = places[0]
    medium, sender = brand.medium(message.channel), brand.sender_domain(message.channel)
    candidate = Candidate(
        purpose=Purpose(message.purpose),
        due_at=message.due_at or now,
        window=message.window,
        premises=message.premises,
        categories=message.categories,
        awaiting_read=f"{message.object_kind} {message.object}" if own in seen.awaited else None,
        awaiting_event=unheard.event if unheard else None,
        awaiting_until=max(unheard.at, now + SHORTEST_WAIT) if unheard and unheard.at else None,
        recipient=contact.email if contact else "",
        suppressed=_against(
            [one for one in seen.suppressed if one.purpose in {None, Purpose(message.purpose)}],
            brand.address_hash(contact.email),
            persons,
            reader,
            lambda whose, one: _is_last_word(one, seen.said.get(whose, ()), medium, now),
        )
        if seen.suppressed and contact and contact.email
        else frozenset(),
        person=Person(
            channel=medium,
            countries=frozenset(_countries(order, contact, accounts)),
            home=shop.country,
            said=_said(seen, message, reader, medium, now),
            purchased_at=seen.bought.get(reader),
            reclassified=brand.settings.consent.reclassified,
            sender_named=brand.settings.brand.legal is not None,
            way_out=bool(brand.settings.server.public_url),
        ),
        hours=_hours(brand, message, contact, country, _zones(shop, accounts, places)),
        account=_account(brand, seen, message, persons),
        approval=seen.approvals.get(message.key),
        last=message.code,
        sender=sender,
        pause=seen.pauses.get(sender),
    )
    facts = _Facts(seen=seen, message=message, customer=customer, recipient=recipient, now=now)
    return Look(
        verdict=decide(candidate, facts),
        order=order,
        recipient=recipient,
        persons=persons,
        contact=contact or Contact(),
        locale=locale_for(
            account.locale.value if account and account.locale else "",
            message.data.get(LOCALE, "") if is_asked else order.locale if order else "",
            country,
            shop.locale,
        ),
        zone=zone_for(
            account.zone.value if account and account.zone else "",
            country,
            region,
            shop.zone,
        ),
        message=message,
        candidate=candidate,
    )


def _account(brand: Brand, seen: Seen, message: Message, persons: frozenset[int]) -> Account | None:
    """Return what a message is measured by; None: it is owed, and not counted.

    Whoever has called a mail spam has complained as well.
    """
    if message.purpose not in CAPPED:
        return None
    complained = [
        *(at for customer, at in seen.complained.items() if customer in persons),
        *(
            one.at
            for one in seen.suppressed
            if one.reason is SuppressionReason.COMPLAINT and one.customer in persons
        ),
    ]
    budget = brand.settings.budget
    return Account(
        medium=brand.medium(message.channel),
        caps=budget.caps,
        contacts=tuple(
            Reaching(at=one.at, medium=brand.medium(one.channel), plugin=one.plugin)
            for one in seen.reached
            if one.customers & persons and one.key != message.key
        ),
        complained_at=max(complained, default=None),
        cool_down=budget.cool_down,
    )


def _places(
    order: Order | None, contact: Contact | None, accounts: Iterable[CustomerRecord]
) -> list[tuple[str, str]]:
    """Return country and region where a person may be, at least one, which may be of nowhere.

    It is where the parcel goes; if nobody says where that is, every place that an account of theirs names.
    """
    country = (order.country if order else "") or (contact.country if contact else "")
    if country:
        return [(country, _region(contact, country))]
    own = [account.contact.value for account in accounts if account.contact and account.contact.value]
    return list(dict.fromkeys((one.country, one.region) for one in own if one.country)) or [("", "")]


def _zones(
    shop: Shop, accounts: Iterable[CustomerRecord], places: Iterable[tuple[str, str]]
) -> tuple[ZoneInfo, ...]:
    """Return every zone in which a person may be: those that accounts name, else what the places say."""
    own = {account.zone.value for account in accounts if account.zone and account.zone.value} or {""}
    found = (zones_of(one, country, region, shop.zone) for one in sorted(own) for country, region in places)
    return tuple(dict.fromkeys(zone for zones in found for zone in zones))


def _hours(
    brand: Brand, message: Message, contact: Contact | None, country: str, zones: tuple[ZoneInfo, ...]
) -> OpenHours | None:
    """Return when a message may leave, by the clock of whoever gets it; None: at any hour.

    All that waits for the morning of one mailbox leaves at the same moment, what was due first before the
    rest.
    """
    quiet, medium = brand.settings.quiet_hours, brand.medium(message.channel)
    span = quiet.open.get(medium)
    hours = hours_for(medium, Purpose(message.purpose), country, Hours(*span) if span else None)
    if hours is None or (hours == WHOLE_DAY and not quiet.holidays):
        return None
    closed = holidays_of(country or brand.shop(message.shop).country, "") if quiet.holidays else never
    mailbox = fold_email(contact.email) if contact else ""
    return OpenHours(key=mailbox or message.key, hours=hours, zones=zones, closed=closed)


def _said(seen: Seen, message: Message, reader: int, medium: str, now: datetime) -> tuple[ConsentEntry, ...]:
    """Return what counts: what the reader of a message has said, and what the buyer has refused.

    Nobody consents for somebody else whose address an order names: the buyer's refusal stands, whatever the
    reader has agreed to since.
    """
    said, customer = seen.said.get(reader, ()), seen.customers[message.identity]
    if customer == reader:
        return said
    refused = standing(seen.said.get(customer, ()), medium, Purpose(message.purpose), now)
    return (refused.objection,) if refused.objected and refused.objection else said


def _countries(order: Order | None, contact: Contact | None, accounts: Iterable[CustomerRecord]) -> set[str]:
    """Return every country in which a person may be, by what the order, the address and accounts say."""
    own = [account.contact.value for account in accounts if account.contact and account.contact.value]
    told = (order.country if order else "", contact.country if contact else "", *(one.country for one in own))
    return {country for country in told if country}


def _region(contact: Contact | None, country: str) -> str:
    """Return the state or province of a person, unless their address is in another country than `country`."""
    if contact is None or contact.country.upper() not in ("", country.upper()):
        return ""
    return contact.region


def _own(message: Message) -> Key:
    return (message.shop, message.object_kind, message.object)


def _key(ref: str) -> Key:
    shop, _, order = ref.partition("/order/")
    return (shop, "order", order)


def _orders(premises: Iterable[Premise]) -> set[Key]:
    """Return the orders that premises are about."""
    return {_key(premise.order) for premise in premises if isinstance(premise, OrderStands | NoRefund)}
