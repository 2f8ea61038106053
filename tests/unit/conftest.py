from __future__ import annotations

import pytest

from aftercare_sdk.store.database import Database


@pytest.fixture
def database(migrated_database_url):
    """A database with the schema of the SDK and nothing else."""
    database = Database(migrated_database_url)
    yield database
    database.close()
