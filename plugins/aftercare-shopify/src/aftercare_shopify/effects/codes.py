"""Discount codes that one customer can use once.

A code is made beforehand from the reward, so whoever tries again finds it taken, and looks whether it is the
one that was wanted. A discount has no place for such a mark when it is made, but a title: it names the reward
until the mark stands in a metafield, which no clerk can change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import IssueCode, Receipt, RevokeCode
from aftercare_sdk.model.money import Money
from aftercare_shopify.codes import TITLE
from aftercare_shopify.effects.asking import whole
from aftercare_shopify.effects.gids import gid
from aftercare_shopify.effects.metafields import PREFIX, STALE, put

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient
    from aftercare_shopify.results import UserError

MARK = f"{PREFIX}key"
"""The metafield by which a discount of ours is known; its value is the command's key."""

_BASIC, _SHIPPING = "DiscountCodeBasic", "DiscountCodeFreeShipping"
_CUSTOMERS = "DiscountCustomers"
_LONGEST_REASON = 200
_MOST_PRODUCTS = 250
_GONE = frozenset({"NOT_FOUND", "RESOURCE_NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class _Person:
    """The customer whom a code is for, since when there is one, and what the shop counts in.

    `id` None: nobody has the e-mail address, or nobody has it any more.
    """

    id: str | None
    since: str
    currency: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A discount that has a code. `mark` is the key that stands in its metafield."""

    id: str
    told: Mapping[str, Any]
    mark: str | None

    @property
    def reward(self) -> str | None:
        """What the title says of the reward; None: it was not made by aftercare, or a clerk renamed it."""
        found = TITLE.search(str(self.told.get("title") or ""))
        return found[1] if found else None

    def is_for(self, key: str) -> bool:
        """Tell whether it was made for that command."""
        return self.mark == key if self.mark is not None else self.reward == _short(key)


# ---- making one


def issue(client: ShopifyClient, shop: str, command: IssueCode) -> Receipt:
    """Make a code, or find the one that an earlier try has made."""
    products = _products(shop, command)
    person = _person(client, shop, command)
    for money in (command.discount.amount, command.minimum):
        if money is not None and money.currency != person.currency:
            raise CommandRefused(
                f"shop {shop!r}: a code of {money.currency} cannot be made, because the shop counts in "
                f"{person.currency or 'another currency'}"
            )
    if person.id is None:
        return _of_nobody(client, shop, command, person)
    name = "create_shipping_code" if command.discount.free_shipping else "create_discount_code"
    result = client.change(name, {"discount": _wanted(command, person, products)}, repeatable=True)
    if any(error.code == "TAKEN" for error in result.user_errors):
        return _taken(client, shop, command, person)
    _check(shop, "the code of this reward", result.user_errors)
    payload = next(iter(result.data.values()), None)
    node = payload.get("codeDiscountNode") if isinstance(payload, dict) else None
    if not isinstance(node, dict):
        # It may be there all the same: the next try finds it taken.
        raise PlatformUnavailable(f"shop {shop!r}: Shopify made no code, and says nothing of why")
    _mark(client, shop, str(node["id"]), command.key)
    return Receipt(reference=str(node["id"]))


def _person(client: ShopifyClient, shop: str, command: IssueCode) -> _Person:
    email = command.email.strip()
    if not email:
        raise CommandRefused(f"shop {shop!r}: a code for one person needs an e-mail address")
    data = whole(client, shop, "customer_by_email", {"email": email})
    found, told = data.get("customerByIdentifier"), data.get("shop")
    currency = str((told.get("currencyCode") if isinstance(told, dict) else None) or "")
    if not isinstance(found, dict):
        return _Person(None, "", currency)
    return _Person(str(found["id"]), str(found["createdAt"]), currency)


def _products(shop: str, command: IssueCode) -> tuple[str, ...]:
    found = tuple(each for each in (gid("Product", one) for one in command.products) if each is not None)
    if len(found) != len(command.products):
        raise CommandRefused(f"shop {shop!r}: products of Shopify have whole numbers as ids")
    if len(found) > _MOST_PRODUCTS:
        raise CommandRefused(
            f"shop {shop!r}: a code is good for {_MOST_PRODUCTS} products at most, or for all"
        )
    if found and command.discount.free_shipping:
        raise CommandRefused(f"shop {shop!r}: Shopify cannot limit free shipping to some products")
    return tuple(dict.fromkeys(found))


def _wanted(command: IssueCode, person: _Person, products: tuple[str, ...]) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "title": _title(command),
        "code": command.code,
        # By the shop's own clock, and the same at every try: a moment of ours could lie in its future.
        "startsAt": person.since,
        "endsAt": None if command.expires_at is None else _moment(command.expires_at),
        "context": {"customers": {"add": [person.id]}},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
    }
    if command.minimum is not None:
        wanted["minimumRequirement"] = {
            "subtotal": {"greaterThanOrEqualToSubtotal": str(command.minimum.amount)}
        }
    if command.discount.free_shipping:
        return {**wanted, "destination": {"all": True}}
    value: dict[str, Any]
    if command.discount.percent is not None:
        # Shopify's own type for it is a float, from 0 to 1.
        value = {"percentage": float(command.discount.percent / 100)}
    else:
        # Once, off all that it is good for: not off each piece.
        amount = command.discount.amount
        value = {"discountAmount": {"amount": str(amount and amount.amount), "appliesOnEachItem": False}}
    items = {"products": {"productsToAdd": list(products)}} if products else {"all": True}
    return {**wanted, "customerGets": {"value": value, "items": items}}


# ---- one that is there


def _of_nobody(client: ShopifyClient, shop: str, command: IssueCode, person: _Person) -> Receipt:
    """Find the code that was made before the customer changed the address; another cannot be made."""
    found = _look_up(client, shop, command.code)
    if found is None or not found.is_for(command.key):
        raise CommandRefused(f"shop {shop!r}: no customer has the e-mail address of this reward any more")
    return _settled(client, shop, command, person, found)


def _taken(client: ShopifyClient, shop: str, command: IssueCode, person: _Person) -> Receipt:
    """Say whether the discount that has the code is the one that was wanted."""
    found = _look_up(client, shop, command.code)
    if found is None:
        # It is taken, and then it is not there: somebody works on it, or it was made a moment ago.
        raise PlatformUnavailable(f"shop {shop!r}: a discount code is taken, but no discount is told")
    if not found.is_for(command.key):
        raise CommandRefused(
            f"shop {shop!r}: another discount has the code of this reward, {found.id}, which was not made "
            "for it; rename or delete it in the shop"
        )
    return _settled(client, shop, command, person, found)


def _settled(client: ShopifyClient, shop: str, command: IssueCode, person: _Person, found: _Found) -> Receipt:
    """Make sure that a discount of this reward is as it was wanted."""
    other = _differences(command, person, found.told)
    if other == ["end"] and _ended_early(command, found.told):
        raise CommandRefused(f"shop {shop!r}: the discount of this reward has been ended in the shop")
    if other == ["customer"] and person.id is not None and _is_for_one(found.told):
        # The address is now another customer's: it was corrected, or the first is gone or merged.
        _readdress(client, shop, command, person.id, found)
    elif other:
        raise CommandRefused(
            f"shop {shop!r}: the discount of this reward, {found.id}, is not as it was made "
            f"({', '.join(other)} differ); somebody changed it in the shop"
        )
    if found.mark is None:
        _mark(client, shop, found.id, command.key)
    return Receipt(reference=found.id)


def _readdress(client: ShopifyClient, shop: str, command: IssueCode, person: str, found: _Found) -> None:
    """Make a discount of ours that of the customer who has the address now."""
    if _used(found.told):
        raise CommandRefused(
            f"shop {shop!r}: the discount of this reward, {found.id}, has been used by another customer than "
            "the one who has its e-mail address now"
        )
    name = "update_shipping_code" if command.discount.free_shipping else "update_discount_code"
    customers = {"add": [person], "remove": _customers(found.told)}
    asked = {"id": found.id, "discount": {"context": {"customers": customers}}}
    _check(shop, "the customer of a code", client.change(name, asked, repeatable=True).user_errors)


def _look_up(client: ShopifyClient, shop: str, code: str) -> _Found | None:
    node = whole(client, shop, "discount_code", {"code": code}).get("codeDiscountNodeByCode")
    if not isinstance(node, dict):
        return None
    told, metafield = node.get("codeDiscount"), node.get("metafield")
    mark = metafield.get("value") if isinstance(metafield, dict) else None
    return _Found(
        str(node.get("id") or ""),
        told if isinstance(told, dict) else {},
        mark if isinstance(mark, str) else None,
    )


def _mark(client: ShopifyClient, shop: str, discount: str, key: str) -> None:
    against = put(client, shop, discount, MARK, key, digest=None)
    # Another try was quicker, and wrote the same.
    other = [error for error in against if error.code not in STALE]
    if other:
        raise ConfigurationError(
            f"shop {shop!r}: the app cannot keep a metafield with a discount of its own "
            f"({', '.join(map(str, other))}); give it the scope write_discounts"
        )


def _differences(command: IssueCode, person: _Person, told: Mapping[str, Any]) -> list[str]:
    """Name what a discount is not as it was wanted; who used it is looked at elsewhere."""
    customers = _customers(told)
    same = {
        "kind": told.get("__typename") == (_SHIPPING if command.discount.free_shipping else _BASIC),
        "customer": len(customers) == 1 if person.id is None else customers == [person.id],
        "usage limit": told.get("usageLimit") == 1,
        "once per customer": told.get("appliesOncePerCustomer") is True,
        "minimum": _same_minimum(command.minimum, told.get("minimumRequirement")),
        # By the shop's own clock; a start that was moved and has come is none the worse.
        "start": told.get("status") != "SCHEDULED",
        "end": _utc(told.get("endsAt"))
        == (None if command.expires_at is None else command.expires_at.replace(microsecond=0)),
    }
    if command.discount.free_shipping:
        destination = told.get("destinationSelection")
        same["destination"] = (
            isinstance(destination, dict) and destination.get("__typename") == "DiscountCountryAll"
        )
        same["highest price"] = told.get("maximumShippingPrice") is None
    else:
        gets = told.get("customerGets")
        gets = gets if isinstance(gets, dict) else {}
        same["value"] = _same_value(command, gets.get("value"))
        same["products"] = _same_products(command, gets.get("items"))
    return [name for name, is_same in same.items() if not is_same]


def _ended_early(command: IssueCode, told: Mapping[str, Any]) -> bool:
    ends = _utc(told.get("endsAt"))
    return ends is not None and (command.expires_at is None or ends < command.expires_at)


def _customers(told: Mapping[str, Any]) -> list[str]:
    context = told.get("context")
    customers = context.get("customers") if isinstance(context, dict) else None
    return [str(one.get("id")) for one in customers or () if isinstance(one, dict)]


def _is_for_one(told: Mapping[str, Any]) -> bool:
    """Tell whether it is for one customer, who may be gone since; staff has opened it to nobody else."""
    context = told.get("context")
    named = context.get("__typename") if isinstance(context, dict) else None
    return named == _CUSTOMERS and len(_customers(told)) <= 1


def _same_minimum(wanted: Money | None, told: Any) -> bool:
    if not isinstance(told, dict):
        return wanted is None
    return wanted is not None and _same_money(wanted, told.get("greaterThanOrEqualToSubtotal"))


def _same_value(command: IssueCode, told: Any) -> bool:
    if not isinstance(told, dict):
        return False
    discount = command.discount
    if discount.percent is not None:
        share = _number(told.get("percentage"))
        return share is not None and abs(share * 100 - discount.percent) < Decimal("0.0001")
    if discount.amount is None:
        return False
    return told.get("appliesOnEachItem") is False and _same_money(discount.amount, told.get("amount"))


def _same_products(command: IssueCode, told: Any) -> bool:
    if not isinstance(told, dict):
        return False
    if not command.products:
        return told.get("__typename") == "AllDiscountItems"
    products, variants = _nodes(told.get("products")), _nodes(told.get("productVariants"))
    return not variants and set(products) == {gid("Product", one) for one in command.products}


def _nodes(told: Any) -> list[str]:
    nodes = told.get("nodes") if isinstance(told, dict) else None
    return [str(one.get("id")) for one in nodes or () if isinstance(one, dict)]


def _same_money(wanted: Money, told: Any) -> bool:
    if not isinstance(told, dict):
        return False
    return told.get("currencyCode") == wanted.currency and _number(told.get("amount")) == wanted.amount


# ---- taking one back


def revoke(client: ShopifyClient, shop: str, command: RevokeCode) -> Receipt:
    """Make a code unusable. It stays in the shop, ended, so that nobody gets it again."""
    found = _look_up(client, shop, command.code)
    if found is None:
        return Receipt()
    if found.mark is None and found.reward is None:
        raise CommandRefused(
            f"shop {shop!r}: discount {found.id} was not made by aftercare and stays as it is"
        )
    if found.told.get("status") != "EXPIRED" and not _used(found.told):
        against = client.change("deactivate_code", {"id": found.id}, repeatable=True).user_errors
        _check(shop, "the end of a code", [error for error in against if error.code not in _GONE])
    return Receipt(reference=found.id)


def _used(told: Mapping[str, Any]) -> bool:
    limit, count = told.get("usageLimit"), told.get("asyncUsageCount")
    return isinstance(limit, int) and isinstance(count, int) and 0 < limit <= count


# ---- words and numbers


def _check(shop: str, what: str, against: tuple[UserError, ...] | list[UserError]) -> None:
    if any(error.code == "INTERNAL_ERROR" for error in against):
        raise PlatformUnavailable(f"shop {shop!r}: Shopify failed with {what}")
    if against:
        told = ", ".join(map(str, against))
        raise CommandRefused(f"shop {shop!r}: Shopify does not take {what} ({told})")


def _title(command: IssueCode) -> str:
    """Return what staff sees in the list of discounts: why it was made, and for which reward."""
    reason = " ".join(command.reason.split())[:_LONGEST_REASON]
    return f"{reason} [aftercare {_short(command.key)}]".lstrip()


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _utc(told: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None


def _number(told: Any) -> Decimal | None:
    try:
        return Decimal(str(told))
    except InvalidOperation:
        return None
