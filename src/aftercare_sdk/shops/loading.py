"""Reading payloads by a marshmallow schema, several times faster than the schema itself.

The schema stays what it is: the declaration of what a payload holds. `compiled` turns it, once, into a table
of fields in which every field knows the one Python type that its value usually has. Values of that type are
read at once. Whatever else comes is read by the field itself, and as soon as anything is wrong the whole
payload is read by `Schema.load`. So results and errors are always marshmallow's, whatever arrives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, fields, missing, pre_load, validate
from marshmallow.decorators import POST_LOAD, PRE_LOAD, VALIDATES, VALIDATES_SCHEMA


class Exact(NamedTuple):
    """How a field reads values that have exactly the type `kind`.

    `read` takes such a value and returns what the field's `_deserialize` would, or None to leave the value to
    that, which then has the say. It must be pure. No `read` at all: the value is taken as it is.
    """

    kind: type
    read: Callable[[Any], Any] | None = None


class Projection(Schema):
    """The part of a vendor's objects that is used; a base for schemas of payloads, instead of `Schema`.

    What is not declared is left out unread, and null is as good as missing: a required field is then missing,
    any other has its `load_default`.
    """

    # Has to be said by every schema: a parent's setting does not reach the schemas nested in it.
    class Meta:
        unknown = EXCLUDE

    @pre_load
    def null_is_missing(self, data: Any, **_: Any) -> Any:
        """Leave out what is null."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}


class Loader:
    """What `compiled` returns: `load` gives exactly what `schema.load` gives, or raises what that raises.

    `uncompiled` names the places that are read by marshmallow alone, each with the reason: "" is the whole
    payload, `lines.taxes` a schema nested in it. Later changes of the schema are not seen.
    """

    __slots__ = ("_read", "schema", "uncompiled")

    def __init__(self, schema: Schema) -> None:
        uncompiled: dict[str, str] = {}
        self.schema = schema
        self._read = _object(schema, schema.unknown, uncompiled, path="", around=())
        self.uncompiled: Mapping[str, str] = uncompiled

    def load(self, data: Any) -> Any:
        """Read `data`. Raises marshmallow's ValidationError."""
        if self._read is not None:
            try:
                return self._read(data)
            except Exception:  # noqa: BLE001, S110 - whatever it was, marshmallow repeats it or finds nothing wrong
                pass
        # Outside the handler, so that nothing of the first attempt hangs on the error of the second.
        return self.schema.load(data)


def compiled(schema: Schema) -> Loader:
    """Return a loader for `schema`; make it once, when the module is imported, not for each payload.

    Compiled are `String`, `Integer`, `Float`, `Boolean`, `Decimal`, `DateTime` and its kin, `Dict`, `Nested`,
    `List` and every field of your own with a method `exact(self) -> Exact`. All other fields are asked by
    `Field.deserialize`. A schema with `validates`, `validates_schema` or a `pre_load` other than that of
    `Projection` is read by marshmallow alone, and named in `uncompiled`.
    """
    return Loader(schema)


class _Surprise(Exception):
    """The payload is not what it usually is."""


_Read = Callable[[Any], Any]
_Otherwise = Callable[[Any, Any], Any]


# What is to be known of one field: where its value stands, where it goes to, the usual type and how that is
# read, and what reads all else. No named tuple: Python unpacks plain ones in half the time.
_Row = tuple[str, str, type, _Read | None, _Otherwise]


def _object(
    schema: Schema, unknown: Any, uncompiled: dict[str, str], *, path: str, around: tuple[type, ...]
) -> _Read | None:
    """Return what reads one object by `schema`, or raises; None if only the schema itself can do so."""
    obstacle = _obstacle(schema, unknown, around)
    if obstacle is not None:
        uncompiled[path] = obstacle
        return None
    load = _reading(
        _rows(schema, uncompiled, path=path, around=(*around, type(schema))), strict=unknown == RAISE
    )
    if not schema._hooks[POST_LOAD]:  # noqa: SLF001 - there is no public way to ask for hooks
        return load

    def load_and_finish(data: Any) -> Any:
        told = load(data)
        return schema._invoke_load_processors(  # noqa: SLF001 - the hooks run as in Schema.load
            POST_LOAD, told, many=False, original_data=data, partial=None, unknown=unknown
        )

    return load_and_finish


def _rows(
    schema: Schema, uncompiled: dict[str, str], *, path: str, around: tuple[type, ...]
) -> tuple[_Row, ...]:
    null_is_missing = bool(schema._hooks[PRE_LOAD])  # noqa: SLF001 - as above; it can be no other hook
    rows = []
    for name, field in schema.load_fields.items():
        key = name if field.data_key is None else field.data_key
        exact = _exact(field, uncompiled, path=f"{path}.{key}".lstrip("."), around=around)
        otherwise = _otherwise(field, key, null_is_missing=null_is_missing)
        rows.append((key, field.attribute or name, exact.kind, exact.read, otherwise))
    return tuple(rows)


def _reading(rows: tuple[_Row, ...], *, strict: bool) -> _Read:
    # A function generated for each schema, with all fields written out, was measured: 12 % faster, and
    # nobody can read it or set a breakpoint in it.
    known = frozenset(key for key, *_ in rows)

    def load(data: Any) -> Any:
        if type(data) is not dict or (strict and not data.keys() <= known):
            raise _Surprise
        get = data.get
        told: dict[str, Any] = {}
        for key, name, kind, read, otherwise in rows:
            value = get(key, missing)
            if type(value) is kind:
                if read is not None:
                    result = read(value)
                    if result is None:
                        result = otherwise(value, data)
                    told[name] = result
                else:
                    told[name] = value
            else:
                value = otherwise(value, data)
                if value is not missing:
                    told[name] = value
        return told

    return load


def _obstacle(schema: Schema, unknown: Any, around: tuple[type, ...]) -> str | None:
    """Say why `schema` cannot be compiled, if so."""
    kind = type(schema)
    if kind in around:
        return "the schema nests itself"
    for name in ("load", "_do_load", "_deserialize", "dict_class"):
        if getattr(kind, name) is not getattr(Schema, name):
            return f"the schema has a {name} of its own"
    if schema.many or schema.partial is not None:
        return "the schema loads many or partial objects"
    if unknown == INCLUDE:
        return "the schema includes what is unknown"
    hooks = schema._hooks  # noqa: SLF001
    if hooks[VALIDATES] or hooks[VALIDATES_SCHEMA]:
        return "the schema has validators of its own"
    projection = getattr(kind, "null_is_missing", None) is Projection.null_is_missing
    if hooks[PRE_LOAD] and not (projection and len(hooks[PRE_LOAD]) == 1):
        return "the schema has a pre_load of its own"
    if any("." in (field.attribute or name) for name, field in schema.load_fields.items()):
        return "an attribute with a dot"
    return None


def _otherwise(field: fields.Field[Any], key: str | None, *, null_is_missing: bool) -> _Otherwise:
    """Return what reads the values that a field does not read at once: it asks the field."""
    deserialize = field.deserialize
    # Most of what is not there is optional, and asking marshmallow for a default costs as much as a value.
    plain = _inherits(field, "deserialize", "_validate_missing")
    optional = plain and not field.required
    nullable = plain and field.allow_none and not getattr(field, "pre_load", ())
    default = field.load_default
    make = default if callable(default) else lambda: default

    def otherwise(value: Any, data: Any) -> Any:
        if value is None:
            if null_is_missing:
                value = missing
            elif nullable:
                return None
        if value is missing and optional:
            return make()
        return deserialize(value, key, data)

    return otherwise


def _inherits(field: fields.Field[Any], *names: str) -> bool:
    return all(getattr(type(field), name) is getattr(fields.Field, name) for name in names)


_NOTHING = Exact(type("_Nothing", (), {}))
"""The type that no value has."""


def _exact(
    field: fields.Field[Any], uncompiled: dict[str, str], *, path: str, around: tuple[type, ...]
) -> Exact:
    """Return how `field` reads values of its usual type, its validators and hooks included."""
    # `pre_load` and `post_load` of fields came with marshmallow 4.3.
    if getattr(field, "pre_load", ()) or not _inherits(field, "deserialize", "_validate", "_validate_all"):
        return _NOTHING
    if type(field) is fields.Nested:
        exact = _nested(field, uncompiled, path=path, around=around)
    elif type(field) is fields.List:
        exact = _list(field, uncompiled, path=path, around=around)
    elif type(field) in _BUILT_IN:
        exact = _BUILT_IN[type(field)](field)
    else:
        exact = _own(field)
    return _checked(exact, tuple(field.validators), tuple(getattr(field, "post_load", ())))


def _checked(
    exact: Exact, validators: tuple[Callable[[Any], Any], ...], finish: tuple[Callable[[Any], Any], ...]
) -> Exact:
    if not validators and not finish:
        return exact
    kind, read = exact
    if read is None and not finish and len(validators) == 1 and type(validators[0]) is validate.Range:
        return Exact(kind, _within(validators[0]))

    def checked(value: Any) -> Any:
        if read is not None:
            value = read(value)
            if value is None:
                return None
        for validator in validators:
            validator(value)
        for function in finish:
            value = function(value)
        return value

    return Exact(kind, checked)


def _within(bounds: validate.Range) -> _Read:
    lowest, highest = bounds.min, bounds.max
    if lowest is None or highest is None or not (bounds.min_inclusive and bounds.max_inclusive):
        return bounds
    return lambda value: value if lowest <= value <= highest else None


def _own(field: fields.Field[Any]) -> Exact:
    """Return what a field of somebody's own offers, unless a subclass reads in another way since."""
    for kind in type(field).__mro__:
        if "exact" in vars(kind):
            exact: Exact = field.exact()  # type: ignore[attr-defined]
            return exact
        if "_deserialize" in vars(kind):
            break
    return _NOTHING


def _nested(
    field: fields.Nested, uncompiled: dict[str, str], *, path: str, around: tuple[type, ...]
) -> Exact:
    schema = field.schema
    read = _object(schema, field.unknown or schema.unknown, uncompiled, path=path, around=around)
    return _NOTHING if read is None else Exact(dict, read)


def _list(
    field: fields.List[Any], uncompiled: dict[str, str], *, path: str, around: tuple[type, ...]
) -> Exact:
    kind, read = _exact(field.inner, uncompiled, path=path, around=around)
    otherwise = _otherwise(field.inner, None, null_is_missing=False)

    def load(values: list[Any]) -> list[Any]:
        told = []
        for value in values:
            result = None
            if type(value) is kind:
                result = value if read is None else read(value)
            told.append(otherwise(value, None) if result is None else result)
        return told

    return Exact(list, load)


def _boolean(field: fields.Boolean) -> Exact:
    usual = True in field.truthy and False in field.falsy and False not in field.truthy
    return Exact(bool) if usual else _NOTHING


def _decimal(field: fields.Decimal) -> Exact:
    if field.places is not None:
        return _NOTHING

    def read(value: str) -> Decimal | None:
        number = Decimal(value)
        return number if number.is_finite() else None

    return Exact(str, read)


def _moment(field: fields.DateTime) -> Exact:
    parse = field.DESERIALIZATION_FUNCS.get(field.format or field.DEFAULT_FORMAT)
    if parse is None:
        return _NOTHING
    if type(field) is fields.DateTime:
        return Exact(str, parse)
    aware = type(field) is fields.AwareDateTime

    def read(value: str) -> Any:
        moment = parse(value)
        return moment if (moment.utcoffset() is not None) is aware else None

    return Exact(str, read)


def _dict(field: fields.Dict) -> Exact:
    return _NOTHING if field.key_field or field.value_field else Exact(dict, dict)


_BUILT_IN: Mapping[type, Callable[[Any], Exact]] = {
    fields.String: lambda _: Exact(str),
    fields.Integer: lambda _: Exact(int),
    fields.Float: lambda _: Exact(float, lambda value: value if math.isfinite(value) else None),
    fields.Boolean: _boolean,
    fields.Decimal: _decimal,
    fields.DateTime: _moment,
    fields.AwareDateTime: _moment,
    fields.NaiveDateTime: _moment,
    fields.Dict: _dict,
}
"""By exact type: a subclass may read in another way."""
