"""Programs that are good but for one thing. `test_program_contract.py` runs this and reads what failed.

`breaks` names the tests of the contract that must notice, and no others; the first is the one that is about
the defect. `also` names those that must pass: of what is not named, only the long tests run.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from time import time  # noqa: TID251 - a defect of one of them
from zoneinfo import ZoneInfo

from marshmallow import Schema, fields, post_load

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import (
    AwardPoints,
    CancelMessages,
    ChangeTier,
    ClearTimer,
    Decline,
    GrantReward,
    OrderStands,
    Purpose,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.messages import Template
from aftercare_sdk.model.money import Money
from aftercare_sdk.testing import ProgramContract

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Tokyo")


class Rules:
    """What the section says, in an object of the program's own."""

    def __init__(self, word):
        self.word = word
        self.seen = []


class Settings(Schema):
    """The section of the program."""

    word = fields.String(load_default="thanks")

    @post_load
    def build(self, data, **_):
        return {"rules": Rules(**data)}


class Sakura(AftercareHooks):
    """Does a little of everything, and all of it right."""

    name = "sakura"
    config_schema = Settings
    locales = ("ja", "en")

    @hookimpl
    def register_templates(self):
        text = "{{ data.word }} {{ order.number }}"
        return [
            Template(name="sakura", locale=each, subject=text, text=text, html=text) for each in self.locales
        ]

    @hookimpl
    def on_purchase(self, event, ctx):
        return [*self.message(event, ctx), *self.points(event, ctx), *self.tier(event, ctx)]

    def message(self, event, ctx, **changes):
        given = {
            "template": "sakura",
            "purpose": Purpose.SERVICE,
            "label": "thanks",
            "delay": DAY / 24,
            "premises": (OrderStands(order=event.order_ref),),
            "data": {"word": ctx.config["rules"].word},
            "reason": "to say thanks",
        }
        return [SendMessage(**{**given, **changes})]

    def points(self, event, ctx):
        if ctx.order is None or not ctx.order.lines:
            return []
        lines = {line.id: line.paid.minor // 100 for line in ctx.order.lines}
        return [AwardPoints(label="order", lines=lines, settled=False, reason="for the order")]

    def tier(self, event, ctx):
        return [ChangeTier(tier="friend", reason="has bought")]

    def along(self, event, ctx):
        return []

    @hookimpl
    def on_shipment(self, event, ctx):
        return [Remember(key="parcel", value=event.shipment, reason="to know"), *self.along(event, ctx)]

    @hookimpl
    def on_delivery(self, event, ctx):
        return [*self.ask(event, ctx), *self.grant(event, ctx)]

    def ask(self, event, ctx, **changes):
        given = {"name": "ask", "delay": 3 * DAY, "data": {"parcel": event.shipment}, "reason": "to ask"}
        return [SetTimer(**{**given, **changes})]

    def grant(self, event, ctx):
        discount = Discount(amount=Money(100, "JPY"))
        return [GrantReward(label="hello", discount=discount, scope=Scope.ORDER, reason="to come again")]

    @hookimpl
    def on_timer(self, event, ctx):
        if event.order is None:
            return []
        return self.message_due(event, ctx, order=f"{event.shop}/order/{event.order}")

    def message_due(self, event, ctx, *, order):
        return [
            SendMessage(
                template="sakura",
                purpose=Purpose.MARKETING,
                label="ask",
                premises=(OrderStands(order=order),),
                data={"word": event.data["parcel"]},
                reason="to ask",
            )
        ]

    @hookimpl
    def on_refund(self, event, ctx):
        if ctx.order is None or not ctx.order.fully_refunded:
            return None
        return self.over(event, ctx)

    @hookimpl
    def on_cancellation(self, event, ctx):
        return self.over(event, ctx) if ctx.order is None or ctx.order.cancelled else None

    def over(self, event, ctx):
        goodbye = self.message(event, ctx, label="goodbye", premises=(), reason="to say goodbye")
        return [
            CancelMessages(label="ask", reason="it is over"),
            ClearTimer(name="ask", scope=Scope.ORDER, reason="it is over"),
            ChangeTier(tier=None, reason="it is over"),
            *goodbye,
        ]

    @hookimpl
    def on_review(self, event, ctx):
        return [
            AwardPoints(
                label="review",
                points=10,
                scope=Scope.CUSTOMER,
                discriminator=f"review {event.product}",
                reason="for a review",
            )
        ]


class TestGood(ProgramContract):
    """Nothing is wrong: nothing may fail."""

    breaks = also = ()
    plugin = Sakura()


class Broken(ProgramContract):
    """What all of them share: one currency is enough to show a defect."""

    breaks = also = ()
    currencies = ("JPY",)


class TestCounts(Broken):
    breaks = (
        "test_the_same_event_twice_is_decided_the_same",
        "test_the_order_of_calls_does_not_matter",
    )

    class plugin_class(Sakura):  # noqa: N801 - as an attribute
        numbers = itertools.count()

        def message(self, event, ctx, **changes):
            return super().message(event, ctx, discriminator=str(next(self.numbers)), **changes)

    plugin = plugin_class()


class TestDropsDuplicatesByItself(Broken):
    breaks = (
        "test_the_same_event_twice_is_decided_the_same",
        "test_the_order_of_calls_does_not_matter",
        "test_nothing_of_a_call_stays_behind",
    )

    class plugin_class(Sakura):  # noqa: N801
        last = ""

        @hookimpl
        def on_review(self, event, ctx):
            if event.id == self.last:
                return None
            self.last = event.id
            return super().on_review(event, ctx)

    plugin = plugin_class()


class TestSpeaksOfTheLastOrder(Broken):
    breaks = ("test_the_order_of_calls_does_not_matter", "test_nothing_of_a_call_stays_behind")

    class plugin_class(Sakura):  # noqa: N801
        last = "nobody"

        @hookimpl
        def on_purchase(self, event, ctx):
            self.last = event.order
            return super().on_purchase(event, ctx)

        def ask(self, event, ctx, **changes):
            return super().ask(event, ctx, data={"parcel": self.last})

    plugin = plugin_class()


class TestNamesByHash(Broken):
    breaks = ("test_another_process_decides_the_same",)

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            return super().message(event, ctx, discriminator=str(hash(event.id)), **changes)

    plugin = plugin_class()


class TestJoinsASet(Broken):
    breaks = ("test_another_process_decides_the_same",)

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            lines = ctx.order.lines if ctx.order else ()
            return super().message(
                event, ctx, **{"data": {"word": " ".join({"-", *(line.title for line in lines)})}, **changes}
            )

    plugin = plugin_class()


class TestNeedsATotal(Broken):
    breaks = ("test_nothing_that_may_be_missing_is_needed",)

    class plugin_class(Sakura):  # noqa: N801
        def points(self, event, ctx):
            if ctx.order is not None and ctx.order.total.minor < 0:
                return []
            return super().points(event, ctx)

    plugin = plugin_class()


class TestNeedsLinesOfARefund(Broken):
    breaks = ("test_nothing_that_may_be_missing_is_needed", "test_nothing_fails_in_a_real_engine")

    class plugin_class(Sakura):  # noqa: N801
        def over(self, event, ctx):
            told = len(event.lines) if hasattr(event, "lines") else 0
            return super().over(event, ctx) if told < 1_000 else None

    plugin = plugin_class()


class TestKnowsOnlyMessagesThatWereSent(Broken):
    breaks = ("test_nothing_fails_in_a_real_engine",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            mine = [one.state for one in ctx.customer.messages if one.plugin.startswith("sakura")]
            if any({"accepted": False, "submitted": False}[state] for state in mine):
                return []
            return super().ask(event, ctx, **changes)

    plugin = plugin_class()


class TestAnswersASet(Broken):
    breaks = ("test_answers_are_sound", "test_nothing_fails_in_a_real_engine")

    class plugin_class(Sakura):  # noqa: N801
        @hookimpl
        def on_shipment(self, event, ctx):
            return frozenset(super().on_shipment(event, ctx))

    plugin = plugin_class()


class TestWaitsForDays(Broken):
    breaks = ("test_answers_are_sound", "test_nothing_fails_in_a_real_engine")

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return super().ask(event, ctx, delay=3)

    plugin = plugin_class()


class TestUsesAChannelThatIsNotThere(Broken):
    breaks = ("test_answers_can_be_carried_out", "test_nothing_fails_in_a_real_engine")

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            return super().message(event, ctx, **{"channel": "sms", **changes})

    plugin = plugin_class()


class TestWantsAnOrderOfATier(Broken):
    breaks = ("test_answers_can_be_carried_out", "test_nothing_fails_in_a_real_engine")

    class plugin_class(Sakura):  # noqa: N801
        @hookimpl
        def on_tier_changed(self, event, ctx):
            return [SetTimer(name="ask", delay=DAY, data={"parcel": "A"}, reason="the tier has changed")]

    plugin = plugin_class()


class TestSetsATimerTwice(Broken):
    breaks = ("test_every_key_stands_once_in_an_answer",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return [*super().ask(event, ctx, delay=DAY), *super().ask(event, ctx)]

    plugin = plugin_class()


class TestAwardsTwice(Broken):
    breaks = (
        "test_every_key_stands_once_in_an_answer",
        "test_answers_can_be_carried_out",
        "test_nothing_fails_in_a_real_engine",
    )

    class plugin_class(Sakura):  # noqa: N801
        def points(self, event, ctx):
            return [*super().points(event, ctx), *super().points(event, ctx)]

    plugin = plugin_class()


class TestSpeaksEnglishOnly(Broken):
    breaks = ("test_messages_can_be_written_in_both_languages",)

    class plugin_class(Sakura):  # noqa: N801
        locales = ("en",)

    plugin = plugin_class()


class TestForgetsTheWord(Broken):
    breaks = ("test_messages_can_be_written_in_both_languages",)

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            return super().message(event, ctx, **{"data": {"words": "thanks"}, **changes})

    plugin = plugin_class()


class TestWaitsForWhatNeverComes(Broken):
    breaks = ("test_every_hook_is_seen_at_work",)

    class plugin_class(Sakura):  # noqa: N801
        @hookimpl
        def on_reward_changed(self, event, ctx):
            if event.reward != "a golden watch":
                return None
            return [Remember(key="watch", value="yes", reason="a golden watch")]

    plugin = plugin_class()


class TestReadsTheClock(Broken):
    breaks = ("test_no_clock_is_read",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            if datetime.now(UTC).year < 1970:  # noqa: TID251 - the defect
                return []
            return super().ask(event, ctx)

    plugin = plugin_class()


class TestReadsTheClockByAnotherName(Broken):
    breaks = ("test_no_clock_is_read",)

    class plugin_class(Sakura):  # noqa: N801
        def along(self, event, ctx):
            yield from super().along(event, ctx) if time() else ()

    plugin = plugin_class()


class TestThrowsDice(Broken):
    breaks = ("test_nothing_is_left_to_chance",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return super().ask(event, ctx) if random.random() < 2 else []  # noqa: S311

    plugin = plugin_class()


class TestThrowsDiceOfItsOwn(Broken):
    breaks = ("test_nothing_is_left_to_chance",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return super().ask(event, ctx) if random.Random().random() < 2 else []  # noqa: S311

    plugin = plugin_class()


class TestWritesAFile(Broken):
    breaks = ("test_nothing_is_performed",)

    class plugin_class(Sakura):  # noqa: N801
        def along(self, event, ctx):
            Path(gettempdir(), f"sakura-{os.getpid()}.txt").write_text("a parcel", encoding="utf-8")
            Path(gettempdir(), f"sakura-{os.getpid()}.txt").unlink()
            return []

    plugin = plugin_class()


class TestStartsAProcess(Broken):
    breaks = ("test_nothing_is_performed",)

    class plugin_class(Sakura):  # noqa: N801
        def along(self, event, ctx):
            if ctx.memory.get("parcel") == "B" and event.shipment == "A":
                subprocess.run(["true"], check=False)  # noqa: S607
            return []

    plugin = plugin_class()


class TestStartsAThread(Broken):
    breaks = ("test_nothing_is_performed",)

    class plugin_class(Sakura):  # noqa: N801
        def along(self, event, ctx):
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
            return []

    plugin = plugin_class()


class TestAsksTheNetwork(Broken):
    breaks = ("test_nothing_is_performed",)

    class plugin_class(Sakura):  # noqa: N801
        def along(self, event, ctx):
            with suppress(OSError):
                socket.getaddrinfo("parcels.example", 443)
            return []

    plugin = plugin_class()


class TestWritesIntoItsRules(Broken):
    breaks = ("test_events_and_contexts_stay_as_they_are",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            ctx.config["rules"].seen.append(event.id)
            return super().ask(event, ctx)

    plugin = plugin_class()


class TestWritesIntoItsMemory(Broken):
    breaks = (
        "test_events_and_contexts_stay_as_they_are",
        "test_nothing_that_may_be_missing_is_needed",
        "test_nothing_fails_in_a_real_engine",
    )

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            ctx.memory["asked"] = "yes"
            return super().ask(event, ctx)

    plugin = plugin_class()


class TestKeepsAList(Broken):
    breaks = ("test_nothing_of_a_call_stays_behind",)

    class plugin_class(Sakura):  # noqa: N801
        def __init__(self):
            self.orders = []

        def ask(self, event, ctx, **changes):
            self.orders.append(event.order)
            return super().ask(event, ctx)

    plugin = plugin_class()


ASKED = {}


class TestKeepsAGlobal(Broken):
    breaks = ("test_nothing_of_a_call_stays_behind",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return ASKED.setdefault(event.id, super().ask(event, ctx))

    plugin = plugin_class()


class TestWaitsForChristmas(Broken):
    breaks = ("test_times_move_with_their_facts",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return super().ask(event, ctx, delay=datetime(2028, 12, 24, tzinfo=UTC) - event.occurred_at)

    plugin = plugin_class()


class TestWritesADay(Broken):
    breaks = ("test_times_move_with_their_facts",)

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            day = f"{event.occurred_at + DAY:%d.%m.%Y}"
            return super().message(event, ctx, **{"data": {"word": day}, **changes})

    plugin = plugin_class()


class TestGoodOnMondays(Broken):
    """A program may look at the calendar: what it counts to moves with the facts all the same."""

    also = ("test_times_move_with_their_facts",)
    currencies = ("USD",)

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            local = event.occurred_at.astimezone(ZONE)
            monday = (local + (7 - local.weekday()) * DAY).replace(hour=9, minute=0, second=0, microsecond=0)
            return super().ask(event, ctx, delay=monday - event.occurred_at)

    plugin = plugin_class()


class TestDoesNothingButDecline(Broken):
    breaks = ("test_every_hook_is_seen_at_work",)

    class plugin_class(Sakura):  # noqa: N801
        @hookimpl
        def on_reward_changed(self, event, ctx):
            return [Decline(label="reward", reason=f"rewards that are {event.state} are not told")]

    plugin = plugin_class()


class TestCountsFromNothing(Broken):
    # What is never due is never seen at work.
    breaks = ("test_every_anchor_is_a_fact", "test_every_hook_is_seen_at_work")

    class plugin_class(Sakura):  # noqa: N801
        def ask(self, event, ctx, **changes):
            return super().ask(event, ctx, anchor=f"{event.order}/delivery/{event.shipment}")

    plugin = plugin_class()


class TestLeavesTheWindowOpen(Broken):
    breaks = ("test_an_old_event_sends_nothing",)

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            return super().message(event, ctx, window=3_650 * DAY, **changes)

    plugin = plugin_class()


class TestAwardsForGood(Broken):
    breaks = ("test_a_full_refund_takes_all_points_back",)

    class plugin_class(Sakura):  # noqa: N801
        def points(self, event, ctx):
            return [AwardPoints(label="order", points=50, scope=Scope.ORDER, reason="for the order")]

    plugin = plugin_class()


class TestKeepsTheTier(Broken):
    breaks = ("test_a_full_refund_takes_the_tier_back",)

    class plugin_class(Sakura):  # noqa: N801
        def over(self, event, ctx):
            return [one for one in super().over(event, ctx) if not isinstance(one, ChangeTier)]

    plugin = plugin_class()


class TestThanksForWhatWasGivenBack(Broken):
    breaks = ("test_nothing_is_sent_about_an_order_that_was_given_back",)

    class plugin_class(Sakura):  # noqa: N801
        def message(self, event, ctx, **changes):
            return super().message(event, ctx, **{"premises": (), **changes})

    plugin = plugin_class()


class TestAsksWhatWasGivenBack(Broken):
    """Of a purpose that needs a consent, which nobody has given: the contract sees it all the same."""

    breaks = ("test_nothing_is_sent_about_an_order_that_was_given_back",)

    class plugin_class(Sakura):  # noqa: N801
        def message_due(self, event, ctx, *, order):
            (message,) = super().message_due(event, ctx, order=order)
            told = {name: getattr(message, name) for name in message.__dataclass_fields__}
            return [SendMessage(**{**told, "premises": ()})]

        def over(self, event, ctx):
            return [one for one in super().over(event, ctx) if not isinstance(one, ClearTimer)]

    plugin = plugin_class()


class TestAsksWhyItWasGivenBack(Broken):
    """A message about the end of an order may leave after it; one that is sent by a timer is named."""

    also = ("test_nothing_is_sent_about_an_order_that_was_given_back",)
    about_refunds = ("why",)

    class plugin_class(Sakura):  # noqa: N801
        def over(self, event, ctx):
            why = SetTimer(name="why", delay=DAY, data={"parcel": "why"}, reason="to ask why")
            return [*super().over(event, ctx), why]

        def message_due(self, event, ctx, *, order):
            (message,) = super().message_due(event, ctx, order=order)
            if event.name != "why":
                return [message]
            told = {name: getattr(message, name) for name in message.__dataclass_fields__}
            return [SendMessage(**{**told, "premises": (), "label": "why"})]

    plugin = plugin_class()


class TestFilesWordsOfAReview(Broken):
    breaks = ("test_nothing_of_a_person_is_left_after_an_erasure",)

    class plugin_class(Sakura):  # noqa: N801
        @hookimpl
        def on_review(self, event, ctx):
            return [replace(one, terms={"said": ctx.review.text}) for one in super().on_review(event, ctx)]

    plugin = plugin_class()
