"""The database: whether it can be used, who else works on it, what it says of the clock and of what waits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from aftercare_sdk.engine.brand import MODE
from aftercare_sdk.engine.breaking import health
from aftercare_sdk.engine.checkup.findings import Finding
from aftercare_sdk.engine.checkup.neighbours import holder, neighbours
from aftercare_sdk.engine.lock import _ADVISORY_KEY, decider_lock
from aftercare_sdk.errors import DeciderBusy, SchemaVersionError
from aftercare_sdk.outreach.breaker import Level
from aftercare_sdk.store import connections, control, privacy, schema
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import State
from aftercare_sdk.store.tables import journal, reads, units

TOLERANCE = timedelta(minutes=1)
"""How far the clocks of two machines that use one database may lie apart."""
MOST_NAMED = 10
"""Requests about personal data; the most urgent are named."""

_DATABASE = "database"
_LIST = "see `aftercare journal list`"


class _Undone(Exception):
    """Ends a transaction whose changes are not wanted."""


def is_ready(database: Database) -> bool:
    """Whether there is a database of this release to look into. Looking makes no file."""
    if database.path is not None and not database.path.exists():
        return False
    return schema.current(database) == schema.head()


def check_database(database: Database) -> Iterator[Finding]:
    """See whether it can be reached, has the schema of this release and can be written."""
    path = database.path
    if path is not None and not path.exists():
        folder = path.absolute().parent
        if os.access(folder, os.W_OK | os.X_OK):
            told = f"{database.where} does not exist yet; the first command that needs it makes it"
            yield Finding(name=_DATABASE, ok=True, told=told)
        else:
            cure = "give the user that runs aftercare the right to write there"
            yield Finding(name=_DATABASE, ok=False, told=f"the folder {folder} cannot be written", cure=cure)
        return
    found = schema.current(database)
    if found is not None and found != schema.head():
        try:
            schema.prepare(database)
        except SchemaVersionError as error:
            told, _, cure = str(error).rpartition(": ")
            yield Finding(name=_DATABASE, ok=False, told=told, cure=cure)
            return
    try:
        _try_to_write(database, empty=found is None)
    except DBAPIError as error:
        told = f"{database.where} cannot be written: {type(error.orig).__name__}"
        cure = "give its user the right to write, and see that it is no read-only copy"
        yield Finding(name=_DATABASE, ok=False, told=told, cure=cure)
        return
    has = "is empty; the first command that needs it makes its tables" if found is None else f"schema {found}"
    yield Finding(name=_DATABASE, ok=True, told=f"{database.where} can be read and written; {has}")


def _try_to_write(database: Database, *, empty: bool) -> None:
    with suppress(_Undone), database.write() as connection:
        if empty:
            connection.execute(text("CREATE TABLE aftercare_doctor (id INTEGER)"))
        else:
            control.put_setting(connection, "doctor", "")
        raise _Undone


def check_deciders(database: Database) -> Iterator[Finding]:
    """Try the decider's lock, which is given back at once, and look who else has a SQLite file open."""
    name = "deciders"
    working = [each for each in neighbours(database.path) if each.command] if database.path else []
    if len(working) > 1:
        told = f"more than one program decides and sends on {database.where}: {', '.join(map(str, working))}"
        yield Finding(name=name, ok=False, told=told, cure="stop all but one of them")
        return
    try:
        with decider_lock(database):
            pass
    except DeciderBusy:
        yield Finding(name=name, ok=True, told=f"one is at work: {_who(database)}")
        return
    if working:
        told = f"{working[0]} has the database open and does not decide now"
        yield Finding(name=name, ok=True, told=told, cure="if that lasts, look at its log")
        return
    yield Finding(name=name, ok=True, told="none is at work; `aftercare serve` or `work` can take over")


def _who(database: Database) -> str:
    if database.path is not None:
        return str(holder(database.path.with_name(f"{database.path.name}.decider")) or "another process")
    with database.read() as connection:
        row = connection.execute(
            text(
                "SELECT pid, host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0 "
                "AND objid = CAST(:key AS oid) AND datname = current_database()"
            ),
            {"key": _ADVISORY_KEY},
        ).first()
    if row is None:
        return "another process"
    return f"session {row[0]} of the database server, from {row[1] or 'the same machine'}"


def check_clock(database: Database, now: datetime) -> Iterator[Finding]:
    """Compare the machine's clock with what was received: time that ran backwards delays what is due."""
    name = "clock"
    with database.read() as connection:
        mode = control.setting(connection, MODE) or "live"
        newest = connection.execute(
            select(journal.c.received_at).order_by(journal.c.seq.desc()).limit(1)
        ).scalar()
    if mode != "live":
        yield Finding(name=name, ok=True, told=f"this database is a {mode}, which has a clock of its own")
    elif newest is not None and now + TOLERANCE < newest:
        told = (
            f"it says {now:%Y-%m-%d %H:%M} UTC, "
            f"but something was received at {newest:%Y-%m-%d %H:%M} UTC already"
        )
        cure = "set the machine's clock (NTP); until then messages that are due wait"
        yield Finding(name=name, ok=False, told=told, cure=cure)
    else:
        told = f"it says {now:%Y-%m-%d %H:%M} UTC, which is not behind what was received"
        yield Finding(name=name, ok=True, told=told)


def check_switched_off(database: Database) -> Iterator[Finding]:
    """Name the plugins that were switched off because of what they did."""
    with database.read() as connection:
        off = control.plugins_off(connection)
    for plugin, reason in sorted(off.items()):
        cure = f"mend or update it, then run `aftercare plugins on {plugin}`"
        yield Finding(name="plugins", ok=False, told=f"{plugin} was switched off: {reason}", cure=cure)


def check_connections(database: Database) -> Iterator[Finding]:
    """Name the shops that have ended their connection: nothing is asked of them or sent for them."""
    with database.read() as connection:
        ended = connections.all_ended(connection)
    for shop, one in sorted(ended.items()):
        told = f"{shop} has been disconnected since {one.at:%Y-%m-%d %H:%M} UTC: {one.reason}"
        cure = f"connect it on its platform, then run `aftercare shops reconnect {shop}`"
        yield Finding(name="shops", ok=False, told=told, cure=cure)


def check_privacy(database: Database, now: datetime) -> Iterator[Finding]:
    """Name what platforms have asked about people's data and nobody has done; late is a mistake."""
    with database.read() as connection:
        waiting = privacy.still_open(connection, MOST_NAMED)
    for one in waiting:
        is_late = one.due_at <= now
        told = (
            f"a request of shop {one.shop} ({one.kind}) {'was' if is_late else 'is'} to be done "
            f"by {one.due_at:%Y-%m-%d %H:%M} UTC"
        )
        yield Finding(name="privacy", ok=not is_late, told=told, cure="see `aftercare privacy requests`")


def check_sending(database: Database, domains: Iterable[str], now: datetime) -> Iterator[Finding]:
    """Name sender domains from which advertising is paused, or soon will be (SEND-04)."""
    for one in health(database, domains, now):
        told = (
            f"of the last {one.tally.mails} mails from {one.domain} {one.tally.complaints} were called spam"
        )
        told += f", {one.tally.bounces} came back for good"
        if one.pause is not None:
            cure = f"see why, then `aftercare sending resume {one.domain} --note …`"
            since = f"{one.pause.at:%Y-%m-%d %H:%M} UTC"
            yield Finding(
                name="sending", ok=False, told=f"advertising is paused since {since}: {told}", cure=cure
            )
        elif one.standing.level is Level.WARNED:
            cure = "see who is written to and with what; advertising pauses at 0.3 % or 5 %"
            yield Finding(name="sending", ok=True, told=told, cure=cure)


def check_waiting(database: Database) -> Iterator[Finding]:
    """Count what a person may want to look at; none of it keeps anything from running."""
    name = "what waits"
    with database.read() as connection:
        failed_reads = _count(connection, reads, reads.c.error != "")
        parked_rows = _count(connection, journal, journal.c.state == State.PARKED)
        parked_units = _count(connection, units, units.c.state == "parked")
    found = [
        (failed_reads, "waiting reads have failed so far", _LIST),
        (parked_rows, "rows of the journal are parked", f"{_LIST}, then `aftercare journal retry`"),
        (parked_units, "events are parked for a plugin", f"{_LIST}, then `aftercare journal retry`"),
    ]
    for number, what, cure in found:
        if number:
            yield Finding(name=name, ok=True, told=f"{what}: {number}", cure=cure)
    if not any(number for number, *_ in found):
        yield Finding(name=name, ok=True, told="nothing waits for a person")


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one())
