"""What leaves in another message: its fate, its tries, its reasons; and what may not take a turn."""

from __future__ import annotations

from dataclasses import replace

from aftercare_sdk.actions import CancelMessages, Purpose
from aftercare_sdk.cli import messages as command
from aftercare_sdk.model.messages import MessageState, Refused, TryAgain, Unknown
from aftercare_sdk.model.outcomes import OutcomeKind, Report
from aftercare_sdk.store import connections, messages, sending
from aftercare_sdk.store.connections import Ended
from tests.acceptance.test_budget import Words, advert, ask, fates, opened, several
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    Bench,
    always,
    body_of,
    order,
    program,
    request,
)

LOST = Unknown("the connection was lost")


def resolve(bench, host, *, again=False):
    """Say that a message was not sent; return why that was refused."""
    with bench.aftercare.brand.database.write() as connection:
        _, refused = command._resolve(
            connection, [host.id], delivered=False, again=again, at=bench.clock.now()
        )
    return refused


def host_of(bench, state):
    """Return the one message in a state."""
    (host,) = [one for one in bench.messages() if one.state is state]
    return host


def help_(product, **changes):
    """Make a message that is owed, of a merge group."""
    return ask(product, purpose=Purpose.SERVICE, **changes)


def test_found_not_sent_ends_all_that_was_in_it(migrated_database_url):
    """A person says that a mail did not leave: so neither did what was merged into it."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:
        bench.probe.answers = [LOST]
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert not resolve(bench, host_of(bench, MessageState.UNKNOWN))
        assert {("failed", "found_not_sent")} == set(fates(bench).values())


def test_what_was_called_off_in_flight_is_not_sent_again(migrated_database_url):
    """The plugin called it off while the channel had it; a person wants it sent again."""
    plugins = {
        "reviews": program(
            on_purchase=always(ask("tea"), ask("cup")),
            on_refund=always(CancelMessages(reason="given back", label=None)),
        ),
        "words": Words(),
    }
    with opened(Bench(migrated_database_url, plugins, config=LAWFUL)) as bench:

        def answer(_):
            bench.tell(order("1", modified=START + HOUR, refunds={"r": (1_000, START + HOUR)}))
            bench.process()
            return LOST

        bench.probe.answers = [answer]
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert all(one.called_off for one in bench.messages())
        host = host_of(bench, MessageState.UNKNOWN)
        assert "was called off while it was on its way" in resolve(bench, host, again=True)[host.id]
        bench.run(2 * HOUR)
        assert 1 == len(bench.sent)


def test_a_member_that_was_called_off_in_flight_is_not_sent_again(migrated_database_url):
    """The host is sent again, without what was called off meanwhile."""
    plugins = {
        "reviews": program(
            on_purchase=always(ask("tea"), ask("cup", delay=HOUR - MINUTE)),
            on_refund=always(CancelMessages(reason="given back", label="ask-tea")),
        ),
        "words": Words(),
    }
    with opened(Bench(migrated_database_url, plugins, config=LAWFUL)) as bench:

        def answer(_):
            bench.tell(order("1", modified=START + HOUR, refunds={"r": (1_000, START + HOUR)}))
            bench.process()
            return LOST

        bench.probe.answers = [answer]
        bench.tell(order("1"))
        bench.clock.move(START + HOUR)
        bench.run(HOUR)
        host = host_of(bench, MessageState.UNKNOWN)
        assert "ask-cup" == host.label
        assert not resolve(bench, host, again=True)
        bench.run(2 * HOUR)
        assert [host.id, host.id] == [one.id for one in bench.sent]
        assert "[1 tea]" not in bench.sent[1].text
        assert ("cancelled", "cancelled_by_plugin") == fates(bench)["ask-tea"]
        assert ("cancelled", "cancelled_by_plugin") in bench.verdicts("ask-tea")


def test_an_unknown_outcome_is_repeated_once_for_each_that_was_in_it(migrated_database_url):
    """The host falls away before its repeat: what was in it is repeated once, not twice."""
    with several(migrated_database_url, help_("tea"), help_("cup")) as bench:
        bench.probe.answers = [LOST]
        bench.tell(order("1"))
        bench.run(HOUR)
        assert [1, 1] == [one.repeated for one in bench.messages()]


def test_a_late_no_ends_all_that_was_in_it(migrated_database_url):
    """The answer comes after the lease is over."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:

        def slow(_):
            bench.clock.move(bench.clock.now() + HOUR)
            with bench.twin() as other:
                other.run_due()
            return Refused("no such user")

        bench.probe.answers = [slow]
        bench.tell(order("1"))
        bench.run(3 * HOUR)
        assert {("failed", "refused")} == set(fates(bench).values())


def test_what_joined_the_last_try_has_tries_of_its_own(migrated_database_url):
    """One that has just become due does not fail with the tries of another."""
    late = ask("cup", delay=HOUR + 14 * HOUR)
    with several(migrated_database_url, ask("tea"), late) as bench:
        bench.probe.answers = [TryAgain("busy")] * 7
        bench.tell(order("1"))
        bench.run(3 * DAY)
        assert {"failed", "accepted"} == {state for state, _ in fates(bench).values()}


def test_what_cannot_leave_takes_no_turn(migrated_database_url):
    """A shop that has ended its connection sends nothing; the other one goes on."""
    shop = {
        "adapter": "test",
        "secrets": [{"env": "SHOP_SECRET"}],
        "currency": "GBP",
        "assume_delivered": False,
    }
    config = {**LAWFUL, "shops": {"other": shop}}
    plugins = {"a": program(on_purchase=always(advert()))}
    with opened(Bench(migrated_database_url, plugins, config=config)) as bench:
        bench.aftercare.receive("other", request(body_of(replace(order("9"), shop="other"))))
        bench.process()
        with bench.aftercare.brand.database.write() as connection:
            connections.end(connection, "other", Ended(at=bench.clock.now(), reason="uninstalled"))
        bench.run(MINUTE)
        bench.tell(order("1", placed=bench.clock.now()))
        bench.run(3 * HOUR)
        assert 1 == len(bench.sent)


def test_one_that_cannot_be_written_spoils_no_other(migrated_database_url):
    """What lacks a value ends by itself; what it would have left with leaves without it."""
    spoilt = ask("cup", data={})
    with several(migrated_database_url, ask("tea", window=9 * DAY), spoilt, ask("pot")) as bench:
        bench.tell(order("1"))
        bench.run(2 * DAY)
        (sent,) = bench.sent
        assert "[1 tea]" in sent.text
        assert "[1 pot]" in sent.text
        assert ("skipped", "missing_variable") == fates(bench)["ask-cup"]


def test_law_14_what_advertises_does_not_ride_in_what_is_owed(migrated_database_url):
    """Though a plugin puts both into one group: the milder purpose would be asked of the host alone."""
    with several(migrated_database_url, help_("tea"), ask("cup")) as bench:
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        assert {"ask-tea": ("accepted", "accepted"), "ask-cup": ("accepted", "accepted")} == fates(bench)
        owed, advertises = sorted(bench.sent, key=lambda mail: mail.unsubscribe)
        assert ["[1 tea]" in owed.text, "[1 cup]" in owed.text] == [True, False]
        assert ["[1 tea]" in advertises.text, "[1 cup]" in advertises.text] == [False, True]


def test_what_moves_meanwhile_does_not_ride(migrated_database_url):
    """A message that waits, claimed by nobody, is given a later moment between two looks of a sender."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:
        bench.tell(order("1"))
        bench.process()
        seen = bench.messages()
        with bench.aftercare.brand.database.write() as connection:
            assert {one.key for one in seen} == sending.lock_as_seen(connection, seen)
            messages.move(connection, {seen[0].anchor: START + DAY})
            assert not sending.lock_as_seen(connection, seen)


def test_the_checks_of_what_rides_along_are_kept(migrated_database_url):
    """Why a message might leave in another one is told as for any other."""
    with several(migrated_database_url, ask("tea"), ask("cup")) as bench:
        bench.tell(order("1"))
        bench.run(2 * HOUR)
        member = host_of(bench, MessageState.MERGED)
        names = {check.name for one in bench.decisions() if one.message == member.key for check in one.checks}
        assert {"window", "lawful_basis", "suppression"} <= names


def test_a_report_on_what_waits_for_its_repeat_ends_all_that_was_in_it(migrated_database_url):
    """The provider says it arrived: nothing that was in it leaves once more."""
    with several(migrated_database_url, help_("tea"), help_("cup")) as bench:
        bench.probe.answers = [LOST]
        bench.tell(order("1"))
        bench.run(HOUR)
        report = Report(kind=OutcomeKind.DELIVERED, message=bench.sent[0].id, body=b"1")
        bench.aftercare.tell_outcomes("email", [report])
        bench.run(2 * HOUR)
        assert 1 == len(bench.sent)
        assert {"delivered", "merged"} == {one.state.value for one in bench.messages()}
