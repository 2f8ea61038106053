"""A WooCommerce shop in memory: what happens in it, to be done by a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import wraps
from itertools import count
from threading import RLock
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from aftercare_woocommerce.fake.access import Keys
from aftercare_woocommerce.fake.deliveries import Delivery, Queue
from aftercare_woocommerce.fake.refusals import Refusal, no_such
from aftercare_woocommerce.fake.things import (
    Line,
    Meta,
    Order,
    Refund,
    Site,
    Thing,
    coupon_told,
    customer_told,
    money,
    product_told,
    review_told,
    split_tax,
    webhook_told,
)

KEY, SECRET = "ck_fake_key_of_a_fake_shop", "cs_fake_secret_of_a_fake_shop"
_DELETED = "[deleted]"
_RUNNING = ("processing", "completed")


def post(delivery: Delivery) -> int | None:
    """Deliver over HTTP."""
    import requests

    try:
        return requests.post(
            delivery.url,
            data=delivery.body,
            headers=dict(delivery.headers),
            timeout=60,
            allow_redirects=False,
        ).status_code
    except requests.RequestException:
        return None


Act = TypeVar("Act", bound=Callable[..., Any])


def _alone(act: Act) -> Act:
    """Let something happen while nobody is answered."""

    @wraps(act)
    def alone(shop: FakeWooCommerce, *args: Any, **kwargs: Any) -> Any:
        with shop.lock:
            return act(shop, *args, **kwargs)

    return cast("Act", alone)


class FakeWooCommerce:
    """A shop that answers, remembers, and sends webhooks when it is told to.

    It stands still: `now` moves by `wait` only. `deliver(delivery)` takes webhooks to where they go and
    returns the status of the answer; without it they go out over HTTP. `decimals` is the shop's setting.
    `hpos=False` keeps orders as posts, as older shops do: then an edit of lines or meta data moves no date.
    """

    def __init__(
        self,
        *,
        url: str = "https://shop.example",
        now: datetime = datetime(2026, 4, 1, tzinfo=UTC),
        zone: str = "Asia/Tokyo",
        currency: str = "JPY",
        decimals: int = 0,
        hpos: bool = True,
        release: str = "11.0.1",
        statuses: Iterable[str] = ("shipped",),
        deliver: Callable[[Delivery], int | None] = post,
    ) -> None:
        self.site = Site(url=url.rstrip("/"), zone=ZoneInfo(zone), decimals=decimals, release=release)
        self.now = now
        self.currency = currency
        self.hpos = hpos
        self.statuses = (
            *("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"),
            *statuses,
            "checkout-draft",
        )
        self.lock = RLock()
        self.keys = Keys()
        self.keys.known[KEY] = (SECRET, "read_write")
        self.orders: dict[int, Order] = {}
        self.refunds: dict[int, Refund] = {}
        self.products: dict[int, Thing] = {}
        self.customers: dict[int, Thing] = {}
        self.coupons: dict[int, Thing] = {}
        self.reviews: dict[int, Thing] = {}
        self.queue = Queue(lambda: self.site, self.show, deliver, lambda: self.now, self.lock)
        # Orders, refunds, products and coupons share one row of ids.
        self._ids, self._users, self._parts = count(11), count(2), count(900)
        self._webhook_ids = count(1)

    @property
    def webhooks(self) -> dict[int, Thing]:
        """The webhooks by id."""
        return self.queue.webhooks

    def wait(self, **length: float) -> datetime:
        """Let time pass, such as `wait(days=3)`; return the time it is then."""
        self.now += timedelta(**length)
        return self.now

    def deliver(self, **how: Any) -> tuple[Delivery, ...]:
        """Deliver the webhooks that wait; see `Queue.deliver`."""
        return self.queue.deliver(**how)

    # ---- what there is

    @_alone
    def product(
        self,
        name: str,
        price: str | Decimal,
        *,
        sku: str = "",
        tax: int = 10,
        virtual: bool = False,
        parent: int = 0,
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> int:
        """Offer a product at a price with tax; with a `parent`, a variation of that."""
        number = next(self._ids)
        title = f"{self.products[parent].fields['name']} - {name}" if parent else name
        self.products[number] = Thing(
            id=number,
            created=self.now,
            modified=self.now,
            fields=_product(
                title,
                Decimal(price),
                site=self.site,
                number=number,
                sku=sku,
                tax=tax,
                virtual=virtual,
                parent=parent,
                categories=categories,
                tags=tags,
            ),
            meta=self._meta(meta or {}),
        )
        if parent:
            above = self.products[parent]
            above.fields["type"] = "variable"
            above.fields["variations"].append(number)
        else:
            self.queue.happened("product.published", number)
            self.queue.happened("product.created", number)
        return number

    @_alone
    def edit_product(
        self, product: int, *, meta: Mapping[str, Any] | None = None, silently: bool = False, **fields: Any
    ) -> None:
        """Change a product; `silently`, as an import into the database does."""
        thing = self.products[product]
        thing.fields.update(fields)
        self._set_meta(thing.meta, meta or {})
        if not silently:
            thing.modified = self.now
            # That of a variation is announced as one of its product.
            self.queue.happened("product.updated", thing.fields["parent_id"] or product)

    @_alone
    def customer(
        self,
        email: str,
        *,
        first_name: str = "",
        last_name: str = "",
        role: str = "customer",
        meta: Mapping[str, Any] | None = None,
        **billing: str,
    ) -> int:
        """Open an account."""
        if any(each.fields["email"].casefold() == email.casefold() for each in self.customers.values()):
            raise Refusal(
                400,
                "registration-error-email-exists",
                f"An account is already registered with {email}. Please log in or use a different email "
                "address.",
            )
        number = next(self._users)
        self.customers[number] = Thing(
            id=number,
            created=self.now,
            modified=self.now,
            fields={
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                "role": role,
                "username": email.partition("@")[0],
                "billing": {
                    "email": email,
                    "first_name": first_name,
                    "last_name": last_name,
                    "country": "JP",
                    **billing,
                },
                "shipping": {},
                "is_paying_customer": False,
            },
            meta=self._meta(meta or {}),
        )
        self.queue.happened("customer.created", number)
        self.queue.happened("customer.updated", number)
        return number

    @_alone
    def edit_customer(
        self, customer: int, *, meta: Mapping[str, Any] | None = None, silently: bool = False, **fields: Any
    ) -> None:
        """Change an account."""
        thing = self.customers[customer]
        thing.fields.update(fields)
        self._set_meta(thing.meta, meta or {})
        if not silently:
            thing.modified = self.now
            self.queue.happened("customer.updated", customer)

    @_alone
    def delete_customer(self, customer: int) -> None:
        """Close an account. Its orders stay, as a guest's."""
        role = self.customers.pop(customer).fields["role"]
        for order in self.orders.values():
            order.customer = 0 if order.customer == customer else order.customer
        if role == "customer":
            self.queue.happened("customer.deleted", customer)

    @_alone
    def review(
        self, product: int, text: str, *, rating: int, name: str, email: str, verified: bool = True
    ) -> int:
        """Write a review of a product."""
        number = next(self._ids)
        self.reviews[number] = Thing(
            id=number,
            created=self.now,
            modified=None,
            fields={
                "product_id": product,
                "product_name": self.products[product].fields["name"],
                "product_permalink": self.products[product].fields["permalink"],
                "status": "approved",
                "reviewer": name,
                "reviewer_email": email,
                "review": text,
                "rating": rating,
                "verified": verified,
            },
        )
        return number

    @_alone
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
            fields={**_coupon(), **fields, "code": code},
            meta=self._meta(meta),
        )
        self.queue.happened("coupon.created", number)
        return number

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

    # ---- what happens to orders

    @_alone
    def checkout(
        self,
        cart: Mapping[int, int],
        *,
        email: str = "",
        account: int = 0,
        coupon: str = "",
        gateway: str = "bacs",
        paid: bool = False,
        currency: str = "",
        shipping: str | Decimal = "600",
        via: str = "store-api",
        **billing: str,
    ) -> int:
        """Buy products (by id, with how many of each); as a guest, or with an account. Return the order's id.

        Raises Refusal for a coupon that does not hold. With the block checkout (`store-api`) order.updated
        waits before order.created; with the others (`checkout`, `rest-api`, `admin`) behind it.
        """
        known = self.customers[account].fields if account else None
        person = {**(known["billing"] if known else {"country": "JP"}), **billing}
        if email or known is None:
            person["email"] = email
        currency = currency or self.currency
        lines = [self._line(product, quantity, currency) for product, quantity in cart.items()]
        used = self._discounted(lines, coupon, person.get("email", ""), currency) if coupon else None
        ships = any(not self._virtual(line.product_id) for line in lines)
        number = next(self._ids)
        order = Order(
            id=number,
            created=self.now,
            modified=self.now,
            currency=currency,
            customer=account,
            billing=person,
            shipping={name: told for name, told in person.items() if name != "email"} if ships else {},
            gateway=gateway,
            via=via,
            lines=lines,
            shipping_total=Decimal(shipping) if ships else Decimal(0),
            shipping_line=next(self._parts) if ships else 0,
            virtual=not ships,
        )
        if used is not None:
            order.coupon = (
                next(self._parts),
                used.fields["code"],
                used.fields["discount_type"],
                used.fields["amount"],
            )
            used.fields["usage_count"] += 1
            used.fields["used_by"].append(str(account) if account else person.get("email", ""))
        self._calculate(order)
        self.orders[number] = order
        topics = ("order.created", "order.updated")
        for topic in reversed(topics) if via == "store-api" else topics:
            self.queue.happened(topic, number)
        if via == "checkout":
            self.queue.happened("action.woocommerce_checkout_order_processed", number)
        if gateway == "cod" and via in ("store-api", "checkout"):
            self.set_status(number, "processing")
        elif paid:
            self.pay(number)
        return number

    @_alone
    def pay(self, order: int) -> None:
        """Pay an order."""
        told = self.orders[order]
        told.paid = told.paid or self.now
        if told.customer in self.customers:
            self.customers[told.customer].fields["is_paying_customer"] = True
        self.set_status(order, "processing")

    def complete(self, order: int) -> None:
        """Complete an order: in most shops, when the parcel leaves."""
        self.set_status(order, "completed")

    @_alone
    def set_status(self, order: int, status: str) -> None:
        """Give an order another status."""
        told = self.orders[order]
        if status not in self.statuses:
            raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): status")
        told.status = status
        if status == "completed":
            told.completed = told.completed or self.now
        if status in _RUNNING and told.gateway != "cod":
            told.paid = told.paid or self.now
        if status == "completed" and told.gateway == "cod":
            told.paid = told.paid or self.now
        self._touch(order)
        self.queue.happened(f"action.woocommerce_order_status_{status}", order)
        if status == "refunded" and self.refundable(order) > 0:
            self._refunded(order, self.refundable(order), [], "")

    @_alone
    def edit(self, order: int, *, meta: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Change an order as staff does. With orders kept as posts, meta data alone move no date."""
        told = self.orders[order]
        self._write(told, meta, fields)
        self._touch(order, dated=self.hpos or bool(fields))

    @_alone
    def edit_silently(self, order: int, *, meta: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Change an order in the database: no date moves, no webhook goes out."""
        self._write(self.orders[order], meta, fields)

    @_alone
    def set_quantity(self, order: int, line: int, quantity: int) -> None:
        """Change how many of its line number `line` (from 0) an order has."""
        told = self.orders[order]
        old = told.lines[line]
        told.lines[line] = self._line(old.product_id, quantity, told.currency)
        told.lines[line].id = old.id
        self._calculate(told)
        self._touch(order, dated=self.hpos)

    @_alone
    def refund(
        self,
        order: int,
        *,
        lines: Mapping[int, int] | None = None,
        amount: str | Decimal | None = None,
        reason: str = "",
    ) -> int:
        """Give back lines (by number from 0, with how many of each), or an amount; else all that is left."""
        told = self.orders[order]
        back = [self._returned(told.lines[place], quantity) for place, quantity in (lines or {}).items()]
        worth = -sum((line.total + line.total_tax for line in back), Decimal(0))
        sum_back = Decimal(amount) if amount is not None else worth if back else self.refundable(order)
        return self._refunded(order, sum_back, back, reason)

    def refundable(self, order: int) -> Decimal:
        """Return what of an order has not been given back."""
        told = self.orders[order]
        return told.total - sum((self.refunds[each].amount for each in told.refunds), Decimal(0))

    @_alone
    def delete_refund(self, refund: int) -> None:
        """Take a refund back, as staff can. No date moves, no webhook goes out."""
        gone = self.refunds.pop(refund)
        self.orders[gone.order].refunds.remove(refund)

    @_alone
    def trash(self, order: int) -> None:
        """Move an order to the trash."""
        told = self.orders[order]
        told.before_trash, told.status = told.status, "trash"
        told.modified = self.now
        if not self.hpos:
            # With orders kept as posts, everything that hears of posts in the trash speaks up.
            self.queue.happened("coupon.deleted", order)
            self.queue.happened("product.deleted", order)
        self.queue.happened("order.deleted", order)

    @_alone
    def restore(self, order: int) -> None:
        """Take an order out of the trash."""
        told = self.orders[order]
        told.status, told.before_trash = told.before_trash, ""
        told.modified = self.now
        self.queue.happened("order.restored", order)
        if told.status == "completed":
            self.queue.happened("action.woocommerce_order_status_completed", order)

    @_alone
    def delete_order(self, order: int) -> None:
        """Delete an order and its refunds for good. Nothing is sent."""
        for refund in self.orders.pop(order).refunds:
            del self.refunds[refund]

    @_alone
    def delete_product(self, product: int) -> None:
        """Delete a product for good. Nothing is sent, and old orders lose its id and its sku."""
        for number in (product, *self.products[product].fields["variations"]):
            self.products.pop(number, None)
        for order in self.orders.values():
            for line in order.lines:
                if line.product_id == product:
                    line.product_id, line.variation_id, line.sku = 0, 0, None

    @_alone
    def anonymise(self, email: str, *, most: int | None = None) -> list[int]:
        """Erase a person as WordPress does; of at most so many orders in one run. Return which."""
        wanted = email.casefold()
        accounts = {
            number for number, each in self.customers.items() if each.fields["email"].casefold() == wanted
        }
        theirs = [
            number
            for number, each in self.orders.items()
            if each.customer in accounts - {0} or each.billing.get("email", "").casefold() == wanted
        ][:most]
        for number in theirs:
            order = self.orders[number]
            name = dict.fromkeys(("first_name", "last_name", "address_1", "city", "postcode"), _DELETED)
            order.billing = {**name, "email": "deleted@site.invalid", "phone": "000-000-0000"}
            order.shipping = dict(name)
            order.customer = 0
            self._set_meta(order.meta, {"_anonymized": "yes"})
            self._touch(number)
        for number in accounts:
            # The account keeps its e-mail and name.
            self.edit_customer(number, billing={}, shipping={})
        return theirs

    # ---- how it is told

    def show(self, collection: str, number: int, *, places: int | None = None) -> dict[str, Any]:
        """Return an object as the API and webhooks tell it. Raises Refusal, if it is not there."""
        if collection == "orders":
            if number not in self.orders:
                raise no_such("orders")
            order = self.orders[number]
            refunds = [self.refunds[each] for each in order.refunds]
            return order.told(self.site, refunds, self.site.decimals if places is None else places)
        things, told = {
            "customers": (self.customers, customer_told),
            "products": (self.products, product_told),
            "coupons": (self.coupons, coupon_told),
            "reviews": (self.reviews, review_told),
            "webhooks": (self.webhooks, webhook_told),
        }[collection]
        if number not in things:
            raise no_such(collection)
        return told(things[number], self.site)

    # ---- how it is done

    def new_webhook(self, fields: dict[str, Any]) -> Thing:
        """Make a webhook of checked fields, and ping its receiver."""
        number = next(self._webhook_ids)
        thing = Thing(id=number, created=self.now, modified=None, fields=fields)
        self.webhooks[number] = thing
        self.queue.ping(thing)
        return thing

    def _write(self, order: Order, meta: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            setattr(order, name, {**getattr(order, name), **value} if isinstance(value, dict) else value)
        self._set_meta(order.meta, meta or {})

    def _touch(self, order: int, *, dated: bool = True) -> None:
        if dated:
            self.orders[order].modified = self.now
        self.queue.happened("order.updated", order)

    def _virtual(self, product: int) -> bool:
        return product in self.products and bool(self.products[product].fields["virtual"])

    def _line(self, product: int, quantity: int, currency: str) -> Line:
        thing = self.products.get(product)
        if thing is None:
            return Line(id=next(self._parts), product_id=0, sku=None, quantity=quantity)
        rate = Decimal(8 if thing.fields["tax_class"] == "reduced-jp" else 10)
        gross = Decimal(thing.fields["price"]) * quantity
        net, tax = split_tax(gross, rate, max(self.site.decimals, _places(currency)))
        parent = thing.fields["parent_id"]
        return Line(
            id=next(self._parts),
            product_id=parent or product,
            variation_id=product if parent else 0,
            name=thing.fields["name"],
            sku=thing.fields["sku"],
            quantity=quantity,
            rate=rate,
            subtotal=net,
            subtotal_tax=tax,
            total=net,
            total_tax=tax,
        )

    def _discounted(self, lines: list[Line], code: str, email: str, currency: str) -> Thing:
        coupon = self.coupon_of(code)
        gross = sum((line.total + line.total_tax for line in lines), Decimal(0))
        wrong = self._coupon_problem(coupon, gross, email, lines)
        if coupon is None or wrong:
            message = f"Coupon &quot;{code}&quot; cannot be applied because {wrong}."
            raise Refusal(400, "woocommerce_rest_invalid_coupon", message)
        wanted = set(coupon.fields["product_ids"])
        meant = [line for line in lines if not wanted or wanted & {line.product_id, line.variation_id}]
        base = sum((line.total + line.total_tax for line in meant), Decimal(0))
        amount = Decimal(coupon.fields["amount"])
        off = base * amount / 100 if coupon.fields["discount_type"] == "percent" else min(amount, base)
        places = max(self.site.decimals, _places(currency))
        for line in meant:
            line_gross = line.total + line.total_tax
            share = off * line_gross / base if base else Decimal(0)
            line.total, line.total_tax = split_tax(
                Decimal(money(line_gross - share, places)), line.rate, places
            )
        return coupon

    def _coupon_problem(self, coupon: Thing | None, gross: Decimal, email: str, lines: list[Line]) -> str:
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
        if gross < told["minimum_amount"]:
            return "the minimum spend has not been reached"
        wanted = set(told["product_ids"])
        if wanted and not any(wanted & {line.product_id, line.variation_id} for line in lines):
            return "it does not apply to the contents of the cart"
        return ""

    def _calculate(self, order: Order) -> None:
        bought = sum((line.total + line.total_tax for line in order.lines), Decimal(0))
        order.total = Decimal(money(bought + order.shipping_total, self.site.decimals))

    def _returned(self, line: Line, quantity: int) -> Line:
        share = Decimal(quantity) / line.quantity
        places = max(0, -int(line.total.as_tuple().exponent), -int(line.total_tax.as_tuple().exponent))
        net, tax = (Decimal(money(-part * share, places)) for part in (line.total, line.total_tax))
        return Line(
            id=next(self._parts),
            product_id=line.product_id,
            variation_id=line.variation_id,
            name=line.name,
            sku=line.sku,
            quantity=-quantity,
            rate=line.rate,
            subtotal=net,
            subtotal_tax=tax,
            total=net,
            total_tax=tax,
            meta=self._meta({"_refunded_item_id": str(line.id)}),
        )

    def _refunded(self, order: int, amount: Decimal, lines: list[Line], reason: str) -> int:
        left = self.refundable(order)
        if not 0 < amount <= left:
            refusal = Refusal(500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
            refusal.body["data"] = 500
            raise refusal
        number = next(self._ids)
        kind = "full" if amount == left else "partial"
        self.refunds[number] = Refund(
            id=number,
            order=order,
            created=self.now,
            amount=amount,
            reason=reason,
            lines=lines,
            meta=self._meta({"_refund_type": kind}),
        )
        told = self.orders[order]
        told.refunds.append(number)
        if kind == "full":
            told.status = "refunded"
        self._touch(order)
        self.queue.happened("action.woocommerce_order_refunded", order)
        return number

    def _meta(self, told: Mapping[str, Any]) -> list[Meta]:
        return [Meta(id=next(self._parts), key=key, value=value) for key, value in told.items()]

    def _set_meta(self, entries: list[Meta], told: Mapping[str, Any]) -> None:
        for key, value in told.items():
            entries[:] = [each for each in entries if each.key != key]
            if value is not None:
                entries.extend(self._meta({key: value}))


def _places(currency: str) -> int:
    from aftercare_sdk.model.money import decimals

    return decimals(currency)


def _product(
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
        "tax_class": "reduced-jp" if tax == 8 else "",  # noqa: PLR2004 - Japan's reduced rate
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


def _term(name: str) -> dict[str, Any]:
    return {"id": 1 + sum(map(ord, name)) % 9999, "name": name, "slug": name.lower().replace(" ", "-")}


def _coupon() -> dict[str, Any]:
    return {
        "code": "",
        "amount": Decimal(0),
        "status": "publish",
        "discount_type": "fixed_cart",
        "description": "",
        "date_expires": None,
        "usage_count": 0,
        "individual_use": False,
        "product_ids": [],
        "excluded_product_ids": [],
        "usage_limit": None,
        "usage_limit_per_user": None,
        "limit_usage_to_x_items": None,
        "free_shipping": False,
        "product_categories": [],
        "excluded_product_categories": [],
        "exclude_sale_items": False,
        "minimum_amount": Decimal(0),
        "maximum_amount": Decimal(0),
        "email_restrictions": [],
        "used_by": [],
    }
