from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy import text

from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.errors import DeciderBusy, StorageUnavailable
from aftercare_sdk.store.database import Database


@pytest.fixture
def storage(migrated_database_url):
    """A database with the schema in it."""
    made = Database(migrated_database_url)
    yield made
    made.close()


def test_every_holder_gets_a_newer_token(storage):
    """So that whoever comes later outdates all before, also after a failure."""
    tokens = []
    for _ in range(3):
        with suppress(ZeroDivisionError), decider_lock(storage) as token:
            tokens.append(token)
            _ = 1 / 0
    assert tokens == sorted(set(tokens))


def test_one_holds_it_at_a_time(storage, migrated_database_url):
    """Neither the same process nor another connection gets it as well; afterwards both may."""
    other = Database(migrated_database_url)
    with decider_lock(storage):
        for wants in (storage, other):
            with pytest.raises(DeciderBusy) as refused, decider_lock(wants):
                pass
            assert "another process decides" in str(refused.value)
    with decider_lock(other):
        pass
    other.close()


def test_two_brands_have_two_locks(databases):
    """Deciders of different databases do not know of each other."""
    from tests.support.databases import migrate

    one, other = (Database(databases.copy_of(migrate)) for _ in range(2))
    with decider_lock(one), decider_lock(other):
        pass
    one.close()
    other.close()


def test_a_folder_without_rights_is_told_as_trouble_with_the_storage(tmp_path, monkeypatch):
    """A retry may help once somebody has mended it."""
    storage = Database(f"sqlite:///{tmp_path / 'aftercare.db'}")

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", denied)
    with pytest.raises(StorageUnavailable, match="Permission denied"), decider_lock(storage):
        pass
    storage.close()


@pytest.mark.postgres
def test_a_server_that_is_gone_is_told_as_trouble_with_the_storage(postgres_databases):
    """Before the work as well as during it, and the error of the work itself comes through."""
    url = postgres_databases.create()
    storage = Database(url)
    postgres_databases.drop(url)
    with pytest.raises(StorageUnavailable), decider_lock(storage):
        pass
    storage.close()


@pytest.mark.postgres
def test_a_lost_session_hides_no_error(postgres_databases):
    """The server has let go of the lock already."""
    from tests.support.databases import migrate

    storage = Database(postgres_databases.copy_of(migrate))

    def fails() -> None:
        with decider_lock(storage):
            postgres_databases.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [storage.url.database],
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with storage.read() as connection:
        assert 1 == connection.execute(text("SELECT 1")).scalar()
    with decider_lock(storage):
        pass
    storage.close()
