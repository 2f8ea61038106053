"""Products and their variants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(slots=True, kw_only=True)
class Variant:
    """What can be bought of a product. `title` is "Default Title" if there is nothing to choose."""

    id: int
    product: int
    title: str
    price: Decimal
    created: datetime
    updated: datetime
    sku: str | None = None
    barcode: str | None = None
    position: int = 1
    taxable: bool = True
    stock: int = 100


@dataclass(slots=True, kw_only=True)
class Product:
    """A product. `status` as in GraphQL; `tax` is the rate in percent that the shop asks on it."""

    id: int
    title: str
    handle: str
    created: datetime
    updated: datetime
    variants: list[Variant]
    option: str = "Title"
    vendor: str = ""
    product_type: str = ""
    description: str = ""
    status: str = "ACTIVE"
    tags: list[str] = field(default_factory=list)
    tax: int = 10
    requires_shipping: bool = True
    gift_card: bool = False

    @property
    def single(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.variants) == 1 and self.variants[0].title == "Default Title"
