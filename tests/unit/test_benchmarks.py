from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aftercare_sdk.config import parse
from aftercare_sdk.engine.books import verify
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import RawRequest, Shop
from aftercare_sdk.store import entries, lots, people
from aftercare_woocommerce.adapter import WooCommerceAdapter
from benchmarks.accounts import Account, fill
from benchmarks.figures import Figure, percentile, ratios
from benchmarks.load import Requests
from benchmarks.orders import START, open_shop
from benchmarks.orders_of_a_shop import BYTES, LINES, SECRET, SHOP, Orders, environ, settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """All figures of a run that measures next to nothing."""
    folder = tmp_path_factory.mktemp("benchmarks")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", "--folder", folder, "--json", folder / "figures.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == run.returncode, run.stderr
    assert ["figures.json"] == [path.name for path in folder.iterdir()]
    assert "median" in run.stdout
    return json.loads((folder / "figures.json").read_text(encoding="utf-8"))["figures"]


def test_every_measure_runs(figures):
    """Each measure starts its servers or its engine, finishes its work, and gives figures above zero."""
    assert ["webhooks", "orders", "messages", "points", "hooks", "transactions"] == list(
        dict.fromkeys(one["measure"] for one in figures)
    )
    assert [] == [one["name"] for one in figures if not one["values"] or min(one["values"]) <= 0]


def test_the_readme_explains_every_row(figures):
    """What is printed is described in benchmarks/README.md, its goal included, and nothing else is."""
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    told = {
        (name, goal.strip())
        for name, goal in re.findall(r"^\| ([^|]+?) \| [^|]+ \|([^|]*)\|$", page, re.MULTILINE)
        if name not in {"row", "---"}
    }
    printed = {
        (re.sub(r"[\d,]+ (pending|entries|usable lots)", r"N \1", one["name"]), one["goal"])
        for one in figures
    }
    printed = {
        (re.sub(r"slower with [\d,]+ than with [\d,]+", "slower with N than with n", name), goal)
        for name, goal in printed
    }
    assert told == printed


def test_accounts_have_the_history_that_is_measured(tmp_path):
    """Their books hold: copies of real lots and entries, as many as the figures say."""
    accounts = [Account(f"{SHOP}/1", 10), Account(f"{SHOP}/2", 100), Account(f"{SHOP}/3", 60, usable=60)]
    with open_shop(tmp_path / "accounts.db", START) as aftercare:
        fill(aftercare, accounts)
        with aftercare.brand.database.read() as connection:
            assert [] == verify(connection).violations
            for account in accounts:
                found = people.search(connection, account.name)
                (identities,) = people.identities_of(connection, found.values()).values()
                assert account.entries == len(entries.of_identities(connection, identities))
                usable = list(lots.usable(connection, identities, START))
                assert account.usable == len(usable)
                assert {*identities} == {award.lot.identity for award in usable}
                ended = [
                    award.lot for award in lots.of_identities(connection, identities) if award not in usable
                ]
                assert {(0, 1_000)} >= {(lot.remaining, lot.spent + lot.expired) for lot in ended}
                assert 1 >= abs(sum(1 if lot.spent else -1 for lot in ended))


def test_ratios_are_taken_round_by_round():
    """A round that ran while the machine was busy slows both sides, and so not the ratio."""
    assert (8.0, 8.0) == ratios([800, 80], [100, 10])


def test_percentile():
    """A share of the values lies below; the largest is the end."""
    values = [float(value) for value in range(100, 0, -1)]
    assert (51.0, 100.0, 100.0) == (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1))


@pytest.mark.parametrize(
    ("bounds", "value", "goal", "reached"),
    [
        ({}, 1.0, "", None),
        ({"at_least": 8}, 7.9, "≥ 8.00", False),
        ({"at_least": 8}, 8.0, "≥ 8.00", True),
        ({"at_most": 0.1}, 0.1, "≤ 0.10", True),
        ({"at_most": 1_500}, 1_501, "≤ 1,500", False),
    ],
)
def test_goals(bounds, value, goal, reached):
    """The median is compared with the goal."""
    figure = Figure(measure="m", name="n", unit="/s", values=(0.0, value, 9_999.0), **bounds)
    assert (goal, reached) == (figure.goal, figure.reached)


class TestRequests:
    """The load is what a shop would send: signed, distinct, paid orders of 8 kB."""

    @pytest.fixture
    def shop(self):
        """The adapter of the shop that the servers are configured with."""
        (configured,) = parse(settings("sqlite:///none.db")).shops.values()
        assert SHOP == configured.name
        return WooCommerceAdapter(Shop(name=SHOP, secrets=tuple(environ().values())))

    def test_signed_and_distinct(self, shop):
        """The adapter verifies them; numbers, deliveries and orders differ, signed beforehand or not."""
        requests = Requests(prepared=1)
        heads, webhooks = [], []
        for _ in range(3):
            head, _, body = requests.take().partition(b"\r\n\r\n")
            _, *lines = head.decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            assert str(len(body)) == headers["Content-Length"]
            heads.append(headers)
            webhooks.append(shop.verify(RawRequest(headers=headers, body=body)))
        assert 3 == len({webhook.delivery for webhook in webhooks})
        assert 3 == len({json.loads(webhook.body)["id"] for webhook in webhooks})
        assert [True] * 3 == [webhook.dated for webhook in webhooks]
        assert SECRET not in str(heads)

    def test_orders(self, shop):
        """Each is a paid order of at least 8 kB, of its own customer or of the one that was named."""
        orders = Orders(START)
        for number, person, email in (
            (7, None, "customer-100000007@shop.example"),
            (8, 3, "customer-100000003@shop.example"),
        ):
            (told,) = shop.translate(shop.verify(orders.request(number, person)))
            assert isinstance(told, OrderSnapshot)
            assert (str(100_000_000 + number), email) == (told.id, told.contact.email)
            assert (START, START) == (told.placed_at, told.purchased_at)
            assert LINES == len(json.loads(orders.body(number))["line_items"])
            assert orders.size == len(orders.body(number, person)) >= BYTES
