from __future__ import annotations

import copy
import random
from collections import ChainMap, Counter, OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import (
    EXCLUDE,
    INCLUDE,
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_load,
    validate,
    validates,
    validates_schema,
)

from aftercare_customshop import samples as custom_samples
from aftercare_customshop import schemas as custom
from aftercare_customshop.translate import KINDS
from aftercare_sdk.shops.loading import Exact, Loader, Projection, compiled
from aftercare_sdk.shops.parsing import parse
from aftercare_woocommerce import samples as woo_samples
from aftercare_woocommerce import schemas as woo

# A busy machine is slow, which is nobody's mistake here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Upper(fields.Field):
    """A field of somebody's own that knows nothing of compiling."""

    default_error_messages = {"invalid": "Not a name."}  # noqa: RUF012 - marshmallow's own convention

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, str) or not value.isalpha():
            raise self.make_error("invalid")
        return value.upper()


class FastUpper(Upper):
    """The same, and it says how it reads what it usually gets."""

    def exact(self):
        return Exact(str, lambda value: value.upper() if value.isalpha() else None)


class Lower(FastUpper):
    """Reads in another way than the field it inherits from, whose `exact` no longer holds."""

    def _deserialize(self, value, attr, data, **kwargs):
        return super()._deserialize(value, attr, data, **kwargs).lower()


class Loud(FastUpper):
    """Does more than its `exact` knows of, in a method that a field seldom has."""

    def deserialize(self, value, attr=None, data=None, **kwargs):
        return f"{super().deserialize(value, attr, data, **kwargs)}!"


class WithSibling(fields.Field):
    """A field that looks at the whole object and at the name it stands under."""

    def _deserialize(self, value, attr, data, **kwargs):
        return (attr, value, sorted(map(repr, data)))


class Trimmed(fields.String):
    """A text whose own `deserialize` takes nothing for an empty one."""

    def deserialize(self, value, attr=None, data=None, **kwargs):
        return super().deserialize(value, attr, data, **kwargs).strip() if value is not None else ""


def not_seven(value):
    """Refuse the number seven."""
    if value == 7:
        raise ValidationError("Not seven.")


@dataclass(frozen=True)
class Point:
    x: int
    y: int


class PointSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    x = fields.Integer(required=True, strict=True)
    y = fields.Integer(load_default=0)

    @post_load
    def made(self, data, **_):
        if data["x"] == 13:
            raise ValidationError("Bad luck.", "x")
        return Point(**data)


class Strict(Schema):
    """Refuses what it does not know, which is marshmallow's default."""

    name = fields.String(required=True)
    count = fields.Integer(load_default=1, validate=validate.Range(0, 100))


class Open(Schema):
    class Meta:
        unknown = INCLUDE

    name = fields.String()


class Small(Schema):
    class Meta:
        unknown = EXCLUDE

    low = fields.Integer(load_default=0)

    @validates("low")
    def _small(self, value, data_key):
        if value > 100:
            raise ValidationError("Too much.")


class Checked(Schema):
    class Meta:
        unknown = EXCLUDE

    low = fields.Integer(load_default=0)
    high = fields.Integer(load_default=9)

    @validates_schema
    def _ordered(self, data, **_):
        if data["low"] > data["high"]:
            raise ValidationError("The wrong way round.")


class Renaming(Projection):
    name = fields.String(required=True)

    @pre_load
    def _old_name(self, data, **_):
        return {"name": data["title"]} if isinstance(data, dict) and "title" in data else data


class Told(Projection):
    """Null is as good as missing."""

    name = fields.String(required=True)
    note = fields.String(load_default="")
    raw = fields.Raw(load_default="nothing")
    maybe = fields.String(allow_none=True, load_default="not told")
    tags = fields.List(fields.String(allow_none=True), load_default=list)


class Tree(Schema):
    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True)
    below = fields.List(fields.Nested(lambda: Tree()))  # noqa: PLW0108 - Tree does not exist yet


class Everything(Schema):
    """A field of each kind, with each of the options that fields have."""

    class Meta:
        unknown = EXCLUDE

    text = fields.String(required=True)
    text_null = fields.String(allow_none=True)
    text_long = fields.String(validate=[validate.Length(2, 5), validate.Regexp("[a-z]*")], load_default="xx")
    email = fields.Email()
    url = fields.Url(load_default=None)
    uid = fields.UUID()
    choice = fields.String(validate=validate.OneOf(["a", "b"]))
    integer = fields.Integer(required=True)
    integer_strict = fields.Integer(strict=True, validate=validate.Range(1, 2**63 - 1))
    integer_open = fields.Integer(validate=[validate.Range(min=0, min_inclusive=False), not_seven])
    real = fields.Float(load_default=0.5)
    real_any = fields.Float(allow_nan=True)
    decimal = fields.Decimal(load_default=Decimal(1))
    decimal_places = fields.Decimal(places=2)
    decimal_any = fields.Decimal(allow_nan=True)
    decimal_range = fields.Decimal(validate=validate.Range(Decimal(0), Decimal(10)))
    flag = fields.Boolean()
    flag_own = fields.Boolean(truthy={"ja"}, falsy={"nein"})
    moment = fields.DateTime()
    moment_aware = fields.AwareDateTime(allow_none=True)
    moment_default = fields.AwareDateTime(default_timezone=UTC)
    moment_naive = fields.NaiveDateTime()
    moment_utc = fields.NaiveDateTime(timezone=UTC)
    moment_rfc = fields.DateTime(format="rfc")
    moment_format = fields.DateTime(format="%Y/%m/%d")
    moment_stamp = fields.DateTime(format="timestamp")
    day = fields.Date()
    time = fields.Time()
    duration = fields.TimeDelta()
    mapping = fields.Dict()
    mapping_of = fields.Dict(fields.String(), fields.Integer(allow_none=True))
    raw = fields.Raw(required=True, allow_none=True)
    constant = fields.Constant("always")
    pair = fields.Tuple((fields.String(), fields.Integer()))
    renamed = fields.String(data_key="old-name", attribute="new_name")
    dotted = fields.String(data_key="a.b")
    written = fields.String(dump_only=True)
    prepared = fields.String(pre_load=[repr])
    processed = fields.String(post_load=[str.strip, str.title])
    finished = fields.Integer(post_load=lambda value: None if value == 1 else value + 1)
    upper = Upper()
    fast = FastUpper(load_default=None, validate=validate.Length(max=3))
    lower = Lower()
    loud = Loud()
    sibling = WithSibling()
    trimmed = Trimmed()
    made = fields.List(fields.Integer(), load_default=list)
    lists = fields.List(fields.List(fields.String(allow_none=True)), allow_none=True)
    uppers = fields.List(FastUpper(), validate=validate.Length(max=2))
    strict = fields.Nested(Strict)
    strict_open = fields.Nested(Strict, unknown=INCLUDE)
    strict_loose = fields.Nested(Strict, unknown=EXCLUDE)
    only = fields.Nested(Strict, only=("name",), allow_none=True)
    pluck = fields.Pluck(Strict, "name")
    many = fields.Nested(Strict, many=True)
    point = fields.Nested(PointSchema, load_default=Point(0, 0))
    points = fields.List(fields.Nested(PointSchema))
    small = fields.Nested(Small)
    checked = fields.Nested(Checked)
    renaming = fields.Nested(Renaming)
    told = fields.Nested(Told)
    tolds = fields.List(fields.Nested(Told), required=True)
    tree = fields.Nested(Tree)


GOOD = {
    "text": "a",
    "text_null": None,
    "text_long": "abc",
    "email": "hana@example.jp",
    "url": "https://shop.example",
    "uid": "6f6b1f5e-7d4a-4c39-9a4e-1f8b1a0c2d3e",
    "choice": "a",
    "integer": 3,
    "integer_strict": 5,
    "integer_open": 8,
    "real": 2.5,
    "real_any": 2.5,
    "decimal": "12.50",
    "decimal_places": "12.505",
    "decimal_any": "1",
    "decimal_range": "9.99",
    "flag": True,
    "flag_own": "ja",
    "moment": "2026-04-01T09:00:00",
    "moment_aware": "2026-04-01T09:00:00+09:00",
    "moment_default": "2026-04-01T09:00:00",
    "moment_naive": "2026-04-01T09:00:00",
    "moment_utc": "2026-04-01T09:00:00+09:00",
    "moment_rfc": "Wed, 01 Apr 2026 09:00:00 +0900",
    "moment_format": "2026/04/01",
    "moment_stamp": 1775000000,
    "day": "2026-04-01",
    "time": "09:00",
    "duration": 60,
    "mapping": {"a": 1},
    "mapping_of": {"a": 1, "b": None},
    "raw": [1, {"a": 2}],
    "constant": "never",
    "pair": ["a", 1],
    "old-name": "b",
    "a.b": "c",
    "written": "x",
    "prepared": "word",
    "processed": " word ",
    "finished": 1,
    "upper": "abc",
    "fast": "abc",
    "lower": "ABC",
    "loud": "abc",
    "sibling": 1,
    "trimmed": " a ",
    "made": [1, 2],
    "lists": [["a", None], []],
    "uppers": ["a", "b"],
    "strict": {"name": "a"},
    "strict_open": {"name": "a", "more": 1},
    "strict_loose": {"name": "a", "more": 1, "count": 2},
    "only": {"name": "a"},
    "pluck": "a",
    "many": [{"name": "a"}, {"name": "b", "count": 2}],
    "point": {"x": 1, "y": 2},
    "points": [{"x": 1}, {"x": 2, "y": 3}],
    "small": {"low": 1},
    "checked": {"low": 1},
    "renaming": {"title": "a"},
    "told": {"name": "a", "note": None, "raw": None, "maybe": None, "tags": [None, "x"]},
    "tolds": [{"name": "a"}, {"name": "b", "tags": None}],
    "tree": {"name": "a", "below": [{"name": "b", "below": []}]},
    "unknown": {"left": "out"},
}


class Text(str):
    __slots__ = ()


class Number(int):
    pass


ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    13,
    2**63,
    2**70,
    10**400,
    1.5,
    -0.0,
    float("nan"),
    float("inf"),
    Decimal("1.50"),
    Decimal("NaN"),
    Decimal("1E+999"),
    "",
    " ",
    "1",
    " 1 ",
    "-0",
    "1_0",
    "1.5",
    "1e5",
    "1e999",
    "１２",  # digits that int() takes
    "9" * 400,
    "NaN",
    "sNaN",
    "Infinity",
    "true",
    "ja",
    "abc",
    "ABC",
    "a\nb",
    "\x00",
    "\ud800",
    "ß",
    "<b>x</b> &amp;",
    "2026-04-01",
    "20260401T090000Z",
    "2026-W14-3",
    "2026-02-30T00:00:00",
    "2026-04-01T09:00:00",
    "2026-04-01T09:00:00Z",
    "2026-04-01T09:00:00.123456789+09:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    datetime(2026, 4, 1, tzinfo=UTC),
    datetime(2026, 4, 1),  # noqa: DTZ001 - a naive one is the point
    b"abc",
    b"\xff",
    Text("abc"),
    Number(5),
    [],
    {},
    [None],
    [[]],
    [{}],
    (1, 2),
    ("a", 1),
    {"id": {}},
    {"name": "a"},
    {"x": 13},
    {1: 2},
    OrderedDict(name="a", x=1),
    ChainMap({"name": "a"}),
)


def outcome(load, data):
    """Return all there is to know of a result or of an error: types, order of keys, exponents and all."""
    try:
        return repr(load(data))
    except ValidationError as error:
        return f"{error.messages!r} {error.valid_data!r} {error.__context__!r}"
    except Exception as error:  # noqa: BLE001 - a field's own mistake comes out as well
        return repr(error)


def paths(value, path=()):
    """Give the path of everything inside a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from paths(below, (*path, key))


def damaged(rng, seed):
    """Return a copy of `seed` in which up to four things are missing, odd, or something else of it."""
    data = copy.deepcopy(seed)
    for _ in range(rng.randint(1, 4)):
        places = [path for path in paths(data) if path]
        if not places:
            break
        *above, last = rng.choice(places)
        parent = data
        for key in above:
            parent = parent[key]
        kind = rng.random()
        if kind < 0.25:
            del parent[last]
        elif kind < 0.9:
            parent[last] = copy.deepcopy(rng.choice(ODD))
        else:
            *above, other = rng.choice(places)
            source = data
            for key in above:
                source = source[key]
            parent[last] = copy.deepcopy(source[other])
    return data


@cache
def loaders():
    """Return the schemas of both adapters and those above, each with payloads it is made for."""
    told = [parse(each.request.body) for each in woo_samples.webhooks() if each.request.body[:1] == b"{"]
    orders = [each for each in told if "line_items" in each and "billing" in each]
    refunds = parse(dict(woo_samples.recordings("rest"))["orders-refunds-of-order"]["body_text"].encode())
    pairs = [
        (woo.ORDER, orders),
        (woo.CUSTOMER, [each for each in told if "username" in each and "role" in each]),
        (woo.PRODUCT, [each for each in told if "permalink" in each]),
        (woo.REFUND, refunds),
        (woo.STUB, told),
        (compiled(Everything()), [GOOD]),
        (compiled(Strict()), [GOOD["strict_loose"], GOOD["strict"]]),
        (compiled(Told()), [GOOD["told"]]),
        (compiled(PointSchema()), [GOOD["point"]]),
        (compiled(Checked()), [GOOD["checked"]]),
        (compiled(Tree()), [GOOD["tree"]]),
        (compiled(Open()), [GOOD["strict_open"]]),
    ]
    for name, message in custom_samples.messages():
        pairs.append((compiled(custom.envelope(KINDS[name].data)), [message]))
    return pairs


def compare(count):
    """Load so many damaged payloads both ways; return how many were taken and how many refused."""
    rng = random.Random(20260401)  # noqa: S311 - not for secrets
    seen = Counter()
    for _ in range(count):
        loader, seeds = rng.choice(loaders())
        data = damaged(rng, rng.choice(seeds))
        expected = outcome(loader.schema.load, data)
        assert expected == outcome(loader.load, data), (type(loader.schema).__name__, data)
        try:
            loader.schema.load(data)
        except ValidationError:
            seen["refused"] += 1
        except Exception:  # noqa: BLE001
            seen["raised"] += 1
        else:
            seen["taken"] += 1
    return seen


class TestSameAsMarshmallow:
    def test_damaged(self):
        """Of 2,000 damaged payloads each gives the very result or the very error of `Schema.load`."""
        seen = compare(2_000)
        assert min(seen["taken"], seen["refused"]) > 400

    @pytest.mark.long
    def test_more_damaged(self):
        """The same of 20,000."""
        compare(20_000)

    def test_undamaged(self):
        """The payloads as they were recorded give what `Schema.load` gives."""
        for loader, seeds in loaders():
            for data in seeds:
                assert outcome(loader.schema.load, data) == outcome(loader.load, data)

    @pytest.mark.parametrize("name", GOOD)
    def test_each_field(self, name):
        """Each kind of field, with each odd value or with none, is read as marshmallow reads it."""
        loader = compiled(Everything())
        for odd in (*ODD, ...):
            data = {**GOOD, name: odd}
            if odd is ...:
                del data[name]
            assert outcome(loader.schema.load, data) == outcome(loader.load, data), odd

    @pytest.mark.parametrize("data", [odd for odd in ODD if not isinstance(odd, int)], ids=repr)
    def test_no_object(self, data):
        """What is no object at all is refused in marshmallow's words."""
        for loader, _ in loaders():
            assert outcome(loader.schema.load, data) == outcome(loader.load, data)

    @unhurried
    @given(
        data=st.dictionaries(
            st.sampled_from(sorted(GOOD)),
            st.recursive(
                st.sampled_from(ODD) | st.text() | st.integers() | st.floats() | st.decimals(),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["name", "x", "count", "note"]), inner)
                ),
                max_leaves=4,
            ),
            max_size=6,
        )
    )
    def test_anything(self, data):
        """Any values under any names are read as marshmallow reads them."""
        loader = compiled(Everything())
        whole = {**GOOD, **data}
        assert outcome(loader.schema.load, whole) == outcome(loader.load, whole)
        assert outcome(loader.schema.load, data) == outcome(loader.load, data)


def refuse(*_, **__):
    """Stand in for what must not be called."""
    raise AssertionError("marshmallow was asked")


class TestFast:
    def test_recorded_payloads(self, monkeypatch):
        """No recorded payload of either adapter needs marshmallow."""
        adapters = [
            (loader, seeds)
            for loader, seeds in loaders()
            if type(loader.schema).__module__ != __name__ and loader is not woo.STUB
        ]
        assert len(adapters) > 10
        for loader, _ in adapters:
            monkeypatch.setattr(loader.schema, "load", refuse)
        for loader, seeds in adapters:
            assert seeds
            for data in seeds:
                loader.load(data)

    def test_adapters_are_compiled(self):
        """No schema of either adapter is left to marshmallow, not even in a part."""
        for loader, _ in loaders():
            if type(loader.schema).__module__ != __name__:
                assert {} == loader.uncompiled

    def test_null(self, monkeypatch):
        """Null is as good as missing in a `Projection`, and that needs no second look."""
        loader = compiled(Told())
        monkeypatch.setattr(loader.schema, "load", refuse)
        assert {"name": "a", "note": "", "raw": "nothing", "maybe": "not told", "tags": []} == loader.load(
            dict.fromkeys(["note", "raw", "maybe", "tags"], None) | {"name": "a"}
        )

    def test_exact(self, monkeypatch):
        """A field of somebody's own is read by its `exact`, and asked itself where that leaves it to it."""

        class Names(Schema):
            name = FastUpper()

        loader = compiled(Names())
        monkeypatch.setattr(FastUpper, "_deserialize", refuse)
        assert {"name": "ABC"} == loader.load({"name": "abc"})
        with pytest.raises(AssertionError):
            loader.load({"name": "a c"})

    def test_overridden(self):
        """A subclass that reads in another way is not read by the `exact` it inherits."""

        class Names(Schema):
            name = Lower()

        assert {"name": "abc"} == compiled(Names()).load({"name": "aBc"})


class TestUncompiled:
    @pytest.mark.parametrize(
        ("schema", "reason"),
        [
            (Open(), "the schema includes what is unknown"),
            (Small(), "the schema has validators of its own"),
            (Checked(), "the schema has validators of its own"),
            (Renaming(), "the schema has a pre_load of its own"),
            (Strict(many=True), "the schema loads many or partial objects"),
            (Strict(partial=True), "the schema loads many or partial objects"),
            (Schema.from_dict({"a": fields.Raw(attribute="b.c")})(), "an attribute with a dot"),
        ],
        ids=lambda told: type(told).__name__ if isinstance(told, Schema) else "",
    )
    def test_whole(self, schema, reason):
        """A schema that cannot be compiled says why, and is read by marshmallow all the same."""
        loader = Loader(schema)
        assert {"": reason} == loader.uncompiled
        for data in ({"name": "a"}, [{"name": "a"}], {"a": 1}, {"title": "x"}, {"low": 10}, {"low": 200}):
            assert outcome(schema.load, data) == outcome(loader.load, data)

    def test_own_load(self):
        """A schema with a `load` of its own is read by that."""

        class Own(Schema):
            def load(self, data, **kwargs):
                return "mine"

        loader = compiled(Own())
        assert {"": "the schema has a load of its own"} == loader.uncompiled
        assert "mine" == loader.load({})

    def test_parts(self):
        """Where only a part cannot be compiled, the rest is, and the part has its path."""
        assert {
            "strict_open": "the schema includes what is unknown",
            "many": "the schema loads many or partial objects",
            "small": "the schema has validators of its own",
            "checked": "the schema has validators of its own",
            "renaming": "the schema has a pre_load of its own",
            "tree.below": "the schema nests itself",
        } == compiled(Everything()).uncompiled
