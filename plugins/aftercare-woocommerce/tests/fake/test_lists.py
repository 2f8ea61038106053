from __future__ import annotations

import json

import pytest

ROOT = "https://shop.example/wp-json/wc/v3/"


class TestLists:
    @pytest.fixture
    def orders(self, shop):
        made = []
        for _ in range(5):
            made.append(shop.checkout({shop.tea: 1}, email="a@example.jp"))
            shop.wait(minutes=1)
        return made

    def test_pages(self, api, orders, recorded, ask):
        """Totals and links are in the headers; behind the end, orders count none and others all."""
        _, told, headers = ask(api, "GET", "orders", per_page=2, page=2, orderby="id", order="asc")
        assert orders[2:4] == [each["id"] for each in told]
        assert ("5", "3") == (headers["X-WP-Total"], headers["X-WP-TotalPages"])
        assert {'rel="prev"', 'rel="next"'} == {part.split("; ")[1] for part in headers["Link"].split(", ")}
        for path, name in (
            ("orders", "orders-page-5-past-end"),
            ("products", "error-products-page-past-end"),
        ):
            real = recorded(name)["headers"]["X-WP-Total"]
            _, told, headers = ask(api, "GET", path, page=99)
            assert ([], real == "0") == (told, headers["X-WP-Total"] == "0")

    def test_head(self, api, orders, basic):
        """HEAD counts without telling."""
        reply = api.answer("HEAD", f"{ROOT}orders", basic)
        assert (b"", "5") == (reply.body, reply.headers["X-WP-Total"])

    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ({"modified_after": "2026-04-01T00:01:00", "dates_are_gmt": "true"}, 3),
            ({"modified_after": "2026-04-01T09:01:00"}, 3),
            ({"modified_after": "2026-04-01T00:01:00Z"}, 3),
            ({"modified_after": "2026-04-01T00:00:59Z", "modified_before": "2026-04-01T00:03:00Z"}, 2),
            ({"after": "2026-04-01T09:03:00"}, 1),
            ({"before": "2026-04-01T09:03:00"}, 3),
            ({"status": "trash"}, 0),
            ({"status": "pending,completed"}, 5),
            ({"search": "A@EXAMPLE"}, 5),
            ({"search": "nobody"}, 0),
            ({"offset": 4}, 1),
            ({"nonsense": 1}, 5),
        ],
    )
    def test_filters(self, api, orders, told, expected, ask):
        """Dates leave out both ends; without a zone they are the site's; the unknown does nothing."""
        assert expected == len(ask(api, "GET", "orders", **told)[1])

    def test_customers_have_no_date_filter(self, shop, api, ask):
        """The parameter is ignored without a word."""
        shop.customer("a@example.jp")
        assert 1 == len(ask(api, "GET", "customers", modified_after="2030-01-01T00:00:00")[1])

    def test_orders_as_arrays(self, api, orders, basic):
        """An array may be told with brackets."""
        reply = api.answer("GET", f"{ROOT}orders?include[]={orders[0]}&include[]={orders[3]}", basic)
        assert {orders[0], orders[3]} == {each["id"] for each in json.loads(reply.body)}
