"""`aftercare plugins`: what is installed, what it does, and what was switched off."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Invocation, Json, connect, now, open_database, read_settings
from aftercare_sdk.errors import AftercareError, ConfigurationError, SettingsError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.plugins import PluginRow

OFF = "off"
"""The state of a plugin that was switched off because of what it did."""

commands = typer.Typer(help="List the plugins, or switch one on again.", invoke_without_command=True)


@commands.callback()
def listing(context: typer.Context, *, as_json: Json = False) -> None:
    """List the plugins with their distribution, version, hooks, state and error.

    Works with whatever can be read of the configuration. States: active, disabled (by the configuration),
    off (because of what it did), refused (it breaks a rule), failed (it cannot be loaded).
    """
    if context.invoked_subcommand is not None:
        return
    disabled, order, settings = _choice(context)
    off = _off(settings)
    rows = [_switched_off(row, off) for row in _rows(disabled, order)]
    if as_json:
        output.write_json(rows)
        return
    told = [
        (
            row["name"],
            f"{row['distribution']} {row['version']}".strip(),
            row["state"],
            ", ".join(row["hooks"]),
        )
        for row in rows
    ]
    output.show(output.table(("plugin", "distribution", "state", "hooks"), told))
    for row in rows:
        if row["error"]:
            output.write(f"\n{row['error']}" if row["state"] != OFF else f"\n{row['name']}: {row['error']}")


@commands.command("on")
def switch_on(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The plugin, by the name that the list shows.")],
) -> None:
    """Switch a plugin on again.

    For one that was switched off because of what it did.
    """
    from aftercare_sdk.store import control, journal
    from aftercare_sdk.store.journal import Arrival, Kind, State

    with open_database(read_settings(context)) as database, database.write() as connection:
        reason = control.plugins_off(connection).get(name)
        if reason is None:
            known = control.plugin_starts(connection)
            if name not in known:
                told = ", ".join(sorted(known)) or "none has taken part yet"
                raise ConfigurationError(f"no plugin {name!r} has taken part here: {told}")
            output.write(f"{name} is on.")
            return
        control.switch_plugin(connection, name, "")
        outcome = f"plugin {name} switched on; it was off: {reason}"
        journal.append(
            connection,
            [
                Arrival(
                    kind=Kind.COMMAND,
                    shop="",
                    topic="plugins.on",
                    received_at=now(),
                    body=name.encode(),
                    state=State.DONE,
                    outcome=outcome,
                )
            ],
        )
    output.write(f"{name} is on again. It was off: {reason}")
    output.note("What it was parked with comes back with `aftercare journal retry --all`.")


def _choice(context: typer.Context) -> tuple[frozenset[str], tuple[str, ...], Settings | None]:
    """Return which plugins are disabled and which come first, from whatever can be read."""
    try:
        settings = read_settings(context)
    except SettingsError as error:
        output.note(f"{error}\nThe plugins are listed all the same.\n")
        invocation = context.find_object(Invocation) or Invocation()
        return *_lenient(invocation.config), None
    return settings.disabled, settings.order, settings


def _lenient(config: Path | None) -> tuple[frozenset[str], tuple[str, ...]]:
    """Read `disabled` and `order` out of a file that has mistakes elsewhere."""
    import os

    from aftercare_sdk.config import FILE_NAME, VARIABLE

    try:
        path = config or Path(os.environ.get(VARIABLE) or FILE_NAME)
        section = tomllib.loads(path.read_text(encoding="utf-8")).get("plugins")
    except (OSError, ValueError, RecursionError):
        return frozenset(), ()
    if not isinstance(section, Mapping):
        return frozenset(), ()
    return frozenset(_names(section.get("disabled"))), tuple(_names(section.get("order")))


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _rows(disabled: frozenset[str], order: tuple[str, ...]) -> list[PluginRow]:
    from aftercare_sdk.engine.brand import builtin_plugins
    from aftercare_sdk.plugins import find_plugins, load_plugins, plugin_rows

    return plugin_rows(load_plugins((*builtin_plugins(), *find_plugins()), disabled=disabled, order=order))


def _off(settings: Settings | None) -> Mapping[str, str]:
    """Return the plugins that were switched off, if there is a database that can tell."""
    from aftercare_sdk.store import control, schema

    if settings is None:
        return {}
    try:
        with connect(settings) as database:
            if database.path is not None and not database.path.exists():
                return {}
            if schema.current(database) != schema.head():
                return {}
            with database.read() as connection:
                return control.plugins_off(connection)
    except AftercareError as error:
        output.note(f"Whether a plugin was switched off is not known: {error}\n")
        return {}


def _switched_off(row: PluginRow, off: Mapping[str, str]) -> PluginRow:
    reason = off.get(row["name"])
    if reason is None or row["state"] != "active":
        return row
    return {**row, "state": OFF, "error": reason}
