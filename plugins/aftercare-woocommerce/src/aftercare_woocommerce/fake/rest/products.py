"""What the API answers about products and their variations."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, changeable
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import BY_POST, has_status, page
from aftercare_woocommerce.fake.state.products import product_told

_STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish", "auto-draft")


class Products(Collection):
    """Answers about products."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "products"): self._products,
            ("GET", "products/#"): self._product,
            ("PUT", "products/#"): self._set_product,
            ("DELETE", "products/#"): self._delete_product,
            ("GET", "products/#/variations"): self._variations,
        }

    def _products(self, call: Call) -> Answer:
        told, shop = call.told, self.shop
        statuses = params.some_of(told, "status", _STATUSES)
        found = [
            each
            for each in shop.products.values()
            if not each.fields["parent_id"]
            and has_status(each.fields["status"], statuses)
            and told.get("sku", "") in ("", each.fields["sku"])
        ]
        orders = (*BY_POST, "price", "popularity", "rating")
        return 200, page(
            call.told, shop.site.zone, found, lambda each: product_told(each, shop.site), orders=orders
        )

    def _product(self, call: Call, number: int) -> Answer:
        return 200, self.shop.show("products", number)

    def _variations(self, call: Call, product: int) -> Answer:
        shop = self.shop
        found = [each for each in shop.products.values() if each.fields["parent_id"] == product]
        orders = (*BY_POST, "menu_order")
        return 200, page(
            call.told,
            shop.site.zone,
            found,
            lambda each: product_told(each, shop.site, terse=True),
            orders=orders,
        )

    def _set_product(self, call: Call, number: int) -> Answer:
        thing = changeable(self.shop.products, number, "products")
        self._write_meta(thing.meta, call.data)
        names = ("name", "sku", "status", "regular_price")
        fields: dict[str, Any] = {name: call.data[name] for name in names if name in call.data}
        if "regular_price" in fields:
            fields["price"] = fields["regular_price"]
        self.shop.edit_product(number, **fields)
        return 200, self.shop.show("products", number)

    def _delete_product(self, call: Call, number: int) -> Answer:
        shop = self.shop
        shown = shop.show("products", number)
        if call.forced:
            shop.delete_product(number)
        else:
            shop.products[number].fields["status"] = "trash"
            shop.products[number].modified = shop.now
            # A product in the trash is announced as a coupon, too.
            shop.queue.happened("coupon.deleted", number)
            shop.queue.happened("product.deleted", number)
        return 200, shown
