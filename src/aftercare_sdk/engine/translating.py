"""Ask adapters what webhooks tell, within a budget: one that hangs parks its row and stops nobody else.

Then its shop rests: what else it sent waits, so that it costs others its time once and not once per row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from traceback import walk_tb

from aftercare_sdk.engine.brand import ConnectedShop
from aftercare_sdk.engine.resting import Rests
from aftercare_sdk.errors import InputError
from aftercare_sdk.model.shops import ShopAdapter, Translation, Webhook
from aftercare_sdk.plugins import RETRY_DELAYS, End, Ended, Observer, Task, Watch, package_of, place
from aftercare_sdk.redact import redact
from aftercare_sdk.store.rests import Resting

ROW = "journal row "
"""How an observer is told which row an adapter is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A webhook to be translated, and the journal row that it stands in."""

    shop: ConnectedShop
    webhook: Webhook
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a webhook tells. `problem`: why nobody can say, in words without personal data.

    `skipped`: its adapter overran its time at another row of the batch, so it was not asked yet.
    """

    items: tuple[Translation, ...] = ()
    problem: str = ""
    skipped: bool = False


class Translator:
    """Runs adapters on a thread of their own, one row after the other."""

    def __init__(
        self,
        budget_seconds: float,
        observer: Observer | None,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.rests = Rests(Resting.SHOP)
        self._now = now
        self._watch: Watch[tuple[Translation, ...]] = Watch(
            budget_seconds, observer, monotonic=monotonic, thread_name="aftercare-adapter"
        )

    @property
    def abandoned(self) -> int:
        """How many threads still hang in an adapter that was given up."""
        return self._watch.abandoned

    def translate(self, questions: Sequence[Question]) -> list[Told]:
        """Return what webhooks tell, in their order."""
        for shop in {_shop(one) for one in questions}:
            self.rests.admits(shop, self._now())  # after a rest, this batch decides whether it is over
        ended = self._watch.run([_task(one) for one in questions])
        ends = {(_shop(one), end.end) for one, end in zip(questions, ended, strict=True)}
        hung = {shop for shop, end in ends if end is End.OVERRUN}
        now = self._now()
        for shop in hung:
            self.rests.failed(shop, now)
            self.rests.pause(shop, now + RETRY_DELAYS[0])
        for shop in {shop for shop, end in ends if end is not End.SKIPPED} - hung:
            self.rests.succeeded(shop)
        return [self._told(one, end) for one, end in zip(questions, ended, strict=True)]

    def close(self) -> None:
        """Let the thread end."""
        self._watch.close()

    def _told(self, asked: Question, ended: Ended[tuple[Translation, ...]]) -> Told:
        kind = asked.shop.kind
        match ended.end:
            case End.RETURNED:
                return Told(items=ended.value or ())
            case End.SKIPPED:
                return Told(skipped=True)
            case End.OVERRUN:
                return Told(problem=f"adapter {kind!r} took more than {self._watch.budget:g} s")
        error = ended.error
        if isinstance(error, InputError):
            return Told(problem=redact(str(error)))
        # A bug of the adapter; the row can be retried. Its message stays out: it likes to quote what could
        # not be read, and that may be a name.
        where = place(walk_tb(error.__traceback__), _package(asked.shop.adapter)) if error else ""
        return Told(
            problem=f"adapter {kind!r} failed with {type(error).__name__}" + (f" in {where}" if where else "")
        )


def _shop(asked: Question) -> str:
    return asked.shop.shop.name


def _task(asked: Question) -> Task[tuple[Translation, ...]]:
    return Task(
        owner=asked.shop.kind,
        about=f"{ROW}{asked.row}",
        package=_package(asked.shop.adapter),
        work=partial(_ask, asked.shop.adapter, asked.webhook),
    )


def _ask(adapter: ShopAdapter, webhook: Webhook) -> tuple[Translation, ...]:
    return tuple(adapter.translate(webhook))


def _package(adapter: ShopAdapter) -> str:
    return package_of(type(adapter))
