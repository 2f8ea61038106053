"""Options of adapters, channels and plugins, checked by the schemas that these bring with them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from marshmallow import Schema, ValidationError

from aftercare_sdk.config.plain import thaw
from aftercare_sdk.config.problems import Problem, lines, of_schema, unknown_key
from aftercare_sdk.config.secrets import Secret

# No text of a configuration holds a NUL, so no option can be taken for one of these.
_STAND_IN = re.compile(r"\0secret (\d+)\0")


def validate_section(
    path: str, schema_class: type[Any] | None, raw: Mapping[str, Any], *, beside: Collection[str] = ()
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Read options with the schema of their owner; return them frozen, and a line for each problem.

    `path` is where they stand, such as `shops.main`; `beside` are the SDK's own keys there (`SHOP_KEYS`,
    `CHANNEL_KEYS`, `PLUGIN_KEYS`), among which a misspelt one is looked for. Without a schema there are no
    options. While the schema reads, a text stands in for each secret, so its field is a `fields.String`;
    the result has the `Secret` there, for `resolve_tree`. Use the result only if there are no problems.
    """
    read, problems = _read(schema_class, raw, beside)
    return read, lines(problems, below=path)


def _read(
    schema_class: type[Any] | None, raw: Mapping[str, Any], beside: Collection[str]
) -> tuple[Mapping[str, Any], list[Problem]]:
    nothing: Mapping[str, Any] = MappingProxyType({})
    if schema_class is None:
        return nothing, [Problem((key,), unknown_key(key, beside)) for key in raw]
    if not _is_schema(schema_class):
        return nothing, [_for_the_author("what describes these options is no marshmallow Schema class")]
    name = f"{schema_class.__module__}.{schema_class.__qualname__}"
    secrets: list[Secret] = []
    try:
        schema = schema_class()
        read = schema.load(_with_stand_ins(thaw(raw), secrets))
    except ValidationError as error:
        found = of_schema(error.messages, schema, beside=beside)
        return nothing, [replace(one, text=_STAND_IN.sub("(a secret)", one.text)) for one in found]
    except Exception as error:  # noqa: BLE001 - a schema is a plugin's code; its error must not stop the others
        return nothing, [_for_the_author(f"{name} failed on these options with {type(error).__name__}")]
    if not isinstance(read, Mapping):
        return nothing, [_for_the_author(f"{name} makes no mapping of these options")]
    try:
        return _with_secrets(read, secrets), []
    except ValueError:
        return nothing, [_for_the_author(f"{name} changes a secret; its field must be a plain fields.String")]


def _is_schema(offered: Any) -> bool:
    return isinstance(offered, type) and issubclass(offered, Schema)


def _for_the_author(wrong: str) -> Problem:
    return Problem((), f"{wrong}; its author must mend that")


def _with_stand_ins(value: Any, secrets: list[Secret]) -> Any:
    if isinstance(value, Secret):
        secrets.append(value)
        return f"\0secret {len(secrets) - 1}\0"
    if isinstance(value, dict):
        return {key: _with_stand_ins(below, secrets) for key, below in value.items()}
    if isinstance(value, list):
        return [_with_stand_ins(below, secrets) for below in value]
    return value


def _with_secrets(value: Any, secrets: list[Secret]) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _with_secrets(below, secrets) for key, below in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_with_secrets(below, secrets) for below in value)
    if isinstance(value, set | frozenset):
        return frozenset(_with_secrets(below, secrets) for below in value)
    if isinstance(value, str) and "\0" in value:
        stand_in = _STAND_IN.fullmatch(value)
        if stand_in is None:
            raise ValueError("a stand-in was changed")
        return secrets[int(stand_in[1])]
    return value
