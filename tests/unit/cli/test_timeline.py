from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.actions import CancelMessages
from aftercare_sdk.engine.timeline import EntryKind, timeline
from aftercare_sdk.model.messages import Refused
from aftercare_sdk.model.premises import NotSentWithin, OrderStands
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    always,
    customer,
    needs_read,
    note,
    order,
    program,
)

ANN = "ann@customer.example"


def told(bench, text=ANN):
    """Ask for a person."""
    return timeline(bench.aftercare.brand, text, bench.clock.now())


def entries(bench, kind=None, text=ANN):
    """Return the entries of the only person, of one kind or all."""
    (person,) = told(bench, text).people
    return [entry for entry in person.entries if kind in {None, entry.kind}]


def one(bench, kind, text=ANN):
    """Return the only entry of a kind."""
    (found,) = entries(bench, kind, text)
    return found


def codes(entry):
    """Return what stands below an entry."""
    return [detail.code for detail in entry.detail]


def test_nobody_is_found_where_nothing_is_known(database_url):
    """An empty answer, not an error."""
    with Bench(database_url) as bench:
        assert [()] * 4 == [told(bench, text).people for text in (ANN, "main/7", "main/order/1", "")]


@pytest.mark.parametrize("text", [f"  {ANN.upper()} ", "main/7", "main/order/1"])
def test_a_person_is_found_by_address_account_or_order(database_url, text):
    """An address in any capitals; an order leads to its customer."""
    with Bench(database_url) as bench:
        bench.tell(customer("7"), order("1", customer="7"))
        bench.process()
        (person,) = told(bench, text).people
        assert ("Ann Archer", {"7", ANN}) == (person.name, {one.value for one in person.identities})
        assert [EntryKind.ORDER, EntryKind.EVENT] == [entry.kind for entry in person.entries]


def test_an_address_finds_everyone_whose_orders_are_written_to_it(database_url):
    """They are different customers to the engine, so they stay apart, and the timeline says so."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(customer("7"), order("1"), order("2", customer="8", name="Bob"))
        bench.run(HOUR)
        found = told(bench)
        assert [("Ann Archer", "timeline.found.identity"), ("Bob Archer", "timeline.found.mailbox")] == [
            (person.name, person.found.code) for person in found.people
        ]
        assert [("timeline.not_joined", {"people": "2"})] == [
            (each.code, each.values) for each in found.notes
        ]
        ann, bob = (
            {
                entry.values["order"]: codes(entry)
                for entry in person.entries
                if entry.kind is EntryKind.MESSAGE
            }
            for person in found.people
        )
        # Her mailbox got both; that the second was about somebody else's order is said beside it.
        assert {"1": ["timeline.subject"], "2": ["timeline.subject", "timeline.other_customer"]} == ann
        assert {"2": ["timeline.subject"]} == bob


def test_what_was_decided_follows_its_order_to_the_owner(database_url):
    """A guest's order whose account becomes known later: its message and all decisions go with it."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note(delay=HOUR)))}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("1", customer="8", modified=START + MINUTE))
        bench.run(DAY)
        verdicts = [entry.values["verdict"] for entry in entries(bench, EntryKind.DECISION, "main/8")]
        assert ["planned", "submitted", "accepted"] == verdicts
        guest, owner = sorted(told(bench).people, key=lambda person: person.found.code)
        assert [] == [entry for entry in guest.entries if entry.kind is EntryKind.DECISION]
        assert {EntryKind.ORDER, EntryKind.EVENT, EntryKind.DECISION, EntryKind.MESSAGE} == {
            entry.kind for entry in owner.entries
        }


def test_what_happens_at_one_instant_stands_in_a_fixed_order(database_url):
    """Order, event, decision, message."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(order("1"))
        bench.run(timedelta(0))
        assert [
            (EntryKind.ORDER, ""),
            (EntryKind.EVENT, ""),
            (EntryKind.DECISION, "planned"),
            (EntryKind.DECISION, "submitted"),
            (EntryKind.DECISION, "accepted"),
            (EntryKind.MESSAGE, ""),
        ] == [(entry.kind, entry.values.get("verdict", "")) for entry in entries(bench) if entry.at == START]


def test_an_order_tells_its_lines_and_what_became_of_them(database_url):
    """Number, state, total; lines, refunds, cancellation."""
    with Bench(database_url) as bench:
        bench.tell(order("1", refunds={"r": (400, START + HOUR)}, cancelled=True, modified=START + HOUR))
        bench.process()
        entry = one(bench, EntryKind.ORDER)
        assert ("1", "paid", "10.00 GBP") == tuple(
            entry.values[name] for name in ("order", "status", "total")
        )
        assert [
            ("timeline.line", {"title": "Green tea", "quantity": "1", "amount": "10.00 GBP"}),
            ("timeline.refunded", {"amount": "4.00 GBP"}),
            ("timeline.cancelled", {}),
        ] == [(detail.code, detail.values) for detail in entry.detail]
        assert ["timeline.event.Purchase", "timeline.event.Refund", "timeline.event.Cancellation"] == [
            event.code for event in entries(bench, EntryKind.EVENT)
        ]


def test_an_order_that_waits_for_a_read_says_so(database_url):
    """With the reason, and with the error if the shop could not answer."""
    with Bench(database_url) as bench:
        bench.tell(order("1"), needs_read("1"))
        bench.process()
        detail = one(bench, EntryKind.ORDER).detail[-1]
        assert ("timeline.awaiting_read", "the picture is blurred") == (detail.code, detail.values["reason"])
        bench.shelf.close()
        bench.run(MINUTE)
        detail = one(bench, EntryKind.ORDER).detail[-1]
        assert "timeline.read_failed" == detail.code
        assert "the shop does not answer" in detail.values["problem"]


def test_a_planned_message_says_when_why_and_on_what_conditions(database_url):
    """It stands at its moment, with the words of its plugin and everything that must still hold then."""
    premises = (OrderStands(order="main/order/1"), NotSentWithin(label="note", period=DAY))
    planned = note(delay=2 * HOUR, window=DAY, premises=premises)
    with Bench(database_url, {"thanks": program(on_purchase=always(planned))}) as bench:
        bench.tell(order("1"))
        bench.process()
        entry = one(bench, EntryKind.MESSAGE)
        assert START + 2 * HOUR == entry.at
        assert ("planned", "thanks") == (entry.values["state"], entry.rule)
        assert ("timeline.plan", "a test wants it") == (entry.reason.code, entry.reason.values["reason"])
        counted, due, stands, not_sent = entry.detail
        assert ("timeline.counted", "7200", "Purchase") == (
            counted.code,
            counted.values["delay"],
            counted.values["event"],
        )
        assert (START + 2 * HOUR + DAY).isoformat() == due.values["until"]
        assert ("timeline.premise.OrderStands", "1") == (stands.code, stands.values["order"])
        assert ("timeline.premise.NotSentWithin", "86400") == (not_sent.code, not_sent.values["period"])


def test_a_message_that_waits_for_a_fact_names_it(database_url):
    """It has no moment yet."""
    planned = note(anchor="main/order/1/delivery/p", delay=DAY)
    with Bench(database_url, {"thanks": program(on_purchase=always(planned))}) as bench:
        bench.tell(order("1"))
        bench.process()
        entry = one(bench, EntryKind.MESSAGE)
        assert [("timeline.awaits_fact", {"about": "main/order/1/delivery/p"})] == [
            (detail.code, detail.values) for detail in entry.detail
        ]


def test_a_sent_message_has_its_subject(database_url):
    """As it went out."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(order("1"))
        bench.run(MINUTE)
        entry = one(bench, EntryKind.MESSAGE)
        assert ("accepted", "Order 1", "accepted", "email") == (
            entry.values["state"],
            entry.values["subject"],
            entry.reason.code,
            entry.rule,
        )


def test_a_message_that_was_not_sent_has_its_reason_and_rule(database_url):
    """So has the decision, with the checks that led to it."""
    stands = note(delay=HOUR, premises=(OrderStands(order="main/order/1"),))
    with Bench(database_url, {"thanks": program(on_purchase=always(stands))}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("1", cancelled=True, modified=START + MINUTE), at=START + MINUTE)
        bench.run(DAY)
        message = one(bench, EntryKind.MESSAGE)
        assert ("skipped", "order_cancelled", "OrderStands") == (
            message.values["state"],
            message.reason.code,
            message.rule,
        )
        decision = entries(bench, EntryKind.DECISION)[-1]
        assert ("skipped", "order_cancelled", "OrderStands") == (
            decision.values["verdict"],
            decision.reason.code,
            decision.rule,
        )
        assert [
            ("timeline.check.passed", "WINDOW"),
            ("timeline.check.passed", "LAW-02"),
            ("timeline.check.passed", "READ"),
            ("timeline.check.stopped", "OrderStands"),
        ] == [(check.code, check.values["rule"]) for check in decision.detail]


def test_a_decision_to_send_says_that_every_check_allowed_it(database_url):
    """No single rule decided."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(order("1"))
        bench.run(MINUTE)
        (decision,) = [
            one for one in entries(bench, EntryKind.DECISION) if one.values["verdict"] == "submitted"
        ]
        assert ("timeline.all_passed", "") == (decision.reason.code, decision.rule)
        assert {"timeline.check.passed"} == set(codes(decision))


def test_a_cancelled_message_says_who_cancelled_it_and_why(database_url):
    """The plugin is the rule."""
    hooks = {
        "on_purchase": always(note(delay=DAY)),
        "on_cancellation": always(CancelMessages(reason="she changed her mind")),
    }
    with Bench(database_url, {"thanks": program(**hooks)}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("1", cancelled=True, modified=START + MINUTE))
        bench.process()
        entry = one(bench, EntryKind.MESSAGE)
        assert ("cancelled", "cancelled_by_plugin", "thanks") == (
            entry.values["state"],
            entry.reason.code,
            entry.rule,
        )
        assert {"plugin": "thanks", "reason": "she changed her mind"} == entry.reason.values


@pytest.mark.parametrize(
    ("changes", "state", "code", "rule"),
    [
        ({"template": "nowhere"}, "failed", "template_unknown", "REND-12"),
        ({"template": "asks"}, "skipped", "missing_variable", "REND-05"),
    ],
)
def test_a_message_that_could_not_be_written_names_the_rule(database_url, changes, state, code, rule):
    """These rules come from no check of the gate."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note(**changes)))}) as bench:
        bench.tell(order("1"))
        bench.run(MINUTE)
        entry = one(bench, EntryKind.MESSAGE)
        assert (state, code, rule) == (entry.values["state"], entry.reason.code, entry.rule)


def test_a_message_that_was_refused_tells_the_words_of_the_channel(database_url):
    """The rule is the channel."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.probe.answers.append(Refused("no such mailbox"))
        bench.tell(order("1"))
        bench.run(MINUTE)
        entry = one(bench, EntryKind.MESSAGE)
        assert ("failed", "refused", "email", {"reason": "no such mailbox"}) == (
            entry.values["state"],
            entry.reason.code,
            entry.rule,
            entry.reason.values,
        )


def test_an_event_tells_which_plugin_failed_on_it(database_url):
    """While it is tried again, and when it is parked."""

    def fail(event, ctx):
        raise RuntimeError("out of tea")

    with Bench(database_url, {"broken": program(on_purchase=fail)}) as bench:
        bench.tell(order("1"))
        bench.process()
        (detail,) = one(bench, EntryKind.EVENT).detail
        assert ("timeline.failed", "broken", "1") == (
            detail.code,
            detail.values["plugin"],
            detail.values["tries"],
        )
        assert "RuntimeError" in detail.values["problem"]
        bench.run(2 * DAY)
        (detail,) = one(bench, EntryKind.EVENT).detail
        assert ("timeline.parked", "6") == (detail.code, detail.values["tries"])
