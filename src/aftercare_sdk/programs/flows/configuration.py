"""The section `[plugins.flows]` of aftercare.toml: which flows run, and how.

    [plugins.flows.thank-you]           # a preset runs when it is named here
    delay = "2h"

    [plugins.flows.welcome]             # a flow of the shop's own
    anchor = "delivery"
    template = "welcome"
    purpose = "service"
    delay = "1 day"

Lengths of time are written as `aftercare_sdk.model.durations` reads them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields, post_load, validate

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.durations import parse_duration
from aftercare_sdk.model.flows import Anchor, Flow

SECTION = "plugins.flows"
LANGUAGES = ("ja", "en")
_OWN_FLOW = ("anchor", "template", "purpose")
_SETTINGS = (*_OWN_FLOW, "channel", "delay", "window", "once_per")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTable:
    """One table of the section. None means "as in the preset"; `once_per` of zero means every time."""

    enabled: bool = True
    anchor: Anchor | None = None
    template: str | None = None
    purpose: Purpose | None = None
    channel: str | None = None
    delay: timedelta | None = None
    window: timedelta | None = None
    once_per: timedelta | None = None


class Parts(Protocol):
    """What is there to be used: registered templates and flows, and the names of the configured channels."""

    @property
    def templates(self) -> Collection[tuple[str, str]]:
        """Name and locale of every template."""

    @property
    def channels(self) -> Collection[str]:
        """The names under `[channels]`."""

    @property
    def flows(self) -> Mapping[str, Flow]:
        """The presets of all plugins."""

    @property
    def adverts(self) -> Mapping[str, Sequence[object]]:
        """What advertises in templates, in words and with its place, by their names (LAW-02)."""


class Duration(fields.Field[timedelta]):
    """A length of time, such as "1h" or "3 days"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> timedelta:
        if not isinstance(value, str):
            raise ValidationError('write a length of time with its unit, in quotes, such as "3 days"')
        try:
            return parse_duration(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class _TableSchema(Schema):
    error_messages = {"unknown": f"there is no such setting; there are enabled, {', '.join(_SETTINGS)}"}  # noqa: RUF012 - marshmallow's place for it

    class Meta:
        unknown = RAISE

    enabled = fields.Boolean(truthy={True}, falsy={False})
    anchor = fields.Enum(Anchor, by_value=True)
    template = fields.String(validate=validate.Length(min=1))
    purpose = fields.Enum(Purpose, by_value=True)
    channel = fields.String(validate=validate.Length(min=1))
    delay = Duration()
    window = Duration(
        validate=validate.Range(
            min=timedelta(0),
            min_inclusive=False,
            error="must be longer than nothing; to stop, enabled = false",
        )
    )
    once_per = Duration()

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> FlowTable:
        return FlowTable(**data)


class FlowsSchema(Schema):
    """The section as a mapping from flow names to `FlowTable`; errors come by flow and setting."""

    class Meta:
        unknown = INCLUDE

    @post_load
    def _read_tables(self, data: dict[str, Any], **_: Any) -> dict[str, FlowTable]:
        tables: dict[str, FlowTable] = {}
        problems: dict[str, Any] = {}
        # marshmallow hands on unknown names, which these all are, in the random order of a set.
        for name, table in sorted(data.items()):
            try:
                tables[name] = _read_table(name, table)
            except ValidationError as error:
                problems[name] = error.messages
        if problems:
            raise ValidationError(problems)
        return tables


def configured(presets: Iterable[Flow], config: Mapping[str, FlowTable]) -> tuple[Flow, ...]:
    """Return the flows that run, by name: what the section names and does not switch off.

    Nothing runs that the shop has not named. A table that is no preset and does not say what it needs to is
    left out here, and reported by `problems`.
    """
    by_name = {preset.name: preset for preset in presets}
    flows = (
        _combined(name, table, by_name.get(name)) for name, table in sorted(config.items()) if table.enabled
    )
    return tuple(flow for flow in flows if flow is not None)


def problems(config: Mapping[str, FlowTable], parts: Parts) -> Iterator[str]:
    """Yield what is wrong with a section that was read, given what there is; each with path and cure."""
    for name, table in sorted(config.items()):
        path = f"{SECTION}.{name}"
        preset = parts.flows.get(name)
        if preset is None and (missing := [it for it in _OWN_FLOW if getattr(table, it) is None]):
            yield f"{path}: {_no_such_flow(name, missing, parts.flows)}"
            continue
        flow = _combined(name, table, preset)
        if flow is None or not table.enabled:
            continue
        languages = [it for it in LANGUAGES if (flow.template, it) not in parts.templates]
        if languages:
            yield f"{path}.template: {_no_template(flow.template, languages, parts.templates)}"
        adverts = parts.adverts.get(flow.template, ())
        if adverts and flow.purpose is not Purpose.MARKETING:
            yield f"{path}.purpose: {_advertises(flow.purpose, adverts)}"
        if flow.channel not in parts.channels:
            cure = _did_you_mean(flow.channel, parts.channels) or f"; add a section [channels.{flow.channel}]"
            yield f"{path}.channel: there is no channel {flow.channel!r}{cure}"


def _read_table(name: str, table: object) -> FlowTable:
    if not isinstance(table, Mapping):
        raise ValidationError(f"write a table, [{SECTION}.{name}], to switch the flow on or change it")
    loaded: FlowTable = _TableSchema().load(dict(table))
    return loaded


def _combined(name: str, table: FlowTable, preset: Flow | None) -> Flow | None:
    """Return the preset with what the table says, or the table alone if it says all that is needed."""
    told = {setting: value for setting in _SETTINGS if (value := getattr(table, setting)) is not None}
    if preset is not None:
        flow = replace(preset, **told)
    elif all(setting in told for setting in _OWN_FLOW):
        flow = Flow(name=name, reason=f"write to the customer after the {told['anchor'].value}", **told)
    else:
        return None
    return replace(flow, once_per=flow.once_per or None)


def _no_such_flow(name: str, missing: Iterable[str], presets: Mapping[str, Flow]) -> str:
    cure = _did_you_mean(name, presets)
    return f"there is no preset {name!r}{cure}; a flow of your own must also say {', '.join(missing)}"


def _no_template(template: str, languages: Iterable[str], known: Collection[tuple[str, str]]) -> str:
    cure = _did_you_mean(template, {name for name, _ in known} - {template})
    files = ", ".join(f"{language}/{template}.{{subject,txt,html}}.liquid" for language in languages)
    return (
        f"there is no template {template!r} in {' and '.join(languages)}{cure}; add {files} to your templates"
    )


def _advertises(purpose: Purpose, adverts: Iterable[object]) -> str:
    places = "; ".join(map(str, adverts))
    return (
        f'"{purpose.value}" is not for templates that advertise: {places}; '
        'make it purpose = "marketing" or take that out of the template (LAW-02)'
    )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
