from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from types import MappingProxyType

import pytest

from aftercare_sdk.model.events import EVENT_TYPES, TimerDue
from aftercare_sdk.testing.programs.variants import copied, frozen, later, missing, writable
from aftercare_sdk.testing.programs.world import START, Past, Person, World

WORLD = World(plugin="sakura", shop="main", currency="JPY", counted=True)
CASES = list(WORLD.cases())
PAST = Past(memory=MappingProxyType({"parcel": "A"}))


def context(person=Person.REGULAR):
    """Return what a hook sees of a refund by lines."""
    (case,) = [one for one in CASES if one.name == "a refund of everything, by lines"]
    return WORLD.sample(case, person, PAST).ctx


def test_everything_that_hooks_are_told_of_is_a_case():
    """An event that the SDK learns is one that programs are tested with."""
    assert {*EVENT_TYPES} - {TimerDue} == {type(case.event) for case in CASES}


def test_no_two_samples_have_one_name():
    """What a test says of a sample is about that one."""
    names = [
        WORLD.sample(case, person, past).name for case in CASES for person in Person for past in (None, PAST)
    ]
    assert len(names) == len({*names})


def test_a_refund_comes_in_every_shape():
    """With lines, without, and with lines that nobody has told yet."""
    refunds = [case.event.lines for case in CASES if case.event.kind == "Refund"]
    assert {None, ()} < {*refunds}
    assert any(refunds)


def test_a_regular_customer_has_everything():
    """Each field of what a hook sees of customer and order holds something, so that it can be taken away."""
    ctx = context()
    empty = {
        f"{type(part).__name__}.{each.name}"
        for part in (ctx, ctx.customer, ctx.order, ctx.points)
        for each in fields(part)
        if not getattr(part, each.name)
    }
    # Said of no sample: its section, flows of plugins, points of its own; and what a refund rules out.
    assert {
        "Context.config",
        "Context.flows",
        "Context.review",
        "CustomerView.erased",
        "CustomerView.tier",
        "Order.cancelled",
        "Order.cancelled_at",
        "Order.test",
        "PointsView.awards",
        "PointsView.debt",
        "PointsView.pending",
    } == empty


def test_each_thing_that_may_be_missing_is_once():
    """Down to the lines of orders of earlier years; and all of it at once."""
    ctx = context()
    found = dict(missing(ctx))
    assert found["order = None"].order is None
    assert found["points = None"].points is None
    assert not found["customer.orders = ()"].customer.orders
    assert found["customer.locale = ''"].customer.locale == ""
    assert found["memory = mappingproxy({})"].memory == {}
    products = {line.product for line in found["order.lines[].product = None"].order.lines}
    assert {None} == products
    earlier = [
        one for order in found["customer.orders[].lines[].sku = None"].customer.orders for one in order.lines
    ]
    assert {None} == {line.sku for line in earlier}
    bare = found["everything that may be missing"]
    assert (None, None, None) == (bare.order.total, bare.customer.birthday, bare.order.lines[0].product)
    assert len(found) > 40


def test_what_may_not_be_missing_stays():
    """A hook may rely on what every order has."""
    names = " ".join(dict(missing(context())))
    assert not [
        name for name in ("placed_at", "quantity", "paid", "zone = ''  ", "shop.name") if name in names
    ]


@pytest.mark.parametrize("copy", [copied, writable])
def test_a_copy_is_equal_and_another(copy):
    """Whoever goes by identity is told of something new."""
    ctx = context()
    again = copy(ctx)
    assert ctx == again
    assert ctx.customer is not again.customer
    assert ctx.order.lines[0] is not again.order.lines[0]


def test_only_a_writable_copy_can_be_written_to():
    """Else it could not be seen who would."""
    ctx = context()
    writable(ctx).memory["parcel"] = "B"
    with pytest.raises(TypeError):
        copied(ctx).memory["parcel"] = "B"
    assert {"parcel": "A"} == ctx.memory


def test_later_moves_everything_and_keeps_the_calendar():
    """After 400 years the same day of the year is the same day of the week."""
    ctx = context()
    moved = later(ctx, 400)
    assert START.replace(year=2426) == moved.order.placed_at
    assert START.weekday() == moved.order.placed_at.weekday()
    assert ctx.customer.birthday.replace(year=2388) == moved.customer.birthday
    assert ctx.order.refunds[0].at - ctx.order.placed_at == moved.order.refunds[0].at - moved.order.placed_at
    assert timedelta(days=146_097) == moved.order.placed_at - ctx.order.placed_at


class Box:
    """Something that keeps what it is given."""

    def __init__(self, **held):
        self.__dict__.update(held)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ({"a": [1]}, lambda value: value["a"].append(2)),
        ([{1}], lambda value: value[0].add(2)),
        (Box(inner=Box(count=1)), lambda value: setattr(value.inner, "count", 2)),
        ((Box(seen=[]),), lambda value: value[0].seen.append("x")),
    ],
)
def test_a_change_is_seen_however_deep(value, change):
    """A context holds whatever the schema of a plugin makes."""
    before = frozen(value)
    assert frozen(value) == before
    change(value)
    assert frozen(value) != before


def test_what_is_not_owned_is_not_looked_into():
    """A logger or a module of others changes at any time."""
    box = Box(count=1)
    before = frozen([box], lambda _: False)
    box.count = 2
    assert frozen([box], lambda _: False) == before
    assert frozen([Box(count=2)], lambda _: False) != before


def test_what_holds_itself_ends():
    """Objects of plugins may know their parents."""
    box = Box()
    box.me = box
    assert frozen(box) == frozen(box)
