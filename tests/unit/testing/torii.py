"""An imaginary platform, a good adapter for it, and its contract; `broken.py` spoils them one by one."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, SignatureError, TranslationError
from aftercare_sdk.model.commands import IssueCode, Receipt, RevokeCode, TagCustomer
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot, RefundSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import (
    Gone,
    Ignored,
    NeedsRead,
    Ping,
    RawRequest,
    Ref,
    Shop,
    ShopAdapter,
    Webhook,
)
from aftercare_sdk.model.sync import Page, Stream
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.digests import digest
from aftercare_sdk.testing import AdapterContract

URL = "https://torii.example"
START = datetime(2026, 4, 1, 9, tzinfo=UTC)


class ToriiAdapter(ShopAdapter):
    """Orders as JSON, signed with HMAC-SHA256; read by id, listed by date of change. Codes and tags."""

    how = {"timeout": 9, "allow_redirects": False}  # noqa: RUF012 - read only

    def __init__(self, shop):
        self.shop = shop

    @property
    def streams(self):
        """What can be listed."""
        return (Stream(name="orders", kind="order", every=timedelta(hours=1)),)

    def check(self, request):
        """Raise SignatureError unless a secret of the shop signed the body."""
        told = request.header("X-Torii-Signature").encode(errors="replace")
        signed = [mac(secret, request.body) for secret in self.shop.secrets if secret]
        if True not in [hmac.compare_digest(each.encode(), told) for each in signed]:
            raise SignatureError("the signature does not belong to this body")

    def verify(self, request):
        self.check(request)
        if request.header("X-Torii-Topic") == "ping":
            return Ping()
        return Webhook(
            topic=request.header("X-Torii-Topic"), body=request.body, dated=b'"updated"' in request.body
        )

    def translate(self, webhook):
        if webhook.topic not in {"order", "touched"}:
            return [Ignored("not used")]
        try:
            if webhook.topic == "touched":
                return [
                    NeedsRead(Ref("order", str(json.loads(webhook.body)["id"])), "says only that it changed")
                ]
            return [self.picture(json.loads(webhook.body))]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TranslationError("this is no order of Torii") from None

    def money(self, told, currency):
        """Read an amount."""
        return Money.parse(told, currency)

    def moment(self, told):
        """Read a time."""
        return datetime.fromisoformat(told)

    def picture(self, told, *, complete=False):
        """Draw an order."""
        currency = told["currency"]
        lines = tuple(
            OrderLine(
                id=each["id"],
                title="Tea",
                quantity=1,
                paid=self.money(each["paid"], currency),
                tax=self.money(each["tax"], currency),
                product=each["product"],
            )
            for each in told["lines"]
        )
        snapshot = OrderSnapshot(
            shop=self.shop.name,
            id=str(told["id"]),
            version=Version(modified_at=self.moment(told["updated"])),
            number=str(told["id"]),
            placed_at=self.moment(told["placed"]),
            contact=Contact(email=told["contact"]["email"], full_name=told["contact"]["name"]),
            amounts=Amounts(
                total=self.money(told["total"], currency),
                shipping=self.money(told["shipping"], currency),
                lines=lines,
            ),
            purchased_at=self.moment(told["placed"]) if told["paid"] else None,
            cancelled=told["cancelled"],
            refunds=tuple(self.refund(each, currency) for each in told["refunds"]),
            refunds_complete=complete,
        )
        return replace(snapshot, version=replace(snapshot.version, digest=digest(snapshot)))

    def refund(self, told, currency):
        """Draw a refund."""
        return RefundSnapshot(
            id=told["id"],
            amount=self.money(told["amount"], currency),
            lines=(),
            refunded_at=self.moment(told["at"]),
        )

    def get(self, path, **params):
        """Ask the platform."""
        return self.judge(self.send("GET", path, params=params))

    def send(self, method, path, **what):
        """Send a request with the key."""
        try:
            return requests.request(  # noqa: S113 - in `how`
                method, URL + path, headers={"X-Key": self.shop.options["key"]}, **self.how, **what
            )
        except requests.RequestException as error:
            raise PlatformUnavailable(f"Torii cannot be reached: {type(error).__name__}") from None

    def judge(self, answer):
        """Return an answer that is one."""
        if answer.status_code in (401, 403):
            raise ConfigurationError("Torii refuses the key; make a new one")
        if answer.is_redirect:
            raise ConfigurationError("Torii sends on to another address")
        if answer.status_code == 404 and b"gone" not in answer.content:
            raise PlatformUnavailable("Torii answered 404")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise PlatformUnavailable(f"Torii answered {answer.status_code}")
        try:
            answer.json()
        except requests.JSONDecodeError:
            raise PlatformUnavailable("Torii answered with a page") from None
        return answer

    def read(self, refs):
        for ref in refs:
            answer = self.get(f"/orders/{ref.id}")
            yield Gone(ref) if answer.status_code == 404 else self.picture(answer.json(), complete=True)

    def changes(self, since):
        position = since.position or "0"
        while position is not None:
            after = since.since.isoformat() if since.since else ""
            told = self.get("/orders", after=after, start=position).json()
            position = None if told["next"] is None else str(told["next"])
            yield Page(
                snapshots=tuple(self.picture(each, complete=True) for each in told["orders"]),
                position=position,
            )

    def perform(self, command):
        if isinstance(command, IssueCode):
            told = {"key": command.key, "email": command.email}
            return self.done("PUT", f"/codes/{command.code}", told)
        if isinstance(command, RevokeCode):
            return self.done("DELETE", f"/codes/{command.code}")
        if isinstance(command, TagCustomer):
            told = {"value": command.value}
            return self.done("PUT", f"/customers/{command.customer}/{command.name}", told)
        return super().perform(command)

    def done(self, method, path, told=None):
        """Have the platform do something."""
        return Receipt(reference=self.judge(self.send(method, path, json=told)).json()["name"])

    def tend(self):
        if self.get("/webhook").json()["active"]:
            return ()
        self.done("PUT", "/webhook")
        return ("the webhook was switched off, and is on again",)


def mac(secret, body):
    """Sign as Torii does."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def order(number, *, minute=0, lines=(("1000", "90"),), shipping="500", currency="JPY", **changes):
    """Return an order as Torii tells it."""
    told = {
        "id": number,
        "currency": currency,
        "placed": START.isoformat(),
        "updated": (START + timedelta(minutes=minute)).isoformat(),
        "paid": True,
        "cancelled": False,
        "contact": {"email": f"buyer{number}@customer.example", "name": "小川 花"},
        "lines": [
            {"id": str(place), "paid": paid, "tax": tax, "product": "tea"}
            for place, (paid, tax) in enumerate(lines, 1)
        ],
        "shipping": shipping,
        "total": "1500",
        "refunds": [],
    }
    return {**told, **changes}


def request(told, topic="order", *, received_at=None, secret=None):
    """Return the webhook that tells something."""
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {"X-Torii-Topic": topic}
    if secret is not None:
        headers["X-Torii-Signature"] = mac(secret, body)
    return RawRequest(headers, body, received_at=received_at)


REFUND = {"id": "R-1", "amount": "500", "at": (START + timedelta(minutes=30)).isoformat()}
STORY = {
    "placed": order(7, paid=False),
    "paid": order(7, minute=10),
    "refunded": order(7, minute=30, refunds=[REFUND]),
    "other": order(8, minute=20),
}
NOW = [STORY["refunded"], STORY["other"]]
SHOP = Shop(
    name="main", currency="JPY", secrets=("the secret that signs",), options={"key": "key-of-the-rest-api"}
)


class Torii(AdapterContract):
    """The contract of a good adapter; named Test… where it is run."""

    shop = SHOP
    next_secret = "the secret that follows"
    samples = {  # noqa: RUF012 - read only
        **{name: request(told) for name, told in STORY.items()},
        "touched": request({"id": 8}, "touched"),
    }
    facts = {  # noqa: RUF012 - read only
        "placed": [],
        "paid": ["order/7/purchase"],
        "refunded": ["order/7/purchase", "order/7/refund/R-1"],
    }
    unknown_topic = request({"id": 1}, "parade")
    ping = request({}, "ping", secret=SHOP.secrets[0], received_at=START)
    hosts = ("torii.example",)
    secret_options = ("key",)

    adapter_class = ToriiAdapter

    def adapter(self, shop):
        return self.adapter_class(shop)

    def sign(self, request, secret):
        signed = {"X-Torii-Signature": mac(secret, request.body)}
        return replace(request, headers={**request.headers, **signed})

    def purchase(self, order_):
        told = order(
            int(order_.id),
            lines=[(str(line.paid.amount), str(line.tax.amount)) for line in order_.lines],
            shipping=str(order_.shipping.amount),
            currency=order_.currency,
            placed=order_.placed_at.isoformat(),
            updated=order_.happened_at.isoformat(),
            contact={"email": order_.contact.email, "name": order_.contact.full_name},
            total=str(order_.total.amount),
        )
        return request(told, secret=self.shop.secrets[0])

    @pytest.fixture(autouse=True)
    def _fresh(self):
        self.made = {}

    def answer(self, asked):
        url = urlsplit(asked.url)
        if url.path == "/webhook" and asked.method == "GET":
            return 200, {}, b'{"active": false}'
        if asked.method != "GET":
            name = self.made.setdefault(url.path, f"N-{len(self.made) + 1}")
            return 200, {}, json.dumps({"name": name}).encode()
        if url.path != "/orders":
            found = [each for each in NOW if url.path == f"/orders/{each['id']}"]
            return (200, {}, json.dumps(found[0]).encode()) if found else (404, {}, b'{"gone": true}')
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        after, start = query.get("after", ""), int(query["start"])
        listed = [each for each in sorted(NOW, key=lambda told: told["updated"]) if each["updated"] > after]
        following = start + 1 if start + 1 < len(listed) else None
        return 200, {}, json.dumps({"orders": listed[start : start + 1], "next": following}).encode()
