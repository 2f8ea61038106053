"""The shop itself and the app in it, as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph import metafields
from aftercare_shopify.fake.graph.parts import Node, moment

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def shop_node(shop: Records) -> Node:
    """Return the shop."""
    offset = shop.now.astimezone(shop.zone)
    return {
        "__typename": "Shop",
        "id": gid("Shop", shop.shop_id),
        **metafields.fields(shop, gid("Shop", shop.shop_id)),
        "name": shop.name,
        "email": f"owner@{shop.domain}",
        "contactEmail": f"owner@{shop.domain}",
        "myshopifyDomain": shop.domain,
        "url": f"https://{shop.domain}",
        "primaryDomain": {"host": shop.domain, "sslEnabled": True, "url": f"https://{shop.domain}"},
        "currencyCode": shop.currency,
        "enabledPresentmentCurrencies": [shop.currency, *shop.rates],
        "ianaTimezone": shop.zone.key,
        "timezoneAbbreviation": offset.tzname(),
        "timezoneOffset": f"{offset:%z}",
        "timezoneOffsetMinutes": int((offset.utcoffset() or offset - offset).total_seconds() // 60),
        "taxesIncluded": shop.taxes_included,
        "taxShipping": shop.shipping_tax > 0,
        "setupRequired": False,
        "checkoutApiSupported": True,
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "shopOwnerName": "Owner",
        "unitSystem": "METRIC_SYSTEM",
        "weightUnit": "KILOGRAMS",
        "createdAt": moment(shop.created),
        "updatedAt": moment(shop.created),
        "plan": {
            "displayName": "Basic",
            "publicDisplayName": "Basic",
            "partnerDevelopment": False,
            "shopifyPlus": False,
        },
    }


def app_node(shop: Records) -> Node:
    """Return the app."""
    return {
        "__typename": "App",
        "id": gid("App", shop.app_id),
        "title": "Aftercare",
        "handle": "aftercare",
        "apiKey": shop.access.client_id,
        "embedded": False,
        "published": False,
        "webhookApiVersion": shop.version,
        "installation": lambda **_: installation_node(shop) if shop.access.installed else None,
        "requestedAccessScopes": _scopes(shop),
        "availableAccessScopes": _scopes(shop),
        "optionalAccessScopes": [],
    }


def installation_node(shop: Records) -> Node:
    """Return the installation of the app."""
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", shop.app_id + 1),
        **metafields.fields(shop, gid("AppInstallation", shop.app_id + 1)),
        "accessScopes": _scopes(shop),
        "activeSubscriptions": [],
        "launchUrl": f"https://{shop.domain}/admin/apps/aftercare",
        "app": lambda **_: app_node(shop),
    }


def versions(shop: Records) -> list[Node]:
    """Return the releases of the API."""
    return [version(shop, each) for each in shop.versions]


def version(shop: Records, handle: str) -> Node:
    """Return a release of the API."""
    return {"handle": handle, "displayName": handle, "supported": handle in shop.versions}


def _scopes(shop: Records) -> list[Node]:
    return [{"handle": each, "description": each.replace("_", " ")} for each in sorted(shop.access.scopes)]
