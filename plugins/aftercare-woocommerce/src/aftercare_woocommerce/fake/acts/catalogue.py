"""What happens to products and their reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.records import Records, alone
from aftercare_woocommerce.fake.state.products import product_fields
from aftercare_woocommerce.fake.state.things import Thing


class Catalogue(Records):
    """Products, their variations and their reviews."""

    @alone
    def product(
        self,
        name: str,
        price: str | Decimal,
        *,
        sku: str = "",
        tax: int = 10,
        virtual: bool = False,
        parent: int = 0,
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> int:
        """Offer a product at a price with tax; with a `parent`, a variation of that."""
        number = next(self._ids)
        title = f"{self.products[parent].fields['name']} - {name}" if parent else name
        self.products[number] = Thing(
            id=number,
            created=self.now,
            modified=self.now,
            fields=product_fields(
                title,
                Decimal(price),
                site=self.site,
                number=number,
                sku=sku,
                tax=tax,
                virtual=virtual,
                parent=parent,
                categories=categories,
                tags=tags,
            ),
            meta=self._meta(meta or {}),
        )
        if parent:
            above = self.products[parent]
            above.fields["type"] = "variable"
            above.fields["variations"].append(number)
        else:
            self.queue.happened("product.published", number)
            self.queue.happened("product.created", number)
        return number

    @alone
    def edit_product(
        self, product: int, *, meta: Mapping[str, Any] | None = None, silently: bool = False, **fields: Any
    ) -> None:
        """Change a product; `silently`, as an import into the database does."""
        thing = self.products[product]
        thing.fields.update(fields)
        self._set_meta(thing.meta, meta or {})
        if not silently:
            thing.modified = self.now
            # That of a variation is announced as one of its product.
            self.queue.happened("product.updated", thing.fields["parent_id"] or product)

    @alone
    def delete_product(self, product: int) -> None:
        """Delete a product for good. Nothing is sent, and old orders lose its id and its sku."""
        for number in (product, *self.products[product].fields["variations"]):
            self.products.pop(number, None)
        for order in self.orders.values():
            for line in order.lines:
                if line.product_id == product:
                    line.product_id, line.variation_id, line.sku = 0, 0, None

    @alone
    def review(
        self, product: int, text: str, *, rating: int, name: str, email: str, verified: bool = True
    ) -> int:
        """Write a review of a product."""
        number = next(self._ids)
        self.reviews[number] = Thing(
            id=number,
            created=self.now,
            modified=None,
            fields={
                "product_id": product,
                "product_name": self.products[product].fields["name"],
                "product_permalink": self.products[product].fields["permalink"],
                "status": "approved",
                "reviewer": name,
                "reviewer_email": email,
                "review": text,
                "rating": rating,
                "verified": verified,
            },
        )
        return number
