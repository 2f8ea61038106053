"""Making, changing and ending discount codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from aftercare_shopify.fake.bodies.discounts import discount_body
from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph.discounts import discount_node
from aftercare_shopify.fake.graph.mutations.errors import UserError
from aftercare_shopify.fake.graph.parts import Node, number_of, one_of, read_moment
from aftercare_shopify.fake.state.discounts import Discount

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

_LONGEST = 255
Field = Callable[..., Node]


def fields(shop: Records) -> dict[str, Field]:
    """Return the fields of Mutation for discounts."""
    basic, shipping = "basicCodeDiscount", "freeShippingCodeDiscount"
    return {
        "discountCodeBasicCreate": lambda **told: _tried(
            lambda: _made(shop, told[basic], basic, free=False), shop
        ),
        "discountCodeBasicUpdate": lambda **told: _tried(
            lambda: _changed(shop, told["id"], told[basic], basic, free=False), shop
        ),
        "discountCodeFreeShippingCreate": lambda **told: _tried(
            lambda: _made(shop, told[shipping], shipping, free=True), shop
        ),
        "discountCodeFreeShippingUpdate": lambda **told: _tried(
            lambda: _changed(shop, told["id"], told[shipping], shipping, free=True), shop
        ),
        "discountCodeDeactivate": lambda **told: _tried(lambda: _ended(shop, told["id"]), shop),
        "discountCodeActivate": lambda **told: _tried(lambda: _begun(shop, told["id"]), shop),
        "discountCodeDelete": lambda **told: _deleted(shop, told["id"]),
    }


def _tried(act: Callable[[], Discount], shop: Records) -> Node:
    try:
        found = act()
    except UserError as error:
        return {"codeDiscountNode": None, "userErrors": [error.node]}
    return {"codeDiscountNode": discount_node(shop, found), "userErrors": []}


def _made(shop: Records, told: Mapping[str, Any], argument: str, *, free: bool) -> Discount:
    for name, said in (("title", "Title"), ("code", "Code"), ("startsAt", "Starts at")):
        if not told.get(name):
            raise UserError(f"{said} can't be blank", argument, name, code="BLANK")
    if told.get("context") is None and told.get("customerSelection") is None:
        raise UserError("Context can't be blank", argument, "context", code="BLANK")
    if not free and not (told.get("customerGets") or {}).get("value"):
        raise UserError("Value can't be blank", argument, "customerGets", "value", code="BLANK")
    if not free and not (told.get("customerGets") or {}).get("items"):
        raise UserError("Items can't be blank", argument, "customerGets", "items", code="BLANK")
    discount = Discount(
        id=shop.new_id(),
        code_id=shop.new_id(),
        code="",
        title="",
        created=shop.now,
        updated=shop.now,
        starts=shop.now,
        free_shipping=free,
    )
    _Filling(shop, argument, discount).fill(told)
    shop.discounts[discount.id] = discount
    shop.queue.happened("discounts/create", discount_body(shop, discount, "created_at"))
    return discount


def _changed(shop: Records, told_id: str, told: Mapping[str, Any], argument: str, *, free: bool) -> Discount:
    found = _found(shop, told_id)
    if found.free_shipping is not free:
        raise UserError("Discount does not exist", "id", code="INVALID")
    before = {name: getattr(found, name) for name in Discount.__slots__}
    try:
        _Filling(shop, argument, found).fill(told)
    except UserError:
        # All of it or nothing.
        for name, value in before.items():
            setattr(found, name, value)
        raise
    return _touched(shop, found)


def _ended(shop: Records, told: str) -> Discount:
    found = _found(shop, told)
    if found.status(shop.now) != "EXPIRED":
        found.starts = min(found.starts, shop.now)
        found.ends = shop.now
    return _touched(shop, found)


def _begun(shop: Records, told: str) -> Discount:
    found = _found(shop, told)
    if found.status(shop.now) != "ACTIVE":
        found.starts = min(found.starts, shop.now)
        found.ends = None
    return _touched(shop, found)


def _deleted(shop: Records, told: str) -> Node:
    try:
        found = _found(shop, told)
    except UserError as error:
        return {"deletedCodeDiscountId": None, "userErrors": [error.node]}
    del shop.discounts[found.id]
    shop.forget_metafields([gid("DiscountCodeNode", found.id)])
    shop.queue.happened("discounts/delete", discount_body(shop, found, "deleted_at"))
    return {"deletedCodeDiscountId": told, "userErrors": []}


def _found(shop: Records, told: str) -> Discount:
    number = number_of(told, "DiscountCodeNode")
    if number is None or number not in shop.discounts:
        raise UserError("Discount does not exist", "id", code="INVALID")
    return shop.discounts[number]


def _touched(shop: Records, found: Discount) -> Discount:
    found.updated = shop.now
    shop.queue.happened("discounts/update", discount_body(shop, found, "updated_at"))
    return found


class _Filling:
    """Reads what was told into a discount, part by part; what is not told stays. Raises UserError."""

    def __init__(self, shop: Records, argument: str, discount: Discount) -> None:
        self._shop, self._argument, self._discount = shop, argument, discount

    def fill(self, told: Mapping[str, Any]) -> None:
        """Read all that was told."""
        discount = self._discount
        self._code(told)
        if "title" in told:
            if not told["title"]:
                raise self._error("Title can't be blank", "title", code="BLANK")
            discount.title = told["title"]
        self._times(told)
        self._limits(told)
        self._people(told)
        self._gets(told.get("customerGets") or {})
        self._minimum(told)
        for name, to in (
            ("appliesOnSubscription", "on_subscription"),
            ("appliesOnOneTimePurchase", "on_one_time"),
            ("recurringCycleLimit", "recurring"),
        ):
            if name in told:
                setattr(discount, to, told[name])
        if told.get("maximumShippingPrice") is not None:
            discount.maximum_shipping = Decimal(str(told["maximumShippingPrice"]))
        if told.get("combinesWith"):
            discount.combines = {**discount.combines, **told["combinesWith"]}
        if told.get("tags") is not None:
            discount.tags = list(told["tags"])
        if not (discount.on_subscription or discount.on_one_time):
            raise self._error("A discount must apply on something", "customerGets", code="APPLIES_ON_NOTHING")

    def _error(self, message: str, *field: str, code: str) -> UserError:
        return UserError(message, self._argument, *field, code=code)

    def _code(self, told: Mapping[str, Any]) -> None:
        if "code" not in told:
            return
        code = (told["code"] or "").strip()
        if not code:
            raise self._error("Code can't be blank", "code", code="BLANK")
        if len(code) > _LONGEST:
            raise self._error("Code is too long (maximum is 255 characters)", "code", code="TOO_LONG")
        if "\n" in code or "\r" in code:
            raise self._error("Code cannot contain newline characters.", "code", code="INVALID")
        other = self._shop.by_code(code)
        if other is not None and other is not self._discount:
            raise self._error("Code must be unique. Please try a different code.", "code", code="TAKEN")
        self._discount.code = code

    def _times(self, told: Mapping[str, Any]) -> None:
        discount = self._discount
        if told.get("startsAt") is not None:
            discount.starts = _whole(read_moment(told["startsAt"]))
        if "endsAt" in told:
            discount.ends = None if told["endsAt"] is None else _whole(read_moment(told["endsAt"]))
        if discount.ends is not None and discount.ends <= discount.starts:
            raise self._error(
                "Ends at needs to be after starts_at", "endsAt", code="END_DATE_BEFORE_START_DATE"
            )

    def _limits(self, told: Mapping[str, Any]) -> None:
        if "usageLimit" in told:
            if told["usageLimit"] is not None and told["usageLimit"] < 1:
                raise self._error("Usage limit must be greater than 0", "usageLimit", code="GREATER_THAN")
            self._discount.usage_limit = told["usageLimit"]
        if told.get("appliesOncePerCustomer") is not None:
            self._discount.once_per_customer = told["appliesOncePerCustomer"]

    def _people(self, told: Mapping[str, Any]) -> None:
        names = [each for each in ("context", "customerSelection") if told.get(each) is not None]
        if len(names) > 1:
            raise self._error(
                "Only one of context or customerSelection can be provided", "context", code="CONFLICT"
            )
        if not names:
            return
        [name] = names
        who = told[name]
        if name == "context":
            one_of(who, "DiscountContextInput")
        if "customerSegments" in who or "markets" in who:
            raise GraphQLError("The fake shop has no segments and no markets")
        if who.get("all"):
            self._discount.customers = None
            return
        asked = who.get("customers") or {}
        there = set(self._discount.customers or ())
        for each in asked.get("add") or ():
            number = number_of(each, "Customer")
            if number is None or number not in self._shop.customers:
                raise self._error(
                    f"Customer with id: {number or each} is invalid", name, "customers", "add", code="INVALID"
                )
            there.add(number)
        there -= {number_of(each, "Customer") or 0 for each in asked.get("remove") or ()}
        if not there:
            raise self._error("Customers can't be blank", name, "customers", code="BLANK")
        self._discount.customers = sorted(there)

    def _gets(self, told: Mapping[str, Any]) -> None:
        discount, value, items = self._discount, told.get("value") or {}, told.get("items") or {}
        if "discountOnQuantity" in value:
            raise GraphQLError("The fake shop has no discounts on quantities")
        if len(value) > 1:
            raise self._error(
                "Only one of percentage or discountAmount can be provided",
                *("customerGets", "value"),
                code="CONFLICT",
            )
        if value.get("percentage") is not None:
            share = Decimal(str(value["percentage"]))
            if not 0 < share <= 1:
                raise self._error(
                    "Value must be between 0.0 and 1.0",
                    *("customerGets", "value", "percentage"),
                    code="VALUE_OUTSIDE_RANGE",
                )
            discount.percentage, discount.amount = share, None
        if value.get("discountAmount"):
            self._amount(value["discountAmount"])
        for name, to in (
            ("appliesOnSubscription", "on_subscription"),
            ("appliesOnOneTimePurchase", "on_one_time"),
        ):
            if told.get(name) is not None:
                setattr(discount, to, told[name])
        if items:
            self._items(items)

    def _amount(self, told: Mapping[str, Any]) -> None:
        amount = Decimal(str(told.get("amount") or 0))
        if amount <= 0:
            raise self._error(
                "Amount must be greater than 0",
                *("customerGets", "value", "discountAmount", "amount"),
                code="GREATER_THAN",
            )
        discount = self._discount
        discount.amount, discount.percentage = amount, None
        discount.on_each_item = bool(told.get("appliesOnEachItem"))

    def _items(self, told: Mapping[str, Any]) -> None:
        discount = self._discount
        if "collections" in told:
            raise GraphQLError("The fake shop has no collections")
        if told.get("all"):
            if told.get("products"):
                raise self._error("Cannot specify all and products", "customerGets", "items", code="CONFLICT")
            discount.products, discount.variants = None, []
            return
        asked = told.get("products") or {}
        products, variants = set(discount.products or ()), set(discount.variants)
        known = {each.id for product in self._shop.products.values() for each in product.variants}
        for name, kind, there, of in (
            ("productsToAdd", "Product", products, self._shop.products.keys()),
            ("productVariantsToAdd", "ProductVariant", variants, known),
        ):
            for each in asked.get(name) or ():
                number = number_of(each, kind)
                if number is None or number not in of:
                    raise self._error(
                        f"{kind} with id: {number or each} is invalid",
                        *("customerGets", "items", "products", name),
                        code="INVALID",
                    )
                there.add(number)
        products -= {number_of(each, "Product") or 0 for each in asked.get("productsToRemove") or ()}
        variants -= {
            number_of(each, "ProductVariant") or 0 for each in asked.get("productVariantsToRemove") or ()
        }
        if not products and not variants:
            raise self._error("Items can't be blank", "customerGets", "items", code="BLANK")
        discount.products, discount.variants = sorted(products), sorted(variants)

    def _minimum(self, told: Mapping[str, Any]) -> None:
        if "minimumRequirement" not in told:
            return
        asked = told["minimumRequirement"] or {}
        value = (asked.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
        many = (asked.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
        if value is not None and many is not None:
            raise self._error(
                "Minimum subtotal and quantity cannot both be present",
                "minimumRequirement",
                code="MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT",
            )
        self._discount.minimum_subtotal = None if value is None else Decimal(str(value))
        self._discount.minimum_quantity = None if many is None else int(many)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
