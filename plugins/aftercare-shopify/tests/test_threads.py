from __future__ import annotations

import itertools
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from aftercare_sdk.errors import AftercareError, ConfigurationError
from aftercare_shopify import client as module
from aftercare_shopify import operations
from aftercare_shopify.client import ShopifyClient
from aftercare_shopify.tokens import Endpoint, OfflineTokens

THREADS, CALLS = 40, 12
NAMES = ("torii", "hibi")


class Shop:
    """A shop on loopback that fails in every way now and then, and notes what reaches it."""

    def __init__(self, name):
        self.name, self.seen, self.told = name, [], []
        self.dice, self.lock = random.Random(name), threading.Lock()  # noqa: S311 - dice
        self.tokens = itertools.count(1)
        self.valid = ""

    def grant(self):
        """Return a new token; the one before is worth nothing from now on."""
        with self.lock:
            self.valid = f"{self.name}_access_{next(self.tokens)}"
            refresh = f"{self.name}_refresh_{self.valid}"
            return {"access_token": self.valid, "expires_in": 3600, "refresh_token": refresh}

    def roll(self):
        """Return what goes wrong with the next request, if anything."""
        with self.lock:
            return self.dice.choices(
                ["", "500", "401", "throttled", "internal", "silence", "cut", "redirect"],
                [68, 6, 1, 8, 6, 4, 6, 1],
            )[0]


class Handler(BaseHTTPRequestHandler):
    """Serves one shop, over connections that stay open."""

    protocol_version = "HTTP/1.1"
    shop: Shop

    def do_POST(self):
        """Answer a request, or do not."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path.endswith("/access_token"):
            form = parse_qs(body)
            self.shop.told += [form["client_secret"][0], form["refresh_token"][0]]
            self.send(200, self.shop.grant())
            return
        token, asked = self.headers["X-Shopify-Access-Token"], json.loads(body)
        self.shop.seen.append((token, asked["variables"]["shop"]))
        self.fail_or_answer(token, asked["variables"])

    def fail_or_answer(self, token, variables):
        """Answer what was asked, with the token that came, unless something goes wrong."""
        stale = token != self.shop.valid
        trouble = "401" if stale else self.shop.roll()
        if trouble == "silence":
            threading.Event().wait(1.0)
            self.close_connection = True
        elif trouble == "cut":
            self.close_connection = True
        elif trouble in {"500", "401"}:
            if trouble == "401" and not stale:
                self.shop.valid = ""
            self.send(int(trouble), {"errors": "no"})
        elif trouble == "redirect":
            self.send(302, {}, Location=self.server.other)
        elif trouble == "throttled":
            status = {"maximumAvailable": 1000, "currentlyAvailable": 0, "restoreRate": 1000}
            cost = {"requestedQueryCost": 1, "throttleStatus": status}
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            self.send(200, {"errors": [error], "extensions": {"cost": cost}})
        elif trouble == "internal":
            self.send(200, {"errors": [{"message": "m", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]})
        else:
            self.send(200, {"data": {"echo": {"of": self.shop.name, "number": variables["number"]}}})

    def send(self, status, told, **headers):
        """Send an answer."""
        body = json.dumps(told).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Stay silent."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as there are threads."""

    daemon_threads = True
    request_queue_size = 2 * THREADS
    other = ""

    def handle_error(self, *_):
        """A client that gave up is what this is about."""


@contextmanager
def served(shop):
    """Serve a shop on loopback."""
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"shop": shop}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hurried(monkeypatch):
    """Pauses and time-outs are short, and one operation is there for this test alone."""
    monkeypatch.setattr(module, "READ", 0.4)
    monkeypatch.setattr(module, "SHORTEST_WAIT", 0.0)
    monkeypatch.setattr(operations, "operation", lambda _: "query Asked { shop { id } }")
    operations.changes.cache_clear()
    yield
    operations.changes.cache_clear()


def test_no_request_carries_the_other_shops_token(hurried, tmp_path):
    """Forty threads ask two shops in turn, with errors, time-outs and new tokens in between.

    With the library's own client the second shop's token would go to the first shop's address.
    """
    shops = {name: Shop(name) for name in NAMES}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(served(shop)) for name, shop in shops.items()}
        urls = {name: f"http://127.0.0.1:{server.server_port}" for name, server in servers.items()}
        servers["torii"].other, servers["hibi"].other = urls["hibi"], urls["torii"]
        clients = {name: connected(name, urls[name], tmp_path) for name in NAMES}
        with ThreadPoolExecutor(THREADS) as pool:
            results = list(pool.map(lambda number: ask(clients, number), range(THREADS * CALLS)))
    answered = [(name, number, told) for name, number, told in results if isinstance(told, dict)]
    failed = [told for *_, told in results if isinstance(told, AftercareError)]
    assert THREADS * CALLS == len(answered) + len(failed)
    assert [(name, number) for name, number, _ in answered] == [
        (told["echo"]["of"], told["echo"]["number"]) for *_, told in answered
    ]
    assert len(answered) > THREADS
    assert any(isinstance(told, ConfigurationError) for told in failed)
    for name, shop in shops.items():
        assert {name} == {asked for _, asked in shop.seen}
        assert {True} == {token.startswith(f"{name}_access_") for token, _ in shop.seen}
        assert {True} == {secret.startswith(f"{name}_") for secret in shop.told}
        assert len({token for token, _ in shop.seen}) > 1


def connected(name, url, folder):
    """Return a client of a shop whose tokens are replaced whenever they are refused."""
    endpoint = Endpoint(
        shop=name,
        domain=f"{name}.myshopify.com",
        origin=url,
        client_id=f"{name}_client",
        client_secret=f"{name}_secret",
        sleep=lambda _: None,
    )
    tokens = OfflineTokens(
        endpoint,
        file=folder / f"{name}.json",
        refresh_token=f"{name}_seed",
        now=lambda: datetime(2026, 7, 1, tzinfo=UTC),
    )
    return ShopifyClient(
        shop=name, domain=f"{name}.myshopify.com", url=url, tokens=tokens, sleep=lambda _: None
    )


def ask(clients, number):
    """Ask one of the shops; return which, and what came of it."""
    name = NAMES[number % 2]
    try:
        return name, number, clients[name].query("asked", {"shop": name, "number": number}).data
    except AftercareError as error:
        return name, number, error
