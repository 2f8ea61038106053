"""Hypothesis strategies for what a shop tells: any pictures of one object, and the life of a small shop.

A life is what really happened, step by step, and what the shop said of each step. Of every step there are two
accounts: the webhook, which may leave out what only a read tells, and what a read at that moment would have
answered. `PicturesPlugin` connects such a shop: its bodies are the model's own values as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import (
    Amounts,
    OrderLine,
    OrderSnapshot,
    Parcel,
    RefundLine,
    RefundSnapshot,
)
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.shops import (
    AdapterType,
    Gone,
    NeedsRead,
    Ping,
    RawRequest,
    Reading,
    Ref,
    Shop,
    ShopAdapter,
    Snapshot,
    Translation,
    Webhook,
)
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.purchases import purchased_at
from aftercare_sdk.store.codec import dump, load

SHOP = "main"
DAWN = datetime(2026, 3, 1, 9, tzinfo=UTC)
"""When the shops of the tests open."""
CURRENCY = "BHD"
"""Three decimals, so that there is something to round."""
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

S = TypeVar("S", OrderSnapshot, CustomerSnapshot, ProductSnapshot, ReviewSnapshot)
T = TypeVar("T")

UNHURRIED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties of values: a busy machine is slow, which is nobody's mistake."""


def dated(snapshot: S, modified_at: datetime | None = None, read_at: datetime | None = None) -> S:
    """Give a picture its version, as adapters do: the digest is that of what it says."""
    digest = hashlib.sha256(dump(replace(snapshot, version=Version())).encode()).hexdigest()
    return replace(snapshot, version=Version(modified_at=modified_at, read_at=read_at, digest=digest))


def money(minor: int) -> Money:
    """Return an amount of the shops of the tests."""
    return Money(minor, CURRENCY)


# Any pictures of one object, plausible or not: what is merged must come out the same in any case.

MOMENTS = st.sampled_from([DAWN + distance for distance in (timedelta(0), SECOND, HOUR, DAY, 4 * DAY)])
CONTACTS = st.builds(
    Contact,
    email=st.sampled_from(["", "ann@customer.example", "Ann@Customer.example", "bob@customer.example"]),
    given_name=st.sampled_from(["", "Ann", "Bob"]),
    country=st.sampled_from(["", "BH"]),
)
WORDS = st.sampled_from(["", "tea", "coffee"])
LINES = st.builds(
    OrderLine,
    id=st.sampled_from(["1", "2"]),
    title=WORDS,
    quantity=st.integers(0, 2),
    paid=st.integers(0, 2).map(money),
    tax=st.just(money(0)),
    product=st.sampled_from([None, "tea", "coffee"]),
    sku=st.sampled_from([None, "T-1", "C-1"]),
)
AMOUNTS = st.builds(
    Amounts,
    total=st.integers(0, 2).map(money),
    shipping=st.just(money(0)),
    lines=st.lists(LINES, max_size=2, unique_by=lambda line: line.id).map(tuple),
    rounded=st.booleans(),
)
REFUNDS = st.builds(
    RefundSnapshot,
    id=st.sampled_from(["77", "78"]),
    amount=st.integers(1, 2).map(money),
    lines=st.sampled_from([None, (), (RefundLine(line="1", quantity=1, amount=money(1)),)]),
    refunded_at=st.none() | MOMENTS,
)
PARCELS = st.lists(
    st.builds(Parcel, id=st.sampled_from(["p1", "p2", "whole"]), at=MOMENTS),
    max_size=2,
    unique_by=lambda parcel: parcel.id,
).map(tuple)


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """Return what may be told or not."""
    return st.none() | strategy


@st.composite
def versioned(draw: st.DrawFn, pictures: st.SearchStrategy[S], *, undated: bool = True) -> S:
    """Draw a picture with its version: told by webhook or read, dated or not."""
    modified = draw(maybe(MOMENTS) if undated else MOMENTS)
    return dated(draw(pictures), modified, draw(maybe(MOMENTS)))


@st.composite
def order_pictures(draw: st.DrawFn, *, undated: bool = True, steady: bool = False) -> OrderSnapshot:
    """Draw a picture of order 1042. `steady`: whether it is a test and ships does not change."""
    read = draw(st.booleans())
    refunds = draw(maybe(st.lists(REFUNDS, max_size=2, unique_by=lambda refund: refund.id).map(tuple)))
    erased = draw(st.booleans()) and draw(st.booleans())
    partial = not read and draw(st.booleans()) and draw(st.booleans())
    picture = OrderSnapshot(
        shop=SHOP,
        id="1042",
        version=Version(),
        number=draw(maybe(WORDS)),
        placed_at=draw(maybe(MOMENTS)),
        status=draw(maybe(WORDS)),
        customer=draw(maybe(st.sampled_from(["5", "6"]))),
        contact=None if erased else draw(maybe(CONTACTS)),
        amounts=draw(maybe(AMOUNTS)),
        gateway=draw(maybe(WORDS)),
        codes=draw(maybe(st.sampled_from([(), ("SPRING",)]))),
        country=draw(maybe(st.sampled_from(["BH", "JP"]))),
        locale=draw(maybe(st.sampled_from(["en", "ja"]))),
        needs_shipping=True if steady else draw(maybe(st.booleans())),
        test=False if steady else draw(st.booleans()) and draw(st.booleans()),
        purchased_at=draw(maybe(MOMENTS)),
        cancelled=draw(maybe(st.booleans())),
        shipments=draw(PARCELS),
        deliveries=draw(PARCELS),
        refunds=refunds,
        refunds_complete=refunds is not None and read and draw(st.booleans()),
        erased=erased,
        partial=partial,
    )
    modified = draw(maybe(MOMENTS) if undated else MOMENTS)
    return dated(picture, modified, draw(MOMENTS) if read else None)


def customer_pictures() -> st.SearchStrategy[CustomerSnapshot]:
    """Draw pictures of account 5."""
    return versioned(
        st.builds(
            CustomerSnapshot,
            shop=st.just(SHOP),
            id=st.just("5"),
            version=st.just(Version()),
            contact=maybe(CONTACTS),
            locale=maybe(st.sampled_from(["en", "ja"])),
            zone=maybe(st.sampled_from(["Asia/Tokyo", "Asia/Bahrain"])),
            birthday=maybe(st.sampled_from([date(1980, 2, 29), date(1990, 1, 1)])),
            tags=maybe(st.sampled_from([(), ("vip",)])),
            attributes=maybe(st.sampled_from([{}, {"size": "M"}])),
            deleted=maybe(st.booleans()),
            erased=st.booleans(),
        )
    )


def product_pictures() -> st.SearchStrategy[ProductSnapshot]:
    """Draw pictures of product `tea`."""
    return versioned(
        st.builds(
            ProductSnapshot,
            shop=st.just(SHOP),
            id=st.just("tea"),
            version=st.just(Version()),
            parent=maybe(WORDS),
            sku=maybe(WORDS),
            title=maybe(WORDS),
            url=maybe(WORDS),
            categories=maybe(st.sampled_from([(), ("drinks",)])),
            tags=maybe(st.sampled_from([(), ("new",)])),
            attributes=maybe(st.sampled_from([{}, {"supply_days": "30"}])),
            needs_shipping=maybe(st.booleans()),
            deleted=maybe(st.booleans()),
        )
    )


def review_pictures() -> st.SearchStrategy[ReviewSnapshot]:
    """Draw pictures of review 715."""
    return versioned(
        st.builds(
            ReviewSnapshot,
            shop=st.just(SHOP),
            id=st.just("715"),
            version=st.just(Version()),
            product=maybe(st.sampled_from(["tea", "coffee"])),
            contact=maybe(CONTACTS),
            rating=maybe(st.integers(1, 5)),
            text=maybe(WORDS),
            verified=maybe(st.booleans()),
            status=maybe(st.sampled_from(ReviewStatus)),
            created_at=maybe(MOMENTS),
            customer=maybe(st.sampled_from(["5", "6"])),
            order=maybe(st.sampled_from(["1000", "1001"])),
            erased=st.booleans(),
            deleted=st.booleans(),
        )
    )


# The life of a small shop.


@dataclass(frozen=True, kw_only=True)
class Told:
    """One step of a life: when, about what, and both accounts of it."""

    at: datetime
    ref: Ref
    webhook: tuple[Translation, ...] = field(repr=False)
    reading: Reading = field(repr=False)


@dataclass(frozen=True)
class Life:
    """What happened in a shop, and was told, in the order in which it happened."""

    told: tuple[Told, ...]

    @property
    def over(self) -> datetime:
        """A moment after everything."""
        return max((one.at for one in self.told), default=DAWN) + SECOND

    def truth(self, ref: Ref, at: datetime) -> Reading:
        """Return what a read at a moment answers."""
        known = [one.reading for one in self.told if one.ref == ref and one.at <= at]
        return known[-1] if known else Gone(ref)


@dataclass(kw_only=True)
class _Order:
    """An order as it really is."""

    id: str
    placed_at: datetime
    modified_at: datetime
    gateway: str
    lines: tuple[OrderLine, ...]
    total: Money
    needs_shipping: bool
    email: str
    customer: str | None = None
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    released: bool = False
    cancelled: bool = False
    left: bool = False
    erased: bool = False
    note: str = ""
    shipments: dict[str, datetime] = field(default_factory=dict)
    deliveries: dict[str, datetime] = field(default_factory=dict)
    refunds: dict[str, RefundSnapshot] = field(default_factory=dict)

    def picture(self) -> OrderSnapshot:
        """Return everything, as a read tells it."""
        snapshot = OrderSnapshot(
            shop=SHOP,
            id=self.id,
            version=Version(),
            number=f"#{self.id}",
            placed_at=self.placed_at,
            status=f"{'cancelled' if self.cancelled else 'open'}{self.note}",
            customer=self.customer,
            contact=None if self.erased else Contact(email=self.email, given_name=f"Buyer {self.id}"),
            amounts=Amounts(total=self.total, shipping=money(0), lines=self.lines),
            gateway=self.gateway,
            codes=(),
            country="BH",
            needs_shipping=self.needs_shipping,
            purchased_at=purchased_at(
                placed_at=self.placed_at,
                paid_at=self.paid_at,
                released=self.released,
                completed_at=self.completed_at,
                gateway=self.gateway,
                total=self.total,
                pay_on_delivery=frozenset({"cod"}),
            ),
            cancelled=self.cancelled,
            # Some shops do not date what a status tells: the date of the picture must do.
            shipments=_parcels({**self.shipments, **({"status": self.modified_at} if self.left else {})}),
            deliveries=_parcels(self.deliveries),
            refunds=tuple(self.refunds.values()),
            refunds_complete=True,
            erased=self.erased,
        )
        return dated(snapshot, self.modified_at)


@dataclass(kw_only=True)
class _Review:
    """A review as it really is."""

    id: str
    created_at: datetime
    email: str
    customer: str | None
    status: ReviewStatus
    text: str = "Very good"
    erased: bool = False

    def picture(self) -> ReviewSnapshot:
        """Return everything, as a read tells it, without a version."""
        return ReviewSnapshot(
            shop=SHOP,
            id=self.id,
            version=Version(),
            product="tea",
            contact=None if self.erased else Contact(email=self.email, full_name=f"Writer {self.id}"),
            rating=4,
            text=self.text,
            verified=self.customer is not None,
            status=self.status,
            created_at=self.created_at,
            customer=None if self.erased else self.customer,
            erased=self.erased,
        )


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """What a shop leaves out of its webhooks: the lines and dates of refunds, decimals, what reviews say."""

    tells_refund_lines: bool
    rounds: bool
    tells_reviews: bool = True

    @property
    def tells_all(self) -> bool:
        return self.tells_refund_lines and not self.rounds

    def webhook(self, read: OrderSnapshot) -> tuple[Translation, ...]:
        """Return what the webhook says of an order that a read tells like this."""
        told = replace(read, refunds_complete=False)
        doubts = []
        if read.refunds and not self.tells_refund_lines:
            told = replace(
                told,
                refunds=tuple(RefundSnapshot(id=refund.id, amount=refund.amount) for refund in read.refunds),
            )
            doubts.append("refunds without their lines")
        if self.rounds and read.amounts is not None:
            told = replace(told, amounts=_rounded(read.amounts), refunds=None)
            doubts.append("rounded amounts")
        told = dated(told, read.version.modified_at)
        if not doubts:
            return (told,)
        return (told, NeedsRead(ref=Ref("order", read.id), reason="; ".join(doubts)))


def _rounded(amounts: Amounts) -> Amounts:
    return replace(
        amounts,
        total=_round(amounts.total),
        lines=tuple(replace(line, paid=_round(line.paid)) for line in amounts.lines),
        rounded=True,
    )


def _round(amount: Money) -> Money:
    return money((amount.minor + 500) // 1000 * 1000)


def _parcels(moments: dict[str, datetime]) -> tuple[Parcel, ...]:
    return tuple(Parcel(id=id_, at=at) for id_, at in sorted(moments.items()))


class Happened(Enum):
    """Whether a step changed the order, and whether the shop dates such changes."""

    NOT = auto()
    DATED = auto()
    UNDATED = auto()


_PAUSES = st.sampled_from([timedelta(milliseconds=300), SECOND, HOUR, 2 * DAY])
_MOST_REVIEWS = 2
_EMAILS = ("ann@customer.example", "Bob@Customer.example", "cy@customer.example", "")


@dataclass
class _Shop:
    """A shop that is being imagined."""

    draw: st.DrawFn
    vendor: Vendor
    now: datetime = DAWN
    told: list[Told] = field(default_factory=list)
    orders: int = 0
    refunds: int = 70
    reviews: list[_Review] = field(default_factory=list)

    def may_be_deleted(self, order: _Order) -> bool:
        """Tell whether nothing about an order is open: what no read can settle any more stays open."""
        of_its_date = [
            one
            for one in self.told
            if isinstance(one.reading, OrderSnapshot)
            and one.reading.id == order.id
            and one.reading.version.modified_at == order.modified_at
        ]
        return self.vendor.tells_all and len(of_its_date) == 1

    def delete(self, ref: Ref) -> None:
        notice = NeedsRead(ref=ref, reason="a notice of a deletion")
        self.told.append(Told(at=self.now, ref=ref, webhook=(notice,), reading=Gone(ref)))

    def pause(self, shortest: timedelta = timedelta(0)) -> None:
        self.now += max(self.draw(_PAUSES), shortest)

    def tell(self, ref: Ref, reading: Snapshot, webhook: Iterable[Translation] | None = None) -> None:
        said = (reading,) if webhook is None else tuple(webhook)
        self.told.append(Told(at=self.now, ref=ref, webhook=said, reading=reading))

    def tell_order(self, order: _Order) -> None:
        read = order.picture()
        self.tell(Ref("order", order.id), read, self.vendor.webhook(read))

    def account(self, id_: str, email: str, **changes: object) -> None:
        snapshot = CustomerSnapshot(
            shop=SHOP,
            id=id_,
            version=Version(),
            contact=Contact(email=email, given_name=f"Account {id_}"),
            deleted=False,
        )
        self.tell(Ref("customer", id_), dated(replace(snapshot, **changes), self.second))

    def product(self, id_: str, title: str) -> None:
        snapshot = ProductSnapshot(shop=SHOP, id=id_, version=Version(), title=title, needs_shipping=True)
        self.tell(Ref("product", id_), dated(snapshot, self.second))

    def review(self) -> None:
        """Let somebody write a review, or something happen to one."""
        # What a shop never told, and a read cannot tell any more, nobody can know: that spam was none once.
        seen = list(ReviewStatus) if self.vendor.tells_reviews else [ReviewStatus.APPROVED, ReviewStatus.HOLD]
        status = self.draw(st.sampled_from(seen))
        if len(self.reviews) < _MOST_REVIEWS and (not self.reviews or self.draw(st.booleans())):
            review = _Review(
                id=str(715 + len(self.reviews)),
                created_at=self.second,
                email=self.draw(st.sampled_from(_EMAILS)),
                customer=self.draw(st.sampled_from([None, None, "5"])),
                status=status,
            )
            self.reviews.append(review)
        else:
            review = self.draw(st.sampled_from(self.reviews))
            review.status = status
            review.text = self.draw(st.sampled_from(["Very good", "Good", ""]))
            review.erased = review.erased or self.draw(st.integers(0, 3)) == 0
        ref = Ref("review", review.id)
        if self.vendor.tells_reviews:
            self.tell(ref, dated(review.picture(), self.second))
        else:
            self.tell(ref, dated(review.picture()), (NeedsRead(ref=ref, reason="a review was written"),))

    @property
    def second(self) -> datetime:
        return self.now.replace(microsecond=0)

    def place(self) -> _Order:
        self.orders += 1
        paid = money(self.draw(st.sampled_from([0, 10_635, 12_000])))
        line = OrderLine(
            id="1", title="Green tea", quantity=1, paid=paid, tax=money(0), product="tea", sku="T-1"
        )
        return _Order(
            id=str(999 + self.orders),
            placed_at=self.second,
            modified_at=self.second,
            gateway=self.draw(st.sampled_from(["card", "bank", "cod"])),
            lines=(line,),
            total=paid,
            needs_shipping=self.draw(st.booleans()),
            email=self.draw(st.sampled_from(_EMAILS)),
            customer=self.draw(st.sampled_from([None, None, "5"])),
        )

    def step(self, order: _Order) -> None:
        """Let one thing happen to an order; what cannot happen now is a mere edit."""
        happened = self.draw(st.sampled_from(_STEPS))(self, order)
        if happened is Happened.NOT:
            order.note += "!"
        if happened is not Happened.UNDATED:
            order.modified_at = self.second
        self.tell_order(order)

    def pay(self, order: _Order) -> Happened:
        order.paid_at = order.paid_at or self.second
        order.cancelled = False
        return Happened.DATED

    def release(self, order: _Order) -> Happened:
        order.released = True
        return Happened.DATED

    def complete(self, order: _Order) -> Happened:
        order.released = True
        order.paid_at = order.paid_at or self.second
        order.completed_at = order.completed_at or self.second
        return Happened.DATED

    def cancel(self, order: _Order) -> Happened:
        order.cancelled = True
        return Happened.DATED

    def revive(self, order: _Order) -> Happened:
        order.cancelled = False
        return Happened.DATED

    def ship(self, order: _Order) -> Happened:
        if not order.needs_shipping:
            return Happened.NOT
        order.shipments.setdefault(self.draw(st.sampled_from(["p1", "p2"])), self.second)
        return Happened.DATED

    def leave(self, order: _Order) -> Happened:
        order.left = order.needs_shipping
        return Happened.DATED

    def deliver(self, order: _Order) -> Happened:
        if not order.shipments:
            return Happened.NOT
        order.deliveries.setdefault(self.draw(st.sampled_from(sorted(order.shipments))), self.second)
        return Happened.DATED

    def refund(self, order: _Order) -> Happened:
        if order.paid_at is None or not order.total.minor:
            return Happened.NOT
        self.refunds += 1
        amount = money(self.draw(st.sampled_from([1_000, order.total.minor])))
        order.refunds[str(self.refunds)] = RefundSnapshot(
            id=str(self.refunds),
            amount=amount,
            lines=(RefundLine(line="1", quantity=1, amount=amount),),
            refunded_at=self.second,
        )
        return Happened.DATED

    def take_back_refund(self, order: _Order) -> Happened:
        # What a webhook never told, and a read cannot tell any more, nobody can know.
        if not order.refunds or not self.vendor.tells_all:
            return Happened.NOT
        order.refunds.pop(self.draw(st.sampled_from(sorted(order.refunds))))
        return Happened.UNDATED

    def edit(self, order: _Order) -> Happened:
        return Happened.NOT

    def link(self, order: _Order) -> Happened:
        if order.customer is not None or order.erased:
            return Happened.NOT
        order.customer = "5"
        return Happened.DATED

    def correct_address(self, order: _Order) -> Happened:
        if order.erased:
            return Happened.NOT
        order.email = self.draw(st.sampled_from(_EMAILS))
        return Happened.DATED

    def forget_product(self, order: _Order) -> Happened:
        order.lines = tuple(replace(line, product=None, sku=None) for line in order.lines)
        return Happened.UNDATED

    def erase(self, order: _Order) -> Happened:
        order.erased, order.customer = True, None
        return Happened.DATED


_STEPS: tuple[Callable[[_Shop, _Order], Happened], ...] = (
    _Shop.pay,
    _Shop.release,
    _Shop.complete,
    _Shop.cancel,
    _Shop.revive,
    _Shop.ship,
    _Shop.leave,
    _Shop.deliver,
    _Shop.refund,
    _Shop.take_back_refund,
    _Shop.edit,
    _Shop.link,
    _Shop.correct_address,
    _Shop.forget_product,
    _Shop.erase,
)


@st.composite
def lives(draw: st.DrawFn, *, most_orders: int = 3, most_steps: int = 8) -> Life:
    """Draw the life of a shop: a product, an account that may change, a few orders, a few reviews."""
    tells_lines, rounds = draw(st.booleans()), draw(st.booleans()) and draw(st.booleans())
    vendor = Vendor(tells_refund_lines=tells_lines, rounds=rounds, tells_reviews=draw(st.booleans()))
    shop = _Shop(draw, vendor)
    shop.product("tea", "Green tea")
    orders: list[_Order] = []
    account = 0
    for _ in range(draw(st.integers(1, most_steps))):
        what = draw(
            st.sampled_from(
                ["order", "step", "step", "step", "step", "account", "product", "review", "review", "delete"]
            )
        )
        if what == "order" and shop.orders < most_orders:
            shop.pause()
            orders.append(shop.place())
            shop.tell_order(orders[-1])
        elif what == "account" and account < len(_EMAILS) - 1:
            shop.pause()
            shop.account("5", _EMAILS[account])
            account += 1
        elif what == "product":
            shop.pause()
            shop.product("tea", draw(st.sampled_from(["Green tea", "Sencha"])))
        elif what == "review":
            shop.pause(SECOND)
            shop.review()
        elif what == "step" and orders:
            shop.pause()
            shop.step(draw(st.sampled_from(orders)))
        elif what == "delete":
            # A notice without a date, and nothing that could be read afterwards.
            shop.pause(2 * SECOND)
            doomed = [Ref("customer", "5")]
            doomed += [Ref("order", order.id) for order in orders if shop.may_be_deleted(order)]
            doomed += [Ref("review", review.id) for review in shop.reviews if vendor.tells_reviews]
            shop.delete(draw(st.sampled_from(doomed)))
            orders = [order for order in orders if shop.told[-1].ref != Ref("order", order.id)]
            account = account if shop.told[-1].ref.kind != "customer" else len(_EMAILS)
    return Life(tuple(shop.told))


# The adapter of such a shop.

_KINDS: dict[str, type] = {
    "order": OrderSnapshot,
    "customer": CustomerSnapshot,
    "product": ProductSnapshot,
    "review": ReviewSnapshot,
    "needs-read": NeedsRead,
}
_NAMES = {type_: name for name, type_ in _KINDS.items()}


def request(items: Sequence[Translation]) -> RawRequest:
    """Return the webhook that tells something."""
    return RawRequest(headers={}, body=dump([[_NAMES[type(item)], dump(item)] for item in items]).encode())


class PicturesAdapter(ShopAdapter):
    """Speaks with a shop whose bodies are the model's own values; `truth` answers what is read."""

    def __init__(self, truth: Callable[[Ref], Reading]) -> None:
        self._truth = truth

    def verify(self, request: RawRequest) -> Webhook | Ping:
        return Webhook(topic="told", body=request.body)

    def translate(self, webhook: Webhook) -> Iterator[Translation]:
        for kind, item in load(list[tuple[str, str]], webhook.body):
            translated: Translation = load(_KINDS[kind], item)
            yield translated

    def read(self, refs: Iterable[Ref]) -> Iterable[Reading]:
        return [self._truth(ref) for ref in refs]


class PicturesPlugin(AftercareHooks):
    """Offers the adapter `pictures`."""

    def __init__(self, truth: Callable[[Ref], Reading]) -> None:
        self._truth = truth

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        return [AdapterType(name="pictures", build=self._build)]

    def _build(self, shop: Shop) -> PicturesAdapter:
        return PicturesAdapter(self._truth)
