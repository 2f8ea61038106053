"""A real engine with one shop, for one adapter under test: a database of its own, and a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from marshmallow import INCLUDE, Schema

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.receive import Reply
from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.shops import AdapterType, RawRequest, Reading, Ref, Shop, ShopAdapter
from aftercare_sdk.model.sync import Cursor, Page, Stream
from aftercare_sdk.store import reads, schema
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.reads import Read
from aftercare_sdk.testing.projection import Facts, project

SETTLED = timedelta(minutes=10)
"""Long enough for debounced reads and for the first two retries."""
_NAME = "under-test"


@cache
def blank_database() -> bytes:
    """Return an empty database: to make its tables takes longer than most tests."""
    with TemporaryDirectory(prefix="aftercare-contract-") as folder:
        file = Path(folder) / "blank.db"
        database = Database(f"sqlite:///{file}")
        schema.prepare(database)
        database.close()
        return file.read_bytes()


class _AnyOptions(Schema):
    class Meta:
        unknown = INCLUDE


class _Offer(AftercareHooks):
    """Offers the adapter as it is; its own plugin is tested elsewhere."""

    def __init__(self, adapter: ShopAdapter) -> None:
        self._adapter = adapter

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        return [AdapterType(name=_NAME, build=lambda _: self._adapter, options=_AnyOptions)]


class Bench:
    """Takes webhooks, lists and reads, as far as it is told to; `facts` is what came of it."""

    def __init__(
        self, shop: Shop, adapter: ShopAdapter, url: str, at: datetime, *, sync: bool = False
    ) -> None:
        self._shop = shop
        self._clock = VirtualClock(at)
        told = {
            name: value
            for name in ("country", "locale", "zone", "currency")
            if (value := getattr(shop, name))
        }
        configuration: dict[str, Any] = {
            "brand": {"name": "Adapter contract"},
            "database": {"url": url},
            # An adapter tells what is asked; when somebody is erased depends on the moment.
            "privacy": {"automatic": False},
            "shops": {
                shop.name: {"adapter": _NAME, "secrets": [], "sync": sync, "assume_delivered": False, **told}
            },
        }
        self._aftercare = Aftercare(
            configuration, clock=self._clock, plugins={"adapter-contract": _Offer(adapter)}, environ={}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._aftercare.close()

    @property
    def now(self) -> datetime:
        """Where the clock stands."""
        return self._clock.now()

    def wait(self, length: timedelta) -> None:
        """Let time pass, and nothing happen."""
        self._clock.move(self.now + length)

    def receive(self, request: RawRequest) -> Reply:
        """Take one request in."""
        return self._aftercare.receive(self._shop.name, request)

    def process(self) -> None:
        """Process what was received; reads wait."""
        self._aftercare.process()

    def ask_for(self, refs: Iterable[Ref]) -> None:
        """Want objects to be read, as after a webhook that leaves a doubt."""
        wanted = [
            Read(
                shop=self._shop.name,
                kind=ref.kind,
                id=ref.id,
                reason="the contract asks",
                requested_at=self.now,
                due_at=self.now,
            )
            for ref in refs
        ]
        with self._aftercare.brand.database.write() as connection:
            reads.request(connection, wanted)

    def settle(self) -> None:
        """Process, list and read until nothing is left that is due soon."""
        self._aftercare.advance(self.now + SETTLED)

    def facts(self) -> Facts:
        """Return what is known now."""
        return project(self._aftercare.brand.database)


class Killed(BaseException):
    """The process ends here: nothing in it may catch this."""


class Watched(ShopAdapter):
    """An adapter whose listings are counted and cut.

    `cut_after` (stream, pages) ends the process when the page after is asked for. `failed` is called when
    the adapter raises.
    """

    def __init__(
        self,
        adapter: ShopAdapter,
        *,
        cut_after: tuple[str, int] | None = None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._adapter = adapter
        self._cut_after = cut_after
        self._failed = failed
        self.pages: dict[str, int] = {}

    @property
    def streams(self) -> tuple[Stream, ...]:
        return self._adapter.streams

    def verify(self, request: RawRequest) -> Any:
        return self._adapter.verify(request)

    def translate(self, webhook: Any) -> Any:
        return self._adapter.translate(webhook)

    def read(self, refs: Iterable[Ref]) -> Iterator[Reading]:
        with _Noticed(self._failed):
            yield from self._adapter.read(refs)

    def changes(self, since: Cursor) -> Iterator[Page]:
        with _Noticed(self._failed):
            for page in self._adapter.changes(since):
                self.pages[since.stream] = self.pages.get(since.stream, 0) + 1
                yield page
                if self._cut_after == (since.stream, self.pages[since.stream]):
                    raise Killed


class _Noticed:
    """Tells that an exception passes."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, Exception):
            self._tell()
