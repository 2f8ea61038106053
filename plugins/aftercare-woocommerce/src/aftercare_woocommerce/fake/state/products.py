"""Products and variations: the fields of a new one, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.state.amounts import tax_class
from aftercare_woocommerce.fake.state.site import Site, links
from aftercare_woocommerce.fake.state.things import Thing


def product_fields(
    title: str,
    price: Decimal,
    *,
    site: Site,
    number: int,
    sku: str,
    tax: int,
    virtual: bool,
    parent: int,
    categories: Iterable[str],
    tags: Iterable[str],
) -> dict[str, Any]:
    """Return the fields of a new product, or of a variation of its `parent`; the price is with `tax`."""
    shown = f"{price.normalize():f}"
    slug = f"product-{number}"
    return {
        "name": title,
        "slug": slug,
        "permalink": f"{site.url}/product/{slug}/",
        "type": "variation" if parent else "simple",
        "status": "publish",
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "short_description": "",
        "sku": sku,
        "price": shown,
        "regular_price": shown,
        "sale_price": "",
        "date_on_sale_from": None,
        "date_on_sale_from_gmt": None,
        "date_on_sale_to": None,
        "date_on_sale_to_gmt": None,
        "on_sale": False,
        "purchasable": True,
        "total_sales": 0,
        "virtual": virtual,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "external_url": "",
        "button_text": "",
        "tax_status": "taxable",
        "tax_class": tax_class(tax),
        "manage_stock": False,
        "stock_quantity": None,
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "low_stock_amount": None,
        "sold_individually": False,
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_required": not virtual,
        "shipping_taxable": not virtual,
        "shipping_class": "",
        "shipping_class_id": 0,
        "reviews_allowed": True,
        "average_rating": "0.00",
        "rating_count": 0,
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": parent,
        "purchase_note": "",
        "categories": [_term(name) for name in categories],
        "brands": [],
        "tags": [_term(name) for name in tags],
        "images": [],
        "attributes": [],
        "default_attributes": [],
        "variations": [],
        "grouped_products": [],
        "menu_order": 0,
        "price_html": f"<span>{shown}</span>",
        "related_ids": [],
        "stock_status": "instock",
        "has_options": False,
        "post_password": "",
        "global_unique_id": "",
    }


def product_told(thing: Thing, site: Site, *, terse: bool = False) -> dict[str, Any]:
    """Return a product; `terse`: a variation as the list of variations tells it, with its own words only."""
    told = {"id": thing.id, **thing.dates(site), **thing.fields}
    told["meta_data"] = [each.told() for each in thing.meta]
    told["_links"] = links(site, "products", thing.id)
    if terse:
        told["name"] = told["name"].rpartition(" - ")[2]
        for name in ("slug", "categories", "tags", "catalog_visibility", "featured", "total_sales"):
            del told[name]
    return told


def _term(name: str) -> dict[str, Any]:
    return {"id": 1 + sum(map(ord, name)) % 9999, "name": name, "slug": name.lower().replace(" ", "-")}
