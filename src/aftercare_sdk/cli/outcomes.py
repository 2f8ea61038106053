"""`aftercare outcomes`: what mail servers write back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, read_settings
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.reported import Noted

commands = typer.Typer(help="Take in what became of messages.", no_args_is_help=True)

_SEEN, _UNSEEN = ":2,S", ":2,"


@commands.callback()
def _group() -> None:
    """Keep `read` a command of its own, although there is no other one yet."""


@dataclass(slots=True)
class _Tally:
    """How many mails were read, and what came of them."""

    mails: int = 0
    others: int = 0
    too_large: int = 0


@commands.command("read")
def read(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="MAILDIR|-", help="A Maildir to which bounces go; - for one mail on stdin."),
    ],
    *,
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The channel that had sent them; may be left out if there is one only."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read bounces and complaints that came as mails, and note what they say of messages.

    Mails of a Maildir are moved from `new` to `cur`, each when what it says is stored; what is no such report
    stays marked as unread there.
    """
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.reported import Noted
    from aftercare_sdk.outreach.bounces import read_bounce

    settings = read_settings(context)
    name = _channel(settings, channel)
    limit = settings.server.body_limit
    tally, noted = _Tally(), Noted()
    mails = _stdin(limit) if source == "-" else _maildir(Path(source), limit)
    with Aftercare(settings) as aftercare:
        for mail, file in mails:
            tally.mails += 1
            reports = read_bounce(mail) if mail is not None else []
            noted += aftercare.tell_outcomes(name, reports)
            tally.too_large += mail is None
            tally.others += mail is not None and not reports
            if file is not None:
                _move(file, _SEEN if reports else _UNSEEN)
    _tell(tally, noted, as_json=as_json)


def _channel(settings: Settings, named: str | None) -> str:
    known = ", ".join(sorted(settings.channels)) or "none"
    if named is None and len(settings.channels) == 1:
        return next(iter(settings.channels))
    if named is None or named not in settings.channels:
        asked = "name one with --channel" if named is None else f"{named!r} is none of them"
        raise ConfigurationError(f"channels: {known}; {asked}")
    return named


def _stdin(limit: int) -> Iterator[tuple[bytes | None, Path | None]]:
    mail = sys.stdin.buffer.read(limit + 1)
    yield (mail if len(mail) <= limit else None), None


def _maildir(folder: Path, limit: int) -> Iterator[tuple[bytes | None, Path | None]]:
    """Yield the mails in `new`, oldest name first; None: it is too large. Another reader may take some."""
    if not (folder / "new").is_dir():
        raise ConfigurationError(f"{folder} is no Maildir: it has no folder `new`; name the folder above it")
    (folder / "cur").mkdir(exist_ok=True)
    for file in sorted((folder / "new").iterdir(), key=lambda file: file.name):
        try:
            with file.open("rb") as stream:
                mail = stream.read(limit + 1)
        except (FileNotFoundError, IsADirectoryError):
            continue
        yield (mail if len(mail) <= limit else None), file


def _move(file: Path, flags: str) -> None:
    """Move a mail that was read, once what it says is stored: read again, it would be the same."""
    to = file.parent.parent / "cur" / f"{file.name.partition(':')[0]}{flags}"
    try:
        file.replace(to)
    except FileNotFoundError:
        output.note("A mail was moved by somebody else meanwhile.")
    except OSError as error:
        raise ConfigurationError(
            f"{file.parent.parent}: a mail cannot be moved to `cur` ({error.strerror}); correct the rights"
        ) from None


def _tell(tally: _Tally, noted: Noted, *, as_json: bool) -> None:
    if as_json:
        output.write_json(
            {
                "mails": tally.mails,
                "new": noted.news,
                "seen": noted.seen,
                "ignored": noted.ignored,
                "no_report": tally.others,
                "too_large": tally.too_large,
            }
        )
        return
    output.write(
        f"{output.number(tally.mails, 'mail')}: {noted.news} new, {noted.seen} seen before, "
        f"{noted.ignored} about no message that is known, {tally.others} no report"
        + (f", {tally.too_large} too large" if tally.too_large else "")
    )
