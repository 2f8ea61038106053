"""The server as a whole: a plugin that holds the interpreter stops neither the endpoint nor the others."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from aftercare_sdk.store import control, journal, messages, units
from aftercare_sdk.store.database import Database
from aftercare_woocommerce import samples

PATIENCE_SECONDS = 60
ORDER = "346"
"""A recorded order that is paid when it is first told of, and has no refunds."""

CONFIGURATION = """
[brand]
name = "Hibi"
locale = "ja"
zone = "Asia/Tokyo"
country = "JP"
[database]
url = { env = "TEST_DATABASE" }
[defaults]
stall = "2s"
hook_budget = "1s"
[shops.main]
adapter = "woocommerce"
secrets = [{ env = "TEST_SECRET" }]
read_from = "recordings"
[quiet_hours]
email = "none"
[channels.email]
kind = "maildir"
sender = "hello@shop.example"
path = "mails"
[plugins.flows]
starts_at = 2026-01-01T00:00:00Z
[plugins.flows.thank-you]
window = "3650 days"
[plugins.hog]
starts_at = 2026-01-01T00:00:00Z
[plugins.spinner]
starts_at = 2026-01-01T00:00:00Z
"""

BAD_MANNERS = """
import re

from aftercare_sdk import AftercareHooks, hookimpl


class Hog(AftercareHooks):
    @hookimpl
    def on_purchase(self, event, ctx):
        re.fullmatch(r"(a+)+b", "a" * 40)  # never gives the interpreter back


class Spinner(AftercareHooks):
    @hookimpl
    def on_purchase(self, event, ctx):
        while True:
            pass


hog = Hog()
spinner = Spinner()
"""


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    url: str
    folder: Path
    environ: dict[str, str]
    process: subprocess.Popen[str]
    database: Database

    def post(self, sample: samples.Sample) -> int:
        """Send one recorded webhook; return the answer's status."""
        return requests.post(
            f"{self.url}/webhooks/main",
            data=sample.request.body,
            headers=sample.request.headers,
            timeout=PATIENCE_SECONDS,
        ).status_code

    def get(self, path: str) -> dict[str, object]:
        """Ask the server how it is."""
        return requests.get(f"{self.url}{path}", timeout=PATIENCE_SECONDS).json()


def until(condition: Callable[[], bool], *, what: str) -> None:
    """Wait for something that must happen, however slow the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def running(tmp_path: Path, database_url: str) -> Iterator[Running]:
    """A server with the two bad plugins, installed as pip would, beside the built-in flows."""
    (tmp_path / "bad_manners.py").write_text(BAD_MANNERS)
    info = tmp_path / "bad_manners-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-manners\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[aftercare]\nhog = bad_manners:hog\nspinner = bad_manners:spinner\n"
    )
    (tmp_path / "aftercare.toml").write_text(CONFIGURATION)
    secret = next(one.secret for one in samples.webhooks() if one.name.startswith("047-"))
    environ = {
        **os.environ,
        "TEST_SECRET": secret,
        "TEST_DATABASE": database_url,
        "PYTHONPATH": str(tmp_path),
    }
    log = tmp_path / "server.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "aftercare_sdk", "serve", "--port", "0"],
            cwd=tmp_path,
            env=environ,
            stderr=stream,
            text=True,
        )
    database = Database(database_url)
    try:
        until(lambda: "serving" in log.read_text() or process.poll() is not None, what="the server")
        found = re.search(r'"url": "([^"]+)"', log.read_text())
        assert found, log.read_text()
        yield Running(url=found[1], folder=tmp_path, environ=environ, process=process, database=database)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
        process.kill()
        database.close()


def test_a_plugin_that_holds_the_interpreter_stops_nobody_else(running: Running) -> None:
    """The endpoint answers, the thank-you is planned, and the culprit is off with its event parked."""
    told = next(one for one in samples.webhooks() if one.name.startswith("047-"))
    event = f"main/order/{ORDER}/purchase"
    assert 202 == running.post(told)

    def off() -> set[str]:
        with running.database.read() as connection:
            return set(control.plugins_off(connection))

    def trouble() -> dict[str, str]:
        with running.database.read() as connection:
            return {one.plugin: one.state for one in units.troubled(connection) if one.event == event}

    def planned() -> list[tuple[str, str]]:
        with running.database.read() as connection:
            return [(one.label, one.object) for one in messages.everything(connection)]

    until(lambda: off() == {"hog"}, what="the plugin to be switched off")
    assert {"status": "alive"} == running.get("/healthz")
    assert 202 == running.post(told)
    until(lambda: trouble() == {"hog": "parked", "spinner": "pending"}, what="the two units")
    until(lambda: planned() == [("thank-you", ORDER)], what="the thank-you")
    until(lambda: running.get("/readyz")["problems"] == {}, what="a new decider")
    with running.database.read() as connection:
        assert None is journal.oldest_new(connection)
    listed = subprocess.run(
        [sys.executable, "-m", "aftercare_sdk", "plugins", "--json"],
        cwd=running.folder,
        env=running.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "held the interpreter" in listed.stdout
    assert {"hog", "spinner", "flows", "woocommerce"} <= {row["name"] for row in json.loads(listed.stdout)}


def test_a_terminated_server_ends_with_its_children(running: Running) -> None:
    """SIGTERM ends the endpoint and both children, with exit code 0."""
    running.process.send_signal(signal.SIGTERM)
    assert 0 == running.process.wait(PATIENCE_SECONDS)
    with pytest.raises(requests.ConnectionError):
        running.get("/healthz")
