from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.commands import TagCustomer
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from tests.support.shop import MINUTE, Bench, always, customer, note, order, program

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "bad_address"
SECTION = {"shops": ["main"]}


@pytest.fixture
def start(migrated_database_url, monkeypatch):
    """A function that opens a shop with the plugin, in which a customer was sent a message."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, value)] = project["entry-points"]["aftercare"].items()
    installed = {name: EntryPoint(name=name, value=value, group="aftercare").load()}
    benches = []

    def start(section=SECTION):
        writer = program(on_purchase=always(note()))
        config = {"plugins": {"bad-address": section}}
        bench = Bench(migrated_database_url, {**installed, "writer": writer}, config=config)
        benches.append(bench)
        bench.tell(customer("7", email="ann@customer.example"), order("1", customer="7"))
        bench.run(MINUTE)
        return bench

    yield start
    for bench in benches:
        bench.aftercare.close()


def told(bench, kind, reason=None, response=""):
    """Report an outcome, and return what the shop is asked to show."""
    bench.aftercare.tell_outcomes(
        "email",
        [
            Report(
                kind=kind,
                message=bench.message().id,
                reason=reason,
                response=response,
                body=f"{kind} {reason} {response}".encode(),
            )
        ],
    )
    bench.process()
    bench.run_due()
    return [one.value for one in bench.shelf.performed if isinstance(one, TagCustomer)]


def test_a_dead_address_is_shown_until_mail_arrives(start):
    """By the hard bounce, and by a delivery that comes after it."""
    bench = start()
    assert ["does not work"] == told(bench, OutcomeKind.BOUNCED, RejectReason.INVALID)
    assert ["does not work", None] == told(bench, OutcomeKind.DELIVERED)


@pytest.mark.parametrize(
    ("kind", "reason", "response"),
    [
        (OutcomeKind.DEFERRED, None, ""),
        (OutcomeKind.BOUNCED, RejectReason.BOUNCED, "552 5.2.2 mailbox full"),
        (OutcomeKind.OPENED, None, ""),
        (OutcomeKind.COMPLAINED, None, ""),
    ],
)
def test_anything_else_says_nothing_of_the_address(start, kind, reason, response):
    """A full mailbox is there."""
    assert [] == told(start(), kind, reason, response)


def test_a_shop_that_is_not_named_is_left_alone(start):
    """Installing the plugin changes nothing until a shop is named."""
    assert [] == told(start({}), OutcomeKind.BOUNCED, RejectReason.INVALID)


def test_its_section_is_checked(start):
    """A mistake in the plugin's section is told with its path."""
    with pytest.raises(SettingsError, match="show_as"):
        start({**SECTION, "show_as": ""})
