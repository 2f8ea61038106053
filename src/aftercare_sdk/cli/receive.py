"""`aftercare receive`: recorded requests through the same door as HTTP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import read_moment, read_settings
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.model.shops import RawRequest

if TYPE_CHECKING:
    from aftercare_sdk.engine.receive import Reply

_BAD_REQUEST = 400
_UNSIGNED = 401
_UNKNOWN_SHOP = 404
_NOT_STORED = 503


class Unreadable(Exception):
    """A file that is no recorded request, and why."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What became of one file; `status` None: it could not be read."""

    file: str
    status: int | None
    outcome: str


def receive(
    context: typer.Context,
    shop: Annotated[
        str,
        typer.Argument(metavar="SHOP", help="The shop that sent the requests: its name in aftercare.toml."),
    ],
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files, or folders whose *.json files are taken.")
    ],
    *,
    at: Annotated[
        str | None,
        typer.Option(
            "--now",
            metavar="TIME",
            help="Receive at this time instead of the machine's; only into a demo or replay database.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each file.")] = False,
) -> None:
    """Take in recorded requests, as over HTTP.

    A file is {"headers": {...}, "body": "exact text"}; other keys are ignored. A folder means its files in
    the order of their names. Ends with 1 if a file could not be read or was not accepted.
    """
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.clock import VirtualClock

    settings = read_settings(context)
    clock = VirtualClock(read_moment(at, settings, "--now")) if at else None
    files = list(_files(paths))
    told: list[_Row] = []
    with Aftercare(settings, clock=clock) as aftercare, output.progress("Receiving", len(files)) as done:
        for file, problem in files:
            row = _receive(aftercare, shop, file, problem)
            told.append(row)
            _tell(row, as_json=as_json)
            done(len(told))
            if row.status == _NOT_STORED:
                break
    if not as_json:
        _sum_up(told)
    _hint(told, shop, settings.shops)
    if told and told[-1].status == _NOT_STORED:
        left = len(files) - len(told) + 1
        raise StorageUnavailable(
            f"the database could not be written: {left} of {len(files)} files were not taken in"
        )
    if any(row.status is None or row.status >= _BAD_REQUEST for row in told):
        raise typer.Exit(output.FAILED)


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the files that `paths` mean, each with what is wrong with it, if that shows already."""
    for path in paths:
        if not path.is_dir():
            yield path, "" if path.exists() else "there is no such file"
            continue
        inside = sorted((file for file in path.glob("*.json") if file.is_file()), key=lambda file: file.name)
        yield from ((file, "") for file in inside)
        if not inside:
            yield path, "there is no *.json file in this folder"


def _receive(aftercare: Any, shop: str, file: Path, problem: str) -> _Row:
    if problem:
        return _Row(str(file), None, f"unreadable: {problem}")
    try:
        request = read_request(file)
    except Unreadable as error:
        return _Row(str(file), None, f"unreadable: {error}")
    reply: Reply = aftercare.receive(shop, request)
    return _Row(str(file), reply.status, reply.body)


def read_request(file: Path) -> RawRequest:
    """Read a recorded request. Raises Unreadable."""
    try:
        recorded = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Unreadable(error.strerror or "it cannot be opened") from None
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise Unreadable("not JSON that can be read: a number too long, or too deep") from None
    if not isinstance(recorded, dict) or not {"headers", "body"} <= recorded.keys():
        raise Unreadable('not {"headers": {...}, "body": "..."}')
    headers, body = recorded["headers"], recorded["body"]
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise Unreadable('"headers" must be a table of texts')
    if not isinstance(body, str):
        raise Unreadable('"body" must be the exact text that was sent, in quotes')
    try:
        return RawRequest(headers=headers, body=body.encode())
    except UnicodeEncodeError:
        raise Unreadable('"body" holds half a character; it is not what was sent') from None


def _tell(row: _Row, *, as_json: bool) -> None:
    if as_json:
        line = {"file": row.file, "status": row.status, "outcome": row.outcome}
        output.write_json(line, pretty=False)
    else:
        output.write(f"{row.status or '---'}  {row.outcome:<13}  {row.file}")


def _sum_up(told: list[_Row]) -> None:
    counts = Counter("unreadable" if row.status is None else row.outcome for row in told)
    files = output.number(len(told), "file")
    words = ", ".join(f"{number} {outcome}" for outcome, number in counts.most_common())
    output.note(f"{files}: {words}" if words else files)


def _hint(told: list[_Row], shop: str, known: Iterable[str]) -> None:
    statuses = {row.status for row in told}
    if _UNKNOWN_SHOP in statuses:
        output.note(f"The configuration has no shop {shop!r}; it has {', '.join(sorted(known))}.")
    if _UNSIGNED in statuses:
        output.note(
            f"A signature fits none of the secrets of shop {shop!r}: compare them with those in the shop, "
            "and look whether the file holds the body exactly as it was sent."
        )
