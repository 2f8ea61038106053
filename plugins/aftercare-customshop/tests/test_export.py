from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from marshmallow import Schema, fields

from aftercare_customshop import export, outgoing, samples, schemas
from aftercare_customshop.export import exported, json_schema, request_schema
from aftercare_customshop.outgoing import OUTGOING
from aftercare_customshop.translate import KINDS

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
FILE = REFERENCE / "customshop.schema.json"
REQUESTS = REFERENCE / "customshop-requests.schema.json"
PAGE = (REFERENCE / "customshop-wire-format.md").read_text(encoding="utf-8")
ALL_BLOCKS = [
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
]
BLOCKS = [block for block in ALL_BLOCKS if block.get("type") in KINDS]
SENT = [block for block in ALL_BLOCKS if block.get("type") in OUTGOING]
PARTS = {**json_schema()["$defs"], **request_schema()["$defs"]}


def read(file):
    """Return a JSON Schema of the docs, at work."""
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def validator():
    """The JSON Schema of what a shop tells."""
    return read(FILE)


@pytest.fixture(scope="module")
def requests():
    """The JSON Schema of what a shop is sent."""
    return read(REQUESTS)


def below(heading):
    """Return what stands under a heading."""
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found, f"the page has no heading {heading}"
    return rest.partition("\n## ")[0]


def first_column(heading):
    """Return what stands in backticks at the left of the tables under a heading."""
    return re.findall(r"^\| `([^`]+)`", below(heading), re.MULTILINE)


class TestFile:
    def test_current(self):
        """The files in the docs are what `python -m aftercare_customshop.export [requests]` writes now."""
        assert exported(json_schema()) == FILE.read_text(encoding="utf-8")
        assert exported(request_schema()) == REQUESTS.read_text(encoding="utf-8")

    def test_dialect(self, validator):
        """The file says which JSON Schema it is written in."""
        assert export.DIALECT == validator.schema["$schema"]

    @pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
    def test_documented_examples(self, validator, block):
        """Every example on the page holds, and is the sample of the package."""
        assert [] == [error.message for error in validator.iter_errors(block)]
        assert samples.message(block["type"]) == block

    def test_every_sample_is_documented(self):
        """No sample is missing on the page."""
        assert sorted(name for name, _ in samples.messages()) == sorted(block["type"] for block in BLOCKS)

    @pytest.mark.parametrize("block", SENT, ids=lambda block: block["type"])
    def test_documented_requests(self, requests, block):
        """The same for what a shop is sent."""
        assert [] == [error.message for error in requests.iter_errors(block)]
        assert samples.request(block["type"]) == block

    def test_every_request_is_documented(self):
        """No sample is missing, and there is one for every kind of data."""
        assert sorted(name for name, _ in samples.requests()) == sorted(block["type"] for block in SENT)
        assert set(OUTGOING.values()) == {OUTGOING[block["type"]] for block in SENT}

    @pytest.mark.parametrize("name", [each.__name__ for each in outgoing.ANSWERS])
    def test_documented_answers(self, name):
        """What a shop answers is shown, as it is read."""
        told = re.findall(r"^```json\n(.*?)^```$", below(f"`{name}`"), re.DOTALL | re.MULTILINE)
        for each in told:
            answer = json.loads(each)
            jsonschema.validate(answer, PARTS[name] | {"$defs": PARTS})
            assert set(answer) <= set(PARTS[name]["properties"])
        assert told

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("order.updated", {"total": 4820}),
            ("order.updated", {"total": "-1"}),
            ("order.updated", {"placed_at": "2026-04-01T18:05:00"}),
            ("order.updated", {"placed_at": None}),
            ("order.updated", {"lines": ...}),
            ("order.updated", {"lines": [{"id": 1}]}),
            ("order.updated", {"contact": {"country": "Japan"}}),
            ("order.updated", {"cancelled": "no"}),
            ("order.updated", {"id": "a/b"}),
            ("refund.created", {"lines": [{"line": 2, "quantity": 1.5, "amount": "1"}]}),
            ("customer.updated", {"attributes": {"roast": ["dark"]}}),
            ("order.deleted", {"id": ...}),
        ],
    )
    def test_mistakes(self, validator, message, translate, name, changes):
        """A developer finds mistakes with the file before the adapter does."""
        assert not validator.is_valid(message(name, **changes))

    @pytest.mark.parametrize(
        "told",
        [
            [],
            {},
            {"type": "order.paid", "timestamp": "2026-04-01T09:00:00Z", "data": {}},
            {"type": "ping", "timestamp": "today", "data": {}},
            {"type": "ping", "timestamp": "2026-04-01T09:00:00Z", "data": []},
            {"type": "order.updated", "timestamp": "2026-04-01T09:00:00Z", "data": {}},
        ],
    )
    def test_no_message(self, validator, told):
        """A message needs its envelope, and a type that is used."""
        assert not validator.is_valid(told)

    def test_left_out_and_null(self, validator, message):
        """Whatever is optional may be left out, and may be null."""
        for name, _ in samples.messages():
            read = KINDS[name].data().load_fields
            optional = [field for field in read if not read[field].required]
            for changes in (dict.fromkeys(optional, ...), dict.fromkeys(optional)):
                assert validator.is_valid(message(name, **changes))


class TestExporter:
    def test_every_part(self):
        """Every part of the format is defined, none is defined that is not used."""
        for module, schema in ((schemas, json_schema()), (outgoing, request_schema())):
            parts = {name for name, part in vars(module).items() if is_part(part)}
            assert parts == set(schema["$defs"])

    def test_no_name_twice(self):
        """A type says who sends it, and a part has one meaning."""
        assert set() == set(KINDS) & set(OUTGOING)
        assert set() == set(json_schema()["$defs"]) & set(request_schema()["$defs"])

    def test_unknown_field(self):
        """A field that says nothing of itself is not exported as anything."""

        class Vague(Schema):
            what = fields.Raw()

        with pytest.raises(TypeError, match="does not know Raw"):
            export._reference(Vague, {})


class TestPage:
    @pytest.mark.parametrize("name", sorted(PARTS))
    def test_every_field_is_described(self, name):
        """Every field has its line, and no line is left of a field that is gone."""
        assert sorted(PARTS[name]["properties"]) == sorted(first_column(f"`{name}`"))

    @pytest.mark.parametrize("name", sorted(PARTS))
    def test_required(self, name):
        """The page says of the same fields as the schema that they must be there."""
        told = re.findall(r"^\| `(\w+)` \| required \|", below(f"`{name}`"), re.MULTILINE)
        assert sorted(PARTS[name].get("required", [])) == sorted(told)

    def test_envelope_and_types(self):
        """The envelope and every type of message are described."""
        assert [*json_schema()["properties"], *KINDS] == first_column("The message")
        assert [*OUTGOING] == first_column("What the shop is asked")

    def test_headings(self):
        """There is no heading of a part that is gone."""
        assert sorted(PARTS) == sorted(re.findall(r"^## `(\w+)`$", PAGE, re.MULTILINE))


def is_part(value):
    """Tell whether something is a part of the format."""
    return isinstance(value, type) and issubclass(value, schemas.Part) and value is not schemas.Part
