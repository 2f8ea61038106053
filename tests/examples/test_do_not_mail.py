from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.commands import TagCustomer
from tests.support.shop import HOUR, MINUTE, START, Bench, consent, customer

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "do_not_mail"
SECTION = {"shops": ["main"]}
ANN = "ann@customer.example"


@pytest.fixture
def start(migrated_database_url, monkeypatch):
    """A function that opens a shop with the plugin, in which a customer has an account."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, value)] = project["entry-points"]["aftercare"].items()
    installed = {name: EntryPoint(name=name, value=value, group="aftercare").load()}
    benches = []

    def start(section=SECTION):
        bench = Bench(migrated_database_url, installed, config={"plugins": {"do-not-mail": section}})
        benches.append(bench)
        bench.tell(customer("7", email=ANN))
        bench.run(HOUR)
        return bench

    yield start
    for bench in benches:
        bench.aftercare.close()


def shown(bench):
    """Return what the shop was asked to show, some time after the last word."""
    bench.run(MINUTE)
    return [one.value for one in bench.shelf.performed if isinstance(one, TagCustomer)]


def test_a_refusal_is_shown_until_the_customer_agrees(start):
    """Wherever it was said."""
    bench = start()
    bench.aftercare.consents.refuse(email=ANN)
    assert ["refused"] == shown(bench)
    consent(bench)
    assert ["refused", None] == shown(bench)


def test_what_the_shop_notes_for_a_customer_takes_no_refusal_away(start):
    """It does not beat it either (LAW-14)."""
    bench = start()
    bench.aftercare.consents.refuse(email=ANN)
    bench.run(MINUTE)
    consent(bench, actor="mori")
    assert ["refused"] == shown(bench)


def test_a_refusal_that_becomes_known_late_has_been_overtaken(start):
    """The last word is the one that was said last."""
    bench = start()
    consent(bench)
    assert [None] == shown(bench)
    bench.aftercare.consents.refuse(email=ANN, at=START + MINUTE)
    assert [None] == shown(bench)


@pytest.mark.parametrize("told", [{"channel": "sms"}, {"purpose": Purpose.REVIEW_REQUEST}])
def test_what_concerns_no_offers_by_mail_is_not_shown(start, told):
    """Text messages and invitations to review are something else."""
    bench = start()
    bench.aftercare.consents.refuse(email=ANN, **told)
    assert [] == shown(bench)


def test_a_shop_that_is_not_named_is_left_alone(start):
    """Installing the plugin changes nothing until a shop is named."""
    bench = start({})
    bench.aftercare.consents.refuse(email=ANN)
    assert [] == shown(bench)


def test_its_section_is_checked(start):
    """A mistake in the plugin's section is told with its path."""
    with pytest.raises(SettingsError, match="show_as"):
        start({**SECTION, "show_as": ""})
