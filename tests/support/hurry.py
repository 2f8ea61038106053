"""A pytest plugin that keeps SQLite from waiting for the disk: files of a test need not survive a power cut.

Only the process of the tests hurries. Processes that a test starts, and may kill, do as they do in a shop.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, event

HURRIES = True


@event.listens_for(Engine, "engine_connect")
def _hurry(connection: Connection) -> None:
    if HURRIES and connection.dialect.name == "sqlite" and not connection.info.get("hurries"):
        connection.info["hurries"] = True
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()
