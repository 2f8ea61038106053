"""`aftercare serve --dev`: what is different from a server that reaches customers.

Every channel is replaced by the mail trap, in this process and in its children, so that nothing leaves the
machine, whatever the configuration says. And only a database for trying out is used: in one that is live,
messages that the trap caught would count as sent, and no customer would ever get them.
"""

from __future__ import annotations

import ipaddress
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aftercare_sdk.config import FILE_NAME, NO_QUIET_HOURS, VARIABLE, Approvals, ChannelConfig, Settings, load
from aftercare_sdk.engine.brand import MODE, Brand
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.store import control, trial

if TYPE_CHECKING:
    from starlette.routing import Route

    from aftercare_sdk.web.devmail.trap import MailTrap

MOST_MAILS = 200
"""How many caught mails are kept in memory, the newest; older ones are forgotten."""
MOST_BYTES = 50_000_000
"""How many bytes of them."""
LOOK_BACK = timedelta(days=365)
"""Since when plugins hear of facts in a database that `--dev` began, so that `trigger --at` reaches them."""
_AGO = timedelta(hours=1)
"""How far back the purchase lies that is proposed: the shipped thank-you waits so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dev:
    """One run for trying out. `tell` is given lines for the person who started it."""

    trap: MailTrap
    tell: Callable[[str], None]

    @property
    def read(self) -> Callable[[Path | str | None], Settings]:
        """What reads the configuration, here and in the child processes."""
        return partial(load_trapped, host=self.trap.host, port=self.trap.port)

    def check_host(self, host: str) -> None:
        """Raise ConfigurationError unless only this machine can reach the server."""
        if not is_loopback(host):
            raise ConfigurationError(
                f"--dev shows every caught mail to whoever asks, so it listens on this machine only, not on "
                f"{host}; add --host 127.0.0.1, or leave --dev out"
            )

    def begin(self, brand: Brand) -> None:
        """Make sure that the database is one for trying out."""
        begin(brand)

    def routes(self, brand: Brand, url: Callable[[], str]) -> list[Route]:
        """Return the routes of the page; `url` says where the server listens, once it does."""
        from aftercare_sdk.web.devmail.app import routes

        zone = ZoneInfo(brand.settings.brand.zone)
        call = command(brand.settings)
        return routes(self.trap, zone=zone, call=call, commands=lambda: proposals(brand, url()))

    def announce(self, brand: Brand, url: str) -> None:
        """Say where the page is and how an order comes in."""
        self.tell(f"Mails are caught, none leaves this machine. See them at {url}/dev")
        lines = proposals(brand, url)
        if lines:
            self.tell("Have an order come in, in another terminal (bought an hour ago, so its mail is due):")
        for line in lines:
            self.tell(f"  {line}")


def proposals(brand: Brand, url: str) -> tuple[str, ...]:
    """Return commands to try, for each shop whose adapter has samples: an order of an hour ago."""
    settings = brand.settings
    moment = brand.clock.now() - _AGO
    at = f"{moment.astimezone(ZoneInfo(settings.brand.zone)):%Y-%m-%dT%H:%M}"
    own = "" if url == local_url(settings) else f" --url {url}"
    return tuple(
        f"{command(settings)} trigger purchase --shop {shlex.quote(name)} --at {at}{own}"
        for name, shop in brand.shops.items()
        if callable(brand.plugins.parts.adapters[shop.kind].samples.get("purchase"))
    )


def command(settings: Settings) -> str:
    """Return how `aftercare` is called so that it finds this configuration."""
    usual = Path(os.environ.get(VARIABLE) or FILE_NAME).absolute()
    if settings.source is None or settings.source == usual:
        return "aftercare"
    return f"aftercare --config {shlex.quote(str(settings.source))}"


def local_url(settings: Settings) -> str:
    """Return where `aftercare serve` listens by this configuration, as this machine reaches it."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(  # noqa: S104 - nothing listens here
        settings.server.host, settings.server.host
    )
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"


def load_trapped(config: Path | str | None, *, host: str, port: int) -> Settings:
    """Read the configuration with the mail trap at `host` and `port` in the place of every channel.

    Without quiet hours, caps and approvals: developers work at night, and nobody is written to. The shop's
    staff are told nothing.
    """
    settings = load(config)
    trapped = {name: _trapped(channel, host, port) for name, channel in settings.channels.items()}
    return replace(
        settings,
        channels=MappingProxyType(trapped),
        quiet_hours=NO_QUIET_HOURS,
        budget=replace(settings.budget, caps=()),
        approvals=Approvals(marketing=False),
        alerts=replace(settings.alerts, urls=()),
    )


def _trapped(channel: ChannelConfig, host: str, port: int) -> ChannelConfig:
    options = {"host": host, "port": port, "security": "none"}
    return replace(channel, kind="smtp", options=MappingProxyType(options))


def begin(brand: Brand) -> None:
    """Make an untouched database one for trying out.

    Raises ConfigurationError for a live one in which something was received.
    """
    with brand.database.write() as connection:
        if trial.is_untouched(connection):
            control.put_setting(connection, MODE, "demo")
            trial.begin_plugins(connection, brand.clock.now() - LOOK_BACK)
        elif control.setting(connection, MODE) == "live":
            raise ConfigurationError(
                f"the database {brand.database.where} is live: with --dev its messages would end in the mail "
                "trap and count as sent. Name a new one for trying out, such as "
                'url = "sqlite:///dev.db" under [database], perhaps in a copy of the file: '
                "aftercare --config dev.toml serve --dev"
            )
    brand.reload()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
