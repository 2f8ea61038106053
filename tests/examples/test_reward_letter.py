from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aftercare_sdk.engine.redeeming import cancel
from tests.support.points import basket, delivered, shop_with
from tests.support.shop import DAY, HOUR, START, Bench, customer

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "reward_letter"
REWARDS = {
    "rewards": {
        "thirty": {"cost": 30, "amount": {"GBP": 3}},
        "early": {"cost": 20, "tag": "early-access"},
    }
}


@pytest.fixture
def reward_letter(monkeypatch):
    """The plugin as an installation finds it: by the entry point of its own pyproject.toml."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, value)] = project["entry-points"]["aftercare"].items()
    return {name: EntryPoint(name=name, value=value, group="aftercare").load()}


@pytest.fixture
def bench(migrated_database_url, reward_letter):
    """A shop whose customer has fifty points to spend."""
    with Bench(migrated_database_url, reward_letter, config=shop_with(REWARDS)) as made:
        made.tell(customer("7", locale="ja"), basket(customer="7", **delivered()))
        made.run(START + 15 * DAY)
        yield made


def test_the_code_comes_by_mail_once_the_shop_has_made_it(bench):
    """In the customer's language, with the points that it cost, and once."""
    code = bench.aftercare.redeem("main", "7", "thirty", request="a click").code
    bench.process()
    assert [] == bench.sent
    bench.run(HOUR)
    [mail] = bench.sent
    assert "【Hibi】ポイント交換のクーポンコードをお届けします" == mail.subject
    assert f"クーポンコード： {code}\n" in mail.text
    assert "30ポイントと交換" in mail.text
    bench.run(30 * DAY)
    assert [mail] == bench.sent


def test_a_customer_who_reads_english(bench):
    """The other language of the plugin is sent as well."""
    bench.tell(customer("7", locale="en", modified=START + DAY))
    bench.aftercare.redeem("main", "7", "thirty", request="a click")
    bench.run(HOUR)
    [mail] = bench.sent
    assert "Your code from Hibi" == mail.subject


def test_a_code_that_cannot_be_used_is_not_written_of(bench):
    """It was cancelled before the shop had made it."""
    cancel(bench.aftercare.brand, bench.aftercare.redeem("main", "7", "thirty", request="a click").code)
    bench.run(DAY)
    assert [] == bench.sent


def test_a_tag_has_no_code_to_write_of(bench):
    """The platform looks at the tag itself."""
    bench.aftercare.redeem("main", "7", "early", request="a click")
    bench.run(DAY)
    assert [] == bench.sent
