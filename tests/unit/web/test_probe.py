"""Readiness writes, because a database that cannot be written often still answers."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from aftercare_sdk.store import control, database
from aftercare_sdk.store.database import Database
from aftercare_sdk.web import probe
from aftercare_sdk.web.probe import Probe


@pytest.fixture
def storage(migrated_database_url):
    """A database with the schema in it."""
    with closing(Database(migrated_database_url)) as opened:
        yield opened


def test_a_database_that_takes_writes_is_well(storage):
    """And was really written to."""
    assert "" == Probe(storage).problem()
    with storage.read() as connection:
        assert control.setting(connection, "probed") is not None


def test_health_checks_that_come_often_write_seldom(storage, monkeypatch):
    """Each write costs the disk something."""
    writes = []
    monkeypatch.setattr(control, "put_setting", lambda *arguments: writes.append(arguments))
    asked = Probe(storage)
    assert [""] * 20 == [asked.problem() for _ in range(20)]
    assert 1 == len(writes)


def test_a_database_that_takes_no_writes_is_told_and_asked_again(tmp_path, monkeypatch):
    """Until it does."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(probe, "FRESH_SECONDS", 0.0)
    path = tmp_path / "aftercare.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT)")
        with closing(Database(f"sqlite:///{path}")) as storage:
            asked = Probe(storage)
            other.execute("BEGIN IMMEDIATE")
            assert "takes no writes; see the log" == asked.problem()
            other.execute("ROLLBACK")
            assert "" == asked.problem()


def test_a_probe_that_breaks_is_not_ready(storage, monkeypatch):
    """Whatever it was: nothing was written."""

    def breaks(*_):
        raise OSError("disk")

    monkeypatch.setattr(control, "put_setting", breaks)
    assert "takes no writes; see the log" == Probe(storage).problem()


def test_a_probe_that_cannot_begin_is_not_ready_and_begins_again(storage, monkeypatch):
    """A process that may have no more threads for the moment is not ready for that moment."""
    monkeypatch.setattr(probe, "FRESH_SECONDS", 0.0)
    asked = Probe(storage)

    def full(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        assert ["takes no writes; see the log"] * 2 == [asked.problem() for _ in range(2)]
    assert "" == asked.problem()


def test_whoever_asks_gets_an_answer_while_a_write_waits(storage, monkeypatch):
    """A load balancer must not hang on it, nor pile up threads."""
    monkeypatch.setattr(probe, "PATIENCE_SECONDS", 0.05)
    gate = threading.Event()
    monkeypatch.setattr(control, "put_setting", lambda *_: gate.wait(30))
    asked = Probe(storage)
    threads = threading.active_count()
    assert ["takes no writes: one has been waiting for some seconds"] * 3 == [
        asked.problem() for _ in range(3)
    ]
    assert threading.active_count() == threads + 1
    gate.set()
    assert asked._done.wait(30)
    assert "" == asked.problem()
