from __future__ import annotations

from datetime import date

from aftercare_sdk.programs.flows import Flows
from aftercare_sdk.programs.loyalty import Loyalty
from aftercare_sdk.testing.programs import ProgramContract


class TestFlows(ProgramContract):
    """Every preset, and a flow of the shop's own for each fact."""

    plugin = Flows()
    section = {  # noqa: RUF012 - read only
        "thank-you": {},
        "how-to-use": {"delay": "2 days"},
        "on-its-way": {
            "anchor": "shipment",
            "template": "thank-you",
            "purpose": "transactional",
            "window": "1 day",
            "once_per": "3 days",
        },
    }


class TestLoyalty(ProgramContract):
    """Everything that the section can say."""

    plugin = Loyalty()
    section = {  # noqa: RUF012 - read only
        "points": {"JPY": "1 per 100", "USD": "1 per 1.00"},
        "points_on": "excl_tax",
        "rounding": "half_up",
        "exclude": ["gift_cards", "sale_items"],
        "minimum_order": {"JPY": 1000},
        "cap_per_order": 1000,
        "cap_per_month": 100,
        "first_order": 100,
        "birthday": 200,
        "review": 50,
        "survey": 20,
        "referral": 500,
        "friend": 300,
        "expires": "12 months",
        "write_off": 20,
        "multipliers": [{"category": "tea", "times": "2"}, {"product": "pot", "times": "1.5"}],
        "campaigns": {
            "spring": {"start": date(2026, 4, 1), "end": date(2026, 5, 1), "times": "2", "bonus": 50}
        },
        "tiers": {
            "by": "orders",
            "months": 12,
            "keep_months": 6,
            "downgrade": "one_step",
            "show_as": "tier",
            "steps": {"silver": {"at": 1, "times": "1.25"}, "gold": {"at": 3}},
        },
        "rewards": {"five-hundred": {"cost": 500, "amount": {"JPY": 500}, "valid_for": "90 days"}},
    }


class TestLoyaltyBySpend(ProgramContract):
    """The other way of each alternative."""

    plugin = Loyalty()
    section = {  # noqa: RUF012 - read only
        "points": {"JPY": "1 per 100", "USD": "1 per 1.00"},
        "exclude": [],
        "expires": "6 months idle",
        "debt": "carry",
        "unverified_reviews": True,
        "review": 50,
        "survey": 20,
        "referral": 500,
        "friend": 300,
        "birthday": 200,
        "tiers": {
            "by": "spend",
            "currency": "JPY",
            "show_as": "tier",
            "steps": {"silver": {"at": 3000}, "gold": {"at": 100000}},
        },
    }
