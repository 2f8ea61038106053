"""What happened to the shops of the demo, in order and in words: in a shop, on the way, and in the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from aftercare_sdk.cli.demo.living import Happened, Living
from aftercare_sdk.cli.demo.report import Report
from aftercare_sdk.cli.demo.shops import Network
from aftercare_sdk.cli.sync import found, thing
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.engine.recovered import Recovered
from aftercare_sdk.engine.timeline import Told
from aftercare_sdk.outreach.sentences import catalogue
from aftercare_sdk.store.commands import Command, CommandState


class StepKind(StrEnum):
    """Where something happened, in the order in which steps of the same moment stand."""

    SHOP = "shop"
    LOST = "lost"
    LISTING = "listing"
    MAIL = "mail"
    UNSENT = "unsent"
    REWARD = "reward"


_RANKS = {kind: rank for rank, kind in enumerate(StepKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, and what else is to be said of it. LOST: in a shop, and nobody heard of it.

    Where there are several shops, the text begins with the kind of the one.
    """

    at: datetime
    kind: StepKind
    shop: str
    text: str = field(repr=False)
    aside: str = ""


def steps(living: Living, report: Report) -> tuple[Step, ...]:
    """Return all that happened, with the engine's part as its books tell it."""
    told: list[Step] = [
        *(_happened(one, report) for one in living.happened),
        *(_listed(one, at.at, report) for at in living.found for one in at.objects),
        *_mails(report),
        *_unsent(report),
        *(_reward(one, living, report) for one in living.rewards),
    ]
    if len(living.shops) > 1:
        platforms = {shop.name: platform(shop.platform, report.speaker) for shop in living.shops}
        told = [replace(step, text=f"{platforms[step.shop]}: {step.text}") for step in told]
    return tuple(sorted(told, key=lambda step: (step.at, _RANKS[step.kind])))


def platform(name: str, speaker: Speaker) -> str:
    """Return what people call a kind of shop."""
    code = f"demo.platform.{name}"
    return speaker.word(code) if code in catalogue(speaker.lang) else name


def _happened(one: Happened, report: Report) -> Step:
    code = f"demo.act.{one.act.value}"
    order = report.story.numbers.get((one.shop, one.order), one.order)
    text = report.say(code, order=order, buyer=one.buyer, what=one.bought)
    network = "none" if one.sent.webhooks == 0 else one.network.value
    said = report.say(f"demo.network.{network}", number=one.sent.webhooks, posted=len(one.sent.statuses))
    used = report.say("demo.act.with_code", code=one.code) if one.code else ""
    is_lost = one.network is Network.LOST or one.sent.webhooks == 0
    return Step(
        at=one.at,
        kind=StepKind.LOST if is_lost else StepKind.SHOP,
        shop=one.shop,
        text=text,
        aside=" ".join(filter(None, (used, said))),
    )


def _listed(one: Recovered, at: datetime, report: Report) -> Step:
    text = report.say("demo.step.listing", thing=thing(one, report.speaker), found=found(one, report.speaker))
    return Step(at=at, kind=StepKind.LISTING, shop=one.shop, text=text)


def _mails(report: Report) -> Iterator[Step]:
    for mail in report.mails:
        values = {"to": mail.letter.address, "subject": mail.letter.subject}
        text = report.say("demo.step.mail", **values)
        yield Step(at=mail.date, kind=StepKind.MAIL, shop=mail.shop, text=text)


def _unsent(report: Report) -> Iterator[Step]:
    for one in report.unsent:
        text = report.say("demo.step.unsent", label=one.label, order=one.order)
        yield Step(at=one.at, kind=StepKind.UNSENT, shop=one.shop, text=text, aside=one.reason)


def _reward(one: Command, living: Living, report: Report) -> Step:
    """Tell of a discount code as the shop shows it, or why there is none."""
    coupon = next(
        (
            coupon
            for shop in living.shops
            if shop.name == one.shop
            for coupon in shop.coupons
            if coupon.code in one.payload
        ),
        None,
    )
    at = one.final_at or one.planned_at
    if one.state is not CommandState.DONE or coupon is None:
        values = {"what": one.kind, "label": one.label, "reason": one.reason, **one.detail}
        text = report.speaker.say(Told(code=one.code or "command_planned", values=values))
        return Step(at=at, kind=StepKind.REWARD, shop=one.shop, text=text)
    until = coupon.expires_at.isoformat() if coupon.expires_at else ""
    text = report.say(
        "demo.step.reward", code=coupon.code, off=coupon.off, to=", ".join(coupon.emails), until=until
    )
    aside = report.say("demo.step.reward.why", plugin=one.plugin, reason=one.reason)
    return Step(at=at, kind=StepKind.REWARD, shop=one.shop, text=text, aside=aside)
