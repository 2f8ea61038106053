"""The endpoint over real HTTP: what every kind of request is answered, and that nothing else happens."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.store import journal
from aftercare_sdk.store.database import Database
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint, readiness
from aftercare_woocommerce import plugin, samples

ORDER = next(one for one in samples.webhooks() if one.name.startswith("047-"))
LIMIT = 20_000


@pytest.fixture
def aftercare(migrated_database_url: str) -> Iterator[Aftercare]:
    """An engine with one shop, whose clock stands a minute before the order was made."""
    settings = {
        "brand": {"name": "Hibi"},
        "database": {"url": migrated_database_url},
        "server": {"body_limit": LIMIT},
        "shops": {
            "main": {
                "adapter": "woocommerce",
                "secrets": [{"env": "SECRET"}],
                "read_from": "recordings",
            }
        },
        "channels": {"email": {"kind": "null", "sender": "hello@shop.example"}},
        "plugins": {"flows": {"thank-you": {}}},
    }
    clock = VirtualClock(ORDER.received_at - timedelta(minutes=1))
    with Aftercare(
        settings, clock=clock, plugins={"woocommerce": plugin}, environ={"SECRET": ORDER.secret}
    ) as made:
        yield made


@pytest.fixture
def endpoint(aftercare: Aftercare) -> Iterator[Endpoint]:
    """The endpoint, listening on a free port of loopback."""
    with Endpoint(make_app(aftercare, lambda: readiness(aftercare, {})), "127.0.0.1", 0) as listening:
        yield listening


def post(endpoint: Endpoint, body: object, *, shop: str = "main", **headers: str) -> requests.Response:
    """Send a webhook as a shop would."""
    return requests.post(f"{endpoint.url}/webhooks/{shop}", data=body, headers=headers, timeout=30)


def stored(aftercare: Aftercare) -> list[bytes | None]:
    """Return the bodies in the journal."""
    with aftercare.brand.database.read() as connection:
        kinds = (one for one in journal.listing(connection) if one.kind is journal.Kind.WEBHOOK)
        return [one.body for one in kinds]


def test_a_signed_webhook_is_stored_and_its_repeat_is_recognised(endpoint, aftercare):
    """Twice the same delivery is one row, and both are acknowledged."""
    answers = [post(endpoint, ORDER.request.body, **ORDER.request.headers) for _ in range(2)]
    assert [(202, {"outcome": "stored"}), (202, {"outcome": "seen before"})] == [
        (answer.status_code, answer.json()) for answer in answers
    ]
    assert [ORDER.request.body] == stored(aftercare)


def test_what_is_not_signed_is_refused(endpoint, aftercare):
    """A tampered body, a missing signature and one that is no text at all are 401, and nothing is stored."""
    headers = dict(ORDER.request.headers)
    tampered = post(endpoint, ORDER.request.body + b" ", **headers)
    headers["X-WC-Webhook-Signature"] = "\xff\xfe"
    assert [401, 401, 401] == [
        tampered.status_code,
        post(endpoint, ORDER.request.body).status_code,
        post(endpoint, ORDER.request.body, **headers).status_code,
    ]
    assert [] == stored(aftercare)


@pytest.mark.parametrize("chunked", [False, True], ids=["told length", "chunked"])
def test_a_body_over_the_limit_is_refused(endpoint, aftercare, chunked):
    """Whether its length is told or not, reading ends at the limit."""
    body = b"x" * (LIMIT + 1)
    assert 413 == post(endpoint, iter([body]) if chunked else body).status_code
    assert 401 == post(endpoint, b"x" * LIMIT).status_code
    assert [] == stored(aftercare)


def test_an_unknown_shop_a_ping_and_other_methods(endpoint, aftercare):
    """404 for a shop that is not configured, 200 for a ping, 405 for anything but POST."""
    assert 404 == post(endpoint, b"{}", shop="elsewhere").status_code
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert 200 == post(endpoint, b"webhook_id=1", **form).status_code
    assert 405 == requests.get(f"{endpoint.url}/webhooks/main", timeout=30).status_code
    assert [] == stored(aftercare)


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(endpoint, aftercare):
    """Half a body is no webhook, and the next one is served."""
    with socket.create_connection((endpoint.host, endpoint.port)) as connection:
        connection.sendall(b"POST /webhooks/main HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert 202 == post(endpoint, ORDER.request.body, **ORDER.request.headers).status_code
    assert [ORDER.request.body] == stored(aftercare)


def test_obs_03_health_does_not_look_at_the_database_and_readiness_does(endpoint, aftercare):
    """OBS-03: alive is the process; ready is database, schema and messages that left in time."""
    assert {"status": "ready", "problems": {}} == requests.get(f"{endpoint.url}/readyz", timeout=30).json()
    assert 202 == post(endpoint, ORDER.request.body, **ORDER.request.headers).status_code
    aftercare.process()
    clock = aftercare.clock
    assert isinstance(clock, VirtualClock)
    clock.move(clock.now() + timedelta(hours=2))
    answer = requests.get(f"{endpoint.url}/readyz", timeout=30)
    assert (503, ["messages"]) == (answer.status_code, list(answer.json()["problems"]))
    assert {"decider": "not running"} == {
        name: problem
        for name, problem in readiness(aftercare, {"decider": False}).items()
        if name != "messages"
    }
    assert {"status": "alive"} == requests.get(f"{endpoint.url}/healthz", timeout=30).json()


def test_a_database_that_cannot_be_written_is_503(endpoint, aftercare, monkeypatch, tmp_path):
    """Nothing is acknowledged that is not stored, and the cause is told to the operator, not to the shop."""
    folder = tmp_path / "a disk"
    folder.mkdir()
    broken = Database(f"sqlite:///{folder}/gone.db")
    folder.rmdir()  # the disk is unmounted
    monkeypatch.setattr(aftercare._inbox, "_database", broken)
    answer = post(endpoint, ORDER.request.body, **ORDER.request.headers)
    assert (503, {"outcome": "could not store, try again"}) == (answer.status_code, answer.json())
    assert [] == stored(aftercare)


async def ask(app: ASGIApp, shop: str, body: bytes, headers: Mapping[str, str], below: str = "") -> int:
    """Ask an application without a network; return the status."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{below}/webhooks/{shop}",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    return int(told[0]["status"])


def test_what_is_answered_alike_in_one_turn_is_one_line_of_the_log(aftercare, caplog):
    """The line counts them; one alone has its own line, and a shop that is not ours has no name there."""
    caplog.set_level(logging.INFO, "aftercare_sdk")
    app = make_app(aftercare, dict)
    body, headers = ORDER.request.body, ORDER.request.headers

    async def several() -> list[int]:
        asked = [ask(app, "main", body, {**headers, "X-WC-Webhook-Delivery-ID": str(n)}) for n in range(3)]
        statuses = await asyncio.gather(*asked)
        return [*statuses, await ask(app, "ogawa@example.jp", body, headers)]

    assert [202, 202, 202, 404] == asyncio.run(several())
    lines = [json.loads(line) for line in caplog.messages]
    assert [("main", 202, "stored", 3), ("unknown", 404, "unknown shop", 1)] == [
        (line["shop"], line["status"], line["outcome"], line["count"])
        for line in lines
        if line["event"] == "webhook"
    ]
    assert "ogawa" not in caplog.text


def test_an_application_may_mount_it_under_a_path_of_its_own(aftercare):
    """Webhooks then come in below that path, and are stored like any other."""
    outer = Starlette(routes=[Mount("/after", make_app(aftercare, dict))])
    order = (ORDER.request.body, ORDER.request.headers)
    assert 202 == asyncio.run(ask(outer, "main", *order, below="/after"))
    assert [ORDER.request.body] == stored(aftercare)
