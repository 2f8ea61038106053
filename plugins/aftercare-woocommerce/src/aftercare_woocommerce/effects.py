"""What programs want done in a shop: discount codes become coupons, tiers meta data of accounts.

What customers said of products becomes reviews of theirs: see `writing`.

Each command is asked of the shop in a way that makes a second time change nothing. A coupon has the code
that was made for it beforehand, so whoever tries again finds it; its expiry is looked at afterwards, because
a shop takes a date that it does not understand without a word, and the coupon would then be good for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_sdk.model.commands import (
    IssueCode,
    Receipt,
    RevokeCode,
    ShopCommand,
    TagCustomer,
    WriteReview,
)
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.people import fold_email
from aftercare_sdk.shops.asking import Answer
from aftercare_woocommerce.client import Refused, Writer, error_code, listed, parsed
from aftercare_woocommerce.codes import MARK
from aftercare_woocommerce.writing import written

PREFIX = "aftercare_"
"""Stands before the name of what is written to an account, so that no other plugin's data are met."""

_EMAILS = "email_restrictions"
_TAKEN = "woocommerce_rest_coupon_code_already_exists"
_NAME = re.compile(r"[a-z0-9_-]{1,60}")
_ID = re.compile(r"[1-9][0-9]{0,17}")
_GONE = re.compile(r"[a-z_]*invalid_([a-z_]+_)?id")
# A shop tells all amounts of coupons so, whatever its currency has.
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Effects:
    """Carries out commands in one shop."""

    client: Writer
    shop: str

    def perform(self, command: ShopCommand) -> Receipt:
        """Carry out a command; see `ShopAdapter.perform`."""
        why = ""
        try:
            if isinstance(command, IssueCode):
                return self._issue(command)
            if isinstance(command, RevokeCode):
                return self._revoke(command)
            if isinstance(command, WriteReview):
                return written(self.client, command, shop=self.shop)
            if isinstance(command, TagCustomer):
                return self._tag(command)
            # WooCommerce keeps no consents.
            why = f"aftercare-woocommerce cannot carry out {type(command).__name__}"
        except Refused as refused:
            why = str(refused)
        # Outside the handler, so that the error tells what it tells and carries no other along.
        raise CommandRefused(why)

    # ---- coupons

    def _issue(self, command: IssueCode) -> Receipt:
        wanted = self._wanted(command)
        made: Answer | None = None
        try:
            made = self.client.post("coupons", wanted, again=True)
        except Refused as refused:
            if refused.code != _TAKEN:
                raise
        if made is None:
            return self._found(command, wanted)
        if made.status == 404:  # noqa: PLR2004
            raise self._no_api(made)
        told = self._object(made, "coupons")
        return self._settled(command, wanted, told)

    def _found(self, command: IssueCode, wanted: Mapping[str, Any]) -> Receipt:
        """Say whether the coupon that has the code is the one that was wanted."""
        told = self._coupon(command.code)
        if told is None:
            # It is taken, and then it is not there: somebody works on it, or a cache answers.
            raise PlatformUnavailable(f"shop {self.shop!r}: a coupon code is taken, but no coupon is told")
        other = _differences(wanted, told)
        if other == [_EMAILS]:
            # Ours by its mark: made before somebody corrected the address, and the answer was lost.
            return self._settled(command, wanted, self._readdressed(wanted, told))
        if other:
            raise CommandRefused(
                f"shop {self.shop!r}: there is another coupon with the code of this reward "
                f"({', '.join(other)} differ); rename or delete coupon {told.get('id')} in the shop"
            )
        return self._settled(command, wanted, told)

    def _readdressed(self, wanted: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """Make a coupon of ours that of the address that is wanted now, and return it."""
        if _used(told):
            raise CommandRefused(
                f"shop {self.shop!r}: the coupon of this reward has been used under an e-mail address that "
                "was corrected since"
            )
        mended = self._put(f"coupons/{told['id']}", {_EMAILS: wanted[_EMAILS]})
        if mended is None:
            raise PlatformUnavailable(f"shop {self.shop!r}: the coupon of a code that is taken is gone")
        return mended

    def _settled(self, command: IssueCode, wanted: Mapping[str, Any], told: Mapping[str, Any]) -> Receipt:
        """Make sure that the coupon ends when it should; a coupon that cannot be made to is taken back."""
        other = _differences(wanted, told)
        if other:
            self._withdraw(told)
            raise CommandRefused(
                f"shop {self.shop!r}: WooCommerce made a coupon that is not the one asked for "
                f"({', '.join(other)} differ), so it was moved to the trash; a plugin of the shop changes "
                "coupons"
            )
        if _same_expiry(command, told):
            return Receipt(reference=str(told.get("id", "")))
        ends = _utc(told, "date_expires_gmt")
        if ends is not None and not _misread(command, told) and ends < (command.expires_at or ends):
            # Revoked since, or shortened by staff.
            raise CommandRefused(f"shop {self.shop!r}: the coupon of this reward has been ended in the shop")
        mended = self._put(f"coupons/{told['id']}", {"date_expires": _on_the_sites_clock(command, told)})
        if mended is not None and _same_expiry(command, mended):
            return Receipt(reference=str(told["id"]))
        self._withdraw(told)
        raise CommandRefused(
            f"shop {self.shop!r}: WooCommerce does not keep the day on which a coupon ends, so the coupon "
            "was moved to the trash; a plugin of the shop changes coupons"
        )

    def _wanted(self, command: IssueCode) -> dict[str, Any]:
        """Return what the coupon is to be. Raises CommandRefused for what no coupon of WooCommerce can be."""
        if not command.email or "*" in command.email:
            # In WooCommerce a star stands for anybody.
            raise CommandRefused(f"shop {self.shop!r}: a coupon for one person needs an e-mail address")
        products = [int(each) for each in command.products if _ID.fullmatch(each)]
        if len(products) != len(command.products):
            raise CommandRefused(f"shop {self.shop!r}: products of WooCommerce have whole numbers as ids")
        for money in (command.discount.amount, command.minimum):
            if money is not None:
                self._check_currency(money)
        wanted: dict[str, Any] = {
            "code": command.code,
            **_discount(command, limited=bool(products)),
            "usage_limit": 1,
            _EMAILS: [command.email],
            "minimum_amount": "0" if command.minimum is None else str(command.minimum.amount),
            "product_ids": products,
            "description": command.reason,
            "meta_data": [{"key": MARK, "value": command.key}],
        }
        if command.expires_at is not None:
            # `date_expires_gmt` does nothing; a date without a zone would be read by the site's clock.
            wanted["date_expires"] = f"{command.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
        return wanted

    def _check_currency(self, money: Money) -> None:
        """Raise CommandRefused for an amount in a currency that is not the shop's: coupons have none."""
        answer = self.client.get("data/currencies/current", {})
        told = self._object(answer, "data/currencies/current").get("code")
        if told != money.currency:
            raise CommandRefused(
                f"shop {self.shop!r}: a coupon of {money.currency} cannot be made, because the shop's own "
                "currency is another one"
            )

    def _revoke(self, command: RevokeCode) -> Receipt:
        told = self._coupon(command.code)
        if told is None:
            return Receipt()
        reference = Receipt(reference=str(told.get("id", "")))
        if _mark(told) is None:
            raise CommandRefused(
                f"shop {self.shop!r}: coupon {told.get('id')} was not made by aftercare and stays as it is"
            )
        made, ends = _utc(told, "date_created_gmt"), _utc(told, "date_expires_gmt")
        if _used(told) or (made is not None and ends is not None and ends <= made):
            return reference
        # It ends when it was made: needs no clock, and the code stays taken, so that nobody gets it again.
        ended = None
        if made is not None:
            ended = self._put(f"coupons/{told['id']}", {"date_expires": f"{made:%Y-%m-%dT%H:%M:%S}Z"})
            if ended is None:
                return reference
        if ended is None or _utc(ended, "date_expires_gmt") != made:
            self._withdraw(told)
        return reference

    def _coupon(self, code: str) -> dict[str, Any] | None:
        rows = listed(self.client, "coupons", {"code": code}, shop=self.shop).rows
        return next((row for row in rows if str(row.get("code", "")).casefold() == code.casefold()), None)

    def _withdraw(self, told: Mapping[str, Any]) -> None:
        self.client.delete(f"coupons/{told['id']}", {})

    # ---- accounts

    def _tag(self, command: TagCustomer) -> Receipt:
        if not _ID.fullmatch(command.customer):
            raise CommandRefused(f"shop {self.shop!r}: accounts of WooCommerce have whole numbers as ids")
        if not _NAME.fullmatch(command.name):
            raise CommandRefused(
                f"shop {self.shop!r}: {command.name!r} cannot be the name of a value: use small letters, "
                "digits, _ and -"
            )
        path, key = f"customers/{command.customer}", PREFIX + command.name
        answer = self.client.get(path, {})
        if answer.status == 404:  # noqa: PLR2004
            if _GONE.fullmatch(error_code(answer)):
                raise CommandRefused(f"shop {self.shop!r}: there is no account {command.customer} any more")
            raise self._no_api(answer)
        entries = _entries(self._object(answer, path), key)
        if _values(entries) == ([] if command.value is None else [command.value]):
            return Receipt(reference=command.customer)
        keep = entries[:1] if command.value is not None else []
        data: list[dict[str, Any]] = [
            {"id": each["id"], "key": key, "value": None} for each in entries[len(keep) :]
        ]
        if command.value is not None:
            data.append({**({"id": keep[0]["id"]} if keep else {}), "key": key, "value": command.value})
        told = self._put(path, {"meta_data": data})
        if told is None:
            raise CommandRefused(f"shop {self.shop!r}: there is no account {command.customer} any more")
        if _values(_entries(told, key)) != ([] if command.value is None else [command.value]):
            raise CommandRefused(
                f"shop {self.shop!r}: WooCommerce does not keep {key!r} with account {command.customer}; a "
                "plugin of the shop changes accounts"
            )
        return Receipt(reference=command.customer)

    # ---- asking

    def _put(self, path: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Set something and return what it is then; None: it is gone."""
        try:
            answer = self.client.put(path, data)
        except Refused as refused:
            # What is gone answers 400 when it is set, and 404 when it is asked for.
            if _GONE.fullmatch(refused.code):
                return None
            raise
        if answer.status == 404:  # noqa: PLR2004
            if _GONE.fullmatch(error_code(answer)):
                return None
            raise self._no_api(answer)
        return self._object(answer, path)

    def _object(self, answer: Answer, path: str) -> dict[str, Any]:
        if answer.status == 404:  # noqa: PLR2004
            raise self._no_api(answer)
        told = parsed(answer, shop=self.shop, path=path)
        if not isinstance(told, dict):
            raise PlatformUnavailable(f"shop {self.shop!r}: no object was answered for {path}")
        return told

    def _no_api(self, answer: Answer) -> Exception:
        from aftercare_sdk.errors import ConfigurationError

        return ConfigurationError(
            f"shop {self.shop!r}: WooCommerce answered 404 ({error_code(answer) or 'no code'}): check the "
            "`url` of this shop, and that its permalinks are not plain (Settings > Permalinks)"
        )


def _discount(command: IssueCode, *, limited: bool) -> dict[str, Any]:
    discount = command.discount
    if discount.percent is not None:
        # For some products only, WooCommerce takes the share off these products.
        return {"discount_type": "percent", "amount": f"{discount.percent:f}", "free_shipping": False}
    if discount.amount is not None:
        amount = str(discount.amount.amount)
        if limited:
            # `fixed_cart` would come off the whole cart as soon as one of the products is in it.
            kind = {"discount_type": "fixed_product", "limit_usage_to_x_items": 1}
            return {**kind, "amount": amount, "free_shipping": False}
        return {"discount_type": "fixed_cart", "amount": amount, "free_shipping": False}
    return {"discount_type": "fixed_cart", "amount": "0", "free_shipping": True}


def _differences(wanted: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    """Name what a coupon is not as it was wanted; who used it and when it ends are looked at elsewhere."""
    same = {
        "code": str(told.get("code", "")).casefold() == wanted["code"].casefold(),
        "discount_type": told.get("discount_type") == wanted["discount_type"],
        "amount": _same_amount(told.get("amount"), wanted["amount"]),
        "free_shipping": told.get("free_shipping") == wanted["free_shipping"],
        "usage_limit": told.get("usage_limit") == 1,
        _EMAILS: [fold_email(str(each)) for each in told.get(_EMAILS) or ()]
        == [fold_email(each) for each in wanted[_EMAILS]],
        "minimum_amount": _same_amount(told.get("minimum_amount"), wanted["minimum_amount"]),
        "product_ids": sorted(told.get("product_ids") or ()) == sorted(wanted["product_ids"]),
        "limit_usage_to_x_items": (told.get("limit_usage_to_x_items") or None)
        == wanted.get("limit_usage_to_x_items"),
        MARK: _mark(told) == wanted["meta_data"][0]["value"],
    }
    return [name for name, is_same in same.items() if not is_same]


def _same_amount(told: Any, wanted: str) -> bool:
    try:
        return Decimal(str(told or 0)) == Decimal(wanted).quantize(_CENT, ROUND_HALF_UP)
    except InvalidOperation:
        return False


def _same_expiry(command: IssueCode, told: Mapping[str, Any]) -> bool:
    wanted = command.expires_at
    return _utc(told, "date_expires_gmt") == (None if wanted is None else wanted.replace(microsecond=0))


def _misread(command: IssueCode, told: Mapping[str, Any]) -> bool:
    """Tell whether the shop took the digits of a date in UTC for those of its own clock."""
    wanted = command.expires_at
    digits = None if wanted is None else wanted.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return _naive(told.get("date_expires")) == digits


def _on_the_sites_clock(command: IssueCode, told: Mapping[str, Any]) -> str | None:
    """Return when the coupon ends, without a zone, by what the shop itself says of its clock."""
    if command.expires_at is None:
        return None
    # The expiry that it understood comes first: summer time may differ between then and now.
    for name in ("date_expires", "date_created"):
        local, utc = _naive(told.get(name)), _utc(told, f"{name}_gmt")
        if local is not None and utc is not None:
            shift = local - utc.replace(tzinfo=None)
            return f"{command.expires_at.astimezone(UTC).replace(tzinfo=None) + shift:%Y-%m-%dT%H:%M:%S}"
    return f"{command.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _utc(told: Mapping[str, Any], name: str) -> datetime | None:
    moment = _naive(told.get(name))
    return None if moment is None else moment.replace(tzinfo=UTC)


def _naive(told: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(told).replace(tzinfo=None)
    except (TypeError, ValueError):
        return None


def _used(told: Mapping[str, Any]) -> bool:
    limit, count = told.get("usage_limit"), told.get("usage_count")
    return isinstance(limit, int) and isinstance(count, int) and 0 < limit <= count


def _mark(told: Mapping[str, Any]) -> str | None:
    values = _values(_entries(told, MARK))
    return values[0] if values else None


def _entries(told: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = told.get("meta_data")
    if not isinstance(entries, list):
        return []
    return [each for each in entries if isinstance(each, dict) and each.get("key") == key and "id" in each]


def _values(entries: list[dict[str, Any]]) -> list[str]:
    return [str(each.get("value")) for each in entries if each.get("value") is not None]
