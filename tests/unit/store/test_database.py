from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import event, insert, select, text

from aftercare_sdk.errors import ConfigurationError, StorageUnavailable
from aftercare_sdk.store import control
from aftercare_sdk.store import database as store_database
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.tables import customers
from tests.support import hurry
from tests.support.histories import DAWN


def customer(connection):
    """Insert a customer."""
    connection.execute(insert(customers).values(created_at=DAWN))


def count(connection):
    """Return how many customers there are."""
    return len(connection.execute(select(customers)).all())


class TestTransactions:
    def test_readers_do_not_wait(self, database):
        """While one writes, others read what was committed before, and the writer waits for none of them."""
        with database.read() as reading:
            assert 0 == count(reading)
            with database.write() as writing:
                customer(writing)
                with database.read() as another:
                    assert 0 == count(another)
        with database.read() as reading:
            assert 1 == count(reading)

    def test_write_sees_what_is_committed(self, database):
        """A write sees all that was committed before it, also after its connection has been reading."""
        for expected in range(3):
            with database.read() as reading:
                assert expected == count(reading)
            with database.write() as writing:
                assert expected == count(writing)
                customer(writing)

    def test_a_read_sees_one_state(self, database):
        """What is committed while it reads is not there for it."""
        with database.read() as reading:
            before = count(reading)
            with database.write() as writing:
                customer(writing)
            assert before == count(reading)

    def test_all_or_nothing(self, database):
        """A transaction that fails leaves nothing."""

        def fail():
            with database.write() as connection:
                customer(connection)
                raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            fail()
        with database.read() as connection:
            assert 0 == count(connection)

    def test_writers_take_turns(self, database):
        """Two that count up the same number at once lose nothing."""
        with database.write() as connection:
            first = control.take_token(connection)
        url = database.url.render_as_string(hide_password=False)

        def work():
            mine = Database(url)
            for _ in range(20):
                with mine.write() as connection:
                    control.take_token(connection)
            mine.close()

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.write() as connection:
            assert first + 61 == control.take_token(connection)


class TestAddresses:
    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_memory_is_refused(self, url):
        """A database in memory cannot be shared, and is refused with what to do."""
        with pytest.raises(ConfigurationError, match="name a file"):
            Database(url)

    def test_password_is_not_shown(self):
        """The address that is shown has no password."""
        url = "postgresql+psycopg://ann:hunter2@127.0.0.1:1/shop"
        database = Database(url)
        with pytest.raises(StorageUnavailable, match="cannot be used now") as caught, database.read():
            pass
        database.close()
        assert ("hunter2" in database.where, "hunter2" in str(caught.value)) == (False, False)

    def test_a_new_file_that_another_process_is_writing_is_waited_for(self, tmp_path):
        """Processes that start together open the file at the same moment; all of them go on."""
        path = tmp_path / "shop.db"
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        end = threading.Timer(0.2, other.close)
        end.start()
        database = Database(f"sqlite:///{path}")
        with database.read() as connection:
            assert "wal" == connection.execute(text("PRAGMA journal_mode")).scalar()
        database.close()
        end.join()

    def test_a_new_file_that_stays_locked_cannot_be_used(self, tmp_path, monkeypatch):
        """The wait ends, and it is said what to look for."""
        monkeypatch.setattr(store_database, "BUSY_SECONDS", 0.1)
        path = tmp_path / "shop.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            database = Database(f"sqlite:///{path}")
            with pytest.raises(StorageUnavailable, match="locked"), database.read():
                pass
            database.close()

    def test_sqlite_survives_a_power_cut(self, tmp_path, monkeypatch):
        """What SQLite has acknowledged is on the disk, and readers do not wait for the writer."""
        monkeypatch.setattr(hurry, "HURRIES", False)
        database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
        with database.read() as connection:
            told = [
                connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous")
            ]
        database.close()
        assert ["wal", 2] == told


@pytest.mark.postgres
def test_a_postgresql_that_may_only_be_read_is_out_of_order_for_a_while(postgres):
    """A standby, or a server whose disk is full: the same write may work later, so nothing is given up."""

    def may_only_read(connection, _):
        connection.execute("SET default_transaction_read_only = on")
        connection.commit()

    event.listen(postgres.engine, "connect", may_only_read)
    postgres.engine.dispose()
    with pytest.raises(StorageUnavailable, match="cannot be written now"), postgres.write() as connection:
        connection.execute(text("DELETE FROM settings"))


@pytest.mark.postgres
def test_a_read_of_postgresql_cannot_write(postgres):
    """It says so to the server, which refuses; the next transaction of that connection may."""
    with pytest.raises(StorageUnavailable, match="ReadOnlySqlTransaction"), postgres.read() as connection:
        customer(connection)
    with postgres.write() as connection:
        customer(connection)
        told = [
            connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("transaction_isolation", "transaction_read_only")
        ]
    assert ["read committed", "off"] == told


@pytest.mark.postgres
def test_of_two_that_wait_for_each_other_one_hears_that_it_may_try_again(postgres):
    """A deadlock is no trouble with the database: the same transaction may work at once."""
    with postgres.write() as connection:
        for name in ("one", "other"):
            control.put_setting(connection, name, "0")
    gate = threading.Barrier(2)
    heard = []

    def write(*names):
        try:
            with postgres.write() as connection:
                control.put_setting(connection, names[0], "1")
                gate.wait(60)
                control.put_setting(connection, names[1], "1")
        except StorageUnavailable as error:
            heard.append(error.contended)

    threads = [threading.Thread(target=write, args=names) for names in (("one", "other"), ("other", "one"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [True] == heard
