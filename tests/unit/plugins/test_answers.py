from __future__ import annotations

from collections import UserDict, UserString
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from itertools import count, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.actions import (
    CancelMessages,
    ClearTimer,
    Decline,
    NoRefund,
    NotSentWithin,
    OrderStands,
    Purpose,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.errors import InvalidAction
from aftercare_sdk.model.actions import ACTION_TYPES
from aftercare_sdk.model.premises import PREMISE_BY_KIND
from aftercare_sdk.plugins.answers import ACTION_FIELDS, PREMISE_FIELDS, read_answer


def message(**changes):
    """Return a sound action with some fields changed."""
    sound = {"template": "thanks", "purpose": Purpose.SERVICE, "label": "thanks", "reason": "first order"}
    return SendMessage(**(sound | changes))


FULL = message(
    scope=Scope.ORDER,
    discriminator="first",
    channel="line",
    anchor="tea/order/1042/delivery/1",
    delay=timedelta(days=3),
    window=timedelta(days=7),
    premises=(
        OrderStands(order="tea/order/1042"),
        NoRefund(order="tea/order/1042"),
        NotSentWithin(label="thanks", period=timedelta(days=7)),
    ),
    data={"name": "お茶", "empty": ""},
)
OTHERS = [
    CancelMessages(reason="refunded", label=None, scope=Scope.CUSTOMER),
    SetTimer(reason="ask later", name="ask", delay=timedelta(days=1), data={"step": "2"}),
    ClearTimer(reason="answered", name="ask"),
    Remember(reason="seen", key="seen", value="yes"),
    Remember(reason="forgotten", key="seen", value=None),
    Decline(reason="no vip", label="thanks", code="no_vip", values={"tag": "vip"}, words={"ja": "会員外"}),
]


@pytest.mark.parametrize("answer", [None, [], (), iter(())])
def test_no_actions_is_an_answer(answer):
    """None and whatever is empty mean that nothing is to be done."""
    assert () == read_answer(answer)


def test_actions_come_back_equal_and_in_order():
    """A list, a tuple and a generator of sound actions are read as they are."""
    expected = (FULL, *OTHERS)
    assert expected == read_answer([FULL, *OTHERS])
    assert expected == read_answer((FULL, *OTHERS))
    assert expected == read_answer(action for action in (FULL, *OTHERS))


def test_every_field_of_every_action_is_checked():
    """A new action, premise or field without a check fails here."""
    assert set(ACTION_TYPES) == set(ACTION_FIELDS)
    assert set(PREMISE_BY_KIND.values()) == set(PREMISE_FIELDS)
    for kind, checks in {**ACTION_FIELDS, **PREMISE_FIELDS}.items():
        assert {field.name for field in fields(kind)} == set(checks), kind


async def forgotten_await(self):
    """Stand for a hook that was written with async."""


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("send", "the answer is of type str; return a list of actions"),
        (b"send", "the answer is of type bytes"),
        ({"template": "thanks"}, "the answer is of type dict"),
        (UserDict(template="thanks"), "the answer is of type UserDict"),
        (1, "the answer is of type int"),
        (True, "the answer is of type bool"),
        (object(), "the answer is of type object"),
        (SendMessage, "the answer is of type type"),
        (message, "the answer is of type function"),
        (NotImplemented, "the answer is of type NotImplementedType"),
        (message(), "the answer is one SendMessage; put it in a list"),
        (frozenset({ClearTimer(reason="r", name="n")}), "has no order"),
        ([message(), "send"], "action 2 of the answer: must be one of SendMessage, .* not str"),
        ([None], "action 1 of the answer: must be one of .* not NoneType"),
        ([[message()]], "not list"),
        ("ab", "the answer is of type str"),
        (count(), "action 1 of the answer: must be one of .* not int"),
        (repeat(message()), "more than 1,000 actions"),
        ([message()] * 1_001, "more than 1,000 actions"),
    ],
)
def test_what_is_no_list_of_actions_is_nonsense(answer, complaint):
    """Each kind of nonsense is named, with what to return instead."""
    with pytest.raises(InvalidAction, match=complaint):
        read_answer(answer)


def test_a_coroutine_is_nonsense_and_leaves_no_warning_behind():
    """An answer that was to be awaited is closed and refused."""
    with pytest.raises(InvalidAction, match=r"the answer is a coroutine; .* write `def` without `async`"):
        read_answer(forgotten_await(None))


def test_a_thousand_actions_are_allowed():
    """The limit itself is still an answer."""
    assert 1_000 == len(read_answer([message()] * 1_000))


def test_a_generator_is_closed_when_its_answer_is_refused():
    """What a generator holds is given back at once, and a failing clean-up hides nothing."""
    closed = []

    def endless():
        try:
            while True:
                yield message()
        finally:
            closed.append("yes")
            raise RuntimeError("clean-up fails too")

    with pytest.raises(InvalidAction, match="more than 1,000"):
        read_answer(endless())
    assert ["yes"] == closed


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"reason": ""}, r"SendMessage\.reason must not be empty"),
        ({"reason": "  \n"}, r"SendMessage\.reason must not be empty"),
        ({"reason": None}, r"SendMessage\.reason must be a str, not NoneType"),
        ({"reason": "r" * 1_001}, r"SendMessage\.reason must have at most 1,000 characters"),
        ({"scope": "order"}, r"SendMessage\.scope must be a Scope, such as Scope\.EVENT, not str"),
        ({"discriminator": 7}, r"SendMessage\.discriminator must be a str, not int"),
        ({"template": ""}, r"SendMessage\.template must not be empty"),
        ({"template": b"thanks"}, r"SendMessage\.template must be a str, not bytes"),
        ({"template": UserString("thanks")}, r"SendMessage\.template must be a str, not UserString"),
        ({"purpose": "service"}, r"SendMessage\.purpose must be a Purpose"),
        ({"purpose": Scope.EVENT}, r"SendMessage\.purpose must be a Purpose"),
        ({"label": ""}, r"SendMessage\.label must not be empty"),
        ({"label": "l" * 201}, r"SendMessage\.label must have at most 200 characters"),
        ({"label": "a\x00b"}, r"SendMessage\.label must not hold the character NUL"),
        ({"label": "\ud83d"}, r"SendMessage\.label must be valid Unicode"),
        ({"channel": None}, r"SendMessage\.channel must be a str"),
        ({"anchor": ""}, r"SendMessage\.anchor must not be empty"),
        ({"delay": 3}, r"SendMessage\.delay must be a timedelta, not int"),
        ({"delay": None}, r"SendMessage\.delay must be a timedelta, not NoneType"),
        ({"delay": timedelta(seconds=-1)}, r"SendMessage\.delay must not be negative"),
        ({"delay": timedelta(days=3_654)}, r"SendMessage\.delay must be at most ten years"),
        ({"window": timedelta(seconds=-1)}, r"SendMessage\.window must not be negative"),
        ({"window": timedelta.max}, r"SendMessage\.window must be at most ten years"),
        ({"premises": [OrderStands(order="o")]}, r"SendMessage\.premises must be a tuple, not list"),
        ({"premises": OrderStands(order="o")}, r"SendMessage\.premises must be a tuple, not OrderStands"),
        ({"premises": ("paid",)}, r"SendMessage\.premises must be one of OrderStands, .* not str"),
        ({"premises": (OrderStands(order=""),)}, r"premises OrderStands\.order must not be empty"),
        ({"premises": (NotSentWithin(label="l", period=7),)}, r"NotSentWithin\.period must be a timedelta"),
        ({"premises": (OrderStands(order="o"),) * 101}, r"SendMessage\.premises must have at most 100"),
        ({"data": None}, r"SendMessage\.data must be a mapping of str to str, not NoneType"),
        ({"data": [("a", "b")]}, r"SendMessage\.data must be a mapping of str to str, not list"),
        ({"data": {"a": 1}}, r"SendMessage\.data must map str to str: a key or value must be a str, not int"),
        ({"data": {1: "a"}}, r"SendMessage\.data must map str to str"),
        ({"data": {"": "a"}}, r"a key or value must not be empty"),
        ({"data": {"a": "v" * 10_001}}, r"a key or value must have at most 10,000 characters"),
        ({"data": {str(number): "" for number in range(101)}}, r"data must have at most 100 entries"),
    ],
)
def test_each_field_must_be_what_it_says(changes, complaint):
    """A field of the wrong type or size is named with what it must be."""
    with pytest.raises(InvalidAction, match=complaint):
        read_answer([message(**changes)])


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        (CancelMessages(reason="r", label=""), r"CancelMessages\.label must not be empty"),
        (SetTimer(reason="r", name=""), r"SetTimer\.name must not be empty"),
        (SetTimer(reason="r", name="n", delay=timedelta(days=-1)), r"SetTimer\.delay must not be negative"),
        (SetTimer(reason="r", name="n", data={"a": None}), r"SetTimer\.data must map str to str"),
        (ClearTimer(reason="r", name=None), r"ClearTimer\.name must be a str"),
        (Remember(reason="r", key="", value="v"), r"Remember\.key must not be empty"),
        (Remember(reason="r", key="k", value=1), r"Remember\.value must be a str, not int"),
        (object.__new__(ClearTimer), r"ClearTimer\.reason is not set"),
    ],
)
def test_the_other_actions_are_checked_too(action, complaint):
    """Every kind of action has its own rules."""
    with pytest.raises(InvalidAction, match=complaint):
        read_answer([action])


def test_a_kind_of_action_that_a_plugin_made_up_is_nonsense():
    """Only the SDK's own actions can be carried out, also when a plugin derives from them."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Shout(SendMessage):
        volume: int = 11

    shout = Shout(template="t", purpose=Purpose.SERVICE, label="l", reason="r")
    with pytest.raises(InvalidAction, match=r"must be one of SendMessage, .* not Shout"):
        read_answer([shout])


def test_complaints_show_no_values():
    """What a plugin put into an action may name a person; the complaint does not repeat it."""
    with pytest.raises(InvalidAction) as caught:
        read_answer([message(data={"name": "Ogawa\x00", "to": "ogawa@example.jp"})])
    assert "gawa" not in str(caught.value)


def test_nothing_of_the_plugin_stays_in_its_answer():
    """What the plugin does to its objects afterwards changes nothing that was taken."""

    class Label(StrEnum):
        THANKS = "thanks"

    class Days(timedelta):
        """A length of time of a library."""

    data = {"step": "1"}
    (taken,) = read_answer([message(label=Label.THANKS, delay=Days(days=1), data=data)])
    data["step"] = "2"
    assert {"step": "1"} == taken.data
    assert (str, timedelta) == (type(taken.label), type(taken.delay))
    assert message(label="thanks", delay=timedelta(days=1), data={"step": "1"}) == taken


def test_what_a_generator_raises_passes_through():
    """An error inside the plugin's own code is no nonsense; who called tells the two apart."""

    def hook():
        yield message()
        raise LookupError("no such order")

    with pytest.raises(LookupError):
        read_answer(hook())


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.timedeltas()
    | st.just(message()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=10,
)


@given(anything)
def test_any_answer_is_actions_or_nonsense(answer):
    """Whatever a hook returns, it is either taken wholly or refused."""
    try:
        taken = read_answer(answer)
    except InvalidAction:
        return
    assert tuple(answer or ()) == taken


@given(st.sampled_from(sorted({name for checks in ACTION_FIELDS.values() for name in checks})), anything)
def test_any_value_of_any_field_is_taken_as_it_is_or_refused(name, value):
    """No field lets something through that it would have to change."""
    for action in (FULL, *OTHERS):
        if name in ACTION_FIELDS[type(action)]:
            changed = type(action)(
                **{field.name: getattr(action, field.name) for field in fields(action)} | {name: value}
            )
            try:
                taken = read_answer([changed])
            except InvalidAction:
                continue
            assert (changed,) == taken
