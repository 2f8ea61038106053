from __future__ import annotations

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.shops import Gone, Ref


class TestSubscriptions:
    def contract(self, lines):
        """A contract of so many lines, of products 1, 2, 3 and so on."""
        return {
            "id": "gid://shopify/SubscriptionContract/5",
            "status": "ACTIVE",
            "updatedAt": "2026-11-02T14:00:01Z",
            "nextBillingDate": "2026-12-02T14:00:00Z",
            "customer": {"id": "gid://shopify/Customer/1"},
            "lines": [
                {"productId": f"gid://shopify/Product/{each}", "variantId": None, "quantity": 1}
                for each in range(1, lines + 1)
            ],
        }

    @pytest.mark.parametrize("count", [0, 10, 11, 110, 250])
    def test_no_line_is_cut_off(self, count, answering):
        """A subscription has all of its lines, however many they are."""
        shop = answering(self.contract(count))
        told, gone = shop.read(Ref("subscription", "5"), Ref("subscription", "6"))
        assert [str(each) for each in range(1, count + 1)] == [line.product for line in told.lines]
        assert Gone(Ref("subscription", "6")) == gone

    def test_not_understood(self, answering):
        """A subscription that is not understood is told by its fields."""
        shop = answering({**self.contract(1), "updatedAt": None})
        with pytest.raises(TranslationError, match=r"^subscription 5: not understood: updatedAt$"):
            shop.read(Ref("subscription", "5"))


class TestConnected:
    def test_subscription(self, connect):
        """A subscription that this app made is read; one of another app is not to be seen."""
        tea = connect()
        customer, product = tea.shop.add_customer("a@example.jp"), tea.shop.add_product("茶", "880")
        ours = tea.shop.subscribe_customer(customer, {product: 2})
        other = tea.shop.subscribe_customer(customer, {product: 2}, own=False)
        told, gone = tea.read("subscription", ours, other)
        assert (str(customer), True, "active") == (told.customer, told.active, told.status)
        assert [(str(product), 2)] == [(line.product, line.quantity) for line in told.lines]
        assert Gone(Ref("subscription", str(other))) == gone
        tea.shop.set_contract(ours, "PAUSED")
        [told] = tea.read("subscription", ours)
        assert (False, "paused", None) == (told.active, told.status, told.next_at)
