from __future__ import annotations

from aftercare_sdk.store import alerts
from tests.support.histories import DAWN, DAY, HOUR

SILENT = ("no_webhook", "main", {"shop": "main"})


def claim(store, now, lease="one"):
    """Take what is due."""
    return store(alerts.claim, now=now, lease=lease, until=now + HOUR, limit=10)


def test_the_same_is_raised_once_while_it_lasts(store):
    """And again after it has ended."""
    assert store(alerts.raise_alert, *SILENT, DAWN)
    assert not store(alerts.raise_alert, *SILENT, DAWN + HOUR)
    assert store(alerts.raise_alert, "no_webhook", "second", {}, DAWN)
    assert store(alerts.end_alert, "no_webhook", "main", DAWN + HOUR)
    assert not store(alerts.end_alert, "no_webhook", "main", DAWN + HOUR)
    assert store(alerts.raise_alert, *SILENT, DAWN + DAY)
    assert ["second", "main"] == [one.key for one in store(alerts.still_open)]
    assert ["main", "second", "main"] == [one.key for one in store(alerts.latest)]


def test_beginning_and_end_are_told_once_each(store):
    """The end after the beginning, also if it came first."""
    store(alerts.raise_alert, *SILENT, DAWN)
    [begun] = claim(store, DAWN)
    assert not begun.tells_end
    store(alerts.end_alert, "no_webhook", "main", DAWN + HOUR)
    store(alerts.told, begun, DAWN + HOUR)
    [ended] = claim(store, DAWN + HOUR)
    assert ended.tells_end
    store(alerts.told, ended, DAWN + HOUR)
    assert [] == claim(store, DAWN + DAY)
    [known] = store(alerts.latest)
    assert (DAWN + HOUR, DAWN + HOUR) == (known.sent_at, known.end_sent_at)


def test_an_end_is_told_at_once(store):
    """To those who know of the beginning."""
    store(alerts.raise_alert, *SILENT, DAWN)
    store(alerts.told, claim(store, DAWN)[0], DAWN)
    assert not store(alerts.is_due, DAWN + HOUR)
    store(alerts.end_alert, "no_webhook", "main", DAWN + HOUR)
    assert store(alerts.is_due, DAWN + HOUR)


def test_one_tells_at_a_time(store):
    """Who was interrupted is succeeded after his lease, and can no longer note anything."""
    store(alerts.raise_alert, *SILENT, DAWN)
    [first] = claim(store, DAWN)
    assert [] == claim(store, DAWN, "two")
    [second] = claim(store, DAWN + HOUR, "two")
    store(alerts.told, first, DAWN + HOUR)
    assert [None] == [one.sent_at for one in store(alerts.latest)]
    store(alerts.told, second, DAWN + HOUR)
    assert [DAWN + HOUR] == [one.sent_at for one in store(alerts.latest)]


def test_what_could_not_be_told_is_tried_again(store):
    """Only those who are left are told then."""
    store(alerts.raise_alert, *SILENT, DAWN)
    [one] = claim(store, DAWN)
    store(alerts.not_told, one, reached=["A"], error="B: did not take it", next_at=DAWN + HOUR)
    assert not store(alerts.is_due, DAWN)
    [again] = claim(store, DAWN + HOUR, "two")
    assert (("A",), 1, "B: did not take it") == (again.reached, again.attempts, again.error)


def test_old_news_is_told_to_nobody(store):
    """What was over a day ago before anybody could be told; what lasts is told however old it is."""
    store(alerts.raise_alert, *SILENT, DAWN)
    store(alerts.raise_alert, "no_webhook", "second", {}, DAWN)
    store(alerts.end_alert, "no_webhook", "main", DAWN + HOUR)
    assert ["second"] == [one.key for one in claim(store, DAWN + HOUR + DAY)]
