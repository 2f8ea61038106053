from __future__ import annotations

import pytest

from aftercare_sdk.errors import CommandRefused
from aftercare_sdk.model.commands import WriteReview


def test_the_check_of_inputs_can_fail(wrong_inputs):
    """What a release does not take, and what it will not take for long, is seen in what is sent."""
    told = list(wrong_inputs("create_discount_code", {"discount": {"tags": ["x"]}}))
    assert ["2026-01"] == [release for _, release, _ in told]
    old = {"discount": {"customerSelection": {"all": True}}}
    assert 4 == len(list(wrong_inputs("create_discount_code", old)))
    two = {"discount": {"context": {"all": "ALL", "customers": {"add": []}}}}
    assert 4 == len(list(wrong_inputs("create_discount_code", two)))


def test_a_command_that_shopify_does_not_know(torii):
    """Shopify has no reviews of its own, so none can be written."""
    review = WriteReview(key="k", product="1", text="良い", name="花", email="Hana@Example.jp", rating=5)
    with pytest.raises(CommandRefused, match="nothing for WriteReview"):
        torii.perform(review)
