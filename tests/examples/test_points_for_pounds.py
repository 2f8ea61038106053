from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aftercare_sdk.engine import books
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.store.tables import balances
from tests.support.erasures import erase_whoever
from tests.support.shop import DAY, START, Bench, order

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "points_for_pounds"
ANN, BOB = "ann@customer.example", "bob@customer.example"


@pytest.fixture
def start(migrated_database_url, monkeypatch):
    """A function that opens a shop with the plugin; what it is given is the plugin's section."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, value)] = project["entry-points"]["aftercare"].items()
    installed = {name: EntryPoint(name=name, value=value, group="aftercare").load()}
    benches = []

    def start(section):
        benches.append(Bench(migrated_database_url, installed, config={"plugins": {name: section}}))
        return benches[-1]

    yield start
    for bench in benches:
        bench.aftercare.close()


def points(bench):
    """Return what everybody has, and see that the books are in order."""
    with bench.aftercare.brand.database.read() as connection:
        assert not books.verify(connection).violations
        return sum(row.available for row in connection.execute(balances.select()))


def forget(bench, address):
    """Erase somebody, and let plugins hear of it."""
    erase_whoever(bench, address)
    bench.run(DAY)


def test_whoever_is_erased_has_no_points_any_more(start):
    """Others keep theirs."""
    bench = start({"shops": ["main"]})
    bench.tell(order("1", email=ANN, total=1_500), order("2", email=BOB, total=900))
    bench.run(DAY)
    assert 24 == points(bench)
    forget(bench, ANN)
    assert 9 == points(bench)


def test_a_refund_after_the_erasure_changes_nothing(start):
    """The order is counted anew, and is worth nothing."""
    bench = start({"shops": ["main"]})
    bench.tell(order("1", email=ANN, total=1_500))
    bench.run(DAY)
    forget(bench, ANN)
    bench.tell(
        order("1", email=ANN, total=1_500, modified=START + 3 * DAY, refunds={"r": (500, START + 3 * DAY)})
    )
    bench.run(5 * DAY)
    assert 0 == points(bench)


def test_a_shop_that_is_not_named_is_left_alone(start):
    """Installing the plugin changes nothing until a shop is named."""
    bench = start({})
    bench.tell(order("1", email=ANN))
    bench.run(DAY)
    forget(bench, ANN)
    assert 0 == points(bench)


def test_its_section_is_checked(start):
    """A mistake in the plugin's section is told with its path."""
    with pytest.raises(SettingsError, match="shops"):
        start({"shops": "main"})
