"""A person who does not exist, to find where an adapter shows personal data."""

from __future__ import annotations

import traceback
from collections.abc import Iterable

from aftercare_sdk.model.people import Contact

CONTACT = Contact(
    email="kanaria.hana@private.example",
    phone="+81-3-5550-4711",
    family_name="金糸雀谷",
    given_name="ハナミズキ",
    full_name="金糸雀谷 ハナミズキ",
    postal_code="999-8877",
    region="東京都",
    city="千代田区",
    street="鳥籠通り 77-12",
    country="JP",
)
REVIEW = "香りが強すぎて、妻の病室には持って行けませんでした。"
"""What that person says of a product."""
PRIVATE: tuple[str, ...] = (
    CONTACT.email,
    "kanaria.hana",
    CONTACT.phone,
    CONTACT.family_name,
    CONTACT.given_name,
    CONTACT.street,
    REVIEW,
)
"""What must be seen nowhere."""


def shown(error: BaseException) -> str:
    """Return an error with its causes, as a log or a terminal shows it, and its arguments."""
    return "".join(traceback.format_exception(error)) + repr(error)


def found(text: str, private: Iterable[str]) -> str:
    """Return which of several private texts is shown, escaped or not; empty: none."""
    for each in private:
        escaped = each.encode("unicode_escape").decode()
        if each in text or escaped in text:
            return each
    return ""
