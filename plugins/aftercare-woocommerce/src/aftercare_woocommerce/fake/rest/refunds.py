"""What the API answers about refunds: of one order, and of all."""

from __future__ import annotations

from collections.abc import Iterable

from aftercare_woocommerce.fake.refusals import Refusal, no_refund, no_route, no_such, no_trash
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import Page, page
from aftercare_woocommerce.fake.state.orders import Order
from aftercare_woocommerce.fake.state.refunds import Refund

_FIRST_RELEASE = 9
"""That of `refunds`, the list of those of all orders."""


class Refunds(Collection):
    """Answers about refunds."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "orders/#/refunds"): self._order_refunds,
            ("POST", "orders/#/refunds"): self._new_refund,
            ("GET", "orders/#/refunds/#"): self._refund,
            ("DELETE", "orders/#/refunds/#"): self._delete_refund,
            ("GET", "refunds"): self._refunds,
        }

    def _order_refunds(self, call: Call, number: int) -> Answer:
        order = self._order_of(number)
        return 200, self._told_refunds(call, (self.shop.refunds[each] for each in order.refunds))

    def _refunds(self, call: Call) -> Answer:
        if int(self.shop.site.release.partition(".")[0]) < _FIRST_RELEASE:
            raise no_route()
        return 200, self._told_refunds(call, self.shop.refunds.values(), parent=True)

    def _refund(self, call: Call, order: int, number: int) -> Answer:
        site = self.shop.site
        return 200, self._refund_of(order, number).told(site, site.decimals)

    def _new_refund(self, call: Call, number: int) -> Answer:
        data, shop = call.data, self.shop
        order = self._order_of(number)
        if params.flag(data, "api_refund", default=True):
            raise no_refund("The payment gateway for this order does not support automatic refunds.")
        places = {line.id: place for place, line in enumerate(order.lines)}
        lines = {places[each["id"]]: int(each.get("quantity", 0)) for each in data.get("line_items", [])}
        refund = shop.refund(
            number, lines=lines, amount=data.get("amount"), reason=str(data.get("reason", ""))
        )
        return 201, shop.refunds[refund].told(shop.site, shop.site.decimals)

    def _delete_refund(self, call: Call, order: int, number: int) -> Answer:
        refund = self._refund_of(order, number)
        if not call.forced:
            raise no_trash("Refunds")
        shown = refund.told(self.shop.site, self.shop.site.decimals)
        self.shop.delete_refund(number)
        return 200, shown

    def _told_refunds(self, call: Call, refunds: Iterable[Refund], *, parent: bool = False) -> Page:
        site = self.shop.site
        places = params.places(call.told, site.decimals)
        return page(
            call.told, self.shop.site.zone, refunds, lambda refund: refund.told(site, places, parent=parent)
        )

    def _order_of(self, number: int) -> Order:
        if number not in self.shop.orders:
            raise Refusal(404, "woocommerce_rest_invalid_order_id", "Invalid order ID.")
        return self.shop.orders[number]

    def _refund_of(self, order: int, number: int) -> Refund:
        refund = self.shop.refunds.get(number)
        if refund is None or refund.order != order:
            raise no_such("refunds")
        return refund
