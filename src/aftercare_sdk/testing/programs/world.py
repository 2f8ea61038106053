"""What hooks are told of: orders with all that can happen to them, reviews, answers, tiers, rewards.

The facts are made up, and shaped as the engine shapes them. One world is one currency and one shop, beside a
second shop in which the customer has bought before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import ALL_CHANNELS, Basis
from aftercare_sdk.model.context import (
    Context,
    CountedOrder,
    CustomerView,
    PointsAward,
    PointsView,
    SentMessage,
    ShopView,
)
from aftercare_sdk.model.events import (
    Cancellation,
    ConsentChanged,
    CustomerErased,
    Delivery,
    Event,
    FeedbackReceived,
    MessageOutcome,
    OrderEvent,
    Purchase,
    ReferralCompleted,
    ReferralRole,
    Refund,
    ReviewReceived,
    RewardChanged,
    Shipment,
    TierChanged,
)
from aftercare_sdk.model.flows import Flow
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderLine, OrderRefund, Parcel, RefundLine
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason
from aftercare_sdk.model.reviews import Review, ReviewStatus
from aftercare_sdk.model.rewards import RewardState
from aftercare_sdk.model.subscriptions import Subscription, SubscriptionLine

START = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)
"""When the order at hand is placed: in Tokyo it is April already."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECOND_SHOP = "second"
WHOLE = "whole"
_PLACES = {"JPY": ("JP", "ja", "Asia/Tokyo")}
_ELSEWHERE = ("US", "en", "America/New_York")
_CAME_BACK = {OutcomeKind.BOUNCED, OutcomeKind.REJECTED}
_SPENT = {RewardState.ORDERED, RewardState.ISSUED, RewardState.USED}


class Person(StrEnum):
    """Whose order it is."""

    REGULAR = "a customer with a past"
    NEW = "a first customer"
    NOBODY = "a customer of whom nothing is known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a plugin itself has decided about a customer before."""

    memory: Mapping[str, str] = field(default_factory=dict)
    awards: tuple[PointsAward, ...] = ()
    messages: tuple[SentMessage, ...] = ()
    tier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something that happens: an event, and what is known of its order and its review."""

    name: str
    event: Event
    order: Order | None
    review: Review | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An event with its context. `about` is the kind and the id of the object that it is about.

    `case` is what happened, and `person` to whom; None for a sample of the author's.
    """

    name: str
    event: Event
    ctx: Context = field(repr=False)
    about: tuple[str, str]
    case: Case | None = field(default=None, repr=False)
    person: Person = Person.REGULAR
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What happens to one customer of a shop, in one currency. `counted`: the plugin counts points."""

    plugin: str
    shop: str
    currency: str
    start: datetime = START
    number: str = "1042"
    counted: bool = False
    flows: tuple[Flow, ...] = ()

    @property
    def place(self) -> tuple[str, str, str]:
        """Country, language and zone."""
        return _PLACES.get(self.currency, _ELSEWHERE)

    # Orders

    def order(self) -> Order:
        """Return the order at hand, as it is when it was just paid."""
        lines = (
            self._line("1", "tea", 2_160, 2, variant="tea-100", sku="TEA-100", categories=("tea",)),
            self._line("2", "pot", 3_300, on_sale=True, tags=("new", "gift"), sku="POT"),
            self._line("3", "gift-card", 1_000, gift_card=True),
            self._line("4", "tea", 1_080, selling_plan="every month", categories=("tea", "green")),
        )
        return self._order(self.number, self.start, lines, shipping=500, codes=("SPRING",), gateway="card")

    def delivered(self) -> Order:
        """Return it as it is when both of its parcels have come, the second one by assumption."""
        return replace(
            self.order(),
            status="completed",
            shipments=(Parcel(id="A", at=self.start + DAY), Parcel(id="B", at=self.start + 2 * DAY)),
            deliveries=(
                Parcel(id="A", at=self.start + 3 * DAY),
                Parcel(id="B", at=self.start + 5 * DAY, assumed=True),
            ),
        )

    def without_parcels(self) -> Order:
        """Return an order that needs no shipment."""
        placed = self.start + HOUR
        order = self._order(
            f"{self.number}-d", placed, (self._line("1", "course", 9_800),), needs_shipping=False
        )
        return replace(order, deliveries=(Parcel(id=WHOLE, at=placed + 7 * DAY, assumed=True),))

    def free(self) -> Order:
        """Return an order that cost nothing."""
        return self._order(f"{self.number}-f", self.start + HOUR, (self._line("1", "sample", 0),))

    def ancient(self) -> Order:
        """Return an order of twelve years ago, of which nobody has told before."""
        placed = self.start - 12 * 365 * DAY
        return self._order(f"{self.number}-o", placed, (self._line("1", "tea", 2_160),))

    def earlier(self) -> tuple[Order, ...]:
        """Return what the customer has bought before: in the second shop, and what did not last."""
        before = self.start - 45 * DAY
        elsewhere = self._order(
            f"{self.number}-a",
            before - 200 * DAY,
            (self._line("1", "tea", 5_400, 5), self._line("2", "pot", 3_300)),
            shop=SECOND_SHOP,
            shipping=500,
        )
        elsewhere = replace(
            elsewhere,
            shipments=(Parcel(id="A", at=before - 199 * DAY),),
            deliveries=(Parcel(id="A", at=before - 197 * DAY),),
            refunds=(
                self._refund(
                    "r", 3_300, (RefundLine(line="2", quantity=1, amount=self._money(3_300)),), before
                ),
            ),
        )
        cancelled = self._order(f"{self.number}-b", before, (self._line("1", "tea", 1_080),))
        refunded = self._order(f"{self.number}-c", before + DAY, (self._line("1", "pot", 3_300),))
        return (
            elsewhere,
            replace(cancelled, cancelled=True, cancelled_at=before + HOUR),
            replace(refunded, refunds=(self._refund("r", 3_300, (), before + 3 * DAY),)),
        )

    def everything(self) -> tuple[Order, ...]:
        """Return all orders that there are."""
        return (*self.earlier(), self.delivered(), self.without_parcels(), self.free(), self.ancient())

    def _order(
        self,
        number: str,
        placed: datetime,
        lines: tuple[OrderLine, ...],
        *,
        shop: str = "",
        shipping: int = 0,
        **more: Any,
    ) -> Order:
        country, locale, _ = self.place
        return Order(
            shop=shop or self.shop,
            id=number,
            number=f"#{number}",
            placed_at=placed,
            status="processing",
            total=self._money(sum(line.paid.minor for line in lines) + shipping),
            shipping=self._money(shipping),
            lines=lines,
            country=country,
            locale=locale,
            purchased_at=placed + timedelta(minutes=5),
            **more,
        )

    def _line(self, number: str, product: str, paid: int, quantity: int = 1, **more: Any) -> OrderLine:
        return OrderLine(
            id=number,
            title=product.capitalize(),
            quantity=quantity,
            paid=self._money(paid),
            tax=self._money(paid // 11),
            product=product,
            **more,
        )

    def _refund(
        self, number: str, amount: int, lines: tuple[RefundLine, ...] | None, at: datetime
    ) -> OrderRefund:
        return OrderRefund(id=number, amount=self._money(amount), lines=lines, at=at)

    def _money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    # What happens

    def cases(self) -> Iterator[Case]:
        """Yield everything that can happen, once."""
        yield from self._purchases()
        yield from self._parcels()
        yield from self._refunds()
        yield from self._cancellations()
        yield from self._reviews()
        yield from self._feedback()
        yield from self._referrals()
        yield from self._consents()
        yield from self._message_outcomes()
        yield from self._tiers()
        yield from self._rewards()
        yield from self._erasures()

    def _purchases(self) -> Iterator[Case]:
        for name, order in (
            ("a purchase", self.order()),
            ("a purchase whose parcels have come by now", self.delivered()),
            ("a purchase that cost nothing", self.free()),
            ("a purchase that needs no shipment", self.without_parcels()),
            ("a purchase of twelve years ago", self.ancient()),
        ):
            fact = self._fact(order, "purchase", order.placed_at + timedelta(minutes=5))
            yield Case(name=name, event=Purchase(**fact), order=order)

    def _parcels(self) -> Iterator[Case]:
        order = self.delivered()
        for parcel in order.shipments:
            fact = self._fact(order, f"shipment/{parcel.id}", parcel.at)
            event = Shipment(**fact, shipment=parcel.id)
            yield Case(name=f"the shipment of parcel {parcel.id}", event=event, order=order)
        for each in (order, self.without_parcels()):
            for parcel in each.deliveries:
                fact = self._fact(each, f"delivery/{parcel.id}", parcel.at)
                how = "the assumed delivery" if parcel.assumed else "the delivery"
                yield Case(
                    name=f"{how} of parcel {parcel.id}",
                    event=Delivery(**fact, shipment=parcel.id, assumed=parcel.assumed),
                    order=each,
                )

    def _refunds(self) -> Iterator[Case]:
        order = self.delivered()
        whole = tuple(
            RefundLine(line=line.id, quantity=line.quantity, amount=line.paid) for line in order.lines
        )
        one = (RefundLine(line="1", quantity=1, amount=self._money(1_080)),)
        total = order.total.minor if order.total else 0
        for name, amount, lines in (
            ("a refund whose lines are not told yet", 2_160, None),
            ("a refund of an amount without lines", 500, ()),
            ("a refund of a line", 1_080, one),
            ("a refund of everything, by lines", total, whole),
            ("a refund of everything, as an amount", total, ()),
            ("a refund of everything whose lines are not told yet", total, None),
        ):
            yield self._refunded(name, order, amount, lines, order.placed_at + 6 * DAY)
        yield self._refunded(
            "a refund of everything before it was sent", self.order(), total, whole, order.placed_at + HOUR
        )

    def _refunded(
        self, name: str, order: Order, amount: int, lines: tuple[RefundLine, ...] | None, at: datetime
    ) -> Case:
        event = Refund(
            **self._fact(order, "refund/77", at), refund="77", amount=self._money(amount), lines=lines
        )
        refunds = (self._refund("77", amount, lines, at),)
        return Case(name=name, event=event, order=replace(order, refunds=refunds))

    def _cancellations(self) -> Iterator[Case]:
        order, at = self.order(), self.start + 2 * HOUR
        event = Cancellation(**self._fact(order, "cancellation", at))
        gone = replace(order, status="cancelled", cancelled=True, cancelled_at=at)
        yield Case(name="a cancellation", event=event, order=gone)
        yield Case(name="a cancellation of an order that stands again", event=event, order=order)

    def _reviews(self) -> Iterator[Case]:
        order, at = self.delivered(), self.start + 20 * DAY
        told_of: dict[str, dict[str, Any]] = {
            "a review": {"rating": 5, "text": "Smells of May.", "verified": True, "order": order.id},
            "a review with one star": {"rating": 1, "text": "Broken.", "status": ReviewStatus.HOLD},
            "a review without stars": {"verified": True},
            "a review that is spam by now": {"rating": 5, "status": ReviewStatus.SPAM},
            "a review that the shop has deleted": {"rating": 4, "deleted": True},
        }
        for number, (name, told) in enumerate(told_of.items(), 1):
            given = {"status": ReviewStatus.APPROVED, **told}
            review = Review(
                shop=self.shop, id=f"{self.number}-r{number}", product="tea", created_at=at, **given
            )
            event = ReviewReceived(
                id=review.ref,
                shop=self.shop,
                occurred_at=at,
                review=review.id,
                product="tea",
                status=review.status,
                order=review.order,
            )
            yield Case(name=name, event=event, order=order if review.order else None, review=review)

    def _feedback(self) -> Iterator[Case]:
        for number, order in enumerate((self.delivered(), None), 1):
            event = FeedbackReceived(
                id=f"{self.shop}/feedback/{self.number}-f{number}",
                shop=self.shop,
                occurred_at=self.start + 21 * DAY,
                survey="how-was-it",
                answer=f"{self.number}-f{number}",
                order=order.id if order else None,
            )
            yield Case(name="an answer" + (" about an order" if order else ""), event=event, order=order)

    def _referrals(self) -> Iterator[Case]:
        for role in ReferralRole:
            order = self.delivered() if role is ReferralRole.FRIEND else None
            event = ReferralCompleted(
                id=f"{self.shop}/referral/{self.number}/{role}",
                shop=self.shop,
                occurred_at=self.start + 22 * DAY,
                referral=self.number,
                role=role,
                order=order.id if order else None,
            )
            yield Case(name=f"a referral, for the {role}", event=event, order=order)

    def _consents(self) -> Iterator[Case]:
        said: tuple[tuple[str, str, Purpose | None, Basis | None, str], ...] = (
            ("a consent", "email", Purpose.MARKETING, Basis.EXPRESS, "form"),
            ("a soft opt-in", "email", Purpose.MARKETING, Basis.SOFT_OPT_IN, "checkout"),
            ("a consent to everything", "sms", None, Basis.EXPRESS, f"{self.shop}/consent/7/sms"),
            ("a refusal", ALL_CHANNELS, None, None, "message/1"),
        )
        for number, (name, channel, purpose, basis, source) in enumerate(said, 1):
            event = ConsentChanged(
                id=f"{self.shop}/consent/{self.number}-s{number}",
                shop=self.shop,
                occurred_at=self.start + 24 * DAY,
                channel=channel,
                purpose=purpose,
                basis=basis,
                source=source,
                by_person=basis is not Basis.SOFT_OPT_IN,
            )
            yield Case(name=name, event=event, order=None)

    def _message_outcomes(self) -> Iterator[Case]:
        for number, kind in enumerate(OutcomeKind):
            order = self.delivered() if number % 2 else None
            came_back = kind in _CAME_BACK
            event = MessageOutcome(
                id=f"{self.shop}/outcome/email/{self.number}-{kind}",
                shop=self.shop,
                occurred_at=self.start + 23 * DAY,
                message=f"{self.number}-m{number}",
                plugin=self.plugin if number % 3 else "another",
                label="news",
                channel="email",
                outcome=kind,
                reason=RejectReason.BOUNCED if came_back else None,
                permanent=came_back,
                order=order.id if order else None,
            )
            yield Case(name=f"a message that was {kind}", event=event, order=order)

    def _tiers(self) -> Iterator[Case]:
        order, at = self.delivered(), self.start + 6 * DAY
        for number, (before, tier) in enumerate(((None, "silver"), ("silver", "gold"), ("gold", None)), 1):
            event = TierChanged(
                id=f"{order.ref}/purchase/tier/{number}.0",
                shop=self.shop,
                occurred_at=at,
                tier=tier,
                before=before,
            )
            yield Case(name=f"the change from tier {before} to {tier}", event=event, order=order)

    def _rewards(self) -> Iterator[Case]:
        for number, state in enumerate(RewardState, 1):
            event = RewardChanged(
                id=f"reward/{self.number}/{state}/{number}",
                shop=self.shop,
                occurred_at=self.start + 30 * DAY,
                redemption=self.number,
                reward="five-hundred",
                state=state,
                points=500,
                spent=state in _SPENT,
                code="THANKS-7Q4M",
            )
            yield Case(name=f"a reward that is {state}", event=event, order=None)

    def _erasures(self) -> Iterator[Case]:
        event = CustomerErased(
            id=f"{self.shop}/erased/{self.number}",
            shop=self.shop,
            occurred_at=self.start + 31 * DAY,
            orders=(self.delivered().id,),
            reviews=("715",),
        )
        yield Case(name="an erasure", event=event, order=None)

    def _fact(self, order: Order, what: str, at: datetime) -> dict[str, Any]:
        return {"id": f"{order.ref}/{what}", "shop": order.shop, "order": order.id, "occurred_at": at}

    # What a hook sees of it

    def sample(self, case: Case, person: Person, past: Past | None = None, since: str = "before") -> Sample:
        """Return a case as it happens to somebody. `past`: with what the plugin has decided, and when."""
        past = past or Past()
        told = f"{self.currency}, {person}"
        if past != Past():
            told += f", with what was decided {since}"
        return Sample(
            name=f"{case.name} ({told})",
            event=case.event,
            ctx=self.context(case, person, past),
            about=about(case.event, case.order),
            case=case,
            person=person,
            currency=self.currency,
        )

    def context(self, case: Case, person: Person, past: Past) -> Context:
        """Return what a hook sees when something happens to somebody: what had happened by then."""
        country, locale, zone = self.place
        known = person is not Person.NOBODY
        at = case.event.occurred_at
        orders = self._orders_of(case, person)
        shown = tuple(one.as_of(at) for one in orders if one.purchased_at and one.purchased_at <= at)
        return Context(
            shop=ShopView(name=self.shop, country=country, locale=locale, zone=zone),
            customer=self._customer(person, past, case, shown),
            order=case.order.as_of(at) if case.order is not None and known else None,
            review=case.review,
            memory=past.memory,
            flows=self.flows,
            points=self._points(person, past, case, orders) if self.counted else None,
        )

    def _orders_of(self, case: Case, person: Person) -> tuple[Order, ...]:
        if person is Person.NOBODY:
            return ()
        orders = (case.order,) if case.order is not None else ()
        if person is Person.REGULAR:
            orders = (*self.earlier(), *orders)
        return tuple(sorted(orders, key=lambda order: (order.placed_at, order.ref)))

    def _customer(self, person: Person, past: Past, case: Case, orders: tuple[Order, ...]) -> CustomerView:
        at = case.event.occurred_at
        tier = case.event.tier if isinstance(case.event, TierChanged) else past.tier
        if person is not Person.REGULAR:
            return CustomerView(
                locale="",
                country="",
                zone="",
                orders=orders,
                messages=past.messages,
                reviews=self._reviews_of(case, person),
                tier=tier,
                erased=isinstance(case.event, CustomerErased),
            )
        country, locale, zone = self.place
        others = tuple(
            SentMessage(
                label="news", plugin="another", purpose="marketing", state=state.value, at=at - 10 * DAY
            )
            for state in MessageState
        )
        return CustomerView(
            locale=locale,
            country=country,
            zone=zone,
            orders=orders,
            messages=(*others, *past.messages),
            reviews=self._reviews_of(case, person),
            subscriptions=(
                Subscription(
                    shop=self.shop,
                    id="5",
                    active=True,
                    status="active",
                    lines=(SubscriptionLine(product="tea", quantity=1, variant="tea-100"),),
                    next_at=self.start + 30 * DAY,
                ),
                Subscription(shop=self.shop, id="4", active=False, status="cancelled"),
            ),
            birthday=None if isinstance(case.event, CustomerErased) else date(self.start.year - 38, 2, 29),
            tier=tier,
            erased=isinstance(case.event, CustomerErased),
        )

    def _reviews_of(self, case: Case, person: Person) -> tuple[Review, ...]:
        written = (case.review,) if case.review is not None else ()
        if person is not Person.REGULAR:
            return written
        earlier = Review(
            shop=SECOND_SHOP,
            id="12",
            product="tea",
            created_at=self.start - 90 * DAY,
            rating=4,
            text="As it should be.",
            verified=True,
            status=ReviewStatus.APPROVED,
            order=f"{self.number}-a",
        )
        return (earlier, *written)

    def _points(self, person: Person, past: Past, case: Case, orders: tuple[Order, ...]) -> PointsView:
        _, _, zone = self.place
        regular = person is Person.REGULAR
        return PointsView(
            available=1_200 if regular else 0,
            pending=sum(award.left for award in past.awards if not award.settled),
            debt=50 if regular and past.awards else 0,
            awards=past.awards,
            orders=tuple(
                CountedOrder(order=order, config={}, counts=order.shop == self.shop, zone=zone)
                for order in orders
            ),
            reviews=self._reviews_of(case, person),
        )


def about(event: Event, order: Order | None) -> tuple[str, str]:
    """Return the kind and the id of the object that an event is about."""
    if isinstance(event, OrderEvent):
        return "order", event.order
    if isinstance(event, ReviewReceived):
        return "review", event.review
    if isinstance(event, RewardChanged):
        return "reward", event.redemption
    return ("order", order.id) if order is not None else ("customer", "1")
