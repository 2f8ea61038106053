from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.records import order_record
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import control, journal, objects, trial
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.objects import Stored

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_only_what_was_received_touches_it(database):
    """A configuration that was activated does not."""
    with database.write() as connection:
        assert trial.is_untouched(connection)
        row = Arrival(
            kind=Kind.CONFIGURATION, shop="", topic="activated", received_at=NOW, body=b"", state=State.DONE
        )
        journal.append(connection, [row])
        assert trial.is_untouched(connection)
        row = Arrival(kind=Kind.WEBHOOK, shop="main", topic="order", received_at=NOW, body=b"")
        journal.append(connection, [row])
        assert not trial.is_untouched(connection)


def test_plugins_begin_earlier_and_never_later(database):
    """What had begun before stays so."""
    early, late = NOW - timedelta(days=9), NOW
    with database.write() as connection:
        control.note_plugin(connection, "old", "d", "1", early)
        control.note_plugin(connection, "new", "d", "1", late)
        trial.begin_plugins(connection, NOW - timedelta(days=1))
        expected = {"old": early, "new": NOW - timedelta(days=1)}
        assert expected == control.plugin_starts(connection)


def test_sample_orders_are_told_from_others_by_their_ids(database):
    """One real order is enough."""
    with database.write() as connection:
        for id_, expected in (("99000000000001", False), ("990", True)):
            record = order_record(OrderSnapshot(shop="main", id=id_, version=Version(modified_at=NOW)))
            objects.save_many(connection, [Stored(record=record)], NOW)
            assert expected == trial.has_other_orders(connection, "99000")
