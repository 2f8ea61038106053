"""The limit of the machine: an HTTP parser, a signature, and commits that are shared. No framework, no SDK.

The same design as the SDK's endpoint: one writer thread that commits all that waits, and answers afterwards.
SQLite is in WAL mode with synchronous = FULL. With `store=False` nothing is stored: what then remains is the
ceiling of HTTP and of the load generator.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import queue
import socket
import sqlite3
import threading
import time
from pathlib import Path
from typing import cast

import httptools
import uvloop

_MOST_PER_COMMIT = 128
_STORED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 6\r\ncontent-type: text/plain\r\n\r\nstored"
_REFUSED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"

_CREATE = """
CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY, shop TEXT NOT NULL, delivery TEXT NOT NULL, topic TEXT NOT NULL,
    received_at INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (shop, delivery)
)
"""
_INSERT = "INSERT OR IGNORE INTO inbox (shop, delivery, topic, received_at, body) VALUES (?, ?, ?, ?, ?)"

Row = tuple[str, str, str, int, bytes]


class Writer:
    """The thread that commits."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._waiting: queue.SimpleQueue[tuple[Row, Protocol]] = queue.SimpleQueue()
        threading.Thread(target=self._write, daemon=True).start()

    def put(self, row: Row, asker: Protocol) -> None:
        self._waiting.put((row, asker))

    def _write(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(_CREATE)
        while True:
            batch = [self._waiting.get()]
            while len(batch) < _MOST_PER_COMMIT and not self._waiting.empty():
                batch.append(self._waiting.get())
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [row for row, _ in batch])
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_answer, [asker for _, asker in batch])


def _answer(askers: list[Protocol]) -> None:
    for asker in askers:
        asker.answer(_STORED)


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, secret: bytes, writer: Writer | None) -> None:
        self._secret = secret
        self._writer = writer
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._url = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._headers = {}
        self._body = []

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        signed = base64.b64encode(hmac.digest(self._secret, body, "sha256"))
        if not hmac.compare_digest(signed, self._headers.get(b"x-wc-webhook-signature", b"")):
            self.answer(_REFUSED)
        elif self._writer is None:
            self.answer(_STORED)
        else:
            shop = self._url.rpartition(b"/")[2].decode()
            delivery = self._headers[b"x-wc-webhook-delivery-id"].decode("latin-1")
            topic = self._headers[b"x-wc-webhook-topic"].decode("latin-1")
            # Nothing of the SDK decides by this; it only has to be as long as a real instant.
            self._writer.put((shop, delivery, topic, time.monotonic_ns(), body), self)

    def answer(self, told: bytes) -> None:
        if self._transport is not None:
            self._transport.write(told)


def serve(listening: socket.socket, path: Path, secret: str, *, store: bool) -> None:
    """Serve until the process ends."""

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        writer = Writer(path, loop) if store else None
        server = await loop.create_server(lambda: Protocol(secret.encode(), writer), sock=listening)
        await server.serve_forever()

    uvloop.run(forever())
