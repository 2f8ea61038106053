from __future__ import annotations

import json

import pytest

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.shops import Gone, Ref, Shop
from aftercare_sdk.shops.asking import Answer
from aftercare_woocommerce.adapter import WooCommerceAdapter

ORDER = Ref("order", "337")


class Answering:
    """Gives the same answer to everything, and keeps what was asked."""

    def __init__(self, status, body):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.asked = []

    def get(self, path, params):
        self.asked.append((path, dict(params)))
        return Answer(self.status, {}, self.body)


def read(client, ref=ORDER):
    """Read one object through a client."""
    (reading,) = WooCommerceAdapter(Shop(name="tea"), client).read([ref])
    return reading


def test_no_client():
    """Without a client the read says at once what is missing, not only when it is looped over."""
    with pytest.raises(ConfigurationError, match=r"'tea'.*read_from"):
        WooCommerceAdapter(Shop(name="tea")).read([])


@pytest.mark.parametrize("name", ["error-404-order", "error-404-customer", "error-404-product"])
def test_gone(rest, name):
    """An object of which the store says that its id is invalid is gone."""
    assert Gone(ORDER) == read(Answering(404, rest(name)["body"]))


@pytest.mark.parametrize("name", ["error-401-no-auth", "error-401-wrong-secret"])
@pytest.mark.parametrize("status", [401, 403])
def test_denied(rest, name, status):
    """Denied access names the shop and what a person must do."""
    with pytest.raises(ConfigurationError, match=r"'tea'.*woocommerce_rest_.*REST API key"):
        read(Answering(status, rest(name)["body"]))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_unavailable(rest, status):
    """A shop that is down, slow or throttling is asked again later."""
    with pytest.raises(PlatformUnavailable, match="'tea'"):
        read(Answering(status, rest("orders-refunds-post-too-much-500")["body"]))


@pytest.mark.parametrize(
    "body", [b"<html>Not found</html>", b"[]", b"", {"code": "rest_no_route", "message": "", "data": None}]
)
def test_wrong_address(body):
    """A 404 of another kind says nothing about the object: the address or its permalinks are wrong."""
    with pytest.raises(ConfigurationError, match="permalinks"):
        read(Answering(404, body))


def test_no_json():
    """A maintenance page under a good status is no answer."""
    with pytest.raises(PlatformUnavailable, match="no JSON"):
        read(Answering(200, b"<html>"))


def test_not_understood():
    """An object that cannot be understood is told by its fields."""
    with pytest.raises(TranslationError, match=r"^orders/337: not understood: .*currency"):
        read(Answering(200, {"id": 337}))


def test_draft(payload):
    """An open checkout is not an order, when it is read as well."""
    assert Gone(Ref("order", "360")) == read(Answering(200, payload(94)), Ref("order", "360"))


def test_staff(payload):
    """Who has joined the staff is no customer any more."""
    assert Gone(Ref("customer", "17")) == read(Answering(200, payload(149)), Ref("customer", "17"))


def test_one_question(payload):
    """An exact order without refunds takes one question."""
    client = Answering(200, payload(22))
    assert "337" == read(client).id
    assert [("orders/337", {})] == client.asked


def test_decimals_are_asked_for(payload):
    """A rounded order is asked for again with the decimals of its currency."""
    client = Answering(200, payload(96))
    assert read(client, Ref("order", "361")).amounts.rounded is True
    assert [("orders/361", {}), ("orders/361", {"dp": 2})] == client.asked


class TestRefunds:
    @pytest.fixture
    def refunded(self, rest, payload):
        """Read order 337 with these refunds instead of its own."""

        def refunded(refunds):
            class Client(Answering):
                def get(self, path, params):
                    super().get(path, params)
                    body = payload(31) if path == "orders/337" else refunds(params["page"])
                    return Answer(200, {}, json.dumps(body).encode())

            client = Client(200, {})
            return read(client), client.asked

        return refunded

    @pytest.fixture
    def refund(self, rest):
        (refund,) = (each for each in rest("orders-refunds-of-order")["body"] if each["id"] == 339)
        return refund

    def test_pages(self, refunded, refund):
        """A hundred refunds may be all or not; the next page tells."""
        pages = {1: [{**refund, "id": number} for number in range(1, 101)], 2: [{**refund, "id": 101}]}
        order, asked = refunded(pages.__getitem__)
        assert 101 == len(order.refunds)
        assert [{}, {"per_page": 100, "page": 1}, {"per_page": 100, "page": 2}] == [each for _, each in asked]

    def test_amount_of_a_line(self, refunded, refund):
        """A line may be given back in money only."""
        refund["line_items"][0]["quantity"] = 0
        order, _ = refunded(lambda _: [refund])
        assert [(0, 648)] == [(line.quantity, line.amount.minor) for line in order.refunds[0].lines]

    def test_line_of_nothing(self, refunded, refund):
        """A line that gives back nothing, or that names no order line, is left out."""
        empty = {**refund["line_items"][0], "quantity": 0, "total": "0", "total_tax": "0", "taxes": []}
        nameless = {**refund["line_items"][0], "meta_data": []}
        order, _ = refunded(lambda _: [{**refund, "line_items": [empty, nameless]}])
        assert ((), 648) == (order.refunds[0].lines, order.refunds[0].amount.minor)

    @pytest.mark.parametrize("answer", [{"id": 1}, ["x"], [{"id": 1}]])
    def test_no_refunds(self, refunded, answer):
        """A list of refunds that cannot be understood is told as such."""
        with pytest.raises(TranslationError):
            refunded(lambda _: answer)
