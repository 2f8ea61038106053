"""What a shop answers when it is asked, right and wrong."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
import responses

from aftercare_customshop import samples
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.export import request_schema
from aftercare_customshop.options import KINDS
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.shops import Gone, Ref, Shop
from aftercare_sdk.model.sync import Cursor

URL = "https://shop.example/aftercare"
OPTIONS = {"read_url": URL, "page_size": 2, "lists": [*KINDS]}
SINCE = datetime(2026, 4, 1, 18, tzinfo=UTC)
REF = Ref("order", "1042")


class FakeShop:
    """Answers what a test says, one answer after the other, and keeps what it was asked."""

    def __init__(self, web, secret):
        self.answers = []
        self.asked = []
        self.adapter = CustomShopAdapter(
            Shop(name="main", secrets=(secret,), currency="JPY", options=OPTIONS)
        )
        web.add_callback(responses.POST, URL, self._answer)

    def _answer(self, request):
        message = json.loads(request.body)
        jsonschema.validate(message, request_schema())
        self.asked.append((message["type"], message["data"]))
        status, body = self.answers.pop(0)
        return status, {}, body if isinstance(body, bytes) else json.dumps(body)

    def will(self, *answers):
        """Answer these next: objects, or status and object."""
        self.answers += [each if isinstance(each, tuple) else (200, each) for each in answers]

    def read(self, *refs):
        """Read from it."""
        return list(self.adapter.read(refs))

    def list(self, stream="orders", **cursor):
        """List it."""
        return list(self.adapter.changes(Cursor(stream=stream, **cursor)))


@pytest.fixture
def shop(secret, monkeypatch):
    """A shop that can be asked; nothing really sleeps."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield FakeShop(web, secret)


@pytest.fixture
def told(message):
    """The data of the sample of a kind, with changes."""
    return lambda kind="order", **changes: message(f"{kind}.updated", **changes)["data"]


def page(*items, next_=None, **more):
    """Make a page."""
    return {"items": list(items), "next": next_, **more}


class TestRead:
    @pytest.mark.parametrize("kind", ["order", "customer", "product", "review"])
    def test_an_object(self, shop, told, translate, message, kind):
        """A read shows the same as a message of the same moment."""
        object_ = told(kind)
        shop.will(object_)
        [read] = shop.read(Ref(kind, object_["id"]))
        assert [(f"{kind}.get", {"id": object_["id"]})] == shop.asked
        [heard] = translate(message(f"{kind}.updated"))
        assert heard == (replace(read, refunds_complete=False) if kind == "order" else read)

    def test_refunds_are_complete(self, shop, told):
        """A refund that is not in the answer was taken back; if none are told, nobody knows."""
        shop.will(told(refunds=[]), told(refunds=...))
        empty, untold = shop.read(REF, REF)
        assert (((), True), (None, False)) == (
            (empty.refunds, empty.refunds_complete),
            (untold.refunds, untold.refunds_complete),
        )

    @pytest.mark.parametrize("kind", ["order", "customer", "product", "review"])
    def test_without_a_date(self, shop, told, kind):
        """What the shop says when it is asked counts, dated or not."""
        object_ = told(kind, updated_at=...)
        shop.will(object_)
        [read] = shop.read(Ref(kind, object_["id"]))
        assert read.version.modified_at is None
        assert not getattr(read, "partial", False)

    @pytest.mark.parametrize("status", [404, 410])
    def test_gone(self, shop, status):
        """The shop says so of the object."""
        shop.will((status, {"gone": True}))
        assert [Gone(REF)] == shop.read(REF)

    @pytest.mark.parametrize(
        "body",
        [b"", b"<html>Not Found</html>", {}, {"gone": 1}, {"gone": "true"}, {"message": "Not Found"}, []],
    )
    def test_a_plain_404_is_no_deletion(self, shop, body):
        """A web server that does not know the address says 404 of every order."""
        shop.will((404, body))
        with pytest.raises(ConfigurationError, match=r"shops\.main\.read_url.*gone"):
            shop.read(REF)

    def test_another_object(self, shop, told):
        """An answer about another order is none."""
        shop.will(told(id="1043"))
        with pytest.raises(TranslationError, match="another object"):
            shop.read(REF)

    @pytest.mark.parametrize(
        "changes", [{"total": 4820}, {"lines": ...}, {"placed_at": "hana@customer.example"}]
    )
    def test_not_understood(self, shop, told, changes):
        """It is said which field is wrong, and nothing of what stands there."""
        shop.will(told(**changes))
        with pytest.raises(TranslationError, match=rf"order\.get: {next(iter(changes))}") as caught:
            shop.read(REF)
        assert "hana" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"

    @pytest.mark.parametrize("body", [b"", b"<html>Maintenance</html>", b"[]", b"null", b"\xff"])
    def test_a_page_for_people(self, shop, body):
        """A shop in maintenance may say 200."""
        shop.will((200, body))
        with pytest.raises(PlatformUnavailable, match="no JSON object"):
            shop.read(REF)

    @pytest.mark.parametrize("status", [400, 409, 422])
    def test_a_question_that_is_not_understood(self, shop, status):
        """A person must mend the shop."""
        shop.will((status, {}))
        with pytest.raises(ConfigurationError, match=rf"order\.get.*a {status}"):
            shop.read(REF)


class TestChanges:
    def test_pages(self, shop, told):
        """One after the other, each asked for when it is taken; the marks are the shop's own words."""
        shop.will(page(told(id=1), told(id=2), next_="a/b c", total=5), page(told(id=3), next_=7), page())
        zone = SINCE.astimezone().tzinfo
        pages = shop.adapter.changes(Cursor(stream="orders", since=SINCE.astimezone(zone)))
        assert [] == shop.asked
        listed = [([one.id for one in each.snapshots], each.position, each.total) for each in pages]
        assert [(["1", "2"], "a/b c", 5), (["3"], "7", None), ([], None, None)] == listed
        since = "2026-04-01T18:00:00+00:00"
        assert [
            ("orders.list", {"updated_since": since, "cursor": cursor, "limit": 2})
            for cursor in (None, "a/b c", "7")
        ] == shop.asked

    @pytest.mark.parametrize("kind", ["order", "customer", "product", "review"])
    @pytest.mark.parametrize("whole", ["", "-all"])
    def test_streams(self, shop, told, kind, whole):
        """Everything that can be listed, in both ways."""
        shop.will(page(told(kind)))
        [listed] = shop.list(f"{kind}s{whole}")
        assert [told(kind)["id"]] == [one.id for one in listed.snapshots]
        assert [(f"{kind}s.list", {"updated_since": None, "cursor": None, "limit": 2})] == shop.asked

    def test_goes_on(self, shop, told):
        """A listing that was cut off begins at its mark."""
        shop.will(page(told()))
        shop.list(since=SINCE, position="here")
        assert "here" == shop.asked[0][1]["cursor"]

    def test_a_broken_object(self, shop, told, caplog):
        """It is left out and logged, without what stands in it; the others come in."""
        caplog.set_level(logging.WARNING)
        broken = [told(id="8", total=1), {"id": "hana@customer.example"}, None, "小川", told(id="9/9")]
        shop.will(page(told(id="7"), *broken, told(id="10")))
        [listed] = shop.list()
        assert ["7", "10"] == [one.id for one in listed.snapshots]
        lines = [record.getMessage() for record in caplog.records]
        assert 5 == len(lines)
        assert lines[0].startswith(
            "shop main: left out of orders.list (item 2, order 8): total must be an amount"
        )
        assert "hana" not in caplog.text
        assert "小川" not in caplog.text

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            ({}, "items is missing"),
            ({"items": []}, "next is missing"),
            ({"items": {}, "next": None}, "items must be a list"),
            ({"items": [], "next": ""}, "next must be text"),
            ({"items": [], "next": True}, "next must be text"),
            ({"items": [], "next": "x" * 501}, "next must be text"),
            ({"items": [], "next": "\x00"}, "next must be text"),
            ({"items": [], "next": None, "total": -1}, "total must be"),
        ],
    )
    def test_no_page(self, shop, answer, problem):
        """A list without its end would end too early: it counts only as the wire format says."""
        shop.will(answer)
        with pytest.raises(ConfigurationError, match=rf"orders\.list was answered in another way.*{problem}"):
            shop.list()

    def test_a_circle(self, shop, told):
        """A page that is followed by itself would be listed for ever."""
        shop.will(page(told(), next_="a"), page(told(), next_="a"))
        with pytest.raises(ConfigurationError, match="never end"):
            shop.list()

    def test_unknown_stream(self, shop):
        """It is said at once what there is."""
        with pytest.raises(ConfigurationError, match=r"no stream 'refunds', but orders, orders-all"):
            shop.adapter.changes(Cursor(stream="refunds"))

    @pytest.mark.parametrize("answer", [(404, {}), (404, {"gone": True})])
    def test_no_list(self, shop, answer):
        """A shop that has no such list is not one without orders."""
        shop.will(answer)
        with pytest.raises(ConfigurationError, match="nothing at this address"):
            shop.list()


def test_samples(shop, message):
    """The samples of the package are what is really sent."""
    [question, get] = [samples.request(name) for name in ("orders.list", "order.get")]
    shop.will(page(), message("order.updated")["data"])
    shop.list(since=datetime.fromisoformat(question["data"]["updated_since"]) + timedelta(0))
    shop.read(Ref("order", get["data"]["id"]))
    assert [("orders.list", {**question["data"], "limit": 2}), ("order.get", get["data"])] == shop.asked
