"""What platforms ask to be erased is erased by the same function as what a person asks (LAW-15, LAW-20)."""

from __future__ import annotations

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.erasing import Erasure, erase
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.notices import asked_by
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.people import Identity, IdentityKind, fold_email
from aftercare_sdk.model.privacy import PrivacyKind, PrivacyRequest
from aftercare_sdk.model.shops import Webhook
from aftercare_sdk.store import journal, objects, people, privacy
from aftercare_sdk.store.privacy import Asked

PLATFORM = "platform"
"""Who erases, if no person does."""


def erase_requested(brand: Brand) -> int:
    """Erase whom platforms have asked to erase; return how many requests that were.

    A request that names nobody by an account or an address is left to a person, and so is a whole shop.
    """
    if not brand.settings.privacy.automatic:
        return 0
    with brand.database.read() as connection:
        waiting = [one for one in privacy.still_open(connection) if one.kind is PrivacyKind.ERASE]
    done = 0
    for asked in waiting:
        found = concerned(brand, asked)
        if found:
            erase(brand, found, reason="the platform asked for it", actor=PLATFORM, request=asked)
            log.info("erased", shop=asked.shop, request=asked.key[:12])
            done += 1
    return done


def carry_out(brand: Brand, asked: Asked, *, reason: str, actor: str) -> Erasure:
    """Erase whom a request means, for a person. Raises ConfigurationError for one that means nobody."""
    if asked.kind is not PrivacyKind.ERASE:
        raise ConfigurationError(
            f"request {asked.key[:12]} asks for {asked.kind.value}, and not for a person to be erased: "
            "do it, and note it with `aftercare privacy settle`"
        )
    found = concerned(brand, asked)
    if not found:
        raise ConfigurationError(
            f"request {asked.key[:12]} names nobody who can be found; see `aftercare journal show "
            f"{asked.journal}`, and note what was done with `aftercare privacy settle`"
        )
    return erase(brand, found, reason=reason, actor=actor, request=asked)


def concerned(brand: Brand, asked: Asked) -> set[int]:
    """Return the identities that a request means: its account, its address, and who placed its orders.

    Who is not known yet becomes so: what a shop tells late of them must be known for what it is.
    """
    named = _named(brand, asked)
    with brand.database.write() as connection:
        return _owners(connection, asked) | set(people.ids(connection, named, brand.clock.now()).values())


def known(brand: Brand, asked: Asked) -> set[int]:
    """Return the same of those who are known."""
    named = _named(brand, asked)
    with brand.database.read() as connection:
        return _owners(connection, asked) | set(people.known(connection, named).values())


def _owners(connection: Connection, asked: Asked) -> set[int]:
    orders = objects.get_many(connection, [(asked.shop, "order", one) for one in asked.orders])
    return {one.identity for one in orders.values() if one.identity is not None}


def _named(brand: Brand, asked: Asked) -> list[Identity]:
    named: list[Identity] = []
    if asked.customer:
        named.append(Identity(kind=IdentityKind.ACCOUNT, shop=asked.shop, value=asked.customer))
    if address := fold_email(_address(brand, asked)):
        named.append(Identity(kind=IdentityKind.EMAIL, value=address))
    return named


def _address(brand: Brand, asked: Asked) -> str:
    """Return the address that a request names: it stands in its journal row only."""
    with brand.database.read() as connection:
        row = journal.find(connection, asked.journal)
    adapter = brand.adapter(asked.shop)
    if adapter is None or row is None or row.body is None:
        return ""
    webhook = Webhook(topic=row.topic, body=row.body, delivery=row.delivery, hints=row.hints)
    requests = [one for one in adapter.translate(webhook) if isinstance(one, PrivacyRequest)]
    return next((one.email for one in requests if asked_by(row, one).key == asked.key), "")
