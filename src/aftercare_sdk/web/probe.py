"""Whether the database takes writes: it may well answer questions and store nothing."""

from __future__ import annotations

import threading
import time

from aftercare_sdk.engine.cure import with_cure
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.store import control
from aftercare_sdk.store.database import Database

FRESH_SECONDS = 5.0
"""How long an answer counts. Health checks come often, and each write costs the disk something."""
PATIENCE_SECONDS = 2.0
"""A write that takes longer counts as a failure: whoever asks must get an answer."""
_SETTING = "probed"
_NO_WRITES = "takes no writes; see the log"


class Probe:
    """Writes a little, in a thread of its own, at most every few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._done = threading.Event()
        self._done.set()
        self._asked_at = float("-inf")
        self._problem = ""

    def problem(self) -> str:
        """Return why the database takes no writes now; empty if it does."""
        with self._guard:
            if self._done.is_set() and time.monotonic() - self._asked_at >= FRESH_SECONDS:
                self._done.clear()
                self._asked_at = time.monotonic()
                try:
                    threading.Thread(target=self._write, name="aftercare-probe", daemon=True).start()
                except Exception as error:  # noqa: BLE001 - no more threads, for one: asked again a little later
                    self._fail(error)
                    self._done.set()
        if not self._done.wait(PATIENCE_SECONDS):
            return "takes no writes: one has been waiting for some seconds"
        return self._problem

    def _write(self) -> None:
        self._problem = _NO_WRITES  # until one has been made: nothing that goes wrong here is an answer
        try:
            with self._database.write() as connection:
                control.put_setting(connection, _SETTING, str(int(self._asked_at)))
            self._problem = ""
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was written
            self._fail(error)
        finally:
            self._done.set()

    def _fail(self, error: Exception) -> None:
        self._problem = _NO_WRITES
        told = with_cure(error) if isinstance(error, StorageUnavailable) else type(error).__name__
        log.error("not ready", problem=told)
