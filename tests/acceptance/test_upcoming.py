"""What is planned for a customer, and when it will really leave: as it then does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aftercare_sdk.actions import Purpose, Scope
from aftercare_sdk.engine.finding import find_customers
from aftercare_sdk.engine.upcoming import upcoming
from aftercare_sdk.model.premises import OrderStands
from tests.support.shop import DAY, HOUR, LAWFUL, START, Bench, consent, note, order, program

ANN = "ann@customer.example"


def planned(event, _):
    """Plan one of everything at a purchase."""
    stands = (OrderStands(order=event.order_ref),)
    several = {"scope": Scope.ORDER, "window": 10 * DAY}
    return [
        note("help", delay=HOUR, premises=stands),
        note("survey", purpose=Purpose.SURVEY, delay=14 * HOUR, **several),
        note("news", purpose=Purpose.MARKETING, delay=15 * HOUR, **several),
        note("vip", purpose=Purpose.MARKETING, delay=15 * HOUR, **several),
        note("brief", purpose=Purpose.MARKETING, delay=15 * HOUR, scope=Scope.ORDER, window=12 * HOUR),
        *(
            note(f"ask-{part}", purpose=Purpose.REVIEW_REQUEST, delay=2 * DAY, merge_group="ask")
            for part in ("tea", "cup")
        ),
        note("far", delay=60 * DAY),
    ]


@pytest.fixture
def bench(migrated_database_url):
    """A shop with quiet hours, where Ann has bought and agreed."""
    config = {
        **LAWFUL,
        "quiet_hours": {"email": "22:00-08:00"},
        "budget": {"priorities": ["all/vip"]},
    }
    with Bench(migrated_database_url, {"all": program(on_purchase=planned)}, config=config) as made:
        made.tell(order("1"))
        made.process()
        consent(made)
        yield made


def foreseen(bench, days=14):
    """Return what is foreseen for Ann, by label."""
    brand = bench.aftercare.brand
    with brand.database.read() as connection:
        customers = find_customers(connection, ANN)
        found = upcoming(brand, connection, customers, bench.clock.now() + days * DAY)
    return {one.message.label: one for one in found}


def test_it_leaves_when_it_was_foreseen(bench):
    """Quiet hours, caps, turns and merging, as they come one after the other."""
    told = foreseen(bench)
    assert "far" not in told
    assert {"help": "goes", "survey": "goes", "news": "goes", "vip": "goes", "brief": "not"}.items() <= {
        label: one.prospect.value for label, one in told.items()
    }.items()
    assert {"goes", "with"} == {told[f"ask-{part}"].prospect.value for part in ("tea", "cup")}
    assert ["quiet_hours"] == [check.code.value for check in told["vip"].checks]
    assert {"quiet_hours", "over_budget"} <= {check.code.value for check in told["news"].checks}
    bench.run(14 * DAY)
    left = {one.label: one.submitted_at for one in bench.messages() if one.submitted_at is not None}
    assert left == {label: one.at for label, one in told.items() if one.prospect.value in {"goes", "with"}}
    assert "skipped" == bench.message("brief").state.value


def test_what_waits_already_has_its_reason(bench):
    """Also while it is not looked at again: the night has begun, and the survey is put off."""
    bench.run(14 * HOUR)
    assert "deferred" == bench.message("survey").state.value
    told = foreseen(bench)["survey"]
    assert ("goes", "quiet_hours") == (told.prospect.value, told.checks[0].code.value)


def test_looking_changes_nothing(bench):
    """It may be asked as often as somebody likes."""
    before = bench.messages()
    assert foreseen(bench) == foreseen(bench)
    assert before == bench.messages()


def test_what_would_hold_it_is_told(bench):
    """A refund ends it, a missing consent as well, and a shop that does not say who it is holds it."""
    bench.aftercare.consents.refuse(email=ANN)
    bench.tell(order("1", modified=START + HOUR / 2, refunds={"r": (1_000, START + HOUR / 2)}))
    bench.process()
    told = foreseen(bench)
    assert {"not"} == {one.prospect.value for one in told.values()}
    assert "order_refunded" == told["help"].checks[-1].code
    assert "objected" == told["news"].checks[-1].code


def test_law_01_a_sender_without_a_name_waits(migrated_database_url):
    """Until the configuration says it; nobody knows when."""
    advert = note("news", purpose=Purpose.MARKETING, delay=HOUR, window=10 * DAY)
    with Bench(migrated_database_url, {"all": program(on_purchase=lambda *_: [advert])}) as bench:
        bench.tell(order("1"))
        bench.process()
        consent(bench)
        (only,) = foreseen(bench).values()
        assert ("waits", "sender_unnamed", None) == (only.prospect.value, only.checks[-1].code, only.at)


def test_beyond_the_days_asked_for(bench):
    """What is pushed out of sight is told with the moment before which it does not leave."""
    told = foreseen(bench, days=1)
    assert "later" in {one.prospect.value for one in told.values()}
    assert all(one.at > datetime.min.replace(tzinfo=START.tzinfo) for one in told.values() if one.at)
    assert timedelta(days=1) < max(one.at for one in told.values() if one.at) - START
