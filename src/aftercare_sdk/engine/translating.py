"""Ask adapters what webhooks tell, within a budget: one that hangs parks its row and stops nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Overdue
from queue import SimpleQueue
from traceback import walk_tb

from aftercare_sdk.engine.brand import ConnectedShop
from aftercare_sdk.errors import InputError
from aftercare_sdk.model.shops import ShopAdapter, Translation, Webhook
from aftercare_sdk.plugins import Observer
from aftercare_sdk.redact import redact

ROW = "journal row "
"""How an observer is told which row an adapter is at."""

_Asked = tuple[ConnectedShop, Webhook, int, "Future[tuple[Translation, ...]]"]


class CannotTell(Exception):
    """Why nobody can say what a row tells, in words without personal data."""


class Translator:
    """Runs adapters on a thread of its own, one row after the other."""

    def __init__(self, budget_seconds: float, observer: Observer | None) -> None:
        self._budget = budget_seconds
        self._observer = observer
        self._asked: SimpleQueue[_Asked | None] | None = None
        self._left_behind: list[threading.Thread] = []
        self._thread: threading.Thread | None = None

    @property
    def abandoned(self) -> int:
        """How many threads still hang in an adapter that was given up."""
        self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]
        return len(self._left_behind)

    def translate(self, shop: ConnectedShop, webhook: Webhook, row: int) -> tuple[Translation, ...]:
        """Return what a webhook tells. Raises CannotTell."""
        if self._asked is None or self._thread is None or not self._thread.is_alive():
            self._asked = SimpleQueue()
            self._thread = threading.Thread(
                target=self._live, args=(self._asked,), name="aftercare-adapter", daemon=True
            )
            self._thread.start()
        future: Future[tuple[Translation, ...]] = Future()
        self._asked.put((shop, webhook, row, future))
        try:
            return future.result(self._budget)
        except Overdue:
            self._left_behind.append(self._thread)
            self._asked.put(None)  # should it ever come back
            self._asked = None
            raise CannotTell(f"adapter {shop.kind!r} took more than {self._budget:g} s") from None
        except InputError as error:
            raise CannotTell(redact(str(error))) from None
        except BaseException as error:  # noqa: BLE001 - a bug of the adapter; the row can be retried
            # Its message stays out: it likes to quote what could not be read, and that may be a name.
            place = _place(error, shop.adapter)
            raise CannotTell(f"adapter {shop.kind!r} failed with {type(error).__name__}{place}") from None

    def close(self) -> None:
        """Let the thread end."""
        if self._asked is not None:
            self._asked.put(None)
            self._asked = None

    def _live(self, asked: SimpleQueue[_Asked | None]) -> None:
        while (one := asked.get()) is not None:
            shop, webhook, row, future = one
            if self._observer is not None:
                self._observer.entering(shop.kind, f"{ROW}{row}")
            try:
                future.set_result(tuple(shop.adapter.translate(webhook)))
            except BaseException as error:  # noqa: BLE001 - handed to whoever asked
                future.set_exception(error)
            finally:
                if self._observer is not None:
                    self._observer.left()


def _place(error: BaseException, adapter: ShopAdapter) -> str:
    """Return the adapter's own line that an error came from, as ` in package.module:12`."""
    package = type(adapter).__module__.partition(".")[0]
    lines = [
        f" in {module}:{line}"
        for frame, line in walk_tb(error.__traceback__)
        if (module := str(frame.f_globals.get("__name__"))).partition(".")[0] == package
    ]
    return lines[-1] if lines else ""
