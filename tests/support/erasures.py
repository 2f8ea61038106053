"""Erases people, and looks for what is left of them."""

from __future__ import annotations

import zlib
from collections.abc import Collection

from sqlalchemy import LargeBinary, select

from aftercare_sdk.engine.erasing import Erasure, erase
from aftercare_sdk.store import people
from aftercare_sdk.store.tables import metadata
from tests.support.shop import Bench


def erase_whoever(bench: Bench, text: str) -> Erasure:
    """Erase whoever is known under a text, which somebody must be."""
    with bench.aftercare.brand.database.read() as connection:
        known = people.search(connection, text)
    assert known
    return erase(bench.aftercare.brand, known, reason="asked for it", actor="K. Mori")


def places(bench: Bench, words: Collection[str]) -> set[str]:
    """Return every column of every table that holds one of some words; by code of its own."""
    found = set()
    with bench.aftercare.brand.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column in table.columns:
                    value = row[column.name]
                    if isinstance(column.type, LargeBinary) and value is not None:
                        raw = bytes(value)
                        value = (zlib.decompress(raw) if raw[:1] == b"\x78" else raw).decode()
                    if isinstance(value, str) and any(word.lower() in value.lower() for word in words):
                        found.add(f"{table.name}.{column.name}")
    return found
