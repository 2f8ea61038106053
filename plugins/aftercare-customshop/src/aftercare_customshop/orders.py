"""What an order says, and what a notice of a single fact says of an order that nobody has told of yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aftercare_customshop.amounts import Till
from aftercare_customshop.options import Rules
from aftercare_customshop.people import contact, texts
from aftercare_customshop.schemas import Data
from aftercare_customshop.versions import UNDATED, dated, noticed
from aftercare_sdk.model.orders import (
    Amounts,
    OrderLine,
    OrderSnapshot,
    Parcel,
    RefundLine,
    RefundSnapshot,
)
from aftercare_sdk.model.shops import NeedsRead, Ref, Translation
from aftercare_sdk.shops.purchases import purchased_at


def order(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return the picture of an order; of one without a date, only what stays true whenever it was drawn."""
    if data["updated_at"] is None:
        facts = _facts(data, rules, Till(data, rules))
        doubt = "the order does not say when it was last changed (updated_at)"
        return (dated(OrderSnapshot(**facts), None), NeedsRead(Ref("order", data["id"]), doubt))
    return (picture(data, rules),)


def read_order(data: Data, rules: Rules) -> OrderSnapshot:
    """Return an order as the shop tells it when it is asked: the refunds that it names are all there are."""
    # After the digest, by which a message that says the same is the same picture.
    return replace(picture(data, rules), refunds_complete=data["refunds"] is not None)


def picture(data: Data, rules: Rules) -> OrderSnapshot:
    """Return all that is said of an order."""
    till = Till(data, rules)
    drawn = OrderSnapshot(
        **_facts(data, rules, till),
        status=data["status"] or None,
        customer=data["customer"],
        contact=None if data["erased"] else contact(data["contact"]),
        amounts=_amounts(data, till),
        gateway=data["gateway"] or None,
        codes=texts(data["codes"]),
        country=data["country"],
        locale=data["locale"] or None,
        needs_shipping=data["needs_shipping"],
        cancelled=data["cancelled"],
        erased=bool(data["erased"]),
    )
    return dated(drawn, data["updated_at"])


def deleted_order(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return an order that is called off because the shop has deleted it."""
    if data["deleted_at"] is None:
        doubt = "the notice does not say when the order was deleted (deleted_at)"
        return (NeedsRead(Ref("order", data["id"]), doubt),)
    gone = OrderSnapshot(shop=rules.shop, id=data["id"], version=UNDATED, cancelled=True)
    return (dated(gone, data["deleted_at"]),)


def shipment_created(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return what is certain of an order of which a parcel has left."""
    told = OrderSnapshot(
        shop=rules.shop,
        id=data["order"],
        version=UNDATED,
        shipments=(Parcel(id=data["id"], at=data["shipped_at"]),),
        deliveries=_delivered([data]),
    )
    return (noticed(told, data["shipped_at"]),)


def delivery_reported(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return what is certain of an order of which a parcel has reached the customer."""
    told = OrderSnapshot(shop=rules.shop, id=data["order"], version=UNDATED, deliveries=_delivered([data]))
    return (noticed(told, data["delivered_at"]),)


def refund_created(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return what is certain of an order of which money was given back."""
    refund = _refund(data, Till(data, rules))
    told = OrderSnapshot(shop=rules.shop, id=data["order"], version=UNDATED, refunds=(refund,))
    return (noticed(told, data["refunded_at"]),)


def _facts(data: Data, rules: Rules, till: Till) -> dict[str, Any]:
    """Return that part of an OrderSnapshot which never changes, or only ever grows."""
    shipments = data["shipments"] or []
    refunds = data["refunds"]
    return {
        "shop": rules.shop,
        "id": data["id"],
        "version": UNDATED,
        "number": data["number"] or None,
        "placed_at": data["placed_at"],
        "test": bool(data["test"]),
        "purchased_at": purchased_at(
            placed_at=data["placed_at"],
            paid_at=data["paid_at"],
            # What is finished or on its way has been released, whoever forgot to say so.
            released=bool(data["released"] or data["completed_at"] or shipments),
            completed_at=data["completed_at"],
            gateway=data["gateway"] or "",
            total=till.money(data["total"]),
            pay_on_delivery=rules.pay_on_delivery,
        ),
        "shipments": tuple(Parcel(id=each["id"], at=each["shipped_at"]) for each in shipments),
        "deliveries": _delivered(shipments),
        "refunds": None if refunds is None else tuple(_refund(each, till) for each in refunds),
    }


def _delivered(parcels: Iterable[Data]) -> tuple[Parcel, ...]:
    return tuple(Parcel(id=each["id"], at=each["delivered_at"]) for each in parcels if each["delivered_at"])


def _amounts(data: Data, till: Till) -> Amounts:
    return Amounts(
        total=till.money(data["total"]),
        shipping=till.money(data["shipping"]),
        lines=tuple(_line(line, till) for line in data["lines"]),
    )


def _line(line: Data, till: Till) -> OrderLine:
    return OrderLine(
        id=line["id"],
        title=line["title"],
        quantity=line["quantity"],
        paid=till.money(line["paid"]),
        tax=till.money(line["tax"]),
        product=line["product"],
        variant=line["variant"],
        sku=line["sku"] or None,
        categories=texts(line["categories"]) or (),
        tags=texts(line["tags"]) or (),
        gift_card=bool(line["gift_card"]),
        on_sale=bool(line["on_sale"]),
    )


def _refund(refund: Data, till: Till) -> RefundSnapshot:
    lines = refund["lines"]
    return RefundSnapshot(
        id=refund["id"],
        amount=till.money(refund["amount"]),
        lines=None
        if lines is None
        else tuple(
            RefundLine(line=each["line"], quantity=each["quantity"], amount=till.money(each["amount"]))
            for each in lines
        ),
        refunded_at=refund["refunded_at"],
    )
