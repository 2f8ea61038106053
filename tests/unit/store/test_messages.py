from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands
from aftercare_sdk.store import messages
from aftercare_sdk.store.messages import Message
from tests.support.histories import DAWN, DAY, HOUR
from tests.unit.store.letters import COPY, message

MICROSECOND = timedelta(microseconds=1)


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
            called_off={"code": "x"},
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
        """What has left for good, or never will, does not move."""
        left = [state for state in MessageState if state.final]
        plan(*(message(state, state=state) for state in left))
        before = [get(state) for state in left]
        store(messages.move, {"main/order/1042/purchase": DAWN + DAY})
        assert before == [get(state) for state in left]

    def test_while_a_channel_has_it(self, plan, get, store, claim, submit):
        """A message that is being handed over stays where it is, and would come back to its new moment."""
        plan(message())
        submit(claim()[0])
        before = get()
        store(messages.move, {"main/order/1042/purchase": DAWN + DAY})
        moved = DAWN + DAY + HOUR
        assert replace(before, due_at=moved, expires_at=moved + 7 * DAY) == get()
        assert (MessageState.SUBMITTED, "worker-1") == (get().state, get().lease)


class TestFollow:
    def test_another_owner(self, plan, get, store, claim, submit):
        """What has not left follows its order to another owner, and a claim for the old one falls.

        A review may have the number of an order; what is about it stays.
        """
        plan(message(), message("m-2"), message("m-3", object="1043"), message("m-4"))
        plan(message("m-5", object_kind="review"))
        claimed, _ = claim(limit=2)
        assert submit(claimed)
        store(messages.follow, ("main", "order", "1042"), 7)
        stays = (1, MessageState.PLANNED)
        expected = {claimed.key: (7, MessageState.SUBMITTED), "m-3": stays, "m-5": stays}
        for key in ("m-1", "m-2", "m-3", "m-4", "m-5"):
            assert expected.get(key, (7, MessageState.PLANNED)) == (get(key).identity, get(key).state)


def test_release(plan, store, get):
    """Once an order has been read, what was held for it is looked at at once, and nothing else is."""
    later = {"next_at": DAWN + 2 * DAY}
    plan(
        message("m-1", state=MessageState.HELD, **later),
        message("m-2", state=MessageState.DEFERRED, **later),
        message("m-3", state=MessageState.HELD, object="1043", **later),
        message("m-4", state=MessageState.HELD, object_kind="review", **later),
    )
    store(messages.release, [("main", "order", "1042")], DAWN)
    assert [DAWN, *[DAWN + 2 * DAY] * 3] == [get(key).next_at for key in ("m-1", "m-2", "m-3", "m-4")]
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


def test_named(plan, store):
    """By an id or eight characters of it; never by what is not clear, or is no beginning of an id."""
    first, second = "2ff4f2ce-c90a-52fa-a1be-790d683090be", "2ff4f2ce-c90b-52fa-a1be-790d683090be"
    plan(message("m-1", id=first), message("m-2", id=second), message("m-3", id="7c44fd07" + first[8:]))
    found = {first: "m-1", second[:13].upper(): "m-2", "7c44fd07": "m-3", "7c44fd07-": "m-3"}
    assert found == {text: store(messages.named, text).key for text in found}
    for text in ("", "7c44fd0", "2ff4f2ce", "2ff4f2ce-c90", "ann@a.example", "08012345678", f"{first}0"):
        assert None is store(messages.named, text)


def test_repr_tells_no_person():
    """What is logged of a message holds neither its words nor its variables."""
    assert [] == [
        word for word in ("本文", "件名", "秘密") if word in f"{COPY!r} {message(data={'word': '秘密'})!r}"
    ]
