"""What the API answers about reviews."""

from __future__ import annotations

from aftercare_woocommerce.fake.refusals import Refusal, missing
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, check_email
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import page
from aftercare_woocommerce.fake.state.reviews import review_told


class Reviews(Collection):
    """Answers about reviews."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "products/reviews"): self._reviews,
            ("POST", "products/reviews"): self._new_review,
            ("GET", "products/reviews/#"): self._review,
            ("DELETE", "products/reviews/#"): self._delete_review,
        }

    def _reviews(self, call: Call) -> Answer:
        shop = self.shop
        products = params.ids(call.told, "product")
        found = [
            each
            for each in shop.reviews.values()
            if products is None or each.fields["product_id"] in products
        ]
        orders = ("date", "date_gmt", "id", "include", "product")
        return 200, page(
            call.told, shop.site.zone, found, lambda each: review_told(each, shop.site), orders=orders
        )

    def _review(self, call: Call, number: int) -> Answer:
        return 200, self.shop.show("reviews", number)

    def _new_review(self, call: Call) -> Answer:
        data = call.data
        for name in ("product_id", "review", "reviewer", "reviewer_email"):
            if name not in data:
                raise missing(name)
        check_email("reviewer_email", data["reviewer_email"])
        if data["product_id"] not in self.shop.products:
            raise Refusal(404, "woocommerce_rest_product_invalid_id", "Invalid product ID.")
        number = self.shop.review(
            data["product_id"],
            data["review"],
            rating=int(data.get("rating", 0)),
            name=data["reviewer"],
            email=data["reviewer_email"],
        )
        return 201, self.shop.show("reviews", number)

    def _delete_review(self, call: Call, number: int) -> Answer:
        shown = self.shop.show("reviews", number)
        del self.shop.reviews[number]
        return 200, {"deleted": True, "previous": shown}
