"""`aftercare journal`: what was received, what is parked, what waits, and bringing it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings

if TYPE_CHECKING:
    from datetime import tzinfo

    from sqlalchemy import Connection

    from aftercare_sdk.store.journal import Entry
    from aftercare_sdk.store.reads import Read
    from aftercare_sdk.store.units import Trouble

_LARGEST = 2**63 - 1

commands = typer.Typer(help="See what came in, what waits, and try it again.", no_args_is_help=True)


@commands.command("list")
def listing(
    context: typer.Context,
    *,
    parked: Annotated[bool, typer.Option("--parked", help="Only what waits for a person.")] = False,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only what will be tried by itself: new rows, reads, retries.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="At most so many of each, newest rows first.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """List rows, waiting reads and failed units.

    A row is what came from outside once: a webhook, the answer to a read, the outcome of a message. A unit is
    one event for one plugin.
    """
    from aftercare_sdk.store import journal, reads, units
    from aftercare_sdk.store.journal import State

    if parked and waiting:
        raise typer.BadParameter("say --parked or --waiting, not both", param_hint="--waiting")
    settings = read_settings(context)
    states = [State.PARKED] if parked else [State.NEW] if waiting else []
    with open_database(settings) as database, database.read() as connection:
        rows = journal.listing(connection, states=states, limit=limit)
        wanted = [] if parked else reads.listing(connection, limit)
        troubles = [
            one
            for one in units.troubled(connection, limit)
            if not (parked or waiting) or parked == (one.state == State.PARKED)
        ]
    if as_json:
        output.write_json(
            {
                "rows": [_row(one) for one in rows],
                "reads": [_read(one) for one in wanted],
                "units": [_unit(one) for one in troubles],
            }
        )
        return
    _show(rows, wanted, troubles, ZoneInfo(settings.brand.zone))


@commands.command()
def show(
    context: typer.Context,
    seq: Annotated[int, typer.Argument(min=0, max=_LARGEST, metavar="SEQ", help="The number of the row.")],
    *,
    body: Annotated[bool, typer.Option("--body", help="Print the body too. It holds personal data.")] = False,
    as_json: Json = False,
) -> None:
    """Show one row of the journal."""
    from aftercare_sdk.store import journal

    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        entry = journal.find(connection, seq)
    if entry is None:
        output.note(f"The journal has no row {seq}; `aftercare journal list` shows the newest.")
        raise typer.Exit(output.FAILED)
    told = {**_row(entry), "hints": dict(entry.hints), "body_size": _size(entry)}
    if as_json:
        output.write_json({**told, "body": _text(entry)} if body else told)
        return
    zone = ZoneInfo(settings.brand.zone)
    pairs = [
        ("row", str(entry.seq)),
        ("kind", entry.kind.value),
        ("shop", entry.shop),
        ("topic", entry.topic),
        ("delivery", entry.delivery),
        ("received", output.local(entry.received_at, zone)),
        ("copies", f"{entry.copies} more of the same were dropped" if entry.copies else ""),
        ("state", entry.state.value),
        ("processed", output.local(entry.processed_at, zone) if entry.processed_at else ""),
        ("outcome", entry.outcome),
        *((f"header {name}", value) for name, value in entry.hints.items()),
        ("body", "no longer kept" if entry.body is None else f"{_size(entry)} bytes"),
    ]
    output.show(output.facts([(name, value) for name, value in pairs if value]))
    if body and entry.body is not None:
        output.write()
        output.write_exact(_text(entry) or "")
    elif entry.body is not None:
        output.note("The body holds personal data; --body prints it.")


@commands.command()
def retry(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SEQ|EVENT",
            help="Numbers of parked rows, or ids of events with parked units, such as main/order/7/purchase.",
            show_default=False,
        ),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All parked rows and units, and every waiting read at once.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put parked rows and units back.

    Do it after what was wrong is mended; `aftercare work` or `serve` then tries them again.
    """
    if everything == bool(names):
        raise typer.BadParameter("name rows or events, or say --all", param_hint="SEQ|EVENT")
    with open_database(read_settings(context)) as database, database.write() as connection:
        done = _retry_all(connection) if everything else _retry(connection, names or [])
        _write_down(connection, done, [] if everything else names or [])
    if as_json:
        output.write_json(done)
    else:
        output.write(_words(done))
    for name in done["not_parked"]:
        output.note(f"{name} is not parked: `aftercare journal list --parked` shows what is.")
    if done["not_parked"]:
        raise typer.Exit(output.FAILED)


def _retry_all(connection: Connection) -> dict[str, Any]:
    from aftercare_sdk.store import journal, reads, units

    at = now()
    return {
        "rows": journal.retry(connection),
        "units": units.retry(connection, at),
        "reads": reads.hurry(connection, at),
        "not_parked": [],
    }


def _retry(connection: Connection, names: list[str]) -> dict[str, Any]:
    from aftercare_sdk.store import journal, units

    done: dict[str, Any] = {"rows": 0, "units": 0, "reads": 0, "not_parked": []}
    for name in dict.fromkeys(names):
        if name.isascii() and name.isdecimal():
            found = journal.retry(connection, [min(int(name), _LARGEST)])
            done["rows"] += found
        else:
            found = units.retry(connection, now(), event=name)
            done["units"] += found
        if not found:
            done["not_parked"].append(name)
    return done


def _write_down(connection: Connection, done: dict[str, Any], names: list[str]) -> None:
    """Keep what a person has done, like everything that comes from outside."""
    from aftercare_sdk.store import journal
    from aftercare_sdk.store.journal import Arrival, Kind, State

    if done["rows"] + done["units"] + done["reads"]:
        journal.append(
            connection,
            [
                Arrival(
                    kind=Kind.COMMAND,
                    shop="",
                    topic="journal.retry",
                    received_at=now(),
                    body=" ".join(names or ["--all"]).encode(),
                    state=State.DONE,
                    outcome=_words(done),
                )
            ],
        )


def _words(done: dict[str, Any]) -> str:
    rows, units = output.number(done["rows"], "row"), output.number(done["units"], "unit")
    return f"{rows} and {units} put back, {output.number(done['reads'], 'read')} made due"


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "kind": entry.kind.value,
        "shop": entry.shop,
        "topic": entry.topic,
        "delivery": entry.delivery,
        "received_at": output.instant(entry.received_at),
        "state": entry.state.value,
        "outcome": entry.outcome,
        "processed_at": output.instant(entry.processed_at),
        "copies": entry.copies,
    }


def _read(read: Read) -> dict[str, Any]:
    return {
        "shop": read.shop,
        "kind": read.kind,
        "id": read.id,
        "reason": read.reason,
        "requested_at": output.instant(read.requested_at),
        "due_at": output.instant(read.due_at),
        "attempts": read.attempts,
        "error": read.error,
    }


def _unit(unit: Trouble) -> dict[str, Any]:
    return {
        "event": unit.event,
        "plugin": unit.plugin,
        "state": unit.state,
        "attempts": unit.attempts,
        "due_at": output.instant(unit.due_at),
        "error": unit.error,
    }


def _size(entry: Entry) -> int:
    return len(entry.body or b"")


def _text(entry: Entry) -> str | None:
    from aftercare_sdk.engine import imported
    from aftercare_sdk.store.journal import Kind

    if entry.body is None:
        return None
    return imported.text(entry.body) if entry.kind is Kind.IMPORT else entry.body.decode(errors="replace")


def _show(rows: list[Entry], wanted: list[Read], troubles: list[Trouble], zone: tzinfo) -> None:
    if not (rows or wanted or troubles):
        output.write("Nothing.")
        return
    if rows:
        told = [
            (
                str(one.seq),
                output.local(one.received_at, zone),
                one.kind.value,
                f"{one.shop} {one.topic}".strip(),
                one.state.value,
                f"{one.outcome} (and {one.copies} copies)" if one.copies else one.outcome,
            )
            for one in rows
        ]
        output.show(
            output.table(("row", "received", "kind", "about", "state", "outcome"), told, title="Rows"), ""
        )
    if wanted:
        asked = [
            (
                f"{one.shop}/{one.kind}/{one.id}",
                output.local(one.due_at, zone),
                str(one.attempts),
                one.reason,
                one.error,
            )
            for one in wanted
        ]
        headings = ("object", "due", "tries", "why", "last error")
        output.show(output.table(headings, asked, title="Reads that wait"), "")
    if troubles:
        failed = [
            (
                one.event,
                one.plugin,
                one.state,
                "" if one.state == "parked" else output.local(one.due_at, zone),
                str(one.attempts),
                one.error,
            )
            for one in troubles
        ]
        headings_ = ("event", "plugin", "state", "due", "tries", "error")
        output.show(output.table(headings_, failed, title="Units that failed"), "")
