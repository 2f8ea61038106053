from __future__ import annotations

from decimal import Decimal

import pytest
from marshmallow import fields

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.shops.loading import Projection, compiled
from aftercare_sdk.shops.payloads import Text, load, parse, scalar, storable


class Part(Projection):
    count = fields.Integer(required=True, strict=True)


class Whole(Projection):
    name = Text(required=True)
    part = fields.Nested(Part, required=True)
    more = fields.List(fields.Nested(Part), load_default=list)


WHOLE = compiled(Whole())


def test_numbers_stay_exact():
    """No amount ever becomes a float."""
    assert {"paid": Decimal("0.10")} == parse(b'{"paid": 0.10}')


def test_what_is_no_json_is_not_quoted():
    """The error, and whatever hangs on it, holds no word of the body."""
    with pytest.raises(TranslationError) as caught:
        parse(b'{"email": "ann@customer.example"')
    assert ("the body is not JSON", None, None) == (
        str(caught.value),
        caught.value.__cause__,
        caught.value.__context__,
    )


def test_an_error_names_places_and_no_values():
    """Also deep inside; what is wrong with all of it is said of the body."""
    told = {"name": ["ann@customer.example"], "part": {"count": "secret"}, "more": [{}, {"count": 1}]}
    with pytest.raises(TranslationError) as caught:
        load(WHOLE, told, what="order")
    assert "order: not understood: more.0.count, name, part.count" == str(caught.value)
    assert caught.value.__context__ is None
    with pytest.raises(TranslationError, match="order: not understood: the body"):
        load(WHOLE, [], what="order")


def test_a_long_list_of_mistakes_is_cut():
    """A log line has an end."""
    with pytest.raises(TranslationError, match=r"…$"):
        load(WHOLE, {"name": "a", "part": {"count": 1}, "more": [{}] * 50}, what="order")


@pytest.mark.parametrize(
    ("told", "text"),
    [("a\x00b\ud800", "ab"), (7, "7"), (Decimal("1.50"), "1.50"), (True, None), (None, None), ([], None)],
)
def test_texts(told, text):
    """A number is taken for its digits; what no database takes is left out; all else is no text."""
    assert text == scalar(told)


def test_what_is_storable_stays():
    """New lines and all scripts are."""
    assert "茶\n\t🍵" == storable("茶\n\t🍵")
