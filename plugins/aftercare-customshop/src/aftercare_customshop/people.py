"""What a message says of a person, as an account or with an order."""

from __future__ import annotations

from aftercare_customshop.options import Rules
from aftercare_customshop.schemas import Data
from aftercare_customshop.versions import UNDATED, dated
from aftercare_sdk.model.people import Contact, CustomerSnapshot
from aftercare_sdk.model.shops import NeedsRead, Ref, Translation


def contact(told: Data | None) -> Contact | None:
    """Return a person, or None if nothing is told of one."""
    if told is None:
        return None
    return Contact(**{name: value or "" for name, value in told.items()})


def texts(told: list[str] | None) -> tuple[str, ...] | None:
    """Return a list of texts; None stays "not told"."""
    return None if told is None else tuple(told)


def customer(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return the picture of an account."""
    if data["updated_at"] is None:
        doubt = "the account does not say when it was last changed (updated_at)"
        return (NeedsRead(Ref("customer", data["id"]), doubt),)
    return (picture(data, rules),)


def picture(data: Data, rules: Rules) -> CustomerSnapshot:
    """Return all that is said of an account."""
    drawn = CustomerSnapshot(
        shop=rules.shop,
        id=data["id"],
        version=UNDATED,
        contact=None if data["erased"] else contact(data["contact"]),
        locale=data["locale"] or None,
        zone=data["zone"] or None,
        birthday=None if data["erased"] else data["birthday"],
        tags=texts(data["tags"]),
        attributes={} if data["erased"] else data["attributes"],
        deleted=False,
        erased=bool(data["erased"]),
    )
    return dated(drawn, data["updated_at"])


def deleted_customer(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return an account that the shop has deleted."""
    if data["deleted_at"] is None:
        doubt = "the notice does not say when the account was deleted (deleted_at)"
        return (NeedsRead(Ref("customer", data["id"]), doubt),)
    gone = CustomerSnapshot(shop=rules.shop, id=data["id"], version=UNDATED, deleted=True)
    return (dated(gone, data["deleted_at"]),)
