"""`aftercare points`: what a customer has and how it came to that, and whether the books are right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_brand, open_database, read_moment, read_settings
from aftercare_sdk.cli.timeline import Language

if TYPE_CHECKING:
    from datetime import datetime

    from rich.table import Table

    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.accounts import Account, Holding
    from aftercare_sdk.engine.books import Verified
    from aftercare_sdk.store.books import Written

_SHOWN = 8
"""So much of a digest tells two rules apart for a person."""
_ANYBODY = "CUSTOMER"


class _Customers(TyperGroup):
    """A group in which everything that is no command is a customer: no customer's name is a bare word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let customers, and options before them, go to the command that shows a customer."""
        own = {*self.commands, *ctx.help_option_names} - {_ANYBODY}
        if args and args[0] not in own:
            args = [_ANYBODY, *args]
        return super().parse_args(ctx, args)


class _Shown(TyperCommand):
    """The command that a customer's name calls; the name is part of how it is called."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands behind the customer."""
        return [self.options_metavar or ""]


commands = typer.Typer(
    cls=_Customers, help="See what customers have in points, and check the books.", no_args_is_help=True
)


@commands.command(_ANYBODY, cls=_Shown)
def show(
    context: typer.Context,
    customer: Annotated[
        str,
        typer.Argument(
            metavar="CUSTOMER",
            help="An e-mail address, a telephone number, SHOP/ACCOUNT-ID, SHOP/order/ID or SHOP/review/ID.",
        ),
    ],
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            help="As the books stood just before this time. Without it: now.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, metavar="N", help="At most so many entries, the last ones.")
    ] = 50,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a customer has: balance, pending, debt, lots with expiry, and the entries behind them.

    An e-mail address also shows other customers whose orders are written to it.
    """
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.accounts import accounts

    settings = read_settings(context)
    before = read_moment(as_of, settings, "--as-of") if as_of else None
    language = lang.value if lang else "ja" if settings.brand.locale.startswith("ja") else "en"
    speaker = Speaker(language, ZoneInfo(settings.brand.zone))
    with open_database(settings) as database, database.read() as connection:
        found = accounts(connection, customer, limit=limit, before=before)
    if not found:
        output.note(
            f"Nobody is known as {customer!r}. Write an e-mail address, a telephone number, "
            "SHOP/ACCOUNT-ID (such as main/26), SHOP/order/ID (such as main/order/1042) or SHOP/review/ID."
        )
        raise typer.Exit(output.FAILED)
    if as_json:
        output.write_json(to_json(customer, found, before, speaker))
        return
    for account in found:
        _show(customer, account, before, speaker)
    if len(found) > 1:
        output.write(_say(speaker, "timeline.not_joined", people=str(len(found))))


@commands.command("adjust")
def adjust(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="SHOP/ACCOUNT", help="The account, as shop/id.")],
    *,
    add: Annotated[int, typer.Option(min=0, metavar="N", help="So many points are added.")] = 0,
    take: Annotated[int, typer.Option(min=0, metavar="N", help="So many points are taken.")] = 0,
    reason: Annotated[str, typer.Option(help="Why, in words; no personal data. It stays in the books.")],
) -> None:
    """Correct what an account has, by an entry of its own; what was added does not expire."""
    from aftercare_sdk.engine.redeeming import correct

    if bool(add) == bool(take):
        raise typer.BadParameter("give one of both, with a number above zero", param_hint="--add, --take")
    with open_brand(read_settings(context)) as brand:
        left = correct(brand, account, add or -take, reason=reason)
    output.write(f"Done; {left:,} points are available now.")


@commands.command("verify")
def verify(context: typer.Context, *, as_json: Json = False) -> None:
    """Check every rule of the books over the whole database, and say how much was checked.

    Changes nothing and may run at any time. Ends with 1 if something is wrong; each thing is told with its
    lot and what mends it.
    """
    from aftercare_sdk.engine.books import verify as check
    from aftercare_sdk.store.books import size

    settings = read_settings(context)
    with (
        open_database(settings) as database,
        database.read() as connection,
        output.progress("Checking", size(connection)[0]) as done,
    ):
        told = check(connection, done)
    if as_json:
        output.write_json(_verified(told))
    else:
        _show_verified(told)
    if told.violations:
        raise typer.Exit(output.FAILED)


def to_json(
    asked: str, found: tuple[Account, ...], before: datetime | None, speaker: Speaker
) -> dict[str, Any]:
    """Return accounts for programs: codes and numbers, and the same in words."""
    return {
        "asked": asked,
        "language": speaker.lang,
        "zone": str(speaker.zone),
        "as_of": output.instant(before),
        "customers": [_account(account, speaker) for account in found],
    }


def _account(account: Account, speaker: Speaker) -> dict[str, Any]:
    balance = account.balance
    return {
        "customer": account.customer,
        "found": account.found,
        "balance": balance.points,
        "available": balance.available,
        "pending": balance.pending,
        "debt": balance.debt,
        "lots": [
            {
                "lot": one.award.key,
                "label": one.award.label,
                "plugin": one.award.plugin,
                "of": _reference(account, one.award.key),
                "text": _of(account, one.award.key, speaker),
                "left": one.left,
                "state": _state(one),
                "awarded_at": output.instant(one.award.awarded_at),
                "available_at": output.instant(one.award.available_at) if one.available else None,
                "expires_at": output.instant(one.expires_at),
            }
            for one in account.lots
        ],
        "entries": [_entry(account, one, speaker) for one in account.entries],
        "count": account.count,
    }


def _entry(account: Account, one: Written, speaker: Speaker) -> dict[str, Any]:
    return {
        "entry": one.seq,
        "at": output.instant(one.at),
        "kind": one.kind,
        "cause": one.cause,
        "text": _headline(one, speaker),
        "points": one.points,
        "debt": one.debt,
        "lot": one.lot,
        "of": _reference(account, one.lot),
        "debtor": one.other,
        "event": one.event or None,
        "plugin": one.plugin or None,
        "rule": one.rule or None,
        "actor": one.actor or None,
        "posting": one.posting or None,
        "reverses": one.reverses,
        "note": one.note or None,
    }


def _show(asked: str, account: Account, before: datetime | None, speaker: Speaker) -> None:
    balance = account.balance
    output.show(
        output.facts(
            [
                (speaker.word("heading.customer"), asked.strip()),
                ("", speaker.word(f"timeline.found.{account.found}")),
                *([("", _say(speaker, "points.as_of", at=before.isoformat()))] if before else []),
                ("", _say(speaker, "timeline.zone", zone=str(speaker.zone))),
                (speaker.word("points.balance"), f"{balance.points:,}"),
                (speaker.word("points.pending"), f"{balance.pending:,}"),
                (speaker.word("points.debt"), f"{balance.debt:,}"),
            ]
        ),
        "",
    )
    held = [one for one in account.lots if one.left]
    if held:
        output.show(_lots(account, held, speaker), "")
    if len(held) < len(account.lots):
        output.write(f"{_say(speaker, 'points.empty', lots=f'{len(account.lots) - len(held):,}')}\n")
    if account.entries:
        output.show(_entries(account, speaker), "")
    else:
        output.write(f"{speaker.word('points.none')}\n")
    if account.count > len(account.entries):
        shown, count = f"{len(account.entries):,}", f"{account.count:,}"
        output.write(f"{_say(speaker, 'points.more', shown=shown, count=count)}\n")


def _lots(account: Account, held: list[Holding], speaker: Speaker) -> Table:
    left = [f"{one.left:,}" for one in held]
    width = max(map(len, left))
    rows = [
        (
            number.rjust(width),
            speaker.phrase("points.state", _state(one)),
            _of(account, one.award.key, speaker),
            speaker.phrase("award", one.award.label),
            _expiry(one, speaker),
        )
        for one, number in zip(held, left, strict=True)
    ]
    headings = ("points.left", "word.state", "points.of", "points.label", "points.expires")
    return output.table([speaker.word(each) for each in headings], rows, title=speaker.word("heading.lots"))


def _expiry(one: Holding, speaker: Speaker) -> str:
    if one.expires_at is not None:
        return output.local(one.expires_at, speaker.zone)
    return speaker.word("points.never") if one.available else "—"


def _entries(account: Account, speaker: Speaker) -> Table:
    points = [_signed(one.points) for one in account.entries]
    debts = [_signed(one.debt) for one in account.entries]
    wide, wider = (max(map(len, several)) for several in (points, debts))
    rows: list[tuple[str | Text, ...]] = []
    for one, moved, owed in zip(account.entries, points, debts, strict=True):
        of = _of(account, one.lot, speaker)
        what = _headline(one, speaker)
        rows.append(
            (
                str(one.seq),
                output.local(one.at, speaker.zone),
                moved.rjust(wide),
                owed.rjust(wider),
                f"{what}  {of}" if of else what,
            )
        )
        if behind := " · ".join(_behind(account, one, speaker)):
            rows.append(("", "", "", "", Text(output.clean(behind), style="dim")))
    headings = ("points.entry", "word.when", "points.change", "points.owed", "word.what")
    return output.table(
        [speaker.word(each) for each in headings], rows, title=speaker.word("heading.entries")
    )


def _behind(account: Account, one: Written, speaker: Speaker) -> Iterator[str]:
    """Yield what led to an entry."""
    if one.other:
        yield _say(speaker, "points.for_debt", of=_of(account, one.other, speaker) or one.other)
    if one.event:
        yield one.event
    if one.plugin:
        yield one.plugin
    if one.rule:
        yield _say(speaker, "points.by_rule", rule=one.rule[:_SHOWN])
    if one.actor:
        yield _say(speaker, "points.by_actor", actor=one.actor)
    if one.reverses is not None:
        yield _say(speaker, "points.undoes", number=str(one.reverses))
    if one.note:
        yield one.note


def _headline(one: Written, speaker: Speaker) -> str:
    return f"{speaker.phrase('entry', one.kind)}: {speaker.phrase('cause', one.cause)}"


def _of(account: Account, lot: str, speaker: Speaker) -> str:
    """Return in words what the points of a lot are of."""
    if lot not in account.of:
        return ""
    about = account.of[lot]
    return f"{speaker.phrase('word', about[1])} {account.numbers.get(about, about[2])}"


def _reference(account: Account, lot: str) -> str | None:
    return "/".join(account.of[lot]) if lot in account.of else None


def _state(one: Holding) -> str:
    return "available" if one.available else "pending"


def _signed(number: int) -> str:
    return f"{number:+,}" if number else ""


def _say(speaker: Speaker, code: str, **values: str) -> str:
    from aftercare_sdk.engine.timeline import Told

    return speaker.say(Told(code=code, values=values))


def _verified(told: Verified) -> dict[str, Any]:
    return {
        "lots": told.lots,
        "entries": told.entries,
        "identities": told.identities,
        "violations": [
            {
                "check": one.check,
                "lot": one.lot,
                "identity": one.identity,
                "problem": one.problem,
                "cure": one.cure,
            }
            for one in told.violations
        ],
    }


def _show_verified(told: Verified) -> None:
    from aftercare_sdk.engine.books import MOST_TOLD

    counts = f"Checked {told.lots:,} lots, {told.entries:,} entries and {told.identities:,} identities"
    if not told.violations:
        output.write(f"{counts}: all is right.")
        return
    rows: list[tuple[str | Text, str, str]] = []
    for one in told.violations:
        about = f"lot {one.lot}" if one.lot else f"identity {one.identity}" if one.identity else "the books"
        rows += [(Text(one.check, style="bold red"), about, one.problem), ("", "", f"→ {one.cure}")]
    output.show(output.table(("check", "about", ""), rows), "")
    number = output.number(len(told.violations), "violation")
    more = " and more" if len(told.violations) >= MOST_TOLD else ""
    output.write(f"{counts}: {number}{more}.")
    output.note(
        "Nothing but the SDK is to write these tables. If nobody else did, please report what is told above."
    )
