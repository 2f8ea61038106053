"""Stored and incoming in, merged and new facts out. Pure: the same payloads in any order end the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.consents import ConsentState, OptIn
from aftercare_sdk.model.events import (
    Cancellation,
    ConsentChanged,
    Delivery,
    OrderEvent,
    Purchase,
    Refund,
    ReviewReceived,
    Shipment,
)
from aftercare_sdk.model.orders import (
    Amounts,
    Order,
    OrderLine,
    OrderRefund,
    OrderSnapshot,
    Parcel,
    order_ref,
)
from aftercare_sdk.model.records import (
    ConsentRecord,
    OrderRecord,
    Record,
    ReviewRecord,
    SubscriptionRecord,
    merged,
    order_record,
)
from aftercare_sdk.model.reviews import Review, ReviewStatus, review_ref
from aftercare_sdk.model.subscriptions import Subscription
from aftercare_sdk.model.versions import Register, Version

WHOLE = "whole"
"""The id of the one delivery of an order that has no parcels."""

_PRECISION = timedelta(seconds=1)
"""How exactly vendors date a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """When a delivery is assumed in a shop that reports none."""

    after_shipment: timedelta = timedelta(days=3)
    without_shipment: timedelta = timedelta(days=7)


def reconcile(stored: OrderRecord | None, incoming: OrderSnapshot) -> tuple[OrderRecord, str]:
    """Return the merged record, and why only an authoritative read can settle it (empty: nothing is open)."""
    record = order_record(incoming)
    both = record if stored is None else stored.merge(record)
    return both, doubt_of(stored, record, both)


def join(stored: Record | None, told: Record) -> tuple[Record, str]:
    """Return both records of an object in one, and why only an authoritative read can settle what is told."""
    both = told if stored is None else merged(stored, told)
    return both, doubt_of(stored, told, both)


def doubt_of(stored: Record | None, told: Record, both: Record) -> str:
    """Say why only an authoritative read can settle what is told; empty: nothing is open.

    Ambiguous are two pictures that contradict each other while nobody can tell which is later, and a latest
    list of refunds that lacks one, although it was not read as a complete list.
    """
    if stored is None:
        return ""
    if _contradict(stored, told):
        return "two different pictures carry the same modification time"
    if isinstance(both, OrderRecord) and both.misses_refund and not told.latest.authoritative:
        return "a known refund is no longer listed"
    return ""


def undecided(known: Version, told: Version) -> bool:
    """Tell whether two pictures leave open which of them is later.

    Vendors date changes to the second, and some changes not at all: a read decides only over what was told
    before it, and about its own second only if that was over. Of two reads the later one counts. What a file
    tells is older than all else.
    """
    if known.imported or told.imported:
        return False
    if told.authoritative:
        if known.authoritative or known.modified_at is None or told.read_at is None:
            return False
        of_that_date = told.modified_at == known.modified_at or (
            told.modified_at is None and known.modified_at <= told.read_at
        )
        return of_that_date and told.read_at < known.modified_at + _PRECISION
    if told.modified_at is None or known.instant is None:
        return True
    if known.modified_at is None and known.read_at is not None:
        return told.modified_at <= known.read_at < told.modified_at + _PRECISION
    return known.modified_at == told.modified_at


def _contradict(stored: Record, told: Record) -> bool:
    """Tell whether a field was told differently, and it is open which is later."""
    for entry in fields(told):
        known, said = getattr(stored, entry.name), getattr(told, entry.name)
        if not isinstance(known, Register) or not isinstance(said, Register) or known.value == said.value:
            continue
        if isinstance(known.value, Amounts) and known.value.rounded != said.value.rounded:
            continue  # exact amounts count, whichever is later
        if undecided(known.version, said.version):
            return True
    return False


def as_order(record: OrderRecord, assumptions: Assumptions, horizon: datetime) -> Order | None:
    """Return what is known of the order at `horizon`, or None for a stub that nobody placed yet."""
    if record.placed_at is None:
        return None
    amounts = record.amounts.value if record.amounts else None
    return Order(
        shop=record.shop,
        id=record.id,
        number=record.number.value if record.number else record.id,
        placed_at=record.placed_at.value,
        status=record.status.value if record.status else "",
        total=amounts.total if amounts else None,
        shipping=amounts.shipping if amounts else None,
        lines=tuple(_named(line, record) for line in (amounts.lines if amounts else ())),
        gateway=record.gateway.value if record.gateway else "",
        codes=record.codes.value if record.codes else (),
        country=record.country.value if record.country else "",
        locale=record.locale.value if record.locale else "",
        needs_shipping=_needs_shipping(record),
        test=record.test,
        purchased_at=None if record.test else record.purchased_at,
        cancelled=bool(record.cancelled and record.cancelled.value),
        cancelled_at=record.cancelled_at,
        shipments=_shipments(record),
        deliveries=tuple(
            parcel for parcel in deliveries(record, assumptions) if not parcel.assumed or parcel.at <= horizon
        ),
        refunds=tuple(
            OrderRefund(
                id=id_,
                amount=refund.amount.value,
                lines=refund.lines.value if refund.lines else None,
                at=_refunded_at(record, record.placed_at.value, id_),
            )
            for id_, refund in sorted(record.refunds.items())
            if not record.withdrawn(id_)
        ),
    )


def _named(line: OrderLine, record: OrderRecord) -> OrderLine:
    """Return a line with the product that it was once known to be of, and the plan by which it was bought."""
    plan = record.selling_plans.get(line.id)
    if plan is not None:
        line = replace(line, selling_plan=plan.value)
    known = record.products.get(line.id)
    if known is None:
        return line
    product, variant, sku = (
        part.value if part else None for part in (known.product, known.variant, known.sku)
    )
    if (line.product, line.variant, line.sku) == (product, variant, sku):
        return line
    return replace(line, product=product, variant=variant, sku=sku)


def facts(record: OrderRecord, assumptions: Assumptions, horizon: datetime) -> tuple[OrderEvent, ...]:
    """Return every event of the order that is known at `horizon`, in the order of emission.

    A function of the record alone, and the set only grows: a purchase called off and revived keeps both
    events, and a refund that was removed keeps its event while `Order.refunds` no longer has it.
    """
    if record.purchased_at is None or record.test or record.placed_at is None:
        return ()
    return tuple(_facts(record, record.placed_at.value, record.purchased_at, assumptions, horizon))


def _facts(
    record: OrderRecord,
    placed_at: datetime,
    purchased_at: datetime,
    assumptions: Assumptions,
    horizon: datetime,
) -> Iterator[OrderEvent]:
    ref = order_ref(record.shop, record.id)
    shop, order = record.shop, record.id
    yield Purchase(id=f"{ref}/purchase", shop=shop, order=order, occurred_at=purchased_at)
    for parcel in _shipments(record):
        yield Shipment(
            id=f"{ref}/shipment/{parcel.id}",
            shop=shop,
            order=order,
            shipment=parcel.id,
            occurred_at=parcel.at,
        )
    for parcel in deliveries(record, assumptions):
        if parcel.assumed and parcel.at > horizon:
            continue
        yield Delivery(
            id=f"{ref}/delivery/{parcel.id}",
            shop=shop,
            order=order,
            shipment=parcel.id,
            assumed=parcel.assumed,
            occurred_at=parcel.at,
        )
    for id_, refund in sorted(record.refunds.items()):
        yield Refund(
            id=f"{ref}/refund/{id_}",
            shop=shop,
            order=order,
            refund=id_,
            amount=refund.amount.value,
            lines=refund.lines.value if refund.lines else None,
            occurred_at=_refunded_at(record, placed_at, id_),
        )
    if record.cancelled_at is not None:
        yield Cancellation(id=f"{ref}/cancellation", shop=shop, order=order, occurred_at=record.cancelled_at)


def as_review(record: ReviewRecord) -> Review | None:
    """Return what is known of a review; None, until somebody tells of which product, and since when."""
    if record.created_at is None or record.product is None:
        return None
    return Review(
        shop=record.shop,
        id=record.id,
        product=record.product.value,
        created_at=record.created_at.value,
        rating=record.rating.value if record.rating else None,
        text=(record.text.value if record.text else None) or "",
        verified=record.verified is not None and record.verified.value,
        status=record.status.value if record.status else ReviewStatus.HOLD,
        order=record.order.value if record.order else None,
        deleted=record.deleted is not None and record.deleted.value,
    )


def as_subscription(record: SubscriptionRecord) -> Subscription:
    """Return what is known of a subscription; of one that nobody has described, that nothing comes."""
    return Subscription(
        shop=record.shop,
        id=record.id,
        active=record.active is not None and record.active.value,
        status=record.status.value if record.status else "",
        lines=record.lines.value if record.lines else (),
        next_at=record.next_at.value if record.next_at else None,
    )


def review_facts(record: ReviewRecord) -> tuple[ReviewReceived, ...]:
    """Return the event of a review: one, as soon as it was seen approved or waiting for that.

    It stays when the review is taken away later, as the event of a refund does.
    """
    review = as_review(record)
    if review is None or not record.heard:
        return ()
    return (
        ReviewReceived(
            id=review_ref(record.shop, record.id),
            shop=record.shop,
            occurred_at=review.created_at,
            review=record.id,
            product=review.product,
            status=review.status,
            order=review.order,
        ),
    )


def consent_facts(record: ConsentRecord) -> tuple[ConsentChanged, ...]:
    """Return the events of all that a platform has told of what an account has said; the set only grows."""
    return tuple(_consents(record))


def _consents(record: ConsentRecord) -> Iterator[ConsentChanged]:
    ref = f"{record.shop}/consent/{record.id}"
    ticked = record.opt_in is not None and record.opt_in.value is not OptIn.UNKNOWN
    for said, at in sorted(record.said.items()):
        agreed = said.startswith(ConsentState.SUBSCRIBED)
        yield ConsentChanged(
            id=f"{ref}/{said}",
            shop=record.shop,
            occurred_at=at,
            channel=record.channel.value if record.channel else "email",
            purpose=None,
            basis=Basis.EXPRESS if agreed else None,
            source=ref,
            by_person=ticked or not agreed,
        )


def deliveries(record: OrderRecord, assumptions: Assumptions) -> tuple[Parcel, ...]:
    """Return reported deliveries, and for parcels without a report the moment at which one is assumed."""
    reported = [Parcel(id=id_, at=at) for id_, at in sorted(record.deliveries.items())]
    assumed = [
        Parcel(id=parcel.id, at=parcel.at + assumptions.after_shipment, assumed=True)
        for parcel in _shipments(record)
        if parcel.id not in record.deliveries
    ]
    if not reported and not _needs_shipping(record) and record.placed_at is not None:
        at = record.placed_at.value + assumptions.without_shipment
        assumed.append(Parcel(id=WHOLE, at=at, assumed=True))
    return tuple(sorted(reported + assumed, key=lambda parcel: (parcel.at, parcel.id)))


def _needs_shipping(record: OrderRecord) -> bool:
    return record.needs_shipping is None or record.needs_shipping.value


def _shipments(record: OrderRecord) -> tuple[Parcel, ...]:
    if not _needs_shipping(record):
        return ()
    return tuple(Parcel(id=id_, at=at) for id_, at in sorted(record.shipments.items()))


def _refunded_at(record: OrderRecord, placed_at: datetime, refund: str) -> datetime:
    known = record.refunds[refund]
    return known.dated or known.told_at or record.purchased_at or placed_at
