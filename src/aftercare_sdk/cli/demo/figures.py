"""The demo in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from aftercare_sdk.cli import output, timeline
from aftercare_sdk.cli.demo.report import Mail, Report, Unsent, moment
from aftercare_sdk.cli.demo.steps import StepKind
from aftercare_sdk.cli.demo.whole import Whole


def show(demo: Whole) -> None:
    """Write what happened to the shop that lives, with one customer's timeline; then the rest in figures.

    The mails come last: the end stays in view.
    """
    speaker, asked = demo.speaker, demo.lived.story.timeline.asked
    output.show(
        _heading(speaker.word("demo.name")),
        "",
        _heading(speaker.word("demo.living")),
        demo.lead(),
        *(_aside(line) for line in demo.missing()),
        "",
        _steps(demo),
        "",
        _heading(f"{speaker.word('heading.timeline')}: {asked}"),
        "",
    )
    timeline.show(demo.lived.story.timeline, speaker)
    _show_recorded(demo.recorded)
    output.show("", _mails(demo), "")


_STYLES = {
    StepKind.LOST: "yellow",
    StepKind.LISTING: "cyan",
    StepKind.MAIL: "green",
    StepKind.REWARD: "green",
}


def _steps(demo: Whole) -> Table:
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for step in demo.steps:
        style = _STYLES.get(step.kind, "")
        kind = Text(demo.speaker.word(f"demo.kind.{step.kind.value}"), style=style or "dim")
        grid.add_row(moment(step.at, demo.speaker), kind, Text(output.clean(step.text), style=style))
        if step.aside:
            grid.add_row("", "", _aside(f"  {output.clean(step.aside)}"))
    return grid


def _show_recorded(report: Report) -> None:
    story, speaker = report.story, report.speaker
    output.show(
        _heading(speaker.word("demo.recorded")),
        report.say(
            "demo.lead",
            recorded=report.webhooks.received - report.webhooks.posted_again,
            days=(story.ended_at - story.last_webhook_at).days,
            planned=len(story.messages),
            mails=len(report.mails),
            unsent=len(report.unsent),
        ),
        "",
        _webhooks(report),
        _aside(
            report.say(
                "demo.webhooks.again",
                again=report.webhooks.posted_again,
                repeated=report.webhooks.repeated,
            )
        ),
        _aside(report.say("demo.webhooks.reads", reads=report.webhooks.reads)),
        "",
        _events(report),
        _aside(report.say("demo.events.before", number=report.purchases_before)),
        "",
        _messages(report),
    )


def _webhooks(report: Report) -> Table:
    counts = asdict(report.webhooks)
    parts = [name for name in counts if name not in {"received", "posted_again", "reads"}]
    rows = [
        (report.speaker.word("demo.webhooks.received"), str(counts["received"])),
        *((f"  {report.speaker.word(f'demo.webhooks.{name}')}", str(counts[name])) for name in parts),
    ]
    return _counted(report, "heading.webhooks", ("word.what", "word.number_of"), rows)


def _events(report: Report) -> Table:
    rows = [(report.speaker.phrase("event", kind), str(number)) for kind, number in report.events.items()]
    return _counted(report, "heading.events", ("word.what", "word.number_of"), rows)


def _messages(report: Report) -> Table:
    rows = [
        (report.speaker.phrase("state", fate.state.value), str(fate.number), fate.reason)
        for fate in report.fates
    ]
    return _counted(report, "heading.messages", ("word.state", "word.number_of", "word.why"), rows)


def _mails(demo: Whole) -> Table:
    speaker = demo.speaker
    rows = [(moment(mail.date, speaker), mail.letter.address, mail.letter.subject) for mail in demo.mails]
    headings = ("word.when", "demo.sent.to", "word.subject")
    return output.table(
        [speaker.word(heading) for heading in headings], rows, title=speaker.word("demo.sent")
    )


def _counted(report: Report, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose second column counts."""
    table = output.table(
        [report.speaker.word(heading) for heading in headings], rows, title=report.speaker.word(title)
    )
    table.columns[1].justify = "right"
    return table


def _heading(text: str) -> Text:
    return Text(output.clean(text), style="bold green")


def _aside(text: str) -> Text:
    return Text(text, style="dim")


def to_json(demo: Whole, page: Path, seconds: float) -> dict[str, Any]:
    """Return the same for programs; what is in words is in the language that was asked for."""
    speaker = demo.speaker
    return {
        "language": speaker.lang,
        "zone": str(speaker.zone),
        "seconds": round(seconds, 1),
        "living": _living(demo),
        "recorded": {
            **_part(demo.recorded),
            "last_webhook_at": output.instant(demo.recorded.story.last_webhook_at),
            "webhooks": asdict(demo.recorded.webhooks),
            "purchases_before": demo.recorded.purchases_before,
        },
        "page": str(page),
    }


def _living(demo: Whole) -> dict[str, Any]:
    return {
        **_part(demo.lived),
        "shops": {
            shop.name: {
                "platform": shop.platform,
                "webhooks": shop.webhooks,
                "coupons": [
                    {
                        "code": coupon.code,
                        "off": coupon.off,
                        "expires_at": output.instant(coupon.expires_at),
                        "used": coupon.used,
                        "emails": list(coupon.emails),
                    }
                    for coupon in shop.coupons
                ],
            }
            for shop in demo.living.shops
        },
        "left_out": {kind.platform: kind.command for kind in demo.left_out},
        "webhooks": {"told": demo.told, "lost": demo.lost, "posted": demo.posted},
        "steps": [
            {
                "at": output.instant(step.at),
                "kind": step.kind.value,
                "shop": step.shop,
                "text": step.text,
                "aside": step.aside,
            }
            for step in demo.steps
        ],
        "recovered": [
            {
                "at": output.instant(found.at),
                "shop": one.shop,
                "kind": one.kind,
                "id": one.id,
                "name": one.name,
                "change": one.fate.value,
                "parts": [asdict(part) for part in one.parts],
            }
            for found in demo.living.found
            for one in found.objects
        ],
        "rewards": [
            {"plugin": one.plugin, "label": one.label, "state": one.state.value, "code": one.code}
            for one in demo.living.rewards
        ],
    }


def _part(report: Report) -> dict[str, Any]:
    """Return what both parts tell."""
    story, speaker = report.story, report.speaker
    return {
        "began_at": output.instant(story.began_at),
        "ended_at": output.instant(story.ended_at),
        "events": dict(report.events),
        "messages": [
            {
                "state": fate.state.value,
                "code": fate.code,
                "reason": fate.reason,
                "number": fate.number,
            }
            for fate in report.fates
        ],
        "mails": [_mail(mail) for mail in report.mails],
        "unsent": [_unsent(one) for one in report.unsent],
        "timeline": timeline.to_json(story.timeline, speaker),
    }


def _mail(mail: Mail) -> dict[str, Any]:
    return {
        "shop": mail.shop,
        "order": mail.order,
        "to": mail.letter.address,
        "name": mail.letter.to,
        "subject": mail.letter.subject,
        "date": output.instant(mail.date),
        "reason": mail.reason,
        "checks": [asdict(check) for check in mail.checks],
        "bytes": mail.letter.size,
    }


def _unsent(one: Unsent) -> dict[str, Any]:
    return {
        "shop": one.shop,
        "order": one.order,
        "to": one.address,
        "state": one.state.value,
        "code": one.code,
        "rule": one.rule,
        "reason": one.reason,
        "at": output.instant(one.at),
    }
