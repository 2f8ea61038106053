"""What staff must know of, decided from what the database holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.engine.alerting.conditions import Condition, Kind, Reporter, Rung, Seen, conditions
from aftercare_sdk.model.privacy import PrivacyKind
from aftercare_sdk.store.privacy import Asked

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def found(seen, *, rung=(), reporters=(), watching_since=NOW - 30 * DAY):
    """Return the conditions that last now."""
    return list(
        conditions(
            seen,
            NOW,
            rung=rung,
            reporters=reporters,
            no_run_after=15 * MINUTE,
            watching_since=watching_since,
        )
    )


def kinds(seen, **given):
    """Return kind and key of the conditions that raise an alert."""
    return [(one.kind, one.key) for one in found(seen, **given) if one.begins]


def test_obs_06_nobody_decides_or_sends_any_more():
    """After fifteen minutes without a beat, each for itself."""
    alive = {"decider": NOW - 14 * MINUTE, "sender": NOW - 14 * MINUTE}
    assert [] == found(Seen(beats=alive))
    dead = Seen(beats={**alive, "decider": NOW - 15 * MINUTE})
    since = {"since": (NOW - 15 * MINUTE).isoformat()}
    assert [Condition(kind=Kind.NOT_DECIDING, key="", values=since)] == found(dead)
    assert [(Kind.NOT_SENDING, "")] == kinds(Seen(beats={**alive, "sender": NOW - HOUR}))


def test_whoever_has_just_begun_to_watch_waits():
    """After a weekend on which everything was switched off nobody has beaten for long, and all is well."""
    weekend = Seen(beats={"decider": NOW - 2 * DAY, "sender": NOW - 2 * DAY})
    assert [] == found(weekend, watching_since=NOW - MINUTE)
    assert 2 == len(found(weekend, watching_since=NOW - 15 * MINUTE))


LISTED = Rung(shop="main", after=DAY, listed=True)
UNLISTED = Rung(shop="main", after=DAY, listed=False)


@pytest.mark.parametrize(
    ("rung", "sign", "after_last", "expected"),
    [
        (LISTED, "found/main", HOUR, [(Kind.NO_WEBHOOK, "main")]),
        (LISTED, "accepted/main", HOUR, []),  # mails of old orders leave in quiet days as well
        (LISTED, "found/main", -HOUR, []),  # a webhook has come since
        (UNLISTED, "accepted/main", HOUR, [(Kind.NO_WEBHOOK, "main")]),
        (UNLISTED, "accepted/main", -HOUR, []),
        (UNLISTED, "found/main", HOUR, []),
    ],
)
def test_obs_06_webhooks_fail_to_come_while_the_shop_goes_on(rung, sign, after_last, expected):
    """Orders that a listing has found tell it; where nothing is listed, mails that were accepted."""
    last = NOW - 25 * HOUR
    assert expected == kinds(Seen(beats={"webhook/main": last, sign: last + after_last}), rung=[rung])


def test_a_quiet_shop_raises_no_alarm():
    """A night, a holiday, a week without an order: nothing was found that a webhook should have told."""
    quiet = {"webhook/main": NOW - 7 * DAY, "decider": NOW, "sender": NOW}
    assert [] == found(Seen(beats=quiet), rung=[LISTED, UNLISTED])


def test_webhooks_have_their_time():
    """What a listing finds first is mostly a webhook that is a little late."""
    young = {"webhook/main": NOW - 23 * HOUR, "found/main": NOW}
    assert [] == found(Seen(beats=young), rung=[LISTED])


def test_of_a_shop_that_is_disconnected_that_is_all_that_is_told():
    """Of course no webhook comes."""
    silent = {"webhook/main": NOW - 2 * DAY, "found/main": NOW}
    seen = Seen(beats=silent, disconnected=["main"])
    assert [(Kind.SHOP_DISCONNECTED, "main")] == kinds(seen, rung=[LISTED])


@pytest.mark.parametrize(
    ("beats", "raised"),
    [
        ({"delivered/email": -30 * DAY, "awaited/email": -DAY}, True),
        ({"delivered/email": -30 * DAY, "awaited/email": -23 * HOUR}, False),  # the first for a month
        ({"delivered/email": -30 * DAY}, False),  # nothing has left since
        ({"awaited/email": -30 * DAY}, False),  # it reports failures, or nothing at all
        ({"delivered/email": -30 * DAY, "awaited/sms": -30 * DAY}, False),
    ],
)
def test_obs_06_a_channel_of_which_nothing_is_reported_any_more(beats, raised):
    """A day after the first message that was accepted since its last report, if it has reported before."""
    seen = Seen(beats={name: NOW + ago for name, ago in beats.items()})
    since = {"channel": "email", "since": (NOW - DAY).isoformat()}
    expected = [Condition(kind=Kind.NO_OUTCOME, key="email", values=since)] if raised else []
    reporters = [Reporter(channel="email", after=DAY), Reporter(channel="sms", after=DAY)]
    assert expected == found(seen, reporters=reporters)


def test_parked_work_is_told_once_for_each_plugin_and_shop():
    """However much of it there is."""
    seen = Seen(beats={}, parked_plugins=["flows"], parked_shops=["main"])
    assert [(Kind.PARKED_ROWS, "main"), (Kind.PARKED_UNITS, "flows")] == kinds(seen)


def test_a_plugin_that_is_off_is_not_told_to_rest_as_well():
    """One sentence about it is enough."""
    seen = Seen(beats={}, off={"slow": "it held the interpreter"}, rests={"slow": NOW + 5 * MINUTE})
    assert [(Kind.PLUGIN_OFF, "slow")] == kinds(seen)


@pytest.mark.parametrize(
    ("until", "lasts", "begins"),
    [
        (5 * MINUTE, True, True),  # its breaker is open
        (MINUTE, True, False),  # left alone once, after it overran
        (-MINUTE, True, False),  # between two rests
        (-15 * MINUTE, False, False),
    ],
)
def test_a_plugin_that_rests_again_and_again_raises_one_alert(until, lasts, begins):
    """A short pause raises none, and the moments between two rests end none."""
    several = found(Seen(beats={}, rests={"slow": NOW + until}))
    assert [lasts, begins] == [bool(several), any(one.begins for one in several)]


@pytest.mark.parametrize(
    ("due", "expected"),
    [(8 * DAY, []), (7 * DAY, [Kind.PRIVACY_DUE]), (timedelta(), [Kind.PRIVACY_LATE])],
)
def test_a_privacy_request_is_told_a_week_before_and_when_it_is_late(due, expected):
    """By the key that the commands show, without whose it is."""
    asked = Asked(
        key="3f9c2b71a0de55",
        shop="main",
        kind=PrivacyKind.ERASE,
        reference="gid/1",
        customer="2000017",
        orders=("346",),
        journal=7,
        received_at=NOW - 30 * DAY,
        due_at=NOW + due,
    )
    several = found(Seen(beats={}, requests=[asked]))
    assert expected == [one.kind for one in several]
    for one in several:
        assert {"request": "3f9c2b71a0de", "shop": "main", "due": (NOW + due).isoformat()} == one.values
