"""What commands open: the configuration, its database, and the brand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.brand import Brand
    from aftercare_sdk.model.shops import Shop, ShopAdapter
    from aftercare_sdk.store.database import Database

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What stands before the command. `config` None: $AFTERCARE_CONFIG, else ./aftercare.toml."""

    config: Path | None = None

    def shop(self, adapter: str, name: str | None = None) -> tuple[Shop, ShopAdapter]:
        """Return a shop with its adapter, for the commands of plugins; see `model.console.Console`."""
        from aftercare_sdk.config import load
        from aftercare_sdk.engine.brand import Brand
        from aftercare_sdk.engine.clock import SystemClock

        brand = Brand(load(self.config), clock=SystemClock())
        brand.close()
        ours = {shop for shop, connected in brand.shops.items() if connected.kind == adapter}
        if name is None and len(ours) == 1:
            (name,) = ours
        if name is None or name not in ours:
            known = ", ".join(sorted(ours)) or "none"
            asked = "name one with --shop" if name is None else f"{name!r} is none of them"
            raise ConfigurationError(f"shops with the adapter {adapter!r}: {known}; {asked}")
        return brand.shops[name].shop, brand.shops[name].adapter

    def write(self, line: str) -> None:
        """Write one line of data."""
        output.write(line)

    def note(self, line: str) -> None:
        """Write something about the run."""
        output.note(line)


def read_settings(context: typer.Context) -> Settings:
    """Read the configuration. Raises SettingsError with everything that is wrong."""
    from aftercare_sdk.config import load

    invocation = context.find_object(Invocation) or Invocation()
    return load(invocation.config)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Open the database, ready for use: an empty one gets its tables, one of another release is refused."""
    from aftercare_sdk.store import schema

    with connect(settings) as database:
        schema.prepare(database)
        yield database


@contextmanager
def connect(settings: Settings) -> Iterator[Database]:
    """Open the database as it is."""
    from aftercare_sdk.store.database import Database

    database = Database(settings.database.resolve(os.environ))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def open_brand(settings: Settings) -> Iterator[Brand]:
    """Put the brand together to look at it, without making this configuration the active one."""
    from aftercare_sdk.engine.brand import Brand
    from aftercare_sdk.engine.clock import SystemClock
    from aftercare_sdk.store import schema

    brand = Brand(settings, clock=SystemClock())
    try:
        schema.prepare(brand.database)
        brand.reload()
        yield brand
    finally:
        brand.close()


def now() -> datetime:
    """Return the time of the machine."""
    from aftercare_sdk.engine.clock import SystemClock

    return SystemClock().now()


def read_moment(text: str, settings: Settings, option: str) -> datetime:
    """Read a time that somebody typed; one without a zone is a time of the brand's zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; write it as 2026-11-22T09:00 or 2026-11-22T09:00+09:00", param_hint=option
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.brand.zone))
