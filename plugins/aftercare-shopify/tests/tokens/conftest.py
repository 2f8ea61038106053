from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
import responses

from aftercare_shopify.tokens import Endpoint, OfflineTokens

DOMAIN = "torii.myshopify.com"
URL = f"https://{DOMAIN}/admin/oauth/access_token"
APP, SECRET = "0123456789abcdef0123456789abcdef", "shpss_fedcba9876543210"
START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
SEED = "shprt_seed0000"


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def wait(self, **how):
        self.at += timedelta(**how)


class Shopify:
    """The token endpoint of one shop: rotates, refuses what is used up, notes what it was asked."""

    def __init__(self):
        self.asked, self.count, self.valid = [], 0, {SEED}
        self.trouble = None
        self.secret = SECRET

    def __call__(self, request):
        """Answer a request."""
        form = {name: values[0] for name, values in parse_qs(request.body).items()}
        self.asked.append(form)
        if self.trouble:
            return self.trouble
        if (form["client_id"], form["client_secret"]) != (APP, self.secret):
            return 400, {}, json.dumps({"error": "invalid_client"})
        self.count += 1
        told = {"access_token": f"shpat_access{self.count}", "expires_in": 3600, "scope": "read_orders"}
        if form["grant_type"] == "client_credentials":
            return 200, {}, json.dumps(told)
        if form["refresh_token"] not in self.valid:
            return 400, {}, json.dumps({"error": "invalid_grant", "error_description": SECRET})
        self.valid = {f"shprt_refresh{self.count}"}
        told |= {"refresh_token": f"shprt_refresh{self.count}", "refresh_token_expires_in": 7776000}
        return 200, {}, json.dumps(told)


class Handler(BaseHTTPRequestHandler):
    """The token endpoint on loopback; slow, so that all who ask at once are there at once."""

    shopify: Shopify

    def do_POST(self):
        """Answer as the shop does."""
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        threading.Event().wait(0.3)
        status, _, body = self.shopify(self)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def clock():
    """A clock that stands still."""
    return Clock()


@pytest.fixture(scope="session")
def new_shopify():
    """Make a token endpoint that nobody can reach yet."""
    return Shopify


@pytest.fixture
def shopify(new_shopify):
    """Shopify's token endpoint, at the shop's own domain."""
    shopify = new_shopify()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.add_callback("POST", URL, shopify)
        yield shopify


@pytest.fixture(scope="session")
def served():
    """Serve the endpoint on loopback; give its address."""

    @contextmanager
    def served(shopify):
        handler = type("Bound", (Handler,), {"shopify": shopify})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    return served


@pytest.fixture(scope="session")
def endpoint():
    """Return what asks the endpoint; nothing really sleeps."""

    def endpoint(**other):
        given = {"shop": "torii", "domain": DOMAIN, "origin": f"https://{DOMAIN}", "client_id": APP}
        given |= {"client_secret": SECRET, "sleep": lambda _: None, "jitter": lambda: 1.0}
        return Endpoint(**{**given, **other})

    return endpoint


@pytest.fixture
def file(tmp_path):
    """Where the tokens are kept."""
    return tmp_path / "torii.tokens.json"


@pytest.fixture
def offline(file, clock, endpoint):
    """Make a provider, as a process does when it starts."""

    def offline(seed=SEED, **other):
        return OfflineTokens(endpoint(**other), file=file, refresh_token=seed, now=clock)

    return offline


@pytest.fixture(scope="session")
def kept():
    """Return what a file of tokens holds."""
    return lambda file: json.loads(file.read_text(encoding="utf-8"))
