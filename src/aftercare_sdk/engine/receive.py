"""The door: a request is verified, stored with everything else that waits, and only then answered."""

from __future__ import annotations

import asyncio
import hashlib
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.cure import with_cure
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import SignatureError, StorageUnavailable
from aftercare_sdk.model.shops import Ping, RawRequest, ShopAdapter, Webhook
from aftercare_sdk.store import counters, journal
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import DELIVERY_LENGTH, TOPIC_LENGTH, Arrival, Kind

_MOST_PER_COMMIT = 128
_LONGEST_HINT = 10_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer to a shop: an HTTP status, and a few words that say why."""

    status: int
    body: str


STORED = Reply(202, "stored")
SEEN = Reply(202, "seen before")
PONG = Reply(200, "ping")
NOT_SIGNED = Reply(401, "bad signature")
UNKNOWN_SHOP = Reply(404, "unknown shop")
TOO_LARGE = Reply(413, "body too large")
NOT_STORED = Reply(503, "could not store, try again")


_Waiter = Future[bool] | asyncio.Future[bool]
_Waiting = tuple[Arrival, _Waiter]
_Outcome = bool | StorageUnavailable


class Inbox:
    """One writer thread: what waits while a commit is under way goes into the next one, together.

    Event loops hand over together what they have taken in, as soon as a turn of theirs brings nothing more,
    and are woken once per commit: threads that wake each other for every single webhook spend more time on
    that than on the webhooks. Nobody waits for a clock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[Sequence[_Waiting] | None] = queue.SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        self._thread: threading.Thread | None = None
        self._process = 0
        self._guard = threading.Lock()
        self._rejected: Counter[int] = Counter()
        # Of its own: whoever closes holds the other one until the writer has ended, and the writer counts.
        self._counting = threading.Lock()

    def reject(self, status: int) -> None:
        """Count a request that is not stored; it costs the database nothing until something is."""
        with self._counting:
            self._rejected[status] += 1

    @property
    def rejected(self) -> Mapping[int, int]:
        """What was rejected and is not yet counted in the database, by status."""
        with self._counting:
            return dict(self._rejected)

    def put(self, arrival: Arrival) -> Future[bool]:
        """Hand an arrival over; the future tells after the commit whether it was new."""
        future: Future[bool] = Future()
        # Whoever waits may give up, a server whose client has hung up for instance; the commit goes on, and
        # a future that is running cannot be cancelled behind the writer's back.
        future.set_running_or_notify_cancel()
        self._hand_over([(arrival, future)])
        return future

    def put_in_loop(self, arrival: Arrival) -> asyncio.Future[bool]:
        """Do the same for the event loop that runs: its future tells. Whoever waits for it may give up."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        gathered = self._gathered.get(loop)
        if gathered is None:
            gathered = self._gathered[loop] = []
            loop.call_soon(self._hand_over_if_dry, loop, 0)
        gathered.append((arrival, future))
        return future

    def close(self) -> None:
        """Store what waits, then end the writer."""
        with self._guard:
            thread, self._thread = self._thread, None
            if thread is not None and self._process == os.getpid():
                self._waiting.put(None)
                thread.join()
        self._count_rejected()

    def _hand_over_if_dry(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        """Hand over what a loop has gathered, unless it is still taking in more, or look again a turn later.

        As long as there is more to take in, the writer would only compete with the loop for the interpreter.
        """
        gathered = self._gathered[loop]
        if seen < len(gathered) < _MOST_PER_COMMIT:
            loop.call_soon(self._hand_over_if_dry, loop, len(gathered))
            return
        del self._gathered[loop]
        self._hand_over(gathered)

    def _hand_over(self, several: Sequence[_Waiting]) -> None:
        try:
            with self._guard:
                if self._process != os.getpid():  # servers fork after loading
                    self._process, self._thread = os.getpid(), None
                    self._waiting = queue.SimpleQueue()
                if self._thread is None or not self._thread.is_alive():
                    thread = threading.Thread(target=self._write, name="aftercare-inbox", daemon=True)
                    thread.start()
                    self._thread = thread
                self._waiting.put(several)
        except Exception as error:  # noqa: BLE001 - no more threads, for one: whoever waits is told
            self._give_up(several, error)

    def _write(self) -> None:
        closing = False
        while not closing:
            several = self._waiting.get()
            batch: list[_Waiting] = []
            while several is not None:
                batch += several
                if len(batch) >= _MOST_PER_COMMIT:
                    break
                try:
                    several = self._waiting.get_nowait()
                except queue.Empty:
                    break
            closing = several is None
            try:
                for first in range(0, len(batch), _MOST_PER_COMMIT):
                    self._commit(batch[first : first + _MOST_PER_COMMIT])
            except BaseException as error:  # noqa: BLE001 - nobody else would store what comes after this
                self._give_up(batch, error)

    def _count_rejected(self) -> None:
        """Count in the database what was rejected since something was stored last."""
        rejected = self.rejected
        if rejected:
            with suppress(StorageUnavailable), self._database.write() as connection:
                _count(connection, rejected)
            self._counted(rejected)

    def _counted(self, rejected: Mapping[int, int]) -> None:
        if rejected:
            with self._counting:
                self._rejected.subtract(rejected)
                self._rejected = +self._rejected

    def _give_up(self, several: Sequence[_Waiting], error: BaseException) -> None:
        """Tell those who still wait that nobody knows whether theirs is stored: the shop may ask again."""
        problem = StorageUnavailable(f"the inbox could not go on: {type(error).__name__}")
        _tell((waiter, problem) for _, waiter in several)
        log.error("inbox failed", webhooks=len(several), problem=str(problem))

    def _commit(self, batch: Sequence[_Waiting], *, again: bool = True) -> None:
        """Store what waits; `again`: once more if another process stores the same just now."""
        outcomes: Sequence[_Outcome]
        rejected = self.rejected
        try:
            with self._database.write() as connection:
                outcomes = journal.append(connection, [arrival for arrival, _ in batch])
                _count(connection, rejected)
            self._counted(rejected)
        except StorageUnavailable as error:
            if error.contended and (again or len(batch) > 1):
                for part in [batch] if again else [[one] for one in batch]:
                    self._commit(part, again=False)
                return
            outcomes = [StorageUnavailable(with_cure(error))] * len(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was stored and somebody waits
            if len(batch) > 1:  # perhaps only one of them cannot be stored
                for one in batch:
                    self._commit([one])
                return
            what = type(getattr(error, "orig", error)).__name__
            problem = StorageUnavailable(f"the database {self._database.where} cannot store this: {what}")
            outcomes = [StorageUnavailable(with_cure(problem))]
        _tell(zip((waiter for _, waiter in batch), outcomes, strict=True))


def _count(connection: Connection, rejected: Mapping[int, int]) -> None:
    counters.add(
        connection,
        {(counters.WEBHOOK_REJECTED, str(status)): count for status, count in rejected.items()},
    )


def _tell(told: Iterable[tuple[_Waiter, _Outcome]]) -> None:
    """Let those who wait know; an event loop is woken once for all that wait in it."""
    in_loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[bool], _Outcome]]] = {}
    for waiter, outcome in told:
        if waiter.done():  # told before, or given up
            continue
        if isinstance(waiter, asyncio.Future):
            in_loops.setdefault(waiter.get_loop(), []).append((waiter, outcome))
        else:
            _settle(waiter, outcome)
    for loop, several in in_loops.items():
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits there any more
            loop.call_soon_threadsafe(_settle_all, several)


def _settle_all(several: Iterable[tuple[asyncio.Future[bool], _Outcome]]) -> None:
    for future, outcome in several:
        if not future.done():  # given up by whoever waited
            _settle(future, outcome)


def _settle(waiter: _Waiter, outcome: _Outcome) -> None:
    if isinstance(outcome, StorageUnavailable):
        waiter.set_exception(outcome)
    else:
        waiter.set_result(outcome)


class Door:
    """Decides what a request is and hands it to the inbox."""

    def __init__(
        self,
        inbox: Inbox,
        adapter_of: Callable[[str], ShopAdapter | None],
        now: Callable[[], datetime],
        body_limit: int,
    ) -> None:
        self._inbox = inbox
        self._adapter_of = adapter_of
        self._now = now
        self.body_limit = body_limit

    def admit(self, shop: str, request: RawRequest) -> Reply | Future[bool]:
        """Return the answer, or a future for `answer` once it is done."""
        looked_at = self._look_at(shop, request)
        return looked_at if isinstance(looked_at, Reply) else self._inbox.put(looked_at)

    def admit_in_loop(self, shop: str, request: RawRequest) -> Reply | asyncio.Future[bool]:
        """Do the same for the event loop that runs."""
        looked_at = self._look_at(shop, request)
        return looked_at if isinstance(looked_at, Reply) else self._inbox.put_in_loop(looked_at)

    def _look_at(self, shop: str, request: RawRequest) -> Reply | Arrival:
        """Return the answer, or what is to be stored before there is one."""
        looked_at = self._judge(shop, request)
        if isinstance(looked_at, Reply) and looked_at is not PONG:
            self._inbox.reject(looked_at.status)
        return looked_at

    def _judge(self, shop: str, request: RawRequest) -> Reply | Arrival:
        adapter = self._adapter_of(shop)
        if adapter is None:
            return UNKNOWN_SHOP
        if len(request.body) > self.body_limit:
            return TOO_LARGE
        now = self._now()
        try:
            webhook = adapter.verify(
                RawRequest(headers=request.headers, body=request.body, path=request.path, received_at=now)
            )
        except SignatureError:
            return NOT_SIGNED
        except Exception as error:  # noqa: BLE001 - what breaks an adapter was not signed by the shop either
            log.error("signature not checked", shop=shop, problem=type(error).__name__)
            return NOT_SIGNED
        if isinstance(webhook, Ping):
            return PONG
        return _arrival(shop, webhook, now)

    def receive(self, shop: str, request: RawRequest) -> Reply:
        """Take a request in, and wait until it is stored."""
        admitted = self.admit(shop, request)
        if isinstance(admitted, Reply):
            return admitted
        try:
            return answer(was_new=admitted.result())
        except StorageUnavailable as error:
            log.error("webhook not stored", shop=shop, problem=str(error))
            return NOT_STORED


def answer(*, was_new: bool) -> Reply:
    """Say what became of a request that is stored."""
    return STORED if was_new else SEEN


def _arrival(shop: str, webhook: Webhook, now: datetime) -> Arrival:
    """Return the journal row of a webhook.

    Only a copy of the same delivery, with a body that carries its own date, tells nothing new.
    """
    dedupe = None
    if webhook.dated:
        parts = (shop.encode(), webhook.delivery.encode(errors="replace"), webhook.body)
        # One long call: each longer one gives up the interpreter, and the writer takes it.
        told = b"".join(piece for part in parts for piece in (len(part).to_bytes(8, "big"), part))
        dedupe = hashlib.sha256(told).hexdigest()
    return Arrival(
        kind=Kind.WEBHOOK,
        shop=shop,
        topic=_storable(webhook.topic, TOPIC_LENGTH),
        delivery=_storable(webhook.delivery, DELIVERY_LENGTH),
        hints={name: _storable(value, _LONGEST_HINT) for name, value in webhook.hints.items()},
        body=webhook.body,
        received_at=now,
        dedupe=dedupe,
    )


def _storable(header: str, limit: int) -> str:
    """Return a header as every database can hold it: a signature says nothing about headers."""
    if not header.isascii():
        header = header.encode(errors="replace").decode()
    return header.replace("\x00", "?")[:limit]
