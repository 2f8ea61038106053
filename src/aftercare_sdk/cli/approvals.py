"""`aftercare approvals`: what sends marketing is looked at by a person before the first message leaves."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_brand, open_database, read_settings
from aftercare_sdk.cli.timeline import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.sampling import Listed, Sample, Shown
    from aftercare_sdk.model.approvals import ApprovalState

_MOST = 20

commands = typer.Typer(
    help="See what waits for approval before it sends marketing, look at samples, approve or reject it.",
    no_args_is_help=True,
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The id of a version, as `list` shows it, or its beginning.")
]
Lang = Annotated[Language | None, typer.Option(help="The language; without it, that of the brand.")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who says so; without it, the user of this machine.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever asks later; no personal data.")]


@commands.command("list")
def listing(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were decided, or have been replaced.")
    ] = False,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """List the versions that wait for a person, with how much waits and how much has lapsed."""
    from aftercare_sdk.engine.sampling import listing

    settings = read_settings(context)
    with open_brand(settings) as brand:
        found = [one for one in listing(brand) if everything or _waits(one)]
    if as_json:
        output.write_json({"approvals": [_listed_json(one) for one in found]})
        return
    speaker = _speaker(settings, lang)
    if not found:
        output.write(speaker.word("approvals.nothing"))
        return
    names = ("id", "what", "state", "waiting", "first_lapse", "lapsed", "first_seen", "decided")
    head = [speaker.word(f"approvals.{name}") for name in names]
    output.show(output.table(head, [_row(one, speaker) for one in found]), "")


@commands.command("show")
def show(
    context: typer.Context,
    name: Id,
    *,
    samples: Annotated[
        int, typer.Option(min=0, max=_MOST, metavar="N", help="At most so many messages in full.")
    ] = _MOST,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show what a version sends: counts, and messages that wait, just as they would leave.

    This is personal data. The links in a sample are real ones.
    """
    from aftercare_sdk.engine.sampling import show

    settings = read_settings(context)
    with open_brand(settings) as brand:
        shown = show(brand, name, samples)
    if as_json:
        output.write_json(_shown_json(shown))
    else:
        _show(shown, _speaker(settings, lang))


@commands.command("approve")
def approve(context: typer.Context, name: Id, *, by: By = "", note: Note = "") -> None:
    """Let what waits for this version leave, and all that it sends later."""
    from aftercare_sdk.model.approvals import ApprovalState

    _decide(context, name, ApprovalState.APPROVED, by, note)


@commands.command("reject")
def reject(context: typer.Context, name: Id, *, by: By = "", note: Note = "") -> None:
    """Let nothing of this version leave, also if it had been approved. What waits for it is not sent."""
    from aftercare_sdk.model.approvals import ApprovalState

    _decide(context, name, ApprovalState.REJECTED, by, note)


def _decide(context: typer.Context, name: str, state: ApprovalState, by: str, note: str) -> None:
    from aftercare_sdk.engine.approving import decide

    with open_database(read_settings(context)) as database:
        decided = decide(database, name, state, at=now(), by=by or getpass.getuser(), note=note)
    of = decided.of
    output.write(f"{of.plugin} {of.label}, version {decided.id}, is {state.value} now.")


def _waits(one: Listed) -> bool:
    return one.approval.state.value == "waiting" and one.current


def _speaker(settings: Settings, lang: Language | None) -> Speaker:
    from aftercare_sdk.cli.words import Speaker

    language = lang.value if lang else "ja" if settings.brand.locale.startswith("ja") else "en"
    return Speaker(language, ZoneInfo(settings.brand.zone))


def _state(one: Listed, speaker: Speaker) -> str:
    return speaker.word(f"approvals.state.{one.approval.state.value if one.current else 'replaced'}")


def _row(one: Listed, speaker: Speaker) -> tuple[str, ...]:
    approval = one.approval
    return (
        approval.id,
        f"{approval.of.plugin} {approval.of.label}",
        _state(one, speaker),
        str(one.queue.waiting),
        speaker.moment(one.queue.first_lapse) if one.queue.first_lapse else "",
        str(approval.lapsed),
        speaker.moment(approval.first_seen),
        _decided(one, speaker),
    )


def _decided(one: Listed, speaker: Speaker) -> str:
    approval = one.approval
    if approval.decided_at is None:
        return ""
    told = (speaker.moment(approval.decided_at), approval.by, approval.note)
    return " ".join(part for part in told if part)


def _show(shown: Shown, speaker: Speaker) -> None:
    one = shown.listed
    of = one.approval.of
    facts = [
        ("id", one.approval.id),
        ("what", f"{of.plugin} {of.label}"),
        ("state", _state(one, speaker)),
        ("decided", _decided(one, speaker)),
        ("template", f"{of.template} ({of.sources[:8]})"),
        ("version", of.version),
        ("purpose", speaker.phrase("purpose", of.purpose)),
        ("channel", of.channel),
        ("changed", _changed(shown, speaker)),
        *_settings_of(shown, speaker),
        ("first_seen", speaker.moment(one.approval.first_seen)),
        ("waiting", str(one.queue.waiting)),
        (
            "first_lapse",
            speaker.moment(one.queue.first_lapse) if one.queue.first_lapse else "",
        ),
        ("lapsed", str(one.approval.lapsed)),
        ("counted", str(shown.counted) if shown.counted < one.queue.waiting else ""),
        ("languages", _counts(shown.languages)),
        ("countries", _counts(shown.countries)),
        ("stopped_by", _counts({speaker.phrase("check", name): n for name, n in shown.stopped_by.items()})),
    ]
    output.show(
        output.facts((speaker.word(f"approvals.{name}"), value) for name, value in facts if value), ""
    )
    for place, sample in enumerate(shown.samples, 1):
        _show_sample(place, len(shown.samples), sample, speaker)


def _changed(shown: Shown, speaker: Speaker) -> str:
    """Return what was decided before, and in what it differs from that."""
    if shown.before is None:
        return ""
    state = speaker.word(f"approvals.state.{shown.before.state.value}")
    differs = ", ".join(speaker.word(f"approvals.{name}") for name in _differences(shown))
    return f"{shown.before.id} ({state}): {differs}"


def _differences(shown: Shown) -> list[str]:
    """Return the names of what differs from what was decided before; `template` also for its texts."""
    if shown.before is None:
        return []
    now, before = asdict(shown.listed.approval.of), asdict(shown.before.of)
    names = {"sources": "template"}
    return list(dict.fromkeys(names.get(name, name) for name in now if now[name] != before[name]))


def _settings_of(shown: Shown, speaker: Speaker) -> list[tuple[str, str]]:
    """Return what the flow says of all its messages, as one of them tells it."""
    if not shown.samples:
        return []
    message = shown.samples[0].message
    return [
        ("reason", speaker.phrase("reason", message.reason)),
        ("delay", _length(message.delay.total_seconds(), speaker)),
        ("window", _length(message.window.total_seconds(), speaker)),
        ("premises", ", ".join(speaker.phrase("rule", type(each).__name__) for each in message.premises)),
    ]


def _length(seconds: float, speaker: Speaker) -> str:
    from aftercare_sdk.outreach.sentences import say

    return say("approvals.length", {"length": str(int(seconds))}, speaker.lang)


def _show_sample(place: int, count: int, sample: Sample, speaker: Speaker) -> None:
    message = sample.message
    about = f"{message.shop}/{message.object_kind}/{message.object}"
    told = " · ".join(part for part in (about, sample.locale, sample.country) if part)
    output.write(f"{speaker.word('approvals.sample')} {place}/{count}: {told}")
    output.write()
    if sample.composed is None:
        output.write(sample.problem)
    else:
        output.write(sample.composed.subject)
        output.write()
        output.write(sample.composed.text.rstrip())
    output.write()


def _counts(counted: Mapping[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name or '?'} {number}" for name, number in ordered)


def _listed_json(one: Listed) -> dict[str, Any]:
    approval = one.approval
    return {
        "id": approval.of.digest,
        "plugin": approval.of.plugin,
        "label": approval.of.label,
        "template": approval.of.template,
        "template_sha256": approval.of.sources,
        "purpose": approval.of.purpose,
        "channel": approval.of.channel,
        "version": approval.of.version,
        "state": approval.state.value,
        "current": one.current,
        "first_seen": output.instant(approval.first_seen),
        "decided_at": output.instant(approval.decided_at),
        "by": approval.by or None,
        "note": approval.note or None,
        "waiting": one.queue.waiting,
        "first_lapse": output.instant(one.queue.first_lapse),
        "lapsed": approval.lapsed,
    }


def _shown_json(shown: Shown) -> dict[str, Any]:
    return {
        **_listed_json(shown.listed),
        "before": shown.before and {"id": shown.before.of.digest, "state": shown.before.state.value},
        "changed": _differences(shown),
        "counted": shown.counted,
        "languages": dict(shown.languages),
        "countries": dict(shown.countries),
        "stopped_by": dict(shown.stopped_by),
        "samples": [_sample_json(one) for one in shown.samples],
    }


def _sample_json(one: Sample) -> dict[str, Any]:
    composed = one.composed
    return {
        "message": one.message.id,
        "about": f"{one.message.shop}/{one.message.object_kind}/{one.message.object}",
        "due_at": output.instant(one.message.due_at),
        "delay_seconds": one.message.delay.total_seconds(),
        "window_seconds": one.message.window.total_seconds(),
        "premises": [type(each).__name__ for each in one.message.premises],
        "reason": one.message.reason,
        "locale": one.locale,
        "country": one.country or None,
        "subject": composed.subject if composed else None,
        "text": composed.text if composed else None,
        "html": composed.html if composed else None,
        "problem": one.problem or None,
    }
