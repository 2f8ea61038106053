"""Load plugins: import, check, register, and collect what they offer. Nothing here is global."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import Any

from aftercare_sdk.errors import PluginError
from aftercare_sdk.model.context import Context
from aftercare_sdk.plugins.blame import fault, package_of
from aftercare_sdk.plugins.check import SPECIFICATIONS, HookManager, declared, problems
from aftercare_sdk.plugins.discover import PluginSource, in_order, load, refuse_same_names, switch_off
from aftercare_sdk.plugins.parts import PART_HOOKS, Key, Parts, assembled, offered, spelled

HookFunction = Callable[[Any, Context], object]


class PluginState(StrEnum):
    """Whether a plugin takes part, and if not, why: its author, its environment or the configuration."""

    ACTIVE = "active"
    REFUSED = "refused"
    FAILED = "failed"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlugin:
    """What became of a plugin. Only an active one has an `instance` and `hooks`; `error` names the cure."""

    name: str
    distribution: str
    version: str
    state: PluginState
    hooks: tuple[str, ...] = ()
    error: str = ""
    instance: object = field(default=None, repr=False)

    @property
    def config_schema(self) -> type[Any] | None:
        """The marshmallow schema class of the section `[plugins.<name>]`, if the plugin declares one."""
        schema: type[Any] | None = getattr(self.instance, "config_schema", None)
        return schema

    @property
    def needs_section(self) -> bool:
        """Whether the plugin does nothing without a section of the configuration."""
        return getattr(self.instance, "needs_section", False) is True

    @property
    def counts_points(self) -> bool:
        """Whether the plugin is to see points, and to be asked again what orders are worth."""
        return getattr(self.instance, "counts_points", False) is True


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What a plugin does in a hook. `function` takes `(event, ctx)`, whatever the author asked for."""

    plugin: str
    hook: str
    function: HookFunction = field(repr=False)


class Plugins:
    """The plugins of one application, in the order in which they are called."""

    def __init__(
        self,
        loaded: tuple[LoadedPlugin, ...],
        implementations: Mapping[str, tuple[Implementation, ...]],
        parts: Parts,
        unknown_names: tuple[str, ...] = (),
    ) -> None:
        self.all = loaded
        self.parts = parts
        self.unknown_names = unknown_names
        """Names in `disabled` or `order` that no plugin has: perhaps misspelt, perhaps not installed here."""
        self._implementations = implementations

    @property
    def active(self) -> tuple[LoadedPlugin, ...]:
        """Those that take part."""
        return tuple(plugin for plugin in self.all if plugin.state is PluginState.ACTIVE)

    def implementations(self, hook: str) -> tuple[Implementation, ...]:
        """Return what active plugins do in `hook`, in order.

        Raises KeyError for a hook that this release does not have.
        """
        return self._implementations[hook]


def load_plugins(
    sources: Iterable[PluginSource], *, disabled: Collection[str] = (), order: Sequence[str] = ()
) -> Plugins:
    """Load the plugins that `sources` name. A plugin that cannot be used is listed with its error.

    Disabled ones are never imported. Raises PluginError where only a person can choose: two plugins of the
    same name, or that offer the same part.
    """
    sources = in_order(sources, order)
    refuse_same_names(source for source in sources if source.name not in disabled)
    manager = HookManager()
    loaded: list[LoadedPlugin] = []
    offers: list[tuple[PluginSource, Mapping[Key, object]]] = []
    for source in sources:
        if source.name in disabled:
            loaded.append(_listed(source, PluginState.DISABLED))
            continue
        try:
            plugin, parts = _load(manager, source)
        except _Unusable as error:
            loaded.append(_listed(source, error.state, error="\n".join(error.lines)))
            continue
        loaded.append(plugin)
        offers.append((source, parts))
    _refuse_clashes(offers)
    return Plugins(
        tuple(loaded),
        _implementations(manager, [plugin.name for plugin in loaded]),
        assembled((source.name, parts) for source, parts in offers),
        tuple(sorted({*disabled, *order} - {source.name for source in sources})),
    )


class _Unusable(Exception):
    """A plugin that is listed but takes no part."""

    def __init__(self, state: PluginState, *lines: str) -> None:
        self.state = state
        self.lines = lines
        super().__init__(*lines)


def _load(manager: HookManager, source: PluginSource) -> tuple[LoadedPlugin, Mapping[Key, object]]:
    try:
        return _admitted(manager, source)
    except _Unusable:
        raise
    except Exception as error:
        # An object can be so odd that it cannot be examined: a broken signature, an `__eq__` that raises.
        told = fault(error, package_of(type(source.obj)))
        raise _Unusable(
            PluginState.FAILED,
            f"{source.title}: examining it raised {told}; "
            f"mend it, or switch it off: {switch_off(source.name)}",
        ) from error


def _admitted(manager: HookManager, source: PluginSource) -> tuple[LoadedPlugin, Mapping[Key, object]]:
    """Import, check and register one plugin, in this order: what fails leaves nothing behind."""
    try:
        instance = load(source)
    except PluginError as error:
        raise _Unusable(PluginState.FAILED, str(error)) from error
    found = problems(manager, source.name, instance)
    if found:
        raise _Unusable(PluginState.REFUSED, *(f"{source.title}: {problem}" for problem in found))
    attributes = {each.hook: each.attribute for each in declared(manager, instance)}
    parts: dict[Key, object] = {}
    for hook in PART_HOOKS:
        if hook in attributes:
            parts.update(_offered(source, hook, getattr(instance, attributes[hook])))
    if instance == object():  # pluggy compares all plugins with each other, and others shall not suffer
        raise _Unusable(PluginState.REFUSED, f"{source.title}: it equals everything; mend its `__eq__`")
    twin = manager.get_name(instance)
    if twin is not None:
        raise _Unusable(
            PluginState.REFUSED,
            f"{source.title}: it is the same object as plugin {twin!r}, or equal to it; "
            "make an instance of its own for each name",
        )
    manager.register(instance, source.name)
    hooks = tuple(hook for hook in SPECIFICATIONS if hook in attributes)
    return _listed(source, PluginState.ACTIVE, hooks=hooks, instance=instance), parts


def _offered(source: PluginSource, hook: str, register: Callable[[], object]) -> Mapping[Key, object]:
    try:
        return offered(hook, register)
    except PluginError as error:
        raise _Unusable(PluginState.FAILED, f"{source.title}: {error}") from error
    except (Exception, SystemExit) as error:
        told = fault(error, package_of(register))
        raise _Unusable(
            PluginState.FAILED,
            f"{source.title}: {hook} raised {told}; mend it, or switch it off: {switch_off(source.name)}",
        ) from error


def _listed(
    source: PluginSource,
    state: PluginState,
    *,
    hooks: tuple[str, ...] = (),
    error: str = "",
    instance: object = None,
) -> LoadedPlugin:
    return LoadedPlugin(
        name=source.name,
        distribution=source.distribution,
        version=source.version,
        state=state,
        hooks=hooks,
        error=error,
        instance=instance,
    )


def _refuse_clashes(offers: Iterable[tuple[PluginSource, Mapping[Key, object]]]) -> None:
    first: dict[Key, PluginSource] = {}
    lines = []
    for source, parts in offers:
        for key in parts:
            other = first.setdefault(key, source)
            if other is not source:
                lines.append(
                    f"the {spelled(key)} is offered by {other.title} and by {source.title}. "
                    f"Switch one of them off: {switch_off(source.name)}, or {switch_off(other.name)}."
                )
    if lines:
        raise PluginError("\n".join(lines))


def _implementations(manager: HookManager, names: Sequence[str]) -> Mapping[str, tuple[Implementation, ...]]:
    """Sort what pluggy holds, last registered first, into the order of `names`."""
    return {
        hook: tuple(
            Implementation(
                plugin=each.plugin_name,
                hook=hook,
                function=_taking((*each.argnames, *each.kwargnames), each.function),
            )
            for each in sorted(
                getattr(manager.hook, hook).get_hookimpls(), key=lambda each: names.index(each.plugin_name)
            )
        )
        for hook in SPECIFICATIONS
    }


def _taking(names: tuple[str, ...], function: Callable[..., object]) -> HookFunction:
    """Return `function` as one of `(event, ctx)`; it may take either, both in any order, or none."""
    if names == ("event", "ctx"):
        return function

    @wraps(function)
    def call(event: object, ctx: Context) -> object:
        given = {"event": event, "ctx": ctx}
        return function(*(given[name] for name in names))

    return call
