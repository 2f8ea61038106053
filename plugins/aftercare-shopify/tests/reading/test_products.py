from __future__ import annotations

from aftercare_sdk.model.records.orders import order_record


class TestSameAsWebhook:
    """What a read says of an object is what a webhook says of it: else each would contradict the other."""

    def test_products(self, connect):
        """Of a product everything."""
        tea = connect()
        product = tea.shop.add_product(
            "深蒸し茶", "880", product_type="Tea", tags=["b", "a"], variants={"1 kg": "1", "2 kg": "2"}
        )
        tea.shop.edit_product(product, title="玉露")
        told, _ = tea.last_told()
        assert told[str(product)] == tea.read("product", product)[0]


class TestConnected:
    def test_products_are_hidden(self, connect):
        """Without the scope for products, a read leaves standing what a webhook told of a line."""
        tea = connect()
        product = tea.shop.add_product("茶", "880", sku="T-1")
        number = tea.shop.order({product: 1}, email="a@example.jp", paid=True)
        tea.shop.access.scopes -= {"read_products", "write_products"}
        told = tea.last_told()[0][str(number)]
        [read] = tea.read("order", number)
        [line_] = told.amounts.lines
        known = order_record(told).merge(order_record(read)).products[line_.id]
        assert (str(product), line_.variant, "T-1") == (
            known.product.value,
            known.variant.value,
            known.sku.value,
        )
        assert any("read_products" in sentence for sentence in tea.adapter.tend())
