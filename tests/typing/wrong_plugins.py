"""Read by mypy and never run: each mistake of an author is found.

An ignore that is not needed is an error itself, so a mistake that mypy stops finding fails here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from typing_extensions import override

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, Purpose, Remember, SendMessage, SetTimer
from aftercare_sdk.events import Delivery, Purchase, Refund


class WrongReturnType(AftercareHooks):
    """Hooks return actions."""

    @override
    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> str:  # type: ignore[override]
        return "thank you"

    @override
    @hookimpl
    def on_delivery(self, event: Delivery, ctx: Context) -> Action:  # type: ignore[override]
        return Remember(reason="it came", key="came", value="yes")

    @override
    @hookimpl
    async def on_refund(self, event: Refund, ctx: Context) -> list[Action]:  # type: ignore[override]
        return []

    @override
    @hookimpl
    def register_flows(self) -> list[str]:  # type: ignore[override]
        return ["thanks"]


class WrongAnswer(AftercareHooks):
    """The declared type is right, and what is returned is not."""

    @override
    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        return "thank you"  # type: ignore[return-value]

    @override
    @hookimpl
    def on_delivery(self, event: Delivery, ctx: Context) -> Iterable[Action] | None:
        return [Remember(reason="it came", key="came", value="yes"), "thanks"]  # type: ignore[list-item]

    @override
    @hookimpl
    def on_refund(self, event: Refund, ctx: Context) -> Iterable[Action] | None:
        return SetTimer(reason="ask why", name="ask")  # type: ignore[return-value]


class MisspeltName(AftercareHooks):
    """`@override` finds what pluggy would register in silence."""

    @override
    @hookimpl
    def on_purchse(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:  # type: ignore[misc]
        return None


class WrongEvent(AftercareHooks):
    """Each hook has its own event."""

    @override
    @hookimpl
    def on_purchase(self, event: Refund, ctx: Context) -> Iterable[Action] | None:  # type: ignore[override]
        return None


class WrongParameters(AftercareHooks):
    """At run time either may be left out; the types keep to the specification."""

    @override
    @hookimpl
    def on_purchase(self, event: Purchase, *, ctx: Context) -> Iterable[Action] | None:  # type: ignore[override]
        return None

    @override
    @hookimpl
    def on_refund(self, event: Refund, ctx: Context, days: int) -> Iterable[Action] | None:  # type: ignore[override]
        return None


class WrongActions(AftercareHooks):
    """Actions know the types of their fields."""

    @override
    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        ctx.memory["seen"] = "yes"  # type: ignore[index]
        event.order = "1043"  # type: ignore[misc]
        return [
            SendMessage(template="t", label="l", purpose="service", reason="first order"),  # type: ignore[arg-type]
            SendMessage(template="t", label="l", purpose=Purpose.SERVICE),  # type: ignore[call-arg]
            SetTimer(reason="ask", name="ask", delay=3),  # type: ignore[arg-type]
            SetTimer(reason="ask", name="ask", delay=timedelta(days=3), data={"step": 1}),  # type: ignore[dict-item]
        ]


def unknown_fact(event: Refund, ctx: Context) -> None:
    """Events and contexts have exactly the fields that they declare."""
    event.amont  # type: ignore[attr-defined]
    ctx.customer.email  # type: ignore[attr-defined]
