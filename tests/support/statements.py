"""A pytest plugin that lets SQLAlchemy compile each statement once per process, and not once per test.

An engine keeps what it has compiled, and thousands of tests have an engine each. Here all engines of a kind
share one cache: what is kept stands for the structure of a statement, never for its values, and all databases
of a kind are of the same release.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache


class _ByKind(LRUCache[Any, Any]):
    """A cache whose keys name the kind of database, in place of the dialect of one engine."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_kind(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_of_kind(key), value)


def _of_kind(key: Any) -> Any:
    dialect, *rest = key
    return type(dialect), *rest


_COMPILED = _ByKind(2_000)


@event.listens_for(Engine, "engine_connect")
def _share(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_COMPILED)
