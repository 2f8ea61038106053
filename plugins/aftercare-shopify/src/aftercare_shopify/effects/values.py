"""Values of customers, such as their tier: kept in a metafield of the app, and shown as tags if wanted.

Tags are the merchant's: every app and every clerk may change them. So they are a copy, and never read back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_sdk.model.commands import Receipt, TagCustomer
from aftercare_shopify.effects.asking import whole
from aftercare_shopify.effects.gids import gid
from aftercare_shopify.effects.metafields import PREFIX, STALE, drop, put

if TYPE_CHECKING:
    from aftercare_shopify.client import ShopifyClient
    from aftercare_shopify.results import UserError

LOOKS = 4
"""How often a value is looked at that Shopify calls changed, and that is what it was."""

_NAME = re.compile(r"[a-z0-9_-]{1,54}", re.ASCII)
_LONGEST_TAG = 255


def tag(client: ShopifyClient, shop: str, command: TagCustomer, *, mirrored: bool) -> Receipt:
    """Set or take away a value of a customer."""
    owner = gid("Customer", command.customer)
    if owner is None:
        raise CommandRefused(f"shop {shop!r}: customers of Shopify have whole numbers as ids")
    if not _NAME.fullmatch(command.name):
        raise CommandRefused(
            f"shop {shop!r}: {command.name!r} cannot be the name of a value: use at most 54 small letters, "
            "digits, _ and -"
        )
    _check_value(shop, command.value)
    if mirrored and command.value is not None:
        _check_tag(shop, _tag(command.name, command.value))
    told = _kept(client, shop, owner, command, mirrored=mirrored)
    if mirrored:
        _show(client, shop, owner, command, [str(each) for each in told.get("tags") or ()])
    return Receipt(reference=command.customer)


def _kept(
    client: ShopifyClient, shop: str, owner: str, command: TagCustomer, *, mirrored: bool
) -> dict[str, Any]:
    """Write the value down; return the customer as it was read.

    What somebody else writes meanwhile is not overwritten: this command may be the older of the two. It is
    tried again later, if it still is the latest word then.
    """
    key = PREFIX + command.name
    before = None
    for look in range(LOOKS):
        asked = {"id": owner, "key": key, "tags": mirrored}
        told = whole(client, shop, "customer_value", asked).get("customer")
        if not isinstance(told, dict):
            raise CommandRefused(f"shop {shop!r}: there is no customer {command.customer} any more")
        found = told.get("metafield")
        found = found if isinstance(found, dict) else {}
        value = found.get("value")
        if value == command.value:
            return told
        if look and value != before:
            break
        before = value
        if command.value is None:
            if not look:
                # Shopify takes away without comparing. Looked at once more, there is next to no time between.
                continue
            against = drop(client, owner, key)
        else:
            against = put(client, shop, owner, key, command.value, digest=found.get("compareDigest"))
        if not against:
            return told
        if not any(error.code in STALE for error in against):
            raise _refused(shop, f"{key!r} with customer {command.customer}", against)
    raise PlatformUnavailable(
        f"shop {shop!r}: {key!r} of customer {command.customer} is changed by somebody else at this moment"
    )


def _show(client: ShopifyClient, shop: str, owner: str, command: TagCustomer, present: Sequence[str]) -> None:
    """Make the customer's tags say the same; Shopify takes two tags that differ in capitals for one."""
    wanted = [] if command.value is None else [_tag(command.name, command.value)]
    folded = {each.casefold() for each in wanted}
    beginning = _tag(command.name, "").casefold()
    old = [
        each for each in present if each.casefold().startswith(beginning) and each.casefold() not in folded
    ]
    missing = [each for each in wanted if each.casefold() not in {one.casefold() for one in present}]
    for name, tags in (("remove_tags", old), ("add_tags", missing)):
        if tags:
            against = client.change(name, {"id": owner, "tags": tags}, repeatable=True).user_errors
            if against:
                raise _refused(shop, f"the tags of customer {command.customer}", against)


def _tag(name: str, value: str) -> str:
    return f"aftercare:{name}:{value}"


def _check_value(shop: str, value: str | None) -> None:
    if value is not None and (not value.strip() or not value.isprintable()):
        raise CommandRefused(f"shop {shop!r}: a value of a customer is one line of text, and not empty")


def _check_tag(shop: str, tag: str) -> None:
    if "," in tag or len(tag) > _LONGEST_TAG:
        raise CommandRefused(
            f"shop {shop!r}: a tag of Shopify has at most {_LONGEST_TAG} characters and no comma; choose "
            "another value, or set customer_tags = false"
        )


def _refused(shop: str, what: str, against: Sequence[UserError]) -> CommandRefused:
    told = ", ".join(map(str, against))
    return CommandRefused(f"shop {shop!r}: Shopify does not take {what} ({told})")
