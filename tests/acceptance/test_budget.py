"""One contact budget for each person, over all programs, channels and accounts (LAW-23, FEED-08)."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose, Scope
from aftercare_sdk.errors import InputError, UnknownCustomer
from aftercare_sdk.model.messages import MessageState, Refused, Template, TryAgain, Unknown
from aftercare_sdk.model.outcomes import OutcomeKind, Report
from aftercare_sdk.model.premises import NotSentWithin, OrderStands
from tests.support.databases import migrate
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    Bench,
    always,
    consent,
    customer,
    note,
    order,
    program,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"


def advert(label="advert", **changes):
    """Make a message that advertises, due in an hour, for ten days."""
    return note(label, **{"purpose": Purpose.MARKETING, "delay": HOUR, "window": 10 * DAY, **changes})


def shop(url, plugins, **budget):
    """Return a shop whose programs decide the same at every purchase; Ann has agreed to everything."""
    made = {name: program(on_purchase=always(*actions)) for name, actions in plugins.items()}
    return opened(Bench(url, made, config={**LAWFUL, "budget": budget}))


def opened(bench):
    """Let Ann be known, and agree to everything."""
    bench.tell(order("0", paid=False))
    bench.process()
    consent(bench)
    return bench


def left(bench):
    """Return hours after the start at which messages left, by label."""
    return {
        one.label: (one.submitted_at - START) / HOUR
        for one in bench.messages()
        if one.submitted_at is not None
    }


def fates(bench):
    """Return state and code of messages, by label."""
    return {one.label: (one.state.value, one.code) for one in bench.messages()}


def test_law_23_one_a_day_and_three_a_week_over_all_programs(migrated_database_url):
    """Five programs want to write at once: each gets its turn, and none is dropped."""
    programs = {f"program-{number}": [advert(f"advert-{number}")] for number in range(5)}
    with shop(migrated_database_url, programs) as bench:
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert 1 == len(bench.sent)
        waiting = [one for one in bench.messages() if not one.state.final]
        assert {(MessageState.DEFERRED, "over_budget")} == {(one.state, one.code) for one in waiting}
        bench.run(10 * DAY)
        assert [1, 25, 49, 169, 193] == sorted(left(bench).values())


def test_what_serves_the_purchase_is_neither_counted_nor_held_back(migrated_database_url):
    """Receipts and help with what was bought leave at once."""
    owed = [note(f"help-{number}", delay=HOUR) for number in range(4)]
    with shop(migrated_database_url, {"ads": [advert()], "help": owed}) as bench:
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert 5 == len(bench.sent)


def test_over_budget_until_the_window_closes_is_skipped(migrated_database_url):
    """Not before: there might be room."""
    brief = advert("brief", window=5 * HOUR)
    with shop(migrated_database_url, {"a": [advert()], "b": [brief]}, priorities=["a"]) as bench:
        bench.tell(order("1"))
        bench.run(4 * HOUR)
        assert ("deferred", "over_budget") == fates(bench)["brief"]
        bench.run(4 * HOUR)
        assert ("skipped", "window_closed") == fates(bench)["brief"]


def test_the_shop_says_who_goes_first(migrated_database_url):
    """By label or by program; the others come in their turn."""
    plugins = {"ads": [advert("sale"), advert("vip")], "refill": [advert("tea", delay=2 * HOUR)]}
    with shop(migrated_database_url, plugins, priorities=["refill", "ads/vip"]) as bench:
        bench.tell(order("1"))
        bench.run(10 * DAY)
        # The tea was not due yet when the first left; then it goes before the sale.
        assert {"vip": 1, "tea": 25, "sale": 49} == left(bench)


def test_programs_take_turns(migrated_database_url):
    """One that has much to say does not keep out one that has little."""
    chatty = [advert(f"sale-{number}", window=5 * DAY) for number in range(4)]
    with shop(migrated_database_url, {"ads": chatty, "reviews": [advert("ask", window=30 * DAY)]}) as bench:
        bench.tell(order("1"))
        bench.run(3 * DAY)
        assert 25 == left(bench)["ask"]


def test_caps_count_over_all_that_belongs_to_a_person(migrated_database_url):
    """The guest order and the account are one person, and so are the shop's two addresses for her."""
    with shop(migrated_database_url, {"ads": [advert(scope=Scope.ORDER)]}) as bench:
        bench.tell(customer("7", email="ann.archer@work.example"), order("1"))
        bench.run(2 * HOUR)
        bench.tell(order("2", customer="7", placed=bench.clock.now()))
        bench.run(2 * HOUR)
        consent(bench, shop="main", account="7")
        assert 1 == len(bench.sent)
        assert ["accepted", "deferred"] == [one.state.value for one in bench.messages()]


def test_what_was_not_taken_does_not_count(migrated_database_url):
    """A refusal leaves room at once; nobody knows: that counts."""
    plugins = {"a": [advert("first")], "b": [advert("second", delay=2 * HOUR)]}
    with shop(migrated_database_url, plugins) as bench:
        bench.probe.answers = [Refused("no such user")]
        bench.tell(order("1"))
        bench.run(3 * HOUR)
        assert {"first": ("failed", "refused"), "second": ("accepted", "accepted")} == fates(bench)
    with shop(migrated_database_url, plugins) as bench:
        bench.probe.answers = [Unknown("the line broke")]
        bench.tell(order("2", email=BOB))
        bench.process()
        consent(bench, BOB)
        bench.run(3 * HOUR)
        second = [one for one in bench.messages() if one.object == "2"]
        assert ["unknown", "deferred"] == [one.state.value for one in second]


def test_a_preset_of_others(migrated_database_url):
    """Sixteen hours between mails."""
    with shop(migrated_database_url, {"a": [advert("x")], "b": [advert("y")]}, preset="klaviyo") as bench:
        bench.tell(order("1"))
        bench.run(2 * DAY)
        assert [1, 17] == sorted(left(bench).values())


def test_feed_08_after_a_complaint_nothing_advertises_for_a_while(migrated_database_url):
    """And what serves the purchase still leaves."""
    plugins = {"ads": [advert(window=30 * DAY), note("help", delay=HOUR)]}
    with shop(migrated_database_url, plugins) as bench:
        bench.tell(order("1"))
        bench.process()
        assert bench.aftercare.tell_complaint("main", "ticket-1", order="1")
        assert not bench.aftercare.tell_complaint("main", "ticket-1", order="1")
        bench.run(2 * DAY)
        assert ("deferred", "cooling_down") == fates(bench)["advert"]
        assert {"help": 1} == left(bench)
        bench.run(20 * DAY)
        assert 14 * 24 == left(bench)["advert"]


def test_feed_08_calling_a_mail_spam_is_a_complaint(migrated_database_url):
    """Whoever agrees again after that is written to, but not at once."""
    with shop(migrated_database_url, {"ads": [advert(window=30 * DAY), note("help")]}) as bench:
        bench.tell(order("1"))
        bench.run(MINUTE)
        spam = Report(kind=OutcomeKind.COMPLAINED, message=bench.message("help").id, body=b"{}")
        bench.aftercare.tell_outcomes("email", [spam])
        bench.run(MINUTE)
        consent(bench)
        bench.run(2 * DAY)
        assert ("deferred", "cooling_down") == fates(bench)["advert"]
        bench.run(20 * DAY)
        assert START + MINUTE + 14 * DAY == bench.message("advert").submitted_at


@pytest.mark.parametrize("who", ["7", "8"], ids=["buyer", "reader"])
def test_feed_08_who_buys_for_somebody_and_who_reads_it_rest_both(migrated_database_url, who):
    """Ann has something sent under Bob's address: either may have complained of something else."""
    with shop(migrated_database_url, {"ads": [advert(window=30 * DAY)]}) as bench:
        bench.tell(customer("7", email=ANN), customer("8", email=BOB), order("9", email=BOB, paid=False))
        bench.process()
        consent(bench, email=BOB)
        bench.tell(order("1", customer="7", email=BOB))
        bench.process()
        assert bench.aftercare.tell_complaint("main", "ticket-1", account=who)
        bench.run(2 * DAY)
        assert ("deferred", "cooling_down") == fates(bench)["advert"]


def test_law_19_a_complaint_delays_a_review_request_and_never_cancels_it(migrated_database_url):
    """However often somebody complains."""
    ask = note("ask", purpose=Purpose.REVIEW_REQUEST, delay=HOUR)
    with shop(migrated_database_url, {"reviews": [ask]}) as bench:
        bench.tell(order("1"))
        bench.process()
        for week in range(8):
            bench.aftercare.tell_complaint("main", f"ticket-{week}", order="1")
            bench.run(7 * DAY)
        assert ("accepted", "accepted") == fates(bench)["ask"]
        assert START + HOUR + 42 * DAY == bench.message("ask").submitted_at


def test_a_complaint_is_somebodys(migrated_database_url):
    """Of an order or an account that is known, one of both."""
    with shop(migrated_database_url, {}) as bench:
        with pytest.raises(UnknownCustomer):
            bench.aftercare.tell_complaint("main", "t", order="99")
        with pytest.raises(InputError, match="one of both"):
            bench.aftercare.tell_complaint("main", "t")


GROUPED = {"merge_group": "to-review", "template": "several", "scope": Scope.ORDER}


class Words(AftercareHooks):
    """A plugin with a template that lists what was merged."""

    @hookimpl
    def register_templates(self):
        text = "{% for item in items %}[{{ item.order.number }} {{ item.data.product }}]{% endfor %}"
        return [Template(name="several", locale="en", subject="Products", text=text, html=text)]


def several(url, *actions, hook=None, **budget):
    """Return a shop that asks for reviews of products, in one message if it can."""
    plugins = {"reviews": program(on_purchase=hook or always(*actions)), "words": Words()}
    return opened(Bench(url, plugins, config={**LAWFUL, "budget": budget}))


def ask(product, **changes):
    """Make an invitation to review a product."""
    given = {**GROUPED, "purpose": Purpose.REVIEW_REQUEST, "delay": HOUR, "data": {"product": product}}
    return note(f"ask-{product}", **{**given, **changes})


def test_what_belongs_together_leaves_as_one(migrated_database_url):
    """Three products to review are one mail and one contact; each ends in a state of its own."""
    with several(migrated_database_url, ask("tea"), ask("cup"), ask("pot")) as bench:
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        (sent,) = bench.sent
        assert {"[1 tea]", "[1 cup]", "[1 pot]"} == set(
            sent.text.strip().replace("][", "]|[").split("|")[:3]
        ) or (all(word in sent.text for word in ("[1 tea]", "[1 cup]", "[1 pot]")))
        states = sorted(state for state, _ in fates(bench).values())
        assert ["accepted", "merged", "merged"] == states
        host = next(one for one in bench.messages() if one.state is MessageState.ACCEPTED)
        merged = [one for one in bench.messages() if one.state is MessageState.MERGED]
        assert {host.key} == {one.host for one in merged}
        assert {host.id} == {one.detail["host"] for one in merged}


def test_what_is_over_budget_rides_along(migrated_database_url):
    """The second order's product waits for room; the third's takes it along."""
    with several(migrated_database_url, ask("tea")) as bench:
        for number in ("1", "2", "3"):
            bench.tell(order(number, placed=bench.clock.now()))
            bench.run(3 * HOUR)
        assert 1 == len(bench.sent)
        bench.run(2 * DAY)
        assert 2 == len(bench.sent)
        assert ["accepted", "accepted", "merged"] == sorted(one.state.value for one in bench.messages())
        assert "[2 tea]" in bench.sent[1].text
        assert "[3 tea]" in bench.sent[1].text


def test_what_no_longer_holds_is_left_out(migrated_database_url):
    """Each keeps its premises: the order that was given back is not asked about."""

    def asked(event, _):
        return [ask("tea", premises=(OrderStands(order=event.order_ref),))]

    with several(migrated_database_url, hook=asked) as bench:
        bench.tell(order("1"), order("2"))
        bench.process()
        bench.tell(order("1", modified=START + MINUTE, refunds={"r": (1_000, START + MINUTE)}))
        bench.run(2 * HOUR)
        (sent,) = bench.sent
        assert "[2 tea]" == sent.text.strip().split("\n")[0]
        assert ["skipped", "accepted"] == [one.state.value for one in bench.messages()]


def test_what_comes_back_comes_back_whole(migrated_database_url):
    """The mail server is busy: all wait, and leave as one later."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:
        bench.probe.answers = [TryAgain("busy")]
        bench.tell(order("1"))
        bench.run(HOUR)
        assert ["deferred", "deferred"] == [one.state.value for one in bench.messages()]
        bench.run(HOUR)
        assert ["accepted", "merged"] == sorted(one.state.value for one in bench.messages())
        assert 2 == len(bench.sent)


def test_a_refusal_ends_all_that_was_in_it(migrated_database_url):
    """They would have met the same."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:
        bench.probe.answers = [Refused("no such user")]
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert {("failed", "refused")} == set(fates(bench).values())


def test_an_outcome_told_before_the_answer_ends_all_that_was_in_it(migrated_database_url):
    """The provider is quicker with its webhook than with its answer."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:

        def quick(message):
            report = Report(kind=OutcomeKind.DELIVERED, message=message.id, body=b"1")
            bench.aftercare.tell_outcomes("email", [report])
            return Unknown("no answer")

        bench.probe.answers = [quick]
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert ["delivered", "merged"] == sorted(one.state.value for one in bench.messages())


def test_only_what_goes_to_the_same_mailbox_merges(migrated_database_url):
    """Two orders of an account to two mailboxes are two messages."""
    with several(migrated_database_url, ask("tea"), caps=[]) as bench:
        bench.tell(customer("7", email=ANN), order("1", customer="7"), order("2", customer="7", email=BOB))
        bench.process()
        consent(bench, BOB)
        bench.run(2 * HOUR)
        assert {ANN, BOB} == {one.recipient for one in bench.sent}
        assert ["accepted", "accepted"] == [one.state.value for one in bench.messages()]


def test_a_merged_message_counts_as_one_that_was_sent(migrated_database_url):
    """`NotSentWithin` asks what a person has been told, in whatever mail."""
    quiet = NotSentWithin(label="ask-cup", period=timedelta(days=30))
    with several(migrated_database_url, ask("tea"), ask("cup", premises=(quiet,)), caps=[]) as bench:
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        bench.tell(order("2", placed=bench.clock.now()))
        bench.run(2 * HOUR)
        assert ("skipped", "sent_recently") == (
            bench.message("ask-cup", "2").state.value,
            bench.message("ask-cup", "2").code,
        )


@pytest.mark.postgres
def test_two_senders_never_use_the_same_place(postgres_databases):
    """Many messages of many programs are due at one moment, and several workers send them at once."""
    plugins = {f"program-{number}": [advert(f"advert-{number}", delay=HOUR)] for number in range(4)}
    people = [f"person-{number}@customer.example" for number in range(12)]
    with shop(postgres_databases.copy_of(migrate), plugins) as bench:
        bench.tell(*(order(f"o{number}", email=email) for number, email in enumerate(people)))
        bench.process()
        for email in people:
            consent(bench, email)
        bench.clock.move(START + 2 * HOUR)
        twins = [bench.twin() for _ in range(3)]
        senders = [threading.Thread(target=send_all, args=(one,)) for one in (bench, *twins)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        for twin in twins:
            twin.aftercare.close()
        assert sorted(people) == sorted(one.recipient for one in bench.sent)
        states = Counter(one.state for one in bench.messages())
        assert {MessageState.ACCEPTED: 12, MessageState.DEFERRED: 36} == states


def send_all(bench):
    """Send until nothing is due."""
    while bench.aftercare.send():
        pass
