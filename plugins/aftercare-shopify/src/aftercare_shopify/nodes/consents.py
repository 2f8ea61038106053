"""What a customer said about marketing by e-mail, in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.consents import ConsentSnapshot
from aftercare_shopify import consents
from aftercare_shopify.consents import EMAIL
from aftercare_shopify.nodes.people import is_redacted

__all__ = ["EMAIL", "email_consent", "is_shown"]


def is_shown(node: Mapping[str, Any]) -> bool:
    """Tell whether an app sees the consent in an account, out of which is left what it may not see."""
    if "defaultEmailAddress" not in node:
        return False
    mailbox = node["defaultEmailAddress"]
    return mailbox is None or "marketingState" in mailbox


def email_consent(customer: Mapping[str, Any], *, shop: str) -> ConsentSnapshot | None:
    """Return the consent of an account; None: it has no address to write to, and none was removed."""
    mailbox = customer["email"]
    if not mailbox:
        if not is_redacted(customer):
            return None
        removed = customer["consent"]
        return consents.consent_snapshot(
            shop=shop, customer=customer["id"], state=removed["state"], level="", since=removed["since"]
        )
    return consents.consent_snapshot(
        shop=shop,
        customer=customer["id"],
        state=mailbox["state"],
        level=mailbox["level"],
        since=mailbox["since"],
    )
