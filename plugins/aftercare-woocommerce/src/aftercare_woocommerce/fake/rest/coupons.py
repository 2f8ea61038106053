"""What the API answers about coupons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from aftercare_woocommerce.fake.refusals import Refusal, bad_parameter, missing
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, changeable, is_email
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import page
from aftercare_woocommerce.fake.state.coupons import coupon_told

_KINDS = ("fixed_cart", "percent", "fixed_product")
_AMOUNTS = ("amount", "minimum_amount", "maximum_amount")
_WHOLE = 100
"""All of it, in per cent."""
_PLAIN = frozenset(
    {
        "description",
        "individual_use",
        "product_ids",
        "excluded_product_ids",
        "usage_limit",
        "usage_limit_per_user",
        "limit_usage_to_x_items",
        "free_shipping",
        "product_categories",
        "excluded_product_categories",
        "exclude_sale_items",
        "email_restrictions",
        "status",
    }
)
"""The fields that are kept as they are sent."""


class Coupons(Collection):
    """Answers about coupons."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "coupons"): self._coupons,
            ("POST", "coupons"): self._new_coupon,
            ("GET", "coupons/#"): self._coupon,
            ("PUT", "coupons/#"): self._set_coupon,
            ("DELETE", "coupons/#"): self._delete_coupon,
        }

    def _coupons(self, call: Call) -> Answer:
        shop = self.shop
        code = call.told.get("code", "").lower()
        found = [
            each
            for each in shop.coupons.values()
            if each.fields["status"] != "trash" and code in ("", each.fields["code"])
        ]
        return 200, page(call.told, shop.site.zone, found, lambda each: coupon_told(each, shop.site))

    def _coupon(self, call: Call, number: int) -> Answer:
        return 200, self.shop.show("coupons", number)

    def _new_coupon(self, call: Call) -> Answer:
        if "code" not in call.data:
            raise missing("code")
        fields = self._coupon_fields(call.data)
        number = self.shop.coupon(str(call.data["code"]), **fields)
        self._write_meta(self.shop.coupons[number].meta, call.data)
        return 201, self.shop.show("coupons", number)

    def _set_coupon(self, call: Call, number: int) -> Answer:
        thing = changeable(self.shop.coupons, number, "coupons")
        self._write_meta(thing.meta, call.data)
        self.shop.edit_coupon(number, **self._coupon_fields(call.data))
        return 200, self.shop.show("coupons", number)

    def _delete_coupon(self, call: Call, number: int) -> Answer:
        shop = self.shop
        shown = shop.show("coupons", number)
        if call.forced:
            shop.delete_coupon(number)
        else:
            shop.trash_coupon(number)
        return 200, shown

    def _coupon_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, value in data.items():
            if name in _AMOUNTS:
                fields[name] = _amount(name, value)
            elif name == "date_expires":
                fields[name] = self._expiry(value)
            elif name == "discount_type":
                fields[name] = params.one_of({name: value}, name, _KINDS)
            elif name in _PLAIN:
                fields[name] = value
            # date_expires_gmt is taken without a word, and does nothing.
        if "email_restrictions" in fields:
            fields["email_restrictions"] = [email.lower() for email in fields["email_restrictions"]]
        if not all(is_email(email) for email in fields.get("email_restrictions", ())):
            raise Refusal(400, "coupon_invalid_email_address", "Invalid email address restriction")
        if fields.get("discount_type") == "percent" and fields.get("amount", 0) > _WHOLE:
            raise Refusal(400, "coupon_invalid_amount", "Invalid discount amount")
        return fields

    def _expiry(self, value: Any) -> datetime | None:
        if not value:
            return None
        # Without a zone it is the site's time.
        return params.moment({"date_expires": str(value)}, "date_expires", self.shop.site.zone, gmt=False)


def _amount(name: str, value: Any) -> Decimal:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        raise bad_parameter(name, "rest_invalid_type", f"{name} is not of type string.") from None
