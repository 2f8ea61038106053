from __future__ import annotations

from aftercare_sdk.store import rests
from aftercare_sdk.store.rests import Resting
from tests.support.histories import DAWN, DAY, HOUR


def test_who_rests(store):
    """Until a moment, plugins and shops apart; the latest word counts."""
    assert ({}, None) == (store(rests.of, Resting.PLUGIN, DAWN), store(rests.next_end, DAWN))
    store(rests.put, Resting.PLUGIN, {"late": DAWN + HOUR, "flows": DAWN + DAY})
    store(rests.put, Resting.SHOP, {"late": DAWN + 2 * HOUR})
    assert {"late": DAWN + HOUR, "flows": DAWN + DAY} == store(rests.of, Resting.PLUGIN, DAWN)
    assert {"flows": DAWN + DAY} == store(rests.of, Resting.PLUGIN, DAWN + HOUR)
    assert {"late": DAWN + 2 * HOUR} == store(rests.of, Resting.SHOP, DAWN)
    assert [DAWN + HOUR, DAWN + 2 * HOUR, None] == [
        store(rests.next_end, after) for after in (DAWN, DAWN + HOUR, DAWN + DAY)
    ]
    store(rests.put, Resting.PLUGIN, {"late": None, "flows": DAWN + HOUR})
    assert {"flows": DAWN + HOUR} == store(rests.of, Resting.PLUGIN, DAWN)
