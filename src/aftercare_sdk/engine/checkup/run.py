"""All checks in their order, each by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from aftercare_sdk.config import Secret, Settings, load, validate_section
from aftercare_sdk.engine.brand import Brand, builtin_plugins
from aftercare_sdk.engine.checkup import storage
from aftercare_sdk.engine.checkup.channels import check_channel
from aftercare_sdk.engine.checkup.findings import Finding, guarded, problem
from aftercare_sdk.engine.checkup.salvage import salvage
from aftercare_sdk.engine.checkup.senders import check_senders
from aftercare_sdk.engine.clock import Clock, SystemClock
from aftercare_sdk.errors import AftercareError, ConfigurationError, PluginError, SettingsError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderLine
from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.catalog import load_folder, override
from aftercare_sdk.outreach.compose import Composer
from aftercare_sdk.outreach.variables import ShopCard, message_variables
from aftercare_sdk.plugins import Plugins, PluginSource, find_plugins, load_plugins
from aftercare_sdk.plugins.registry import PluginState
from aftercare_sdk.programs.flows.configuration import LANGUAGES, FlowsSchema, configured
from aftercare_sdk.store.database import Database

_FLOWS = "flows"
_UNREAD = "not looked at, the configuration of it has mistakes"
_FIRST = "mend the configuration first"
_SHORTEST_SECRET = 4
"""Shorter ones would blank out ordinary words, and are none."""
_SAMPLE_DAY = datetime(2026, 11, 21, 3, tzinfo=UTC)


def check_up(
    source: Path | None = None,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    plugins: Sequence[PluginSource] | None = None,
) -> tuple[Finding, ...]:
    """Look at everything that the configuration at `source` needs. Sends nothing, plans nothing.

    Where nobody decides, the lock is taken for a moment, which uses up a fencing token.

    Without `plugins` those that are installed; they are loaded, but none of their event hooks is called.
    """
    checkup = _Checkup(source, clock or SystemClock(), os.environ if environ is None else environ, plugins)
    return tuple(checkup.findings())


class _Checkup:
    def __init__(
        self,
        source: Path | None,
        clock: Clock,
        environ: Mapping[str, str],
        sources: Sequence[PluginSource] | None,
    ) -> None:
        self._clock = clock
        self._environ = environ
        self._sources = sources
        self._mistakes: tuple[str, ...] = ()
        self._left_out: frozenset[str] = frozenset()
        self._settings: Settings | None = None
        try:
            self._settings = load(source, environ)
        except SettingsError as error:
            self._mistakes = error.problems
            self._settings, self._left_out = salvage(source, error.problems)
        self._plugins: Plugins | None = None
        self._plugins_error = ""
        if self._settings is not None:
            try:
                self._plugins = self._load_plugins(self._settings)
            except PluginError as error:
                self._plugins_error = str(error)

    def findings(self) -> Iterator[Finding]:
        """Yield what all checks found, without any secret."""
        hide = _hider(self._settings, self._environ)
        for finding in self._all():
            yield replace(finding, told=hide(finding.told), cure=hide(finding.cure))

    def _all(self) -> Iterator[Finding]:
        settings = self._settings
        if settings is None:
            yield from (problem("configuration", line) for line in self._mistakes)
            yield Finding(name="everything else", ok=False, told=_UNREAD, cure=_FIRST)
            return
        secrets = list(guarded("secrets", partial(self._secrets, settings)))
        templates = list(guarded("templates", partial(self._templates, settings)))
        known = {finding.told for finding in (*secrets, *templates) if not finding.ok}
        yield from guarded("configuration", partial(self._configuration, settings, known))
        yield from secrets
        yield from guarded("plugins", partial(self._installed, settings))
        yield from guarded("zone", partial(_zones, settings))
        yield from guarded("database", partial(self._database, settings))
        yield from templates
        yield from self._channels(settings)

    def _load_plugins(self, settings: Settings) -> Plugins:
        sources = (*builtin_plugins(), *(find_plugins() if self._sources is None else self._sources))
        return load_plugins(sources, disabled=settings.disabled, order=settings.order)

    def _configuration(self, settings: Settings, known: set[str]) -> Iterator[Finding]:
        """Yield every mistake of the file but those of `known`, which other checks tell."""
        name = "configuration"
        if self._mistakes:
            yield from (problem(name, line) for line in self._mistakes)
            return
        try:
            Brand(settings, clock=self._clock, plugins=self._sources, environ=self._environ).close()
        except SettingsError as error:
            # What concerns the names of plugins is told with the plugins.
            found = [problem(name, line) for line in error.problems if not line.startswith("plugins: ")]
            own = [finding for finding in found if finding.told not in known]
            yield from own
            if own:
                return
        except ConfigurationError:
            pass  # a clash of plugins or no folder for the database: their own checks tell
        yield Finding(name=name, ok=True, told=f"{settings.source} has no mistakes")

    def _secrets(self, settings: Settings) -> Iterator[Finding]:
        found = list(_secrets_of(settings))
        missing = False
        for secret in found:
            try:
                secret.resolve(self._environ)
            except SettingsError as error:
                missing = True
                yield from (problem("secrets", line) for line in error.problems)
        if not missing:
            named = ", ".join(dict.fromkeys(secret.env or str(secret.file) for secret in found))
            yield Finding(
                name="secrets", ok=True, told=f"all are there: {named}" if named else "none is needed"
            )

    def _installed(self, settings: Settings) -> Iterator[Finding]:
        name = "plugins"
        if self._plugins is None:
            yield problem(name, self._plugins_error, "uninstall one of them, or add it to `disabled`")
            return
        is_well = True
        for plugin in self._plugins.all:
            if plugin.state in {PluginState.REFUSED, PluginState.FAILED}:
                is_well = False
                cure = "mend, update or uninstall it, or add it to `disabled` below [plugins]"
                yield problem(name, " / ".join(plugin.error.splitlines()), cure)
        for unknown in self._plugins.unknown_names:
            is_well = False
            told = f"{unknown!r} in `disabled` or `order` is no installed plugin"
            yield Finding(name=name, ok=False, told=told, cure="correct or remove it")
        names = {plugin.name for plugin in self._plugins.all}
        for section in settings.plugins:
            if section not in names:
                is_well = False
                told = f"[plugins.{section}] belongs to no installed plugin"
                yield Finding(name=name, ok=False, told=told, cure="install it or remove the section")
        if is_well:
            active = ", ".join(f"{each.name} {each.version}" for each in self._plugins.active)
            yield Finding(name=name, ok=True, told=f"active: {active}")

    def _database(self, settings: Settings) -> Iterator[Finding]:
        name = "database"
        if name in self._left_out:
            yield Finding(name=name, ok=False, told=_UNREAD, cure=_FIRST)
            return
        try:
            address = settings.database.resolve(self._environ)
        except SettingsError:
            told = "not looked at, its address or password is a secret that is missing or unusable"
            yield Finding(name=name, ok=False, told=told, cure="set it first")
            return
        with closing(Database(address)) as database:
            found = list(guarded(name, partial(storage.check_database, database)))
            yield from found
            if not all(finding.ok for finding in found) or not storage.is_ready(database):
                return
            domains = {channel.sender_domain for channel in settings.channels.values()}
            yield from guarded("deciders", partial(storage.check_deciders, database))
            yield from guarded("clock", partial(storage.check_clock, database, self._clock.now()))
            yield from guarded("plugins", partial(storage.check_switched_off, database))
            yield from guarded("shops", partial(storage.check_connections, database))
            yield from guarded("privacy", partial(storage.check_privacy, database, self._clock.now()))
            yield from guarded(
                "sending", partial(storage.check_sending, database, domains, self._clock.now())
            )
            yield from guarded("what waits", partial(storage.check_waiting, database))

    def _templates(self, settings: Settings) -> Iterator[Finding]:
        """Write every message of the flows that are switched on, as if somebody had bought something."""
        name = "templates"
        if self._plugins is None:
            yield Finding(
                name=name, ok=False, told="not looked at, they come from plugins", cure="mend those"
            )
            return
        templates = dict(self._plugins.parts.templates)
        if settings.templates is not None:
            templates = override(templates, load_folder(settings.templates))
        composer = Composer(templates)
        wanted = [
            (template, language)
            for template in self._used(settings)
            for language in LANGUAGES
            if (template, language) in templates  # a missing one is a mistake of the configuration
        ]
        is_well = True
        told = set()
        for shop in settings.shops.values():
            url = shop.options.get("url")
            card = ShopCard(name=settings.brand.name, url=url if isinstance(url, str) else "", contact="-")
            variables = _sample(shop.name, card)
            for template, language in wanted:
                try:
                    composer.compose(template, language, variables)
                except AftercareError as error:
                    is_well = False
                    line = f"{error}, shop {shop.name}"
                    if line not in told:
                        told.add(line)
                        cure = "mend the template, or configure what it needs"
                        yield Finding(name=name, ok=False, told=line, cure=cure)
        if is_well:
            written = ", ".join(f"{template} ({language})" for template, language in wanted)
            yield Finding(
                name=name, ok=True, told=f"can be written: {written}" if written else "none is used"
            )

    def _used(self, settings: Settings) -> list[str]:
        """Return the templates of the flows that are switched on."""
        if self._plugins is None or _FLOWS not in {plugin.name for plugin in self._plugins.active}:
            return []
        section = settings.plugin(_FLOWS).section
        config, wrong = validate_section(f"plugins.{_FLOWS}", FlowsSchema, section)
        flows = () if wrong else configured(self._plugins.parts.flows.values(), config)
        return list(dict.fromkeys(flow.template for flow in flows))

    def _channels(self, settings: Settings) -> Iterator[Finding]:
        kinds = self._plugins.parts.channels if self._plugins else {}
        for channel in settings.channels.values():
            check = partial(check_channel, channel, kinds, self._environ)
            yield from guarded(f"channel {channel.name}", check)
        yield from guarded("sender domains", partial(check_senders, settings, kinds, self._environ))
        if not settings.channels and not self._mistakes:
            cure = "add a section [channels.email] when messages are to leave"
            yield Finding(name="channels", ok=True, told="there is none, so nothing is sent", cure=cure)


def _zones(settings: Settings) -> Iterator[Finding]:
    zones = dict.fromkeys((settings.brand.zone, *(shop.zone for shop in settings.shops.values())))
    for zone in zones:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            cure = "correct it, or install the time zones: pip install tzdata"
            yield Finding(name="zone", ok=False, told=f"this machine does not know {zone}", cure=cure)
            return
    yield Finding(name="zone", ok=True, told=f"known to this machine: {', '.join(zones)}")


def _sample(shop: str, card: ShopCard) -> dict[str, object]:
    line = OrderLine(id="1", title="sample", quantity=2, paid=Money(1_200, "JPY"), tax=Money(88, "JPY"))
    order = Order(
        shop=shop, id="1042", number="1042", placed_at=_SAMPLE_DAY, total=Money(1_200, "JPY"), lines=(line,)
    )
    contact = Contact(family_name="sample", given_name="sample", full_name="sample")
    return message_variables(contact=contact, shop=card, order=order, data={}, zone=UTC)


def _secrets_of(settings: Settings) -> Iterator[Secret]:
    """Yield every secret that the configuration names."""
    yield from _within((settings.database.url, settings.database.password))
    for shop in settings.shops.values():
        yield from _within((shop.secrets, shop.options))
    for channel in settings.channels.values():
        yield from _within((channel.outcome_secrets, channel.options))
    for plugin in settings.plugins.values():
        yield from _within(plugin.section)


def _within(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        yield from _within(tuple(value.values()))
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for below in value:
            yield from _within(below)


def _hider(settings: Settings | None, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return what takes every secret out of a text, should a plugin or a driver have put one in."""
    hidden: set[str] = set()
    for secret in _secrets_of(settings) if settings else ():
        with suppress(SettingsError):
            value = secret.resolve(environ)
            hidden.update((value, value.strip(), *_passwords(value)))
    ordered = sorted((value for value in hidden if len(value) >= _SHORTEST_SECRET), key=len, reverse=True)

    def hide(text: str) -> str:
        for value in ordered:
            text = text.replace(value, "(a secret)")
        return text

    return hide


def _passwords(address: str) -> Iterator[str]:
    """Yield the passwords in the address of a database."""
    with suppress(ArgumentError, ValueError):
        url = make_url(address.strip())
        if url.password:
            yield from (str(url.password), quote(str(url.password), safe=""))
        for key, value in url.query.items():
            if "password" in key.lower():
                yield from (value,) if isinstance(value, str) else value
