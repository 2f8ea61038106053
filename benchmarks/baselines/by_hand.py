"""What a careful programmer writes in an afternoon: json, bare sqlite3, and none of the promises.

No journal, no repeats recognised beyond a unique key, no hooks, no history, no premises, no leases: a figure
beside it says what the promises cost. SQLite is in WAL mode with synchronous = FULL, as everywhere here.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from string import Template

_ORDERS = """
CREATE TABLE orders (id TEXT PRIMARY KEY, email TEXT NOT NULL, total TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE customers (email TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE lines (id INTEGER PRIMARY KEY, "order" TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER);
CREATE TABLE planned (id INTEGER PRIMARY KEY, "order" TEXT NOT NULL UNIQUE, due_at TEXT NOT NULL);
"""
_MESSAGES = """
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, state TEXT NOT NULL, name TEXT NOT NULL,
    recipient TEXT NOT NULL, text TEXT
);
CREATE INDEX waiting ON messages (due_at) WHERE state = 'planned';
"""
_POINTS = """
CREATE TABLE balances (account INTEGER PRIMARY KEY, points INTEGER NOT NULL);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, account INTEGER NOT NULL, kind TEXT NOT NULL,
    points INTEGER NOT NULL, "order" TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE INDEX of_account ON entries (account);
"""
_TEXT = Template("Dear $name,\n\nthank you for your order. We hope that you enjoy it.\n\nHibi\n")


def _open(path: Path, tables: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(tables)
    return connection


def take_in(path: Path, bodies: Sequence[bytes]) -> float:
    """Read orders and plan a message for each, a commit per order; return orders per second."""
    with closing(_open(path, _ORDERS)) as connection:
        started = time.perf_counter()
        for body in bodies:
            order = json.loads(body)
            number, billing = str(order["id"]), order["billing"]
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)",
                (number, billing["email"], order["total"], body),
            )
            connection.execute(
                "INSERT OR IGNORE INTO customers VALUES (?, ?)", (billing["email"], billing["first_name"])
            )
            connection.executemany(
                "INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?)",
                [(line["id"], number, line["sku"], line["quantity"]) for line in order["line_items"]],
            )
            connection.execute(
                'INSERT OR IGNORE INTO planned ("order", due_at) VALUES (?, ?)',
                (number, order["date_paid_gmt"]),
            )
            connection.execute("COMMIT")
        return len(bodies) / (time.perf_counter() - started)


def send(path: Path, due: int) -> float:
    """Send what is due: mark, commit, write, hand to nobody, mark, commit; return messages per second."""
    with closing(_open(path, _MESSAGES)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO messages (due_at, state, name, recipient) VALUES (?, 'planned', ?, ?)",
            [(number, "Ogawa", f"customer-{number}@shop.example") for number in range(due)],
        )
        connection.execute("COMMIT")
        sent: list[tuple[str, str]] = []
        started = time.perf_counter()
        while row := connection.execute(
            "SELECT id, name, recipient FROM messages WHERE state = 'planned' ORDER BY due_at LIMIT 1"
        ).fetchone():
            number, name, recipient = row
            connection.execute("UPDATE messages SET state = 'submitted' WHERE id = ?", (number,))
            text = _TEXT.substitute(name=name)
            sent.append((recipient, text))
            connection.execute("UPDATE messages SET state = 'sent', text = ? WHERE id = ?", (text, number))
        return len(sent) / (time.perf_counter() - started)


def post(path: Path, accounts: int, at_once: int, steps: Sequence[Sequence[tuple[str, int]]]) -> float:
    """Post entries of each step to all accounts, a commit per `at_once` accounts; return entries per second.

    An entry is a kind and points; the balance is changed with it.
    """
    with closing(_open(path, _POINTS)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO balances VALUES (?, 0)", [(one,) for one in range(accounts)])
        connection.execute("COMMIT")
        started = time.perf_counter()
        for step in steps:
            for first in range(0, accounts, at_once):
                several = range(first, min(first + at_once, accounts))
                connection.execute("BEGIN IMMEDIATE")
                for kind, points in step:
                    connection.executemany(
                        'INSERT INTO entries (at, account, kind, points, "order", reason) '
                        "VALUES (?, ?, ?, ?, ?, 'points for the order')",
                        [(one, one, kind, points, f"main/order/{one}") for one in several],
                    )
                    connection.executemany(
                        "UPDATE balances SET points = points + ? WHERE account = ?",
                        [(points, one) for one in several],
                    )
                connection.execute("COMMIT")
        taken = time.perf_counter() - started
        return accounts * sum(map(len, steps)) / taken


def add_up(path: Path, identities: Sequence[int], repeats: int) -> float:
    """Add up all entries of an account in the SDK's own table; return microseconds, the median."""
    places = ", ".join("?" * len(identities))
    statement = f"SELECT sum(points - debt) FROM entries WHERE identity IN ({places})"  # noqa: S608
    taken = []
    with closing(_open(path, "")) as connection:
        for _ in range(repeats):
            started = time.perf_counter()
            connection.execute(statement, identities).fetchone()
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1e6
