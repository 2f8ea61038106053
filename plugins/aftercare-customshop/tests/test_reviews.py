"""Reviews of products in the wire format."""

from __future__ import annotations

import pytest

from aftercare_customshop.options import Rules
from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.reviews import ReviewStatus
from aftercare_sdk.model.shops import NeedsRead, Ref, Shop


@pytest.fixture
def review(translate, message):
    """What the adapter makes of the review of the docs, with changes."""

    def review(**changes):
        [told] = translate(message("review.updated", **changes))
        return told

    return review


@pytest.mark.parametrize("told", ["approved", "hold", "spam", "trash"])
def test_moderation(review, told):
    """In four words."""
    assert ReviewStatus(told) == review(status=told).status


@pytest.mark.parametrize("told", [None, ...])
def test_a_shop_without_moderation(review, told):
    """Says nothing of it, and means that every review stands."""
    assert ReviewStatus.APPROVED == review(status=told).status


@pytest.mark.parametrize("told", [None, ...])
def test_without_stars(review, told):
    """There are none."""
    assert review(rating=told).rating is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rating": 0}, "rating must be a whole number of stars, 1 to 5"),
        ({"rating": 6}, "rating must be a whole number of stars, 1 to 5"),
        ({"rating": "4"}, "rating must be a whole number of stars, 1 to 5"),
        ({"rating": True}, "rating must be a whole number of stars, 1 to 5"),
        ({"rating": 4.5}, "rating must be a whole number of stars, 1 to 5"),
        ({"status": "published"}, "status must be one of approved, hold, spam, trash"),
        ({"created_at": ...}, "created_at is missing"),
        ({"product": ...}, "product is missing"),
        ({"created_at": "2026-04-12"}, "created_at must be a time"),
    ],
)
def test_mistakes(review, changes, said):
    """Are named, without a word of the customer's."""
    with pytest.raises(TranslationError, match=said) as caught:
        review(**changes)
    assert "hana" not in str(caught.value)


def test_erased(review):
    """Nothing of the person is read, and the words stay."""
    told = review(erased=True)
    assert (True, None, None, "香りが良いです。また買います。") == (
        told.erased,
        told.contact,
        told.customer,
        told.text,
    )


def test_undated(review):
    """Two pictures without a date are a riddle, so the shop is asked."""
    told = review(updated_at=...)
    assert isinstance(told, NeedsRead)
    assert Ref("review", "R-31") == told.ref


def test_listed_where_a_shop_says_so():
    """A shop that has none need not answer `reviews.list`."""
    options = {"read_url": "https://shop.example/aftercare"}
    usual = Rules.of(Shop(name="main", options=options))
    with_reviews = Rules.of(Shop(name="main", options={**options, "lists": ["reviews"]}))
    assert "review" not in {stream.kind for stream in usual.streams}
    assert ["reviews", "reviews-all"] == [stream.name for stream in with_reviews.streams]
