"""`aftercare doctor`: is everything in place, and if not, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Invocation, Json

if TYPE_CHECKING:
    from aftercare_sdk.engine.checkup import Finding

_STYLES = {"ok": "green", "hint": "yellow", "problem": "bold red"}


def doctor(context: typer.Context, *, as_json: Json = False) -> None:
    """Check everything that is needed to run, and say what mends it.

    Configuration, secrets, plugins, time zones, database, clock, templates and channels, and what DNS says of
    the domains that mails come from. Sends nothing and shows no secret. Ends with 1 if there is a problem.
    """
    from aftercare_sdk.engine.checkup import check_up

    invocation = context.find_object(Invocation) or Invocation()
    findings = check_up(invocation.config)
    problems = sum(not finding.ok for finding in findings)
    if as_json:
        output.write_json(
            [
                {"name": each.name, "ok": each.ok, "told": each.told, "cure": each.cure or None}
                for each in findings
            ]
        )
    else:
        output.show(output.table(("", "check", ""), _rows(findings)))
        output.note(f"\n{output.number(problems, 'problem')}." if problems else "\nAll is well.")
    if problems:
        raise typer.Exit(output.FAILED)


def _rows(findings: tuple[Finding, ...]) -> Iterator[tuple[str | Text, str, str]]:
    for finding in findings:
        state = _state(finding)
        yield Text(state, style=_STYLES[state]), finding.name, finding.told
        if finding.cure:
            yield "", "", f"→ {finding.cure}"


def _state(finding: Finding) -> str:
    if not finding.ok:
        return "problem"
    return "hint" if finding.cure else "ok"
