"""What happens to reviews. Nothing of it sends a webhook, and nothing moves a date."""

from __future__ import annotations

from aftercare_woocommerce.fake.records import Records, alone
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.state.reviews import kept
from aftercare_woocommerce.fake.state.things import Thing

KEPT = ("approved", "hold", "spam", "trash")
"""What moderation may say of a review."""


class Reviews(Records):
    """Reviews of products, and their moderation."""

    @alone
    def review(
        self,
        product: int,
        text: str,
        *,
        rating: int = 0,
        name: str = "",
        email: str = "",
        account: int = 0,
        status: str = "approved",
        verified: bool | None = None,
    ) -> int:
        """Write a review of a product, 1 to 5 stars or none; as a guest, or with an account.

        Raises Refusal for what the same person has said of it already. `verified` None: whether the shop
        knows of a paid order.
        """
        if account:
            known = self.customers[account].fields
            name, email = name or f"{known['first_name']} {known['last_name']}".strip(), known["email"]
        text = kept(text)
        self._check_new(product, text, name, email)
        number = next(self._comments)
        self.reviews[number] = Thing(
            id=number,
            created=self.now,
            modified=None,
            fields={
                "product_id": product,
                "product_name": self.products[product].fields["name"],
                "product_permalink": self.products[product].fields["permalink"],
                "status": status,
                "reviewer": name,
                "reviewer_email": email,
                "review": text,
                "rating": rating,
                "verified": self._has_bought(product, email, account) if verified is None else verified,
                "account": account,
            },
        )
        return number

    @alone
    def moderate_review(self, review: int, status: str) -> None:
        """Approve a review, put it back, call it spam, or move it to the trash."""
        if status not in KEPT:
            raise ValueError(f"a review is one of {', '.join(KEPT)}")
        self.reviews[review].fields["status"] = status

    @alone
    def edit_review(self, review: int, *, text: str | None = None, rating: int | None = None) -> None:
        """Change what a review says, as staff may."""
        fields = self.reviews[review].fields
        fields.update({"review": fields["review"] if text is None else kept(text)})
        fields.update({"rating": fields["rating"] if rating is None else rating})

    @alone
    def delete_review(self, review: int) -> None:
        """Delete a review for good."""
        del self.reviews[review]

    def _check_new(self, product: int, text: str, name: str, email: str) -> None:
        said = (product, text, name, email.casefold())
        for each in self.reviews.values():
            fields = each.fields
            same = (fields["product_id"], fields["review"], fields["reviewer"])
            if (*same, fields["reviewer_email"].casefold()) == said and fields["status"] != "trash":
                raise Refusal(
                    409,
                    "woocommerce_rest_comment_duplicate",
                    "Duplicate comment detected; it looks as though you&#8217;ve already said that!",
                )

    def _has_bought(self, product: int, email: str, account: int) -> bool:
        return any(
            order.paid is not None
            and any(line.product_id == product for line in order.lines)
            and (
                (account and order.customer == account)
                or (email and order.billing.get("email", "").casefold() == email.casefold())
            )
            for order in self.orders.values()
        )
