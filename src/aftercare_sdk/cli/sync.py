"""`aftercare sync`: list the shops now, and say what webhooks had not told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings
from aftercare_sdk.cli.timeline import Language
from aftercare_sdk.errors import DeciderBusy

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.recovered import Recovered
    from aftercare_sdk.store.streams import Stand

MOST_SHOWN = 20
"""Objects that the report names to people; `--json` names all."""
LATELY = timedelta(days=7)
"""What `--status` tells of."""

_PATIENCE_SECONDS = 30.0
"""So long what a listing leaves to be read, or to be processed by a server, is waited for."""
_A_MOMENT = 0.1
_SOON = timedelta(seconds=15)


def sync(
    context: typer.Context,
    *,
    shop: Annotated[
        str | None,
        typer.Option(metavar="SHOP", help="Only this shop; without it: every shop that can be listed."),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Only tell where each listing stands, and what was found lately.")
    ] = False,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what was modified in the shops, without waiting for the next time, and name what that recovered.

    A server that is running does this by itself. Every listing begins where the last one was cut off. What it
    brings is processed here, unless a server is doing that, and what it leaves open is read.
    """
    from aftercare_sdk.cli.words import Speaker

    settings = read_settings(context)
    if shop is not None and shop not in settings.shops:
        known = ", ".join(sorted(settings.shops))
        raise typer.BadParameter(f"there is no shop {shop!r}; configured: {known}", param_hint="--shop")
    language = lang.value if lang else "ja" if settings.brand.locale.startswith("ja") else "en"
    speaker = Speaker(language, ZoneInfo(settings.brand.zone))
    before = None if status else _stands(settings, shop)
    told = _status(settings, shop) if status else _list(settings, shop)
    if as_json:
        output.write_json(_to_json(told, before, speaker))
    else:
        _show(told, before, speaker, "sync.recovered.lately" if status else "sync.recovered.now")
        for name, sentence in told.connections:
            output.note(f"{name}: {sentence}")
    if not status and any(one.error for one in told.stands.values()):
        raise typer.Exit(output.TRY_AGAIN)


_Stands = dict[tuple[str, str], "Stand"]


@dataclass(frozen=True, slots=True)
class _Report:
    """Where listings stand, and what they have found. `waiting`: some of it is not processed yet.

    `connections`: what adapters have said of their connections meanwhile, with the shop.
    """

    stands: _Stands
    recovered: tuple[Recovered, ...]
    waiting: bool = False
    connections: tuple[tuple[str, str], ...] = ()


def _stands(settings: Settings, shop: str | None) -> _Stands:
    from aftercare_sdk.store import streams

    with open_database(settings) as database, database.read() as connection:
        return {
            (one.shop, one.name): one
            for one in streams.listing(connection)
            if shop is None or one.shop == shop
        }


def _status(settings: Settings, shop: str | None) -> _Report:
    with open_database(settings) as database, database.read() as connection:
        found = _recovered(connection, shop, lately=True)
    return _Report(_stands(settings, shop), found)


def _recovered(
    connection: Connection, shop: str | None, *, after: int = 0, lately: bool = False
) -> tuple[Recovered, ...]:
    from aftercare_sdk.engine.recovered import recovered
    from aftercare_sdk.store import journal

    discoveries = journal.discoveries(connection, after=after, since=now() - LATELY if lately else None)
    return recovered(connection, [one for one in discoveries if shop is None or one.shop == shop])


def _list(settings: Settings, shop: str | None) -> _Report:
    """List until nothing is due any more, with a bar for each stream; then read what that left open."""
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.store import journal, streams

    with Aftercare(settings) as aftercare:
        wanted = aftercare.listings(shop)
        if not wanted:
            where = f"shop {shop!r}" if shop else "any shop"
            output.note(
                f"Nothing can be listed of {where}: its adapter needs an address and keys, or cannot list."
            )
        database = aftercare.brand.database
        with database.write() as connection:
            mark = journal.newest(connection)
            streams.ensure(connection, wanted, now())
            streams.hurry(connection, wanted, now())
        with output.progress("Listing", None) as tell:
            while aftercare.sync(shop):
                _process(aftercare)
                with database.read() as connection:
                    stands = streams.listing(connection)
                tell(
                    sum(one.listed for one in stands if (one.shop, one.name) in wanted and one.began_at),
                    sum(one.total or 0 for one in stands if (one.shop, one.name) in wanted and one.began_at),
                )
        is_all = _finish(aftercare, shop)
        with database.read() as connection:
            return _Report(
                {
                    (one.shop, one.name): one
                    for one in streams.listing(connection)
                    if (one.shop, one.name) in wanted
                },
                _recovered(connection, shop, after=mark),
                waiting=not is_all,
                connections=tuple(journal.tended(connection, mark)),
            )


def _finish(aftercare: Aftercare, shop: str | None) -> bool:
    """Read what is left open, and wait until a server has done its part; False if that takes too long."""
    clock = aftercare.brand.clock
    until = clock.monotonic() + _PATIENCE_SECONDS
    while True:
        done = aftercare.sync(shop) + aftercare.read()
        _process(aftercare)
        if done:
            continue
        if not _is_busy(aftercare, shop):
            return True
        if clock.monotonic() >= until:
            return False
        time.sleep(_A_MOMENT)


def _is_busy(aftercare: Aftercare, shop: str | None) -> bool:
    """Whether something is under way that this run has caused: pages, their processing, and their reads."""
    from aftercare_sdk.store import connections, journal, reads, streams
    from aftercare_sdk.store.journal import Kind

    wanted = aftercare.listings(shop)
    soon = now() + _SOON
    with aftercare.brand.database.read() as connection:
        held = connections.all_ended(connection)
        return (
            journal.is_waiting(connection, (Kind.SYNC, Kind.READ), {name for name, _ in wanted})
            or any(
                one.lease or one.due_at <= now()
                for one in streams.listing(connection)
                if (one.shop, one.name) in wanted and one.shop not in held
            )
            or any(
                one.lease or one.due_at <= soon
                for one in reads.listing(connection)
                if one.shop not in held and (shop is None or one.shop == shop)
            )
        )


def _process(aftercare: Aftercare) -> None:
    with suppress(DeciderBusy):  # a server is running, and does this
        aftercare.process()


def _to_json(told: _Report, before: _Stands | None, speaker: Speaker) -> dict[str, Any]:
    return {
        "language": speaker.lang,
        "listings": [_row(one, before) for one in told.stands.values()],
        "connections": [{"shop": name, "told": sentence} for name, sentence in told.connections],
        "recovered": [
            {
                "shop": one.shop,
                "kind": one.kind,
                "id": one.id,
                "name": one.name,
                "change": one.fate.value,
                "parts": [asdict(part) for part in one.parts],
                "listings": list(one.listings),
                "text": f"{thing(one, speaker)}: {found(one, speaker)}",
            }
            for one in told.recovered
        ],
        "waiting": told.waiting,
    }


def _row(one: Stand, before: _Stands | None) -> dict[str, Any]:
    told = {
        name: output.instant(value) if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
        if name not in {"lease", "position"}
    }
    return told if before is None else {**told, "closed_now": _closed_now(one, before)}


def _closed_now(one: Stand, before: _Stands) -> int:
    old = before.get((one.shop, one.name))
    return one.closed - (old.closed if old else 0)


def _show(told: _Report, before: _Stands | None, speaker: Speaker, title: str) -> None:
    if not told.stands:
        return
    headings = ["sync.shop", "sync.listing", "sync.stands", "sync.closed"]
    rows = [[one.shop, one.name, _standing(one, speaker), str(one.closed)] for one in told.stands.values()]
    if before is not None:
        headings.insert(3, "sync.closed_now")
        for row, one in zip(rows, told.stands.values(), strict=True):
            row.insert(3, str(_closed_now(one, before)))
    output.show(output.table([speaker.word(heading) for heading in headings], rows), "")
    heading = speaker.say(_told(title, period=str(int(LATELY.total_seconds()))))
    if told.recovered:
        output.show(report(told.recovered, speaker, heading))
    else:
        output.show(Text(heading, style="bold"), speaker.word("sync.nothing"))
    if past := _past(told, before):
        output.write(speaker.say(_told("sync.first", number=str(past))))
    if told.waiting:
        output.write(speaker.word("sync.waiting"))


def _past(told: _Report, before: _Stands | None) -> int:
    """Return how many objects first listings have brought."""
    if before is None:
        return 0
    seen = {key for key, one in before.items() if one.finished_at is not None}
    return sum(one.listed for key, one in told.stands.items() if key not in seen)


def report(recovered: Sequence[Recovered], speaker: Speaker, title: str) -> Any:
    """Return the table of what was recovered, the first of it by name, the rest counted."""
    rows = [(one.shop, thing(one, speaker), found(one, speaker)) for one in recovered[:MOST_SHOWN]]
    if len(recovered) > MOST_SHOWN:
        rows.append(("", speaker.say(_told("sync.more", number=str(len(recovered) - MOST_SHOWN))), ""))
    headings = ("sync.shop", "sync.what", "sync.found")
    return output.table([speaker.word(heading) for heading in headings], rows, title=title)


def thing(one: Recovered, speaker: Speaker) -> str:
    """Return what operators call an object."""
    said = speaker.say(_told(f"thing.{one.kind}", name=one.name))
    return f"{one.kind} {one.name}" if said == f"thing.{one.kind}" else said


def found(one: Recovered, speaker: Speaker) -> str:
    """Return what was found of an object, in words."""
    several = "、" if speaker.lang == "ja" else ", "
    parts = several.join(_part(part.what, part.id, speaker) for part in one.parts)
    return speaker.say(_told(f"fate.{one.fate.value}", parts=parts))


def _part(what: str, id_: str, speaker: Speaker) -> str:
    for code in (f"part.{what}.{id_}", f"part.{what}"):
        said = speaker.say(_told(code, id=id_))
        if said != code:
            return said
    return f"{what} {id_}".rstrip()


def _standing(one: Stand, speaker: Speaker) -> str:
    if one.error:
        return speaker.say(_told("sync.failed", until=one.due_at.isoformat(), problem=one.error))
    if one.began_at is not None:
        code = "sync.under_way" if one.total else "sync.under_way_of_unknown"
        return speaker.say(_told(code, listed=str(one.listed), total=str(one.total)))
    if one.finished_at is not None:
        return speaker.say(_told("sync.complete", at=one.finished_at.isoformat()))
    return speaker.word("sync.not_begun")


def _told(code: str, **values: str) -> Any:
    from aftercare_sdk.engine.timeline import Told

    return Told(code=code, values=values)
