"""The bodies that are about the shop itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import at

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def redact_body(shop: Records) -> dict[str, Any]:
    """Return what `shop/redact` asks for."""
    return {"shop_id": shop.shop_id, "shop_domain": shop.domain}


def shop_body(shop: Records) -> dict[str, Any]:
    """Return what `app/uninstalled` tells: the shop."""
    money = "¥{{amount_no_decimals}}" if shop.currency == "JPY" else "{{amount}}"
    return {
        "id": shop.shop_id,
        "name": shop.name,
        "email": f"owner@{shop.domain}",
        "domain": shop.domain,
        "province": None,
        "country": "JP",
        "address1": None,
        "zip": None,
        "city": None,
        "source": None,
        "phone": None,
        "latitude": None,
        "longitude": None,
        "primary_locale": shop.locale,
        "address2": None,
        "created_at": at(shop, shop.created),
        "updated_at": at(shop, shop.now),
        "country_code": "JP",
        "country_name": "Japan",
        "currency": shop.currency,
        "customer_email": f"owner@{shop.domain}",
        "timezone": shop.zone.key,
        "iana_timezone": shop.zone.key,
        "shop_owner": "Owner",
        "money_format": money,
        "money_with_currency_format": f"{money} {shop.currency}",
        "weight_unit": "kg",
        "province_code": None,
        "taxes_included": shop.taxes_included,
        "auto_configure_tax_inclusivity": None,
        "tax_shipping": shop.shipping_tax > 0,
        "county_taxes": None,
        "plan_display_name": "Basic",
        "plan_name": "basic",
        "has_discounts": bool(shop.discounts),
        "has_gift_cards": False,
        "myshopify_domain": shop.domain,
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
        "money_in_emails_format": money,
        "money_with_currency_in_emails_format": f"{money} {shop.currency}",
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "password_enabled": False,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": shop.location_id,
        "checkout_api_supported": True,
        "multi_location_enabled": True,
        "setup_required": False,
        "pre_launch_enabled": False,
        "enabled_presentment_currencies": [shop.currency, *shop.rates],
        "marketing_sms_consent_enabled_at_checkout": False,
        "transactional_sms_disabled": False,
    }
