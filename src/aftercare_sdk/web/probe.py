"""Whether the database takes writes: it may well answer questions and store nothing."""

from __future__ import annotations

import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from aftercare_sdk.engine.cure import with_cure
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import AftercareError, StorageUnavailable
from aftercare_sdk.store import control
from aftercare_sdk.store.database import Database

FRESH_SECONDS = 5.0
"""How long an answer counts. Health checks come often, and each write costs the disk something."""
PATIENCE_SECONDS = 2.0
"""A write that takes longer counts as a failure: whoever asks must get an answer."""
_SETTING = "probed"


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
                threading.Thread(target=self._write, name="aftercare-probe", daemon=True).start()
        if not self._done.wait(PATIENCE_SECONDS):
            return "takes no writes: one has been waiting for some seconds"
        return self._problem

    def _write(self) -> None:
        problem = ""
        try:
            with self._database.write() as connection:
                control.put_setting(connection, _SETTING, str(int(self._asked_at)))
        except (AftercareError, SQLAlchemyError) as error:
            told = with_cure(error) if isinstance(error, StorageUnavailable) else type(error).__name__
            log.error("not ready", problem=told)
            problem = "takes no writes; see the log"
        finally:
            self._problem = problem
            self._done.set()
