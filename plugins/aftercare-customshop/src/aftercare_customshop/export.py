"""The wire format as JSON Schemas (2020-12), made from the schemas that read it.

python -m aftercare_customshop.export > customshop.schema.json
python -m aftercare_customshop.export requests > customshop-requests.schema.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields

from aftercare_customshop.fields import Moment, Value
from aftercare_customshop.outgoing import ANSWERS, OUTGOING
from aftercare_customshop.translate import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a message of the shop."""
    return _messages(
        "A message of a custom shop to aftercare_sdk", {name: kind.data for name, kind in KINDS.items()}
    )


def request_schema() -> dict[str, Any]:
    """Return the JSON Schema of a message to the shop; what the shop answers stands in its `$defs`."""
    return _messages("A message of aftercare_sdk to a custom shop", OUTGOING, ANSWERS)


def exported(schema: Mapping[str, Any]) -> str:
    """Return the text of a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _messages(
    title: str, known: Mapping[str, type[Schema]], answers: Iterable[type[Schema]] = ()
) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    types: dict[type[Schema], list[str]] = {}
    for name, data in known.items():
        types.setdefault(data, []).append(name)
    for answer in answers:
        _reference(answer, definitions)
    return {
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"enum": list(known), "description": "What happened, or what is wanted."},
            "timestamp": Moment().json_schema() | {"description": "When it happened, or was asked."},
            "data": {"type": "object", "description": "What it is about."},
        },
        "allOf": [
            {
                "if": {"properties": {"type": {"enum": names}}, "required": ["type"]},
                "then": {"properties": {"data": _reference(data, definitions)}},
            }
            for data, names in types.items()
        ],
        "$defs": dict(sorted(definitions.items())),
    }


def _reference(schema: type[Schema], definitions: dict[str, Any]) -> dict[str, Any]:
    name = schema.__name__
    if name not in definitions:
        definitions[name] = {}  # a place for it, should it contain itself
        definitions[name] = _definition(schema, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _definition(schema: type[Schema], definitions: dict[str, Any]) -> dict[str, Any]:
    read = schema().load_fields
    made: dict[str, Any] = {"description": (schema.__doc__ or "").strip(), "type": "object"}
    if required := [name for name, field in read.items() if field.required]:
        made["required"] = required
    made["properties"] = {name: _described(field, definitions) for name, field in read.items()}
    return made


def _described(field: fields.Field[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    made = _read(field, definitions)
    if field.allow_none and "$ref" in made:
        made = {"anyOf": [made, {"type": "null"}]}
    elif field.allow_none:
        told = made["type"]
        made["type"] = [*told, "null"] if isinstance(told, list) else [told, "null"]
    about = field.metadata.get("description")
    return made | ({"description": about} if about else {})


def _read(field: fields.Field[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(field, Value):
        return field.json_schema()
    if isinstance(field, fields.List):
        return {"type": "array", "items": _read(field.inner, definitions)}
    if isinstance(field, fields.Nested):
        return _reference(type(field.schema), definitions)
    raise TypeError(f"the exporter does not know {type(field).__name__}; teach it, or make it a Value")


if __name__ == "__main__":
    sys.stdout.write(exported(request_schema() if sys.argv[1:] == ["requests"] else json_schema()))
