"""An engine lives through a history, and people react to the mails that reach them."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from itertools import count
from typing import Any

import requests
from sqlalchemy import func, select

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine import breaking
from aftercare_sdk.engine.erasing import erase
from aftercare_sdk.errors import UnknownCustomer
from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot, Parcel, RefundSnapshot
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.shops import Ref
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import people
from aftercare_sdk.store.tables import decisions
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from tests.support.shop import Bench, BenchClock, body_of, request
from tests.support.simulated_shop.accounting import Fate
from tests.support.simulated_shop.facts import (
    AccountPicture,
    Agrees,
    Complains,
    Delivered,
    Erased,
    Fact,
    Objects,
    OneClick,
    OrderPicture,
    PlatformSays,
    Reported,
    ReviewPicture,
    Told,
    Unanswered,
)
from tests.support.simulated_shop.mailbox import MailboxPlugin
from tests.support.simulated_shop.programs import CONFIG, DOMAIN, HOUSE, programs
from tests.support.simulated_shop.world import DAY, END, START, TICK, Person, World, tick_after

_CURRENCY = "JPY"
_FOREVER = timedelta(days=60)
"""So long after the year the last window has closed."""


@dataclass
class Life:
    """What came of a world: its history as it was lived, reactions included, and the mails that left."""

    bench: Bench
    history: list[Told] = field(default_factory=list)
    mails: list[Delivered] = field(default_factory=list)
    pauses: int = 0
    """How often advertising was paused, and resumed."""


@contextmanager
def live(url: str, world: World, config: Mapping[str, Any] = CONFIG) -> Iterator[Life]:
    """Let an engine on a database live through a world, until the last window has closed."""
    dice = random.Random(2)  # noqa: S311 - it plays a mail server
    clock = BenchClock(START)
    life: Life

    def keep(content: bytes) -> None:
        life.mails.append(Delivered(at=clock.now(), content=content, known=len(life.history)))

    def lose(message: str) -> None:
        life.history.append(Told(clock.now(), Unanswered(message=message)))

    plugins = {**programs(), "mailbox": MailboxPlugin(dice, keep, lose)}
    with ExitStack() as held:
        bench = held.enter_context(Bench(url, plugins, clock=clock, config=config))
        life = Life(bench)
        endpoint = held.enter_context(Endpoint(make_app(bench.aftercare, dict), "127.0.0.1", 0))
        _Teller(life, world, endpoint.url).live()
        yield life


class _Teller:
    """Tells the engine what happens, and makes people react."""

    def __init__(self, life: Life, world: World, endpoint: str) -> None:
        self._life = life
        self._world = world
        self._endpoint = endpoint
        self._order = count()
        self._coming = [(one.at, next(self._order), one.fact) for one in world.history]
        heapq.heapify(self._coming)
        self._read = 0
        self._looked = START
        self._got: Counter[str] = Counter()
        self._dice = random.Random(3)  # noqa: S311 - it plays people
        self._tell: dict[type[Any], Callable[[Any], None]] = {
            OrderPicture: lambda fact: self._post(fact.shop, Ref("order", fact.number), _order(fact)),
            AccountPicture: lambda fact: self._post(fact.shop, Ref("customer", fact.number), _account(fact)),
            ReviewPicture: lambda fact: self._post(fact.shop, None, _review(fact)),
            PlatformSays: lambda fact: self._post(fact.shop, None, _consent(fact)),
            Agrees: self._agree,
            Objects: self._object,
            Complains: self._complain,
            Reported: self._report,
            OneClick: self._click,
            Erased: self._erase,
        }

    def live(self) -> None:
        """Let the year pass, and then as long as a message may still wait.

        The engine works as `aftercare work` does: what was told is processed at once, what is due is done
        at the next tick. Going to each single second in which something is due would take hours.
        """
        aftercare, clock = self._life.bench.aftercare, self._life.bench.clock
        while (at := self._next()) < END + _FOREVER:
            clock.move(at)
            if self._tell_all(at) or aftercare.read():
                aftercare.process()
            while aftercare.send():
                pass
            self._react()
            self._resume(at)
        aftercare.advance(END + _FOREVER)

    def _tell_all(self, at: datetime) -> int:
        """Tell what has happened by now; return how much that was."""
        before = len(self._life.history)
        while self._coming and self._coming[0][0] <= at:
            _, _, fact = heapq.heappop(self._coming)
            try:
                self._tell[type(fact)](fact)
            except UnknownCustomer:  # the account itself is told late; its page says so again
                self._expect(at + TICK, fact)
            else:
                self._life.history.append(Told(at, fact))
        return len(self._life.history) - before

    def _expect(self, at: datetime, fact: Fact) -> None:
        if at < END + _FOREVER:
            heapq.heappush(self._coming, (at, next(self._order), fact))

    def _next(self) -> datetime:
        """Return the next tick at which something is told or due."""
        due = self._life.bench.aftercare.next_due()
        moments = [tick_after(due)] if due else []
        moments += [self._coming[0][0]] if self._coming else []
        return min(moments, default=END + _FOREVER)

    def _post(self, shop: str, ref: Ref | None, picture: Any) -> None:
        """Post a webhook. Asked again, the shop answers with the newest that it has told."""
        if ref is not None:
            known = self._life.bench.shelf.objects.get(ref)
            if known is None or known.version.modified_at <= picture.version.modified_at:
                self._life.bench.shelf.objects[ref] = picture
        reply = self._life.bench.aftercare.receive(shop, request(body_of(picture)))
        assert 202 == reply.status

    def _agree(self, fact: Agrees) -> None:
        self._life.bench.aftercare.process()  # the account may have come a moment ago
        self._life.bench.aftercare.consents.give(
            form="newsletter-1",
            words="Yes, write to me.",
            shop=fact.shop,
            account=fact.account,
            email=fact.email,
            purpose=Purpose(fact.purpose) if fact.purpose else None,
            basis=Basis(fact.basis),
            until=fact.until,
            order=fact.order,
            refusal_offered=fact.basis == "soft_opt_in",
            categories=fact.categories,
            actor=fact.by,
        )

    def _object(self, fact: Objects) -> None:
        self._life.bench.aftercare.process()
        self._life.bench.aftercare.consents.refuse(
            shop=fact.shop,
            account=fact.account,
            email=fact.email,
            purpose=Purpose(fact.purpose) if fact.purpose else None,
            actor=fact.by,
        )

    def _complain(self, fact: Complains) -> None:
        self._life.bench.aftercare.tell_complaint(
            fact.shop, f"ticket-{fact.order}", order=fact.order, complained_at=fact.at
        )

    def _report(self, fact: Reported) -> None:
        report = Report(
            kind=OutcomeKind(fact.kind),
            message=fact.message,
            recipient=fact.email,
            reason=RejectReason(fact.reason) if fact.reason else None,
            response=fact.response,
            at=fact.at,
            body=repr(fact).encode(),
        )
        for _ in range(self._dice.choice((1, 1, 1, 2))):
            self._life.bench.aftercare.tell_outcomes("email", [report])

    def _erase(self, fact: Erased) -> None:
        brand = self._life.bench.aftercare.brand
        with brand.database.read() as connection:
            known = people.search(connection, fact.email)
        erase(brand, known, reason="asked for it", actor="mori")

    def _resume(self, now: datetime) -> None:
        """Let somebody look once a day whether too much was unwanted, and go on (SEND-04)."""
        if now - self._looked < DAY:
            return
        self._looked = now
        brand = self._life.bench.aftercare.brand
        (health,) = breaking.health(brand.database, [DOMAIN], now)
        if health.pause is not None:
            breaking.resume(brand, DOMAIN, by="mori", note="it is a simulation")
            self._life.pauses += 1

    def _click(self, fact: OneClick) -> None:
        url = fact.url.replace(HOUSE.public.rstrip("/"), self._endpoint)
        answer = requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=30, allow_redirects=False)
        assert 200 == answer.status_code

    def _react(self) -> None:
        """Let people read what has come since the last time."""
        mails = self._life.mails
        for mail in mails[self._read :]:
            headers = BytesHeaderParser().parsebytes(mail.content)
            address = parseaddr(headers["To"])[1]
            person = self._world.people.get(address)
            if person is None:
                continue
            self._got[address] += 1
            for after, fact in _reactions(person, self._got[address], headers, mail.at, self._dice):
                self._expect(tick_after(after), fact)
        self._read = len(mails)


def _reactions(
    person: Person, number: int, mail: Message, at: datetime, dice: random.Random
) -> Iterator[tuple[datetime, Fact]]:
    """Yield what follows from the mail with that number (from 1) of a person."""
    message = mail["Message-ID"].strip("<>").partition("@")[0]
    address = parseaddr(mail["To"])[1]
    soon = at + dice.randint(1, 90) * timedelta(minutes=1)
    way_out = mail["List-Unsubscribe"]

    def reported(kind: str, when: datetime = soon, reason: str = "", response: str = "") -> Reported:
        return Reported(message=message, email=address, kind=kind, at=when, reason=reason, response=response)

    match person.temper:
        case "dead":
            yield soon, reported("bounced", reason="bounced", response="550 5.1.1 no such user")
        case "full":
            yield soon, reported("bounced", reason="timed_out", response="452 4.2.2 mailbox full")
        case "moody":
            full = number % 7
            yield soon, reported("delivered") if not full else reported("deferred", response="452 4.2.2 full")
        case "complains" if number == person.patience:
            late = at + dice.randint(1, 72) * timedelta(hours=1)
            yield late, reported("complained", late)
        case "leaves-at-provider" if number == person.patience:
            yield soon, reported("unsubscribed")
        case "leaves" if way_out and number >= person.patience:
            when = at + dice.randint(1, 72) * timedelta(hours=1)
            yield when, OneClick(url=way_out.strip("<>"), email=address)
        case _ if dice.random() < 0.1:
            yield soon, reported(dice.choice(("delivered", "opened", "clicked")))


def _order(fact: OrderPicture) -> OrderSnapshot:
    total = Money(fact.total, _CURRENCY)
    line = OrderLine(
        id="1",
        title="Something good",
        quantity=1,
        paid=total,
        tax=Money(0, _CURRENCY),
        product=fact.category,
        categories=(fact.category,),
    )
    return OrderSnapshot(
        shop=fact.shop,
        id=fact.number,
        version=Version(modified_at=fact.modified),
        number=fact.number,
        placed_at=fact.placed,
        status="paid" if fact.bought else "pending",
        customer=fact.account or None,
        contact=None if fact.erased else _contact(fact),
        amounts=Amounts(total=total, shipping=Money(0, _CURRENCY), lines=(line,)),
        country=fact.country or None,
        locale=fact.locale or None,
        test=fact.test,
        purchased_at=fact.bought,
        cancelled=fact.cancelled is not None,
        cancelled_at=fact.cancelled,
        shipments=(Parcel(id="A", at=fact.shipped),) if fact.shipped else (),
        deliveries=(Parcel(id="A", at=fact.delivered),) if fact.delivered else (),
        refunds=tuple(
            RefundSnapshot(id=id_, amount=Money(amount, _CURRENCY), lines=(), refunded_at=at)
            for id_, amount, at in fact.refunds
        ),
        erased=fact.erased,
    )


def _account(fact: AccountPicture) -> CustomerSnapshot:
    return CustomerSnapshot(
        shop=fact.shop,
        id=fact.number,
        version=Version(modified_at=fact.modified),
        contact=None if fact.erased else _contact(fact),
        locale=fact.locale or None,
        zone=fact.zone or None,
        erased=fact.erased,
    )


def _review(fact: ReviewPicture) -> ReviewSnapshot:
    return ReviewSnapshot(
        shop=fact.shop,
        id=fact.number,
        version=Version(modified_at=fact.modified),
        product="tea",
        contact=Contact(email=fact.email, full_name=fact.name, country=fact.country),
        rating=4,
        text="Smells of May.",
        status=ReviewStatus.APPROVED,
        created_at=fact.modified,
    )


def _consent(fact: PlatformSays) -> ConsentSnapshot:
    return ConsentSnapshot(
        shop=fact.shop,
        customer=fact.account,
        version=Version(modified_at=fact.since),
        state=ConsentState(fact.state),
        opt_in=OptIn.SINGLE if fact.own else OptIn.UNKNOWN,
        since=fact.since,
    )


def _contact(fact: OrderPicture | AccountPicture) -> Contact:
    return Contact(
        email=fact.email,
        family_name=fact.name,
        given_name="Hana",
        country=fact.country,
        region=getattr(fact, "region", ""),
    )


def fates(life: Life) -> list[Fate]:
    """Return what the engine says became of each message."""
    return [
        Fate(
            step=one.label,
            trigger=one.object if HOUSE.steps[one.label].by_order else one.event,
            message=one.id,
            state=one.state.value,
            code=one.code,
            at=one.final_at,
        )
        for one in life.bench.messages()
    ]


def deferrals(life: Life) -> Counter[str]:
    """Return how often a message was put off, by reason."""
    query = select(decisions.c.code, func.count().label("times")).where(decisions.c.verdict == "deferred")
    with life.bench.aftercare.brand.database.read() as connection:
        rows = connection.execute(query.group_by(decisions.c.code)).all()
    return Counter({row.code: row.times for row in rows})
