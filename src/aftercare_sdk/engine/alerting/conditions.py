"""What staff must know of now. Pure: from what the database holds to the conditions that last.

A condition is read from the state itself, which lasts as long as what it tells of: nothing is forgotten, and
what is over by the time somebody looks is told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from aftercare_sdk.engine import beats
from aftercare_sdk.store.privacy import Asked

RESTS_FOR_LONG = timedelta(minutes=1)
"""A plugin that overran once is left alone for a minute; who rests for longer has failed again and again."""
WELL_AFTER = timedelta(minutes=15)
"""So long after its last rest a plugin is well again: one that fails at each try rests again and again."""
DUE_SOON = timedelta(days=7)
SHOWN = 12
"""So much of the key of a privacy request is told, as `aftercare privacy requests` shows it."""


class Kind(StrEnum):
    """What the conditions tell. Alerts of other kinds are raised and ended by whoever knows of them."""

    NO_WEBHOOK = "no_webhook"
    NO_OUTCOME = "no_outcome"
    NOT_DECIDING = "not_deciding"
    NOT_SENDING = "not_sending"
    PARKED_UNITS = "parked_units"
    PARKED_ROWS = "parked_rows"
    PLUGIN_OFF = "plugin_off"
    PLUGIN_RESTS = "plugin_rests"
    SHOP_DISCONNECTED = "shop_disconnected"
    PRIVACY_DUE = "privacy_due"
    PRIVACY_LATE = "privacy_late"
    APPROVAL_WAITS = "approval_waits"
    SENDING_PAUSED = "sending_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that lasts. `begins` False: not enough to raise an alert, and too much to end one."""

    kind: Kind
    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    begins: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A shop whose webhooks are waited for, at most for `after`. `listed`: its orders are listed as well."""

    shop: str
    after: timedelta
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """A channel whose outcomes are waited for, at most for `after`."""

    channel: str
    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the database holds. `rests`: until when plugins rest or have rested.

    `unapproved` are plugins and labels of which messages are held until a person approves them, `paused` the
    domains from which nothing that advertises leaves.
    """

    beats: Mapping[str, datetime]
    parked_plugins: Iterable[str] = ()
    parked_shops: Iterable[str] = ()
    off: Iterable[str] = ()
    rests: Mapping[str, datetime] = field(default_factory=dict)
    disconnected: Iterable[str] = ()
    requests: Iterable[Asked] = ()
    unapproved: Iterable[tuple[str, str]] = ()
    paused: Iterable[str] = ()


def conditions(
    seen: Seen,
    now: datetime,
    *,
    rung: Iterable[Rung],
    reporters: Iterable[Reporter],
    no_run_after: timedelta,
    watching_since: datetime,
) -> Iterator[Condition]:
    """Yield what lasts.

    `watching_since`: who has just begun to watch gives the others time to begin as well.
    """
    yield from _processes(seen, now - no_run_after, watching_since)
    yield from _shops(seen, now, rung)
    yield from _channels(seen, now, reporters)
    yield from _plugins(seen, now)
    for plugin, label in seen.unapproved:
        program = f"{plugin}/{label}"
        yield Condition(kind=Kind.APPROVAL_WAITS, key=program, values={"program": program})
    for domain in seen.paused:
        yield Condition(kind=Kind.SENDING_PAUSED, key=domain, values={"domain": domain})
    for request in seen.requests:
        if request.due_at <= now + DUE_SOON:
            kind = Kind.PRIVACY_LATE if request.due_at <= now else Kind.PRIVACY_DUE
            values = {"request": request.key[:SHOWN], "shop": request.shop, "due": request.due_at.isoformat()}
            yield Condition(kind=kind, key=request.key, values=values)


def _processes(seen: Seen, limit: datetime, watching_since: datetime) -> Iterator[Condition]:
    for kind, name in ((Kind.NOT_DECIDING, beats.DECIDER), (Kind.NOT_SENDING, beats.SENDER)):
        last = seen.beats.get(name)
        if last is not None and max(last, watching_since) <= limit:
            yield Condition(kind=kind, key="", values={"since": last.isoformat()})


def _shops(seen: Seen, now: datetime, rung: Iterable[Rung]) -> Iterator[Condition]:
    disconnected = frozenset(seen.disconnected)
    for shop in sorted(disconnected):
        yield Condition(kind=Kind.SHOP_DISCONNECTED, key=shop, values={"shop": shop})
    for shop in seen.parked_shops:
        yield Condition(kind=Kind.PARKED_ROWS, key=shop, values={"shop": shop})
    for one in rung:
        since = None if one.shop in disconnected else _silent_since(one, seen.beats, now)
        if since is not None:
            values = {"shop": one.shop, "since": since.isoformat()}
            yield Condition(kind=Kind.NO_WEBHOOK, key=one.shop, values=values)


def _silent_since(one: Rung, seen: Mapping[str, datetime], now: datetime) -> datetime | None:
    """Return since when a shop's webhooks fail to come; None: nothing speaks for that (OBS-06).

    A quiet shop has no webhooks either. What tells the two apart is a listing that has found orders which no
    webhook had told; for a shop that is not listed, mails that were accepted meanwhile.
    """
    last = seen.get(beats.webhook_of(one.shop))
    if last is None or now - last < one.after:
        return None
    sign = seen.get(beats.found_of(one.shop) if one.listed else beats.accepted_of(one.shop))
    return last if sign is not None and sign > last else None


def _channels(seen: Seen, now: datetime, reporters: Iterable[Reporter]) -> Iterator[Condition]:
    """Yield the channels that have accepted messages and of which nothing has been reported since (OBS-06).

    Who has never reported a delivery reports failures at most, and is silent while all is well.
    """
    for one in reporters:
        since = seen.beats.get(beats.awaited_of(one.channel))
        reports = beats.delivered_of(one.channel) in seen.beats
        if reports and since is not None and now - since >= one.after:
            values = {"channel": one.channel, "since": since.isoformat()}
            yield Condition(kind=Kind.NO_OUTCOME, key=one.channel, values=values)


def _plugins(seen: Seen, now: datetime) -> Iterator[Condition]:
    off = frozenset(seen.off)
    for plugin in seen.parked_plugins:
        yield Condition(kind=Kind.PARKED_UNITS, key=plugin, values={"plugin": plugin})
    for plugin in sorted(off):
        yield Condition(kind=Kind.PLUGIN_OFF, key=plugin, values={"plugin": plugin})
    for plugin, until in seen.rests.items():
        if plugin not in off and until > now - WELL_AFTER:
            begins = until > now + RESTS_FOR_LONG
            yield Condition(kind=Kind.PLUGIN_RESTS, key=plugin, values={"plugin": plugin}, begins=begins)
