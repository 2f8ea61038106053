"""The wire format as a JSON Schema (2020-12), made from the schemas that read it.

python -m aftercare_customshop.export > customshop.schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from marshmallow import Schema, fields

from aftercare_customshop.fields import Moment, Value
from aftercare_customshop.translate import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a message."""
    definitions: dict[str, Any] = {}
    types: dict[type[Schema], list[str]] = {}
    for name, kind in KINDS.items():
        types.setdefault(kind.data, []).append(name)
    return {
        "$schema": DIALECT,
        "title": "A message of a custom shop to aftercare_sdk",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"enum": list(KINDS), "description": "What happened."},
            "timestamp": Moment().json_schema() | {"description": "When it happened."},
            "data": {"type": "object", "description": "What it happened to."},
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


def exported() -> str:
    """Return the text of the file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


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
    sys.stdout.write(exported())
