"""Listings of shops, page by page into the journal: what polling and backfill are.

They find what webhooks lost. A page and the place where the next one begins are committed together, so a
listing that was cut off goes on where it was.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection

from aftercare_sdk.engine import readings
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import Bug, ConfigurationError, StorageUnavailable
from aftercare_sdk.model.sync import Cursor, Page, Stream
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.plugins import RETRY_DELAYS, retry_delay
from aftercare_sdk.redact import redact_error
from aftercare_sdk.store import connections, journal, streams
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.streams import Stand

OVERLAP = timedelta(hours=1)
"""How far a listing reaches back behind the beginning of the last one: clocks differ, and pages shift."""
PATIENCE = timedelta(minutes=10)
"""After which a listing that a worker took and never went on with is taken by another."""
PAGES_AT_ONCE = 10
MOST_TOLD = 20
"""Sentences of an adapter about its connection, at a time."""
OBJECTS_PER_ROW = 50
PAGES_AT_A_STRETCH = 1_000
"""After so many pages of one listing it rests: what is to end, as `work --once`, ends with any adapter."""
REST = timedelta(minutes=1)
MOST_WAITING = 20
"""Rows. So long nobody has processed them, no further page is asked for: the decider sets the pace."""
_A_LITTLE = timedelta(seconds=2)
UNTIL_MENDED = timedelta(hours=1)
"""How long to wait after an error that only a person can mend."""


class Syncer:
    """Makes the listings that are due, for one thread at a time."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._known = False
        self._at_a_stretch: Counter[tuple[str, str]] = Counter()

    @property
    def streams(self) -> Mapping[tuple[str, str], Stream]:
        """What can be listed, by shop and name."""
        return {
            (name, stream.name): stream
            for name, shop in self._brand.shops.items()
            if self._brand.settings.shops[name].sync
            for stream in shop.adapter.streams
        }

    def run(self, shop: str | None = None) -> int:
        """List the next pages of the stream (of `shop`) that has been due longest; return how many pages."""
        known = self.streams
        if not known:
            return 0
        brand = self._brand
        now = brand.clock.now()
        if not self._known:
            with brand.database.write() as connection:
                streams.ensure(connection, known.keys(), now)
            self._known = True
        while (stand := self._claim(known, now, shop)) is not None:
            stream = known.get((stand.shop, stand.name))
            if stream is not None:
                return self._list(stream, stand)
            self._put_off(stand, UNTIL_MENDED, "")  # of a shop or an adapter that is no longer there
        return 0

    def _claim(
        self, known: Mapping[tuple[str, str], Stream], now: datetime, shop: str | None
    ) -> Stand | None:
        database = self._brand.database
        with database.read() as connection:
            held = connections.all_ended(connection).keys()
            if not streams.is_due(connection, now, shop, held=held):
                return None
        with database.write() as connection:
            claimed = streams.claim(
                connection, held=held, now=now, lease=str(uuid.uuid4()), until=now + PATIENCE, shop=shop
            )
            stream = known.get((claimed.shop, claimed.name)) if claimed else None
            if claimed is None or stream is None:
                return claimed
            begun = self._begun(stream, claimed, now)
            streams.advance(connection, begun)
            return begun

    def next_due(self, connection: Connection, after: datetime) -> datetime | None:
        """Return when something is to be listed next, after a moment."""
        return streams.next_due(connection, after) if self.streams else None

    def _list(self, stream: Stream, stand: Stand) -> int:
        listed = 0
        try:
            for asked_at, page in islice(self._pages(stream, stand), PAGES_AT_ONCE):
                stand = self._take(stream, stand, page, asked_at)
                listed += 1
                if page.position is None:
                    del self._at_a_stretch[stand.shop, stand.name]
                    if not stream.whole:
                        self._tend(stand.shop)
                    return listed
                if self._is_behind():
                    break
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one shop or adapter does, the others are listed
            self._failed(stand, error)
            return max(listed, 1)  # something was done: others may be due as well
        self._put_off(stand, self._pause(stand, listed), "")
        return listed

    def _pause(self, stand: Stand, listed: int) -> timedelta:
        """Return how long a listing waits before its next pages."""
        name = stand.shop, stand.name
        self._at_a_stretch[name] += listed
        if self._at_a_stretch[name] >= PAGES_AT_A_STRETCH:
            del self._at_a_stretch[name]
            return REST
        return _A_LITTLE if self._is_behind() else timedelta(0)

    def _tend(self, shop: str) -> None:
        """Have the adapter look after its connection; what was amiss is told in the journal and the log."""
        adapter = self._brand.shops[shop].adapter
        try:
            told = [short_line(sentence) for sentence in islice(adapter.tend(), MOST_TOLD)]
        except Exception as error:  # noqa: BLE001 - the listing itself is complete
            log.warning("connection not looked after", shop=shop, problem=redact_error(error))
            return
        for sentence in told:
            log.warning("connection", shop=shop, told=sentence)
        if told:
            now = self._brand.clock.now()
            rows = [
                Arrival(
                    kind=Kind.SYNC,
                    shop=shop,
                    topic=journal.CONNECTION,
                    received_at=now,
                    body=b"",
                    state=State.DONE,
                    outcome=sentence,
                )
                for sentence in told
            ]
            with self._brand.database.write() as connection:
                journal.append(connection, rows)

    def _pages(self, stream: Stream, stand: Stand) -> Iterator[tuple[datetime, Page]]:
        """Ask for the pages that are left, each with the moment at which it was asked for.

        Raises Bug if they end before the last one: an empty shop, too, has one page.
        """
        adapter = self._brand.shops[stand.shop].adapter
        pages = iter(adapter.changes(Cursor(stream=stream.name, since=stand.since, position=stand.position)))
        while True:
            asked_at = self._brand.clock.now()
            page = next(pages, None)
            if page is None:
                raise Bug("the listing ended without its last page")
            yield asked_at, page

    def _begun(self, stream: Stream, stand: Stand, now: datetime) -> Stand:
        """Return where a listing goes on, or begins now if no page of it has come."""
        if stand.position:
            return stand
        since = self._brand.settings.shops[stand.shop].sync_from
        if stand.finished_at is not None and not stream.whole:
            since = stand.finished_at - OVERLAP
        return replace(stand, since=since, began_at=now, listed=0, total=None)

    def _take(self, stream: Stream, stand: Stand, page: Page, asked_at: datetime) -> Stand:
        """Write a page down, and where the next one begins."""
        if page.position in {"", stand.position}:
            raise Bug("a page names its own place as that of the next one: the listing would never end")
        now = self._brand.clock.now()
        is_last = page.position is None
        rows = self._rows(stream, stand, page, asked_at)
        after = replace(
            stand,
            position=page.position or "",
            listed=stand.listed + len(page.snapshots),
            total=page.total,
            attempts=0,
            error="",
            due_at=now + PATIENCE,
        )
        if is_last:
            after = replace(
                after,
                began_at=None,
                finished_at=stand.began_at,
                due_at=now + stream.every,
            )
        with self._brand.database.write() as connection:
            if not streams.advance(connection, after, lets_go=is_last):
                raise Bug(f"the listing {stream.name!r} of shop {stand.shop!r} was taken over meanwhile")
            journal.append(connection, rows)
        return after

    def _rows(self, stream: Stream, begun: Stand, page: Page, asked_at: datetime) -> list[Arrival]:
        snapshots = list(page.snapshots)
        for kind in sorted({readings.ref_of(one).kind for one in snapshots} - {stream.kind}):
            # The end of a complete listing would ask for every object of its kind that it did not bring.
            raise Bug(f"the listing of objects of kind {stream.kind!r} brought one of kind {kind!r}")
        parts = [
            snapshots[start : start + OBJECTS_PER_ROW] for start in range(0, len(snapshots), OBJECTS_PER_ROW)
        ] or [[]]
        answers = [
            replace(
                readings.answer(asked_at, [readings.ref_of(one) for one in part], part, shop=begun.shop),
                stream=stream.name,
                backfill=begun.finished_at is None,
            )
            for part in parts
        ]
        if page.position is None and stream.whole:
            answers[-1] = replace(answers[-1], kind=stream.kind, began_at=begun.began_at)
        elif not snapshots:
            return []
        return [
            Arrival(
                kind=Kind.SYNC,
                shop=begun.shop,
                topic=stream.name,
                received_at=asked_at,
                body=readings.encode(answer),
                weight=max(1, len(answer.refs)),
            )
            for answer in answers
        ]

    def _is_behind(self) -> bool:
        with self._brand.database.read() as connection:
            return journal.waiting(connection, MOST_WAITING) == MOST_WAITING

    def _put_off(self, stand: Stand, wait: timedelta, error: str) -> None:
        due_at = self._brand.clock.now() + wait
        with self._brand.database.write() as connection:
            streams.advance(connection, replace(stand, due_at=due_at, error=error), lets_go=True)

    def _failed(self, stand: Stand, error: Exception) -> None:
        told = redact_error(error)
        del self._at_a_stretch[stand.shop, stand.name]
        log.warning("listing failed", shop=stand.shop, stream=stand.name, problem=told)
        attempts = stand.attempts + 1
        delay = retry_delay(min(attempts, len(RETRY_DELAYS)))
        if delay is None or isinstance(error, ConfigurationError):
            delay = UNTIL_MENDED
        self._put_off(replace(stand, attempts=attempts), delay, told)
