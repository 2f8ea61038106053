"""What happens between two looks, while a channel has a message in hand, or while the database is away."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from aftercare_sdk.actions import CancelMessages, NotSentWithin
from aftercare_sdk.engine import dispatch, outcomes
from aftercare_sdk.engine.dispatch import SENDING_PATIENCE
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.model.messages import Accepted, TryAgain
from aftercare_sdk.store import messages, people, sending
from aftercare_sdk.store.database import Database
from tests.support.databases import migrate
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, customer, note, order, program

ANN, BOB = "ann@customer.example", "bob@customer.example"
LATER = START + MINUTE


def calling_off(*actions) -> dict[str, object]:
    """A program that plans at a purchase, and calls everything off at a cancellation."""
    return {
        "p": program(
            on_purchase=always(*(actions or (note(),))), on_cancellation=always(CancelMessages(reason="off"))
        )
    }


def claim_all(database: Database, now, lease: str = "somebody"):
    """Claim what is due, as another sender would."""
    with database.write() as connection:
        return sending.claim(connection, before=None, now=now, lease=lease, limit=9, until=now + MINUTE)


def beside(work):
    """Begin work in a thread; what it came to is returned when the result is asked for."""
    told: list[object] = []

    def run() -> None:
        try:
            told.append(work())
        except StorageUnavailable as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result() -> object:
        thread.join(30)
        return told[0]

    thread.join(0.3)  # long enough to have met the lock
    return result


@pytest.mark.postgres
def test_a_cancellation_wins_over_a_claim_that_comes_in_between(postgres_databases, monkeypatch):
    """The decider has found what it cancels; a sender that claims just then waits, and finds it cancelled."""
    with Bench(postgres_databases.copy_of(migrate), calling_off()) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("1", cancelled=True, modified=LATER))
        cancellable, claims = messages.cancellable, []
        other = Database(bench.url)

        def slow(connection, *given):
            found = cancellable(connection, *given)
            if found:
                claims.append(beside(lambda: claim_all(other, bench.clock.now())))
            return found

        monkeypatch.setattr(messages, "cancellable", slow)
        bench.process()
        assert [[]] == [result() for result in claims]
        other.close()
        assert "cancelled" == bench.message().state.value


@pytest.mark.postgres
def test_persons_joined_while_a_sender_looks_are_one_person_for_the_cap(postgres_databases, monkeypatch):
    """One of them is written to, the two become one, and the other one's message is refused."""
    limited = note(premises=(NotSentWithin(label="note", period=DAY),))
    plugin = program(on_purchase=lambda event, _: [replace(limited, delay=MINUTE * (event.order == "1"))])
    with Bench(postgres_databases.copy_of(migrate), {"p": plugin}) as bench:
        bench.tell(order("1", email=ANN), order("2", email=BOB))
        bench.process()
        bench.clock.move(START + HOUR)
        database, now = bench.aftercare.brand.database, bench.clock.now()
        lock, did = people.lock, []

        def joined_meanwhile(connection, several):
            if not did:
                did.append(True)
                identities = tuple(sorted({one.identity for one in bench.messages()}))
                (claimed,) = claim_all(database, now)
                copy = messages.Copy(message=claimed.key, locale="en", subject="", text="", html="")
                one = sending.Submission(message=claimed, recipient=None, copy=copy)
                with database.write() as other:
                    sending.submit(other, [one], now=now, until=now + HOUR)
                with database.write() as decider:
                    people.join(decider, [identities])
            lock(connection, several)

        monkeypatch.setattr(people, "lock", joined_meanwhile)
        monkeypatch.setattr(dispatch, "CLAIMED_AT_ONCE", 1)
        bench.aftercare.send()
        assert (0, ["skipped", "submitted"]) == (
            len(bench.sent),
            sorted(one.state.value for one in bench.messages()),
        )


@pytest.mark.postgres
def test_cancellations_of_one_batch_and_a_sender_never_wait_for_each_other(postgres_databases, monkeypatch):
    """Both lock messages in the order of their keys, however many customers a batch is about."""
    with Bench(postgres_databases.copy_of(migrate), calling_off(note(delay=DAY))) as bench:
        bench.tell(order("1", email=ANN), order("2", email=BOB))
        bench.process()
        planned = sorted(bench.messages(), key=lambda one: one.key, reverse=True)
        emails = {"1": ANN, "2": BOB}
        bench.tell(
            *(order(one.object, email=emails[one.object], cancelled=True, modified=LATER) for one in planned)
        )
        other, waits, change = Database(bench.url), [], sending.change

        def lets_go():
            with other.write() as connection:
                sending.let_go(connection, planned)
            return "fine"

        def changed(connection, changes, *, now):
            made = change(connection, changes, now=now)
            if made and not waits:
                waits.append(beside(lets_go))
            return made

        monkeypatch.setattr(sending, "change", changed)
        bench.process()
        assert "fine" == waits[0]()
        assert ["cancelled", "cancelled"] == [one.state.value for one in bench.messages()]
        other.close()


class TestInHand:
    """While a channel has a message, the facts go on; if it comes back, it comes back to them."""

    def during(self, bench: Bench, twin: Bench, *told) -> None:
        """Have the channel say `not now`, after the shop has told something."""

        def meanwhile(message):
            twin.tell(*told)
            twin.process()
            return TryAgain("busy")

        bench.probe.answers = [meanwhile]

    def test_called_off(self, migrated_database_url):
        """A message that its plugin calls off does not leave a second time."""
        with Bench(migrated_database_url, calling_off()) as bench, bench.twin() as twin:
            self.during(bench, twin, order("1", cancelled=True, modified=LATER))
            bench.tell(order("1"))
            bench.run_due()
            assert (1, "cancelled", "cancelled_by_plugin") == (
                len(bench.sent),
                bench.message().state.value,
                bench.message().code,
            )
            bench.run(DAY)
            assert 1 == len(bench.sent)
            assert ("cancelled", "cancelled_by_plugin") == bench.verdicts()[-1]

    def test_called_off_too_late(self, migrated_database_url):
        """One that has left by then has left."""
        with Bench(migrated_database_url, calling_off()) as bench, bench.twin() as twin:
            self.during(bench, twin, order("1", cancelled=True, modified=LATER))
            busy = bench.probe.answers.pop()

            def accepts(message):
                busy(message)
                return Accepted("yes")

            bench.probe.answers = [accepts]
            bench.tell(order("1"))
            bench.run_due()
            assert "accepted" == bench.message().state.value

    def test_another_owner(self, migrated_database_url):
        """A message follows its order to the account that it is found to belong to."""
        with Bench(migrated_database_url, calling_off()) as bench, bench.twin() as twin:
            account = customer("7", email=BOB, modified=LATER)
            self.during(bench, twin, order("1", customer="7", modified=LATER), account)
            bench.tell(order("1"))
            bench.run_due()
            assert bench.events()[0].identity == bench.message().identity

    def test_another_moment(self, migrated_database_url):
        """A message moves with its fact, and the pause before its retry is kept."""
        plugin = program(on_delivery=always(note(delay=HOUR)))
        with Bench(migrated_database_url, {"p": plugin}) as bench, bench.twin() as twin:
            earlier = order("1", delivered={"x": START - DAY}, modified=START + 2 * HOUR)
            self.during(bench, twin, earlier)
            bench.tell(order("1", delivered={"x": START}, modified=START))
            bench.run(HOUR)
            assert START - DAY + HOUR == bench.message().due_at
            assert START + HOUR + MINUTE == bench.message().next_at


def test_the_pause_before_a_retry_is_kept_when_the_fact_moves(migrated_database_url):
    """The channel said `not now`; that the shop corrects a time is no reason to ask it at once."""
    plugin = program(on_delivery=always(note()))
    with Bench(migrated_database_url, {"p": plugin}) as bench:
        bench.probe.answers = [TryAgain("busy")]
        bench.tell(order("1", delivered={"x": START}, modified=START))
        bench.run_due()
        retry_at = bench.message().next_at
        bench.tell(order("1", delivered={"x": START - HOUR}, modified=LATER))
        bench.process()
        assert (retry_at, START - HOUR) == (bench.message().next_at, bench.message().due_at)


def test_a_certain_outcome_survives_a_moment_without_the_database(migrated_database_url, monkeypatch):
    """The channel took it, and the database could not be written just then: it is written later, once."""
    with Bench(migrated_database_url, calling_off()) as bench:
        bench.tell(order("1"))
        bench.process()
        write, failures = dispatch.write_outcomes, [1]

        def away(connection, results, now):
            if results and failures:
                failures.pop()
                raise StorageUnavailable("the database restarts")
            return write(connection, results, now)

        monkeypatch.setattr(dispatch, "write_outcomes", away)
        with pytest.raises(StorageUnavailable):
            bench.aftercare.send()
        bench.run(DAY)
        assert (1, "accepted") == (len(bench.sent), bench.message().state.value)


def test_a_certain_outcome_is_written_when_the_sender_ends(migrated_database_url, monkeypatch):
    """Also if the end comes before the database is back for its next message."""
    with Bench(migrated_database_url, calling_off()) as bench:
        twin = bench.twin()
        bench.tell(order("1"))
        bench.process()
        write = dispatch.write_outcomes
        monkeypatch.setattr(
            dispatch,
            "write_outcomes",
            lambda connection, results, now: self_raise() if results else write(connection, results, now),
        )
        with pytest.raises(StorageUnavailable):
            twin.aftercare.send()
        monkeypatch.setattr(dispatch, "write_outcomes", write)
        twin.aftercare.close()
        assert (1, "accepted") == (len(bench.sent), bench.message().state.value)


def self_raise() -> None:
    """Be a database that restarts."""
    raise StorageUnavailable("the database restarts")


@pytest.mark.parametrize("word", ["\ud800", "\x00", "x" * 100_000])
def test_an_odd_answer_of_a_channel_is_written_as_it_can_be(migrated_database_url, word):
    """It costs nobody the outcome: not its own message, and not those that left with it."""
    with Bench(migrated_database_url, calling_off()) as bench:
        bench.aftercare._dispatcher._together = 10
        bench.tell(*(order(str(n), email=f"c{n}@customer.example") for n in range(1, 6)))
        bench.process()
        bench.probe.answers = [Accepted("r1"), Accepted(word)]
        bench.run(DAY)
        assert 5 == len(bench.sent)
        assert {"accepted"} == {code for _, _, code in bench.outcomes()}


def test_an_outcome_that_cannot_be_written_is_unknown_alone(migrated_database_url, monkeypatch):
    """Whatever goes wrong with one, the others of its group are written as they were told."""
    write = outcomes._change

    def breaks(message, result, now):
        if message.object == "2" and isinstance(result, Accepted):
            raise KeyError("ann@customer.example")
        return write(message, result, now)

    monkeypatch.setattr(outcomes, "_change", breaks)
    with Bench(migrated_database_url, calling_off()) as bench:
        bench.aftercare._dispatcher._together = 10
        bench.tell(*(order(str(n), email=f"c{n}@customer.example") for n in range(1, 4)))
        bench.run_due()
        told = {one.object: (one.state.value, one.code) for one in bench.messages()}
        assert {"1": ("accepted", "accepted"), "3": ("accepted", "accepted")}.items() <= told.items()
        assert ("deferred", "outcome_unknown") == told["2"]


def test_a_certain_answer_that_comes_late_is_believed_for_every_purpose(migrated_database_url, monkeypatch):
    """Also where an unknown outcome is final: a person need not settle what is known."""
    monkeypatch.setattr(outcomes, "_REPEATABLE", frozenset())
    with Bench(migrated_database_url, calling_off()) as bench, bench.twin() as twin:

        def late(message):
            bench.clock.move(bench.clock.now() + SENDING_PATIENCE + MINUTE)
            twin.aftercare.send()
            assert "unknown" == bench.message().state.value
            return Accepted("late")

        bench.probe.answers = [late]
        bench.tell(order("1"))
        bench.run_due()
        assert (1, [("1", "accepted", "accepted")]) == (len(bench.sent), bench.outcomes())
