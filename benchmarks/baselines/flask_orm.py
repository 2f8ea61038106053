"""The plain way: Flask under gunicorn, a SQLAlchemy ORM session and a commit per request.

What a shop writes that needs a webhook stored and has read the tutorials: one worker process with 32
threads, SQLite in WAL mode with synchronous = FULL, the signature checked, the delivery under a unique key.
"""

from __future__ import annotations

import base64
import hmac
import os
import time

from flask import Flask, request
from sqlalchemy import UniqueConstraint, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

THREADS = 32


class Base(DeclarativeBase):
    """The declarative base."""


class Received(Base):
    """One stored webhook."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("shop", "delivery"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    shop: Mapped[str]
    delivery: Mapped[str]
    topic: Mapped[str]
    received_at: Mapped[int]
    body: Mapped[bytes]


def make_app() -> Flask:
    """Return the application; the environment names the database and the secret."""
    secret = os.environ["BASELINE_SECRET"].encode()
    engine = create_engine(
        os.environ["BASELINE_DATABASE"],
        pool_size=THREADS,
        connect_args={"timeout": 30, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _durable(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        del entry
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    Base.metadata.create_all(engine)
    new_session = sessionmaker(engine)
    app = Flask(__name__)

    @app.post("/webhooks/<shop>")
    def webhook(shop: str) -> tuple[dict[str, str], int]:
        body = request.get_data()
        signed = base64.b64encode(hmac.digest(secret, body, "sha256")).decode()
        if not hmac.compare_digest(signed, request.headers.get("X-WC-Webhook-Signature", "")):
            return {"outcome": "bad signature"}, 401
        with new_session() as session:
            session.add(
                Received(
                    shop=shop,
                    delivery=request.headers["X-WC-Webhook-Delivery-ID"],
                    topic=request.headers["X-WC-Webhook-Topic"],
                    # Nothing of the SDK decides by this; it only has to be as long as a real instant.
                    received_at=time.monotonic_ns(),
                    body=body,
                )
            )
            try:
                session.commit()
            except IntegrityError:
                return {"outcome": "seen before"}, 202
        return {"outcome": "stored"}, 202

    return app
