"""The REST API of a fake shop: a request in, what WooCommerce would answer out."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode, urlsplit

from aftercare_woocommerce.fake import params
from aftercare_woocommerce.fake.deliveries import HOOKS, valid_topic, written
from aftercare_woocommerce.fake.refusals import Refusal, bad_parameter, missing, no_route, no_such
from aftercare_woocommerce.fake.shop import FakeWooCommerce
from aftercare_woocommerce.fake.things import (
    Meta,
    Order,
    Refund,
    Thing,
    coupon_told,
    customer_told,
    product_told,
    review_told,
    webhook_told,
)

ROOT = "/wp-json/wc/v3/"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ROLES = ("all", "administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager")
_OLDEST, _NEWEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made, as a test may want to look at it."""

    method: str
    path: str
    params: Mapping[str, str] = field(repr=False)
    json: Any = field(default=None, repr=False)


@dataclass(slots=True)
class _Page:
    rows: list[Any]
    total: int
    pages: int


class Api:
    """Answers for one shop; requests come one after the other, from whatever thread.

    `asked` keeps what was asked for, without credentials. `before`, if set, is called with each request
    before it is answered: a test changes the shop there, while somebody pages through it. `fail` makes
    requests fail.
    """

    def __init__(self, shop: FakeWooCommerce) -> None:
        self.shop = shop
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], None] | None = None
        self._failures: deque[Reply | None] = deque()

    def fail(
        self, *, times: int = 1, status: int = 503, headers: Mapping[str, str] | None = None, after: int = 0
    ) -> None:
        """Let requests fail with a page for people, such as a server's; `after` so many that do not."""
        page = Reply(status, {"Content-Type": "text/html", **(headers or {})}, b"<html>Sorry</html>")
        self._failures.extend([None] * after + [page] * times)

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Answer one request; `url` is the whole address that was asked for."""
        with self.shop.lock:
            parts = urlsplit(url)
            told = params.read(parts.query)
            path = parts.path.removeprefix(urlsplit(self.shop.site.url).path)
            shown = {
                name: value for name, value in told.items() if not name.startswith(("oauth_", "consumer_"))
            }
            asked = Asked(method, path.removeprefix(ROOT), shown, _json_or_none(body))
            self.asked.append(asked)
            if self.before is not None:
                self.before(asked)
            failure = self._failures.popleft() if self._failures else None
            if failure is not None:
                return failure
            try:
                if path.startswith(ROOT):
                    self.shop.keys.check(method, url, headers, told)
                return self._answered(method, path, told, body)
            except Refusal as refusal:
                return self._reply(refusal.status, refusal.body)

    def _answered(self, method: str, path: str, told: dict[str, str], body: bytes) -> Reply:
        if path.rstrip("/") == "/wp-json":
            return self._reply(200, self._index())
        if not path.startswith(ROOT):
            raise no_route()
        try:
            data = json.loads(body, parse_float=Decimal) if body else {}
        except ValueError:
            raise Refusal(
                400,
                "rest_invalid_json",
                "Invalid JSON body passed.",
                json_error_code=4,
                json_error_message="Syntax error",
            ) from None
        given = {name: value for name, value in told.items() if not name.startswith(("oauth_", "consumer_"))}
        status, answer = self._routed(method, path.removeprefix(ROOT).rstrip("/"), given, data)
        if isinstance(answer, _Page):
            return self._reply(status, answer.rows, self._paging(path, given, answer), head=method == "HEAD")
        return self._reply(status, answer, head=method == "HEAD")

    def _routed(self, method: str, path: str, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        """Find what answers, by the parts of the path; numbers are ids."""
        verb = {"HEAD": "GET", "PATCH": "PUT"}.get(method, method)
        route = re.sub(r"(?<=/)\d+", "#", path)
        numbers = [int(part) for part in path.split("/") if part.isdigit()]
        routes: dict[tuple[str, str], Callable[..., tuple[int, Any]]] = {
            ("GET", "orders"): self._orders,
            ("POST", "orders"): self._new_order,
            ("GET", "orders/#"): self._order,
            ("PUT", "orders/#"): self._set_order,
            ("DELETE", "orders/#"): self._delete_order,
            ("GET", "orders/#/refunds"): self._order_refunds,
            ("POST", "orders/#/refunds"): self._new_refund,
            ("GET", "orders/#/refunds/#"): self._refund,
            ("DELETE", "orders/#/refunds/#"): self._delete_refund,
            ("GET", "refunds"): self._refunds,
            ("GET", "customers"): self._customers,
            ("POST", "customers"): self._new_customer,
            ("GET", "customers/#"): self._customer,
            ("PUT", "customers/#"): self._set_customer,
            ("DELETE", "customers/#"): self._delete_customer,
            ("GET", "products"): self._products,
            ("GET", "products/#"): self._product,
            ("PUT", "products/#"): self._set_product,
            ("DELETE", "products/#"): self._delete_product,
            ("GET", "products/#/variations"): self._variations,
            ("GET", "products/reviews"): self._reviews,
            ("POST", "products/reviews"): self._new_review,
            ("GET", "products/reviews/#"): self._review,
            ("DELETE", "products/reviews/#"): self._delete_review,
            ("GET", "coupons"): self._coupons,
            ("POST", "coupons"): self._new_coupon,
            ("GET", "coupons/#"): self._coupon,
            ("PUT", "coupons/#"): self._set_coupon,
            ("DELETE", "coupons/#"): self._delete_coupon,
            ("GET", "data/currencies/current"): self._currency,
            ("GET", "webhooks"): self._webhooks,
            ("POST", "webhooks"): self._new_webhook,
            ("GET", "webhooks/#"): self._webhook,
            ("PUT", "webhooks/#"): self._set_webhook,
            ("DELETE", "webhooks/#"): self._delete_webhook,
        }
        if route == "refunds" and int(self.shop.site.release.partition(".")[0]) < 9:  # noqa: PLR2004
            raise no_route()
        answer = routes.get((verb, route))
        if answer is None:
            raise no_route()
        return answer(*numbers, told, data)

    # ---- orders

    def _orders(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        statuses = params.some_of(told, "status", ("any", "trash", "auto-draft", *self.shop.statuses))
        customer = params.whole(told, "customer", -1, least=0)
        product = params.whole(told, "product", -1, least=0)
        places = params.whole(told, "dp", self.shop.site.decimals, least=0)
        found = [
            order
            for order in self.shop.orders.values()
            if (order.status in statuses or ("any" in statuses and order.status != "trash"))
            and (customer < 0 or order.customer == customer)
            and (product < 0 or any(line.product_id == product for line in order.lines))
            and told.get("search", "").casefold() in _searched(order)
        ]
        page = self._page(told, found, ("date", "id", "include", "title", "slug", "modified"), past_end=0)
        page.rows = [self.shop.show("orders", order.id, places=places) for order in page.rows]
        return 200, page

    def _order(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        places = params.whole(told, "dp", self.shop.site.decimals, least=0)
        return 200, self.shop.show("orders", number, places=places)

    def _new_order(self, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        billing = dict(data.get("billing", {}))
        _check_email("billing", billing.get("email", ""))
        cart = {
            int(line.get("product_id", 0)): int(line.get("quantity", 1))
            for line in data.get("line_items", [])
        }
        coupons = [each["code"] for each in data.get("coupon_lines", [])]
        number = self.shop.checkout(
            cart,
            email=billing.pop("email", ""),
            account=int(data.get("customer_id", 0)),
            coupon=coupons[0] if coupons else "",
            gateway=data.get("payment_method", ""),
            paid=bool(data.get("set_paid")),
            currency=data.get("currency", ""),
            shipping="0",
            via="rest-api",
            **billing,
        )
        if "status" in data:
            self.shop.set_status(number, data["status"])
        return 201, self.shop.show("orders", number)

    def _set_order(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        order = self.shop.show("orders", number)
        names = {
            "customer_note": "note",
            "customer_id": "customer",
            "billing": "billing",
            "shipping": "shipping",
        }
        fields = {names[name]: value for name, value in data.items() if name in names}
        meta = {each["key"]: each.get("value") for each in data.get("meta_data", [])}
        if data.get("status", order["status"]) != order["status"]:
            self.shop.set_status(number, data["status"])
        self.shop.edit(number, meta=meta, **fields)
        return 200, self.shop.show("orders", number)

    def _delete_order(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        shown = self.shop.show("orders", number)
        if params.flag({**told, **data}, "force"):
            self.shop.delete_order(number)
        elif shown["status"] == "trash":
            raise Refusal(410, "woocommerce_rest_already_trashed", "The order has already been deleted.")
        else:
            # What is told is the order as it was before.
            self.shop.trash(number)
        return 200, shown

    def _order_refunds(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        if number not in self.shop.orders:
            raise Refusal(404, "woocommerce_rest_invalid_order_id", "Invalid order ID.")
        return self._told_refunds(
            told, (self.shop.refunds[each] for each in self.shop.orders[number].refunds)
        )

    def _refunds(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return self._told_refunds(told, self.shop.refunds.values(), parent=True)

    def _told_refunds(
        self, told: dict[str, str], refunds: Iterable[Refund], *, parent: bool = False
    ) -> tuple[int, Any]:
        places = params.whole(told, "dp", self.shop.site.decimals, least=0)
        page = self._page(told, list(refunds), ("date", "id", "include", "title", "slug", "modified"))
        page.rows = [refund.told(self.shop.site, places, parent=parent) for refund in page.rows]
        return 200, page

    def _refund(self, order: int, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return 200, self._refund_of(order, number).told(self.shop.site, self.shop.site.decimals)

    def _refund_of(self, order: int, number: int) -> Refund:
        refund = self.shop.refunds.get(number)
        if refund is None or refund.order != order:
            raise no_such("refunds")
        return refund

    def _new_refund(self, order: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        if order not in self.shop.orders:
            raise Refusal(404, "woocommerce_rest_invalid_order_id", "Invalid order ID.")
        if params.flag(data, "api_refund", default=True):
            refusal = Refusal(
                500,
                "woocommerce_rest_cannot_create_order_refund",
                "The payment gateway for this order does not support automatic refunds.",
            )
            refusal.body["data"] = 500
            raise refusal
        places = {line.id: place for place, line in enumerate(self.shop.orders[order].lines)}
        lines = {places[each["id"]]: int(each.get("quantity", 0)) for each in data.get("line_items", [])}
        number = self.shop.refund(
            order, lines=lines, amount=data.get("amount"), reason=str(data.get("reason", ""))
        )
        return 201, self.shop.refunds[number].told(self.shop.site, self.shop.site.decimals)

    def _delete_refund(
        self, order: int, number: int, told: dict[str, str], data: dict[str, Any]
    ) -> tuple[int, Any]:
        refund = self._refund_of(order, number)
        if not params.flag({**told, **data}, "force"):
            raise _no_trash("Refunds")
        shown = refund.told(self.shop.site, self.shop.site.decimals)
        self.shop.delete_refund(number)
        return 200, shown

    # ---- customers

    def _customers(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        role = params.one_of({"role": "customer", **told}, "role", _ROLES)
        found = [
            each
            for each in self.shop.customers.values()
            if role in ("all", each.fields["role"])
            and told.get("email", "").casefold() in ("", each.fields["email"].casefold())
        ]
        # There is no modified_after: it is not known and does nothing.
        known = {name: value for name, value in told.items() if not name.startswith("modified")}
        page = self._page(known, found, ("name", "id", "include", "registered_date"), by_name=True)
        page.rows = [customer_told(each, self.shop.site) for each in page.rows]
        return 200, page

    def _customer(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return 200, self.shop.show("customers", number)

    def _new_customer(self, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        if "email" not in data:
            raise missing("email")
        _check_email("email", data["email"])
        billing = {name: value for name, value in data.get("billing", {}).items() if name not in _PERSON}
        number = self.shop.customer(
            data["email"],
            first_name=data.get("first_name", ""),
            last_name=data.get("last_name", ""),
            meta={each["key"]: each.get("value") for each in data.get("meta_data", [])},
            **billing,
        )
        return 201, self.shop.show("customers", number)

    def _set_customer(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        thing = self._thing(self.shop.customers, number, "customers", status=400)
        self._write_meta(thing.meta, data)
        names = ("email", "first_name", "last_name", "billing", "shipping")
        self.shop.edit_customer(number, **{name: data[name] for name in names if name in data})
        return 200, self.shop.show("customers", number)

    def _delete_customer(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        if not params.flag({**told, **data}, "force"):
            raise _no_trash("Customers")
        shown = self.shop.show("customers", number)
        self.shop.delete_customer(number)
        return 200, shown

    # ---- products and their reviews

    def _products(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        statuses = params.some_of(
            told, "status", ("any", "future", "trash", "draft", "pending", "private", "publish", "auto-draft")
        )
        found = [
            each
            for each in self.shop.products.values()
            if not each.fields["parent_id"]
            and (
                each.fields["status"] in statuses or ("any" in statuses and each.fields["status"] != "trash")
            )
            and told.get("sku", "") in ("", each.fields["sku"])
        ]
        orders = ("date", "id", "include", "title", "slug", "modified", "price", "popularity", "rating")
        page = self._page(told, found, orders)
        page.rows = [product_told(each, self.shop.site) for each in page.rows]
        return 200, page

    def _product(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return 200, self.shop.show("products", number)

    def _set_product(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        thing = self._thing(self.shop.products, number, "products", status=400)
        self._write_meta(thing.meta, data)
        names = ("name", "sku", "status", "regular_price")
        fields: dict[str, Any] = {name: data[name] for name in names if name in data}
        if "regular_price" in fields:
            fields["price"] = fields["regular_price"]
        self.shop.edit_product(number, **fields)
        return 200, self.shop.show("products", number)

    def _delete_product(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        shown = self.shop.show("products", number)
        if params.flag({**told, **data}, "force"):
            self.shop.delete_product(number)
        else:
            self.shop.products[number].fields["status"] = "trash"
            self.shop.products[number].modified = self.shop.now
            # A product in the trash is announced as a coupon, too.
            self.shop.queue.happened("coupon.deleted", number)
            self.shop.queue.happened("product.deleted", number)
        return 200, shown

    def _variations(self, product: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        found = [each for each in self.shop.products.values() if each.fields["parent_id"] == product]
        page = self._page(told, found, ("date", "id", "include", "title", "slug", "modified", "menu_order"))
        page.rows = [product_told(each, self.shop.site, terse=True) for each in page.rows]
        return 200, page

    def _reviews(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        products = params.ids(told, "product")
        found = [
            each
            for each in self.shop.reviews.values()
            if products is None or each.fields["product_id"] in products
        ]
        page = self._page(told, found, ("date", "date_gmt", "id", "include", "product"))
        page.rows = [review_told(each, self.shop.site) for each in page.rows]
        return 200, page

    def _review(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return 200, self.shop.show("reviews", number)

    def _new_review(self, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        for name in ("product_id", "review", "reviewer", "reviewer_email"):
            if name not in data:
                raise missing(name)
        _check_email("reviewer_email", data["reviewer_email"])
        if data["product_id"] not in self.shop.products:
            raise Refusal(404, "woocommerce_rest_product_invalid_id", "Invalid product ID.")
        number = self.shop.review(
            data["product_id"],
            data["review"],
            rating=int(data.get("rating", 0)),
            name=data["reviewer"],
            email=data["reviewer_email"],
        )
        return 201, self.shop.show("reviews", number)

    def _delete_review(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        shown = self.shop.show("reviews", number)
        del self.shop.reviews[number]
        return 200, {"deleted": True, "previous": shown}

    # ---- coupons

    def _coupons(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        code = told.get("code", "").lower()
        found = [
            each
            for each in self.shop.coupons.values()
            if each.fields["status"] != "trash" and code in ("", each.fields["code"])
        ]
        page = self._page(told, found, ("date", "id", "include", "title", "slug", "modified"))
        page.rows = [coupon_told(each, self.shop.site) for each in page.rows]
        return 200, page

    def _coupon(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return 200, self.shop.show("coupons", number)

    def _new_coupon(self, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        if "code" not in data:
            raise missing("code")
        fields = self._coupon_fields(data)
        number = self.shop.coupon(str(data["code"]), **fields)
        self._write_meta(self.shop.coupons[number].meta, data)
        return 201, self.shop.show("coupons", number)

    def _set_coupon(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        thing = self._thing(self.shop.coupons, number, "coupons", status=400)
        thing.fields.update(self._coupon_fields(data))
        self._write_meta(thing.meta, data)
        thing.modified = self.shop.now
        self.shop.queue.happened("coupon.updated", number)
        return 200, self.shop.show("coupons", number)

    def _delete_coupon(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        shown = self.shop.show("coupons", number)
        if params.flag({**told, **data}, "force"):
            del self.shop.coupons[number]
        else:
            self.shop.coupons[number].fields["status"] = "trash"
            self.shop.queue.happened("product.deleted", number)
            self.shop.queue.happened("coupon.deleted", number)
        return 200, shown

    def _coupon_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        kinds = ("fixed_cart", "percent", "fixed_product")
        fields: dict[str, Any] = {}
        for name, value in data.items():
            if name in ("amount", "minimum_amount", "maximum_amount"):
                fields[name] = _amount(name, value)
            elif name == "date_expires":
                fields[name] = self._expiry(value)
            elif name == "discount_type":
                fields[name] = params.one_of({name: value}, name, kinds)
            elif name in _COUPON_FIELDS:
                fields[name] = value
            # date_expires_gmt is taken without a word, and does nothing.
        if "email_restrictions" in fields:
            fields["email_restrictions"] = [email.lower() for email in fields["email_restrictions"]]
        for email in fields.get("email_restrictions", ()):
            if not _EMAIL.fullmatch(email):
                raise Refusal(400, "coupon_invalid_email_address", "Invalid email address restriction")
        if fields.get("discount_type") == "percent" and fields.get("amount", 0) > 100:  # noqa: PLR2004
            raise Refusal(400, "coupon_invalid_amount", "Invalid discount amount")
        return fields

    def _expiry(self, value: Any) -> datetime | None:
        if not value:
            return None
        # Without a zone it is the site's time.
        return params.moment({"date_expires": str(value)}, "date_expires", self.shop.site.zone, gmt=False)

    def _currency(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        place = f"{self.shop.site.url}/wp-json/wc/v3/data/currencies"
        code = self.shop.currency
        links = {
            "self": [{"href": f"{place}/{code}", "targetHints": {"allow": ["GET"]}}],
            "collection": [{"href": place}],
        }
        return 200, {"code": code, "name": code, "symbol": code, "_links": links}

    # ---- webhooks

    def _webhooks(self, told: dict[str, str], _: Any) -> tuple[int, Any]:
        status = params.one_of(told, "status", ("all", "active", "paused", "disabled"))
        found = [each for each in self.shop.webhooks.values() if status in ("all", each.fields["status"])]
        page = self._page(told, found, ("date", "id", "title"))
        page.rows = [webhook_told(each, self.shop.site) for each in page.rows]
        return 200, page

    def _webhook(self, number: int, told: dict[str, str], _: Any) -> tuple[int, Any]:
        return 200, self.shop.show("webhooks", number)

    def _new_webhook(self, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        for name in ("topic", "delivery_url"):
            if name not in data:
                raise missing(name)
        fields = self._webhook_fields({"status": "active", "secret": "a" * 50, "name": "", **data})
        if not fields["name"]:
            fields["name"] = f"Webhook created on {self.shop.now:%b %d, %Y @ %I:%M %p}"
        return 201, webhook_told(self.shop.new_webhook(fields), self.shop.site)

    def _set_webhook(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        thing = self._thing(self.shop.webhooks, number, "webhooks", status=400)
        # A new status leaves the count of failures as it is.
        thing.fields.update(self._webhook_fields({**thing.fields, **data}))
        thing.modified = self.shop.now
        return 200, webhook_told(thing, self.shop.site)

    def _delete_webhook(self, number: int, told: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        shown = self.shop.show("webhooks", number)
        if not params.flag({**told, **data}, "force"):
            raise _no_trash("Webhooks")
        del self.shop.webhooks[number]
        return 200, shown

    def _webhook_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        topic, url = str(data["topic"]), str(data["delivery_url"])
        if not valid_topic(topic):
            message = "Webhook topic is required and must be valid."
            raise Refusal(400, "woocommerce_rest_shop_webhook_invalid_topic", message)
        if not url.startswith(("http://", "https://")):
            message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
            raise Refusal(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", message)
        resource, _, event = topic.partition(".")
        return {
            "name": str(data["name"]),
            "status": params.one_of(data, "status", ("active", "paused", "disabled")),
            "topic": topic,
            "resource": resource,
            "event": event,
            "hooks": list(HOOKS.get(topic, (event,))),
            "delivery_url": url,
            "secret": str(data["secret"]),
        }

    # ---- what all have in common

    def _page(
        self,
        told: Mapping[str, str],
        found: list[Any],
        orders: tuple[str, ...],
        *,
        past_end: int | None = None,
        by_name: bool = False,
    ) -> _Page:
        """Choose, sort and cut, by what every list takes."""
        size = params.whole(told, "per_page", 10, most=params.LARGEST_PAGE)
        number = params.whole(told, "page", 1)
        by = params.one_of(told, "orderby", orders)
        descending = params.one_of({"order": "asc" if by_name else "desc", **told}, "order", ("asc", "desc"))
        within = self._within(told)
        found = [each for each in found if within(each)]
        include, exclude = params.ids(told, "include"), params.ids(told, "exclude") or frozenset()
        if include is not None:
            found = [each for each in found if each.id in include]
        found = [each for each in found if each.id not in exclude]
        keys: dict[str, Callable[[Any], Any]] = {
            "id": lambda each: each.id,
            "modified": lambda each: (each.modified or each.created, each.id),
            "name": lambda each: (each.fields["last_name"], each.fields["first_name"], each.id),
        }
        found.sort(key=keys.get(by, lambda each: (each.created, each.id)), reverse=descending == "desc")
        start = params.whole(told, "offset", (number - 1) * size, least=0)
        rows = found[start : start + size]
        total = len(found) if rows or not found or past_end is None else past_end
        return _Page(rows, total, -(-total // size))

    def _within(self, told: Mapping[str, str]) -> Callable[[Any], bool]:
        gmt = params.flag(told, "dates_are_gmt")
        bounds = {
            name: params.moment(told, name, self.shop.site.zone, gmt=gmt)
            for name in ("after", "before", "modified_after", "modified_before")
        }
        after, modified_after = bounds["after"] or _OLDEST, bounds["modified_after"] or _OLDEST
        before, modified_before = bounds["before"] or _NEWEST, bounds["modified_before"] or _NEWEST

        def within(each: Any) -> bool:
            # At whole seconds, both ends left out.
            created = each.created.replace(microsecond=0)
            modified = (getattr(each, "modified", None) or each.created).replace(microsecond=0)
            return bool(after < created < before and modified_after < modified < modified_before)

        return within

    def _paging(self, path: str, told: Mapping[str, str], page: _Page) -> dict[str, str]:
        number = params.whole(told, "page", 1)
        near = {"prev": number - 1 if number > 1 else 0, "next": number + 1 if number < page.pages else 0}
        shown = [
            f'<{self.shop.site.url}{path}?{urlencode({**told, "page": target})}>; rel="{name}"'
            for name, target in near.items()
            if target
        ]
        return {
            "X-WP-Total": str(page.total),
            "X-WP-TotalPages": str(page.pages),
            **({"Link": ", ".join(shown)} if shown else {}),
        }

    def _thing(self, things: Mapping[int, Thing], number: int, name: str, *, status: int) -> Thing:
        if number not in things:
            refusal = no_such(name)
            refusal.status = refusal.body["data"]["status"] = status
            raise refusal
        return things[number]

    def _write_meta(self, entries: list[Meta], data: Mapping[str, Any]) -> None:
        """Write `meta_data`: an entry with an id is set or, by null, deleted; else its key counts."""
        for told in data.get("meta_data", ()):
            key, value, number = told.get("key"), told.get("value"), told.get("id")
            same = [each for each in entries if each.id == number] if number else []
            same = same or [each for each in entries if each.key == key][:1]
            if value is None:
                entries[:] = [each for each in entries if each not in same]
            elif same:
                same[0].value = value
            else:
                entries.extend(self.shop._meta({key: value}))  # noqa: SLF001 - one fake in two modules

    def _index(self) -> dict[str, Any]:
        site = self.shop.site
        offset = self.shop.now.astimezone(site.zone).utcoffset()
        return {
            "name": "A fake shop",
            "description": "",
            "url": site.url,
            "home": site.url,
            "gmt_offset": (offset.total_seconds() if offset else 0) / 3600,
            "timezone_string": site.zone.key,
            "namespaces": ["wc/v3", "wc/store/v1", "wc/v2", "wp/v2"],
        }

    def _reply(
        self, status: int, body: Any, headers: Mapping[str, str] | None = None, *, head: bool = False
    ) -> Reply:
        told = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Robots-Tag": "noindex",
            "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
            "Link": f'<{self.shop.site.url}/wp-json/>; rel="https://api.w.org/"',
            **(headers or {}),
        }
        return Reply(status, told, b"" if head else written(body))


_PERSON = ("email", "first_name", "last_name")
_COUPON_FIELDS = frozenset(
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


def _searched(order: Order) -> str:
    told = [*order.billing.values(), *order.shipping.values(), *(line.name for line in order.lines)]
    return "\n".join([str(order.id), *told]).casefold()


def _amount(name: str, value: Any) -> Decimal:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        raise bad_parameter(name, "rest_invalid_type", f"{name} is not of type string.") from None


def _check_email(name: str, email: str) -> None:
    if email and not _EMAIL.fullmatch(email):
        raise bad_parameter(name, "rest_invalid_email", "Invalid email address.")


def _no_trash(what: str) -> Refusal:
    return Refusal(501, "woocommerce_rest_trash_not_supported", f"{what} do not support trashing.")


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
