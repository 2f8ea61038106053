from __future__ import annotations

import pytest

from aftercare_woocommerce.fake import Refusal

ANN = "ann@example.com"


@pytest.fixture
def post(shop, api, ask):
    """A function that writes a review of the tea over the API; it returns status and answer."""

    def post(**changes):
        given = {
            "product_id": shop.tea,
            "review": "Good",
            "reviewer": "Ann",
            "reviewer_email": ANN,
            **changes,
        }
        return ask(api, "POST", "products/reviews", given)[:2]

    return post


@pytest.fixture
def listed(api, ask):
    """A function that returns the ids of a list of reviews."""
    return lambda **told: [each["id"] for each in ask(api, "GET", "products/reviews", **told)[1]]


def test_what_is_recorded_is_told_as_it_was_recorded(shop, api, recorded, ask):
    """The text in paragraphs; by whoever wrote it just now, as it is kept."""
    for real in reversed(recorded("products-reviews")["body"]):
        text = real["review"].removeprefix("<p>").removesuffix("</p>\n")
        data = {"product_id": shop.tea, "review": text, "rating": real["rating"]}
        data |= {"reviewer": real["reviewer"], "reviewer_email": real["reviewer_email"]}
        assert text == ask(api, "POST", "products/reviews", data)[1]["review"]
        shop.wait(seconds=1)
    _, told, headers = ask(api, "GET", "products/reviews", per_page=100)
    names = ("review", "rating", "reviewer", "reviewer_email", "status", "reviewer_avatar_urls")
    real = recorded("products-reviews")
    assert [[each[name] for name in names] for each in real["body"]] == [
        [each[name] for name in names] for each in told
    ]
    assert ("4", "1") == (headers["X-WP-Total"], headers["X-WP-TotalPages"])


def test_lists(shop, listed):
    """Approved ones if nothing else is asked for; all but spam and trash; by address and product."""
    made = {
        status: shop.review(shop.tea, status, name="Ann", email=ANN, status=status)
        for status in ("approved", "hold", "spam", "trash")
    }
    of_coffee = shop.review(shop.coffee, "Good", name="Bob", email="bob@example.com")
    assert {made["approved"], of_coffee} == set(listed())
    assert {made["approved"], made["hold"], of_coffee} == set(listed(status="all"))
    assert [[made[status]] for status in ("hold", "spam", "trash")] == [
        listed(status=status) for status in ("hold", "spam", "trash")
    ]
    assert [made["approved"]] == listed(reviewer_email="Ann@Example.com")
    assert [of_coffee] == listed(product=shop.coffee)
    assert [made["hold"]] == listed(include=made["hold"], status="all")


def test_a_list_is_refused_with_a_reason(api, ask):
    """Parameters are checked as everywhere."""
    for told in ({"status": "any"}, {"orderby": "modified"}, {"reviewer_email": "x"}, {"after": "yesterday"}):
        status, answer, _ = ask(api, "GET", "products/reviews", **told)
        assert (400, "rest_invalid_param", [*told]) == (
            status,
            answer["code"],
            [*answer["data"]["params"]],
        )


def test_a_review_over_the_api_is_approved_unless_it_says_otherwise(post):
    """Whatever the shop has set for what people write into its forms."""
    assert "approved" == post()[1]["status"]
    assert "hold" == post(review="Fine", status="hold")[1]["status"]


def test_who_has_bought_is_verified(shop, post):
    """By the paid orders of the address; an unpaid one is none."""
    shop.checkout({shop.tea: 1}, email=ANN)
    assert not post()[1]["verified"]
    shop.checkout({shop.tea: 1}, email="ANN@example.com", paid=True)
    assert post(review="Fine")[1]["verified"]
    assert not post(review="Fine", reviewer_email="bob@example.com")[1]["verified"]
    assert not post(product_id=shop.coffee)[1]["verified"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"product_id": 9999}, (404, "woocommerce_rest_product_invalid_id")),
        ({"review": " "}, (400, "woocommerce_rest_review_content_invalid")),
        ({"reviewer_email": "x"}, (400, "rest_invalid_param")),
        ({"status": "any"}, (400, "rest_invalid_param")),
    ],
)
def test_what_is_refused(post, changes, expected):
    """With WooCommerce's own codes."""
    status, answer = post(**changes)
    assert expected == (status, answer["code"])


def test_a_variation_has_no_reviews(shop, post):
    """They are of its product."""
    assert 404 == post(product_id=shop.small)[0]


def test_the_same_words_twice(shop, post):
    """Are refused, in the form as well, unless the first are in the trash."""
    _, told = post()
    assert (409, "woocommerce_rest_comment_duplicate") == (post()[0], post()[1]["code"])
    with pytest.raises(Refusal):
        shop.review(shop.tea, "Good", name="Ann", email=ANN)
    shop.moderate_review(told["id"], "trash")
    assert 201 == post()[0]


def test_moderation_and_deletion(shop, api, ask):
    """By staff and over the API; none of it is announced."""
    shop.deliver()
    number = shop.review(shop.tea, "Good", name="Ann", email=ANN, status="hold")
    path = f"products/reviews/{number}"
    assert "approved" == ask(api, "PUT", path, {"status": "approved"})[1]["status"]
    shop.moderate_review(number, "spam")
    shop.edit_review(number, text="Fine", rating=2)
    _, told, _ = ask(api, "GET", path)
    assert ("spam", "<p>Fine</p>\n", 2) == (told["status"], told["review"], told["rating"])
    assert "trash" == ask(api, "DELETE", path)[1]["status"]
    assert 410 == ask(api, "DELETE", path)[0]
    assert ask(api, "DELETE", path, force="true")[1]["deleted"]
    assert (404, "woocommerce_rest_review_invalid_id") == (
        ask(api, "GET", path)[0],
        ask(api, "GET", path)[1]["code"],
    )
    assert () == shop.deliver()
    with pytest.raises(ValueError, match="approved, hold, spam, trash"):
        shop.moderate_review(number, "fine")


def test_an_account_is_named_by_a_link(shop, api, ask):
    """Its name and address are those of the account."""
    account = shop.customer(ANN, first_name="Ann", last_name="Archer")
    number = shop.review(shop.tea, "Good", account=account)
    _, told, _ = ask(api, "GET", f"products/reviews/{number}")
    assert ("Ann Archer", ANN) == (told["reviewer"], told["reviewer_email"])
    assert [f"https://shop.example/wp-json/wp/v2/users/{account}"] == [
        each["href"] for each in told["_links"]["reviewer"]
    ]


def test_an_erasure_leaves_the_words(shop, api, ask):
    """And nobody who said them."""
    account = shop.customer(ANN)
    number = shop.review(shop.tea, "Good", account=account)
    shop.anonymise(ANN)
    _, told, _ = ask(api, "GET", f"products/reviews/{number}")
    assert ("Anonymous", "", "<p>Good</p>\n") == (
        told["reviewer"],
        told["reviewer_email"],
        told["review"],
    )
    assert "reviewer" not in told["_links"]


def test_reviews_go_with_their_product(shop, api, ask):
    """When it is deleted for good."""
    number = shop.review(shop.tea, "Good", name="Ann", email=ANN)
    shop.delete_product(shop.tea)
    assert 404 == ask(api, "GET", f"products/reviews/{number}")[0]
