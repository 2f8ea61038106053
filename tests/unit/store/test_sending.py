from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store import messages, people, sending
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.sending import Change, Submission
from tests.support.histories import DAWN, DAY, HOUR, SECOND
from tests.unit.store.letters import COPY, LEASE, message
from tests.unit.store.test_people import account, mailbox, make

MICROSECOND = timedelta(microseconds=1)
ABOUT = messages.about_object(("main", "order", "1042"))


class TestClaim:
    def test_what_is_due(self, plan, claim):
        """The oldest come first, as many as are wanted, and nothing before its moment."""
        plan(*(message(f"m-{n}", next_at=DAWN + HOUR - n * SECOND) for n in range(-1, 4)))
        assert ["m-3", "m-2"] == [one.key for one in claim(limit=2)]
        assert ["m-1", "m-0"] == [one.key for one in claim()]
        assert [] == claim()

    def test_barrier(self, plan, claim):
        """Nothing is claimed that is due when something was received that nobody has processed."""
        plan(message(next_at=DAWN), message("m-2", next_at=DAWN + SECOND))
        assert ["m-1"] == [one.key for one in claim(before=DAWN + SECOND)]

    def test_lease(self, plan, claim, get):
        """A claim carries its lease."""
        plan(message())
        (claimed,) = claim()
        assert (MessageState.CLAIMED, "worker-1", DAWN + HOUR + LEASE) == (
            claimed.state,
            claimed.lease,
            claimed.lease_until,
        )
        assert claimed == get()

    def test_lease_runs_out(self, plan, claim, store, submit):
        """A claim whose lease ran out is put back, not a moment earlier, and its old holder cannot submit."""
        plan(message())
        (claimed,) = claim()
        end = DAWN + HOUR + LEASE
        store(sending.unclaim, end)
        assert [] == claim("worker-2", now=end)
        store(sending.unclaim, end + MICROSECOND)
        (again,) = claim("worker-2", now=end + MICROSECOND)
        assert [False, True] == [submit(claimed), submit(again)]

    def test_by_two_workers_at_once(self, database, plan):
        """Workers that claim at the same moment never get the same message, and together get all."""
        plan(*(message(f"m-{n}") for n in range(60)))
        url = database.url.render_as_string(hide_password=False)
        gate = threading.Barrier(3)
        taken: list[list[str]] = []

        def work(lease):
            mine: list[str] = []
            other = Database(url)
            gate.wait()
            for _ in range(200):
                with other.write() as connection:
                    got = sending.claim(
                        connection,
                        before=None,
                        now=DAWN + HOUR,
                        lease=lease,
                        until=DAWN + HOUR + LEASE,
                        limit=3,
                    )
                mine += [one.key for one in got]
                if not got:
                    break
            other.close()
            taken.append(mine)

        threads = [threading.Thread(target=work, args=(f"worker-{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        everything = [key for mine in taken for key in mine]
        assert sorted(f"m-{n}" for n in range(60)) == sorted(everything)

    @pytest.mark.postgres
    def test_does_not_wait_for_another_claim(self, postgres):
        """A worker passes over what another one is claiming just now; SQLite lets one write at a time."""
        with postgres.write() as connection:
            messages.plan(connection, [message("m-1"), message("m-2", next_at=DAWN)])
        said = {"before": None, "now": DAWN + HOUR, "until": DAWN + 2 * HOUR, "limit": 1}
        with postgres.write() as one, postgres.write() as two:
            first = sending.claim(one, lease="worker-1", **said)
            second = sending.claim(two, lease="worker-2", **said)
        assert [["m-2"], ["m-1"]] == [[one.key for one in got] for got in (first, second)]


class TestSubmit:
    def test_fixes_what_leaves(self, plan, claim, submit, get, store):
        """Submission notes when, to which mailbox and what is said, before anything leaves."""
        plan(message())
        (claimed,) = claim()
        assert submit(claimed)
        left = get()
        assert (MessageState.SUBMITTED, DAWN + HOUR, 9, 1) == (
            left.state,
            left.submitted_at,
            left.recipient,
            left.attempts,
        )
        assert {"m-1": COPY} == store(messages.copies_of, ["m-1", "m-2"])

    def test_once(self, plan, claim, submit, get):
        """Of two submissions under the same lease one wins."""
        plan(message())
        (claimed,) = claim()
        assert [True, False] == [submit(claimed), submit(claimed)]
        assert 1 == get().attempts

    def test_two_at_once(self, database, plan, claim, get):
        """Of two processes that submit the same claim at the same moment one wins."""
        plan(message())
        (claimed,) = claim()
        url = database.url.render_as_string(hide_password=False)
        gate = threading.Barrier(4)
        won: list[bool] = []

        def leave():
            other = Database(url)
            gate.wait()
            with other.write() as connection:
                one = Submission(message=claimed, recipient=None, copy=COPY)
                ours = sending.submit(connection, [one], now=DAWN + HOUR, until=DAWN + HOUR + LEASE)
                won.append(bool(ours))
            other.close()

        threads = [threading.Thread(target=leave) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ([False, False, False, True], 1) == (sorted(won), get().attempts)

    def test_only_what_is_claimed(self, plan, submit, get):
        """Nothing leaves that is not claimed."""
        states = [state for state in MessageState if state is not MessageState.CLAIMED]
        plan(*(message(state, state=state, lease="worker-1") for state in states))
        before = [get(state) for state in states]
        assert [False] * len(states) == [submit(one) for one in before]
        assert before == [get(state) for state in states]

    def test_cancel_beats_a_claim(self, plan, claim, submit, store, get, change):  # noqa: PLR0917 - fixtures
        """A message that is cancelled while a worker holds it does not leave."""
        plan(message())
        (claimed,) = claim()
        (found,) = store(messages.cancellable, "flows", None, ABOUT)
        assert change(found, MessageState.CANCELLED, code="called_off")
        assert not submit(claimed)
        assert (MessageState.CANCELLED, {}) == (get().state, store(messages.copies_of, ["m-1"]))

    def test_submission_beats_a_cancel(self, plan, claim, submit, store, get, change):  # noqa: PLR0917 - fixtures
        """What has left cannot be cancelled, also by who saw it just before."""
        plan(message())
        (claimed,) = claim()
        (found,) = store(messages.cancellable, "flows", None, ABOUT)
        assert submit(claimed)
        assert not change(found, MessageState.CANCELLED, code="called_off")
        (left,) = store(messages.cancellable, "flows", None, ABOUT)
        store(sending.call_off, [left], "called_off", {"why": "x"})
        assert MessageState.SUBMITTED == get().state
        assert change(get(), MessageState.DEFERRED, code="try_again", until=DAWN + DAY)
        assert (MessageState.CANCELLED, "called_off", {"why": "x"}) == (
            get().state,
            get().code,
            get().detail,
        )

    def test_again(self, plan, claim, submit, store, get, change):  # noqa: PLR0917 - fixtures
        """A second try keeps the mailbox and the words of the last one."""
        plan(message())
        submit(claim()[0])
        assert change(get(), MessageState.DEFERRED, code="try_again", until=DAWN + 2 * HOUR)
        (claimed,) = claim("worker-2", now=DAWN + 2 * HOUR)
        other = replace(COPY, subject="another")
        again = Submission(message=claimed, recipient=None, copy=other)
        assert {"m-1"} == store(sending.submit, [again], now=DAWN + 2 * HOUR, until=DAWN + 2 * HOUR + LEASE)
        assert (2, {"m-1": other}) == (get().attempts, store(messages.copies_of, ["m-1"]))


class TestOutcome:
    def test_settle(self, plan, claim, submit, get, change):
        """A final state comes with its reason, and leaves nothing to be done."""
        plan(message())
        submit(claim()[0])
        said = {"code": "accepted", "detail": {"a": "b"}, "reference": "250"}
        assert change(get(), MessageState.ACCEPTED, now=DAWN + DAY, **said)
        final = get()
        assert (MessageState.ACCEPTED, "accepted", {"a": "b"}, DAWN + DAY, "250", "", None, None) == (
            final.state,
            final.code,
            final.detail,
            final.final_at,
            final.reference,
            final.lease,
            final.lease_until,
            final.next_at,
        )

    def test_only_as_seen(self, plan, claim, get, change):
        """A message that is no longer as it was seen is not changed."""
        plan(message())
        planned = get()
        (claimed,) = claim()
        later = replace(claimed, lease="worker-2")
        for seen in (planned, later):
            assert not change(seen, MessageState.SKIPPED)
            assert not change(seen, MessageState.DEFERRED, code="x", until=DAWN)
        assert claimed == get()
        assert change(claimed, MessageState.HELD, code="awaiting", until=DAWN + DAY, repeats=1)
        held = get()
        assert (MessageState.HELD, "awaiting", DAWN + DAY, "", None, 1) == (
            held.state,
            held.code,
            held.next_at,
            held.lease,
            held.lease_until,
            held.repeated,
        )

    def test_lost(self, plan, claim, submit, store):
        """A submission whose lease ran out is lost, not a moment earlier; a claim is not."""
        plan(message(), message("m-2"))
        one, _ = claim()
        submit(one)
        end = DAWN + HOUR + LEASE
        assert [] == store(sending.lost, end)
        assert [one.key] == [found.key for found in store(sending.lost, end + MICROSECOND)]

    def test_next_due(self, plan, claim, store):
        """The next thing to look at is a message that comes due, or a lease that has run out."""
        plan(message(), message("m-2", next_at=DAWN + 2 * HOUR))
        assert DAWN + HOUR == store(messages.next_due, DAWN)
        claim()
        assert DAWN + HOUR + LEASE + MICROSECOND == store(messages.next_due, DAWN + HOUR)
        assert DAWN + 2 * HOUR == store(messages.next_due, DAWN + HOUR + LEASE + MICROSECOND)
        assert None is store(messages.next_due, DAWN + 2 * HOUR)


class TestReached:
    @pytest.fixture
    def persons(self, database):
        """Ann, who has an account and a mailbox, and somebody else."""
        ann, mail, other = make(database, account(5), mailbox("ann@customer.example"), account(6))
        with database.write() as connection:
            people.join(connection, [(ann, mail)])
            owners = people.customers_of(connection, [ann, other])
        return {
            "ann": ann,
            "mail": mail,
            "other": other,
            "customer": owners[ann],
            "customers": [owners[ann], owners[other]],
        }

    def test_by_state(self, plan, store, persons):
        """What has left, or may have, counts; what waits or was called off does not."""
        said = {state for state in MessageState if state.may_have_reached} | {MessageState.MERGED}
        for number, state in enumerate(sorted(MessageState, key=lambda state: state in said), 1):
            at = DAWN + number * HOUR
            plan(message(state, identity=persons["mail"], state=state, submitted_at=at))
            assert (at if state in said else None) == self.reached(store, persons)

    def test_whose(self, plan, store, persons):
        """It counts over all identities of the person and over the mailbox, whoever it belongs to."""
        plan(message(identity=persons["other"], recipient=77, state=MessageState.ACCEPTED, submitted_at=DAWN))
        assert None is self.reached(store, persons, since=DAWN - DAY)
        assert None is self.reached(store, persons, since=DAWN - DAY, recipient=78)
        assert DAWN == self.reached(store, persons, since=DAWN - DAY, recipient=77)

    def test_what(self, plan, store, persons):
        """Only messages of that plugin and label count, and only those after the moment; the last is told."""
        mine = {"identity": persons["ann"], "state": MessageState.ACCEPTED}
        plan(
            message("m-1", **mine, submitted_at=DAWN),
            message("m-2", **mine, submitted_at=DAWN + HOUR),
            message("m-3", **mine, submitted_at=DAWN + DAY, label="other"),
            message("m-4", **mine, submitted_at=DAWN + DAY, plugin="other"),
        )
        assert DAWN + HOUR == self.reached(store, persons)
        assert None is self.reached(store, persons, since=DAWN + HOUR)

    def test_unknown_once(self, plan, store, persons):
        """What nobody could tell once may have reached the person, whatever became of its repeat."""
        plan(message(identity=persons["ann"], state=MessageState.FAILED, repeated=1, submitted_at=DAWN + DAY))
        assert DAWN + DAY == self.reached(store, persons)

    def test_several_at_once(self, plan, store, persons):
        """One question for several persons, plugins and labels brings each message once."""
        sent = {"state": MessageState.ACCEPTED, "submitted_at": DAWN + DAY}
        plan(
            message("m-1", **sent, identity=persons["ann"], recipient=77),
            message("m-2", **sent, identity=persons["other"], label="other"),
            message("m-3", **sent, identity=persons["other"], plugin="third"),
        )
        found = store(
            sending.reached_since,
            plugins=["flows", "second"],
            labels=["thank-you", "other"],
            customers=persons["customers"],
            recipients=[77],
            since=DAWN,
        )
        assert [("m-1", persons["customer"], 77), ("m-2", persons["customers"][1], None)] == sorted(
            (one.key, one.customer, one.recipient) for one in found
        )

    def reached(self, store, persons, since=DAWN, recipient=None):
        """Return when a thank-you of flows last may have reached Ann."""
        found = store(
            sending.reached_since,
            plugins=["flows"],
            labels=["thank-you"],
            customers=[persons["customer"]],
            recipients=[] if recipient is None else [recipient],
            since=since,
        )
        return max((one.at for one in found), default=None)


class TestGiveBack:
    def test_as_if_it_had_not_been_submitted(self, plan, claim, submit, store, get):
        """What was never handed over counts as no try, and nobody is told that it was sent."""
        plan(message(), message("m-2"))
        before = {one.key: one for one in claim()}
        assert all(submit(one) for one in before.values())
        later = DAWN + HOUR + SECOND
        given = self.give_back(store, before["m-1"], later)
        assert ["m-1"] == [one.message.key for one in given]
        back = get()
        assert (MessageState.DEFERRED, "channel_busy", later, 0, None, "") == (
            back.state,
            back.code,
            back.next_at,
            back.attempts,
            back.submitted_at,
            back.lease,
        )
        assert {"m-2"} == store(messages.copies_of, ["m-1", "m-2"]).keys()
        assert MessageState.SUBMITTED is get("m-2").state

    def test_an_earlier_try_still_counts(self, plan, claim, submit, store, get, change):  # noqa: PLR0917 - fixtures
        """A repeat that was not handed over leaves the first try as it was, which may have arrived."""
        plan(message())
        submit(claim()[0])
        change(get(), MessageState.DEFERRED, code="x", until=DAWN + DAY, repeats=1)
        (again,) = claim(now=DAWN + DAY)
        assert submit(again, now=DAWN + DAY)
        self.give_back(store, again, DAWN + DAY)
        assert (1, DAWN + HOUR, 1) == (get().attempts, get().submitted_at, get().repeated)
        assert {"m-1"} == store(messages.copies_of, ["m-1"]).keys()

    def test_only_what_is_with_us(self, plan, claim, submit, store, get, change):  # noqa: PLR0917 - fixtures
        """What somebody has settled meanwhile stays."""
        plan(message())
        (claimed,) = claim()
        submit(claimed)
        change(get(), MessageState.UNKNOWN)
        assert [] == self.give_back(store, claimed, DAWN + DAY)
        assert (MessageState.UNKNOWN, 1) == (get().state, get().attempts)

    def give_back(self, store, claimed, now):
        """Give back a message that was claimed and submitted."""
        submitted = replace(claimed, state=MessageState.SUBMITTED)
        one = Change(message=submitted, state=MessageState.DEFERRED, code="channel_busy", until=now)
        return store(sending.give_back, [one], now=now)
