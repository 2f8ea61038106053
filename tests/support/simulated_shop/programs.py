"""What writes to the people of the shop: programs of every purpose, dense enough to meet every rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import (
    Action,
    CancelMessages,
    NoRefund,
    NotSentWithin,
    OrderStands,
    Purpose,
    SendMessage,
)
from aftercare_sdk.model.messages import Template
from tests.support.simulated_shop.facts import House, Step

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DOMAIN = "shop.example"
FLOW = "care-card"
"""A flow of the configuration; the other programs are plugins."""

_STEPS: Mapping[str, tuple[Step, ...]] = {
    "counter": (
        Step(label="receipt", purpose="transactional", on="purchase", delay=timedelta(0), window=7 * DAY),
        Step(label="repaid", purpose="transactional", on="refund", delay=timedelta(0), window=7 * DAY),
        Step(label="called-off", purpose="service", on="cancellation", delay=30 * MINUTE, window=7 * DAY),
        Step(label="on-its-way", purpose="service", on="shipment", delay=timedelta(0), window=6 * HOUR),
    ),
    "questions": (
        Step(label="survey", purpose="survey", on="delivery", delay=3 * DAY, window=7 * DAY, stands=True),
        Step(
            label="please-review",
            purpose="review_request",
            on="delivery",
            delay=6 * DAY,
            window=45 * DAY,
            unspoilt=True,
        ),
    ),
    "offers": (
        Step(label="tonight", purpose="marketing", on="purchase", delay=13 * HOUR, window=2 * HOUR),
        Step(label="tomorrow", purpose="marketing", on="purchase", delay=DAY, window=3 * DAY, stands=True),
        Step(label="soon", purpose="marketing", on="purchase", delay=3 * DAY, window=2 * DAY, stands=True),
        Step(label="later", purpose="marketing", on="purchase", delay=5 * DAY, window=DAY, stands=True),
        Step(label="sometime", purpose="marketing", on="delivery", delay=DAY, window=30 * DAY, unspoilt=True),
        Step(
            label="seldom",
            purpose="marketing",
            on="delivery",
            delay=2 * DAY,
            window=3 * DAY,
            apart=21 * DAY,
        ),
        Step(label="well-said", purpose="marketing", on="review", delay=HOUR, window=3 * DAY),
    ),
    "flows": (
        Step(
            label=FLOW,
            purpose="service",
            on="delivery",
            delay=2 * DAY,
            window=7 * DAY,
            stands=True,
            apart=14 * DAY,
            by_order=True,
        ),
    ),
}
OUT_OF_WORDS = "7"
"""Orders of customers whose number ends like this lack what one of the templates needs."""

HOUSE = House(
    country="JP",
    shops={"main": ("JP", "Asia/Tokyo"), "abroad": ("GB", "Europe/London")},
    legal=("Hibi Coffee K.K.", "1-2-3 Jingumae, Shibuya-ku, Tokyo 150-0001", "help@hibi.example"),
    public="https://aftercare.example/",
    review_is_service=frozenset({"DE"}),
    steps={step.label: step for steps in _STEPS.values() for step in steps},
)

CONFIG: Mapping[str, Any] = {
    "brand": {
        "name": "Hibi",
        "locale": "ja",
        "zone": "Asia/Tokyo",
        "country": HOUSE.country,
        "legal": dict(zip(("name", "address", "contact"), HOUSE.legal, strict=True)),
    },
    "server": {"public_url": HOUSE.public.rstrip("/")},
    "shops": {
        name: {
            "adapter": "test",
            "secrets": [{"env": "SHOP_SECRET"}],
            "currency": "JPY",
            "country": country,
            "zone": zone,
            "locale": "ja" if country == "JP" else "en",
            "assume_delivered": False,
        }
        for name, (country, zone) in HOUSE.shops.items()
    },
    "channels": {"email": {"kind": "mailbox", "sender": f"hello@{DOMAIN}"}},
    "quiet_hours": {"email": "22:00-08:00"},
    "approvals": {"marketing": False},
    "consent": {
        "review_request_is_service": dict.fromkeys(
            sorted(HOUSE.review_is_service), "no reward, no link to products; our lawyer, 2 May 2026"
        )
    },
    "plugins": {
        "flows": {
            FLOW: {
                "anchor": "delivery",
                "template": FLOW,
                "purpose": "service",
                "delay": "2 days",
                "window": "7 days",
                "once_per": "14 days",
            }
        }
    },
}
"""What does not stand in `CONFIG` is as delivered: above all the caps."""


def programs() -> dict[str, AftercareHooks]:
    """Return the plugins, by name; the flow comes with the SDK."""
    return {
        "letters": Letters(),
        **{name: Program(steps) for name, steps in _STEPS.items() if name != "flows"},
    }


class Program(AftercareHooks):
    """Plans its steps at each event of their kind, and calls off offers with the order."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = defaultdict(list)
        for step in steps:
            self._steps[step.on].append(step)

    @hookimpl
    def on_purchase(self, event, ctx) -> Iterable[Action]:
        return self._planned("purchase", event)

    @hookimpl
    def on_shipment(self, event, ctx) -> Iterable[Action]:
        return self._planned("shipment", event)

    @hookimpl
    def on_delivery(self, event, ctx) -> Iterable[Action]:
        return self._planned("delivery", event)

    @hookimpl
    def on_refund(self, event, ctx) -> Iterable[Action]:
        return self._planned("refund", event)

    @hookimpl
    def on_cancellation(self, event, ctx) -> Iterable[Action]:
        return [
            *self._planned("cancellation", event),
            *(
                CancelMessages(label=step.label, reason="the order was called off")
                for step in self._steps["delivery"]
                if step.purpose == "marketing"
            ),
        ]

    @hookimpl
    def on_review(self, event, ctx) -> Iterable[Action]:
        return self._planned("review", event)

    def _planned(self, kind: str, event: Any) -> list[Action]:
        return [_message(step, event) for step in self._steps[kind]]


def _message(step: Step, event: Any) -> SendMessage:
    order = getattr(event, "order", None) or ""
    lacking = step.label == "soon" and order.partition("-")[0].endswith(OUT_OF_WORDS)
    premises = (
        *((OrderStands(order=event.order_ref),) if step.stands else ()),
        *((NoRefund(order=event.order_ref),) if step.unspoilt else ()),
        *((NotSentWithin(label=step.label, period=step.apart),) if step.apart else ()),
    )
    return SendMessage(
        template="letter",
        purpose=Purpose(step.purpose),
        label=step.label,
        delay=step.delay,
        window=step.window,
        premises=premises,
        data={"step": step.label, "trigger": event.id} | ({} if lacking else {"word": "tea"}),
        reason=f"{step.label}, as its program has it",
    )


class Letters(AftercareHooks):
    """Brings the templates. By what a mail says of its step and its subject the checker knows it."""

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        hello = {"ja": "{{ customer | salutation }}", "en": "Dear {{ customer | salutation }},"}
        mark = {"letter": "[{{ data.step }} {{ data.trigger }}]", FLOW: f"[{FLOW} {{{{ order.number }}}}]"}
        word = {"letter": " {{ data.word }}", FLOW: ""}
        return [
            Template(
                name=name,
                locale=locale,
                subject=f"{'お知らせ' if locale == 'ja' else 'A word'}{word[name]}",
                text=f"{hello[locale]}\n\n{mark[name]}\n",
                html=f"<html><body><p>{hello[locale]}</p><p>{mark[name]}</p></body></html>",
            )
            for name in mark
            for locale in hello
        ]
