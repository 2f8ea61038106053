"""The page with the mails as they look: one file of HTML and CSS, without scripts, with nothing remote."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aftercare_sdk.cli.demo.report import Fate, Mail, Meaning, Report, Unsent, moment
from aftercare_sdk.cli.demo.steps import Step
from aftercare_sdk.cli.demo.whole import Whole
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.web.devmail import paper

_ROOM = "aftercare_sdk.cli.demo"


def render(demo: Whole) -> str:
    """Return the page."""
    speaker, lived, report = demo.speaker, demo.lived, demo.recorded
    template = paper.environment(report.say).from_string(paper.resource(_ROOM, "page.html.liquid"))
    parts = {"demo.living": lived.mails, "demo.recorded": report.mails}
    mails = [(part, mail) for part, several in parts.items() for mail in several]
    return template.render(
        lang=speaker.lang,
        policy=paper.POLICY,
        style=paper.style(paper.resource(_ROOM, "page.css")),
        lead=demo.lead(),
        missing=demo.missing(),
        steps=[_step(step, speaker) for step in demo.steps],
        received=report.webhooks.received + demo.posted,
        webhooks=asdict(report.webhooks),
        recorded=report.webhooks.received - report.webhooks.posted_again,
        recorded_mails=len(report.mails),
        recorded_messages=len(report.story.messages),
        meanings=_meanings(report),
        events=[
            {"kind": kind, "name": speaker.phrase("event", kind), "number": number}
            for kind, number in report.events.items()
        ],
        event_count=sum(report.events.values()) + sum(lived.events.values()),
        fates=[_fate(fate, speaker) for fate in report.fates],
        message_count=len(report.story.messages) + len(lived.story.messages),
        purchases_before=report.purchases_before,
        mails=[_mail(number, part, mail, speaker) for number, (part, mail) in enumerate(mails, start=1)],
        recorded_unsent=len(report.unsent),
        unsent=[_unsent(one, speaker) for one in (*lived.unsent, *report.unsent)],
        days=str((report.story.ended_at - report.story.last_webhook_at).days),
        began=moment(min(lived.story.began_at, report.story.began_at), speaker),
        ended=moment(max(lived.story.ended_at, report.story.ended_at), speaker),
        zone=str(speaker.zone),
    )


def _step(step: Step, speaker: Speaker) -> dict[str, Any]:
    return {
        "kind": step.kind.value,
        "name": speaker.word(f"demo.kind.{step.kind.value}"),
        "at": moment(step.at, speaker),
        "text": step.text,
        "aside": step.aside,
    }


def _meanings(report: Report) -> list[dict[str, Any]]:
    """Return what the webhooks were; together they are all that was received."""
    webhooks = report.webhooks
    numbers = {
        **{meaning.value: getattr(webhooks, meaning.value) for meaning in Meaning},
        "repeated": webhooks.repeated,
        "pings": webhooks.pings,
    }
    return [
        {"name": name, "words": report.speaker.word(f"demo.webhooks.{name}"), "number": number}
        for name, number in numbers.items()
        if number
    ]


def _fate(fate: Fate, speaker: Speaker) -> dict[str, Any]:
    return {
        "is_sent": fate.state is MessageState.ACCEPTED,
        "state": speaker.phrase("state", fate.state.value),
        "reason": fate.reason,
        "number": fate.number,
    }


def _mail(number: int, part: str, mail: Mail, speaker: Speaker) -> dict[str, Any]:
    return {
        **paper.shown(mail.letter, number=number, date=moment(mail.date, speaker)),
        "part": speaker.word(part),
        "order": mail.order,
        "reason": mail.reason,
        "checks": [
            {"rule": speaker.phrase("rule", check.rule), "sentence": check.sentence} for check in mail.checks
        ],
    }


def _unsent(one: Unsent, speaker: Speaker) -> dict[str, Any]:
    return {
        "order": one.order,
        "address": one.address,
        "state": speaker.phrase("state", one.state.value),
        "reason": one.reason,
        "rule": speaker.phrase("rule", one.rule),
        "at": moment(one.at, speaker),
    }
