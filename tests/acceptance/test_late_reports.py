"""What is reported after the erasure of a person, or with a date that cannot be, still counts (SEND-06)."""

from __future__ import annotations

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.erasing import erase
from aftercare_sdk.events import OutcomeKind, RejectReason
from aftercare_sdk.model.outcomes import Report
from aftercare_sdk.store import people, suppressions
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    UNCAPPED,
    Bench,
    always,
    consent,
    note,
    order,
    program,
)

ANN = "ann@customer.example"
ADVERT = note("advert", purpose=Purpose.MARKETING)
GONE = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.INVALID}
COMPLAINED = {"kind": OutcomeKind.COMPLAINED}
UNSUBSCRIBED = {"kind": OutcomeKind.UNSUBSCRIBED}
DELIVERED = {"kind": OutcomeKind.DELIVERED}


@pytest.fixture
def bench(migrated_database_url):
    """A shop that advertises after each purchase; Ann has agreed, and was written to once."""
    plugins = {"adverts": program(on_purchase=always(ADVERT))}
    with Bench(migrated_database_url, plugins, config={**LAWFUL, **UNCAPPED}) as shop:
        consent(shop)
        shop.tell(order("1", country="US"))
        shop.run(HOUR)
        yield shop


def erased(bench):
    """Erase Ann."""
    with bench.aftercare.brand.database.read() as connection:
        known = people.search(connection, ANN)
    erase(bench.aftercare.brand, known, reason="asked for it", actor="K. Mori")


def report(bench, **told):
    """Report something of the first message."""
    told = {"message": bench.message(order="1", label="advert").id, "body": repr(told).encode(), **told}
    return bench.aftercare.tell_outcomes("email", [Report(**told)])


def against(bench):
    """Return why Ann's address is suppressed, and for whom."""
    with bench.aftercare.brand.database.read() as connection:
        return [
            (one.reason.value, one.identity)
            for one in suppressions.of(connection, [bench.aftercare.brand.address_hash(ANN)])
        ]


def buys_again(bench, country="US"):
    """Let Ann buy again a day later; return what becomes of the advert."""
    later = bench.clock.now() + DAY
    bench.tell(order("2", placed=later, country=country), at=later)
    bench.run(2 * DAY)
    return bench.message("advert", "2").code


@pytest.mark.parametrize(
    ("told", "why"),
    [(COMPLAINED, "complaint"), (UNSUBSCRIBED, "unsubscribe"), (GONE, "hard_bounce")],
    ids=["complained", "unsubscribed", "bounced"],
)
@pytest.mark.parametrize("forwarded", ["", "other@forwarded.example"])
def test_law_20_what_is_reported_after_the_erasure_suppresses_the_address(bench, told, why, forwarded):
    """Under the hash of the mailbox that was written to, which is all that is left of it; it names nobody."""
    erased(bench)
    report(bench, **told, recipient=forwarded)
    assert [(why, None)] == against(bench)
    assert f"suppressed_{why}" == buys_again(bench)


def test_law_20_the_address_alone_is_enough_after_the_erasure(bench):
    """It is known by its hash; nothing that is reported may be lost because it names no message."""
    erased(bench)
    bench.aftercare.tell_outcomes("email", [Report(**COMPLAINED, recipient=ANN.upper(), body=b"{}")])
    assert [("complaint", None)] == against(bench)
    assert [("1", "complained", "reported_complained")] == bench.outcomes()


def test_law_20_the_address_alone_means_who_has_it_now(bench):
    """Somebody new has it, and was written to since."""
    erased(bench)
    assert "accepted" == buys_again(bench)
    bench.aftercare.tell_outcomes("email", [Report(**COMPLAINED, recipient=ANN, body=b"{}")])
    assert {"1": "accepted", "2": "complained"} == {one.object: one.state for one in bench.messages()}


def test_law_20_what_says_nothing_against_the_address_suppresses_nothing(bench):
    """Somebody new who has the address is written to."""
    erased(bench)
    report(bench, **DELIVERED)
    assert [] == against(bench)
    assert "accepted" == buys_again(bench)
