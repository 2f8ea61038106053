"""What holds of an account until it is told otherwise: subscriptions, and consents on the platform."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.records import ConsentRecord
from aftercare_sdk.model.shops import Gone, NeedsRead, Ref
from aftercare_sdk.model.subscriptions import Subscription, SubscriptionLine, SubscriptionSnapshot
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import objects
from tests.support.databases import migrate
from tests.support.projection import project
from tests.support.shop import DAY, HOUR, START, Bench, customer, order, program

TEA = SubscriptionLine(product="tea", variant="tea-100", quantity=2)


def subscription(*, active: bool = True, at: timedelta = timedelta(0), **changes) -> SubscriptionSnapshot:
    """Make a picture of the subscription S-3 of account 7, as of some time after the start."""
    given = {"customer": "7", "status": "active" if active else "paused", "lines": (TEA,), **changes}
    return SubscriptionSnapshot(
        shop="main", id="S-3", version=Version(modified_at=START + at), active=active, **given
    )


def consent(state: ConsentState | None, at: timedelta = timedelta(0), **changes) -> ConsentSnapshot:
    """Make a picture of the consent of account 7, given or taken back some time after the start."""
    since = START + at
    return ConsentSnapshot(
        shop="main",
        customer="7",
        version=Version(modified_at=since),
        state=state,
        since=since,
        **{"opt_in": OptIn.SINGLE, "word": state or "", **changes},
    )


def seen_by_a_program(url, *told) -> list[tuple[Subscription, ...]]:
    """Let a shop tell something and then a purchase of account 7; return which subscriptions a hook saw."""
    seen = []
    with Bench(
        url, {"looks": program(on_purchase=lambda _, ctx: seen.append(ctx.customer.subscriptions))}
    ) as shop:
        shop.shelf.objects[Ref("customer", "7")] = customer("7")
        shop.tell(*told)
        shop.tell(order("1", customer="7"))
        shop.run(HOUR)
    return seen


def test_a_program_sees_what_comes_by_itself(migrated_database_url):
    """So that it does not remind of it: by product, by variant, and only while it is active."""
    ((told,),) = seen_by_a_program(migrated_database_url, subscription())
    assert (True, (TEA,)) == (told.active, told.lines)
    assert [True, True, False, False] == [
        told.covers("tea"),
        told.covers("tea", "tea-100"),
        told.covers("tea", "tea-500"),
        told.covers("pot"),
    ]


def test_a_line_of_no_variant_covers_all_of_them():
    """A subscription to a product, whatever its variant."""
    lines = (SubscriptionLine(product="tea", quantity=1),)
    assert Subscription(shop="main", id="1", active=True, lines=lines).covers("tea", "tea-500")


def test_a_selling_plan_stays_with_its_line(migrated_database_url):
    """Only a read tells it; what webhooks tell of the order afterwards does not know of it."""
    seen = []
    looks = program(on_purchase=lambda _, ctx: seen.append([one.selling_plan for one in ctx.order.lines]))
    with Bench(migrated_database_url, {"looks": looks}) as shop:
        line = order("1").amounts.lines[0].id
        shop.tell(order("1", selling_plans={line: "Monthly"}))
        shop.tell(order("1", modified=START + HOUR))
        shop.run(2 * HOUR)
    assert [["Monthly"]] == seen


@pytest.mark.parametrize("told", list(permutations((subscription(), subscription(active=False, at=HOUR)))))
def test_the_latest_picture_counts(migrated_database_url, told):
    """In whatever order they come: a paused subscription covers nothing."""
    ((seen,),) = seen_by_a_program(migrated_database_url, *told)
    assert (False, "paused", False) == (seen.active, seen.status, seen.covers("tea"))


def test_a_subscription_that_is_gone_covers_nothing(migrated_database_url):
    """The shop was asked, and has none of that name any more."""
    with Bench(migrated_database_url) as shop:
        shop.tell(subscription())
        shop.shelf.objects[Ref("customer", "7")] = customer("7")
        shop.tell(NeedsRead(Ref("subscription", "S-3"), "the shop may have ended it"))
        shop.run(HOUR)
        assert isinstance(shop.shelf.read(Ref("subscription", "S-3")), Gone)
        with shop.aftercare.brand.database.read() as connection:
            key = ("main", "subscription", "S-3")
            record = objects.get_many(connection, [key])[key].record
        assert (False, True) == (record.active.value, record.deleted.value)


def test_a_consent_is_kept_as_the_platform_tells_it(migrated_database_url):
    """With its own word, how it came about and since when; one whose word nobody knows is no consent."""
    with Bench(migrated_database_url) as shop:
        shop.shelf.objects[Ref("customer", "7")] = customer("7")
        shop.tell(consent(ConsentState.SUBSCRIBED, opt_in=OptIn.CONFIRMED))
        shop.run(HOUR)
        assert (ConsentState.SUBSCRIBED, "subscribed", OptIn.CONFIRMED, START) == kept(shop)
        shop.tell(consent(None, at=DAY, word="snoozed"))
        shop.process()
        assert (None, "snoozed", OptIn.SINGLE, START + DAY) == kept(shop)


def kept(shop):
    """Return what is kept of the consent of account 7."""
    with shop.aftercare.brand.database.read() as connection:
        key = ("main", "consent", "7/email")
        record = objects.get_many(connection, [key])[key].record
    assert isinstance(record, ConsentRecord)
    return record.state.value, record.word.value, record.opt_in.value, record.since.value


def test_in_any_order_the_same_is_known(databases):
    """Subscriptions and consents converge as orders do."""
    told = [
        subscription(),
        subscription(active=False, at=HOUR),
        consent(ConsentState.SUBSCRIBED),
        consent(ConsentState.UNSUBSCRIBED, at=HOUR),
    ]
    known = []
    for several in (told, told[::-1], [*told, *told]):
        with Bench(databases.copy_of(migrate)) as shop:
            shop.shelf.objects[Ref("customer", "7")] = customer("7")
            for one in several:
                shop.tell(one)
            shop.run(HOUR)
            known.append(project(shop.aftercare.brand.database))
    assert known[0] == known[1] == known[2]
