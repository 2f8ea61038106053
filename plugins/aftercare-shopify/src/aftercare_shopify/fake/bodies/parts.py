"""What bodies share: times, money in both currencies, addresses, taxes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.state.money import Bag, Exchange, written
from aftercare_shopify.fake.state.people import Address

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def gid(kind: str, number: int) -> str:
    """Return the global id of a thing."""
    return f"gid://shopify/{kind}/{number}"


def at(shop: Records, moment: datetime | None) -> str | None:
    """Write a time by the shop's clock, as webhooks do."""
    return None if moment is None else moment.astimezone(shop.zone).replace(microsecond=0).isoformat()


def both(bag: Bag, exchange: Exchange) -> dict[str, Any]:
    """Write an amount in both currencies."""
    return {
        "shop_money": {"amount": written(bag.shop, exchange.shop), "currency_code": exchange.shop},
        "presentment_money": {
            "amount": written(bag.presentment, exchange.presentment),
            "currency_code": exchange.presentment,
        },
    }


def address(told: Address | None) -> dict[str, Any] | None:
    """Write an address of an order or a parcel."""
    if told is None:
        return None
    return {
        "first_name": told.first_name or None,
        "address1": told.address1 or None,
        "phone": told.phone or None,
        "city": told.city or None,
        "zip": told.zip or None,
        "province": told.province or None,
        "country": told.country,
        "last_name": told.last_name or None,
        "address2": told.address2 or None,
        "company": told.company or None,
        "latitude": None,
        "longitude": None,
        "name": told.name or None,
        "country_code": told.country_code,
        "province_code": told.province_code or None,
    }


def taxes(tax: Bag, rate: int, exchange: Exchange) -> list[dict[str, Any]]:
    """Write the tax of a line, or no tax."""
    if not rate or tax == Bag():
        return []
    return [
        {
            "channel_liable": False,
            "price": written(tax.shop, exchange.shop),
            "price_set": both(tax, exchange),
            "rate": rate / 100,
            "title": "CT",
        }
    ]
