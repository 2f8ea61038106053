from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from aftercare_sdk.config import Retention
from aftercare_sdk.store import retention
from aftercare_sdk.store.retention import RULES
from aftercare_sdk.store.tables import copies, metadata
from tests.support.histories import DAWN, DAY

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "retention.md"


def test_law_11_every_table_declares_how_long_it_is_kept():
    """A new table needs its line."""
    assert sorted(metadata.tables) == list(RULES)


def test_law_11_every_period_can_be_set():
    """And no other key is there; `bodies` are not rows of a table but a column of the journal."""
    periods = {rule.period for rule in RULES.values() if rule.period}
    assert {field.name for field in fields(Retention)} == {*periods, "bodies"}


def test_the_page_tells_what_the_code_does():
    """Table by table."""
    told = {
        name: f"as `{rule.period}` says, after `{rule.after.name}`" if rule.period else "stays"
        for name, rule in RULES.items()
    }
    lines = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(name, told[name], rule.why) for name, rule in RULES.items()] == lines


@pytest.mark.parametrize("table", ["messages", "consents", "suppressions", "outcomes"])
def test_law_04_what_eligibility_rests_on_stays(table, store):
    """A consent outlives the last mail by three years at least: it is not thrown away for its age at all."""
    assert RULES[table].after is None
    assert 0 == store(retention.sweep, table, DAWN + 10_000 * DAY, 500)


def test_only_what_is_old_goes_and_only_so_much_at_once(store):
    """The oldest first."""
    rows = [
        {
            "message": f"m-{day}",
            "locale": "en",
            "subject": "",
            "text": "",
            "html": "",
            "written_at": DAWN + day * DAY,
        }
        for day in (4, 1, 3, 2)
    ]
    store(lambda connection: connection.execute(insert(copies), rows))
    assert 2 == store(retention.sweep, "copies", DAWN + 4 * DAY, 2)
    left = store(lambda connection: sorted(connection.execute(select(copies.c.message)).scalars()))
    assert ["m-3", "m-4"] == left
    assert 1 == store(retention.sweep, "copies", DAWN + 4 * DAY, 2)
    assert 0 == store(retention.sweep, "copies", DAWN + 4 * DAY, 2)
