"""How WooCommerce refuses: the codes and shapes of the recordings."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is refused. `data` has the status, unless it *is* the status, as with refunds."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message, "data": {"status": status, **data}}


def bad_parameter(name: str, code: str, message: str) -> Refusal:
    """Return the refusal of a parameter whose value cannot be."""
    return Refusal(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: message},
        details={name: {"code": code, "message": message, "data": None}},
    )


def missing(name: str) -> Refusal:
    """Return the refusal of a request without a parameter that it needs."""
    return Refusal(400, "rest_missing_callback_param", f"Missing parameter(s): {name}", params=[name])


def no_route() -> Refusal:
    """Return the refusal of a place that there is not."""
    return Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")


def no_such(collection: str, status: int = 404) -> Refusal:
    """Return the refusal of an id that there is not; every collection has its own code."""
    codes = {
        "customers": ("wc_user_invalid_id", "Invalid user ID."),
        "orders": ("woocommerce_rest_shop_order_invalid_id", "Invalid ID."),
        "refunds": ("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID."),
        "products": ("woocommerce_rest_product_invalid_id", "Invalid ID."),
        "coupons": ("woocommerce_rest_shop_coupon_invalid_id", "Invalid ID."),
        "webhooks": ("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID."),
        "reviews": ("woocommerce_rest_review_invalid_id", "Invalid review ID."),
    }
    return Refusal(status, *codes[collection])


def no_refund(message: str) -> Refusal:
    """Return the refusal of a refund."""
    refusal = Refusal(500, "woocommerce_rest_cannot_create_order_refund", message)
    refusal.body["data"] = 500
    return refusal


def no_trash(what: str) -> Refusal:
    """Return the refusal of moving to the trash what can only be deleted for good."""
    return Refusal(501, "woocommerce_rest_trash_not_supported", f"{what} do not support trashing.")
