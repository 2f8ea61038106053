"""What the body of a consent says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.consents import ConsentSnapshot
from aftercare_shopify.consents import consent_snapshot


def email_consent(told: Mapping[str, Any], *, shop: str) -> ConsentSnapshot:
    """Return what a customer said about marketing by e-mail."""
    consent = told["email_marketing_consent"]
    return consent_snapshot(
        shop=shop,
        customer=str(told["customer_id"]),
        state=consent["state"],
        level=consent["opt_in_level"],
        since=consent["consent_updated_at"],
    )
