"""The adversary: what should not have been sent, judged from the bytes of the mails and the history alone.

It is written from the issue, from `messaging-rules.md` and from `docs/`, and imports nothing of the
SDK, so that a mistake there is not repeated here. Each violation names its rule.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from tests.support.simulated_shop.facts import (
    AccountPicture,
    Delivered,
    House,
    OrderPicture,
    ReviewPicture,
    Step,
    Told,
)
from tests.support.simulated_shop.places import BASES, jurisdiction, sleeping, zones
from tests.support.simulated_shop.record import ADVERTISES, COVERED, Name, Record, Word, mailbox

DAY = timedelta(days=1)
CAPS = ((1, DAY), (3, 7 * DAY))
"""So many in so long a time, by rolling windows (LAW-23). With one channel both count the same."""
COOL_DOWN, LAST_DAYS = 14 * DAY, 3 * DAY
BOUGHT_RECENTLY = 730 * DAY
"""Two years (LAW-17)."""
_MARK = re.compile(r"\[([a-z-]+) (\S+)\]")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
OTHER_ACCOUNT = ", as another account of the person has it"
_REFUSAL = ("stop these messages", "配信を停止")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A mail that should not have left: by which rule, to whom, when, and why."""

    rule: str
    who: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A step of a program about one thing (`trigger`), at a moment at which `known` facts had been told."""

    step: str
    trigger: str
    email: str
    at: datetime
    known: int
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What can be read in the bytes of a mail."""

    case: Case
    headers: Message
    text: str
    html: str


class Checker:
    """Judges cases in the order of time: hand them over with `known` never falling."""

    def __init__(self, house: House, history: Sequence[Told]) -> None:
        self._house = house
        self._history = history
        self._told = 0
        self._record = Record()
        self._ids: defaultdict[str, int] = defaultdict(int)
        self._done: dict[tuple[str, str], str] = {}
        self._sent: defaultdict[Name, list[Case]] = defaultdict(list)
        """Mails by mailbox."""
        self._bought: defaultdict[Name, list[Case]] = defaultdict(list)
        """Mails by whose order they are about, wherever they went."""

    def mail(self, delivered: Delivered) -> Iterator[Violation]:
        """Yield what is wrong with a mail, and remember that it was sent."""
        mail = read(delivered)
        case = mail.case
        for rule, why in (*self.against(case), *self._once(case), *self._written(mail)):
            yield Violation(rule=rule, who=case.email, at=case.at, why=f"{case.step} {case.trigger}: {why}")
        self._remember(case)

    def note(self, delivered: Delivered) -> None:
        """Remember that a mail was sent, without judging it."""
        case = read(delivered).case
        self.learn(case.known)
        self._remember(case)

    def _remember(self, case: Case) -> None:
        self._ids[case.message] += 1
        self._done[case.step, case.trigger] = case.message
        self._sent[mailbox(case.email)].append(case)
        about = self.about(case.trigger)
        for name in self._buyer(about) if about else ():
            self._bought[name].append(case)

    def against(self, case: Case) -> Iterator[tuple[str, str]]:
        """Yield the rules that speak against sending, each with a reason."""
        self.learn(case.known)
        step = self._house.steps.get(case.step)
        about = self.about(case.trigger)
        if step is None or about is None:
            yield "PLAN", "no program has planned it, or nobody had told of such an event"
            return
        yield from self._fact(step, case, about)
        yield from self._law(step, case, about)
        yield from self._night(step, case, about)
        yield from self._suppressed(step, case, about)
        yield from self._cool_down(step, case, about)
        yield from self._caps(step, case, about)
        yield from self._premises(step, case, about)

    def learn(self, known: int) -> None:
        """Take in the history until so many facts are known."""
        while self._told < known:
            self._record.tell(self._history[self._told])
            self._told += 1

    def address(self, trigger: str) -> str:
        """Return where a mail about something is to go, as far as it is known."""
        about = self.about(trigger)
        return about.email if about else ""

    def about(self, trigger: str) -> OrderPicture | ReviewPicture | None:
        """Return what `shop/order/1042/purchase`, `shop/review/7` or the bare number of an order means."""
        parts = trigger.split("/")
        if parts[1:2] == ["review"]:
            return self._record.reviews.get(parts[2])
        return self._record.orders.get(parts[2] if len(parts) > 2 else trigger)

    def _fact(self, step: Step, case: Case, about: OrderPicture | ReviewPicture) -> Iterator[tuple[str, str]]:
        """Judge the moment, the address, and whether there is a person at all."""
        since = _happened(step, case.trigger, about)
        if since is None:
            yield "PLAN", f"there was no {step.on}"
            return
        due = since + step.delay
        if case.at < due:
            yield "WINDOW", f"due at {due}"
        if case.at >= due + step.window:
            yield "WINDOW", f"to be sent before {due + step.window}"
        if isinstance(about, OrderPicture):
            if about.erased:
                yield "ERASURE", "the shop has removed the person from the order"
            elif mailbox(about.email) != mailbox(case.email):
                yield "ADDRESS", f"the order is of {about.email}"
        names = self._record.person(mailbox(case.email)) | self._buyer(about)
        erased = self._record.erased(names)
        if erased is not None and since <= erased:
            yield "ERASURE", f"erased at {erased}"

    def _law(self, step: Step, case: Case, about: OrderPicture | ReviewPicture) -> Iterator[tuple[str, str]]:
        """Judge objections and the lawful basis."""
        if step.purpose not in COVERED:
            return
        reader = self._record.person(mailbox(case.email))
        buyer = self._record.owner(about) if isinstance(about, OrderPicture) else reader
        # Whoever has the mailbox and whoever has bought may both refuse; only the former can agree.
        for names in {reader, buyer}:
            if refused := _objected(self._said(names, step)):
                yield "LAW-14", f"objected at {refused.at}{refused.source}"
        if step.purpose == "survey":
            return
        said = self._said(reader, step)
        for country, whose in self._countries(about, reader).items():
            if step.purpose == "review_request" and country in self._house.review_is_service:
                continue
            law = jurisdiction(country)
            if "none" not in BASES[law] and not self._basis(BASES[law], said, reader, case.at):
                nearly = sorted({one.basis for one in said if one.basis in BASES[law]})
                yield f"BASIS-{law}", f"none in {country}{whose}; what was said is worth nothing: {nearly}"

    def _said(self, names: frozenset[Name], step: Step) -> list[Word]:
        return [one for one in self._record.words(names) if step.purpose in one.purposes]

    def _basis(
        self,
        allowed: frozenset[str],
        said: Iterable[Word],
        reader: frozenset[Name],
        at: datetime,
    ) -> bool:
        """Say whether one of some bases is there."""
        if "implied" in allowed and self._record.bought(reader, at - BOUGHT_RECENTLY):
            return True
        for one in said:
            if one.basis not in allowed or (one.until is not None and one.until <= at):
                continue
            if one.basis != "soft_opt_in" or self._similar(one, reader):
                return True
        return False

    def _similar(self, word: Word, reader: frozenset[Name]) -> bool:
        """Say whether a soft opt-in came with a purchase of the reader's (LAW-13).

        One for some products only is none: no message says which products it advertises.
        """
        order = self._record.orders.get(word.order.rpartition("/")[2])
        if order is None or reader.isdisjoint(self._record.owner(order)):
            return False
        return not word.categories

    def _countries(self, about: OrderPicture | ReviewPicture, reader: frozenset[Name]) -> dict[str, str]:
        """Return all countries whose law may count, with what to say of each.

        That of the parcel, and those of all accounts of the persons.
        """
        accounts = self._accounts(about, reader)
        found = {one.country: OTHER_ACCOUNT for one in accounts}
        found |= {one.country: "" for one in accounts if one.number == about.account}
        found |= {about.country: ""}
        found.pop("", None)
        return found or {self._house.shops[about.shop][0]: ""}

    def _night(
        self, step: Step, case: Case, about: OrderPicture | ReviewPicture
    ) -> Iterator[tuple[str, str]]:
        """Judge the hour where the person is, by all zones that come into question."""
        if step.purpose == "transactional":
            return
        accounts = self._accounts(about, self._record.person(mailbox(case.email)))
        where = tuple(sorted({one.zone for one in accounts} - {""}))
        where = where or zones(about.country, getattr(about, "region", ""))
        for account in accounts:
            where = where or zones(account.country, account.region)
        if zone := sleeping(case.at, where or (self._house.shops[about.shop][1],)):
            local = case.at.astimezone(ZoneInfo(zone))
            named = any(one.zone == zone for one in accounts if one.number != about.account)
            yield "LAW-22", f"{local:%H:%M} in {zone}{OTHER_ACCOUNT if named else ''}"

    def _accounts(self, about: OrderPicture | ReviewPicture, reader: frozenset[Name]) -> list[AccountPicture]:
        """Return all accounts of whoever gets a mail and of whoever has bought."""
        return list(self._record.accounts(reader | self._buyer(about)))

    def _suppressed(
        self, step: Step, case: Case, about: OrderPicture | ReviewPicture
    ) -> Iterator[tuple[str, str]]:
        reader = mailbox(case.email)
        persons = {self._record.person(reader), self._buyer(about)}
        if why := self._record.suppressed(reader, persons, step.purpose):
            yield "SEND-06", why

    def _buyer(self, about: OrderPicture | ReviewPicture) -> frozenset[Name]:
        """Return all names of whoever has bought; none for a review."""
        return self._record.buyer(about) if isinstance(about, OrderPicture) else frozenset()

    def _cool_down(
        self, step: Step, case: Case, about: OrderPicture | ReviewPicture
    ) -> Iterator[tuple[str, str]]:
        """After a complaint nothing advertises for a while; a review request is only delayed (LAW-19)."""
        if step.purpose not in ADVERTISES:
            return
        since = _happened(step, case.trigger, about)
        last_days = since is not None and case.at >= since + step.delay + step.window - LAST_DAYS
        if step.purpose == "review_request" and last_days:
            return
        names = self._record.person(mailbox(case.email)) | self._buyer(about)
        for number, at in self._record.complaints.items():
            order = self._record.orders.get(number)
            if order and at <= case.at < at + COOL_DOWN and names & self._record.buyer(order):
                yield "FEED-08", f"complained about {number} at {at}"

    def _caps(self, step: Step, case: Case, about: OrderPicture | ReviewPicture) -> Iterator[tuple[str, str]]:
        """Count what may have reached a person, over all of their addresses.

        What is about somebody's order and went to somebody else's mailbox counts for both.
        """
        if step.purpose not in COVERED:
            return
        for names in {self._record.person(mailbox(case.email)), self._buyer(about)}:
            for most, period in CAPS:
                earlier = {
                    one
                    for mails in (self._sent, self._bought)
                    for one in self._earlier(case, period, mails, names)
                    if self._house.steps[one.step].purpose in COVERED
                }
                if len(earlier) >= most:
                    yield "LAW-23", f"{len(earlier)} in {period.days} days"

    def _premises(
        self, step: Step, case: Case, about: OrderPicture | ReviewPicture
    ) -> Iterator[tuple[str, str]]:
        if isinstance(about, OrderPicture):
            given_back = sum(amount for _, amount, _ in about.refunds)
            if step.stands and about.cancelled is not None:
                yield "PREMISE", "order_cancelled"
            if (step.stands or step.unspoilt) and given_back >= about.total:
                yield "PREMISE", "order_refunded"
            elif step.unspoilt and given_back:
                yield "PREMISE", "order_partly_refunded"
        if not step.apart:
            return
        earlier = self._earlier(case, step.apart, self._sent, self._record.person(mailbox(case.email)))
        earlier += self._earlier(case, step.apart, self._bought, self._buyer(about))
        if any(one.step == case.step for one in earlier):
            yield "PREMISE", "sent_recently"

    def _earlier(
        self, case: Case, period: timedelta, mails: Mapping[Name, list[Case]], names: frozenset[Name]
    ) -> list[Case]:
        """Return what may have reached a person before, within a time, the oldest first."""
        found = [
            one
            for name in names
            for one in mails.get(name, ())
            if case.at - period < one.at
            and one.message != case.message
            and one.message not in self._record.bounced
            # Of an account of which nothing was known then it may have turned out whose it is.
            and (mails is self._sent or self._is_of(one, names))
        ]
        return sorted(found, key=lambda one: one.at)

    def _is_of(self, case: Case, names: frozenset[Name]) -> bool:
        """Tell whether an earlier mail was about an order of somebody, as it was known then and is now."""
        about = self.about(case.trigger)
        if not isinstance(about, OrderPicture) or about.erased:
            return True
        return not names.isdisjoint(self._record.owner(about))

    def _once(self, case: Case) -> Iterator[tuple[str, str]]:
        """Nothing twice, but what serves a purchase and may have been lost, once (SEND-08)."""
        before = self._done.get((case.step, case.trigger))
        if before is None and not self._ids[case.message]:
            return
        step = self._house.steps.get(case.step)
        repeated = (
            before == case.message
            and case.message in self._record.unanswered
            and self._ids[case.message] == 1
            and step is not None
            and step.purpose not in COVERED
        )
        if not repeated:
            yield "SEND-08", f"sent before, as {before}"

    def _written(self, mail: Mail) -> Iterator[tuple[str, str]]:
        """Judge the bytes."""
        step = self._house.steps.get(mail.case.step)
        if step is None:
            return
        links = mail.headers.get_all("List-Unsubscribe") or []
        posts = mail.headers.get_all("List-Unsubscribe-Post") or []
        if step.purpose not in COVERED:
            if links or posts:
                yield "SEND-01", "what is part of a purchase cannot be refused"
            return
        link = links[0].strip("<>") if len(links) == 1 else ""
        if not link.startswith(self._house.public) or posts != ["List-Unsubscribe=One-Click"]:
            yield "SEND-01", f"List-Unsubscribe: {links}, List-Unsubscribe-Post: {posts}"
        if step.purpose not in ADVERTISES:
            return
        for kind, shown in (("text", mail.text), ("html", html.unescape(_COMMENT.sub("", mail.html)))):
            lacking = [told for told in (*self._house.legal, link or "a link") if told not in shown]
            if not any(words in shown for words in _REFUSAL):
                lacking.append("that one may refuse")
            if lacking:
                yield "LAW-01", f"the {kind} part lacks {', '.join(lacking)}"


def read(delivered: Delivered) -> Mail:
    """Read a mail as its recipient could. Raises ValueError for one that says not what it is about."""
    headers = message_from_bytes(delivered.content)
    parts = {
        part.get_content_type(): part.get_payload(decode=True).decode()
        for part in headers.walk()
        if not part.is_multipart()
    }
    marks = {found for part in parts.values() for found in _MARK.findall(html.unescape(part))}
    if len(marks) != 1:
        raise ValueError(f"a mail about {sorted(marks)}")
    ((step, trigger),) = marks
    return Mail(
        case=Case(
            step=step,
            trigger=trigger,
            email=parseaddr(headers["To"])[1],
            at=delivered.at,
            known=delivered.known,
            message=headers["Message-ID"].strip("<>").partition("@")[0],
        ),
        headers=headers,
        text=parts["text/plain"].replace("\r\n", "\n"),
        html=parts["text/html"].replace("\r\n", "\n"),
    )


def check(house: House, history: Sequence[Told], mails: Iterable[Delivered]) -> list[Violation]:
    """Return everything that is wrong with what was sent."""
    checker = Checker(house, history)
    return [found for mail in mails for found in checker.mail(mail)]


def _objected(said: Iterable[Word]) -> Word | None:
    """Return the objection that stands: no later consent of the person's own, said expressly (LAW-14)."""
    words = list(said)
    refused = max((one for one in words if not one.basis), key=lambda one: one.at, default=None)
    if refused is None:
        return None
    again = any(one.basis == "express" and one.own and one.at > refused.at for one in words)
    return None if again else refused


def _happened(step: Step, trigger: str, about: OrderPicture | ReviewPicture) -> datetime | None:
    """Return when the event of a step was; None: it was not."""
    if isinstance(about, ReviewPicture):
        return about.modified if step.on == "review" else None
    if step.on == "refund":
        return {id_: at for id_, _, at in about.refunds}.get(trigger.rpartition("/")[2])
    moments = {
        "purchase": about.bought,
        "shipment": about.shipped,
        "delivery": about.delivered,
        "cancellation": about.cancelled,
    }
    return None if about.test else moments.get(step.on)
