"""What the API answers about orders."""

from __future__ import annotations

from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, check_email
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import has_status, page
from aftercare_woocommerce.fake.state.orders import Order

_FIELDS = {"customer_note": "note", "customer_id": "customer", "billing": "billing", "shipping": "shipping"}
"""What can be changed, and what the shop calls it."""


class Orders(Collection):
    """Answers about orders."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "orders"): self._orders,
            ("POST", "orders"): self._new_order,
            ("GET", "orders/#"): self._order,
            ("PUT", "orders/#"): self._set_order,
            ("DELETE", "orders/#"): self._delete_order,
        }

    def _orders(self, call: Call) -> Answer:
        told, shop = call.told, self.shop
        statuses = params.some_of(told, "status", ("any", "trash", "auto-draft", *shop.statuses))
        customer = params.whole(told, "customer", -1, least=0)
        product = params.whole(told, "product", -1, least=0)
        places = params.places(told, shop.site.decimals)
        found = [
            order
            for order in shop.orders.values()
            if has_status(order.status, statuses)
            and (customer < 0 or order.customer == customer)
            and (product < 0 or any(line.product_id == product for line in order.lines))
            and told.get("search", "").casefold() in _searched(order)
        ]
        return 200, page(
            call.told,
            shop.site.zone,
            found,
            lambda order: shop.show("orders", order.id, places=places),
            past_end=0,
        )

    def _order(self, call: Call, number: int) -> Answer:
        places = params.places(call.told, self.shop.site.decimals)
        return 200, self.shop.show("orders", number, places=places)

    def _new_order(self, call: Call) -> Answer:
        data = call.data
        billing = dict(data.get("billing", {}))
        check_email("billing", billing.get("email", ""))
        cart = {
            int(line.get("product_id", 0)): int(line.get("quantity", 1))
            for line in data.get("line_items", [])
        }
        coupons = [each["code"] for each in data.get("coupon_lines", [])]
        number = self.shop.checkout(
            cart,
            email=billing.pop("email", ""),
            account=int(data.get("customer_id", 0)),
            coupon=coupons[0] if coupons else "",
            gateway=data.get("payment_method", ""),
            paid=bool(data.get("set_paid")),
            currency=data.get("currency", ""),
            shipping="0",
            via="rest-api",
            **billing,
        )
        if "status" in data:
            self.shop.set_status(number, data["status"])
        return 201, self.shop.show("orders", number)

    def _set_order(self, call: Call, number: int) -> Answer:
        data, shop = call.data, self.shop
        order = shop.show("orders", number)
        fields = {_FIELDS[name]: value for name, value in data.items() if name in _FIELDS}
        meta = call.meta
        if data.get("status", order["status"]) != order["status"]:
            shop.set_status(number, data["status"])
        shop.edit(number, meta=meta, **fields)
        return 200, shop.show("orders", number)

    def _delete_order(self, call: Call, number: int) -> Answer:
        shown = self.shop.show("orders", number)
        if call.forced:
            self.shop.delete_order(number)
        elif shown["status"] == "trash":
            raise Refusal(410, "woocommerce_rest_already_trashed", "The order has already been deleted.")
        else:
            # What is told is the order as it was before.
            self.shop.trash(number)
        return 200, shown


def _searched(order: Order) -> str:
    told = [*order.billing.values(), *order.shipping.values(), *(line.name for line in order.lines)]
    return "\n".join([str(order.id), *told]).casefold()
