"""One order, one customer and one message, to be changed by the tests that need them otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aftercare_sdk.model.messages import ChannelSettings, OutgoingMessage, Template
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderLine
from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.compose import Composer
from aftercare_sdk.outreach.variables import ShopCard, message_variables

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
HANA = Contact(family_name="小川", given_name="花子", email="ogawa@example.jp")
SHOP = ShopCard(name="山の茶舗", url="https://chaho.example", contact="support@chaho.example")


def order(**changes) -> Order:
    """Return order 1042 of two lines."""
    fields = {
        "shop": "chaho",
        "id": "1042",
        "number": "1042",
        "placed_at": NOW,
        "total": Money(6_920, "JPY"),
        "lines": (
            OrderLine(id="1", title="煎茶 100g", quantity=2, paid=Money(4_320, "JPY"), tax=Money(320, "JPY")),
            OrderLine(id="2", title="急須", quantity=1, paid=Money(2_000, "JPY"), tax=Money(182, "JPY")),
        ),
    }
    return Order(**{**fields, **changes})


def variables(**changes) -> dict[str, object]:
    """Return what a template gets for the sample order."""
    fields = {"contact": HANA, "shop": SHOP, "order": order(), "data": {}, "zone": TOKYO}
    return message_variables(**{**fields, **changes})


def template(**changes: str) -> Template:
    """Return a template that is in order."""
    fields = {"name": "hello", "locale": "en", "subject": "Hello", "text": "Hello", "html": "<p>Hello</p>"}
    return Template(**{**fields, **changes})


def composer(*templates: Template) -> Composer:
    """Return a composer of these templates."""
    return Composer({(each.name, each.locale): each for each in templates})


def message(**changes) -> OutgoingMessage:
    """Return a message that is ready to leave."""
    fields = {
        "id": "0190b2a4-7c1e-7c3e-9d3e-2f1d0c5a8b11",
        "date": NOW,
        "recipient": "ogawa@example.jp",
        "recipient_name": "小川 花子",
        "subject": "ご注文ありがとうございます",
        "text": "小川 花子 様\n\nありがとうございます。\n",
        "html": "<p>小川 花子 様</p>\n",
        "locale": "ja",
    }
    return OutgoingMessage(**{**fields, **changes})


def settings(**options) -> ChannelSettings:
    """Return the settings of a channel that sends as the shop."""
    return ChannelSettings(name="email", sender="shop@chaho.example", sender_name="山の茶舗", options=options)
