from __future__ import annotations

from decimal import Decimal


def shape(value, path=""):
    """Return the places in a JSON value with the types there; numbers and null are kinds of their own."""
    if isinstance(value, dict):
        return {place for key, below in value.items() for place in shape(below, f"{path}.{key}")}
    if isinstance(value, list):
        below = {place for below in value for place in shape(below, f"{path}[]")}
        return {(path, "list")} | (below or {(path, "empty")})
    if value is None:
        return {(path, "null")}
    return {(path, "number" if type(value) in (int, float) else type(value).__name__)}


FREE = (".meta_data", ".shipping_lines", ".coupon_lines[].meta_data", "._links", ".attributes", ".fee_lines")


def names(told):
    """Return the places that a value has, without what differs from shop to shop."""
    found = {}
    for place, kind in shape(told):
        if not any(place.startswith(free) or ".meta_data" in place for free in FREE):
            found.setdefault(place, set()).add(kind)
    return found


def assert_same_shape(recorded, told):
    """Assert that both have the same places, with the same type wherever both have one."""
    expected, actual = names(recorded), names(told)
    loose = {place for told in (expected, actual) for place in told if told[place] & {"empty", "null"}}
    below = tuple(f"{place}[]" for place in loose) + tuple(f"{place}." for place in loose)

    def counted(places):
        return {place for place in places if not place.startswith(below)}

    assert counted(expected) == counted(actual)
    exact = counted(expected) - loose
    assert {place: expected[place] for place in exact} == {place: actual[place] for place in exact}


def test_an_order_looks_like_the_recorded_one(shop, api, recorded, ask):
    """Same keys, same order, same types: adapters and programs see no difference."""
    shop.coupon("off500", amount=Decimal(500))
    order = shop.checkout({shop.coffee: 1, shop.tea: 3}, email="Megumi.Saito@Example.jp", coupon="OFF500")
    _, told, _ = ask(api, "GET", f"orders/{order}")
    real = recorded("orders-get-one-coupon")["body"]
    assert list(real) == list(told)
    assert list(real["line_items"][0]) == list(told["line_items"][0])
    assert list(real["coupon_lines"][0]) == list(told["coupon_lines"][0])
    assert list(real["shipping_lines"][0]) == list(told["shipping_lines"][0])
    assert list(real["tax_lines"][0]) == list(told["tax_lines"][0])
    assert_same_shape(real, told)


def test_amounts_are_those_of_the_recorded_order(shop, api, recorded, ask):
    """Prices with tax are taken apart as WooCommerce does it."""
    order = shop.checkout({shop.coffee: 1, shop.tea: 3}, email="a@example.jp")
    _, told, _ = ask(api, "GET", f"orders/{order}")
    real = recorded("orders-get-one-coupon")["body"]
    for line, recorded_line in zip(told["line_items"], real["line_items"], strict=True):
        for name in ("subtotal", "subtotal_tax"):
            assert recorded_line[name] == line[name]
    assert ("4860", "600", "316") == (told["total"], told["shipping_total"], told["total_tax"])


def test_a_refund_looks_like_the_recorded_one(shop, api, recorded, ask):
    """Quantities and amounts of lines are negative, and each names the order line that it gives back."""
    order = shop.checkout({shop.coffee: 2}, email="a@example.jp", paid=True)
    status, told, _ = ask(
        api,
        "POST",
        f"orders/{order}/refunds",
        {
            "api_refund": False,
            "reason": "line",
            "line_items": [{"id": shop.orders[order].lines[0].id, "quantity": 1, "refund_total": 1500}],
        },
    )
    real = recorded("orders-refunds-post-line-item")["body"]
    assert 201 == status
    assert list(real) == list(told)
    assert_same_shape(real, told)
    assert (-1, "-1500", "1620") == (
        told["line_items"][0]["quantity"],
        told["line_items"][0]["total"],
        told["amount"],
    )
    [meta] = told["line_items"][0]["meta_data"]
    assert ("_refunded_item_id", str(shop.orders[order].lines[0].id)) == (meta["key"], meta["value"])
    _, [listed], _ = ask(api, "GET", "refunds", include=str(told["id"]))
    [everywhere] = recorded("refunds")["body"][:1]
    assert list(everywhere) == list(listed)


def test_other_objects_look_like_the_recorded_ones(shop, api, recorded, ask):
    """Accounts, products, variations, coupons, webhooks and reviews have the recorded keys and types."""
    account = shop.customer("mei@example.jp", first_name="メイ", last_name="林", meta={"opt_in": "no"})
    assert_same_shape(recorded("customers-get-one")["body"], ask(api, "GET", f"customers/{account}")[1])
    assert_same_shape(recorded("products-page-1")["body"][0], ask(api, "GET", f"products/{shop.tea}")[1])
    real = recorded("products-get-one-by-variation-id")["body"]
    assert set(real) == set(ask(api, "GET", f"products/{shop.small}")[1])
    _, [variation], _ = ask(api, "GET", f"products/{shop.food}/variations")
    assert recorded("products-variations")["body"][0]["name"] == "10kg"
    assert "3kg" == variation["name"]
    _, coupon, _ = ask(api, "POST", "coupons", recorded("coupons-post")["request"]["json"])
    assert list(recorded("coupons-post")["body"]) == list(coupon)
    assert_same_shape(recorded("coupons-post")["body"], coupon)
    _, webhook, _ = ask(api, "POST", "webhooks", recorded("webhooks-post-order-created")["request"]["json"])
    assert list(recorded("webhooks-post-order-created")["body"]) == list(webhook)
    assert recorded("webhooks-post-order-created")["body"]["hooks"] == webhook["hooks"]
    review = {**recorded("products-reviews-post")["request"]["json"], "product_id": shop.tea}
    _, told, _ = ask(api, "POST", "products/reviews", review)
    assert list(recorded("products-reviews-post")["body"]) == list(told)
    assert_same_shape(recorded("products-reviews-post")["body"], told)
