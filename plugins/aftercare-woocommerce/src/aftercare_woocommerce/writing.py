"""Reviews that are written into a shop, each once.

A review has no meta data to mark it with. What makes it ours is who said what of which product: the shop
itself refuses a second one of the same words. So before anything is written it is looked for, also in the
trash and among the spam: what staff threw away is not written again.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import Receipt, WriteReview
from aftercare_sdk.model.people import fold_email
from aftercare_sdk.shops.asking import Answer
from aftercare_woocommerce.client import Refused, Writer, error_code, every, parsed
from aftercare_woocommerce.reviews import PATH, STATUSES
from aftercare_woocommerce.schemas import prose

_ID = re.compile(r"[1-9][0-9]{0,17}")
_NO_PRODUCT = "woocommerce_rest_product_invalid_id"
_DUPLICATE = "woocommerce_rest_comment_duplicate"
_TOO_FAST = "woocommerce_rest_comment_flood"


def written(client: Writer, command: WriteReview, *, shop: str) -> Receipt:
    """Write a review, or find it. Raises CommandRefused, `Refused` and whatever else `client` raises."""
    _check(command, shop)
    known = _found(client, command, shop=shop)
    if known is not None:
        return known
    made, code = _made(client, command)
    if made is None:
        return _there_already(client, command, code, shop)
    if made.status == 404:  # noqa: PLR2004
        if error_code(made) == _NO_PRODUCT:
            raise CommandRefused(f"shop {shop!r}: there is no product {command.product} to review any more")
        raise ConfigurationError(
            f"shop {shop!r}: WooCommerce lists reviews and takes none ({error_code(made) or 'no code'}); a "
            "plugin of the shop changes its REST API"
        )
    told = parsed(made, shop=shop, path=PATH)
    if not isinstance(told, dict):
        raise PlatformUnavailable(f"shop {shop!r}: no review was answered for {PATH}")
    return _receipt(told)


def _check(command: WriteReview, shop: str) -> None:
    if not _ID.fullmatch(command.product):
        raise CommandRefused(f"shop {shop!r}: products of WooCommerce have whole numbers as ids")
    if not command.text.strip():
        raise CommandRefused(f"shop {shop!r}: WooCommerce takes no review without a text")
    if not command.email:
        raise CommandRefused(f"shop {shop!r}: a review in WooCommerce needs the writer's e-mail address")


def _there_already(client: Writer, command: WriteReview, code: str, shop: str) -> Receipt:
    """Find what the shop says is there. Raises CommandRefused for a review that only looks like this one."""
    known = _found(client, command, shop=shop)
    if known is not None:
        return known
    if code == _TOO_FAST:
        raise PlatformUnavailable(f"shop {shop!r}: WooCommerce wants a pause between two reviews")
    raise CommandRefused(
        f"shop {shop!r}: WooCommerce takes the review for a duplicate of another one of product "
        f"{command.product}"
    )


def _made(client: Writer, command: WriteReview) -> tuple[Answer | None, str]:
    """Write the review; None, and the reason, where it may be there already or soon can be written.

    Not tried again within the call: a shop may have been taught to take duplicates. The next try looks first.
    """
    data: dict[str, Any] = {
        "product_id": int(command.product),
        # The text is plain, and WordPress reads HTML: what looks like a tag would vanish.
        "review": html.escape(command.text.strip(), quote=False),
        "reviewer": command.name,
        "reviewer_email": command.email,
        "rating": command.rating or 0,
        # Without a word from us it would be approved, whatever the shop has set.
        "status": "approved" if command.publish else "hold",
        # Older releases look at the orders of the address instead.
        **({"verified": True} if command.verified else {}),
    }
    try:
        return client.post(PATH, data), ""
    except Refused as refused:
        if refused.code not in {_DUPLICATE, _TOO_FAST}:
            raise
        return None, refused.code


def _found(client: Writer, command: WriteReview, *, shop: str) -> Receipt | None:
    """Return the review of this person with this text, wherever moderation has put it."""
    wanted = _essence(command.text)
    for status in STATUSES:
        asked = {"product": command.product, "reviewer_email": command.email, "status": status}
        for row in every(client, PATH, asked, shop=shop):
            same_person = fold_email(str(row.get("reviewer_email"))) == fold_email(command.email)
            of_it = str(row.get("product_id")) == command.product
            if same_person and of_it and _essence(prose(str(row.get("review", "")))) == wanted:
                return _receipt(row)
    return None


def _receipt(told: Mapping[str, Any]) -> Receipt:
    return Receipt(reference=str(told.get("id", "")))


def _essence(text: str) -> str:
    """Return what stays of a text on its way through WordPress, which moves spaces and backslashes."""
    return re.sub(r"[\s\\]", "", unicodedata.normalize("NFC", text))
