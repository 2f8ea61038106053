"""One brand, put together and checked before anything runs: settings, plugins, shops, channels, database."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from aftercare_sdk import __version__
from aftercare_sdk.config import (
    ConfigVersion,
    Settings,
    ShopSettings,
    as_of,
    in_force,
    resolve_tree,
    section_digest,
    sectioned,
    validate_section,
    version_of,
)
from aftercare_sdk.engine.alerting import services
from aftercare_sdk.engine.beats import Beats
from aftercare_sdk.engine.clock import Clock
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.suppressing import ADDRESS_KEY
from aftercare_sdk.errors import Bug, ConfigurationError, SettingsError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.events import Event, TimerDue
from aftercare_sdk.model.flows import Flow
from aftercare_sdk.model.messages import Channel, ChannelSettings
from aftercare_sdk.model.shops import Shop, ShopAdapter
from aftercare_sdk.outreach.builtin import BuiltinOutreach
from aftercare_sdk.outreach.catalog import load_folder, override
from aftercare_sdk.outreach.compose import Composer
from aftercare_sdk.outreach.gate import WINDOWS
from aftercare_sdk.outreach.hours.calendar import Hours
from aftercare_sdk.outreach.hours.closed_days import holidays_of
from aftercare_sdk.outreach.hours.quiet_hours import hours_for
from aftercare_sdk.outreach.permission.suppression import address_hash
from aftercare_sdk.outreach.variables import ShopCard
from aftercare_sdk.plugins import (
    LoadedPlugin,
    Plugins,
    PluginSource,
    find_plugins,
    load_plugins,
    read_only,
)
from aftercare_sdk.plugins.registry import HookFunction
from aftercare_sdk.programs.flows import Flows
from aftercare_sdk.programs.loyalty import Loyalty
from aftercare_sdk.shops.reconcile import Assumptions
from aftercare_sdk.shops.standard_webhooks import key_of
from aftercare_sdk.store import control, journal, redemptions, units
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Arrival, Kind, State

MODE = "mode"
"""The setting of a database that says whether it is `live`, `demo` or `replay`."""

_DIGEST_SHOWN = 16
_NEVER_ASSUMED = Assumptions(after_shipment=timedelta(days=36_500), without_shipment=timedelta(days=36_500))


@runtime_checkable
class ChecksConfig(Protocol):
    """A plugin that checks its section against what all plugins and the configuration offer."""

    def check_config(self, config: Any, parts: Any) -> Iterable[str]:
        """Return a line, with path and cure, for each problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedShop:
    """A configured shop with the adapter that speaks to it; `kind` is the adapter's name."""

    shop: Shop
    kind: str
    adapter: ShopAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A plugin's section as its schema reads it, and the digest of what stands there."""

    value: Mapping[str, Any] = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a plugin may check its section against."""

    templates: Mapping[tuple[str, str], object]
    channels: Mapping[str, object]
    flows: Mapping[str, Flow]
    adverts: Mapping[str, Sequence[object]]


def builtin_plugins() -> tuple[PluginSource, ...]:
    """Return the plugins that come with the SDK, on the public hooks like any other."""
    return tuple(
        PluginSource(name=name, obj=obj, distribution="aftercare-sdk", version=__version__)
        for name, obj in (("flows", Flows()), ("loyalty", Loyalty()), ("outreach", BuiltinOutreach()))
    )


def _nothing(event: object, ctx: object) -> None:
    """Answer an event that a plugin no longer wants to hear of."""


@contextmanager
def _gathered(problems: list[str]) -> Iterator[None]:
    """Add the problems of one part to those of the others, so that all are told at once."""
    try:
        yield
    except SettingsError as error:
        problems.extend(error.problems)


class Brand:
    """Everything that the engine works with. Raises SettingsError with every problem at once."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        plugins: Sequence[PluginSource] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._environ = os.environ if environ is None else environ
        sources = (*builtin_plugins(), *(find_plugins() if plugins is None else plugins))
        self.plugins: Plugins = load_plugins(sources, disabled=settings.disabled, order=settings.order)
        self._names = {plugin.name: plugin for plugin in self.plugins.active}
        problems = [f"plugins: {error}" for error in self._plugin_errors()]
        templates = dict(self.plugins.parts.templates)
        adverts: Mapping[str, Sequence[object]] = {}
        with _gathered(problems):
            if settings.templates is not None:
                templates = override(templates, load_folder(settings.templates))
        with _gathered(problems):
            self.composer = Composer(templates)
            adverts = self.composer.adverts
        self.flows = tuple(self.plugins.parts.flows.values())
        self._parts = _Parts(
            templates=templates,
            channels=settings.channels,
            flows=self.plugins.parts.flows,
            adverts=adverts,
        )
        self._channel_options = self._check_channels(problems)
        self._outcome_keys = self._find_outcome_keys(problems)
        self.alert_addresses = self._find_alert_addresses(problems)
        self.shops = self._connect_shops(problems)
        self._sections: dict[tuple[str, str], _Section] = {}
        self._check_sections(problems)
        self._check_quiet_hours(problems)
        address = ""
        with _gathered(problems):
            address = settings.database.resolve(self._environ)
        if problems:
            raise SettingsError(str(settings.source or "the configuration"), tuple(problems))
        self.database = Database(address)
        self._off: Mapping[str, str] = {}
        self._starts: Mapping[str, datetime] = {}
        self._versions: tuple[ConfigVersion, ...] = ()
        self._asleep: frozenset[str] = frozenset()
        self._address_key = ""
        self.beats = Beats()

    def start(self) -> None:
        """Note which plugins and which configuration are active from now on; the schema is prepared."""
        now = self.clock.now()
        version = version_of(self.settings, now)
        active = {plugin.name: plugin.version for plugin in self.plugins.active}
        state = f"configuration {version.digest}; plugins {sorted(active.items())}"
        for plugin in self.plugins.all:
            if plugin.error:
                log.warning(
                    "plugin not used", plugin=plugin.name, state=plugin.state.value, problem=plugin.error
                )
        with self.database.write() as connection:
            for plugin in self.plugins.active:
                control.note_plugin(connection, plugin.name, plugin.distribution, plugin.version, now)
            redemptions.retry(connection)
            # Now, because who needs it first would make it in the middle of other work.
            control.secret(connection, "codes")
            control.secret(connection, ADDRESS_KEY)
            if control.setting(connection, "active") != state:
                control.put_setting(connection, "active", state)
                arrival = Arrival(
                    kind=Kind.CONFIGURATION,
                    shop="",
                    topic="activated",
                    received_at=now,
                    body=version.body.encode(),
                    state=State.DONE,
                    outcome=state,
                )
                journal.append(connection, [arrival])
                # What happened while a plugin was not there it has not heard of.
                units.recount(connection, now)
            known = control.configuration_versions(connection)
            if not known or known[-1][1] != version.digest:
                control.add_configuration(connection, now, version.digest, version.body)
        self.reload()

    def reload(self) -> None:
        """Read what other processes may have changed: versions, starts, and plugins switched off."""
        with self.database.read() as connection:
            self._versions = tuple(
                ConfigVersion(effective_from=at, digest=digest, body=body)
                for at, digest, body in control.configuration_versions(connection)
            )
            starts = dict(control.plugin_starts(connection))
            self._off = control.plugins_off(connection)
            self._address_key = control.known_secret(connection, ADDRESS_KEY) or ""
        since = sectioned(self._versions)
        needing = {plugin.name for plugin in self.plugins.active if plugin.needs_section}
        self._asleep = frozenset(needing - since.keys())
        starts |= {name: max(starts[name], since[name]) for name in needing & since.keys() & starts.keys()}
        for name, settings in self.settings.plugins.items():
            if settings.starts_at is not None:
                starts[name] = settings.starts_at
        self._starts = starts

    def address_hash(self, address: str) -> str:
        """Return under what an e-mail address is suppressed. Raises Bug for a brand that was not started."""
        if not self._address_key:
            raise Bug("the key of addresses is not known: Brand.reload reads it")
        return address_hash(self._address_key, address)

    @cached_property
    def _listeners(self) -> Mapping[str, Mapping[str, HookFunction]]:
        hooks = {hook for plugin in self.plugins.active for hook in plugin.hooks if hook.startswith("on_")}
        return {
            hook: {each.plugin: each.function for each in self.plugins.implementations(hook)}
            for hook in hooks
        }

    @property
    def listening(self) -> frozenset[str]:
        """The plugins whose units are run."""
        names = {name for functions in self._listeners.values() for name in functions}
        return frozenset(names - self._off.keys())

    @property
    def off(self) -> Mapping[str, str]:
        """Plugins that were switched off because of what they did, with the reason."""
        return self._off

    @property
    def asleep(self) -> frozenset[str]:
        """The plugins that do nothing, because the configuration has no section of theirs."""
        return self._asleep

    def started_at(self, plugin: str) -> datetime | None:
        """Return when a plugin started: of what happened before it hears nothing, unless it looks back.

        None: no process that works has had it yet.
        """
        return self._starts.get(plugin)

    def hearing(self, event: Event) -> tuple[str, ...]:
        """Return the plugins that are told of such events, whether they had started or not."""
        names = self._listeners.get(event.hook, {})
        if isinstance(event, TimerDue):
            return tuple(name for name in names if name == event.plugin)
        return tuple(names)

    def listeners(self, event: Event) -> tuple[str, ...]:
        """Return the plugins that must hear of an event: those that had started when it happened."""
        if isinstance(event, TimerDue):
            return self.hearing(event)
        return tuple(
            name
            for name in self.hearing(event)
            if name not in self._asleep and self.counts(name, event.occurred_at)
        )

    def hook(self, plugin: str, hook: str) -> HookFunction:
        """Return what a plugin does in a hook: nothing, if its present release no longer has it."""
        return self._listeners.get(hook, {}).get(plugin, _nothing)

    def section(self, plugin: str, at: datetime) -> Mapping[str, Any]:
        """Return a plugin's section as it was in force at an instant."""
        return self._section(plugin, at).value

    def release(self, plugin: str, at: datetime) -> str:
        """Return what a plugin's messages are made by that have no version of their own.

        That is its distribution, and its section as it was in force at an instant. Empty: nothing is known
        of the first, as for a plugin that the application gives, and there is no second.
        """
        loaded = self._names[plugin]
        distribution = f"{loaded.distribution} {loaded.version}".strip()
        digest = self._section(plugin, at).digest[:_DIGEST_SHOWN]
        return ", ".join(each for each in (distribution, digest and f"section {digest}") if each)

    def _section(self, plugin: str, at: datetime) -> _Section:
        version = in_force(self._versions, at)
        key = (version.digest, plugin)
        if key not in self._sections:
            loaded = self._names[plugin]
            written = as_of(version, self.settings).plugin(plugin).section
            value, problems = validate_section(f"plugins.{plugin}", loaded.config_schema, written)
            # A section that an older release of the plugin accepted may mean nothing to this one.
            if problems:
                written = self.settings.plugin(plugin).section
                value = self._current_section(loaded)
            self._sections[key] = _Section(value=read_only(value), digest=section_digest(written))
        return self._sections[key]

    def rule(self, at: datetime) -> str:
        """Return the digest of the configuration that was in force at an instant."""
        return in_force(self._versions, at).digest

    @property
    def counting(self) -> frozenset[str]:
        """The plugins that count points."""
        named = frozenset(plugin.name for plugin in self.plugins.active if plugin.counts_points)
        return named - self._asleep

    def counts(self, plugin: str, at: datetime) -> bool:
        """Tell whether a plugin had started when something happened, or looks back."""
        if self.settings.plugin(plugin).backfill:
            return True
        started = self.started_at(plugin)
        return started is not None and started <= at

    def assumptions(self, shop: str) -> Assumptions:
        """Return when a delivery is assumed in a shop."""
        settings = self.settings.shops.get(shop)
        assumed = settings.assume_delivered if settings else None
        if assumed is None:
            return _NEVER_ASSUMED
        return Assumptions(after_shipment=assumed.after_shipment, without_shipment=assumed.without_shipment)

    def window(self, purpose: Purpose) -> timedelta:
        """Return how late a message may leave if its plugin does not say."""
        if purpose is Purpose.MARKETING:
            return self.settings.defaults.marketing_window
        if purpose is Purpose.REVIEW_REQUEST:
            return WINDOWS[purpose]  # a complaint may delay it by weeks and must not cancel it
        return self.settings.defaults.window

    def shop(self, name: str) -> Shop:
        """Return a shop; one that is no longer configured still has a name and the brand's customs."""
        connected = self.shops.get(name)
        if connected is not None:
            return connected.shop
        brand = self.settings.brand
        return Shop(name=name, country=brand.country, locale=brand.locale, zone=brand.zone)

    def adapter(self, shop: str) -> ShopAdapter | None:
        """Return the adapter of a configured shop."""
        connected = self.shops.get(shop)
        return connected.adapter if connected else None

    def card(self, shop: str) -> ShopCard:
        """Return what messages say of the shop that sends them."""
        options = self.shop(shop).options
        channel = next(iter(self.settings.channels.values()), None)
        return ShopCard(
            name=self.settings.brand.name,
            url=str(options.get("url") or ""),
            contact=channel.sender if channel else "",
        )

    def medium(self, channel: str) -> str:
        """Return by what messages of a channel reach people; of one that is gone: by mail."""
        settings = self.settings.channels.get(channel)
        return self.plugins.parts.channels[settings.kind].medium if settings else "email"

    def sender_domain(self, channel: str) -> str:
        """Return the domain that mails of a channel come from; empty: it sends none, or is gone."""
        settings = self.settings.channels.get(channel)
        return settings.sender_domain if settings and self.medium(channel) == "email" else ""

    @property
    def sender_domains(self) -> frozenset[str]:
        """The domains that mails come from."""
        return frozenset(filter(None, map(self.sender_domain, self.settings.channels)))

    def open_channel(self, name: str) -> Channel:
        """Return a new channel, for one thread. Raises SettingsError if a secret of it is missing."""
        settings = self.settings.channels.get(name)
        if settings is None:
            message = f"a message is planned for channel {name!r}, which is no longer configured"
            raise Bug(message)
        kind = self.plugins.parts.channels[settings.kind]
        return kind.build(
            ChannelSettings(
                name=name,
                sender=settings.sender,
                sender_name=settings.sender_name,
                options=self._resolved(self._channel_options[name]),
            )
        )

    def outcome_keys(self, channel: str) -> tuple[bytes, ...] | None:
        """Return the keys that sign what is posted of outcomes; None: there is no such channel."""
        return self._outcome_keys.get(channel)

    def close(self) -> None:
        """Give up the database."""
        self.database.close()

    def _plugin_errors(self) -> Iterable[str]:
        for name in self.plugins.unknown_names:
            yield f"{name!r} in `disabled` or `order` is no installed plugin; correct or remove it"
        for name in self.settings.plugins:
            if name not in {plugin.name for plugin in self.plugins.all}:
                yield f"[plugins.{name}] belongs to no installed plugin; install it or remove the section"

    def _check_quiet_hours(self, problems: list[str]) -> None:
        """Find out now, and not when a message is due, that hours never meet or a library is missing."""
        quiet = self.settings.quiet_hours
        for medium, span in quiet.open.items():
            try:
                hours_for(medium, Purpose.MARKETING, "US", Hours(*span))
            except ValueError as error:
                problems.append(f"quiet_hours.{medium}: {error}")
        if quiet.holidays:
            try:
                holidays_of(self.settings.brand.country, "")
            except ConfigurationError as error:
                problems.append(f"quiet_hours.holidays: {error}")

    def _check_channels(self, problems: list[str]) -> Mapping[str, Mapping[str, Any]]:
        kinds = self.plugins.parts.channels
        options: dict[str, Mapping[str, Any]] = {}
        for name, channel in self.settings.channels.items():
            kind = kinds.get(channel.kind)
            if kind is None:
                problems.append(
                    f"channels.{name}.kind: there is no kind {channel.kind!r}; "
                    f"use one of {', '.join(sorted(kinds))}"
                )
                continue
            options[name], found = validate_section(f"channels.{name}", kind.options, channel.options)
            problems.extend(found)
        return options

    def _find_outcome_keys(self, problems: list[str]) -> Mapping[str, tuple[bytes, ...]]:
        keys: dict[str, tuple[bytes, ...]] = {}
        for name, channel in self.settings.channels.items():
            with _gathered(problems):
                found = []
                for place, secret in enumerate(self._resolved(channel.outcome_secrets)):
                    try:
                        found.append(key_of(secret))
                    except ValueError as error:
                        problems.append(f"channels.{name}.outcome_secrets[{place}]: {error}")
                keys[name] = tuple(found)
        return keys

    def _find_alert_addresses(self, problems: list[str]) -> Mapping[str, str]:
        """Return where staff are told, by where each address is kept: that name may be shown."""
        urls = self.settings.alerts.urls
        if urls and not services.is_installed():
            problems.append(f"alerts.urls: {services.MISSING}")
        addresses: dict[str, str] = {}
        with _gathered(problems):
            kept = (str(one.file or one.env) for one in urls)
            addresses.update(zip(kept, self._resolved(urls), strict=True))
        return addresses

    def _connect_shops(self, problems: list[str]) -> Mapping[str, ConnectedShop]:
        kinds = self.plugins.parts.adapters
        shops: dict[str, ConnectedShop] = {}
        for name, settings in self.settings.shops.items():
            kind = kinds.get(settings.adapter)
            if kind is None:
                known = ", ".join(sorted(kinds)) or "none is installed"
                problems.append(
                    f"shops.{name}.adapter: there is no adapter {settings.adapter!r} ({known}); "
                    f"install its plugin, such as `pip install aftercare-{settings.adapter}`"
                )
                continue
            options, found = validate_section(f"shops.{name}", kind.options, settings.options)
            problems.extend(found)
            with _gathered(problems):
                shop = self._shop(settings, options)
                if found:
                    continue
                adapter: object = kind.build(shop)
                if isinstance(adapter, ShopAdapter):
                    shops[name] = ConnectedShop(shop=shop, kind=kind.name, adapter=adapter)
                else:
                    problems.append(
                        f"shops.{name}.adapter: {kind.name!r} makes a {type(adapter).__name__}, which is no "
                        "ShopAdapter; its author lets the class inherit from "
                        "aftercare_sdk.model.shops.ShopAdapter"
                    )
        return shops

    def _shop(self, settings: ShopSettings, options: Mapping[str, Any]) -> Shop:
        (secrets, resolved) = self._resolved((settings.secrets, options))
        return Shop(
            name=settings.name,
            country=settings.country,
            locale=settings.locale,
            zone=settings.zone,
            currency=settings.currency,
            secrets=secrets,
            options=resolved,
        )

    def _resolved(self, options: Any) -> Any:
        """Return a copy of `options` with the secrets themselves; raises SettingsError naming all missing."""
        value, problems = resolve_tree(options, self._environ)
        if problems:
            raise SettingsError(str(self.settings.source or "the configuration"), problems)
        return value

    def _check_sections(self, problems: list[str]) -> None:
        for plugin in self.plugins.active:
            section, found = validate_section(
                f"plugins.{plugin.name}", plugin.config_schema, self.settings.plugin(plugin.name).section
            )
            problems.extend(found)
            if not found and isinstance(plugin.instance, ChecksConfig):
                problems.extend(plugin.instance.check_config(section, self._parts))

    def _current_section(self, plugin: LoadedPlugin) -> Mapping[str, Any]:
        return validate_section(
            f"plugins.{plugin.name}", plugin.config_schema, self.settings.plugin(plugin.name).section
        )[0]
