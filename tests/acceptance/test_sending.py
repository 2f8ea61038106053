"""Promise 6: a message is submitted only if it holds at that moment, and its outcome is written down once."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from aftercare_sdk.actions import (
    CancelMessages,
    NoRefund,
    NotSentWithin,
    OrderStands,
    Purpose,
    Scope,
    SetTimer,
)
from aftercare_sdk.engine import dispatch
from aftercare_sdk.engine.dispatch import SENDING_PATIENCE
from aftercare_sdk.model.messages import Accepted, MessageState, Refused, TryAgain, Unknown
from aftercare_sdk.store import journal
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    UNCAPPED,
    Bench,
    always,
    consent,
    customer,
    in_threads,
    note,
    order,
    program,
)
from tests.unit.outreach.mail_servers import ABORT, Inbox, mail_server

ANN, BOB = "ann@customer.example", "bob@customer.example"
REPEATED = (Purpose.SERVICE, Purpose.TRANSACTIONAL)


def greeter(*actions) -> dict[str, object]:
    """Make a program that decides the same at every purchase."""
    return {"greeter": program(on_purchase=always(*(actions or (note(),))))}


def during_send(bench: Bench, happens) -> None:
    """Let something happen while the next message is with the channel."""

    def answer(message):
        happens()
        return Accepted("late")

    bench.probe.answers.append(answer)


@contextlib.contextmanager
def between_claim_and_submit(monkeypatch, happens):
    """Let something happen when a message has been claimed and written, before it is looked at again."""
    compose = dispatch.Dispatcher.compose
    once = itertools.count()

    def composed(self, message, look):
        written = compose(self, message, look)
        if not next(once):
            happens()
        return written

    monkeypatch.setattr(dispatch.Dispatcher, "compose", composed)
    yield
    monkeypatch.setattr(dispatch.Dispatcher, "compose", compose)


def outcome_rows(bench: Bench) -> list[str]:
    """Return the topics of the outcomes in the journal."""
    return [one.topic for one in bench.journal() if one.kind is journal.Kind.OUTCOME]


def test_a_message_is_planned_submitted_and_accepted(migrated_database_url):
    """With a decision for each step, and the words that were sent beside it."""
    with Bench(migrated_database_url, greeter(note(delay=HOUR))) as bench:
        bench.tell(order("1"))
        bench.run(START + HOUR)
        (sent,) = bench.sent
        assert (ANN, "Ann Archer", "Order 1", "Ann, order 1: £10.00\n") == (
            sent.recipient,
            sent.recipient_name,
            sent.subject,
            sent.text,
        )
        message = bench.message()
        assert ("accepted", 1, sent.id) == (message.state.value, message.attempts, message.reference)
        assert START + HOUR == sent.date == message.submitted_at == message.final_at
        assert ["planned", "submitted", "accepted"] == [verdict for verdict, _ in bench.verdicts()]
        assert ["email.accepted"] == outcome_rows(bench)


def test_a_refund_between_claim_and_submission_is_seen(migrated_database_url, monkeypatch):
    """The premises are asked again in the transaction that submits."""
    premises = (OrderStands(order="main/order/1"),)
    with Bench(migrated_database_url, greeter(note(premises=premises))) as bench:
        bench.tell(order("1"))
        bench.process()

        def refunded():
            bench.tell(order("1", modified=START + MINUTE, refunds={"r": (1_000, START)}))
            bench.process()

        with between_claim_and_submit(monkeypatch, refunded):
            bench.run_due()
        assert ([], [("1", "skipped", "order_refunded")]) == (bench.sent, bench.outcomes())
        assert [("planned", "planned"), ("skipped", "order_refunded")] == bench.verdicts()


def test_a_partial_refund_ends_what_wants_none(migrated_database_url):
    """An order that was given back in part stands, but is not free of refunds."""
    stands, free = OrderStands(order="main/order/1"), NoRefund(order="main/order/1")
    messages = (note("stands", premises=(stands,), delay=HOUR), note("free", premises=(free,), delay=HOUR))
    with Bench(migrated_database_url, greeter(*messages)) as bench:
        bench.tell(order("1", refunds={"r": (1, START)}))
        bench.run(START + HOUR)
        assert {"stands": "accepted", "free": "order_partly_refunded"} == {
            one.label: one.code for one in bench.messages()
        }


def test_a_premise_about_an_order_that_is_not_known_does_not_hold(migrated_database_url):
    """Whatever its plugin thought."""
    with Bench(migrated_database_url, greeter(note(premises=(OrderStands(order="main/order/9"),)))) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert [("1", "skipped", "order_unknown")] == bench.outcomes()


def test_what_was_written_before_the_facts_changed_is_written_anew(migrated_database_url, monkeypatch):
    """A mail never greets one person and goes to another."""
    with Bench(migrated_database_url, greeter()) as bench:
        bench.tell(order("1", customer="7"))
        bench.process()

        def corrected():
            bench.tell(order("1", customer="7", modified=START + MINUTE, email=BOB, name="Bob", total=2_000))
            bench.process()

        with between_claim_and_submit(monkeypatch, corrected):
            bench.run_due()
        assert [(BOB, "Bob, order 1: £20.00\n")] == [(one.recipient, one.text) for one in bench.sent]


def test_a_message_called_off_after_it_was_claimed_does_not_leave(migrated_database_url, monkeypatch):
    """The plugin's word counts until the submission."""
    plugin = program(
        on_purchase=always(note(), note("other")),
        on_shipment=always(CancelMessages(label="note", reason="x")),
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"))
        bench.process()

        def shipped():
            bench.tell(order("1", modified=START + MINUTE, shipped={"a": START}))
            bench.process()

        with between_claim_and_submit(monkeypatch, shipped):
            bench.run_due()
        told = {one.label: (one.state.value, one.code) for one in bench.messages()}
        assert {"note": ("cancelled", "cancelled_by_plugin"), "other": ("accepted", "accepted")} == told
        assert ["other"] == [one.label for one in bench.messages() if one.attempts]
        assert [("planned", "planned"), ("cancelled", "cancelled_by_plugin")] == bench.verdicts("note")


def test_cancelling_reaches_an_order_or_a_customer_and_nobody_elses(migrated_database_url):
    """By label or all; what has left stays as it was."""
    plans = always(note("now"), note("one", delay=DAY), note("two", delay=DAY))
    plugins = {
        "other": program(on_purchase=plans),
        "plugin": program(
            on_purchase=plans,
            on_shipment=always(CancelMessages(label="one", reason="shipped")),
            on_delivery=always(CancelMessages(scope=Scope.CUSTOMER, reason="delivered")),
        ),
    }
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(order("1", email=ANN), order("2", email=ANN), order("3", email=BOB))
        bench.run_due()
        bench.tell(order("1", email=ANN, modified=START + MINUTE, shipped={"a": START}))
        bench.process()
        gone = {
            (one.plugin, one.object, one.label)
            for one in bench.messages()
            if one.state is MessageState.CANCELLED
        }
        assert {("plugin", "1", "one")} == gone
        at = {"a": START + MINUTE}
        bench.tell(order("1", email=ANN, modified=START + HOUR, shipped=at, delivered=at))
        bench.process()
        gone = {
            (one.plugin, one.object, one.label)
            for one in bench.messages()
            if one.state is MessageState.CANCELLED
        }
        assert {("plugin", number, label) for number in "12" for label in ("one", "two")} == gone


CONSENTED = (Purpose.MARKETING, Purpose.REVIEW_REQUEST)


def test_what_needs_a_consent_is_not_sent_without(migrated_database_url):
    """Whichever plugin asks for it."""
    messages = [note(purpose.value, purpose=purpose) for purpose in Purpose]
    with Bench(migrated_database_url, greeter(*messages), config=LAWFUL) as bench:
        bench.tell(order("1"))
        bench.run_due()
        told = {one.label: one.code for one in bench.messages() if one.state is MessageState.SKIPPED}
        assert dict.fromkeys(CONSENTED, "no_lawful_basis") == told
        assert 3 == len(bench.sent)
        assert ("skipped", "no_lawful_basis") == bench.verdicts("marketing")[-1]


def test_a_message_to_nobody_is_skipped(migrated_database_url):
    """With the reason, and nothing is handed over."""
    with Bench(migrated_database_url, greeter()) as bench:
        bench.tell(order("1", email=""))
        bench.tell(order("2", contact=None))
        bench.tell(order("3", email="not an address"))
        bench.tell(order("4", email="a@b\r\nBcc: all@customer.example"))
        bench.run_due()
        codes = ("no_address", "no_address", "address_unusable", "address_unusable")
        expected = [(str(number), "skipped", code) for number, code in enumerate(codes, start=1)]
        assert ([], expected) == (bench.sent, bench.outcomes())


def test_a_template_that_needs_what_is_not_known_is_not_sent(migrated_database_url):
    """Skipped, and the decision names the template, not the person."""
    messages = (note(template="asks"), note("said", template="asks", data={"word": "yes"}))
    with Bench(migrated_database_url, greeter(*messages)) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert {"note": ("skipped", "missing_variable"), "said": ("accepted", "accepted")} == {
            one.label: (one.state.value, one.code) for one in bench.messages()
        }
        assert "data.word is not known" in bench.message("note").detail["problem"]


def test_a_template_that_does_not_exist_fails_alone(migrated_database_url):
    """For good: nobody knows what it should have said."""
    with Bench(migrated_database_url, greeter(note(template="nothing"), note("other"))) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert {"note": ("failed", "template_unknown"), "other": ("accepted", "accepted")} == {
            one.label: (one.state.value, one.code) for one in bench.messages()
        }


def once_in(period: timedelta):
    """Make the premise that no such message went to that person lately."""
    return (NotSentWithin(label="note", period=period),)


def test_one_message_in_a_period(migrated_database_url):
    """The second is skipped, one after the period is not."""
    with Bench(migrated_database_url, greeter(note(premises=once_in(DAY)))) as bench:
        bench.tell(order("1"), order("2"), order("3", email=BOB))
        bench.run_due()
        bench.tell(order("4", placed=START + DAY), at=START + DAY)
        bench.run_due()
        codes = [(one.object, one.code) for one in bench.messages()]
        assert 3 == len(bench.sent)
        assert {("3", "accepted"), ("4", "accepted")} <= set(codes)
        assert ["accepted", "sent_recently"] == sorted(code for number, code in codes if number in "12")


@pytest.mark.parametrize("accounts", [(None, None), ("7", "8")], ids=["guests", "accounts with one mailbox"])
def test_concurrent_senders_respect_the_period_together(migrated_database_url, accounts):
    """Eight messages to one mailbox, four senders at once: one leaves."""
    with Bench(migrated_database_url, greeter(note(premises=once_in(DAY)))) as bench:
        for number in range(8):
            bench.tell(order(str(number), customer=accounts[number % 2]))
        bench.process()
        twins = [bench.twin() for _ in range(3)]
        gate = threading.Barrier(4)

        def send(engine):
            gate.wait()
            while engine.aftercare.read_and_send():
                pass

        # Each takes two, so that they really work at the same time.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dispatch, "CLAIMED_AT_ONCE", 2)
            assert [None] * 4 == in_threads([lambda one=one: send(one) for one in (bench, *twins)])
        for twin in twins:
            twin.aftercare.close()
        assert 1 == len(bench.sent)
        codes = sorted(code for _, _, code in bench.outcomes())
        assert ["accepted", *["sent_recently"] * 7] == codes


def test_what_may_have_arrived_counts(migrated_database_url):
    """An unknown outcome that is yet to be repeated is not forgotten meanwhile."""
    with Bench(migrated_database_url, greeter(note(premises=once_in(DAY)))) as bench:
        bench.probe.answers.append(Unknown("the line went dead"))
        bench.tell(order("1"))
        bench.run_due()
        assert MessageState.DEFERRED is bench.message(order="1").state
        bench.tell(order("2", placed=START + MINUTE / 2), at=START + MINUTE / 2)
        bench.run(START + HOUR)
        assert [("1", "accepted", "accepted"), ("2", "skipped", "sent_recently")] == bench.outcomes()
        assert 2 == len(bench.sent)
        assert 1 == len({one.id for one in bench.sent})


def test_a_period_counts_over_all_identities_of_a_person(migrated_database_url):
    """A guest's order and one with the account that has the same mailbox."""
    with Bench(migrated_database_url, greeter(note(premises=once_in(DAY)))) as bench:
        bench.tell(order("1", email=ANN))
        bench.run_due()
        bench.tell(customer("7", email=ANN), order("2", email="work@customer.example", customer="7"))
        bench.run_due()
        assert [("1", "accepted", "accepted"), ("2", "skipped", "sent_recently")] == bench.outcomes()


def test_an_unknown_outcome_is_repeated_once_under_the_same_id(migrated_database_url):
    """And if that is unknown as well, it stays so."""
    messages = [note(purpose.value, purpose=purpose) for purpose in REPEATED]
    with Bench(migrated_database_url, greeter(*messages)) as bench:
        bench.probe.answers = [Unknown("x")] * 4
        bench.tell(order("1"))
        bench.run(START + DAY)
        assert {2} == set(Counter(one.id for one in bench.sent).values())
        for message in bench.messages():
            assert ("unknown", "outcome_unknown", 2) == (message.state.value, message.code, message.attempts)
            assert START + MINUTE == message.submitted_at
        assert ["email.outcome_unknown"] * 4 == outcome_rows(bench)


def test_what_may_have_arrived_and_is_not_repeated_stays_unknown(migrated_database_url):
    """It is too late for the second try, and nobody can say that it was not sent."""
    with Bench(migrated_database_url, greeter(note(window=MINUTE / 2))) as bench:
        bench.probe.answers = [Unknown("the line broke")]
        bench.tell(order("1"))
        bench.run(HOUR)
        message = bench.message()
        assert ("unknown", "outcome_unknown") == (message.state.value, message.code)
        assert {"reason": "it is not repeated (window_closed)"} == message.detail
        assert 1 == len(bench.sent)


def test_an_unknown_outcome_of_other_purposes_is_never_repeated(migrated_database_url):
    """Nobody gets an offer twice."""
    messages = [note(purpose.value, purpose=purpose) for purpose in (*CONSENTED, Purpose.SURVEY)]
    with Bench(migrated_database_url, greeter(*messages), config={**LAWFUL, **UNCAPPED}) as bench:
        bench.probe.answers = [Unknown("x")] * 3
        consent(bench)
        bench.tell(order("1"))
        bench.run(START + DAY)
        assert ([("1", "unknown", "outcome_unknown")] * 3, 3) == (bench.outcomes(), len(bench.sent))


def test_a_sender_that_died_before_it_submitted_lost_nothing(migrated_database_url, monkeypatch):
    """Its claim ends with the lease; another sender takes over."""
    with Bench(migrated_database_url, greeter()) as bench:
        bench.tell(order("1"))
        bench.process()

        def dies():
            raise KeyboardInterrupt

        with between_claim_and_submit(monkeypatch, dies), pytest.raises(KeyboardInterrupt):
            bench.run_due()
        assert MessageState.CLAIMED is bench.message().state
        assert 0 == bench.run_due()
        bench.run(2 * MINUTE)
        assert ([("1", "accepted", "accepted")], 1) == (bench.outcomes(), len(bench.sent))


@pytest.mark.parametrize(
    ("purpose", "expected", "sent"),
    [(Purpose.SERVICE, ("accepted", "accepted"), 2), (Purpose.MARKETING, ("unknown", "outcome_unknown"), 1)],
)
def test_a_sender_that_died_after_it_submitted_leaves_it_open(migrated_database_url, purpose, expected, sent):
    """Nobody can tell whether the message has left, so it is unknown, and repeated where that is right."""

    def dies(message):
        raise KeyboardInterrupt

    with Bench(migrated_database_url, greeter(note(purpose=purpose)), config=LAWFUL) as bench:
        bench.probe.answers = [dies]
        consent(bench)
        bench.tell(order("1"))
        with pytest.raises(KeyboardInterrupt):
            bench.run_due()
        assert MessageState.SUBMITTED is bench.message().state
        bench.run(SENDING_PATIENCE - MINUTE)
        assert MessageState.SUBMITTED is bench.message().state
        bench.run(HOUR)
        assert (expected, sent) == ((bench.message().state.value, bench.message().code), len(bench.sent))
        assert 1 == len({one.id for one in bench.sent})


def test_a_loss_is_written_down_once(migrated_database_url):
    """Also when several senders notice it at the same moment."""

    def dies(message):
        raise KeyboardInterrupt

    with Bench(migrated_database_url, greeter()) as bench:
        bench.probe.answers = [dies]
        bench.tell(order("1"))
        with pytest.raises(KeyboardInterrupt):
            bench.run_due()
        bench.clock.move(START + HOUR)
        twins = [bench.twin() for _ in range(3)]
        in_threads([one.aftercare.read_and_send for one in (bench, *twins)])
        for twin in twins:
            twin.aftercare.close()
        assert ["email.outcome_unknown"] == outcome_rows(bench)
        assert 1 == bench.message().repeated
        bench.run(HOUR)
        assert ([("1", "accepted", "accepted")], 2) == (bench.outcomes(), len(bench.sent))


def test_a_channel_that_answers_very_late_is_believed(migrated_database_url):
    """It had been given up as unknown; its word spares the repeat."""
    with Bench(migrated_database_url, greeter()) as bench:
        twin = bench.twin()

        def given_up():
            bench.clock.move(bench.clock.now() + SENDING_PATIENCE + MINUTE)
            twin.aftercare.read_and_send()
            assert MessageState.DEFERRED is bench.message().state

        during_send(bench, given_up)
        bench.tell(order("1"))
        bench.run(START + DAY)
        twin.aftercare.close()
        assert ([("1", "accepted", "accepted")], 1) == (bench.outcomes(), len(bench.sent))
        assert "late" == bench.message().reference


def test_a_message_with_the_channel_can_no_longer_be_called_off_or_moved(migrated_database_url):
    """It has left; what the plugin decides meanwhile changes nothing about it."""
    plugin = program(
        on_delivery=always(note()),
        on_shipment=always(CancelMessages(reason="x")),
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        twin = bench.twin()

        def moved_and_called_off():
            at = {"a": START - MINUTE}
            bench.tell(order("1", placed=START - HOUR, modified=START + HOUR, shipped=at, delivered=at))
            twin.process()

        during_send(bench, moved_and_called_off)
        bench.tell(order("1", delivered={"a": START}))
        bench.run(START + DAY)
        twin.aftercare.close()
        assert ([("1", "accepted", "accepted")], 1) == (bench.outcomes(), len(bench.sent))


def test_definite_failures_are_tried_again_until_the_tries_are_used_up(migrated_database_url):
    """Six times, with the pauses of all retries; then the message has failed for good."""
    with Bench(migrated_database_url, greeter()) as bench:
        bench.probe.answers = [TryAgain("busy")] * 6
        bench.tell(order("1"))
        bench.run(START + 2 * DAY)
        assert [("1", "failed", "tries_used_up")] == bench.outcomes()
        pauses = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR]
        assert [START, *itertools.accumulate(pauses, initial=START)][1:] == [one.date for one in bench.sent]
        assert {"reason": "busy"} == dict(bench.message().detail)
        assert 7 * DAY == bench.message().window
        assert ["email.try_again"] * 5 + ["email.tries_used_up"] == outcome_rows(bench)


def test_a_retry_asks_all_premises_again(migrated_database_url):
    """What no longer holds is not sent, however often it was tried."""
    with Bench(migrated_database_url, greeter(note(premises=(OrderStands(order="main/order/1"),)))) as bench:
        bench.probe.answers = [TryAgain("busy")]
        bench.tell(order("1"))
        bench.run_due()
        bench.tell(order("1", modified=START + MINUTE / 2, cancelled=True))
        bench.run(START + DAY)
        assert ([("1", "skipped", "order_cancelled")], 1) == (bench.outcomes(), len(bench.sent))


def test_a_retry_does_not_outlive_the_window(migrated_database_url):
    """It would come too late."""
    with Bench(migrated_database_url, greeter(note(window=10 * MINUTE))) as bench:
        bench.probe.answers = [TryAgain("busy")] * 9
        bench.tell(order("1"))
        bench.run(START + DAY)
        assert ([("1", "skipped", "window_closed")], 3) == (bench.outcomes(), len(bench.sent))


def test_a_permanent_refusal_is_final(migrated_database_url):
    """Nothing is tried again, and nothing moves it afterwards."""
    plugin = program(on_delivery=always(note()), on_shipment=always(CancelMessages(reason="x")))
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.probe.answers = [Refused("no such user Ann <ann@customer.example>")]
        bench.tell(order("1", delivered={"a": START + HOUR}))
        bench.run(START + 2 * HOUR)
        before = bench.message()
        assert ("failed", "refused") == (before.state.value, before.code)
        assert "ann@" not in before.detail["reason"]
        at = {"a": START}
        bench.tell(order("1", modified=START + 2 * HOUR, shipped=at, delivered=at))
        bench.run(START + DAY)
        assert (before, 1) == (bench.message(), len(bench.sent))


def test_nonsense_from_a_channel_is_an_unknown_outcome(migrated_database_url):
    """It may have sent the message; the other messages leave."""
    answers = [RuntimeError("ann@customer.example"), lambda _: None, lambda _: "250 OK", ValueError]
    messages = [note(str(number)) for number in range(5)]
    with Bench(migrated_database_url, greeter(*messages)) as bench:
        bench.probe.answers = list(answers)
        bench.tell(order("1"))
        bench.run_due()
        codes = [(one.state.value, one.code) for one in bench.messages()]
        assert [("accepted", "accepted"), *[("deferred", "outcome_unknown")] * 4] == sorted(codes)
        assert not any("ann@" in str(one.detail) for one in bench.decisions())
        bench.run(START + HOUR)
        assert {"accepted"} == {one.state.value for one in bench.messages()}


def test_a_channel_that_cannot_be_opened_holds_up_only_its_own(migrated_database_url):
    """A person must mend it; the messages of other channels leave, and its own are not lost."""
    channels = {name: {"kind": "probe", "sender": "hello@shop.example"} for name in ("email", "other")}
    messages = (note("a", channel="other"), note("b"), note("c", channel="other", window=2 * HOUR))
    with Bench(migrated_database_url, greeter(*messages), config={"channels": channels}) as bench:
        bench.tell(order("1"))
        bench.process()
        brand = bench.aftercare.brand
        opened = brand.open_channel

        def refuses(name):
            if name == "other":
                raise FileNotFoundError("no secret of Ann")
            return opened(name)

        brand.open_channel = refuses
        bench.run(START + 3 * HOUR)
        told = {one.label: (one.state.value, one.code) for one in bench.messages()}
        assert {
            "a": ("deferred", "try_again"),
            "b": ("accepted", "accepted"),
            "c": ("skipped", "window_closed"),
        } == told
        assert 1 == len(bench.sent)
        brand.open_channel = opened
        bench.run(2 * HOUR)
        assert MessageState.ACCEPTED is bench.message("a").state


def test_a_channel_that_is_gone_from_the_configuration_holds_up_only_its_own(migrated_database_url):
    """What was planned for it waits, and says why."""
    two = {"channels": {"other": {"kind": "probe", "sender": "hello@shop.example"}}}
    plugins = greeter(note("a", channel="other", delay=HOUR), note("b", delay=HOUR))
    with Bench(migrated_database_url, plugins, config=two) as bench:
        bench.tell(order("1"))
        bench.process()
    with Bench(migrated_database_url, plugins) as bench:
        bench.run(START + 2 * HOUR)
        told = {one.label: one.state.value for one in bench.messages()}
        assert {"a": "deferred", "b": "accepted"} == told
        assert "no longer configured" in bench.message("a").detail["reason"]


class Mailing:
    """A bench that sends through SMTP to a real server of this machine."""

    def __init__(self, url: str, port: int, *actions) -> None:
        channel = {
            "kind": "smtp",
            "sender": "hello@shop.example",
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
        }
        self.bench = Bench(url, greeter(*actions), config={"channels": {"email": channel}})

    def __enter__(self) -> Bench:
        return self.bench.__enter__()

    def __exit__(self, *error: object) -> None:
        self.bench.aftercare.close()


def message_ids(inbox: Inbox) -> list[str]:
    """Return the Message-IDs of what arrived."""
    return [
        message_from_bytes(bytes(mail.content), policy=policy.default)["Message-ID"] for mail in inbox.mails
    ]


def test_a_real_server_accepts(migrated_database_url):
    """One connection for several mails; the server's own name for each is kept."""
    inbox = Inbox()
    with mail_server(inbox) as port, Mailing(migrated_database_url, port) as bench:
        bench.tell(order("1", email=ANN), order("2", email=BOB))
        bench.run_due()
        assert [("1", "accepted", "accepted"), ("2", "accepted", "accepted")] == bench.outcomes()
        assert {"4F1A2B"} == {one.reference for one in bench.messages()}
        assert ([[ANN], [BOB]], 1) == (sorted(mail.rcpt_tos for mail in inbox.mails), inbox.connections)
        assert {f"<{one.id}@shop.example>" for one in bench.messages()} == set(message_ids(inbox))


@pytest.mark.parametrize("command", ["RCPT", "BODY"])
def test_a_real_server_that_is_busy_gets_it_later(migrated_database_url, command):
    """4xx is definite: nothing was taken, wherever it was said."""
    inbox = Inbox()
    inbox.answers = {command: "451 4.3.0 busy with ann@customer.example"}
    with mail_server(inbox) as port, Mailing(migrated_database_url, port) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert [("1", "deferred", "try_again")] == bench.outcomes()
        assert "ann@" not in bench.message().detail["reason"]
        inbox.answers.clear()
        bench.run(START + MINUTE)
        assert ([("1", "accepted", "accepted")], 1) == (bench.outcomes(), len(inbox.mails))
        verdicts = [code for verdict, code in bench.verdicts() if verdict != "submitted"]
        assert ["planned", "try_again", "accepted"] == verdicts


@pytest.mark.parametrize("command", ["RCPT", "BODY"])
def test_a_real_server_that_refuses_is_not_asked_again(migrated_database_url, command):
    """5xx is final."""
    inbox = Inbox()
    inbox.answers = {command: "550 5.1.1 no such user"}
    with mail_server(inbox) as port, Mailing(migrated_database_url, port) as bench:
        bench.tell(order("1"))
        bench.run(START + DAY)
        assert ([("1", "failed", "refused")], []) == (bench.outcomes(), inbox.mails)
        assert 1 == inbox.commands.count("RCPT")


def test_a_real_server_that_is_lost_after_the_mail_gets_it_once_more(migrated_database_url):
    """Under the same Message-ID, so that the reader sees one."""
    inbox = Inbox()
    inbox.answers = {"BODY": ABORT}
    with mail_server(inbox) as port, Mailing(migrated_database_url, port) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert [("1", "deferred", "outcome_unknown")] == bench.outcomes()
        inbox.answers.clear()
        bench.run(START + DAY)
        assert [("1", "accepted", "accepted")] == bench.outcomes()
        first, second = message_ids(inbox)
        assert first == second == f"<{bench.message().id}@shop.example>"


def test_a_real_server_that_is_always_lost_is_given_up(migrated_database_url):
    """After the one repeat the outcome stays unknown."""
    inbox = Inbox()
    inbox.answers = {"BODY": ABORT}
    with mail_server(inbox) as port, Mailing(migrated_database_url, port) as bench:
        bench.tell(order("1"))
        bench.run(START + DAY)
        assert ([("1", "unknown", "outcome_unknown")], 2) == (bench.outcomes(), len(inbox.mails))


def test_a_server_that_is_not_there_gets_it_when_it_is(migrated_database_url):
    """Nothing has left, so nothing is lost."""
    inbox = Inbox()
    with mail_server(inbox) as port:
        pass
    with Mailing(migrated_database_url, port) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert [("1", "deferred", "try_again")] == bench.outcomes()


def test_decisions_and_logs_hold_no_personal_data(migrated_database_url, caplog):
    """Nor does anything else that is kept for ever."""
    caplog.set_level(logging.DEBUG, "aftercare_sdk")
    inbox = Inbox()
    inbox.answers = {"RCPT": "550 5.1.1 <ann@customer.example>: Ann Archer is unknown"}
    messages = (note(), note("asks", template="asks"), note("sells", purpose=Purpose.MARKETING))
    timer = SetTimer(name="t", delay=HOUR, reason="x")
    with mail_server(inbox) as port, Mailing(migrated_database_url, port, *messages, timer) as bench:
        bench.tell(order("1"))
        bench.run(START + 2 * HOUR)
        assert {"failed", "skipped"} == {one.state.value for one in bench.messages()}
        kept = [
            *(str(one) for one in bench.decisions()),
            *(str(one) for one in bench.messages()),
            *(str(one) for one in bench.events()),
            *(one.outcome for one in bench.journal()),
            *(repr(one) for one in bench.journal()),
            *(str(row) for row in bench.units()),
            *(repr(one) for one in bench.sent),
            *(record.getMessage() for record in caplog.records if record.name == "aftercare_sdk"),
        ]
        for personal in ("ann@", "customer.example", "Archer"):
            assert [] == [line for line in kept if personal in line]
