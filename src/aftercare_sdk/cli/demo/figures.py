"""The demo's report in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from aftercare_sdk.cli import output, timeline
from aftercare_sdk.cli.demo.report import Mail, Report, Unsent, moment


def show(report: Report) -> None:
    """Write the customer's timeline, then what happened in figures, then the mails: the end stays in view."""
    story, speaker = report.story, report.speaker
    output.show(
        _heading(speaker.word("demo.name")),
        report.say(
            "demo.lead",
            recorded=report.webhooks.received - report.webhooks.posted_again,
            days=(story.ended_at - story.last_webhook_at).days,
            planned=len(story.messages),
            mails=len(report.mails),
            unsent=len(report.unsent),
        ),
        "",
        _heading(f"{speaker.word('heading.timeline')}: {story.timeline.asked}"),
        "",
    )
    timeline.show(story.timeline, speaker)
    output.show(
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
        "",
        _mails(report),
        "",
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


def _mails(report: Report) -> Table:
    rows = [
        (moment(mail.date, report.speaker), mail.letter.address, mail.letter.subject) for mail in report.mails
    ]
    headings = ("word.when", "demo.sent.to", "word.subject")
    return output.table(
        [report.speaker.word(heading) for heading in headings], rows, title=report.speaker.word("demo.sent")
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


def to_json(report: Report, page: Path, seconds: float) -> dict[str, Any]:
    """Return the same for programs; what is in words is in the language that was asked for."""
    story, speaker = report.story, report.speaker
    return {
        "language": speaker.lang,
        "zone": str(speaker.zone),
        "seconds": round(seconds, 1),
        "began_at": output.instant(story.began_at),
        "last_webhook_at": output.instant(story.last_webhook_at),
        "ended_at": output.instant(story.ended_at),
        "webhooks": asdict(report.webhooks),
        "events": dict(report.events),
        "purchases_before": report.purchases_before,
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
        "page": str(page),
    }


def _mail(mail: Mail) -> dict[str, Any]:
    return {
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
        "order": one.order,
        "to": one.address,
        "state": one.state.value,
        "code": one.code,
        "rule": one.rule,
        "reason": one.reason,
        "at": output.instant(one.at),
    }
