"""`aftercare work`: process what was received and send what is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import read_moment, read_settings
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.store.tally import Tally

_SLICES = 100
"""How many steps the progress bar of a virtual clock has."""


def work(
    context: typer.Context,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is there and what is due now, then end.")
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--now",
            metavar="TIME",
            help="Begin at this time instead of the machine's, then end. Only on a demo or replay database; "
            "an empty one becomes one. Plugins run in this process then.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="With --now: go on to this time, whatever is due until then."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Process what came in and send what is due.

    Goes on until it is stopped, unless --once or --now is given. A TIME is written as 2026-11-22T09:00;
    without a zone it is one of the brand's.
    """
    settings = read_settings(context)
    if until is not None and start is None:
        raise typer.BadParameter("needs --now: a time to begin at", param_hint="--until")
    if start is not None:
        begin = read_moment(start, settings, "--now")
        end = read_moment(until, settings, "--until") if until is not None else begin
        if end < begin:
            raise typer.BadParameter("lies before --now", param_hint="--until")
        done, code = _replay(settings, begin, end), 0
    else:
        done, code = _supervise(settings, once=once)
    if as_json:
        output.write_json(_as_json(done))
    else:
        _show(done)
    if code:
        raise typer.Exit(code)


def _replay(settings: Settings, begin: datetime, end: datetime) -> Tally:
    """Work on a virtual clock, in this process."""
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.clock import VirtualClock
    from aftercare_sdk.store import tally

    with Aftercare(settings, clock=VirtualClock(begin)) as aftercare:
        database = aftercare.brand.database
        with database.read() as connection:
            mark = tally.mark(connection)
        with output.progress("Working", _SLICES) as done:
            for step in range(1, _SLICES + 1) if output.is_terminal() else (_SLICES,):
                aftercare.advance(begin + _part(end - begin, step))
                done(step)
        with database.read() as connection:
            return tally.since(connection, mark)


def _part(span: timedelta, step: int) -> timedelta:
    return span * step // _SLICES


def _supervise(settings: Settings, *, once: bool) -> tuple[Tally, int]:
    """Work on the clock of the machine, in child processes that a plugin may bring down."""
    from aftercare_sdk.engine import supervise
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.lock import decider_lock
    from aftercare_sdk.engine.logs import write_logs
    from aftercare_sdk.store import tally

    if settings.source is None:
        raise ConfigurationError("the children of `work` read the configuration from a file; name one")
    with Aftercare(settings) as aftercare:  # so that all that is wrong is said here, in words
        database = aftercare.brand.database
        if once:
            with decider_lock(database):
                pass  # or DeciderBusy: somebody does this work already
        with database.read() as connection:
            mark = tally.mark(connection)
        database.close()  # the children have connections of their own
        write_logs()
        code = supervise.work(settings.source, until_idle=once)
        with database.read() as connection:
            return tally.since(connection, mark), code


def _as_json(done: Tally) -> dict[str, Any]:
    return {
        "rows": done.rows,
        "events": done.events,
        "units": done.units,
        "messages": [{"state": state, "code": code, "count": count} for state, code, count in done.messages],
        "parked": {"rows": done.rows_parked, "units": done.units_parked},
        "reads_waiting": done.reads_waiting,
    }


def _show(done: Tally) -> None:
    output.show(
        output.facts(
            [
                ("rows processed", str(done.rows)),
                ("new events", str(done.events)),
                ("units done", str(done.units)),
            ]
        )
    )
    if done.messages:
        rows = [(state, code if code != state else "", str(count)) for state, code, count in done.messages]
        output.show("", output.table(("state", "why", "messages"), rows))
    if done.rows_parked or done.units_parked:
        output.note(
            f"Parked, for a person to look at: {output.number(done.rows_parked, 'row')} and "
            f"{output.number(done.units_parked, 'unit')}; see `aftercare journal list --parked`."
        )
    if done.reads_waiting:
        output.note(
            f"Waiting for a shop: {output.number(done.reads_waiting, 'read')}; "
            "see `aftercare journal list --waiting`."
        )
