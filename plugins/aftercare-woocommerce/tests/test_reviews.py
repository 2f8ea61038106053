"""Reviews: read, listed, and written."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.commands import WriteReview
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.reviews import ReviewStatus
from aftercare_sdk.model.shops import Gone, Ref
from aftercare_sdk.shops.payloads import load
from aftercare_woocommerce import schemas, sync
from aftercare_woocommerce.fake import Refusal
from aftercare_woocommerce.reviews import review_snapshot

HANA = "Hana@Example.jp"


def snapshot(body):
    """Return what a review of the API says."""
    return review_snapshot(load(schemas.REVIEW, body, what="review"), shop="tea")


@pytest.fixture
def review(woo):
    """A function that writes a review into the shop."""

    def review(text="香りが良い", **said):
        return woo.shop.review(woo.tea, text, **{"rating": 5, "name": "花", "email": HANA, **said})

    return review


class TestWhatIsSaid:
    def test_the_recorded_ones(self, recorded):
        """Every part of a real store's reviews, as plain text."""
        told = [snapshot(row) for row in recorded("products-reviews")["body"]]
        assert [
            ("717", "20", 1, "Capsules arrived broken", "sato@example.jp", "Sato"),
            ("716", "13", 5, "うちの犬が大好き", "takahashi@example.jp", "健一"),
            ("715", "11", 3, "Too dark for me but fresh 🐶", "zoe+dog@example.com", "Zoë"),
            (
                "714",
                "11",
                5,
                "香りがとても良いです。毎月頼んでいます!",
                "yamada.taro@example.jp",
                "山田 太郎",
            ),
        ] == [
            (one.id, one.product, one.rating, one.text, one.contact.email, one.contact.full_name)
            for one in told
        ]
        assert {(True, ReviewStatus.APPROVED, None, "2026-11-21T21:11")} == {
            (one.verified, one.status, one.customer, f"{one.created_at:%Y-%m-%dT%H:%M}") for one in told
        }
        assert [None] * 4 == [one.version.modified_at for one in told]

    def test_what_was_just_written_says_the_same(self, recorded):
        """The answer to a POST has the text as it is kept, the list has it in paragraphs."""
        posted, listed = recorded("products-reviews-post")["body"], recorded("products-reviews")["body"][3]
        assert snapshot(posted) == snapshot(listed)

    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ("<p>One<br />\nline</p>\n<p>Two &amp; <em>three</em> &lt;3</p>\n", "One\nline\nTwo & three <3"),
            ("plain 5 < 6", "plain 5 < 6"),
            ("<p>a<BR>b</p>", "a\nb"),
            ("", ""),
            (None, ""),
        ],
    )
    def test_text_is_plain(self, recorded, told, expected):
        """Paragraphs and lines stay, markup goes."""
        body = {**recorded("products-reviews-post")["body"], "review": told}
        assert expected == snapshot(body).text

    @pytest.mark.parametrize(("stars", "expected"), [(0, None), (1, 1), (5, 5), (9, 5), (-1, None)])
    def test_stars(self, recorded, stars, expected):
        """Nought means that none were given; a plugin's ten stars are five."""
        assert expected == snapshot({**recorded("products-reviews-post")["body"], "rating": stars}).rating

    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ("approved", ReviewStatus.APPROVED),
            ("hold", ReviewStatus.HOLD),
            ("spam", ReviewStatus.SPAM),
            ("trash", ReviewStatus.TRASH),
            ("post-trashed", ReviewStatus.TRASH),
            ("a plugin's own", ReviewStatus.HOLD),
        ],
    )
    def test_moderation(self, recorded, told, expected):
        """What nobody knows is no approval."""
        assert expected == snapshot({**recorded("products-reviews-post")["body"], "status": told}).status

    @pytest.mark.parametrize(
        ("href", "expected"),
        [
            ("https://tea.example/wp-json/wp/v2/users/26", "26"),
            ("https://tea.example/?rest_route=/wp/v2/users/26", "26"),
            ("https://tea.example/wp-json/wp/v2/users/0", None),
            ("https://tea.example/wp-json/wp/v2/users/me", None),
            (26, None),
        ],
    )
    def test_the_account(self, recorded, href, expected):
        """A review that was written while logged in names its account by a link."""
        body = recorded("products-reviews-post")["body"]
        links = {**body["_links"], "reviewer": [{"embeddable": True, "href": href}]}
        assert expected == snapshot({**body, "_links": links}).customer

    @pytest.mark.parametrize("links", [None, [], "x", {"reviewer": None}, {"reviewer": ["x"]}])
    def test_links_that_are_none(self, recorded, links):
        """A plugin that takes the links away keeps no review from being understood."""
        assert snapshot({**recorded("products-reviews-post")["body"], "_links": links}).customer is None

    def test_an_erased_person(self, recorded):
        """WordPress leaves neither address nor name, and the text stays."""
        body = recorded("products-reviews-post")["body"]
        told = snapshot({**body, "reviewer": "Anonymous", "reviewer_email": ""})
        assert (True, None, body["review"]) == (told.erased, told.contact, told.text)

    @pytest.mark.parametrize("name", ["id", "status", "date_created_gmt"])
    def test_what_is_no_review(self, recorded, name):
        """It is not guessed at; the error names the field and quotes nobody."""
        body = {key: value for key, value in recorded("products-reviews-post")["body"].items() if key != name}
        with pytest.raises(TranslationError, match=rf"review: not understood: {name}\Z"):
            snapshot(body)


class TestRead:
    def test_alone(self, woo, review):
        """Everything, whatever moderation says."""
        account = woo.shop.customer(HANA, first_name="花", last_name="小川")
        number = review("Good & strong\n\nAgain!", account=account, status="hold", rating=4)
        told = woo.read("review", number)
        assert (str(number), str(woo.tea), str(account), 4, "Good & strong\nAgain!", ReviewStatus.HOLD) == (
            told.id,
            told.product,
            told.customer,
            told.rating,
            told.text,
            told.status,
        )
        assert Contact(email=HANA, full_name="花") == told.contact

    @pytest.mark.parametrize("status", ["approved", "hold", "spam", "trash"])
    def test_a_review_is_there_whatever_its_status(self, woo, review, status):
        """Also where the shop denies a single review, as older releases do for one that is gone."""
        number = review(status=status)
        straight = woo.read("review", number)
        self.deny_single_reviews(woo)
        assert straight == woo.read("review", number)

    def test_gone(self, woo, review):
        """Deleted for good, by itself or with its product; older releases answer 403, and mean the same."""
        one, other = review(), review("もう一つ")
        woo.shop.delete_review(one)
        assert Gone(Ref("review", str(one))) == woo.read("review", one)
        self.deny_single_reviews(woo)
        assert Gone(Ref("review", str(one))) == woo.read("review", one)
        woo.shop.delete_product(woo.tea)
        assert Gone(Ref("review", str(other))) == woo.read("review", other)

    def test_a_key_that_may_read_no_reviews(self, woo, review):
        """Is told, and nothing is taken for gone."""
        number = review()

        def deny(*_):
            raise Refusal(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

        woo.api._routed = deny
        with pytest.raises(ConfigurationError, match="permission Read/Write"):
            woo.read("review", number)

    def deny_single_reviews(self, woo):
        """Let the shop answer 403 for a single review."""
        answer = woo.api._routed

        def routed(method, path, told, data):
            if path.startswith("products/reviews/"):
                raise Refusal(403, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
            return answer(method, path, told, data)

        woo.api._routed = routed


@pytest.fixture
def small(monkeypatch):
    """Pages of three."""
    monkeypatch.setattr(sync, "_LARGEST_PAGE", 3)


class TestListed:
    def test_all_of_them(self, woo, review, small):
        """The whole listing has what is approved, what waits, spam and the trash, each once."""
        made = {
            status: [review(f"{status} {number}", status=status) for number in range(5)]
            for status in ("approved", "hold", "spam", "trash")
        }
        told = woo.ids("reviews-all")
        assert sorted(number for several in made.values() for number in several) == sorted(told)
        assert 20 == next(woo.pages("reviews-all")).total

    def test_new_ones(self, woo, review, small):
        """The frequent listing has what was written lately, neither spam nor what was thrown away."""
        review("old")
        woo.shop.wait(days=10)
        since = woo.shop.now
        new = [review(f"new {number}", status=("approved", "hold")[number % 2]) for number in range(7)]
        review("spam", status="spam")
        assert new == woo.ids("reviews", since)
        assert {"after"} == {name for asked in woo.api.asked for name in asked.params if "after" in name}

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
    def test_on_whatever_clock(self, connect, zone):
        """The moment is told in UTC, and says so."""
        woo = connect(zone=zone)
        since = woo.shop.now
        woo.shop.wait(minutes=1)
        number = woo.shop.review(woo.tea, "Good", name="Ann", email="ann@example.com")
        assert [number] == woo.ids("reviews", since)
        assert [] == woo.ids("reviews", since + timedelta(days=2))

    def test_one_that_vanishes_while_listed(self, woo, review, small):
        """Hides no other."""
        made = [review(f"number {number}") for number in range(9)]
        pages = woo.pages("reviews-all")
        seen = [int(one.id) for one in next(pages).snapshots]
        woo.shop.delete_review(made[0])
        seen += [int(one.id) for page in pages for one in page.snapshots]
        assert made == seen

    def test_one_that_nobody_understands(self, woo, review, caplog):
        """Is left out and told in the log, without a word of it."""
        made = [review(), review("strange")]
        woo.shop.reviews[made[1]].fields["rating"] = "five"
        with caplog.at_level(logging.WARNING):
            assert made[:1] == woo.ids("reviews-all")
        assert [f"shop tea: left out of a listing: products/reviews/{made[1]}: not understood: rating"] == (
            caplog.messages
        )


def command(woo, **changes):
    """Return a command to write a review of the tea."""
    given = {
        "key": "tea/review/7",
        "product": str(woo.tea),
        "text": 'Tastes of <May> & rain.\n\nIt\'s "good" \\o/ 🍵',
        "name": "花",
        "email": HANA,
        "rating": 4,
    }
    return WriteReview(**{**given, **changes})


class TestWritten:
    def test_it_waits_for_the_shop(self, woo):
        """A review of the customer, word for word, that staff may approve."""
        receipt = woo.adapter.perform(command(woo))
        told = woo.read("review", int(receipt.reference))
        assert ('Tastes of <May> & rain.\nIt\'s "good" \\o/ 🍵', 4, ReviewStatus.HOLD, False) == (
            told.text,
            told.rating,
            told.status,
            told.verified,
        )
        assert Contact(email=HANA, full_name="花") == told.contact

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"publish": True}, (4, ReviewStatus.APPROVED, False)),
            ({"verified": True}, (4, ReviewStatus.HOLD, True)),
            ({"rating": None}, (None, ReviewStatus.HOLD, False)),
        ],
    )
    def test_as_it_is_wanted(self, woo, changes, expected):
        """Shown at once, of a buyer, without stars."""
        told = woo.read("review", int(woo.adapter.perform(command(woo, **changes)).reference))
        assert expected == (told.rating, told.status, told.verified)

    @pytest.mark.parametrize("status", ["approved", "hold", "spam", "trash"])
    def test_a_retry_finds_its_own(self, woo, status):
        """Wherever moderation has put it since, and it is not written again."""
        first = woo.adapter.perform(command(woo))
        woo.shop.moderate_review(int(first.reference), status)
        assert first == woo.adapter.perform(command(woo))
        assert 1 == len(woo.shop.reviews)

    def test_an_answer_that_is_lost(self, woo):
        """The shop wrote it and broke down: nobody writes it twice, and the next try finds it."""
        answer = woo.api._routed

        def once(method, path, told, data):
            found = answer(method, path, told, data)
            if method == "POST":
                raise Refusal(502, "bad_gateway", "Sorry")
            return found

        woo.api._routed = once
        with pytest.raises(PlatformUnavailable, match="502"):
            woo.adapter.perform(command(woo))
        woo.api._routed = answer
        receipt = woo.adapter.perform(command(woo))
        assert [int(receipt.reference)] == list(woo.shop.reviews)

    def test_what_the_customer_wrote_in_the_shop_already_is_that_review(self, woo):
        """The same words of the same person of the same product; the address in whatever capitals."""
        known = woo.shop.review(woo.tea, "Good", rating=2, name="Hana", email=HANA.lower())
        assert str(known) == woo.adapter.perform(command(woo, text="Good ")).reference

    def test_other_words_people_or_products_are_other_reviews(self, woo):
        """Nothing is taken for ours that is not."""
        pot = woo.shop.product("急須", "3300")
        woo.shop.review(woo.tea, "Bad", name="花", email=HANA)
        woo.shop.review(woo.tea, "Good", name="Bob", email="bob@example.jp")
        woo.shop.review(pot, "Good", name="花", email=HANA)
        woo.adapter.perform(command(woo, text="Good"))
        assert 4 == len(woo.shop.reviews)

    def test_a_duplicate_that_the_lists_did_not_show(self, woo):
        """A cache answered the list: the shop's own refusal leads to the review."""
        known = woo.shop.review(woo.tea, "Good", name="花", email=HANA)
        answer, asked = woo.api._routed, []

        def cached(method, path, told, data):
            asked.append(method)
            return (200, []) if "POST" not in asked else answer(method, path, told, data)

        woo.api._routed = cached
        assert str(known) == woo.adapter.perform(command(woo, text="Good")).reference

    def test_a_duplicate_of_somebody_elses(self, woo):
        """Is told, without the words."""

        def refuse(method, _path, _told, _data):
            if method == "POST":
                raise Refusal(409, "woocommerce_rest_comment_duplicate", "Duplicate comment detected")
            return 200, []

        woo.api._routed = refuse
        with pytest.raises(CommandRefused, match="duplicate of another one of product") as caught:
            woo.adapter.perform(command(woo))
        assert "May" not in str(caught.value)

    def test_a_pause_between_reviews(self, woo):
        """WordPress takes only so many in a minute: it is tried again later."""

        def refuse(method, _path, _told, _data):
            if method == "POST":
                raise Refusal(400, "woocommerce_rest_comment_flood", "You are posting comments too quickly.")
            return 200, []

        woo.api._routed = refuse
        with pytest.raises(PlatformUnavailable, match="a pause between two reviews"):
            woo.adapter.perform(command(woo))

    def test_a_product_that_is_gone(self, woo):
        """Nobody can review it any more."""
        woo.shop.delete_product(woo.tea)
        with pytest.raises(CommandRefused, match=f"no product {woo.tea} to review"):
            woo.adapter.perform(command(woo))

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"product": "tea"}, "whole numbers"),
            ({"text": " \n"}, "without a text"),
            ({"email": ""}, "needs the writer's e-mail"),
            ({"email": "nobody"}, "rest_invalid_param"),
        ],
    )
    def test_what_woocommerce_never_takes(self, woo, changes, why):
        """Is refused once and for all, with the reason, and without the person."""
        with pytest.raises(CommandRefused, match=why) as caught:
            woo.adapter.perform(command(woo, **changes))
        assert HANA not in str(caught.value)
        assert {} == woo.shop.reviews

    def test_nothing_of_the_person_is_in_its_repr(self, woo):
        """Nor what the person wrote."""
        shown = repr(command(woo))
        assert [] == [word for word in ("May", "花", "Hana") if word in shown]
