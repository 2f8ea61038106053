from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.shops.purchases import purchased_at
from tests.support.histories import DAWN, DAY, HOUR, MOMENTS, UNHURRIED, maybe, money


def when(**said):
    """Say since when an order is a purchase that was placed at dawn for some money."""
    given_ = {
        "placed_at": DAWN,
        "paid_at": None,
        "released": False,
        "completed_at": None,
        "gateway": "card",
        "total": money(5),
        "pay_on_delivery": frozenset({"cod"}),
        **said,
    }
    return purchased_at(**given_)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, None),
        ({"released": True}, None),
        ({"completed_at": DAWN + DAY}, None),
        ({"paid_at": DAWN + HOUR}, DAWN + HOUR),
        ({"paid_at": DAWN + HOUR, "released": True}, DAWN + HOUR),
        ({"gateway": "cod"}, None),
        ({"gateway": "cod", "released": True}, DAWN),
        ({"gateway": "cod", "released": True, "paid_at": DAWN + 3 * DAY}, DAWN),
        ({"gateway": "cod", "paid_at": DAWN + 3 * DAY}, DAWN),
        ({"gateway": "cod", "released": True, "placed_at": None}, None),
        ({"total": money(0)}, None),
        ({"total": money(0), "released": True, "paid_at": DAWN}, None),
        ({"total": money(0), "completed_at": DAWN + DAY}, DAWN + DAY),
        ({"total": money(0), "completed_at": DAWN + DAY, "gateway": "cod", "released": True}, DAWN + DAY),
        ({"total": None, "paid_at": DAWN + HOUR}, DAWN + HOUR),
    ],
)
def test_rule(said, expected):
    """Paid, or released although paid at the door; what is free, once it is completed."""
    assert expected == when(**said)


@UNHURRIED
@given(maybe(MOMENTS), maybe(MOMENTS), maybe(MOMENTS), st.booleans(), st.sampled_from(["card", "cod"]))
def test_only_grows(placed_at, paid_at, completed_at, released, gateway):
    """What becomes known later takes no purchase back and moves none."""
    said = {"placed_at": placed_at, "gateway": gateway}
    full = when(**said, paid_at=paid_at, completed_at=completed_at, released=released)
    for less in ({"paid_at": paid_at}, {"released": released}, {"completed_at": completed_at}, {}):
        assert when(**said, **less) in {None, full}
