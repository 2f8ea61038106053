"""Addresses of databases: SQLite files and PostgreSQL, in the form SQLAlchemy wants."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

_KEEP_APART = (
    'take it out and add password = { env = "DATABASE_PASSWORD" } below [database], '
    'or keep the whole address outside the file: url = { env = "DATABASE_URL" }'
)
_SQLITE = 'write the path of a file, such as "sqlite:///aftercare.db"'
_POSTGRESQL = '"postgresql://user@host/name"'


def normalise(url: str, folder: Path | None = None, *, password: bool = False) -> str:
    """Return `url` as SQLAlchemy wants it: a relative SQLite file below `folder`, PostgreSQL by psycopg.

    Raises ValueError with what is wrong and its cure, without any part of the address. `password` says
    that it may hold one, because it does not stand in the file.
    """
    scheme, separator, rest = url.strip().partition("://")
    dialect, _, driver = scheme.lower().partition("+")
    if separator and dialect == "sqlite":
        return _sqlite(rest, driver, folder)
    if separator and dialect in {"postgresql", "postgres"}:
        return _postgresql(rest, driver, password=password)
    raise ValueError(
        "is no address of SQLite or PostgreSQL; "
        f'write "sqlite:///aftercare.db" (one file, no server) or {_POSTGRESQL}'
    )


def with_password(url: str, password: str) -> str:
    """Return a normalised PostgreSQL address with `password` in it, escaped.

    Raises ValueError, without any part of the address, if there is no place for one.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        raise ValueError("SQLite has no passwords; remove it")
    if _holds_password(rest):
        raise ValueError("the address holds a password as well; keep one of them")
    user, at, host = rest.partition("@")
    if not at:
        raise ValueError(f"the address names no user; write {_POSTGRESQL}")
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}"


def _sqlite(rest: str, driver: str, folder: Path | None) -> str:
    if driver not in {"", "pysqlite"}:
        raise ValueError('names a driver that is not used here; write "sqlite:///aftercare.db"')
    location, _, query = rest.partition("?")
    name = location.removeprefix("/")
    if name in {"", ":memory:"} or "memory" in query or name.startswith("file::memory:"):
        raise ValueError(
            f"is a database in memory, which the several processes of aftercare cannot share; {_SQLITE}"
        )
    if not location.startswith("/") or name.startswith("file:"):
        raise ValueError(f"is no path of a SQLite file; {_SQLITE}")
    file = folder / name if folder else Path(name)
    return f"sqlite:///{file}?{query}" if query else f"sqlite:///{file}"


def _postgresql(rest: str, driver: str, *, password: bool) -> str:
    if driver not in {"", "psycopg"}:
        raise ValueError(f"names a driver that is not used here (psycopg 3 is); write {_POSTGRESQL}")
    if _holds_password(rest) and not password:
        raise ValueError(f"holds a password; {_KEEP_APART}")
    try:
        parts = urlsplit(f"postgresql://{rest}")
        usable = parts.port is None or bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or not rest.isprintable() or " " in rest:
        raise ValueError(f"is no proper address; write {_POSTGRESQL}, with unusual characters as %XX")
    return f"postgresql+psycopg://{rest}"


def _holds_password(rest: str) -> bool:
    location, _, query = rest.partition("?")
    # Up to the last @, because a password that was not escaped may hold one itself.
    return ":" in location.rpartition("@")[0] or any(
        "password" in key.lower() for key, _ in parse_qsl(query, keep_blank_values=True)
    )
