"""A home-made shop that lives through the history: it posts the messages that the wire format describes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from standardwebhooks import Webhook

import aftercare_customshop
from aftercare_sdk import Aftercare, RawRequest
from aftercare_sdk.model.money import Money
from tests.support.one_history import script
from tests.support.one_history.script import PEOPLE, PRODUCTS, SHIPPING, Act, Person, Placed
from tests.support.one_history.telling import SHOP

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class CustomShop:
    """Tells of the whole order after every change, with one message."""

    plugin = aftercare_customshop.plugin
    environ: Mapping[str, str] = {"SHOP_SECRET": _SECRET}

    def __init__(self) -> None:
        self._told: dict[int, dict[str, Any]] = {}
        self._sent = 0

    @property
    def configuration(self) -> Mapping[str, Any]:
        return {"adapter": "customshop", "secret": {"env": "SHOP_SECRET"}}

    @property
    def orders(self) -> Mapping[str, int]:
        return {order["id"]: number for number, order in self._told.items()}

    @contextmanager
    def connected(self, aftercare: Aftercare) -> Iterator[None]:
        self._aftercare = aftercare
        opened = aftercare.clock.now()
        for number, person in enumerate(PEOPLE):
            if person.account:
                told = {"id": f"a{number}", "updated_at": opened.isoformat(), "contact": _contact(person)}
                self._tell("customer.created", told, opened)
        yield

    def live(self, act: Act) -> None:
        at = act.at.isoformat()
        if isinstance(act.what, Placed):
            self._told[act.order] = _placed(act, act.what)
        order = self._told[act.order]
        currency = order["currency"]
        match act.what:
            case script.Paid():
                order["paid_at"] = at
            case script.Shipped():
                order["shipments"] = [{"id": "P1", "shipped_at": at}]
            case script.LinesRefunded(lines=taken):
                lines = []
                for place, quantity in taken.items():
                    line = order["lines"][place]
                    unit = Decimal(line["paid"]) / line["quantity"]
                    lines.append({"line": line["id"], "quantity": quantity, "amount": str(unit * quantity)})
                amount = sum(Decimal(line["amount"]) for line in lines)
                self._refund(order, at, str(amount), lines)
            case script.AmountRefunded(amount=minor):
                self._refund(order, at, _text(minor, currency), [])
            case script.Cancelled():
                order["cancelled"] = True
            case script.Revived():
                order["cancelled"] = False
        order["updated_at"] = at
        self._tell("order.updated", order, act.at)

    def _refund(self, order: dict[str, Any], at: str, amount: str, lines: list[Any]) -> None:
        number = len(order["refunds"]) + 1
        order["refunds"].append({"id": f"R{number}", "amount": amount, "refunded_at": at, "lines": lines})

    def _tell(self, type_: str, data: Mapping[str, Any], at: datetime) -> None:
        self._sent += 1
        body = json.dumps({"type": type_, "timestamp": at.isoformat(), "data": data})
        name = f"msg_{self._sent}"
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(_SECRET).sign(name, at, body),
        }
        assert 202 == self._aftercare.receive(SHOP, RawRequest(headers, body.encode())).status


def _placed(act: Act, placed: Placed) -> dict[str, Any]:
    person = PEOPLE[placed.person]
    lines = []
    for place, item in enumerate(placed.items):
        product = PRODUCTS[item.product]
        paid = product.price * item.quantity
        lines.append(
            {
                "id": f"L{place}",
                "title": product.title,
                "quantity": item.quantity,
                "paid": _text(paid, placed.currency),
                "tax": _text(paid * product.tax_rate // (100 + product.tax_rate), placed.currency),
                "product": f"p{item.product}",
                "sku": product.sku,
            }
        )
    shipping = SHIPPING[placed.currency]
    total = sum(PRODUCTS[item.product].price * item.quantity for item in placed.items) + shipping
    return {
        "id": f"c{act.order}",
        "placed_at": act.at.isoformat(),
        "currency": placed.currency,
        "total": _text(total, placed.currency),
        "shipping": _text(shipping, placed.currency),
        "lines": lines,
        "cancelled": False,
        "customer": f"a{placed.person}" if person.account else None,
        "contact": _contact(person),
        "country": person.country,
        "refunds": [],
    }


def _contact(person: Person) -> dict[str, str]:
    return {
        "email": person.email,
        "family_name": person.family_name,
        "given_name": person.given_name,
        "country": person.country,
    }


def _text(minor: int, currency: str) -> str:
    amount: Decimal = Money(minor, currency).amount
    return str(amount)
