"""Addresses of databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from aftercare_sdk.config import Database, Secret, parse
from aftercare_sdk.config.database import normalise, with_password
from aftercare_sdk.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///aftercare.db", "sqlite:////srv/shop/aftercare.db"),
        ("sqlite:///data/a.db?timeout=5", "sqlite:////srv/shop/data/a.db?timeout=5"),
        ("sqlite+pysqlite:////var/a.db", "sqlite:////var/a.db"),
        ("postgresql://shop@db/after", "postgresql+psycopg://shop@db/after"),
        ("postgres://shop@db:5433/after", "postgresql+psycopg://shop@db:5433/after"),
        (
            "postgresql+psycopg://[::1]/after?sslmode=require",
            "postgresql+psycopg://[::1]/after?sslmode=require",
        ),
        ("postgresql:///after?host=/run/postgresql", "postgresql+psycopg:///after?host=/run/postgresql"),
    ],
)
def test_normalised(url, expected):
    """An address becomes what SQLAlchemy takes; a relative file is below the folder of the configuration."""
    assert expected == normalise(url, Path("/srv/shop"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite://", "processes of aftercare cannot share"),
        ("sqlite:///:memory:", "processes of aftercare cannot share"),
        ("sqlite:///file::memory:?cache=shared&uri=true", "processes of aftercare cannot share"),
        ("sqlite:///file:x?mode=memory&uri=true", "processes of aftercare cannot share"),
        ("sqlite:///file:x?uri=true", "no path of a SQLite file"),
        ("sqlite://aftercare.db", "no path of a SQLite file"),
        ("sqlite+aiosqlite:///a.db", "driver"),
        ("postgresql+psycopg2://db/a", "psycopg 3"),
        ("postgresql://shop:hunter2@db/a", "[database], or keep"),
        ("postgresql://shop:hun@ter2@db/a", "holds a password"),
        ("postgresql://db/a?user=x&password=hunter2", "holds a password"),
        ("postgresql://db:hunter2/a", "no proper address"),
        ("postgresql://[db/a", "no proper address"),
        ("mysql://db/a", "SQLite or PostgreSQL"),
        ("aftercare.db", "SQLite or PostgreSQL"),
    ],
)
def test_refused_with_reason_and_without_the_address(url, expected):
    """An address that cannot be used is refused with the reason, and nothing of it is repeated."""
    with pytest.raises(ValueError, match="; ") as caught:
        normalise(url)
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_password_is_put_in_escaped():
    """A password with characters of its own meaning arrives as it is."""
    url = make_url(with_password("postgresql+psycopg://shop@db/after", "p@ss/wo:rd %"))
    assert ("shop", "p@ss/wo:rd %", "db", "after") == (url.username, url.password, url.host, url.database)


def test_resolve_reads_password_and_address():
    """The address for the store has the password in it, or is a secret as a whole."""
    kept_apart = Database(url="postgresql+psycopg://shop@db/a", password=Secret(env="PW"))
    assert "postgresql+psycopg://shop:hunter2@db/a" == kept_apart.resolve({"PW": "hunter2"})
    whole = Database(url=Secret(env="DATABASE_URL"))
    assert "postgresql+psycopg://shop:hunter2@db/a" == whole.resolve(
        {"DATABASE_URL": "postgres://shop:hunter2@db/a"}
    )
    assert "sqlite:///aftercare.db" == Database().resolve({})


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        (Database(url=Secret(env="URL")), "database.url: is no address"),
        (Database(url=Secret(env="MEMORY")), "database.url: is a database in memory"),
        (Database(url=Secret(env="FULL"), password=Secret(env="URL")), "holds a password as well"),
        (Database(url="postgresql+psycopg://db/a", password=Secret(env="URL")), "names no user"),
        (
            Database(url=Secret(env="NONE", setting="database.url")),
            "database.url: the environment variable NONE",
        ),
    ],
)
def test_resolve_refuses_without_a_value(database, expected):
    """What cannot be resolved is told by its setting; no secret is repeated."""
    environ = {"URL": "hunter2", "MEMORY": "sqlite://", "FULL": "postgres://shop:hunter2@db/a"}
    with pytest.raises(SettingsError) as caught:
        database.resolve(environ)
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_password_for_sqlite_is_refused():
    """A password beside a SQLite file protects nothing, so it is refused."""
    tree = {
        "brand": {"name": "Hibi"},
        "shops": {"main": {"adapter": "woocommerce", "secrets": []}},
        "database": {"password": {"env": "PW"}},
    }
    with pytest.raises(SettingsError) as caught:
        parse(tree)
    assert ("database.password: SQLite has no passwords; remove it",) == caught.value.problems
