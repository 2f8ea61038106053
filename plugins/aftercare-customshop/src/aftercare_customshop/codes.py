"""What a message says of a discount code that the shop was told to make."""

from __future__ import annotations

from aftercare_customshop.options import Rules
from aftercare_customshop.schemas import Data
from aftercare_customshop.versions import UNDATED, dated
from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.shops import NeedsRead, Ref, Translation


def code(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return the picture of a code."""
    if data["updated_at"] is None:
        doubt = "the code does not say when it was last changed (updated_at)"
        return (NeedsRead(Ref("code", _key(data["code"])), doubt),)
    return (picture(data, rules),)


def picture(data: Data, rules: Rules) -> CodeSnapshot:
    """Return all that is said of a code, which is its own key. One that says nothing of it can be used."""
    drawn = CodeSnapshot(
        shop=rules.shop,
        id=_key(data["code"]),
        version=UNDATED,
        code=data["code"],
        active=data["active"] is not False,
        ends_at=data["expires_at"],
    )
    return dated(drawn, data["updated_at"])


def deleted_code(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return a code that the shop has deleted."""
    if data["deleted_at"] is None:
        doubt = "the notice does not say when the code was deleted (deleted_at)"
        return (NeedsRead(Ref("code", _key(data["id"])), doubt),)
    gone = CodeSnapshot(shop=rules.shop, id=_key(data["id"]), version=UNDATED, code=data["id"], active=False)
    return (dated(gone, data["deleted_at"]),)


def _key(code: str) -> str:
    # Shops write codes in capitals or in small letters, as they like.
    return code.upper()
