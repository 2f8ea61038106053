from __future__ import annotations

import pytest

from aftercare_sdk.store.database import Database
from tests.support.databases import migrate


@pytest.fixture
def database(migrated_database_url):
    """A database with the schema of the SDK and nothing else."""
    database = Database(migrated_database_url)
    yield database
    database.close()


@pytest.fixture
def empty(database_url):
    """A database without any table."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_databases):
    """A migrated database of PostgreSQL, for what only a server can do."""
    url = postgres_databases.copy_of(migrate)
    database = Database(url)
    yield database
    database.close()
    postgres_databases.drop(url)
