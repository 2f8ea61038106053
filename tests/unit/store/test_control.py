from __future__ import annotations

import threading

import pytest

from aftercare_sdk.errors import Fenced
from aftercare_sdk.model.events import Purchase
from aftercare_sdk.store import control, events, journal
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.journal import Arrival, Kind
from tests.support.histories import DAWN, DAY
from tests.support.shop import in_threads


@pytest.fixture
def token(database):
    """The token of the decider that holds the database."""
    with database.write() as connection:
        return control.take_token(connection)


def known(number, seq):
    """Return an event under a sequence number."""
    id_ = f"main/order/{number}/purchase"
    event = Purchase(id=id_, shop="main", order=str(number), occurred_at=DAWN)
    return Known(event=event, seq=seq, object=str(number), identity=1, known_at=DAWN)


class TestFencing:
    def test_tokens_grow(self, database, token):
        """Every decider gets a higher token than all before it."""
        with database.write() as connection:
            assert [token + 1, token + 2] == [control.take_token(connection), control.take_token(connection)]

    def test_holder_passes(self, database, token):
        """Who holds the latest token may write."""
        with database.write() as connection:
            control.check_token(connection, token)

    @pytest.mark.parametrize("distance", [-1, 1])
    def test_others_do_not(self, database, token, distance):
        """Whoever holds another one is told so, with both."""
        with (
            database.write() as connection,
            pytest.raises(Fenced, match=f"token {token}, this one holds {token + distance}"),
        ):
            control.check_token(connection, token + distance)

    def test_leaves_nothing(self, database, token):
        """A decider that was replaced in the middle of its work leaves nothing of it behind."""
        with database.write() as connection:
            control.take_token(connection)

        def decide():
            with database.write() as connection:
                first = control.number_events(connection, 1)
                events.save_many(connection, [known(1, first)])
                journal.append(
                    connection,
                    [Arrival(kind=Kind.COMMAND, shop="main", topic="x", received_at=DAWN, body=b"")],
                )
                control.check_token(connection, token)

        with pytest.raises(Fenced):
            decide()
        with database.write() as connection:
            assert ([], [], 1) == (
                events.everything(connection),
                journal.listing(connection),
                control.number_events(connection, 1),
            )

    def test_waits_for_who_is_writing(self, database, token):
        """Nobody takes over between the check and the commit of the decider that passed it."""
        other = Database(database.url.render_as_string(hide_password=False))
        taken: list[int] = []

        def take_over():
            with other.write() as connection:
                taken.append(control.take_token(connection))

        thread = threading.Thread(target=take_over)
        with database.write() as connection:
            control.check_token(connection, token)
            thread.start()
            thread.join(0.2)
            assert [] == taken
            events.save_many(connection, [known(1, control.number_events(connection, 1))])
        thread.join()
        other.close()
        assert [token + 1] == taken
        with database.read() as connection:
            assert 1 == len(events.everything(connection))


class TestNumbers:
    def test_gapless(self, database, token):
        """Events are numbered from one without gaps, however many are numbered at once."""
        starts = []
        for count in (1, 3, 2):
            with database.write() as connection:
                starts.append(control.number_events(connection, count))
        assert [1, 2, 5] == starts

    def test_given_back(self, database, token):
        """Numbers of a transaction that failed are used again: no gap, and none twice."""
        with database.write() as connection:
            control.number_events(connection, 5)
            connection.rollback()
        with database.write() as connection:
            assert 1 == control.number_events(connection, 1)


class TestBooks:
    def test_settings(self, database):
        """A setting is there once it was made, and takes its last value."""
        with database.write() as connection:
            assert None is control.setting(connection, "mode")
            for value in ("demo", "", "live"):
                control.put_setting(connection, "mode", value)
                assert value == control.setting(connection, "mode")

    def test_plugins(self, database):
        """A plugin takes part since it was first seen, whatever its version later is."""
        with database.write() as connection:
            control.note_plugin(connection, "flows", "aftercare-sdk", "0.1", DAWN)
            control.note_plugin(connection, "flows", "aftercare-sdk", "0.2", DAWN + DAY)
            control.note_plugin(connection, "late", "late-parcel", "1", DAWN + DAY)
            assert {"flows": DAWN, "late": DAWN + DAY} == control.plugin_starts(connection)

    def test_switched_off(self, database):
        """A plugin that was switched off is listed with the reason, until it is switched on again."""
        with database.write() as connection:
            control.note_plugin(connection, "flows", "aftercare-sdk", "0.1", DAWN)
            assert {} == control.plugins_off(connection)
            control.switch_plugin(connection, "flows", "it spun")
            control.note_plugin(connection, "flows", "aftercare-sdk", "0.2", DAWN)
            assert {"flows": "it spun"} == control.plugins_off(connection)
            control.switch_plugin(connection, "flows", "")
            assert {} == control.plugins_off(connection)

    def test_configurations(self, database):
        """Versions of the configuration are kept in the order in which they came into force."""
        versions = [(DAWN, "a", "1"), (DAWN + DAY, "b", "2"), (DAWN + 2 * DAY, "a", "1")]
        with database.write() as connection:
            for version in versions:
                control.add_configuration(connection, *version)
            assert versions == control.configuration_versions(connection)


def ask(database, name="links"):
    """Ask for a secret in a transaction of its own."""
    with database.write() as connection:
        return control.secret(connection, name)


def test_of_many_that_ask_first_all_get_the_same(database):
    """Else links that one process has signed would be wrong for another."""
    assert 1 == len(set(in_threads([lambda: ask(database) for _ in range(8)])))


def test_each_purpose_has_a_secret_of_its_own(database):
    """One that leaks opens nothing else."""
    one, other = ask(database), ask(database, "codes")
    assert 64 == len(one)
    assert one != other
    assert one == ask(database)


def test_to_look_for_a_secret_does_not_make_one(database):
    """A page that only looks changes nothing."""
    with database.read() as connection:
        assert control.known_secret(connection, "links") is None
    made = ask(database)
    with database.read() as connection:
        assert made == control.known_secret(connection, "links")
