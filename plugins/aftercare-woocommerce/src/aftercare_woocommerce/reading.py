"""Authoritative reads: what objects are now, complete, by WooCommerce's REST API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.money import decimals
from aftercare_sdk.model.orders import RefundSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.shops import Gone, Reading, Ref
from aftercare_sdk.shops.asking import Answer
from aftercare_sdk.shops.loading import Loader
from aftercare_sdk.shops.payloads import load, parse
from aftercare_woocommerce import codes, schemas
from aftercare_woocommerce.client import Client, listed
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.orders import (
    DRAFTS,
    order_snapshot,
    refund_snapshot,
    rounded_total,
    with_refunds,
)
from aftercare_woocommerce.people import customer_snapshot
from aftercare_woocommerce.products import product_snapshot
from aftercare_woocommerce.reviews import PATH, STATUSES, review_snapshot

_PAGE = 100  # the most that WooCommerce gives at once
# `rest_no_route` is a 404 as well, and a web server has its own: neither says that an object is gone.
_NO_SUCH_OBJECT = re.compile(r"[a-z_]*invalid_([a-z_]+_)?id")


class _NotThere(Exception):
    """The shop knows no such object."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the objects of one shop."""

    client: Client
    shop: str
    rules: Rules

    def read(self, refs: Iterable[Ref]) -> Iterator[Reading]:
        """Read one object after the other; coupons, of which many are read every day, together."""
        wanted = list(refs)
        coupons = self._coupons([ref.id for ref in wanted if ref.kind == codes.KIND])
        for ref in wanted:
            try:
                yield self._code(ref, coupons.get(ref.id)) if ref.kind == codes.KIND else self._object(ref)
            except _NotThere:
                yield Gone(ref)

    def _object(self, ref: Ref) -> Reading:
        if ref.kind == "order":
            return self._order(ref)
        if ref.kind == "customer":
            return self._customer(ref)
        if ref.kind == "review":
            return self._review(ref)
        return product_snapshot(self._load(f"products/{ref.id}", schemas.PRODUCT), shop=self.shop)

    def _order(self, ref: Ref) -> Reading:
        path = f"orders/{ref.id}"
        # Asked for plainly first: that tells the currency, and the decimals that the store is set to.
        order = plain = self._load(path, schemas.ORDER)
        if order["status"] in DRAFTS:
            raise _NotThere
        snapshot = order_snapshot(order, shop=self.shop, rules=self.rules)
        precision: dict[str, int] = {}
        if snapshot.amounts is not None and snapshot.amounts.rounded:
            precision = {"dp": decimals(order["currency"])}
            order = self._load(path, schemas.ORDER, precision)
            snapshot = order_snapshot(order, shop=self.shop, rules=self.rules)
            snapshot = rounded_total(snapshot, order, plain)
        refunds = self._refunds(path, order["currency"], precision) if order["refunds"] else ()
        return with_refunds(snapshot, refunds)

    def _refunds(self, order: str, currency: str, params: Mapping[str, int]) -> tuple[RefundSnapshot, ...]:
        refunds: list[RefundSnapshot] = []
        page = 0
        while len(refunds) == page * _PAGE:
            page += 1
            listed = self._get(f"{order}/refunds", {**params, "per_page": _PAGE, "page": page})
            loaded = [load(schemas.REFUND, each, what="refund") for each in listed]
            refunds += [refund_snapshot(each, currency) for each in loaded]
        return tuple(refunds)

    def _customer(self, ref: Ref) -> Reading:
        customer = self._load(f"customers/{ref.id}", schemas.CUSTOMER)
        # Somebody who joined the staff is no customer any more.
        if customer["role"] not in self.rules.customer_roles:
            raise _NotThere
        return customer_snapshot(customer, shop=self.shop)

    def _review(self, ref: Ref) -> ReviewSnapshot:
        told: Any = None
        denied = False
        try:
            told = self._get(f"{PATH}/{ref.id}", {})
        except ConfigurationError:
            denied = True
        if denied:
            # Older releases answer 403 for a review that is gone. A list is denied only where all is.
            told = self._listed_review(ref)
        return review_snapshot(load(schemas.REVIEW, told, what=f"{PATH}/{ref.id}"), shop=self.shop)

    def _coupons(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """List coupons that are switched on, by id. One alone is better asked for by itself."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids) if len(ids) > 1 else 0, _PAGE):
            some = ",".join(ids[start : start + _PAGE])
            rows = listed(self.client, codes.PATH, {"include": some, "per_page": _PAGE}, shop=self.shop).rows
            found |= {str(row.get("id")): row for row in rows}
        return found

    def _code(self, ref: Ref, row: Mapping[str, Any] | None) -> CodeSnapshot:
        """Return a coupon of ours: the row of a list, or what it is by itself."""
        path = f"{codes.PATH}/{ref.id}"
        coupon = load(schemas.COUPON, self._get(path, {}) if row is None else row, what=path)
        if not codes.is_ours(coupon):
            raise _NotThere
        if not coupon["status"]:
            # Older releases do not tell it. Lists leave out what is in the trash.
            there = row or listed(self.client, codes.PATH, {"include": ref.id}, shop=self.shop).rows
            coupon["status"] = "publish" if there else "trash"
        return codes.code_snapshot(coupon, shop=self.shop)

    def _listed_review(self, ref: Ref) -> dict[str, Any]:
        for status in STATUSES:
            for row in listed(self.client, PATH, {"include": ref.id, "status": status}, shop=self.shop).rows:
                return row
        raise _NotThere

    def _load(self, path: str, schema: Loader, params: Mapping[str, int] | None = None) -> dict[str, Any]:
        return load(schema, self._get(path, params or {}), what=path)

    def _get(self, path: str, params: Mapping[str, int]) -> Any:
        answer = self.client.get(path, params)
        if 200 <= answer.status < 300:  # noqa: PLR2004
            return self._json(answer, path)
        code = _error_code(answer)
        told = f"shop {self.shop!r}: WooCommerce answered {answer.status} ({code}) for {path}"
        if answer.status == 404 and _NO_SUCH_OBJECT.fullmatch(code):  # noqa: PLR2004
            raise _NotThere
        if answer.status in (401, 403):
            raise ConfigurationError(
                f"{told}: give this shop a REST API key that may read orders, customers, products, reviews "
                "and coupons (WooCommerce > Settings > Advanced > REST API), and check the clock of this "
                "computer"
            )
        if answer.status in (408, 425, 429) or answer.status >= 500:  # noqa: PLR2004
            raise PlatformUnavailable(told)
        raise ConfigurationError(
            f"{told}: check the `url` of this shop, and that its permalinks are not plain "
            "(Settings > Permalinks)"
        )

    def _json(self, answer: Answer, path: str) -> Any:
        try:
            return parse(answer.body)
        except TranslationError:
            # A page for people under a good status: maintenance, a cache, a firewall.
            raise PlatformUnavailable(f"shop {self.shop!r}: no JSON was answered for {path}") from None


def _error_code(answer: Answer) -> str:
    try:
        body = parse(answer.body)
    except TranslationError:
        return "no code"
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[a-z0-9_]{1,80}", code) else "no code"
