"""`aftercare consent`: what customers have said about being written to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_brand, open_database, read_settings
from aftercare_sdk.cli.timeline import Language

if TYPE_CHECKING:
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.model.consent_ledger import ConsentEntry

_ACTOR = "operator"

commands = typer.Typer(help="See and note what customers want to be sent.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """See and note what customers want to be sent."""


@commands.command("show")
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
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a customer has agreed to and refused, here and on the platforms of shops, with the proof."""
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.consenting import said_by_whom

    settings = read_settings(context)
    language = lang.value if lang else "ja" if settings.brand.locale.startswith("ja") else "en"
    speaker = Speaker(language, ZoneInfo(settings.brand.zone))
    with open_database(settings) as database, database.read() as connection:
        found = said_by_whom(connection, customer)
    if not found:
        output.note(
            f"Nobody is known as {customer!r}; see `aftercare timeline --help` for how to name somebody."
        )
        raise typer.Exit(output.FAILED)
    if as_json:
        output.write_json({"asked": customer, "customers": [[_json(one) for one in each] for each in found]})
        return
    for each in found:
        _show(each, speaker)


@commands.command("refuse")
def refuse(
    context: typer.Context,
    *,
    email: Annotated[str, typer.Option(help="The address of whoever has said it.")] = "",
    account: Annotated[str, typer.Option(metavar="SHOP/ID", help="Or the account, as shop/id.")] = "",
    channel: Annotated[str, typer.Option(help="By what; * means everything.")] = "*",
    source: Annotated[str, typer.Option(help="How it was said, such as call or letter; no personal data.")],
) -> None:
    """Note that a customer wants no more offers, invitations to review or surveys. It counts at once.

    A consent cannot be noted here, only asked for: it is proved by the form that the person has agreed to.
    """
    from aftercare_sdk.engine.consents import Consents

    shop, _, number = account.rpartition("/")
    with open_brand(read_settings(context)) as brand:
        news = Consents(brand).refuse(
            shop=shop, account=number, email=email, channel=channel, source=source, actor=_ACTOR
        )
    output.write("Noted." if news else "It was noted before.")


@commands.command("ask")
def ask(
    context: typer.Context,
    *,
    email: Annotated[str, typer.Option(help="The address of whoever wants it.")],
    form: Annotated[str, typer.Option(help="The version of the words, such as newsletter-2026-05.")],
    words: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="A file with the words that are agreed to.")
    ],
    url: Annotated[str, typer.Option(help="The page with the form, if there is one.")] = "",
    lang: Annotated[Language | None, typer.Option(help="The language of the mail.")] = None,
    source: Annotated[str, typer.Option(help="How it was said, such as call or letter; no personal data.")],
) -> None:
    """Ask a customer by mail whether they agree to be sent offers (double opt-in).

    It counts from when they press the button behind the link. One mail a day for a customer and a form.
    """
    from aftercare_sdk.engine.consents import Consents

    with open_brand(read_settings(context)) as brand:
        asked = Consents(brand).ask(
            email=email,
            form=form,
            words=words.read_text(encoding="utf-8").strip(),
            url=url,
            locale=lang.value if lang else "",
            source=source,
            actor=_ACTOR,
        )
    if not asked:
        output.note("No mail: asked within a day, or nothing arrives at this address.")
        raise typer.Exit(output.FAILED)
    output.write("A mail is on its way.")


def _show(said: tuple[ConsentEntry, ...], speaker: Speaker) -> None:
    if not said:
        output.write(speaker.word("consent.nothing"))
        return
    head = [
        speaker.word(f"consent.{name}") for name in ("at", "word", "channel", "purpose", "source", "proof")
    ]
    rows = [_row(one, speaker) for one in said]
    output.show(output.table(head, rows, title=speaker.word("heading.consents")), "")


def _row(one: ConsentEntry, speaker: Speaker) -> tuple[str, ...]:
    purpose = (
        speaker.word("consent.every_purpose")
        if one.purpose is None
        else speaker.phrase("purpose", one.purpose)
    )
    said = speaker.word(f"consent.said.{one.word.value}")
    basis = f" ({speaker.phrase('basis', one.basis.value)})" if one.word.value == "given" else ""
    proof = " ".join(part for part in (one.form, one.form_hash[:8], one.order, one.url) if part)
    channel = speaker.word("consent.every_channel") if one.channel == "*" else one.channel
    return (
        speaker.moment(one.at),
        said + basis,
        channel,
        purpose,
        f"{one.source} ({one.actor})",
        proof,
    )


def _json(one: ConsentEntry) -> dict[str, Any]:
    return {
        "at": output.instant(one.at),
        "word": one.word,
        "basis": one.basis,
        "until": output.instant(one.until),
        "channel": one.channel,
        "purpose": one.purpose,
        "by_person": one.by_person,
        "source": one.source,
        "form": one.form or None,
        "form_sha256": one.form_hash or None,
        "url": one.url or None,
        "order": one.order or None,
        "refusal_offered": one.refusal_offered,
        "categories": list(one.categories),
        "actor": one.actor,
    }
