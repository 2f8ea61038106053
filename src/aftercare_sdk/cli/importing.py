"""`aftercare import`: orders of earlier years out of a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import now, read_moment, read_settings
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings, ShopSettings
    from aftercare_sdk.engine.importing import Imported, Summary
    from aftercare_sdk.model.money import Money
    from aftercare_sdk.shops.files import OrderFile, Reject

_HEAD = ("line", "reason")
_MODE = 0o600
"""For the owner's eyes only: with --keep-values the file holds personal data."""


def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or JSON Lines, also packed by gzip (.gz).")
    ],
    *,
    shop: Annotated[str, typer.Option("--shop", help="The shop whose orders these are, by its name.")],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="NAME=COLUMN",
            help="Which column of the file is order_id, placed_at, customer, product, quantity, line_paid, "
            "currency or status. Once for each.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the whole file, say what would come in, write nothing.")
    ] = False,
    words: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="WORD=MEANING",
            help="What a word for a status means: open, paid, completed, refunded, 'partly refunded' or "
            "cancelled.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="canonical, shopify, woocommerce, woocommerce-analytics or online-retail. Without it the "
            "names of the columns tell.",
            show_default=False,
        ),
    ] = "",
    currency: Annotated[
        str,
        typer.Option(help="The currency of lines that name none. Without it the shop's.", show_default=False),
    ] = "",
    zone: Annotated[
        str,
        typer.Option(help="The time zone of times without one. Without it the shop's.", show_default=False),
    ] = "",
    encoding: Annotated[
        str,
        typer.Option(help="Such as utf-8, cp932 or latin-1. Without it UTF-8.", show_default=False),
    ] = "",
    delimiter: Annotated[
        str,
        typer.Option(help="What separates columns; \\t is a tab. Without it , ; or tab.", show_default=False),
    ] = "",
    decimal: Annotated[str, typer.Option(help="The decimal sign of amounts: . or ,")] = ".",
    thousands: Annotated[
        str, typer.Option(help="The sign between thousands, such as , or a space.", show_default=False)
    ] = "",
    date_format: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="How times are written, such as '%d/%m/%Y %H:%M'. Without it as 2026-11-22 09:00.",
            show_default=False,
        ),
    ] = "",
    exported_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the file was written: of two files, the later one counts. Without it the time that "
            "the file itself bears.",
            show_default=False,
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Where lines go that are not taken. Without it beside FILE, with .rejects.csv at its end.",
            show_default=False,
        ),
    ] = None,
    keep_values: Annotated[
        bool,
        typer.Option("--keep-values", help="Write these lines there too. They hold personal data."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also a file that is in already; that changes nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Take in orders of earlier years out of a file.

    Exports of Shopify and WooCommerce are recognised by their columns; those of other files are named with
    --map. A run that was broken off goes on where it was. Orders of the past send nothing. Ends with 1 if a
    line was not taken.
    """
    from aftercare_sdk.shops.files import Options, OrderFile

    settings = read_settings(context)
    known = _shop(settings, shop)
    latest = now()
    written = read_moment(exported_at, settings, "--exported-at") if exported_at else _written(file, latest)
    options = Options(
        shop=shop,
        zone=_zone(zone) or known.zone,
        latest=latest,
        exported_at=written,
        currency=currency or known.currency,
        country=known.country,
        format=format_,
        columns=_pairs(columns, "--map", "NAME=COLUMN"),
        statuses=_pairs(words, "--status", "WORD=MEANING"),
        encoding=encoding,
        delimiter=_sign(delimiter),
        decimal=decimal,
        thousands=thousands,
        date_format=date_format,
    )
    with _interruptible(dry=dry_run):
        orders = OrderFile(file, options)
        if dry_run:
            _look(orders, shop, latest, written, as_json=as_json)
        else:
            target = rejects or file.with_name(f"{file.name}.rejects.csv")
            _take(
                settings, orders, shop, written, _Rejects(target, keep_values), again=again, as_json=as_json
            )


def _shop(settings: Settings, name: str) -> ShopSettings:
    from difflib import get_close_matches

    found = settings.shops.get(name)
    if found is None:
        close = get_close_matches(name, settings.shops, n=1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        raise ConfigurationError(
            f"--shop {name}: there is no such shop{meant}; the configuration has {', '.join(settings.shops)}"
        )
    return found


def _written(file: Path, latest: datetime) -> datetime:
    """Return when a file was written, as it bears itself; a moment in the future is none."""
    try:
        return min(datetime.fromtimestamp(int(file.stat().st_mtime), UTC), latest)
    except (OSError, ValueError, OverflowError):
        return latest  # whoever opens the file says what is wrong


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (OSError, ValueError, KeyError):
        raise ConfigurationError(
            f"--zone {name}: there is no such time zone; such as Asia/Tokyo is"
        ) from None


def _sign(told: str) -> str:
    sign = told.replace("\\t", "\t")
    if len(sign) > 1 or sign in {'"', "\n", "\r"}:
        raise typer.BadParameter("is one sign, such as ; or \\t", param_hint="--delimiter")
    return sign


def _pairs(given: Sequence[str] | None, option: str, form: str) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for each in given or ():
        name, found, value = each.partition("=")
        if not found or not name.strip() or not value.strip():
            raise typer.BadParameter(f"{each!r} is not written as {form}", param_hint=option)
        if name.strip() in pairs:
            raise typer.BadParameter(f"names {name.strip()!r} twice", param_hint=option)
        pairs[name.strip()] = value.strip()
    return pairs


@contextmanager
def _interruptible(*, dry: bool) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        output.note("Stopped." if dry else "Stopped. Run the same command again to go on from here.")
        raise typer.Exit(output.FAILED) from None


class _Rejects:
    """The file of lines that are not taken. It is made anew by every run, and only if there are any."""

    def __init__(self, path: Path, keep_values: bool) -> None:  # noqa: FBT001 - a plain switch
        self.path = path
        self._keep = keep_values
        self._stream: TextIO | None = None
        self._writer: Any = None

    def begin(self) -> Callable[[Reject], None]:
        """Make room: an older file of rejects goes, any other file stays."""
        try:
            if self.path.exists():
                with self.path.open(encoding="utf-8", errors="replace", newline="") as stream:
                    if not stream.readline().startswith(",".join(_HEAD)):
                        raise ConfigurationError(
                            f"{self.path} is no file of rejects, and stays; name another one with --rejects"
                        )
                self.path.unlink()
        except OSError as error:
            raise self._problem(error) from None
        return self._write

    def _write(self, reject: Reject) -> None:
        try:
            if self._writer is None:
                made = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
                self._stream = os.fdopen(made, "w", encoding="utf-8", errors="backslashreplace", newline="")
                self._writer = csv.writer(self._stream)
                self._writer.writerow((*_HEAD, "values") if self._keep else _HEAD)
            self._writer.writerow((reject.line, reject.reason, *(reject.raw if self._keep else ())))
        except OSError as error:
            raise self._problem(error) from None

    def close(self) -> bool:
        """Write what is left; return whether there is such a file."""
        if self._stream is not None:
            self._stream.close()
        return self._stream is not None

    def _problem(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} cannot be written ({error.strerror}); name another file with --rejects"
        )


def _look(orders: OrderFile, shop: str, latest: datetime, written: datetime, *, as_json: bool) -> None:
    from aftercare_sdk.engine.importing import look

    with output.progress("Reading", orders.rows) as done:
        summary, customers = look(orders, latest, written, _seldom(done))
    told = {**_told(orders, shop, summary), "dry_run": True, "customers": customers}
    if as_json:
        output.write_json(told)
    else:
        _show(told, summary, orders.zone)
        output.note("Nothing was written.")
    if summary.rejected:
        raise typer.Exit(output.FAILED)


def _take(
    settings: Settings,
    orders: OrderFile,
    shop: str,
    written: datetime,
    rejects: _Rejects,
    *,
    again: bool,
    as_json: bool,
) -> None:
    from aftercare_sdk.engine.app import Aftercare
    from aftercare_sdk.engine.importing import Importer

    with Aftercare(settings) as aftercare, output.progress("Importing", orders.rows) as done:
        try:
            result = Importer(aftercare, orders, shop, again=again).run(written, _seldom(done), rejects.begin)
        finally:
            is_there = rejects.close()
    told = {
        **_told(orders, shop, result.summary),
        "dry_run": False,
        "already": result.already,
        "resumed": result.resumed,
        "rejects": str(rejects.path) if is_there else None,
    }
    if as_json:
        output.write_json(told)
    else:
        _report(told, result, rejects.path, orders.zone)
    if result.summary.rejected:
        raise typer.Exit(output.FAILED)


def _seldom(done: Callable[[int], None]) -> Callable[[int], None]:
    """Show progress a hundred times in a file of a hundred thousand lines, not at every order."""
    shown = 0

    def show(count: int) -> None:
        nonlocal shown
        if count - shown >= 1_000:  # noqa: PLR2004 - lines
            shown = count
            done(count)

    return show


def _told(orders: OrderFile, shop: str, summary: Summary) -> dict[str, Any]:
    return {
        "file": str(orders.path),
        "shop": shop,
        "format": orders.format,
        "encoding": orders.encoding,
        "lines": orders.rows,
        "taken": summary.lines,
        "rejected": summary.rejected,
        "reasons": dict(summary.reasons.most_common()),
        "orders": summary.orders,
        "first": output.instant(summary.first),
        "last": output.instant(summary.last),
        "sums": _amounts(summary.sums),
        "refunded": _amounts(summary.refunded),
    }


def _amounts(sums: Mapping[str, Money]) -> dict[str, str]:
    return {currency: f"{amount.amount:f}" for currency, amount in sorted(sums.items())}


def _report(told: Mapping[str, Any], result: Imported, rejects: Path, zone: str) -> None:
    if result.already:
        output.write("This file is in already; nothing was changed.")
        return
    if result.resumed:
        output.note(f"Went on behind {output.number(result.resumed, 'order')} that were in already.")
    _show(told, result.summary, zone)
    if told["rejects"]:
        output.note(f"The lines that were not taken: {rejects}")


def _span(summary: Summary, zone: str) -> str:
    if summary.first is None or summary.last is None:
        return ""
    first, last = (at.astimezone(ZoneInfo(zone)) for at in (summary.first, summary.last))
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _show(told: Mapping[str, Any], summary: Summary, zone: str) -> None:
    pairs = [
        ("format", f"{told['format']}, {told['encoding']}"),
        ("orders", str(summary.orders)),
        ("customers", str(told.get("customers", ""))),
        ("lines taken", f"{summary.lines} of {told['lines']}"),
        ("lines rejected", str(summary.rejected) if summary.rejected else ""),
        ("placed", _span(summary, zone)),
        *(("paid", f"{amount} {currency}") for currency, amount in told["sums"].items()),
        *(("given back", f"{amount} {currency}") for currency, amount in told["refunded"].items()),
    ]
    output.show(output.facts([(name, value) for name, value in pairs if value]))
    if summary.reasons:
        rows = ((str(count), reason) for reason, count in summary.reasons.most_common())
        output.show("", output.table(("lines", "why they are rejected"), rows))
