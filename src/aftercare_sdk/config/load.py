"""Read aftercare.toml, or a mapping of the same shape, into `Settings`: all problems at once."""

from __future__ import annotations

import codecs
import os
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError

from aftercare_sdk.config import readers, schemas
from aftercare_sdk.config.database import normalise
from aftercare_sdk.config.plain import freeze
from aftercare_sdk.config.problems import NO_VALUE, Problem, Steps, lines, of_schema, of_toml
from aftercare_sdk.config.secrets import Secret
from aftercare_sdk.config.settings import (
    Alerts,
    Approvals,
    AssumeDelivered,
    Brand,
    Budget,
    ChannelConfig,
    Consent,
    Database,
    Defaults,
    Doctor,
    Legal,
    PluginSettings,
    Privacy,
    QuietHours,
    Retention,
    Server,
    Settings,
    ShopSettings,
)
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.budgets import PRESETS

FILE_NAME = "aftercare.toml"
VARIABLE = "AFTERCARE_CONFIG"
LARGEST_FILE = 1_000_000

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def load(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file at `path`, else at $AFTERCARE_CONFIG, else aftercare.toml in the current folder.

    Raises SettingsError with everything that is wrong. No secret is read here: `Database.resolve`,
    `Secret.resolve` and `resolve_tree` do that where something is built.
    """
    if path is None:
        path = (os.environ if environ is None else environ).get(VARIABLE) or FILE_NAME
    source = Path(path).absolute()
    return parse(_toml(source), source)


def _toml(source: Path) -> dict[str, Any]:
    text = _text(source)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(source), lines([of_toml(error)])) from None
    except RecursionError:
        raise _unusable(source, "tables or lists stand too deep in one another; flatten them") from None
    except ValueError:
        # tomllib leaves a number of thousands of digits to Python, which refuses it.
        raise _unusable(source, "a number is far too long; write a smaller one") from None


def _text(source: Path) -> str:
    try:
        with source.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise _unusable(
            source,
            f"there is no such file; create it, go to the folder of your {FILE_NAME}, "
            f"or set the environment variable {VARIABLE} to its path",
        ) from None
    except IsADirectoryError:
        raise _unusable(source, f"this is a folder; name the file in it: {source / FILE_NAME}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a usable path"
        raise _unusable(source, f"the file cannot be read ({why}); correct its path or rights") from None
    if len(content) > LARGEST_FILE:
        raise _unusable(source, f"larger than {LARGEST_FILE} bytes; name the configuration, not another file")
    if content.startswith(_UTF_16):
        raise _unusable(source, "the file is UTF-16; save it as UTF-8")
    if content.startswith(codecs.BOM_UTF8):
        raise _unusable(source, "the file begins with a byte order mark; save it as UTF-8 without BOM")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unusable(source, f"line {line}: not UTF-8; save the file as UTF-8") from None


def _unusable(source: Path, problem: str) -> SettingsError:
    return SettingsError(str(source), (problem,))


def parse(mapping: Mapping[str, Any], source: Path | None = None) -> Settings:
    """Read a mapping of the same shape as the file. Relative paths are below the folder of `source`.

    Raises SettingsError with everything that is wrong. The disk is looked at only to see whether the
    folder of templates is there.
    """
    folder = source.parent if source else None
    tree, refused = freeze(mapping, folder)
    reading = _Reading(tree=tree, folder=folder)
    settings = reading.settings(source)
    problems = [*refused, *(problem for problem in reading.problems if not _is_no_news(problem, refused))]
    if problems or settings is None:
        raise SettingsError(str(source) if source else "the configuration", lines(problems))
    return settings


def _is_no_news(problem: Problem, refused: Collection[Problem]) -> bool:
    """Whether a problem only misses a value that was refused, there or in a part of it."""
    return any(
        problem.steps == one.steps
        or (problem.text == NO_VALUE and problem.steps == one.steps[: len(problem.steps)])
        for one in refused
    )


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over a frozen tree that gathers problems instead of stopping at the first."""

    tree: Mapping[str, Any]
    folder: Path | None
    problems: list[Problem] = field(default_factory=list)

    def settings(self, source: Path | None) -> Settings | None:
        """Return the settings, or None after a problem, wherever it was."""
        file = self._load(schemas.FileSchema(), self.tree, ())
        shops = self._named("shops", schemas.ShopSchema(), readers.url_name)
        channels = self._named("channels", schemas.ChannelSchema(), readers.url_name)
        plugins = self._named(
            "plugins", schemas.PluginSchema(), readers.plugin_name, beside=schemas.PLUGINS_KEYS
        )
        choice = self._load(schemas.PluginsSchema(), self._table("plugins"), ("plugins",))
        self._check_across(file)
        templates = self._templates(file)
        if self.problems:
            return None
        brand = _brand(file["brand"])
        defaults = _defaults(file.get("defaults", {}))
        alerts = Alerts(**file.get("alerts", {}))
        return Settings(
            source=source,
            brand=brand,
            database=self._database(file.get("database", {})),
            shops=MappingProxyType(
                {name: self._shop(name, shops[name], brand, defaults, alerts) for name in shops}
            ),
            channels=MappingProxyType(
                {name: self._channel(name, channels[name], brand, alerts) for name in channels}
            ),
            plugins=MappingProxyType({name: self._plugin(name, plugins[name], brand) for name in plugins}),
            disabled=frozenset(choice.get("disabled", ())),
            order=choice.get("order", ()),
            templates=templates,
            consent=Consent(reclassified=file.get("consent", {}).get("review_request_is_service", {})),
            privacy=Privacy(**file.get("privacy", {})),
            quiet_hours=_quiet_hours(file.get("quiet_hours", {})),
            budget=_budget(file.get("budget", {})),
            approvals=Approvals(**file.get("approvals", {})),
            server=Server(**file.get("server", {})),
            alerts=alerts,
            defaults=defaults,
            retention=Retention(**file.get("retention", {})),
            doctor=Doctor(**file.get("doctor", {})),
        )

    def _load(self, schema: Schema, table: Any, steps: Steps) -> Mapping[str, Any]:
        try:
            read: Mapping[str, Any] = schema.load(table)
        except ValidationError as error:
            self.problems.extend(of_schema(error.messages, schema, steps))
            return error.valid_data if isinstance(error.valid_data, dict) else {}
        return read

    def _table(self, section: str) -> Mapping[str, Any]:
        """Return a section, or nothing if it is no table (which the schema of the file reports)."""
        table = self.tree.get(section)
        return table if isinstance(table, Mapping) else {}

    def _named(
        self, section: str, schema: Schema, read_name: Callable[[Any], str], *, beside: Collection[str] = ()
    ) -> dict[str, Mapping[str, Any]]:
        """Read the tables `[section.<name>]`."""
        read = {}
        for name, table in self._table(section).items():
            steps = (section, name)
            if name in beside:
                continue
            try:
                read_name(name)
            except ValidationError as error:
                self.problems.extend(of_schema(error.messages, schema, steps))
            read[name] = self._load(schema, table, steps)
        return read

    def _check_across(self, file: Mapping[str, Any]) -> None:
        defaults = _part(file, "defaults")
        if defaults.get("stall", Defaults().stall) < defaults.get("hook_budget", Defaults().hook_budget):
            wrong = "is shorter than hook_budget; make it as long or longer"
            self.problems.append(Problem(("defaults", "stall"), wrong))
        if {"preset", "caps"} <= _part(file, "budget").keys():
            wrong = "stands beside preset, which it would replace; keep one of them"
            self.problems.append(Problem(("budget", "caps"), wrong))
        database = _part(file, "database")
        if "password" in database and str(database.get("url", Database().url)).startswith("sqlite"):
            wrong = "SQLite has no passwords; remove it"
            self.problems.append(Problem(("database", "password"), wrong))

    def _templates(self, file: Mapping[str, Any]) -> Path | None:
        given = _part(file, "templates").get("folder")
        if given is None:
            return None
        path = self.folder / given if self.folder else Path(given)
        if not path.is_dir():
            wrong = f"there is no such folder below {self.folder or 'here'}; create it, or correct the path"
            self.problems.append(Problem(("templates", "folder"), wrong))
        return path

    def _options(self, section: str, name: str, own: Collection[str]) -> Mapping[str, Any]:
        table = self.tree[section][name]
        return MappingProxyType({key: table[key] for key in table if key not in own})

    def _database(self, read: Mapping[str, Any]) -> Database:
        url = read.get("url", Database().url)
        return Database(
            url=url if isinstance(url, Secret) else normalise(url, self.folder), password=read.get("password")
        )

    def _shop(
        self, name: str, read: Mapping[str, Any], brand: Brand, defaults: Defaults, alerts: Alerts
    ) -> ShopSettings:
        own_country = read.get("country", "")
        return ShopSettings(
            name=name,
            adapter=read["adapter"],
            country=own_country or brand.country,
            locale=read.get("locale", brand.locale),
            zone=read.get("zone") or readers.zone_of(own_country) or brand.zone,
            currency=read.get("currency", ""),
            assume_delivered=_assume_delivered(read, defaults.assume_delivered),
            sync=read.get("sync", True),
            sync_from=readers.moment_in(read["sync_from"], brand.zone) if "sync_from" in read else None,
            no_webhook_after=read.get("no_webhook_after", alerts.no_webhook_after),
            secrets=read["secrets"] if "secrets" in read else (read["secret"],),
            options=self._options("shops", name, schemas.SHOP_KEYS),
        )

    def _channel(self, name: str, read: Mapping[str, Any], brand: Brand, alerts: Alerts) -> ChannelConfig:
        return ChannelConfig(
            name=name,
            kind=read["kind"],
            sender=read["sender"],
            sender_name=read.get("sender_name", brand.name),
            outcome_secrets=read.get("outcome_secrets", ()),
            no_outcome_after=read.get("no_outcome_after", alerts.no_outcome_after),
            options=self._options("channels", name, schemas.CHANNEL_KEYS),
        )

    def _plugin(self, name: str, read: Mapping[str, Any], brand: Brand) -> PluginSettings:
        starts_at = read.get("starts_at")
        return PluginSettings(
            starts_at=readers.moment_in(starts_at, brand.zone) if starts_at else None,
            backfill=read.get("backfill", False),
            section=self._options("plugins", name, schemas.PLUGIN_KEYS),
        )


def _part(file: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """Return what could be read of a section; marshmallow keeps odd things of one that is no table."""
    part = file.get(section)
    return part if isinstance(part, dict) else {}


def _brand(read: Mapping[str, Any]) -> Brand:
    country = read.get("country", "")
    return Brand(
        name=read["name"],
        locale=read.get("locale", "en"),
        zone=read.get("zone") or readers.zone_of(country) or "UTC",
        country=country,
        legal=Legal(**read["legal"]) if "legal" in read else None,
    )


def _quiet_hours(read: Mapping[str, Any]) -> QuietHours:
    spans = {name: span for name, span in read.items() if name != "holidays"}
    return QuietHours(open=MappingProxyType(spans), holidays=read.get("holidays", False))


def _budget(read: Mapping[str, Any]) -> Budget:
    told = {key: value for key, value in read.items() if key != "preset"}
    return Budget(**{"caps": PRESETS[read.get("preset", "default")], **told})


def _defaults(read: Mapping[str, Any]) -> Defaults:
    return Defaults(**{**read, "assume_delivered": _assume_delivered(read, AssumeDelivered())})


def _assume_delivered(read: Mapping[str, Any], default: AssumeDelivered | None) -> AssumeDelivered | None:
    if "assume_delivered" not in read:
        return default
    given = read["assume_delivered"]
    return None if given is None else replace(default or AssumeDelivered(), **given)
