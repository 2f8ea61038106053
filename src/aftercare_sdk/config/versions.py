"""Versions of a configuration: a fact uses the one that was in force when it occurred.

A version holds what changes decisions: locale, zone and country of the brand; of each shop its adapter,
country, locale, zone, currency, assumed deliveries and options; each plugin's section, start and backfill;
which plugins are off and in which order they come; windows; quiet hours; where review requests are service;
whether marketing is approved.
It does not hold what only says how and with what the work is done: names, channels, the folder of templates,
database, server, alerts, retention, doctor, budgets, leases, and where secrets are kept. Changing one of them
makes no new version.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from aftercare_sdk.config.secrets import Secret
from aftercare_sdk.config.settings import AssumeDelivered, PluginSettings, Settings, ShopSettings

_SECRET = "$secret"  # noqa: S105 - a mark in the canonical form, no secret
_TIMES: Mapping[str, type[date | time]] = {"$datetime": datetime, "$date": date, "$time": time}
_GONE = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigVersion:
    """A configuration in its canonical form (`body`), in force from an instant until the next version."""

    effective_from: datetime
    digest: str
    body: str = field(repr=False)


def canonical(settings: Settings) -> str:
    """Return what changes decisions as JSON: sorted, compact, without secrets or where they are kept."""
    defaults = settings.defaults
    body = {
        "brand": {
            "country": settings.brand.country,
            "locale": settings.brand.locale,
            "zone": settings.brand.zone,
        },
        "budget": {
            "caps": [[cap.channel, cap.most, cap.within.total_seconds()] for cap in settings.budget.caps],
            "cool_down": settings.budget.cool_down.total_seconds(),
            "priorities": list(settings.budget.priorities),
        },
        "approvals": {"marketing": settings.approvals.marketing},
        "consent": {"reclassified": dict(settings.consent.reclassified)},
        "quiet_hours": {
            "holidays": settings.quiet_hours.holidays,
            "open": {name: [str(one) for one in span] for name, span in settings.quiet_hours.open.items()},
        },
        "shops": {name: _shop(shop) for name, shop in settings.shops.items()},
        "plugins": {name: _plugin(plugin) for name, plugin in settings.plugins.items()},
        "disabled": sorted(settings.disabled),
        "order": list(settings.order),
        "defaults": {
            "assume_delivered": _assumed(defaults.assume_delivered),
            "marketing_window": defaults.marketing_window.total_seconds(),
            "window": defaults.window.total_seconds(),
        },
    }
    return _json(body)


def digest(settings: Settings) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return _digest(canonical(settings))


def section_digest(section: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a plugin's section, without secrets; empty for one in which nothing stands."""
    return _digest(_json(_written(section))) if section else ""


def version_of(settings: Settings, effective_from: datetime) -> ConfigVersion:
    """Return the version that `settings` are, in force from an instant."""
    body = canonical(settings)
    return ConfigVersion(effective_from=effective_from, digest=_digest(body), body=body)


def in_force(versions: Iterable[ConfigVersion], at: datetime) -> ConfigVersion:
    """Return the version in force at an instant; before the first, the first.

    Of two that start at the same instant the later in `versions` counts. Raises
    ValueError if there are none.
    """
    ordered = sorted(versions, key=lambda version: version.effective_from)
    if not ordered:
        raise ValueError("no version of the configuration has been recorded")
    return ordered[max(0, bisect_right(ordered, at, key=lambda version: version.effective_from) - 1)]


def sectioned(versions: Iterable[ConfigVersion]) -> Mapping[str, datetime]:
    """Return since when there has been a section for each plugin that has one in any of these versions."""
    since: dict[str, datetime] = {}
    for version in versions:
        for name in json.loads(version.body)["plugins"]:
            since[name] = min(version.effective_from, since.get(name, version.effective_from))
    return since


def as_of(version: ConfigVersion, current: Settings) -> Settings:
    """Return the settings by which a fact is decided that occurred while `version` was in force.

    Only for decisions: adapters and channels are built from the current settings. From `current` comes what
    a version does not hold, whatever the version does not know (a new shop, a new plugin), and what an
    operator switches for all facts: `disabled`, `starts_at` and `backfill`.
    """
    body = json.loads(version.body)
    brand, defaults = body["brand"], body["defaults"]
    plugins = {
        name: replace(current.plugin(name), section=_revived(plugin["section"], current.plugin(name).section))
        for name, plugin in body["plugins"].items()
    }
    shops = {
        name: _shop_as_of(body["shops"][name], shop) if name in body["shops"] else shop
        for name, shop in current.shops.items()
    }
    return replace(
        current,
        brand=replace(current.brand, country=brand["country"], locale=brand["locale"], zone=brand["zone"]),
        shops=MappingProxyType(shops),
        plugins=MappingProxyType({**current.plugins, **plugins}),
        order=tuple(body["order"]),
        defaults=replace(
            current.defaults,
            assume_delivered=_assumed_from(defaults["assume_delivered"]),
            marketing_window=timedelta(seconds=defaults["marketing_window"]),
            window=timedelta(seconds=defaults["window"]),
        ),
    )


def _json(body: Any) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _shop(shop: ShopSettings) -> dict[str, Any]:
    return {
        "adapter": shop.adapter,
        "assume_delivered": _assumed(shop.assume_delivered),
        "country": shop.country,
        "currency": shop.currency,
        "locale": shop.locale,
        "options": _written(shop.options),
        "zone": shop.zone,
    }


def _shop_as_of(body: Mapping[str, Any], current: ShopSettings) -> ShopSettings:
    return replace(
        current,
        assume_delivered=_assumed_from(body["assume_delivered"]),
        country=body["country"],
        currency=body["currency"],
        locale=body["locale"],
        options=_revived(body["options"], current.options),
        zone=body["zone"],
    )


def _plugin(plugin: PluginSettings) -> dict[str, Any]:
    return {
        "backfill": plugin.backfill,
        "section": _written(plugin.section),
        "starts_at": plugin.starts_at.isoformat() if plugin.starts_at else None,
    }


def _assumed(assume_delivered: AssumeDelivered | None) -> dict[str, float] | None:
    if assume_delivered is None:
        return None
    return {
        "after_shipment": assume_delivered.after_shipment.total_seconds(),
        "without_shipment": assume_delivered.without_shipment.total_seconds(),
    }


def _assumed_from(body: Mapping[str, float] | None) -> AssumeDelivered | None:
    if body is None:
        return None
    return AssumeDelivered(**{name: timedelta(seconds=length) for name, length in body.items()})


def _written(value: Any) -> Any:
    """Return a plain value as JSON can hold it: what JSON does not know as `{"$kind": …}`."""
    if isinstance(value, Secret):
        return {_SECRET: True}
    if isinstance(value, Mapping):
        # A key of the user's own that begins with $ gets a second one.
        return {f"${key}" if key.startswith("$") else key: _written(below) for key, below in value.items()}
    if isinstance(value, tuple | list):
        return [_written(below) for below in value]
    for mark, kind in _TIMES.items():
        if isinstance(value, kind):
            return {mark: value.isoformat()}
    return value


def _revived(value: Any, current: Any) -> Any:
    """Return what `_written` wrote; secrets are those that stand in `current` at the same place."""
    if isinstance(value, dict):
        if _SECRET in value:
            return current if isinstance(current, Secret) else _GONE
        for mark, kind in _TIMES.items():
            if mark in value:
                return kind.fromisoformat(value[mark])
        table = current if isinstance(current, Mapping) else {}
        pairs = {key.removeprefix("$"): below for key, below in value.items()}
        revived = {key: _revived(below, table.get(key)) for key, below in pairs.items()}
        return MappingProxyType({key: below for key, below in revived.items() if below is not _GONE})
    if isinstance(value, list):
        there = current if isinstance(current, tuple | list) else ()
        parts = [_revived(below, now) for below, now in zip_longest(value, there[: len(value)])]
        return tuple(part for part in parts if part is not _GONE)
    return value
