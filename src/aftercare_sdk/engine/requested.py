"""What platforms ask to be erased is erased by the same function as what a person asks (LAW-15, LAW-20)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.erasing import ROWS_AT_ONCE, Erasure, erase, together
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.notices import asked_by
from aftercare_sdk.engine.removing import WAIT, remove
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.people import Identity, IdentityKind, fold_email
from aftercare_sdk.model.privacy import PrivacyKind, PrivacyRequest
from aftercare_sdk.model.shops import Webhook
from aftercare_sdk.store import connections, control, erasing, journal, objects, people, privacy
from aftercare_sdk.store.privacy import Asked

PLATFORM = "platform"
"""Who erases, if no person does."""
CUSTOMERS_AT_ONCE = 20
"""How many customers of a shop are erased in one turn: other work waits for it."""
REMOVED_AT_ONCE = 100
"""How many objects from which a shop has removed somebody are done in one turn."""


def erase_requested(brand: Brand) -> int:
    """Erase whom platforms have asked to erase; return how many requests and customers were worked on.

    A request that names nobody by an account or an address is left to a person. A whole shop is erased some
    customers at a time, once it has ended the connection.
    """
    if not brand.settings.privacy.automatic:
        return 0
    with brand.database.read() as connection:
        waiting = privacy.to_carry_out(connection, brand.clock.now() - WAIT)
        ended = connections.all_ended(connection)
    removed = [asked for asked in waiting if asked.kind is PrivacyKind.REMOVED][:REMOVED_AT_ONCE]
    done = len(removed)
    if removed:
        gone = remove(brand, removed, reason="the shop has removed them", actor=PLATFORM)
        log.info("removed", objects=len(removed), customers=gone.customers)
    for asked in waiting:
        if asked.kind is PrivacyKind.ERASE_SHOP and asked.shop in ended:
            why = "the platform asked for it"
            done += _erase_some(brand, asked, reason=why, actor=PLATFORM, prove=False).customers
        if asked.kind is not PrivacyKind.ERASE:
            continue
        found = concerned(brand, asked)
        if found:
            why = "the platform asked for it"
            erase(brand, found, reason=why, actor=PLATFORM, request=asked, prove=False)
            log.info("erased", shop=asked.shop, request=asked.key[:12])
            done += 1
    return done


def carry_out(brand: Brand, asked: Asked, *, reason: str, actor: str) -> Erasure:
    """Erase whom a request means, for a person. Raises ConfigurationError for one that means nobody."""
    if asked.kind is PrivacyKind.ERASE_SHOP:
        return _erase_shop(brand, asked, reason=reason, actor=actor)
    if asked.kind is PrivacyKind.REMOVED:
        return remove(brand, [asked], reason=reason, actor=actor, anyway=True)
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


def _erase_shop(brand: Brand, asked: Asked, *, reason: str, actor: str) -> Erasure:
    """Erase all whom only this shop knows. Raises ConfigurationError while it is connected."""
    with brand.database.read() as connection:
        if asked.shop not in connections.all_ended(connection):
            raise ConfigurationError(
                f"shop {asked.shop!r} is connected: its customers are erased when it has ended the connection"
            )
    done = _erase_some(brand, asked, reason=reason, actor=actor, prove=True)
    while (more := _erase_some(brand, asked, reason=reason, actor=actor, prove=True)).customers:
        done = together(done, more)
    return done


def _erase_some(brand: Brand, asked: Asked, *, reason: str, actor: str, prove: bool) -> Erasure:
    """Erase some customers of a shop; settle the request once none is left whom no other shop knows.

    Whom another shop of the brand knows as well goes on being its customer.
    """
    now = brand.clock.now()
    bodies = _drop_bodies(brand, asked)
    done = Erasure(at=now, erased={"journal": bodies} if bodies else {}, request=asked)
    with brand.database.read() as connection:
        found = erasing.only_of_shop(connection, asked.shop, CUSTOMERS_AT_ONCE)
    for identity in found:
        done = together(done, erase(brand, [identity], reason=reason, actor=actor, prove=prove))
    if not found:
        with brand.database.write() as connection:
            others = erasing.shared_with_others(connection, asked.shop)
            note = f"erased; {others} are customers of other shops too and stay" if others else "erased"
            privacy.settle(connection, asked.key, note, now)
        log.info("shop erased", shop=asked.shop, request=asked.key[:12], stay=others)
    return done


def _drop_bodies(brand: Brand, asked: Asked) -> int:
    """Drop all that a shop has told, once: nobody has to look through it for each of its customers."""
    name = f"bodies of a shop dropped for {asked.key[:12]}"
    total, dropped = 0, ROWS_AT_ONCE
    while dropped == ROWS_AT_ONCE:
        with brand.database.write() as connection:
            if control.setting(connection, name):
                return 0
            dropped = journal.drop_bodies_of_shop(connection, asked.shop, ROWS_AT_ONCE)
            total += dropped
            if dropped < ROWS_AT_ONCE:
                control.put_setting(connection, name, "yes")
    return total


def next_due(brand: Brand, connection: Connection, after: datetime) -> datetime | None:
    """Return when something that a shop has removed itself is removed here, after a moment."""
    if not brand.settings.privacy.automatic:
        return None
    first = privacy.first_open(connection, PrivacyKind.REMOVED, after - WAIT)
    return first + WAIT if first else None


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
