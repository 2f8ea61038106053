"""`aftercare upcoming`: what is planned for a customer, when it will really leave, and what would hold it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_brand, read_settings
from aftercare_sdk.cli.timeline import Language, nobody, speaker_for

if TYPE_CHECKING:
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.upcoming import Upcoming


def upcoming(
    context: typer.Context,
    customer: Annotated[
        str,
        typer.Argument(
            metavar="CUSTOMER",
            help="An e-mail address, a telephone number, SHOP/ACCOUNT-ID, SHOP/order/ID or SHOP/review/ID.",
        ),
    ],
    *,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="How far to look ahead.")] = 14,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what is planned for a customer.

    Each message with the moment at which it will really leave, as things stand now, and what is against it
    until then: quiet hours, the contact budget, a consent that is missing.
    """
    from aftercare_sdk.engine.finding import find_customers
    from aftercare_sdk.engine.upcoming import upcoming as foresee

    settings = read_settings(context)
    speaker = speaker_for(settings, lang)
    period = timedelta(days=days)
    with open_brand(settings) as brand:
        with brand.database.read() as connection:
            found = find_customers(connection, customer.strip())
            planned = foresee(brand, connection, found.keys(), now() + period) if found else []
        if not found:
            nobody(brand, customer)
            raise typer.Exit(output.FAILED)
    if as_json:
        output.write_json([_json(one, speaker) for one in planned])
    else:
        _show(planned, speaker, period)


def _show(planned: list[Upcoming], speaker: Speaker, period: timedelta) -> None:
    from aftercare_sdk.engine.timeline import Told

    if not planned:
        values = {"period": str(int(period.total_seconds()))}
        output.write(speaker.say(Told(code="upcoming.none", values=values)))
        return
    for one in planned:
        output.write(_headline(one, speaker))
        output.write(f"  {_prospect(one, speaker)}")
        for reason in _reasons(one, speaker):
            output.write(f"  {reason}")
    output.write()
    output.write(speaker.word("upcoming.as_things_stand"))


def _headline(one: Upcoming, speaker: Speaker) -> str:
    from aftercare_sdk.engine.timeline import Told

    message = one.message
    due = message.due_at.isoformat() if message.due_at else ""
    values = {"label": message.label, "plugin": message.plugin, "due": due, "order": one.number}
    code = "upcoming.headline.order" if one.number else "upcoming.headline"
    return speaker.say(Told(code=code, values=values))


def _prospect(one: Upcoming, speaker: Speaker) -> str:
    from aftercare_sdk.engine.timeline import Told

    values = {"at": one.at.isoformat() if one.at else "", "host": one.host.label if one.host else ""}
    return speaker.say(Told(code=f"upcoming.{one.prospect.value}", values=values))


def _reasons(one: Upcoming, speaker: Speaker) -> list[str]:
    from aftercare_sdk.engine.timeline import Told

    return [speaker.say(Told(code=check.code, values=check.values)) for check in one.checks]


def _json(one: Upcoming, speaker: Speaker) -> dict[str, Any]:
    message = one.message
    return {
        "id": message.id,
        "plugin": message.plugin,
        "label": message.label,
        "purpose": message.purpose,
        "channel": message.channel,
        "about": f"{message.shop}/{message.object_kind}/{message.object}",
        "due_at": output.instant(message.due_at),
        "prospect": one.prospect.value,
        "at": output.instant(one.at),
        "with": one.host.id if one.host else None,
        "text": _prospect(one, speaker),
        "checks": [
            {"name": check.name, "rule": check.rule, "code": check.code.value, "text": reason}
            for check, reason in zip(one.checks, _reasons(one, speaker), strict=True)
        ],
    }
