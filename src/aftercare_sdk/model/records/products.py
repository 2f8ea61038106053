"""Products, as everything that was told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.records.registers import merge_registers, told
from aftercare_sdk.model.versions import Register, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """Everything told of one product."""

    shop: str
    id: str
    latest: Version
    parent: Register[str] | None = None
    sku: Register[str] | None = None
    title: Register[str] | None = None
    url: Register[str] | None = None
    categories: Register[tuple[str, ...]] | None = None
    tags: Register[tuple[str, ...]] | None = None
    attributes: Register[Mapping[str, str]] | None = None
    needs_shipping: Register[bool] | None = None
    deleted: Register[bool] | None = None

    def merge(self, other: ProductRecord) -> ProductRecord:
        """Return both in one."""
        return merge_registers(self, other)


def product_record(snapshot: ProductSnapshot) -> ProductRecord:
    """Return one picture of a product as a record."""
    version = snapshot.version
    return ProductRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        parent=told(snapshot.parent, version),
        sku=told(snapshot.sku, version),
        title=told(snapshot.title, version),
        url=told(snapshot.url, version),
        categories=told(snapshot.categories, version),
        tags=told(snapshot.tags, version),
        attributes=told(snapshot.attributes, version),
        needs_shipping=told(snapshot.needs_shipping, version),
        deleted=told(snapshot.deleted, version),
    )


def gone_product(shop: str, product: str, version: Version) -> ProductRecord:
    """Return the record of a product that the shop no longer has."""
    gone = Register(value=True, version=version)
    return ProductRecord(shop=shop, id=product, latest=version, deleted=gone)
