"""Products as a shop describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aftercare_sdk.model.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSnapshot:
    """A product as it now seems. None means "not told"; it never overwrites what is known."""

    shop: str
    id: str
    version: Version
    parent: str | None = None
    sku: str | None = None
    title: str | None = None
    url: str | None = None
    categories: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] | None = None
    needs_shipping: bool | None = None
    deleted: bool | None = None
