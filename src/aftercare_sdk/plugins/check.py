"""Refuse what cannot work or would be ignored in silence, at registration, each with its cure."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

import pluggy

from aftercare_sdk.hookspecs import PROJECT, AftercareHooks

_LOOKS_LIKE_HOOK = re.compile(r"(on|register)_\w")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_TAKEN_NAMES = frozenset({"disabled", "order"})
"""What stands beside the sections of plugins under [plugins]."""


class HookManager(pluggy.PluginManager):
    """A pluggy manager that knows the hooks, and finds marks without running a plugin's properties."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self.add_hookspecs(AftercareHooks)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        # pluggy up to 1.6 reads every attribute of the plugin here.
        if not _is_function(inspect.getattr_static(plugin, name, None)):
            return None
        return super().parse_hookimpl_opts(plugin, name)


def _specifications() -> Mapping[str, tuple[str, ...]]:
    manager = HookManager()
    return MappingProxyType(
        {
            name: tuple(inspect.signature(function).parameters)[1:]
            for name, function in vars(AftercareHooks).items()
            if not name.startswith("_") and manager.parse_hookspec_opts(AftercareHooks, name) is not None
        }
    )


SPECIFICATIONS = _specifications()
"""The hooks of this release, and the parameters of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A marked function of a plugin: the attribute it stands under, the hook it says it implements."""

    attribute: str
    hook: str
    options: Mapping[str, Any]


def declared(manager: HookManager, plugin: object) -> tuple[Declared, ...]:
    """Return everything in `plugin` that is marked with `@hookimpl`."""
    found = []
    for name in _attributes(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is not None:
            hook = options.get("specname") or name
            found.append(Declared(attribute=name, hook=hook, options=MappingProxyType(dict(options))))
    return tuple(found)


def problems(manager: HookManager, name: str, plugin: object) -> tuple[str, ...]:
    """Return what is wrong with a plugin, one sentence and its cure each; none, if it can be registered."""
    return tuple(_problems(manager, name, plugin))


def _problems(manager: HookManager, name: str, plugin: object) -> Iterator[str]:
    if not _NAME.fullmatch(name) or name in _TAKEN_NAMES:
        yield (
            f"the name {name!r} cannot be a name of a section in aftercare.toml; "
            "use letters, digits, dots, - and _, at most 100, and neither disabled nor order"
        )
    if isinstance(plugin, type):
        yield (
            f"it is the class {plugin.__name__}, not an instance; "
            f"write `plugin = {plugin.__name__}()` in the module and name that `plugin`"
        )
        return
    marked = declared(manager, plugin)
    yield from _unmarked(plugin, {each.attribute for each in marked})
    for each in marked:
        definition = _definition(plugin, each.attribute)
        for problem in _implementation(plugin, each):
            yield f"hook {each.hook}, implemented by {definition}: {problem}"
    hooks = [each.hook for each in marked]
    for hook in dict.fromkeys(hooks):
        if hooks.count(hook) > 1:
            twice = " and ".join(each.attribute for each in marked if each.hook == hook)
            yield f"hook {hook}: implemented twice, by {twice}; make one function of them"
    if not hooks:
        yield f"it is {_described(plugin)} without a single hook; mark its functions with @hookimpl"
    yield from _settings(plugin)


def _unmarked(plugin: object, marked: Iterable[str]) -> Iterator[str]:
    """Find what pluggy would ignore in silence."""
    for name in _attributes(plugin):
        known = name in SPECIFICATIONS
        if name in marked or not (known or _LOOKS_LIKE_HOOK.match(name)):
            continue
        static = inspect.getattr_static(plugin, name)
        if static is None or static is vars(AftercareHooks).get(name):
            continue
        if isinstance(plugin, ModuleType) and getattr(static, "__module__", None) != plugin.__name__:
            continue  # imported from elsewhere
        if _is_function(static):
            yield (
                f"{_definition(plugin, name)} looks like a hook but is not marked, so it would never be "
                "called; put @hookimpl directly above its `def`, or begin its name with _ if it is none"
                + _did_you_mean(name)
            )
        elif known or callable(static):
            yield (
                f"{name} looks like a hook but is a {type(static).__name__}, not a function; "
                "write a method and mark it with @hookimpl, or begin its name with _ if it is no hook"
            )


def _implementation(plugin: object, mark: Declared) -> Iterator[str]:
    if mark.hook not in SPECIFICATIONS:
        if not mark.options.get("optionalhook"):
            yield (
                "there is no such hook" + _did_you_mean(mark.hook) + "; correct the name, or write "
                "@hookimpl(optionalhook=True) if only other releases of aftercare-sdk have it; this one has "
                + ", ".join(SPECIFICATIONS)
            )
        return
    if mark.options.get("wrapper") or mark.options.get("hookwrapper"):
        yield (
            "wrappers run around other plugins, and each plugin is called alone; "
            "implement the hook itself, without wrapper=True and hookwrapper=True"
        )
    if mark.options.get("tryfirst") or mark.options.get("trylast"):
        yield (
            "tryfirst and trylast have no effect; leave them out: whoever runs the shop orders the plugins, "
            "with `order = [...]` under [plugins] in aftercare.toml"
        )
    function, bound = _underlying(plugin, mark.attribute)
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        yield (
            "hooks are plain functions that perform nothing, so nothing can be awaited; "
            "write `def` instead of `async def`"
        )
    yield from _parameters(function, SPECIFICATIONS[mark.hook], bound=bound)


def _parameters(function: Callable[..., Any], allowed: tuple[str, ...], *, bound: bool) -> Iterator[str]:
    accepted = f"the parameters may be {', '.join(allowed)}" if allowed else "it takes no parameters"
    parameters = list(inspect.signature(function).parameters.values())
    if bound and (not parameters or parameters[0].name in allowed):
        yield "`self` is missing; write it as the first parameter"
        return
    for parameter in parameters[1:] if bound else parameters:
        if parameter.kind is parameter.KEYWORD_ONLY:
            yield (
                f"parameter {parameter.name} is keyword-only and would never be filled; "
                f"move it before the `*` ({accepted})"
            )
        elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield (
                f"parameter {parameter} would always be empty; name what you need ({accepted}), "
                "and use functools.wraps in decorators"
            )
        elif parameter.name not in allowed:
            yield f"the hook has no parameter {parameter.name}; leave it out ({accepted})"


def _settings(plugin: object) -> Iterator[str]:
    try:
        schema = getattr(plugin, "config_schema", None)
    except Exception as error:  # noqa: BLE001 - a property, which is code of the plugin
        yield f"reading config_schema raised {type(error).__name__}; make it a plain class attribute"
        return
    if schema is None:
        return
    from marshmallow import Schema  # imported only where a plugin has imported it already

    if isinstance(schema, type) and issubclass(schema, Schema):
        return
    if isinstance(schema, Schema):
        yield "config_schema is an instance of a marshmallow schema; give the class, without ()"
        return
    yield f"config_schema is {_described(schema)}; it must be a class derived from marshmallow.Schema"


def _attributes(plugin: object) -> tuple[str, ...]:
    """Return the names that the plugin itself defines; what it inherits from AftercareHooks are no hooks."""
    found: dict[str, None] = {}
    if not isinstance(plugin, ModuleType):
        for kind in type(plugin).__mro__:
            if kind not in (AftercareHooks, object):
                found.update(dict.fromkeys(vars(kind)))
    found.update(dict.fromkeys(getattr(plugin, "__dict__", ())))
    return tuple(sorted(name for name in found if not name.startswith("__")))


def _is_function(static: object) -> bool:
    return isinstance(static, (FunctionType, MethodType, staticmethod, classmethod))


def _underlying(plugin: object, name: str) -> tuple[Callable[..., Any], bool]:
    """Return the function behind an attribute, and whether its first parameter is filled already."""
    static: Any = inspect.getattr_static(plugin, name)
    if isinstance(static, staticmethod):
        return static.__func__, False
    if isinstance(static, (classmethod, MethodType)):
        return static.__func__, True
    return static, name not in getattr(plugin, "__dict__", ())


def _definition(plugin: object, name: str) -> str:
    function, _ = _underlying(plugin, name)
    try:
        signature = str(inspect.signature(function))
    except (TypeError, ValueError):
        signature = "(...)"
    owner = "" if isinstance(plugin, ModuleType) else f"{type(plugin).__name__}."
    return f"{owner}{name}{signature}"


def _described(thing: object) -> str:
    if isinstance(thing, ModuleType):
        return f"the module {thing.__name__}"
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    if isinstance(thing, FunctionType):
        return f"the function {thing.__name__}"
    return f"an object of type {type(thing).__name__}"


def _did_you_mean(name: str) -> str:
    close = get_close_matches(name, SPECIFICATIONS, n=1)
    return f" (did you mean {close[0]}?)" if close and close[0] != name else ""
