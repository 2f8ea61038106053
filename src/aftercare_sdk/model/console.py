"""Commands that a plugin adds to `aftercare`, and what they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from aftercare_sdk.model.shops import Shop, ShopAdapter


class Console(Protocol):
    """What a plugin's command finds in `typer.Context.obj`."""

    def shop(self, adapter: str, name: str | None = None) -> tuple[Shop, ShopAdapter]:
        """Return the shop of that name, or the only one of this adapter, with its adapter.

        Raises ConfigurationError, with the names to choose from, if there is none or more than one.
        """

    def write(self, line: str) -> None:
        """Write one line of data to stdout, cleaned of what would steer a terminal."""

    def note(self, line: str) -> None:
        """Write something about the run to stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGroup:
    """A group of commands: `aftercare <name> …`.

    `build` returns a `typer.Typer`; it is called when somebody asks for the group. Errors of the SDK
    that a command raises are told as those of every other command, with their exit codes.
    """

    name: str
    build: Callable[[], Any]
