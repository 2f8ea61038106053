from __future__ import annotations

import json
from decimal import Decimal

import pytest

from aftercare_shopify.results import Cost, Sort, UserError, read

# Verbatim: two from posts in community.shopify.com (t/throttled/254776, m-p/1130424), the third from
# shopify.dev/docs/apps/launch/protected-customer-data.
THROTTLED = {
    "errors": [
        {
            "message": "Throttled",
            "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"},
        }
    ],
    "extensions": {
        "cost": {
            "requestedQueryCost": 752,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 1000.0, "currentlyAvailable": 666, "restoreRate": 50.0},
        }
    },
}
INTERNAL = {
    "errors": [
        {
            "message": "Internal error. Looks like something went wrong on our end.\nRequest ID: 3221c58f",
            "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "3221c58f"},
        }
    ]
}
UNAPPROVED = {
    "data": {"customer": {"email": "testcustomer@example.com", "phone": None}},
    "errors": [
        {
            "message": "This app is not approved to access the Customer object. See https://partners.shopify.com.",
            "locations": [],
            "path": ["customer", "phone"],
        }
    ],
}


def told(answer):
    """Return what is read of an answer that is given as data."""
    return read(json.dumps(answer).encode())


def sort_of(**error):
    """Return what one error means."""
    return told({"errors": [error]}).errors[0].sort


def test_data():
    """Amounts stay exact, and what an answer cost is known."""
    body = b"""{"data": {"order": {"id": "gid://shopify/Order/1", "rate": 0.1}}, "extensions": {"cost": {
        "requestedQueryCost": 11, "actualQueryCost": 3, "throttleStatus": {
        "maximumAvailable": 2000.0, "currentlyAvailable": 1989, "restoreRate": 100.0}}}}"""
    result = read(body)
    assert {"order": {"id": "gid://shopify/Order/1", "rate": Decimal("0.1")}} == result.data
    assert ((), ()) == (result.errors, result.user_errors)
    assert Cost(requested=11.0, actual=3.0, maximum=2000.0, available=1989.0, restored=100.0) == result.cost
    assert 0.0 == result.cost.wait


def test_throttled():
    """The answer itself says how long to wait: what is missing, divided by what comes back in a second."""
    result = told(THROTTLED)
    assert [Sort.THROTTLED] == [problem.sort for problem in result.errors]
    assert (752 - 666) / 50 == result.cost.wait
    assert not result.cost.impossible
    assert {} == result.data


def test_more_than_there_ever_is():
    """What costs more than the whole bucket is not worth a wait."""
    assert Cost(requested=1001.0, maximum=1000.0).impossible
    assert not Cost(requested=1000.0, maximum=1000.0).impossible
    assert not Cost(requested=1001.0).impossible


@pytest.mark.parametrize(
    "cost", [Cost(), Cost(requested=5.0, available=1.0), Cost(available=1.0, restored=0.0)]
)
def test_no_numbers(cost):
    """Without numbers nothing is computed."""
    assert cost.wait is None


def test_data_in_part():
    """What an app may not see is null; the rest is there, and an error says which is which."""
    result = told(UNAPPROVED)
    assert "testcustomer@example.com" == result.data["customer"]["email"]
    assert [("", ("customer", "phone"), Sort.DENIED)] == [
        (problem.code, problem.path, problem.sort) for problem in result.errors
    ]
    assert result.withheld("customer", "phone")
    assert not result.withheld("customer", "email")
    assert not result.withheld("customer")


def test_withheld_with_what_is_around_it():
    """What is inside of something withheld is withheld too: it is not gone."""
    result = told({"data": {"nodes": [None]}, "errors": [{"message": "no", "path": ["nodes", 0]}]})
    assert result.withheld("nodes", 0, "customer")
    assert not result.withheld("nodes", 1)


@pytest.mark.parametrize(
    ("error", "sort"),
    [
        ({"message": "Throttled", "extensions": {"code": "THROTTLED"}}, Sort.THROTTLED),
        ({"message": "Too many", "extensions": {"code": "429"}}, Sort.THROTTLED),
        ({"message": "Bad gateway", "extensions": {"code": "502"}}, Sort.LATER),
        ({"message": "Timeout", "extensions": {"code": "TIMEOUT"}}, Sort.LATER),
        (
            {"message": "Access denied for orders field.", "extensions": {"code": "ACCESS_DENIED"}},
            Sort.DENIED,
        ),
        ({"message": "closed", "extensions": {"code": "SHOP_INACTIVE"}}, Sort.CLOSED),
        ({"message": "no field", "extensions": {"code": "undefinedField"}}, Sort.OURS),
        ({"message": "too dear", "extensions": {"code": "MAX_COST_EXCEEDED"}}, Sort.OURS),
        ({"message": "syntax", "locations": [{"line": 1, "column": 2}]}, Sort.OURS),
        ({"message": "odd", "locations": [{"line": 1, "column": 2}], "path": ["order"]}, Sort.OTHER),
        ({"message": "odd", "extensions": {"code": "SOMETHING_NEW"}}, Sort.OTHER),
        ({"message": "odd", "extensions": {"code": ["x"]}, "path": None}, Sort.OTHER),
        ({}, Sort.OTHER),
    ],
)
def test_sorts(error, sort):
    """Every error has a sort, a new one too."""
    assert sort is sort_of(**error)


def test_scopes():
    """Shopify's sentence about a denied access names the scopes."""
    needed = "`read_orders` access scope or `read_marketplace_orders` access scope. Also: read."
    [problem] = told(
        {"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED", "requiredAccess": needed}}]}
    ).errors
    assert ("read_orders", "read_marketplace_orders") == problem.scopes


def test_user_errors():
    """Why a change was not made is read with its code and field."""
    result = told(
        {
            "data": {
                "discountCodeBasicCreate": {
                    "codeDiscountNode": None,
                    "userErrors": [
                        {
                            "field": ["basicCodeDiscount", "code"],
                            "code": "TAKEN",
                            "message": "Code must be unique",
                        },
                        {"field": None, "message": "hana@example.jp is no customer"},
                    ],
                }
            }
        }
    )
    first, second = result.user_errors
    assert UserError(code="TAKEN", at=("basicCodeDiscount", "code"), message="Code must be unique") == first
    assert ("TAKEN for basicCodeDiscount.code", "refused for the whole") == (str(first), str(second))


def test_nothing_of_a_person_is_shown():
    """An answer, and an error in it, may be logged: they show no data and no sentence of the shop."""
    result = told(
        {
            "data": {"c": {"email": "hana@example.jp", "userErrors": [{"message": "hana@example.jp"}]}},
            "errors": [{"message": "hana@example.jp", "path": ["c", "phone"]}],
        }
    )
    assert "hana" not in repr(result)
    assert "hana" not in str(result.user_errors[0])


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"{}", b'{"ok": true}', b'{"data": NaN}', b"\xff\xfe", b'{"data": {}'],
)
def test_no_answer_of_graphql(body):
    """A page for people, or half an answer, is none."""
    assert read(body) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"data": None, "errors": "Not Found"},
        {"data": [], "errors": {"query": "Required parameter missing"}},
        {"data": {"x": {"userErrors": "no"}}, "errors": ["no", 1, None]},
        {"data": {"x": {"userErrors": [1]}}, "extensions": []},
        {"data": {}, "extensions": {"cost": "much"}},
        {"data": {}, "extensions": {"cost": {"requestedQueryCost": True, "throttleStatus": 3}}},
        {"data": {}, "errors": [{"extensions": "x", "path": [1, "a", None, {}]}]},
    ],
)
def test_odd_answers(answer):
    """Whatever is answered, reading it raises nothing."""
    assert told(answer) is not None
