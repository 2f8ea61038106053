"""Reviews of products, from what the shop tells to what plugins decide and operators see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aftercare_sdk.actions import (
    CancelMessages,
    Discount,
    GrantReward,
    Money,
    Scope,
    SetTimer,
)
from aftercare_sdk.engine.timeline import EntryKind, timeline
from aftercare_sdk.model.reviews import ReviewStatus
from aftercare_sdk.model.shops import NeedsRead, Ref
from aftercare_sdk.model.versions import Version
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    always,
    customer,
    note,
    order,
    program,
    review,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
WORD = {"template": "asks", "data": {"word": "thanks"}}
"""A message that needs no order."""


class Watcher:
    """A program that keeps what it was shown of reviews."""

    def __init__(self, *actions):
        self.seen = []
        self.plugin = program(on_review=self._see)
        self._actions = actions

    def _see(self, event, ctx):
        self.seen.append((event, ctx))
        return self._actions


@pytest.fixture
def watcher():
    """A plugin that only looks."""
    return Watcher()


def of_reviews(bench):
    """Return the ids of all events of reviews."""
    return [one for one in bench.event_ids() if "/review/" in one]


class TestReceived:
    """When a review is an event, and when not."""

    def test_once(self, migrated_database_url, watcher):
        """However often it is told, edited or moderated; the event shows what moderation says by now."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(review(status=ReviewStatus.HOLD))
            bench.run_due()
            for minute, status in enumerate([ReviewStatus.APPROVED, ReviewStatus.TRASH], 1):
                later = START + minute * MINUTE
                bench.tell(review(modified=later, status=status, rating=1, text="No."))
                bench.run(MINUTE)
            ((event, ctx),) = watcher.seen
            assert ("main/review/715", START, "tea", ReviewStatus.HOLD) == (
                event.id,
                event.occurred_at,
                event.product,
                event.status,
            )
            assert ("main/review/715", 4, "Smells of May.", True) == (
                ctx.review.ref,
                ctx.review.rating,
                ctx.review.text,
                ctx.review.verified,
            )
            (known,) = bench.events()
            assert ReviewStatus.TRASH == known.event.status

    @pytest.mark.parametrize("status", [ReviewStatus.SPAM, ReviewStatus.TRASH])
    def test_spam_is_nobodys_word(self, migrated_database_url, watcher, status):
        """What was never approved and never waited for it raises nothing, until somebody takes it back."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(review(status=status))
            bench.run_due()
            assert [] == watcher.seen
            bench.tell(review(modified=START + MINUTE))
            bench.run(MINUTE)
            assert ["main/review/715"] == [event.id for event, _ in watcher.seen]

    def test_earlier_years_start_nothing(self, migrated_database_url, watcher):
        """A backfill of old reviews is known, and no plugin hears of it."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(*(review(str(year), written=START - year * 365 * DAY) for year in range(1, 4)))
            bench.run_due()
            assert ["main/review/1", "main/review/2", "main/review/3"] == of_reviews(bench)
            assert [] == watcher.seen

    def test_a_deleted_review(self, migrated_database_url, watcher):
        """A read finds it gone: the fact stays, and what it said goes."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(review())
            bench.run_due()
            bench.tell(NeedsRead(ref=Ref("review", "715"), reason="a listing does not name it"))
            bench.run(HOUR)
            assert ["main/review/715"] == of_reviews(bench)
            bench.tell(review("716", written=START + 2 * HOUR), at=START + 2 * HOUR)
            bench.run_due()
            (_, ctx) = watcher.seen[-1]
            assert [("715", True, ""), ("716", False, "Smells of May.")] == [
                (one.id, one.deleted, one.text) for one in ctx.customer.reviews
            ]

    def test_a_review_without_a_date_of_change_is_settled_by_the_latest_read(self, migrated_database_url):
        """As those of WooCommerce: what was read last counts, and nothing is left open."""
        with Bench(migrated_database_url) as bench:
            undated = replace(review(), version=Version())
            ref = Ref("review", "715")
            for status in (ReviewStatus.HOLD, ReviewStatus.APPROVED, ReviewStatus.SPAM):
                bench.shelf.objects[ref] = replace(undated, status=status)
                bench.tell(NeedsRead(ref=ref, reason="listed"))
                bench.run(HOUR)
            (known,) = bench.events()
            assert (ReviewStatus.SPAM, 3) == (known.event.status, len(bench.shelf.asked))


class TestWhose:
    """An account or an e-mail links a review to its customer, as it does an order."""

    def test_by_address(self, migrated_database_url, watcher):
        """Whoever bought with the address, in any capitals."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(order("1"), review(email="Ann@Customer.example", written=START + MINUTE))
            bench.run(MINUTE)
            ((_, ctx),) = watcher.seen
            assert (["1"], ["715"]) == (
                [one.id for one in ctx.customer.orders],
                [one.id for one in ctx.customer.reviews],
            )
            assert (None, "715") == (ctx.order, ctx.review.id)

    def test_by_account_and_order(self, migrated_database_url, watcher):
        """The account counts before the address, and the order that a shop names is the event's."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(customer("7"), order("1", customer="7"), order("2", email=BOB))
            bench.tell(review(email=BOB, customer="7", order="1", written=START + MINUTE))
            bench.run(MINUTE)
            ((event, ctx),) = watcher.seen
            assert ("1", "1", ["1"]) == (event.order, ctx.order.id, [one.id for one in ctx.customer.orders])

    def test_nobody_elses(self, migrated_database_url, watcher):
        """A review by another address, or by nobody, is not shown with this customer."""
        with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
            bench.tell(order("1"), review("1", email=BOB), review("2", email=""), review("3", contact=None))
            bench.run_due()
            assert [([], ["1"]), ([], ["2"]), ([], ["3"])] == [
                ([one.id for one in ctx.customer.orders], [one.id for one in ctx.customer.reviews])
                for _, ctx in watcher.seen
            ]

    def test_an_unknown_account_is_read(self, migrated_database_url):
        """A review may be the first thing that is heard of it."""
        with Bench(migrated_database_url) as bench:
            bench.shelf.objects[Ref("customer", "7")] = customer("7")
            bench.tell(review(customer="7"))
            bench.run(HOUR)
            assert [Ref("customer", "7")] == bench.shelf.asked

    def test_what_is_planned_follows_the_review(self, migrated_database_url):
        """To the account that is named later; an order of the same number has nothing to do with it."""
        thanks = note("thanks", delay=DAY, **WORD)
        plugins = {"thanks": program(on_review=always(thanks), on_purchase=always(note("other", delay=DAY)))}
        with Bench(migrated_database_url, plugins) as bench:
            bench.tell(order("715", email=BOB), review())
            bench.process()
            before = {one.label: one.identity for one in bench.messages()}
            bench.tell(review(customer="8", modified=START + MINUTE))
            bench.process()
            after = {one.label: one.identity for one in bench.messages()}
            assert (before["other"], True) == (after["other"], before["thanks"] != after["thanks"])


class TestDecisions:
    """What a plugin may answer to a review."""

    def test_whoever_only_wrote_a_review_gets_mail(self, migrated_database_url):
        """Without account or order: the address is that of the review."""
        with Bench(migrated_database_url, {"thanks": program(on_review=always(note(**WORD)))}) as bench:
            bench.tell(review(email=BOB))
            bench.run_due()
            assert [(BOB, "A word")] == [(one.recipient, one.subject) for one in bench.sent]

    def test_an_order_of_the_same_number_changes_nothing(self, migrated_database_url):
        """Shops number reviews and orders each for themselves."""
        plugins = {"thanks": program(on_review=always(note("review", **WORD)), on_purchase=always(note()))}
        with Bench(migrated_database_url, plugins) as bench:
            bench.tell(order("715"), review(email=BOB))
            bench.run_due()
            assert [(ANN, "Order 715"), (BOB, "A word")] == sorted(
                (one.recipient, one.subject) for one in bench.sent
            )

    def test_a_review_from_which_the_person_was_erased_reaches_nobody(self, migrated_database_url):
        """What was planned before is not sent."""
        thanks = program(on_review=always(note(delay=DAY, **WORD)))
        with Bench(migrated_database_url, {"thanks": thanks}) as bench:
            bench.tell(customer("7"), review(customer="7"))
            bench.process()
            bench.tell(review(customer="7", contact=None, erased=True, modified=START + MINUTE))
            bench.run(2 * DAY)
            assert ([], [("715", "skipped", "no_address")]) == (bench.sent, bench.outcomes())

    def test_a_message_waits_until_the_review_has_been_read(self, migrated_database_url):
        """A doubt about the review holds what is about it."""
        with Bench(migrated_database_url, {"thanks": program(on_review=always(note(**WORD)))}) as bench:
            bench.shelf.objects[Ref("review", "715")] = review()
            bench.tell(review(), NeedsRead(ref=Ref("review", "715"), reason="blurred"))
            bench.run_due()
            (message,) = bench.messages()
            assert ("held", {"object": "review 715"}) == (message.state.value, dict(message.detail))
            bench.run(MINUTE)
            assert ["accepted"] == [one.state.value for one in bench.messages()]

    def test_a_reward_is_made_for_whoever_wrote(self, migrated_database_url):
        """The code is for the address of the review."""
        reward = GrantReward(reason="a review", label="review", discount=Discount(amount=Money(500, "GBP")))
        with Bench(migrated_database_url, {"rewards": program(on_review=always(reward))}) as bench:
            bench.tell(order("715"), review(email=BOB))
            bench.run_due()
            assert [BOB] == [command.email for command in bench.shelf.performed]

    def test_messages_about_a_review_are_called_off_with_it(self, migrated_database_url):
        """Those about the order of the same number stay."""
        plugins = {
            "careful": program(
                on_purchase=always(note("order", delay=DAY)),
                on_review=always(
                    note("review", delay=DAY, **WORD), CancelMessages(reason="on second thoughts")
                ),
            )
        }
        with Bench(migrated_database_url, plugins) as bench:
            bench.tell(order("715"), review())
            bench.run_due()
            assert {"order": "planned", "review": "cancelled"} == {
                one.label: one.state.value for one in bench.messages()
            }

    def test_a_timer_of_a_review(self, migrated_database_url):
        """It comes back with the review, as it stands then, for the customer whose it is by then."""
        seen = []
        wait = SetTimer(reason="look again", name="again", delay=DAY)
        plugins = {
            "patient": program(on_review=always(wait), on_timer=lambda event, ctx: seen.append((event, ctx)))
        }
        with Bench(migrated_database_url, plugins) as bench:
            bench.tell(order("715"), review())
            bench.process()
            bench.tell(review(customer="8", rating=2, modified=START + MINUTE))
            bench.run(2 * DAY)
            ((event, ctx),) = seen
            assert ("main/review/715", None, START + DAY) == (event.subject, event.order, event.occurred_at)
            assert (2, None, []) == (ctx.review.rating, ctx.order, list(ctx.customer.orders))

    def test_once_per_order_needs_an_order(self, migrated_database_url):
        """Where the shop names it, it counts; else the plugin is told to count by customer."""
        plugins = {"once": program(on_review=always(note(scope=Scope.ORDER, **WORD)))}
        with Bench(migrated_database_url, plugins) as bench:
            bench.tell(order("1"), review("1", order="1"), review("2", order="1"))
            bench.run_due()
            assert 1 == len(bench.messages())
            bench.tell(review("3", email=BOB))
            bench.run_due()
            (unit,) = [one for one in bench.units() if one["error"]]
            assert "SendMessage is about an order, but ReviewReceived has none" in unit["error"]


def test_the_timeline_tells_of_reviews(migrated_database_url):
    """What was written, what moderation says, what followed from it; found by its own name too."""
    with Bench(migrated_database_url, {"thanks": program(on_review=always(note(**WORD)))}) as bench:
        bench.tell(order("1"), review(written=START + MINUTE), at=START + timedelta(minutes=2))
        bench.run_due()
        (person,) = timeline(bench.aftercare.brand, "main/review/715", bench.clock.now()).people
        about = [entry for entry in person.entries if entry.values.get("id") == "715"]
        assert [
            (EntryKind.REVIEW, "timeline.review"),
            (EntryKind.EVENT, "timeline.event.ReviewReceived"),
            (EntryKind.DECISION, "timeline.decision.review"),
            (EntryKind.DECISION, "timeline.decision.review"),
            (EntryKind.DECISION, "timeline.decision.review"),
            (EntryKind.MESSAGE, "timeline.message.review"),
        ] == [(entry.kind, entry.code) for entry in about]
        assert {"Green tea"} == {entry.values["product"] for entry in about}
        assert ("4", "approved") == (about[0].values["stars"], about[0].values["moderation"])
        assert [("timeline.review_text", "Smells of May."), ("timeline.review_verified", "")] == [
            (told.code, told.values.get("text", "")) for told in about[0].detail
        ]
        assert "timeline.found.review" == person.found.code
