"""The place where tokens are given out: `POST /admin/oauth/access_token`."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aftercare_shopify.fake.access import CREDENTIALS_LIFE, LIFE, REFRESH_LIFE
from aftercare_shopify.fake.refusals import Refusal

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

PATH = "/admin/oauth/access_token"


def give(shop: Records, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Give a token for client credentials or for a refresh token. Raises Refusal."""
    told = _read(headers, body)
    access = shop.access
    if told.get("client_id") != access.client_id or not hmac.compare_digest(
        told.get("client_secret", "").encode(), access.secret.encode()
    ):
        raise _refused("invalid_client", "Client authentication failed.", status=401)
    kind = told.get("grant_type", "")
    if kind == "client_credentials":
        if not access.installed or not access.same_organisation:
            raise _refused(
                "shop_not_permitted", "Client credentials cannot be performed on this shop.", status=400
            )
        return {
            "access_token": access.give(CREDENTIALS_LIFE),
            "scope": _scope(shop),
            "expires_in": int(CREDENTIALS_LIFE.total_seconds()) - 1,
        }
    if kind == "refresh_token":
        pair = access.refresh(told.get("refresh_token", ""))
        if pair is None:
            raise _refused("invalid_grant", "The refresh token is invalid or has expired.", status=400)
        return {
            "access_token": pair[0],
            "scope": _scope(shop),
            "expires_in": int(LIFE.total_seconds()),
            "refresh_token": pair[1],
            "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        }
    raise _refused("unsupported_grant_type", f"The fake shop knows no grant type {kind!r}.", status=400)


def _scope(shop: Records) -> str:
    return ",".join(sorted(shop.access.scopes))


def _read(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    try:
        text = body.decode()
        told = json.loads(text) if "json" in kind else dict(parse_qsl(text))
    except ValueError:
        told = {}
    return {name: str(value) for name, value in told.items()} if isinstance(told, dict) else {}


def _refused(error: str, described: str, *, status: int) -> Refusal:
    return Refusal(described, status=status, body={"error": error, "error_description": described})
