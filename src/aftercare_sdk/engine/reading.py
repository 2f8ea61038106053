"""Authoritative reads that are due: asked of the shop by a worker, answered into the journal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from aftercare_sdk.engine import readings
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import (
    ConfigurationError,
    PlatformUnavailable,
    TransientError,
)
from aftercare_sdk.model.shops import Ref
from aftercare_sdk.plugins import RETRY_DELAYS, retry_delay
from aftercare_sdk.redact import redact_error
from aftercare_sdk.store import connections, journal, reads
from aftercare_sdk.store.journal import Arrival, Kind
from aftercare_sdk.store.reads import Read

CLAIMED_AT_ONCE = 50
PATIENCE = timedelta(minutes=10)
"""After which a read that a worker took and never answered is taken by another."""
UNTIL_MENDED = timedelta(days=1)
"""How long to wait after an error that only a person can mend."""


def read_due(brand: Brand) -> int:
    """Make reads that are due; return how many."""
    now = brand.clock.now()
    with brand.database.read() as connection:
        # Mostly nothing is, and that is no reason to keep others from writing.
        if not reads.is_due(connection, now):
            return 0
    lease = str(uuid.uuid4())
    with brand.database.write() as connection:
        claimed = reads.claim(
            connection,
            held=connections.all_ended(connection).keys(),
            now=now,
            lease=lease,
            until=now + PATIENCE,
            limit=CLAIMED_AT_ONCE,
        )
    for shop, several in groupby(sorted(claimed, key=lambda one: one.shop), key=lambda one: one.shop):
        _ask(brand, shop, list(several))
    return len(claimed)


def _ask(brand: Brand, shop: str, wanted: Sequence[Read]) -> None:
    refs = tuple(Ref(one.kind, one.id) for one in wanted)
    asked_at = brand.clock.now()
    adapter = brand.adapter(shop)
    try:
        if adapter is None:
            message = f"shop {shop!r} is not configured"
            raise ConfigurationError(message)  # noqa: TRY301 - handled with what the adapter raises
        answer = readings.answer(asked_at, refs, adapter.read(refs), shop=shop)
        body = readings.encode(answer)
    except (ConfigurationError, TransientError) as error:
        _failed(brand, wanted, error)
        return
    except Exception as error:  # noqa: BLE001 - whatever an object or an adapter does, the others are read
        if len(wanted) == 1:
            _failed(brand, wanted, error)
        else:
            for one in wanted:
                _ask(brand, shop, [one])
        return
    with brand.database.write() as connection:
        journal.append(
            connection,
            [
                Arrival(
                    kind=Kind.READ,
                    shop=shop,
                    topic="read",
                    received_at=brand.clock.now(),
                    body=body,
                )
            ],
        )
    silent = [one for one in wanted if Ref(one.kind, one.id) not in answer.refs]
    if silent:
        _failed(brand, silent, PlatformUnavailable("the shop's answer says nothing of it"))


def _failed(brand: Brand, wanted: Sequence[Read], error: Exception) -> None:
    now = brand.clock.now()
    told = redact_error(error)
    log.warning("read failed", shop=wanted[0].shop, objects=len(wanted), problem=told)
    with brand.database.write() as connection:
        for one in wanted:
            delay = retry_delay(min(one.attempts + 1, len(RETRY_DELAYS)))
            if delay is None or isinstance(error, ConfigurationError):
                delay = UNTIL_MENDED
            reads.fail(connection, one, told, now + delay)
