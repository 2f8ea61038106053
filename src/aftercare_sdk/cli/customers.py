"""`aftercare customers`: who is one person, and who is not."""

from __future__ import annotations

from typing import Annotated

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import open_brand, read_settings

commands = typer.Typer(help="Tell customers apart.", no_args_is_help=True)

_NAMED = "An account as shop/id, or an address."


@commands.callback()
def _group() -> None:
    """Tell customers apart."""


@commands.command("split")
def split(
    context: typer.Context,
    one: Annotated[str, typer.Argument(help=_NAMED)],
    other: Annotated[str, typer.Argument(help=_NAMED)],
    *,
    reason: Annotated[str, typer.Option(help="Why, in words; no personal data. It is kept for good.")],
) -> None:
    """Say for good that an account and an address, or two others that a shop has tied, are not one person.

    Points stay with the identity that earned them, and what was redeemed with the one that redeemed it.
    """
    from aftercare_sdk.engine.splitting import split

    with open_brand(read_settings(context)) as brand:
        moved = split(brand, one, other, reason=reason)
    if moved:
        output.write("They are two customers now.")
    else:
        output.write("Noted; others still tie them together: see `aftercare timeline`.")
