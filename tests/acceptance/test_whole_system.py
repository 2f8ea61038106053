"""The whole system, as a shop runs it: a server of its own, a platform over HTTP, mails over SMTP."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from aftercare_sdk import Aftercare, RawRequest
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store import journal, messages, reads, streams
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import State
from aftercare_sdk.testing.projection import project
from aftercare_sdk.web.devmail.letter import read_letter
from aftercare_sdk.web.devmail.trap import MailTrap
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, Delivery, FakeWooCommerce, serve
from aftercare_woocommerce.webhooks import install

PATIENCE_SECONDS = 60
"""For a machine that does other things as well; alone it takes a few seconds."""
SECRETS = {"WOO_SECRET": "s3cret", "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}
MINUTES = 45
"""How long the shop does business, until now: a listing reaches an hour back."""

CONFIGURATION = """
[brand]
name = "Hibi"
locale = "ja"
zone = "Asia/Tokyo"
country = "JP"
[database]
url = "{database}"
[defaults]
read_debounce = "1s"
[shops.tea]
adapter = "woocommerce"
url = "{url}"
consumer_key = {{ env = "WOO_KEY" }}
consumer_secret = {{ env = "WOO_KEY_SECRET" }}
secret = {{ env = "WOO_SECRET" }}
[quiet_hours]
email = "none"
[channels.email]
kind = "smtp"
host = "{host}"
port = {port}
security = "none"
sender = "hello@shop.example"
[plugins.flows]
starts_at = 2026-01-01T00:00:00Z
[plugins.flows.thank-you]
delay = "1 minute"
once_per = "0 days"
"""


@dataclass
class World:
    """The shop, where its webhooks are lost, the server behind it, and an engine that hears everything."""

    shop: FakeWooCommerce
    reference: Aftercare
    trap: MailTrap
    folder: object
    database: Database
    process: subprocess.Popen[str]
    dice: random.Random
    late: list[Delivery] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int | None] = field(default_factory=Counter)

    def network(self, *, lose: float = 0.2) -> None:
        """Take all webhooks that wait to the reference, and to the server some: at once, late, or twice."""
        leaving, self.late = self.late, []
        for delivery in self.shop.queue.collect():
            raw = RawRequest(delivery.headers, delivery.body)
            assert 202 == self.reference.receive("tea", raw).status
            about = f"{delivery.topic.partition('.')[0]} {json.loads(delivery.body)['id']}"
            if self.dice.random() < lose:
                self.dropped[about] += 1
                continue
            self.sent[about] += 1
            copies = [delivery] * self.dice.choice((1, 2))
            (self.late if self.dice.random() < 0.3 else leaving).extend(copies)
        self.dice.shuffle(leaving)
        for delivery in leaving:
            self.statuses[self.shop.queue.send(delivery)] += 1

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the server."""
        return subprocess.run(
            [sys.executable, "-m", "aftercare_sdk", *arguments],
            cwd=self.folder,
            env=os.environ | SECRETS,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def unsettled(self) -> list[str]:
        """Return what the server has been told, and has not processed or read."""
        with self.database.read() as connection:
            new = journal.listing(connection, states=[State.NEW])
            waiting = [f"read of {one.kind} {one.id}: {one.error}" for one in reads.listing(connection)]
            return waiting + [f"row {one.seq}: {one.kind} {one.topic}" for one in new]


def until(condition, *, what):
    """Wait for something that must happen, however slow the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def world(tmp_path, database_url):
    """A shop over HTTP, a mail trap, and `aftercare serve` as a process of its own."""
    now = SystemClock().now()
    dice = random.Random(7)  # noqa: S311 - it plays a bad network
    shop = FakeWooCommerce(now=now - timedelta(minutes=MINUTES + 5))
    with contextlib.ExitStack() as started:
        trap = started.enter_context(MailTrap())
        url = started.enter_context(serve(Api(shop)))
        told = CONFIGURATION.format(database=database_url, url=url, host=trap.host, port=trap.port)
        (tmp_path / "aftercare.toml").write_text(told)
        listens = tmp_path / "reference"
        listens.mkdir()
        said = CONFIGURATION.format(database=f"sqlite:///{listens}/r.db", url=url, host="", port=0)
        alone = said.partition("[quiet_hours]")[0]  # it writes to nobody
        (listens / "aftercare.toml").write_text(f"{alone}sync = false\n")
        with pytest.MonkeyPatch.context() as environ:
            for name, value in SECRETS.items():
                environ.setenv(name, value)
            reference = started.enter_context(Aftercare.from_config(listens / "aftercare.toml"))
        log = tmp_path / "server.log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "aftercare_sdk", "serve", "--port", "0"],
                cwd=tmp_path,
                env=os.environ | SECRETS,
                stderr=stream,
                text=True,
            )
        database = Database(database_url)
        try:
            until(lambda: "serving" in log.read_text() or process.poll() is not None, what="the server")
            found = re.search(r'"url": "([^"]+)"', log.read_text())
            assert found, log.read_text()
            world = World(shop, reference, trap, tmp_path, database, process, dice)
            client = RestClient(shop="tea", url=url, consumer_key=KEY, consumer_secret=SECRET)
            install(client, shop="tea", url=f"{found[1]}/webhooks/tea", secret=SECRETS["WOO_SECRET"])
            yield world
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_SECONDS)
            process.kill()
            database.close()


def an_hour(shop, dice, meanwhile):
    """Let a shop do business, up to now; `meanwhile` is called after everything that happens."""
    products = [shop.product(name, price, tax=8) for name, price in (("茶", "880"), ("珈琲", "1620"))]
    accounts = [shop.customer(f"a{number}@example.jp", first_name=f"花{number}") for number in range(3)]
    meanwhile()
    acts = [
        shop.pay,
        shop.pay,
        shop.complete,
        lambda order: shop.refund(order, lines={0: 1}) if shop.refundable(order) >= 1620 else None,
        lambda order: shop.set_status(order, "cancelled"),
        shop.trash,
        lambda order: shop.edit(order, billing={"email": f"new{order}@example.jp"}),
    ]
    for _ in range(MINUTES):
        shop.wait(minutes=1)
        live = [number for number, order in shop.orders.items() if order.status not in ("trash", "cancelled")]
        if not live or dice.random() < 0.4:
            account = dice.choice([0, *accounts])
            email = "" if account else f"guest{dice.randint(1, 5)}@example.jp"
            shop.checkout({dice.choice(products): dice.randint(1, 3)}, email=email, account=account)
        else:
            dice.choice(acts)(dice.choice(live))
        meanwhile()


def test_a_server_that_is_told_badly_knows_as_much_as_one_that_is_told_everything(world):
    """Webhooks come late, twice, in disorder or not at all; after `sync` the facts are those without loss.

    The report names what was recovered, and every buyer is thanked once.
    """
    until(lambda: not unlisted(world.database), what=Late(lambda: unlisted(world.database)))
    an_hour(world.shop, world.dice, world.network)
    silent = world.shop.checkout({11: 1}, email="silent@example.jp", paid=True)
    world.network(lose=1.0)
    gone = world.shop.checkout({11: 1}, email="gone@example.jp", paid=True)
    world.network(lose=0.0)
    while world.late:
        world.network()
    until(lambda: not world.unsettled(), what=Late(world.unsettled))
    world.shop.delete_order(gone)
    assert {202} == world.statuses.keys()
    assert min(sum(world.dropped.values()), sum(world.sent.values())) > 10

    synced = world.run("sync", "--json")
    assert 0 == synced.returncode, synced.stderr
    told = json.loads(synced.stdout)
    assert not told["waiting"]
    report = {f"{one['kind']} {one['id']}": one["change"] for one in told["recovered"]}
    assert "new" == report[f"order {silent}"]
    assert "deleted" == report.pop(f"order {gone}")
    assert report.keys() <= world.dropped.keys(), "nothing is claimed that was not lost"
    unheard = world.dropped.keys() - world.sent.keys()
    assert {"new"} == {report[one] for one in unheard if one.startswith("order ")}

    # A deletion is told by nobody: the reference has to look as well.
    world.reference.process()
    with world.reference.brand.database.write() as connection:
        reads.request(connection, [missing(world.reference, gone)])
    until(lambda: world.reference.run_due() == 0 and is_read(world.reference), what="the reference")
    expected = project(world.reference.brand.database)
    until(lambda: expected == project(world.database), what=Late(lambda: differences(expected, world)))

    until(lambda: not unsent(world.database), what=Late(lambda: unsent(world.database)))
    with world.database.read() as connection:
        accepted = [one for one in messages.everything(connection) if one.state is MessageState.ACCEPTED]
    mails = [read_letter(one.content).message_id.strip("<").partition("@")[0] for one in world.trap.mails]
    assert sorted(one.id for one in accepted) == sorted(mails)
    thanked = Counter(one.object for one in accepted)
    assert {1} == set(thanked.values())
    standing = {
        str(number)
        for number, order in world.shop.orders.items()
        if order.status in {"processing", "completed"} and world.shop.refundable(number) > 0
    }
    assert standing <= thanked.keys()
    assert str(silent) in standing

    world.process.send_signal(signal.SIGTERM)
    assert 0 == world.process.wait(PATIENCE_SECONDS)


def missing(aftercare, order):
    """Return the read that a complete listing would ask for."""
    now = aftercare.clock.now()
    return reads.Read(shop="tea", kind="order", id=str(order), reason="gone", requested_at=now, due_at=now)


def is_read(aftercare):
    """Whether the reference has nothing left to read."""
    with aftercare.brand.database.read() as connection:
        return not reads.listing(connection)


def unsent(database):
    """Return the messages that have not come to an end."""
    with database.read() as connection:
        return [one for one in messages.everything(connection) if one.final_at is None]


def unlisted(database):
    """Return the listings that were never complete: what comes with the first one is the shop's past."""
    with database.read() as connection:
        return [one.name for one in streams.listing(connection) if one.finished_at is None] or (
            ["all"] if not streams.listing(connection) else []
        )


def differences(expected, world):
    """Return what the server knows otherwise."""
    return list(expected.differences(project(world.database)))


class Late:
    """What is waited for, looked at when it is told that the waiting was in vain."""

    def __init__(self, look):
        self._look = look

    def __str__(self):
        return str(self._look())
