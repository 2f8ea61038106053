"""What the API answers about reviews."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.acts.reviews import KEPT
from aftercare_woocommerce.fake.refusals import Refusal, missing, no_such
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, check_email
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import page
from aftercare_woocommerce.fake.state.reviews import kept, review_told

_WANTED = {"approved": ("approved",), "all": ("approved", "hold")}
_SET = (*KEPT, "unspam", "untrash")


class Reviews(Collection):
    """Answers about reviews."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "products/reviews"): self._reviews,
            ("POST", "products/reviews"): self._new_review,
            ("GET", "products/reviews/#"): self._review,
            ("PUT", "products/reviews/#"): self._set_review,
            ("DELETE", "products/reviews/#"): self._delete_review,
        }

    def _reviews(self, call: Call) -> Answer:
        shop = self.shop
        products = params.ids(call.told, "product")
        status = params.one_of(call.told, "status", ("approved", "all", "hold", "spam", "trash"))
        email = call.told.get("reviewer_email", "").casefold()
        check_email("reviewer_email", email)
        found = [
            each
            for each in shop.reviews.values()
            if (products is None or each.fields["product_id"] in products)
            and each.fields["status"] in _WANTED.get(status, (status,))
            and email in ("", each.fields["reviewer_email"].casefold())
        ]
        orders = ("date_gmt", "date", "id", "include", "product")
        # Of reviews there is no `dates_are_gmt`.
        told = {name: value for name, value in call.told.items() if name != "dates_are_gmt"}
        return 200, page(
            told, shop.site.zone, found, lambda each: review_told(each, shop.site), orders=orders
        )

    def _review(self, call: Call, number: int) -> Answer:
        return 200, self.shop.show("reviews", number)

    def _new_review(self, call: Call) -> Answer:
        data = call.data
        for name in ("product_id", "review", "reviewer", "reviewer_email"):
            if name not in data:
                raise missing(name)
        check_email("reviewer_email", data["reviewer_email"])
        status = params.one_of({"status": data.get("status", "approved")}, "status", _SET)
        product = self.shop.products.get(data["product_id"])
        if product is None or product.fields["parent_id"]:
            raise Refusal(404, "woocommerce_rest_product_invalid_id", "Invalid product ID.")
        if not kept(data["review"]):
            raise Refusal(400, "woocommerce_rest_review_content_invalid", "Invalid review content.")
        number = self.shop.review(
            product.id,
            data["review"],
            rating=int(data.get("rating", 0)),
            name=data["reviewer"],
            email=data["reviewer_email"],
            status=status if status in KEPT else "approved",
            verified=True if data.get("verified") else None,
        )
        return 201, self._told(number)

    def _set_review(self, call: Call, number: int) -> Answer:
        if number not in self.shop.reviews:
            raise no_such("reviews")
        data = call.data
        self.shop.edit_review(number, text=data.get("review"), rating=data.get("rating"))
        if "status" in data:
            status = params.one_of({"status": data["status"]}, "status", _SET)
            self.shop.moderate_review(number, status if status in KEPT else "approved")
        return 200, self._told(number)

    def _delete_review(self, call: Call, number: int) -> Answer:
        shown = self.shop.show("reviews", number)
        if call.forced:
            self.shop.delete_review(number)
            return 200, {"deleted": True, "previous": shown}
        if shown["status"] == "trash":
            raise Refusal(410, "woocommerce_rest_already_trashed", "The object has already been trashed.")
        self.shop.moderate_review(number, "trash")
        return 200, self._told(number)

    def _told(self, number: int) -> dict[str, Any]:
        """Return a review as it is told to whoever has just written it."""
        return review_told(self.shop.reviews[number], self.shop.site, raw=True)
