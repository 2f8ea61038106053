"""The commands in one tree, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from aftercare_sdk import __version__
from aftercare_sdk.cli import (
    alerts,
    approvals,
    consent,
    counters,
    customers,
    db,
    doctor,
    importing,
    init,
    journal,
    loyalty,
    messages,
    outcomes,
    output,
    plugins,
    points,
    privacy,
    receive,
    rewards,
    sending,
    serve,
    shops,
    suppressions,
    sync,
    timeline,
    upcoming,
    why,
    work,
)
from aftercare_sdk.cli.demo.command import demo
from aftercare_sdk.cli.opening import Invocation
from aftercare_sdk.cli.trigger.command import trigger
from aftercare_sdk.errors import AftercareError, PluginError

if TYPE_CHECKING:
    from aftercare_sdk.model.console import CommandGroup


class Commands(TyperGroup):
    """Turns an error of the SDK into words and an exit code, for every command alike."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, the SDK's own first."""
        # Help must not fail because of plugins: `aftercare plugins` and the command itself tell the reason.
        offered: list[str] = []
        with suppress(AftercareError):
            offered = sorted(_groups())
        return [*super().list_commands(ctx), *(name for name in offered if _can_be_built(name))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; plugins are looked at only for a name that the SDK does not have."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        group = _groups().get(cmd_name)
        return None if group is None else _built(group)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except AftercareError as error:
            raise typer.Exit(output.explain(error)) from None


@cache
def _groups() -> Mapping[str, CommandGroup]:
    """Return the groups of commands that installed plugins offer."""
    from aftercare_sdk.plugins import find_plugins, load_plugins

    return load_plugins(find_plugins()).parts.commands


def _can_be_built(name: str) -> bool:
    try:
        _built(_groups()[name])
    except PluginError:
        return False
    return True


def _built(group: CommandGroup) -> Any:
    """Make a plugin's group of commands. Raises PluginError for whatever goes wrong in the plugin."""
    from aftercare_sdk.plugins import fault, package_of

    try:
        made = group.build()
        return typer.main.get_command(made)
    except Exception as error:  # noqa: BLE001 - somebody else's code
        told = fault(error, package_of(group.build))
        raise PluginError(f"the commands `aftercare {group.name} …` cannot be made: {told}") from None


app = typer.Typer(
    cls=Commands,
    help="What an online shop does after the sale: take in what shops tell, send what is due, say why.",
    no_args_is_help=True,
    add_completion=False,
    # Both would print tables of local variables, which may hold personal data, or boxes into pipes.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("receive")(receive.receive)
app.command("import")(importing.import_)
app.command("work")(work.work)
app.command("serve")(serve.serve)
app.command("sync")(sync.sync)
app.command("timeline")(timeline.timeline)
app.command("upcoming")(upcoming.upcoming)
app.command("why")(why.why)
app.command("counters")(counters.counters)
app.command("trigger")(trigger)
app.command("demo")(demo)
app.add_typer(journal.commands, name="journal")
app.add_typer(messages.commands, name="messages")
app.add_typer(outcomes.commands, name="outcomes")
app.add_typer(suppressions.commands, name="suppressions")
app.add_typer(points.commands, name="points")
app.add_typer(loyalty.commands, name="loyalty")
app.add_typer(plugins.commands, name="plugins")
app.add_typer(shops.commands, name="shops")
app.add_typer(rewards.commands, name="rewards")
app.add_typer(consent.commands, name="consent")
app.add_typer(approvals.commands, name="approvals")
app.add_typer(sending.commands, name="sending")
app.add_typer(customers.commands, name="customers")
app.add_typer(privacy.commands, name="privacy")
app.add_typer(alerts.commands, name="alerts")
app.add_typer(db.commands, name="db")


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if asked:
        output.write(f"aftercare-sdk {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The configuration. Without it: $AFTERCARE_CONFIG, else aftercare.toml in this folder.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback does it all
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    context.obj = Invocation(config)
