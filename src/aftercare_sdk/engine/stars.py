"""No plugin can reward a review by its stars (LAW-06, LAW-07, LAW-19).

A plugin that rewards a customer who has written reviews is asked again, as if all stars were others. A hook
decides by what it is told alone, so a fair one says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aftercare_sdk.model.actions import Action, AwardPoints, GrantReward
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.reviews import FEWEST_STARS, MOST_STARS
from aftercare_sdk.plugins import HookResult, HookRunner

_INSTEAD = (FEWEST_STARS, MOST_STARS)


def paid_by_stars(runner: HookRunner, results: Sequence[HookResult]) -> dict[int, str]:
    """Return what is wrong with the answers that depend on stars, by their place."""
    asked = [
        (place, result.actions)
        for place, result in enumerate(results)
        if result.actions and any(_rewards(result.actions)) and _has_reviews(result.call.ctx)
    ]
    calls = [
        replace(results[place].call, ctx=_as_if(results[place].call.ctx, stars))
        for place, _ in asked
        for stars in _INSTEAD
    ]
    answers = iter(runner.run(calls) if calls else ())
    wrong: dict[int, str] = {}
    for place, actions in asked:
        for stars, answer in zip(_INSTEAD, (next(answers), next(answers)), strict=True):
            if answer.actions is None:
                wrong.setdefault(place, f"asked as if reviews had {stars} of {MOST_STARS} stars, it failed")
            elif [*_rewards(answer.actions)] != [*_rewards(actions)]:
                wrong.setdefault(
                    place,
                    f"had the reviews {stars} of {MOST_STARS} stars, the reward would be another: stealth "
                    "marketing, and unfair (LAW-06, LAW-07, LAW-19); reward the same whatever the stars",
                )
    return wrong


def _rewards(actions: Sequence[Action]) -> Iterator[Action]:
    """Give what is granted, without the words."""
    for action in actions:
        if isinstance(action, AwardPoints | GrantReward):
            yield replace(action, reason="")


def _has_reviews(ctx: Context) -> bool:
    return ctx.review is not None or bool(ctx.customer.reviews)


def _as_if(ctx: Context, stars: int) -> Context:
    """Return the same with other stars in every review."""
    return replace(
        ctx,
        review=ctx.review and replace(ctx.review, rating=stars),
        customer=replace(
            ctx.customer, reviews=tuple(replace(one, rating=stars) for one in ctx.customer.reviews)
        ),
    )
