"""`aftercare privacy export`: all that is held of a person, as JSON and as a page to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.erasing import asked_for, identities_of
from aftercare_sdk.cli.opening import open_brand, read_settings
from aftercare_sdk.cli.timeline import Language
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine.exporting import Export

_ONLY_ME = 0o600


def export(
    context: typer.Context,
    customer: Annotated[
        str,
        typer.Argument(help="An e-mail address, SHOP/ACCOUNT-ID or SHOP/order/ID.", show_default=False),
    ] = "",
    *,
    out: Annotated[Path, typer.Option(help="The folder to write to; it is made if it is not there.")],
    request: Annotated[
        str, typer.Option(help="A platform's request, as `privacy requests` shows it.", show_default=False)
    ] = "",
    actor: Annotated[str, typer.Option(help="Who does it.")] = "operator",
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
) -> None:
    """Write all that is held of a person to DIR/export.json and DIR/export.html, to be handed to the person.

    With --request, what a platform has asked for is noted as done; handing it over is yours to do.
    """
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.engine import exporting
    from aftercare_sdk.engine.requested import known
    from aftercare_sdk.model.privacy import PrivacyKind
    from aftercare_sdk.outreach.sentences import language_of

    if bool(customer) == bool(request):
        raise typer.BadParameter("name a customer, or a request with --request: one of both")
    settings = read_settings(context)
    speaker = Speaker(
        lang.value if lang else language_of(settings.brand.locale), ZoneInfo(settings.brand.zone)
    )
    with open_brand(settings) as brand:
        asked = asked_for(brand, request) if request else None
        if asked is not None and asked.kind is not PrivacyKind.EXPORT:
            raise ConfigurationError(
                f"request {asked.key[:12]} asks for {asked.kind.value}, not for an export"
            )
        found = known(brand, asked) if asked else set(identities_of(brand, customer))
        told = exporting.export(brand, found, actor=actor)
        written = _write(out, told, speaker)
        if asked is not None:
            exporting.settle(brand, asked)
    for path in written:
        output.write(str(path))


def _write(folder: Path, told: Export, speaker: Speaker) -> list[Path]:
    """Write both files so that nobody else on the machine can read them."""
    from aftercare_sdk.cli.export_page import page
    from aftercare_sdk.engine.exporting import json_ready

    data = {"at": told.at, "brand": told.brand, **told.sections}
    texts = {
        "export.json": json.dumps(json_ready(data), ensure_ascii=False, indent=2) + "\n",
        "export.html": page(told, speaker) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        path.touch(mode=_ONLY_ME)
        path.chmod(_ONLY_ME)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
