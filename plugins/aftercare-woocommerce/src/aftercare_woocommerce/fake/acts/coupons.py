"""How coupons are made, and what they take off."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.records import Records, alone
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.state.amounts import ZERO, currency_decimals, money, split_tax
from aftercare_woocommerce.fake.state.coupons import coupon_fields
from aftercare_woocommerce.fake.state.lines import Line, gross
from aftercare_woocommerce.fake.state.things import Thing

_OF_A_POST = ("code", "description", "status")


class Coupons(Records):
    """Coupons, and the checks when one is used."""

    @alone
    def coupon(self, code: str, **fields: Any) -> int:
        """Make a coupon; its `date_expires` is aware."""
        code = code.lower()
        if self.coupon_of(code) is not None:
            raise Refusal(
                400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists"
            )
        number = next(self._ids)
        meta = fields.pop("meta", {})
        self.coupons[number] = Thing(
            id=number,
            created=self.now,
            modified=self.now,
            fields={**coupon_fields(), **fields, "code": code},
            meta=self._meta(meta),
        )
        self.queue.happened("coupon.created", number)
        return number

    @alone
    def edit_coupon(self, number: int, **fields: Any) -> None:
        """Set fields of a coupon. Its date moves with those only that are columns of a WordPress post."""
        coupon = self.coupons[number]
        if any(coupon.fields[name] != fields.get(name, coupon.fields[name]) for name in _OF_A_POST):
            coupon.modified = self.now
        coupon.fields.update(fields)
        self.queue.happened("coupon.updated", number)

    @alone
    def trash_coupon(self, number: int) -> None:
        """Move a coupon to the trash, which is announced as a product, too."""
        self._to(number, "trash")
        self.queue.happened("product.deleted", number)
        self.queue.happened("coupon.deleted", number)

    @alone
    def restore_coupon(self, number: int) -> None:
        """Take a coupon out of the trash again."""
        self._to(number, "publish")
        self.queue.happened("product.restored", number)
        self.queue.happened("coupon.restored", number)

    @alone
    def delete_coupon(self, number: int) -> None:
        """Delete a coupon for good, which is not announced at all."""
        del self.coupons[number]

    def _to(self, number: int, status: str) -> None:
        coupon = self.coupons[number]
        coupon.fields["status"] = status
        coupon.modified = self.now

    def coupon_of(self, code: str) -> Thing | None:
        """Return the coupon of a code; one in the trash has given its code back."""
        return next(
            (
                each
                for each in self.coupons.values()
                if each.fields["code"] == code.lower() and each.fields["status"] != "trash"
            ),
            None,
        )

    def _discounted(self, lines: list[Line], code: str, email: str, currency: str) -> Thing:
        coupon = self.coupon_of(code)
        wrong = self._coupon_problem(coupon, email, lines)
        if coupon is None or wrong:
            message = f"Coupon &quot;{code}&quot; cannot be applied because {wrong}."
            raise Refusal(400, "woocommerce_rest_invalid_coupon", message)
        wanted = set(coupon.fields["product_ids"])
        meant = [line for line in lines if not wanted or wanted & {line.product_id, line.variation_id}]
        base = gross(meant)
        amount = Decimal(coupon.fields["amount"])
        off = base * amount / 100 if coupon.fields["discount_type"] == "percent" else min(amount, base)
        places = max(self.site.decimals, currency_decimals(currency))
        for line in meant:
            share = off * line.gross / base if base else ZERO
            left = Decimal(money(line.gross - share, places))
            line.total, line.total_tax = split_tax(left, line.rate, places)
        return coupon

    def _coupon_problem(self, coupon: Thing | None, email: str, lines: list[Line]) -> str:
        if coupon is None:
            return "it does not exist"
        told = coupon.fields
        if told["date_expires"] is not None and self.now > told["date_expires"]:
            return "it has expired"
        if told["usage_limit"] and told["usage_count"] >= told["usage_limit"]:
            return "its usage limit has been reached"
        emails = [each.casefold() for each in told["email_restrictions"]]
        if emails and email.casefold() not in emails:
            return "it is not valid for this e-mail address"
        if gross(lines) < told["minimum_amount"]:
            return "the minimum spend has not been reached"
        wanted = set(told["product_ids"])
        if wanted and not any(wanted & {line.product_id, line.variation_id} for line in lines):
            return "it does not apply to the contents of the cart"
        return ""
