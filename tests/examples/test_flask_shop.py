from __future__ import annotations

import importlib.util
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from werkzeug.serving import make_server

from aftercare_woocommerce import samples

EXAMPLE = Path(__file__).parents[2] / "examples" / "flask_shop"
SECRET = "whsec-order-updated-7f3a"


def load_app_module(folder):
    """Import app.py as Flask does, from the folder where it lies."""
    spec = importlib.util.spec_from_file_location("flask_shop_app", folder / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shop_folder(tmp_path, monkeypatch):
    """A copy of the example, entered, because it writes its database beside its configuration."""
    folder = tmp_path / "flask_shop"
    shutil.copytree(EXAMPLE, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    return folder


@pytest.fixture
def app(shop_folder):
    """The application as `flask --app app run` makes it."""
    app = load_app_module(shop_folder).create_app()
    yield app
    app.extensions["aftercare"].close()


@pytest.fixture
def client(app):
    """Flask's own way to send requests without a socket."""
    return app.test_client()


@pytest.fixture(scope="module")
def signed():
    """A recorded request: WooCommerce tells that ogawa's order was paid."""
    return next(each.request for each in samples.webhooks() if each.name.startswith("022-"))


def post(client, request, shop="main"):
    """Send a recorded request through the test client."""
    return client.post(f"/webhooks/{shop}", data=request.body, headers=webhook_headers(request))


def webhook_headers(request):
    """The recorded headers that belong to the webhook, without those of the recorded connection."""
    return {
        name: value
        for name, value in request.headers.items()
        if name.startswith("X-WC-") or name == "Content-Type"
    }


def test_a_signed_webhook_is_stored(client, signed):
    """The answer to what the shop signed is 202, after the commit."""
    answer = post(client, signed)
    assert (answer.status_code, answer.text) == (202, "stored")


def test_a_repeated_webhook_is_acknowledged_again(client, signed):
    """A copy of a delivery is answered like the original, and stored once."""
    post(client, signed)
    answer = post(client, signed)
    assert (answer.status_code, answer.text) == (202, "seen before")


def test_a_ping_is_answered(client):
    """WooCommerce asks without a signature whether somebody listens."""
    answer = client.post("/webhooks/main", data={"webhook_id": "1"})
    assert answer.status_code == 200


def test_a_changed_body_is_refused(client, signed):
    """The signature covers every byte."""
    headers = webhook_headers(signed)
    answer = client.post("/webhooks/main", data=signed.body + b" ", headers=headers)
    assert answer.status_code == 401


def test_an_unknown_shop_is_not_found(client, signed):
    """Only shops of aftercare.toml have an address."""
    assert post(client, signed, shop="elsewhere").status_code == 404


@pytest.mark.parametrize("size", [1_000_001, 5_000_001], ids=["aftercare's limit", "Flask's limit"])
def test_a_body_over_the_limit_is_refused(client, size):
    """What nobody sends in good faith is not stored."""
    assert client.post("/webhooks/main", data=b"x" * size).status_code == 413


def test_the_webhook_becomes_a_purchase(app, client, signed):
    """What came in through Flask is processed like everything else."""
    post(client, signed)
    assert app.extensions["aftercare"].process() > 0


@contextmanager
def serving(app):
    """Serve the application over a real socket on loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(url, request):
    """Send a recorded request over HTTP and return the status."""
    return requests.post(url, data=request.body, headers=webhook_headers(request), timeout=10).status_code


def test_recorded_requests_over_a_real_socket(app, signed):
    """The same, with everything that a web server does to a request on its way."""
    with serving(app) as address:
        assert fetch(f"{address}/webhooks/main", signed) == 202
        assert fetch(f"{address}/webhooks/elsewhere", signed) == 404
        unsigned = next(each.request for each in samples.webhooks() if each.name.startswith("020-"))
        assert fetch(f"{address}/webhooks/main", unsigned) == 401
