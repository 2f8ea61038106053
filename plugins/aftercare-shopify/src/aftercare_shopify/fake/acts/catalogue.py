"""What happens to products."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.refusals import Refusal
from aftercare_shopify.fake.state.metafields import Metafield, namespace_of
from aftercare_shopify.fake.state.products import Product, Variant


class Catalogue(Announcing):
    """Products and their variants."""

    @alone
    def add_product(
        self,
        title: str,
        price: str | Decimal = "0",
        *,
        sku: str = "",
        tax: int = 10,
        variants: Mapping[str, str | Decimal] | None = None,
        option: str = "",
        vendor: str = "",
        product_type: str = "",
        description: str = "",
        tags: Iterable[str] = (),
        metafields: Mapping[str, str] | None = None,
        status: str = "ACTIVE",
        requires_shipping: bool = True,
    ) -> int:
        """Offer a product at a price in the shop's currency; return its id.

        `variants` are prices by title, such as `{"3 kg": "4980"}`; without them there is nothing to choose.
        `tax` is its rate in percent; whether prices include it is the shop's setting. `metafields` are texts
        by `namespace.key`.
        """
        number = self.new_id()
        choice = {"Default Title": price} if variants is None else variants
        product = Product(
            id=number,
            title=title,
            handle=re.sub(r"\W+", "-", title.casefold()).strip("-"),
            created=self.now,
            updated=self.now,
            option=option or ("Title" if variants is None else "Size"),
            vendor=vendor or self.name,
            product_type=product_type,
            description=description,
            status=status,
            tags=sorted(tags),
            tax=tax,
            requires_shipping=requires_shipping,
            variants=[
                Variant(
                    id=self.new_id(),
                    product=number,
                    title=name,
                    price=Decimal(cost),
                    created=self.now,
                    updated=self.now,
                    sku=(sku if place == 1 else f"{sku}-{place}") if sku else None,
                    position=place,
                    taxable=tax > 0,
                )
                for place, (name, cost) in enumerate(choice.items(), 1)
            ],
        )
        self.products[number] = product
        for name, value in (metafields or {}).items():
            self.set_metafield(gid("Product", number), name, value)
        self._product_changed(product, "products/create")
        return number

    @alone
    def edit_product(self, product: int, **fields: Any) -> None:
        """Change fields of a product, such as `title`, `status` or `tags`; `price` is all variants'."""
        found = self._product(product)
        price = fields.pop("price", None)
        for name, value in fields.items():
            if name not in ("title", "vendor", "product_type", "description", "status", "tags", "tax"):
                raise Refusal(f"A product of the fake shop has no field {name} to change")
            setattr(found, name, value)
        for variant in found.variants if price is not None else ():
            variant.price, variant.updated = Decimal(price), self.now
        self._product_changed(found)

    @alone
    def delete_product(self, product: int) -> None:
        """Delete a product. Orders keep its title, and lose its id."""
        found = self._product(product)
        del self.products[product]
        self.forget_metafields([gid("Product", product)])
        self.queue.happened("products/delete", {"id": found.id})

    @alone
    def set_metafield(self, owner: str, name: str, value: str, type_: str = "single_line_text_field") -> None:
        """Keep a value with something, by its gid; `name` is `namespace.key`, as staff does in the admin."""
        namespace, _, key = name.rpartition(".")
        namespace = namespace_of(namespace or "custom", self.app_id)
        known = self.metafields.get((owner, namespace, key))
        if known is not None:
            known.value, known.type, known.updated = value, type_, self.now
            return
        self.metafields[owner, namespace, key] = Metafield(
            id=self.new_id(),
            owner=owner,
            namespace=namespace,
            key=key,
            type=type_,
            value=value,
            created=self.now,
            updated=self.now,
        )
