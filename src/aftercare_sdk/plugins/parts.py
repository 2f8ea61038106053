"""Collect what plugins offer at start: adapters, channels, templates, flows and commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from aftercare_sdk.errors import PluginError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.console import CommandGroup
from aftercare_sdk.model.flows import Anchor, Flow
from aftercare_sdk.model.messages import ChannelType, Template
from aftercare_sdk.model.shops import AdapterType
from aftercare_sdk.plugins.fields import (
    ENTRIES_LIMIT,
    REASON_LIMIT,
    SOURCE_LIMIT,
    Check,
    Unfit,
    function,
    kind_of,
    member,
    one_of,
    optional,
    span,
    text,
)

MOST_PARTS = 1_000

Key = tuple[str, ...]
"""What makes a part unique, its kind first: `("channel", "email")`, `("template", "thanks", "ja")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that active plugins offer, by name; templates by name and locale.

    `given_by` says which plugin gave a part: `given_by["template", "thanks", "ja"]`.
    """

    adapters: Mapping[str, AdapterType] = field(default_factory=dict)
    channels: Mapping[str, ChannelType] = field(default_factory=dict)
    templates: Mapping[tuple[str, str], Template] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    commands: Mapping[str, CommandGroup] = field(default_factory=dict)
    given_by: Mapping[Key, str] = field(default_factory=dict)


def schema(value: object) -> type[Any]:
    """Check a marshmallow schema class."""
    from marshmallow import Schema  # imported only where a plugin has imported it already

    if not (isinstance(value, type) and issubclass(value, Schema)):
        raise Unfit(f"must be a class derived from marshmallow.Schema, not {kind_of(value)}")
    return value


def samples(value: object) -> Mapping[str, Callable[..., Any] | str]:
    """Check what tells an adapter's facts on request: functions, or sentences that say why there is none."""
    if not isinstance(value, Mapping):
        raise Unfit(f"must be a mapping of str to functions, not {kind_of(value)}")
    copied: dict[str, Callable[..., Any] | str] = {}
    for kind, sample in islice(value.items(), ENTRIES_LIMIT):
        try:
            copied[_SAMPLE_NAME(kind)] = _SENTENCE(sample) if isinstance(sample, str) else function(sample)
        except Unfit as problem:
            raise Unfit(f"must map str to functions or sentences: one {problem}") from None
    return MappingProxyType(copied)


def command_name(value: object) -> str:
    """Check the word under which `aftercare` finds a group of commands."""
    name: str = _SAMPLE_NAME(value)
    if not _WORD.fullmatch(name):
        raise Unfit("must be one word in small letters, such as woocommerce")
    return name


_WORD = re.compile(r"[a-z][a-z0-9-]*")
_SAMPLE_NAME = text()
_SENTENCE = text(REASON_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One kind of part: how it is called, what it is, and which of its fields name it."""

    word: str
    type: type[Any]
    checks: Mapping[str, Check]
    named_by: tuple[str, ...] = ("name",)

    def key(self, part: object) -> Key:
        return (self.word, *(getattr(part, name) for name in self.named_by))


_BUILT: Mapping[str, Check] = {"name": text(), "build": function, "options": optional(schema)}
_KINDS: Mapping[str, _Kind] = {
    "register_adapters": _Kind(word="adapter", type=AdapterType, checks={**_BUILT, "samples": samples}),
    "register_channels": _Kind(word="channel", type=ChannelType, checks={**_BUILT, "medium": command_name}),
    "register_commands": _Kind(
        word="command", type=CommandGroup, checks={"name": command_name, "build": function}
    ),
    "register_templates": _Kind(
        word="template",
        type=Template,
        checks={
            "name": text(),
            "locale": text(),
            "subject": text(SOURCE_LIMIT),
            "text": text(SOURCE_LIMIT, empty=True),
            "html": text(SOURCE_LIMIT, empty=True),
        },
        named_by=("name", "locale"),
    ),
    "register_flows": _Kind(
        word="flow",
        type=Flow,
        checks={
            "name": text(),
            "anchor": member(Anchor),
            "template": text(),
            "purpose": member(Purpose),
            "reason": text(REASON_LIMIT),
            "delay": span,
            "window": optional(span),
            "once_per": optional(span),
            "channel": text(),
        },
    ),
}
PART_HOOKS = tuple(_KINDS)


def offered(hook: str, register: Callable[[], object]) -> dict[Key, object]:
    """Call one `register_*` implementation and return the sound parts that it offers.

    Raises PluginError, without saying whose it is, for nonsense; what the plugin raises passes through.
    """
    kind = _KINDS[hook]
    answer = register()
    if answer is None:
        return {}
    if isinstance(answer, (str, bytes, Mapping)) or not isinstance(answer, Iterable):
        raise PluginError(f"{hook} returned a {kind_of(answer)}; return a list of {kind.type.__name__}")
    check = one_of({kind.type: kind.checks})
    parts: dict[Key, object] = {}
    for number, item in enumerate(islice(answer, MOST_PARTS + 1), start=1):
        if number > MOST_PARTS:
            raise PluginError(f"{hook} offers more than {MOST_PARTS:,} parts; does its loop end?")
        try:
            part = check(item)
        except Unfit as problem:
            raise PluginError(f"{hook}, item {number}: {problem}") from None
        key = kind.key(part)
        if key in parts:
            raise PluginError(f"{hook} offers the {spelled(key)} twice; leave one out")
        parts[key] = part
    return parts


def assembled(offers: Iterable[tuple[str, Mapping[Key, object]]]) -> Parts:
    """Return the parts of all plugins, `(plugin, parts)` each, of which no two have the same key."""
    by_kind: dict[str, dict[Any, Any]] = {kind.word: {} for kind in _KINDS.values()}
    given_by: dict[Key, str] = {}
    for plugin, parts in offers:
        for key, part in parts.items():
            kind, *name = key
            by_kind[kind][name[0] if len(name) == 1 else tuple(name)] = part
            given_by[key] = plugin
    return Parts(
        adapters=MappingProxyType(by_kind["adapter"]),
        channels=MappingProxyType(by_kind["channel"]),
        templates=MappingProxyType(by_kind["template"]),
        flows=MappingProxyType(by_kind["flow"]),
        commands=MappingProxyType(by_kind["command"]),
        given_by=MappingProxyType(given_by),
    )


def spelled(key: Key) -> str:
    """Return the name of a part for messages: `template 'thanks' 'ja'`."""
    kind, *name = key
    return " ".join((kind, *map(repr, name)))
