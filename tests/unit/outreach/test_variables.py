from __future__ import annotations

from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.variables import VARIABLES, ShopCard
from tests.unit.outreach.samples import HANA, NOW, SHOP, TOKYO, order, variables


def paths(value, prefix=""):
    """List what a template can reach, in the spelling of the declared context."""
    if isinstance(value, dict):
        return {each for key, item in value.items() for each in paths(item, f"{prefix}.{key}".strip("."))}
    if isinstance(value, list):
        return {prefix} | {each for item in value for each in paths(item, f"{prefix}[]")}
    return {prefix}


def test_rend_05_all_that_is_declared_is_filled():
    """The declared context and what a message is filled with name the same things."""
    groups = {"customer", "order", "items[].order", "data.*", "items[].data.*"}
    declared = set(VARIABLES) - groups | {"data.color", "items[].data.color"}
    assert declared == paths(variables(data={"color": "green"}))


def test_rend_09_the_day_of_the_order_is_the_persons():
    """Half past midnight in Tokyo is the next day, whatever the clock of the server says."""
    placed_on = variables()["order"]["placed_on"]
    assert "2026-11-22T00:30:00+09:00" == placed_on.isoformat()
    assert NOW == placed_on


def test_rend_06_names_and_titles_are_single_lines():
    """No field of a form adds lines to a message."""
    filled = variables(
        contact=Contact(full_name="Hana\nOgawa", family_name="Oga\rwa", given_name="Ha\u2028na"),
        shop=ShopCard(name="Tea\n", url="https://tea.example\r\n", contact="\tus"),
        order=order(number="10\n42"),
    )
    assert {"full_name": "Hana Ogawa", "family_name": "Oga wa", "given_name": "Ha na"} == filled["customer"]
    assert {"name": "Tea", "url": "https://tea.example", "contact": "us"} == filled["shop"]
    assert "10 42" == filled["order"]["number"]


def test_a_message_about_no_order_has_none():
    """What is not there is None, so that a template can ask for it."""
    filled = variables(order=None, contact=HANA, shop=SHOP, zone=TOKYO)
    assert filled["order"] is None
