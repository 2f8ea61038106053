"""A home-made shop that works together with aftercare: `flask --app app run --port 8080`.

It needs nothing of aftercare but its messages. It tells of each order (`tell`), answers when it is asked
(`question`), and takes what is decided (`effect`). All three are signed with one secret, by the library of
the Standard Webhooks project.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask, request
from standardwebhooks import Webhook, WebhookVerificationError

Answer = tuple[dict[str, Any], int]

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT, id TEXT, updated_at TEXT, told TEXT, PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS by_change ON objects (kind, updated_at, id);
CREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY, terms TEXT, usable INTEGER);
CREATE TABLE IF NOT EXISTS tags (customer TEXT, name TEXT, value TEXT, PRIMARY KEY (customer, name));
"""


def wall_clock() -> datetime:
    """Return the time; a test gives another one."""
    return datetime.now(UTC)  # noqa: TID251 - this is the shop, whose time it is


class Store:
    """The shop's database. Objects are kept as they are told."""

    def __init__(self, path: str) -> None:
        self._path = path
        with self.open() as database:
            database.executescript(TABLES)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction."""
        database = sqlite3.connect(self._path)
        try:
            with database:
                yield database
        finally:
            database.close()

    def put(self, kind: str, told: Mapping[str, Any]) -> None:
        """Keep an object."""
        with self.open() as database:
            database.execute(
                "REPLACE INTO objects VALUES (?, ?, ?, ?)",
                (kind, str(told["id"]), told["updated_at"], json.dumps(told)),
            )

    def get(self, kind: str, id_: str) -> dict[str, Any] | None:
        """Return an object, or None."""
        with self.open() as database:
            row = database.execute(
                "SELECT told FROM objects WHERE kind = ? AND id = ?", (kind, id_)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def delete(self, kind: str, id_: str) -> None:
        """Forget an object."""
        with self.open() as database:
            database.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, id_))

    def page(self, kind: str, since: str, cursor: str | None, limit: int) -> dict[str, Any]:
        """Return the objects after a cursor, in the order of their last change.

        Whatever changes meanwhile moves to the end, and comes again. Pages by number would miss something.
        """
        at, _, id_ = (cursor or "").partition(" ")
        with self.open() as database:
            rows = database.execute(
                "SELECT updated_at, id, told FROM objects WHERE kind = ? AND updated_at >= ? "
                "AND (updated_at, id) > (?, ?) ORDER BY updated_at, id LIMIT ?",
                (kind, since, at, id_, limit + 1),
            ).fetchall()
        more = len(rows) > limit
        rows = rows[:limit]
        return {
            "items": [json.loads(told) for _, _, told in rows],
            "next": f"{rows[-1][0]} {rows[-1][1]}" if more else None,
        }


def moment(at: datetime) -> str:
    """Write a moment so that the order of the texts is that of the moments."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def create_app(
    database: str = "shop.db",
    *,
    secret: str | None = None,
    aftercare: str | None = None,
    clock: Callable[[], datetime] = wall_clock,
) -> Flask:
    """Make the application. `aftercare` is the address that takes its messages."""
    store = Store(database)
    signature = Webhook(secret or os.environ["SHOP_SECRET"])
    app = Flask(__name__)
    app.config["AFTERCARE_URL"] = aftercare or os.environ.get(
        "AFTERCARE_URL", "http://127.0.0.1:8000/webhooks/main"
    )
    app.extensions["store"] = store

    def tell(kind: str, data: Mapping[str, Any]) -> bool:
        """Post a message; what does not get through is found when aftercare asks."""
        now = clock()
        body = json.dumps({"type": kind, "timestamp": moment(now), "data": data})
        name = f"msg_{uuid.uuid4().hex}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature.sign(name, now, body),
        }
        try:
            answer = requests.post(app.config["AFTERCARE_URL"], data=body, headers=headers, timeout=10)
        except requests.RequestException:
            return False
        return answer.ok

    @app.post("/orders")
    def order() -> Answer:
        """Take an order: what a checkout does. A real shop knows who orders, and what it costs."""
        asked = request.get_json()
        now = moment(clock())
        told = {
            **asked,
            "placed_at": now,
            "updated_at": now,
            "paid_at": now,
            "cancelled": False,
            "shipments": [],
            "refunds": [],
        }
        store.put("order", told)
        return {"told": tell("order.updated", told)}, 201

    @app.post("/aftercare")
    def aftercare_asks() -> Answer:
        """Take a signed message: a question, or something to do."""
        try:
            message = signature.verify(request.get_data(), dict(request.headers))
        except (WebhookVerificationError, ValueError):  # the library raises both
            return {"error": "not signed"}, 401
        kind, data = message["type"], message["data"]
        return question(store, kind, data) or effect(store, kind, data) or ({"reason": "unknown_type"}, 422)

    return app


def question(store: Store, kind: str, data: Mapping[str, Any]) -> Answer | None:
    """Answer what aftercare asks."""
    match kind.split("."):
        case ["orders" | "customers" | "products" as several, "list"]:
            since = data["updated_since"]
            from_when = moment(datetime.fromisoformat(since)) if since else ""
            return store.page(several.removesuffix("s"), from_when, data["cursor"], data["limit"]), 200
        case ["order" | "customer" | "product" as one, "get"]:
            told = store.get(one, data["id"])
            return (told, 200) if told else ({"gone": True}, 404)
    return None


def effect(store: Store, kind: str, data: Mapping[str, Any]) -> Answer | None:
    """Do what is decided. Each may come again, and is done once all the same."""
    with store.open() as database:
        if kind == "discount_code.issue":
            terms = json.dumps(data, sort_keys=True)
            # The code is the key: a second try finds what the first has made.
            database.execute("INSERT OR IGNORE INTO codes VALUES (?, ?, 1)", (data["code"], terms))
            [known] = database.execute("SELECT terms FROM codes WHERE code = ?", (data["code"],)).fetchone()
            return ({"reference": data["code"]}, 200) if known == terms else ({"reason": "code_taken"}, 409)
        if kind == "discount_code.revoke":
            database.execute("UPDATE codes SET usable = 0 WHERE code = ?", (data["code"],))
            return {}, 200
        if kind == "customer.tag":
            account = database.execute(
                "SELECT 1 FROM objects WHERE kind = 'customer' AND id = ?", (data["customer"],)
            ).fetchone()
            if account is None:
                return {"reason": "unknown_customer"}, 422
            database.execute(
                "REPLACE INTO tags VALUES (?, ?, ?)", (data["customer"], data["name"], data["value"])
            )
            return {}, 200
    return None
