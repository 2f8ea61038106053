"""What happens to products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.records import Records, alone
from aftercare_woocommerce.fake.state.products import product_fields
from aftercare_woocommerce.fake.state.things import Thing


class Catalogue(Records):
    """Products and their variations."""

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
        """Delete a product for good, and its reviews. Nothing is sent; old orders lose its id and its sku."""
        for number in (product, *self.products[product].fields["variations"]):
            self.products.pop(number, None)
        for number in [each.id for each in self.reviews.values() if each.fields["product_id"] == product]:
            del self.reviews[number]
        for order in self.orders.values():
            for line in order.lines:
                if line.product_id == product:
                    line.product_id, line.variation_id, line.sku = 0, 0, None
