"""Read what an event hook answered: a tuple of sound actions, or nonsense."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress

from aftercare_sdk.errors import InvalidAction
from aftercare_sdk.model.actions import (
    Action,
    AwardPoints,
    CancelMessages,
    ChangeTier,
    ClearTimer,
    Decline,
    GrantReward,
    Purpose,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
    TagCustomer,
)
from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands, Premise
from aftercare_sdk.plugins.fields import (
    REASON_LIMIT,
    TEXT_LIMIT,
    Check,
    Unfit,
    discount,
    expiry,
    flag,
    kind_of,
    member,
    money,
    numbers,
    one_of,
    optional,
    rows,
    span,
    text,
    texts,
    whole,
)

MOST_ACTIONS = 1_000
MOST_LINES = 5_000
LONGEST_CODE = 40
MOST_POINTS = 10**12
"""So that sums of many awards fit into 64 bits."""

PREMISE_FIELDS: Mapping[type[Premise], Mapping[str, Check]] = {
    OrderStands: {"order": text()},
    NoRefund: {"order": text()},
    NotSentWithin: {"label": text(), "period": span},
}

_COMMON: Mapping[str, Check] = {
    "reason": text(REASON_LIMIT),
    "scope": member(Scope),
    "discriminator": text(empty=True),
}
_ANCHORED: Mapping[str, Check] = {"anchor": optional(text(REASON_LIMIT)), "delay": span, "data": texts}

ACTION_FIELDS: Mapping[type[Action], Mapping[str, Check]] = {
    SendMessage: {
        **_COMMON,
        **_ANCHORED,
        "template": text(),
        "version": text(empty=True),
        "purpose": member(Purpose),
        "label": text(),
        "channel": text(),
        "window": optional(span),
        "premises": rows(one_of(PREMISE_FIELDS)),
        "merge_group": text(empty=True),
        "categories": rows(text()),
    },
    CancelMessages: {**_COMMON, "label": optional(text())},
    SetTimer: {**_COMMON, **_ANCHORED, "name": text()},
    ClearTimer: {**_COMMON, "name": text()},
    Remember: {**_COMMON, "key": text(), "value": optional(text(TEXT_LIMIT, empty=True))},
    GrantReward: {
        **_COMMON,
        "label": text(),
        "discount": discount,
        "valid_for": optional(span),
        "minimum": optional(money),
        "products": rows(text()),
    },
    TagCustomer: {**_COMMON, "name": text(), "value": optional(text(REASON_LIMIT, empty=True))},
    AwardPoints: {
        **_COMMON,
        "label": text(),
        "points": whole(MOST_POINTS),
        "lines": numbers(MOST_LINES, MOST_POINTS),
        "order": optional(text()),
        "settled": flag,
        "expiry": optional(expiry),
        "rounding": member(Rounding),
        "write_off": whole(MOST_POINTS),
        "terms": texts,
    },
    ChangeTier: {**_COMMON, "tier": optional(text())},
    Decline: {
        **_COMMON,
        "label": text(),
        "code": text(LONGEST_CODE, empty=True),
        "values": texts,
        "words": texts,
    },
}

_action = one_of(ACTION_FIELDS)


def read_answer(answer: object) -> tuple[Action, ...]:
    """Return the actions in `answer`, copied, so that the plugin cannot change them any more.

    Iterates generators, and so runs the plugin's code: whatever that raises passes through.

    Raises InvalidAction, without any value of a field, for everything that is not None or an iterable, in
    a fixed order, of at most 1,000 sound actions.
    """
    if answer is None:
        return ()
    _refuse_at_sight(answer)
    assert isinstance(answer, Iterable)  # noqa: S101 - for the type checker; checked one line above
    actions: list[Action] = []
    try:
        for item in answer:
            if len(actions) == MOST_ACTIONS:
                raise InvalidAction(f"more than {MOST_ACTIONS:,} actions for one event")
            try:
                actions.append(_action(item))
            except Unfit as problem:
                raise InvalidAction(f"action {len(actions) + 1} of the answer: {problem}") from None
    finally:
        if isinstance(answer, Generator):
            # Its own clean-up may fail too; that must not hide what was wrong first.
            with suppress(Exception):
                answer.close()
    return tuple(actions)


def _refuse_at_sight(answer: object) -> None:
    kind = kind_of(answer)
    if inspect.iscoroutine(answer):
        answer.close()
        raise InvalidAction(
            "the answer is a coroutine; hooks are plain functions: write `def` without `async`"
        )
    if isinstance(answer, Action):
        raise InvalidAction(f"the answer is one {kind}; put it in a list")
    if isinstance(answer, AbstractSet):
        raise InvalidAction(f"the answer is of type {kind}, which has no order; return a list")
    if isinstance(answer, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(answer, Iterable):
        raise InvalidAction(f"the answer is of type {kind}; return a list of actions, or None")
