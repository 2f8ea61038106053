from __future__ import annotations

import threading
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands
from aftercare_sdk.store import messages, people
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.messages import Copy, Message
from tests.support.histories import DAWN, DAY, HOUR, SECOND
from tests.unit.store.test_people import account, mailbox, make

LEASE = timedelta(seconds=60)
MICROSECOND = timedelta(microseconds=1)
COPY = Copy(message="m-1", locale="ja", subject="件名", text="本文", html="<p>本文</p>")


def message(key="m-1", **said):
    """Return a message that is planned for an hour after dawn, about order 1042."""
    return Message(
        **{
            "key": key,
            "id": f"id-{key}",
            "plugin": "flows",
            "event": "main/order/1042/purchase",
            "shop": "main",
            "object": "1042",
            "identity": 1,
            "label": "thank-you",
            "template": "thank-you",
            "purpose": "service",
            "channel": "email",
            "anchor": "main/order/1042/purchase",
            "delay": HOUR,
            "window": 7 * DAY,
            "premises": (OrderStands(order="main/order/1042"),),
            "data": {},
            "reason": "to thank",
            "planned_at": DAWN,
            "due_at": DAWN + HOUR,
            "next_at": DAWN + HOUR,
            "expires_at": DAWN + HOUR + 7 * DAY,
            "state": MessageState.PLANNED,
            **said,
        }
    )


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""

    def call(function, *args, **said):
        with database.write() as connection:
            return function(connection, *args, **said)

    return call


@pytest.fixture
def plan(store):
    """A function that plans messages and returns the keys that were new."""
    return lambda *planned: store(messages.plan, planned)


@pytest.fixture
def claim(store):
    """A function that claims messages that are due, an hour after dawn if not said otherwise."""

    def take(lease="worker-1", now=DAWN + HOUR, **said):
        given = {"before": None, "limit": 10, "until": now + LEASE, **said}
        return store(messages.claim, now=now, lease=lease, **given)

    return take


@pytest.fixture
def get(store):
    """A function that returns a message as it is now."""
    return lambda key="m-1": store(messages.get_many, [key])[0]


@pytest.fixture
def submit(store):
    """A function that submits a claimed message."""

    def leave(claimed, now=DAWN + HOUR, recipient=9):
        return store(messages.submit, claimed, now=now, until=now + LEASE, recipient=recipient, copy=COPY)

    return leave


class TestPlan:
    def test_every_field(self, plan, get):
        """A message comes back as it was planned, with the premises of every kind."""
        planned = message(
            premises=(
                OrderStands(order="main/order/1042"),
                NoRefund(order="main/order/1042"),
                NotSentWithin(label="thank-you", period=timedelta(days=7, microseconds=1)),
            ),
            data={"word": "言葉"},
            delay=timedelta(days=400, microseconds=1),
            window=timedelta(microseconds=5),
            detail={"a": "b"},
            code="planned",
            attempts=2,
            repeated=1,
            lease="worker",
            lease_until=DAWN + MICROSECOND,
            recipient=4,
            submitted_at=DAWN,
            final_at=DAWN,
            reference="250 ok",
        )
        assert ["m-1"] == plan(planned)
        assert [] == [entry.name for entry in fields(Message) if getattr(planned, entry.name) is None]
        assert planned == get()

    def test_once(self, plan, get, claim):
        """The same decision taken again changes nothing, whatever has become of the message."""
        plan(message())
        claim()
        before = get()
        assert ["m-2"] == plan(message(reason="again"), message("m-2"), message("m-2"))
        assert before == get()

    def test_without_a_moment(self, plan, claim, get):
        """A message whose fact has not happened waits; it is due once the fact is known."""
        plan(message(due_at=None, next_at=None, expires_at=None))
        assert [] == claim(now=DAWN + 1_000 * DAY)
        assert (None, None, None) == (get().due_at, get().next_at, get().expires_at)


class TestMove:
    def test_with_the_anchor(self, plan, get, store):
        """A message moves with the fact that it counts from, and with no other."""
        plan(message(), message("m-2", anchor="main/order/1042/delivery/p1"))
        store(messages.move, {"main/order/1042/purchase": DAWN + DAY})
        moved = DAWN + DAY + HOUR
        assert (moved, moved, moved + 7 * DAY) == (get().due_at, get().next_at, get().expires_at)
        assert DAWN + HOUR == get("m-2").due_at

    def test_fact_becomes_known(self, plan, get, store):
        """A message that waited for its fact gets its moment."""
        plan(message(due_at=None, next_at=None, expires_at=None))
        store(messages.move, {"main/order/1042/purchase": DAWN})
        assert (DAWN + HOUR, DAWN + HOUR + 7 * DAY) == (get().due_at, get().expires_at)

    def test_while_it_waits(self, plan, get, store):
        """A message that is held or deferred moves too, and stays so until it is looked at again."""
        states = (MessageState.HELD, MessageState.DEFERRED)
        plan(*(message(state, state=state, next_at=DAWN + 2 * HOUR) for state in states))
        store(messages.move, {"main/order/1042/purchase": DAWN - DAY})
        for state in states:
            assert (state, DAWN - DAY + HOUR) == (get(state).state, get(state).next_at)

    def test_while_it_is_claimed(self, plan, get, store, claim, submit):
        """A claim falls when the fact moves: what was about to leave at the old moment does not."""
        plan(message())
        (claimed,) = claim()
        store(messages.move, {"main/order/1042/purchase": DAWN + DAY})
        assert not submit(claimed)
        assert (MessageState.PLANNED, "", None) == (get().state, get().lease, get().lease_until)
        assert [] == claim("worker-2")
        assert ["m-1"] == [one.key for one in claim("worker-2", now=DAWN + DAY + HOUR)]

    def test_after_it_left(self, plan, get, store):
        """What has left, or never will, does not move."""
        left = [state for state in MessageState if state.final or state is MessageState.SUBMITTED]
        plan(*(message(state, state=state) for state in left))
        before = [get(state) for state in left]
        store(messages.move, {"main/order/1042/purchase": DAWN + DAY})
        assert before == [get(state) for state in left]


class TestFollow:
    def test_another_owner(self, plan, get, store, claim, submit):
        """What has not left follows its order to another owner, and a claim for the old one falls."""
        plan(message(), message("m-2"), message("m-3", object="1043"), message("m-4"))
        claimed, _ = claim(limit=2)
        assert submit(claimed)
        store(messages.follow, "main", "1042", 7)
        expected = {claimed.key: (1, MessageState.SUBMITTED), "m-3": (1, MessageState.PLANNED)}
        for key in ("m-1", "m-2", "m-3", "m-4"):
            assert expected.get(key, (7, MessageState.PLANNED)) == (get(key).identity, get(key).state)


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
        store(messages.unclaim, end)
        assert [] == claim("worker-2", now=end)
        store(messages.unclaim, end + MICROSECOND)
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
                    got = messages.claim(
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
            first = messages.claim(one, lease="worker-1", **said)
            second = messages.claim(two, lease="worker-2", **said)
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
                won.append(
                    messages.submit(
                        connection,
                        claimed,
                        now=DAWN + HOUR,
                        until=DAWN + HOUR + LEASE,
                        recipient=None,
                        copy=COPY,
                    )
                )
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

    def test_cancel_beats_a_claim(self, plan, claim, submit, store, get):
        """A message that is cancelled while a worker holds it does not leave."""
        plan(message())
        (claimed,) = claim()
        (found,) = store(messages.cancellable, "flows", None, messages.about_object("main", "1042"))
        assert store(messages.settle, found, MessageState.CANCELLED, code="called_off", now=DAWN + HOUR)
        assert not submit(claimed)
        assert (MessageState.CANCELLED, {}) == (get().state, store(messages.copies_of, ["m-1"]))

    def test_submission_beats_a_cancel(self, plan, claim, submit, store, get):
        """What has left cannot be cancelled, also by who saw it just before."""
        plan(message())
        (claimed,) = claim()
        (found,) = store(messages.cancellable, "flows", None, messages.about_object("main", "1042"))
        assert submit(claimed)
        assert not store(messages.settle, found, MessageState.CANCELLED, code="called_off", now=DAWN + HOUR)
        assert [] == store(messages.cancellable, "flows", None, messages.about_object("main", "1042"))
        assert MessageState.SUBMITTED == get().state

    def test_again(self, plan, claim, submit, store, get):
        """A second try keeps the mailbox and the words of the last one."""
        plan(message())
        submit(claim()[0])
        store(messages.wait, get(), MessageState.DEFERRED, code="try_again", until=DAWN + 2 * HOUR)
        (claimed,) = claim("worker-2", now=DAWN + 2 * HOUR)
        other = replace(COPY, subject="another")
        assert store(
            messages.submit,
            claimed,
            now=DAWN + 2 * HOUR,
            until=DAWN + 2 * HOUR + LEASE,
            recipient=None,
            copy=other,
        )
        assert (2, {"m-1": other}) == (get().attempts, store(messages.copies_of, ["m-1"]))


class TestOutcome:
    def test_settle(self, plan, claim, submit, store, get):
        """A final state comes with its reason, and leaves nothing to be done."""
        plan(message())
        submit(claim()[0])
        assert store(
            messages.settle,
            get(),
            MessageState.ACCEPTED,
            code="accepted",
            detail={"a": "b"},
            now=DAWN + DAY,
            reference="250",
        )
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

    def test_only_as_seen(self, plan, claim, store, get):
        """Neither settle nor wait changes a message that is no longer as it was seen."""
        plan(message())
        planned = get()
        (claimed,) = claim()
        later = replace(claimed, lease="worker-2")
        for seen in (planned, later):
            assert not store(messages.settle, seen, MessageState.SKIPPED, now=DAWN)
            assert not store(messages.wait, seen, MessageState.DEFERRED, code="x", until=DAWN)
        assert claimed == get()
        assert store(messages.wait, claimed, MessageState.HELD, code="awaiting", until=DAWN + DAY, repeats=1)
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
        assert [] == store(messages.lost, end)
        assert [one.key] == [found.key for found in store(messages.lost, end + MICROSECOND)]

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
        return {"ann": ann, "mail": mail, "other": other, "customer": owners[ann]}

    def test_by_state(self, plan, store, persons):
        """What has left, or may have, counts; what waits or was called off does not."""
        for number, state in enumerate(sorted(MessageState, key=lambda state: state.may_have_reached), 1):
            at = DAWN + number * HOUR
            plan(message(state, identity=persons["mail"], state=state, submitted_at=at))
            assert (at if state.may_have_reached else None) == self.reached(store, persons)

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

    def test_not_itself(self, plan, store, persons):
        """A message that is tried again is not in its own way."""
        plan(message("asking", identity=persons["ann"], state=MessageState.UNKNOWN, submitted_at=DAWN + DAY))
        assert None is self.reached(store, persons)

    def test_unknown_once(self, plan, store, persons):
        """What nobody could tell once may have reached the person, whatever became of its repeat."""
        plan(message(identity=persons["ann"], state=MessageState.FAILED, repeated=1, submitted_at=DAWN + DAY))
        assert DAWN + DAY == self.reached(store, persons)

    def reached(self, store, persons, since=DAWN, recipient=None):
        """Return when a thank-you of flows last may have reached Ann."""
        return store(
            messages.reached_since,
            message("asking"),
            label="thank-you",
            customer=persons["customer"],
            recipient=recipient,
            since=since,
        )


def test_release(plan, store, get):
    """Once an order has been read, what was held for it is looked at at once, and nothing else is."""
    later = {"next_at": DAWN + 2 * DAY}
    plan(
        message("m-1", state=MessageState.HELD, **later),
        message("m-2", state=MessageState.DEFERRED, **later),
        message("m-3", state=MessageState.HELD, object="1043", **later),
    )
    store(messages.release, "main", "1042", DAWN)
    assert [DAWN, DAWN + 2 * DAY, DAWN + 2 * DAY] == [get(key).next_at for key in ("m-1", "m-2", "m-3")]
    assert MessageState.HELD == get("m-1").state
    assert DAWN == store(messages.oldest_due, DAWN)


def test_listings(plan, store):
    """Messages are found by who they are for and who they go to, the oldest plan first, and counted."""
    plan(
        message("m-2", planned_at=DAWN + DAY),
        message("m-1"),
        message("m-3", identity=2, recipient=1, state=MessageState.SKIPPED, code="no_address"),
        message("m-4", identity=3),
    )
    assert ["m-1", "m-3", "m-2"] == [one.key for one in store(messages.of_identities, [1])]
    assert ["m-1", "m-3", "m-4", "m-2"] == [one.key for one in store(messages.everything)]
    assert [("planned", "", 3), ("skipped", "no_address", 1)] == store(messages.counts)


def test_repr_tells_no_person():
    """What is logged of a message holds neither its words nor its variables."""
    assert [] == [
        word for word in ("本文", "件名", "秘密") if word in f"{COPY!r} {message(data={'word': '秘密'})!r}"
    ]
