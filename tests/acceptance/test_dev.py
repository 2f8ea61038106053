"""`aftercare serve --dev` as a process of its own: mails are caught, shown, and never leave the machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from html import unescape

import pytest
import requests

from aftercare_customshop.signing import new_secret
from aftercare_sdk import Aftercare
from aftercare_sdk.config import load
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.store import control
from aftercare_sdk.store.database import Database
from aftercare_woocommerce import samples

PATIENCE_SECONDS = 60
CONFIGURATION = """
[brand]
name = "Hibi"
zone = "Asia/Tokyo"
country = "JP"
[database]
url = { env = "TEST_DATABASE" }
[shops.woo]
adapter = "woocommerce"
secret = { env = "TEST_WOO" }
locale = "ja"
[shops.own]
adapter = "customshop"
secret = { env = "TEST_OWN" }
currency = "USD"
locale = "en"
[channels.email]
kind = "smtp"
host = "smtp.shop.example"
username = "shop"
password = { env = "TEST_PASSWORD_THAT_NOBODY_HAS_SET" }
sender = "hello@shop.example"
[plugins.flows.thank-you]
"""


class Server:
    """A server in a process of its own, and commands beside it."""

    def __init__(self, folder, environ, *arguments):
        self.folder, self.environ = folder, environ
        self.log = folder / "server.log"
        with self.log.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aftercare_sdk", "serve", *arguments],
                cwd=folder,
                env=environ,
                stderr=stream,
            )

    @property
    def said(self):
        """Everything that it has written."""
        return self.log.read_text(encoding="utf-8")

    @property
    def url(self):
        """Where it listens."""
        return re.search(r'"url": "([^"]+)"', self.said)[1]

    def command(self, *arguments):
        """Run a command in the same folder."""
        return subprocess.run(
            [sys.executable, "-m", "aftercare_sdk", *arguments],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def get(self, path, **headers):
        """Ask for a page."""
        return requests.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_SECONDS)


def until(condition, *, what):
    """Wait for something that must happen, however slow the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def environ(database_url):
    """The environment of the server and of the commands."""
    secret = next(one.secret for one in samples.webhooks() if one.name.startswith("047-"))
    return {
        **{name: value for name, value in os.environ.items() if name != "AFTERCARE_CONFIG"},
        "TEST_DATABASE": database_url,
        "TEST_WOO": secret,
        "TEST_OWN": new_secret(),
    }


@pytest.fixture
def start(tmp_path, environ):
    """Start a server with options; it is ended after the test."""
    (tmp_path / "aftercare.toml").write_text(CONFIGURATION, encoding="utf-8")
    with contextlib.ExitStack() as started:

        def start(*arguments):
            server = Server(tmp_path, environ, *arguments)
            started.callback(end, server)
            return server

        yield start


def end(server):
    """End a server, kindly first."""
    server.process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.process.wait(PATIENCE_SECONDS)
    server.process.kill()


def test_mails_are_caught_and_shown(start):
    """What a developer sees: a line to copy, a mail in each language, and nothing that left the machine."""
    server = start("--dev", "--port", "0")
    until(
        lambda: "trigger purchase --shop own" in server.said or server.process.poll() is not None, what="it"
    )
    assert f"See them at {server.url}/dev" in server.said
    proposed = re.findall(r"^  aftercare (trigger purchase .+)$", server.said, re.MULTILINE)
    assert ["own", "woo"] == sorted(line.split()[3] for line in proposed)

    empty = server.get("/dev").text
    assert "No mail yet" in empty
    assert proposed[0].split(" --at ")[0] in unescape(empty)
    assert 404 == server.get("/dev/mails/1").status_code

    for line in proposed:
        done = server.command(*line.split())
        assert 0 == done.returncode, done.stderr
        assert f"Its mails, once they are due: {server.url}/dev" in done.stderr
    until(lambda: "/dev/mails/2" in server.get("/dev").text, what="two mails")

    listed = server.get("/dev")
    assert listed.text.index("/dev/mails/2") < listed.text.index("/dev/mails/1")
    subjects = re.findall(r"<b dir=\"auto\"[^>]*>([^<]+)</b>", listed.text)
    assert ["Thank you for your or", "【Hibi】ご注文ありがとうございます（ご"] == sorted(
        one[:21] for one in subjects
    )
    pages = [server.get(f"/dev/mails/{number}").text for number in (1, 2)]
    japanese, english = sorted(pages, key=lambda page: "テスト 花子 様" not in page)
    assert 'class="letter" lang="ja"' in japanese
    assert "¥2,870" in unescape(japanese) or "￥2,870" in unescape(japanese)
    assert "$28.70" in unescape(english)
    assert "<iframe sandbox " in english
    assert "Message-ID: " in unescape(english)

    policy = listed.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "no-store" == listed.headers["Cache-Control"]
    assert "script" not in listed.text.replace("Javascript", "")
    assert 403 == server.get("/dev", Host="shop.example").status_code
    assert 403 == server.get("/dev/mails/1", Host="shop.example:8000").status_code
    assert 200 == server.get("/dev", Host="localhost:8000").status_code

    # The database is one for trying out, and the configured mail server was never asked.
    assert "demo" == json.loads(server.command("db", "current", "--json").stdout)["mode"]
    assert "smtp.shop.example" not in server.said
    told = server.command(
        "timeline", "--lang", "en", re.search(r"trigger-\d+@example\.com", english)[0]
    ).stdout
    assert "The mail service accepted it." in told

    server.process.send_signal(signal.SIGTERM)
    assert 0 == server.process.wait(PATIENCE_SECONDS)


def test_an_order_of_last_month_is_heard_of(start):
    """In a database that --dev began, plugins take part since long before; what is too late is not sent."""
    server = start("--dev", "--port", "0")
    until(lambda: "trigger purchase" in server.said or server.process.poll() is not None, what="the server")
    at = (SystemClock().now() - timedelta(days=30)).isoformat(timespec="minutes")
    done = server.command(
        "trigger", "purchase", "--shop", "woo", "--order", "7", "--at", at, "--url", server.url
    )
    assert "does not hear" not in done.stderr

    def told():
        return server.command("timeline", "--lang", "en", "trigger-7@example.com").stdout

    until(lambda: "not to be sent" in told(), what="the message that comes too late")
    assert "No mail yet" in server.get("/dev").text


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "shop.example"])  # noqa: S104 - refused, not opened
def test_nobody_else_can_reach_it(start, host):
    """--dev on an address that others reach is refused before anything is opened."""
    server = start("--dev", "--host", host)
    assert 2 == server.process.wait(PATIENCE_SECONDS)
    assert f"listens on this machine only, not on {host}" in server.said


def test_a_live_database_is_not_touched(start, environ, tmp_path, monkeypatch):
    """Its messages would count as sent, and nobody would get them."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "aftercare.toml").write_text(CONFIGURATION, encoding="utf-8")
    order = next(one for one in samples.webhooks() if one.name.startswith("047-"))
    with Aftercare(load(tmp_path / "aftercare.toml")) as shop:
        assert 202 == shop.receive("woo", order.request).status
    server = start("--dev", "--port", "0")
    assert 2 == server.process.wait(PATIENCE_SECONDS)
    assert "is live: with --dev its messages would end in the mail trap" in server.said
    database = Database(environ["TEST_DATABASE"])
    with database.read() as connection:
        assert "live" == control.setting(connection, "mode")
    database.close()


def test_without_dev_there_is_no_page(start):
    """And the configured channel is used."""
    server = start("--port", "0")
    until(lambda: "serving" in server.said or server.process.poll() is not None, what="the server")
    assert 404 == server.get("/dev").status_code
    assert "trigger" not in server.said
