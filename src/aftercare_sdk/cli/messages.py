"""`aftercare messages`: where messages stand, and what a person found out about unknown outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, now, open_database, read_settings

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from sqlalchemy import Connection

    from aftercare_sdk.model.messages import MessageState
    from aftercare_sdk.outreach.reasons import Reason
    from aftercare_sdk.store.settling import Standing

commands = typer.Typer(
    help="See where messages stand, and settle those whose outcome is unknown.", no_args_is_help=True
)


@commands.command("list")
def listing(
    context: typer.Context,
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="Messages in this state; may be given several times. Without it: unknown.",
            show_default=False,
        ),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(
            metavar="WHO",
            help="Only this person's: e-mail address, telephone number, main/2 or main/order/1042.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many, those tried last first.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """List messages by state.

    Shows no names and no addresses: `aftercare timeline main/order/1042` tells whom a message is to.
    """
    from aftercare_sdk.model.messages import MessageState
    from aftercare_sdk.store import settling

    states = [_state(each) for each in state or [MessageState.UNKNOWN]]
    settings = read_settings(context)
    with open_database(settings) as database, database.read() as connection:
        whose = None if customer is None else settling.customers_named(connection, customer)
        found, count = settling.listing(connection, states=states, customers=whose, limit=limit)
    if as_json:
        output.write_json({"messages": [_told(one) for one in found], "count": count})
        return
    if whose == set():
        output.note("Nobody is known by that name.")
    _show(found, ZoneInfo(settings.brand.zone))
    if count > len(found):
        output.note(f"{len(found)} of {count} are shown; --limit shows more.")


@commands.command()
def resolve(
    context: typer.Context,
    ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="The ids of messages, as `list` shows them.")
    ],
    *,
    delivered: Annotated[
        bool, typer.Option("--delivered", help="The mail service took it, or the customer has it.")
    ] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="It did not leave.")] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="With --not-sent: send it, if every check allows it and it is not too late."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what became of messages whose outcome is unknown.

    Look for the id in the log of the mail service first: it stands in the Message-ID of the mail.
    """
    if delivered == not_sent:
        raise typer.BadParameter("say --delivered or --not-sent", param_hint="--delivered")
    if again and not not_sent:
        raise typer.BadParameter(
            "only what was not sent can be sent again: add --not-sent", param_hint="--again"
        )
    at = now()
    with open_database(read_settings(context)) as database, database.write() as connection:
        resolved, refused = _resolve(connection, ids, delivered=delivered, again=again, at=at)
    if as_json:
        output.write_json({"resolved": resolved, "refused": refused})
    for id_, new in {} if as_json else resolved.items():
        output.write(f"{id_} is {new} now.")
    for id_, problem in refused.items():
        output.note(f"{id_} {problem}")
    if refused:
        raise typer.Exit(output.FAILED)


def _state(text: str) -> MessageState:
    from aftercare_sdk.model.messages import MessageState

    try:
        return MessageState(text)
    except ValueError:
        known = ", ".join(MessageState)
        raise typer.BadParameter(f"{text!r} is no state; there are {known}", param_hint="--state") from None


def _resolve(
    connection: Connection, ids: list[str], *, delivered: bool, again: bool, at: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Settle messages; return for each id its new state, or why it was left as it is."""
    from aftercare_sdk.model.messages import MessageState
    from aftercare_sdk.outreach.reasons import Reason
    from aftercare_sdk.store import settling

    state, code = MessageState.FAILED, Reason.FOUND_NOT_SENT
    if delivered:
        state, code = MessageState.ACCEPTED, Reason.FOUND_DELIVERED
    elif again:
        state, code = MessageState.PLANNED, Reason.SENT_AGAIN
    found = settling.find(connection, ids)
    resolved: dict[str, str] = {}
    refused: dict[str, str] = {}
    for id_ in dict.fromkeys(ids):
        message = found.get(id_)
        if message is None:
            refused[id_] = "is the id of no message; `aftercare messages list` shows those that are unknown."
        elif message.state is not MessageState.UNKNOWN:
            refused[id_] = f"is {message.state.value}, not unknown: there is nothing to settle."
        elif again and message.expires_at is not None and message.expires_at <= at:
            refused[id_] = (
                f"was to leave until {output.instant(message.expires_at)} and cannot be sent any more; "
                "say --not-sent without --again."
            )
        elif again and message.called_off:
            refused[id_] = (
                "was called off while it was on its way and cannot be sent any more; "
                "say --not-sent without --again."
            )
        elif settling.resolve(connection, message, state, code=code, detail={}, now=at):
            _write_down(connection, message, state, code, at)
            _write_members(connection, message, state, code, at)
            resolved[id_] = state.value
        else:
            refused[id_] = "has just been settled by somebody else."
    return resolved, refused


def _write_members(
    connection: Connection, host: Standing, state: MessageState, code: Reason, at: datetime
) -> None:
    """Settle what left in a message with it."""
    from aftercare_sdk.store import decisions, settling
    from aftercare_sdk.store.decisions import Decision

    made = settling.resolve_members(connection, host, state, code=code, now=at)
    told = [
        Decision(
            at=at,
            identity=one.identity,
            plugin=one.plugin,
            event=one.event,
            message=one.key,
            verdict=one.state.value,
            code=one.code,
            detail=one.detail,
        )
        for one in made
    ]
    decisions.append(connection, told)


def _write_down(
    connection: Connection, message: Standing, state: MessageState, code: Reason, at: datetime
) -> None:
    """Keep what a person has said: as a row of the journal, and as a decision that the timeline tells."""
    from aftercare_sdk.store import decisions, journal
    from aftercare_sdk.store.codec import dump
    from aftercare_sdk.store.decisions import Decision
    from aftercare_sdk.store.journal import Arrival, Kind, State

    decision = Decision(
        at=at,
        identity=message.identity,
        plugin=message.plugin,
        event=message.event,
        message=message.key,
        verdict=state.value,
        code=code,
    )
    decisions.append(connection, [decision])
    journal.append(
        connection,
        [
            Arrival(
                kind=Kind.COMMAND,
                shop=message.shop,
                topic="messages.resolve",
                delivery=message.id,
                received_at=at,
                body=dump({"message": message.key, "outcome": code.value}).encode(),
                state=State.DONE,
                outcome=f"message {message.id}: {state.value}",
            )
        ],
    )


def _told(one: Standing) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state.value,
        "code": one.code,
        "detail": dict(one.detail),
        "about": f"{one.shop}/{one.object_kind}/{one.object}",
        "label": one.label,
        "plugin": one.plugin,
        "purpose": one.purpose,
        "channel": one.channel,
        "attempts": one.attempts,
        "planned_at": output.instant(one.planned_at),
        "submitted_at": output.instant(one.submitted_at),
        "next_at": output.instant(one.next_at),
        "expires_at": output.instant(one.expires_at),
    }


def _show(found: list[Standing], zone: tzinfo) -> None:
    from aftercare_sdk.outreach.sentences import say

    if not found:
        output.write("Nothing.")
        return
    rows = [
        (
            one.id,
            one.state.value,
            f"{one.shop}/{one.object_kind}/{one.object}",
            one.label,
            one.purpose,
            one.channel,
            output.local(one.submitted_at, zone) if one.submitted_at else "",
            say(one.code, one.detail, zone=zone) if one.code else "",
        )
        for one in found
    ]
    headings = ("id", "state", "about", "label", "purpose", "channel", "last try", "why")
    output.show(output.table(headings, rows), "")
