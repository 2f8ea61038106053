from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.events import (
    EVENT_TYPES,
    Cancellation,
    ConsentChanged,
    CustomerErased,
    Delivery,
    FeedbackReceived,
    MessageOutcome,
    Purchase,
    ReferralCompleted,
    ReferralRole,
    Refund,
    ReviewReceived,
    RewardChanged,
    Shipment,
    TierChanged,
    TimerDue,
)
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import RefundLine
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason
from aftercare_sdk.model.reviews import ReviewStatus
from aftercare_sdk.model.rewards import RewardState
from aftercare_sdk.store import events
from aftercare_sdk.store.events import Known
from tests.support.histories import DAWN, DAY

NAME = "main/order/1042"
OF = {"shop": "main", "order": "1042", "occurred_at": DAWN}
LINES = (RefundLine(line="1", quantity=2, amount=Money(2**62, "JPY")),)
EVERY_KIND = [
    Purchase(id=f"{NAME}/purchase", **OF),
    Shipment(id=f"{NAME}/shipment/p1", shipment="p1", **OF),
    Delivery(id=f"{NAME}/delivery/p1", shipment="p1", assumed=True, **OF),
    Refund(id=f"{NAME}/refund/77", refund="77", amount=Money(5, "JPY"), lines=LINES, **OF),
    Refund(id=f"{NAME}/refund/78", refund="78", amount=Money(5, "JPY"), lines=(), **OF),
    Refund(id=f"{NAME}/refund/79", refund="79", amount=Money(5, "JPY"), lines=None, **OF),
    Cancellation(id=f"{NAME}/cancellation", **OF),
    ReviewReceived(
        id="main/review/715",
        shop="main",
        occurred_at=DAWN,
        review="715",
        product="tea",
        status=ReviewStatus.HOLD,
        order="1042",
    ),
    FeedbackReceived(
        id="main/feedback/a1", shop="main", occurred_at=DAWN, survey="nps", answer="a1", order="1042"
    ),
    ReferralCompleted(
        id="main/referral/r1/friend",
        shop="main",
        occurred_at=DAWN,
        referral="r1",
        role=ReferralRole.FRIEND,
        order="1042",
    ),
    MessageOutcome(
        id="main/outcome/email/9f",
        shop="main",
        occurred_at=DAWN,
        message="m-1",
        plugin="flows",
        label="thank-you",
        channel="email",
        outcome=OutcomeKind.BOUNCED,
        reason=RejectReason.INVALID,
        permanent=True,
        order="1042",
    ),
    ConsentChanged(
        id="main/consent/7/email/subscribed",
        shop="main",
        occurred_at=DAWN,
        channel="email",
        purpose=Purpose.MARKETING,
        basis=Basis.EXPRESS,
        source="form",
    ),
    CustomerErased(
        id="main/erased/7", shop="main", occurred_at=DAWN, orders=("1042", "1043"), reviews=("715",)
    ),
    TierChanged(id=f"{NAME}/purchase/tier", shop="main", occurred_at=DAWN, tier="金", before=None),
    RewardChanged(
        id="reward/1/used/7",
        shop="main",
        occurred_at=DAWN,
        redemption="1",
        reward="tea",
        state=RewardState.USED,
        points=500,
        spent=True,
        code="AC-1",
    ),
    TimerDue(
        id=f"{NAME}/timer/1",
        shop="main",
        occurred_at=DAWN,
        plugin="late",
        name="ask",
        subject=NAME,
        order="1042",
        data={"word": "言葉"},
    ),
    TimerDue(
        id="identity/1/timer/2",
        shop="main",
        occurred_at=DAWN,
        plugin="late",
        name="ask",
        subject="identity/1",
    ),
]


def known(event, seq, **said):
    """Return an event as it is stored."""
    return Known(**{"event": event, "seq": seq, "object": "1042", "identity": 1, "known_at": DAWN, **said})


@pytest.fixture
def save(database):
    """A function that saves events in a transaction of its own."""

    def keep(*several):
        with database.write() as connection:
            events.save_many(connection, several)

    return keep


@pytest.fixture
def everything(database):
    """A function that returns all events."""

    def look():
        with database.read() as connection:
            return events.everything(connection)

    return look


def test_every_kind(save, everything):
    """Every kind of event comes back with every field, in the order in which they became known."""
    stored = [
        known(event, seq, depth=seq, known_at=DAWN + seq * DAY, object_kind=f"kind {seq}")
        for seq, event in enumerate(EVERY_KIND, 1)
    ]
    save(*reversed(stored))
    assert stored == everything()
    assert set(EVENT_TYPES) == {type(event) for event in EVERY_KIND}


def test_replaced(save, everything):
    """An event whose fact moved keeps its place and the moment at which it became known."""
    first, second = known(EVERY_KIND[0], 1), known(EVERY_KIND[1], 2)
    save(first, second)
    moved = replace(EVERY_KIND[0], occurred_at=DAWN - DAY)
    save(replace(first, event=moved, identity=7, seq=99, known_at=DAWN + DAY))
    assert [replace(first, event=moved, identity=7), second] == everything()


def test_a_place_is_taken_once(save):
    """Two events never share a place in the order."""
    save(known(EVERY_KIND[0], 1))
    with pytest.raises(IntegrityError):
        save(known(EVERY_KIND[1], 1))


def test_found(save, database):
    """Events are found by id and by whose they are, and counted by kind."""
    save(*(known(event, seq, identity=seq % 2) for seq, event in enumerate(EVERY_KIND, 1)))
    with database.read() as connection:
        ids = [EVERY_KIND[0].id, "nothing", EVERY_KIND[0].id]
        assert {EVERY_KIND[0].id} == events.get_many(connection, ids).keys()
        assert {} == events.get_many(connection, [])
        assert [*range(1, len(EVERY_KIND) + 1, 2)] == [
            one.seq for one in events.of_identities(connection, [1])
        ]
        assert 3 == events.counts(connection)["Refund"]


def test_nothing(save, everything):
    """To save nothing is allowed."""
    save()
    assert [] == everything()
