"""What was never planned for a customer, and why: by the word of plugins, and by what the engine knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.timeline import Story, Told, awaited_read, declined_for, failed_on
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.plugins.registry import PluginState
from aftercare_sdk.shops.reconcile import as_order
from aftercare_sdk.store import decisions, reads, units
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.decisions import Decision
from aftercare_sdk.store.events import Known

SILENT = "unplanned.silent"
"""A plugin was told, and neither planned a message nor said why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """Why there is nothing of a plugin, or of any plugin if that is empty.

    `label`: what it has declined; `fact`: what happened, and how many `facts` of it with this the latest.
    `at` None: it is so whatever happens.
    """

    why: Told
    plugin: str = ""
    label: str = ""
    fact: Told | None = None
    facts: int = 0
    at: datetime | None = None


def never_planned(story: Story) -> list[Unplanned]:
    """Return why nothing is planned where something could be, the latest first."""
    found = [*_declined(story), *_unheard(story), *_no_purchases(story)]
    return sorted(found, key=lambda one: (one.at is not None, one.at, one.plugin, one.label), reverse=True)


def idle(brand: Brand) -> Iterator[Unplanned]:
    """Yield the plugins that take no part, each with the reason."""
    for plugin in brand.plugins.all:
        if plugin.name in brand.asleep:
            code = "unplanned.asleep"
        elif plugin.state is PluginState.DISABLED:
            code = "unplanned.disabled"
        elif plugin.state is not PluginState.ACTIVE:
            code = "unplanned.unusable"
        else:
            continue
        yield Unplanned(plugin=plugin.name, why=Told(code=code, values={"plugin": plugin.name}))


def _declined(story: Story) -> Iterator[Unplanned]:
    """Yield what plugins have said; but not of what they had planned before, for the same object."""
    about = {known.event.id: known for known in story.known}
    planned = {(one.plugin, one.label, one.object_kind, one.object) for one in story.messages}
    alike: dict[tuple[str, str, str], list[Decision]] = {}
    for one in decisions.declined(story.connection, about):
        label, known = one.detail.get("label", ""), about[one.event]
        if (one.plugin, label, known.object_kind, known.object) not in planned:
            alike.setdefault((one.plugin, label, dump(one.detail)), []).append(one)
    for (plugin, label, _), several in alike.items():
        last, why = several[-1], declined_for(several[-1])
        # A sentence that names the order says enough of the fact.
        named = len(several) == 1 and "order" in why.values
        yield Unplanned(
            at=last.at,
            plugin=plugin,
            label=label,
            fact=None if named else story.fact(about[last.event]),
            facts=0 if named else len(several),
            why=why,
        )


def _unheard(story: Story) -> Iterator[Unplanned]:
    """Yield why plugins have planned nothing for what happened; what is alike only once for each plugin."""
    alike: dict[tuple[str, str], list[Known]] = {}
    ids = [known.event.id for known in story.known]
    states = units.states_of(story.connection, ids)
    troubles = {(one.event, one.plugin): one for one in units.troubled_by(story.connection, ids)}
    answered = {(one.event, one.plugin) for one in story.messages}
    answered |= {(one.event, one.plugin) for one in decisions.declined(story.connection, ids)}
    kinds = {known.event.id: known.event.kind for known in story.known}
    spoken_of = {(one.plugin, one.object_kind, one.object) for one in story.messages}
    speaks: dict[str, set[str]] = {}
    for event, plugin in answered:
        speaks.setdefault(plugin, set()).add(kinds.get(event, ""))
    for known in story.known:
        for plugin in story.brand.hearing(known.event):
            unit = (known.event.id, plugin)
            if unit in troubles:
                yield Unplanned(
                    at=known.event.occurred_at,
                    plugin=plugin,
                    fact=story.fact(known),
                    facts=1,
                    why=failed_on(troubles[unit]),
                )
            elif unit not in answered and plugin not in story.brand.asleep:
                code = _standing(story.brand, known, plugin, states.get(unit))
                if code == SILENT and (
                    known.event.kind not in speaks.get(plugin, {known.event.kind})
                    or (plugin, known.object_kind, known.object) in spoken_of
                ):
                    continue  # it says something of other facts
                alike.setdefault((plugin, code), []).append(known)
    for (plugin, code), several in alike.items():
        last = max(several, key=lambda known: known.event.occurred_at)
        started = story.brand.started_at(plugin)
        yield Unplanned(
            at=last.event.occurred_at,
            plugin=plugin,
            fact=story.fact(last),
            facts=len(several),
            why=Told(
                code=code,
                values={
                    "plugin": plugin,
                    **({"started": started.isoformat()} if started else {}),
                    "problem": story.brand.off.get(plugin, ""),
                },
            ),
        )


def _standing(brand: Brand, known: Known, plugin: str, state: str | None) -> str:
    """Return why a plugin has planned nothing for an event that it has not failed on."""
    if state == "done":
        return SILENT
    if plugin in brand.off:
        return "unplanned.off"
    if state is not None:
        return "unplanned.waiting"
    if brand.started_at(plugin) is None:
        return "unplanned.new"
    return "unplanned.absent" if brand.counts(plugin, known.event.occurred_at) else "unplanned.early"


def _no_purchases(story: Story) -> Iterator[Unplanned]:
    """Yield the orders that nothing is planned for, because they are no purchases."""
    records = [one.record for one in story.orders if isinstance(one.record, OrderRecord)]
    left = [one for one in records if one.purchased_at is None or one.test]
    reading = reads.pending(story.connection, [(one.shop, "order", one.id) for one in left])
    for record in left:
        values = story.about(record.shop, record.id)
        order = as_order(record, story.brand.assumptions(record.shop), story.now)
        read = reading.get((record.shop, "order", record.id))
        at = order.placed_at if order else record.latest.instant
        if order is None:
            why = Told(code="timeline.order_stub", values=values)
        elif order.test:
            why = Told(code="unplanned.test", values=values)
        elif read is not None:
            why = awaited_read(read)
        elif order.cancelled:
            why = Told(code="unplanned.cancelled", values=values)
        else:
            why = Told(code="unplanned.unpaid", values={**values, "status": order.status})
        fact = Told(code="unplanned.order", values=values) if read is not None and order else None
        yield Unplanned(at=at, fact=fact, facts=1 if fact else 0, why=why)
