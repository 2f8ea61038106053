from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, select, text, update

from aftercare_sdk.engine import books as module
from aftercare_sdk.engine.accounts import accounts
from aftercare_sdk.engine.books import ENOUGH_LOTS, liability, months, verify
from aftercare_sdk.model.points.lots import Cause, EntryKind, Line, Lot
from aftercare_sdk.store import books, entries, lots
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.lots import Award
from aftercare_sdk.store.tables import entries as entries_table
from aftercare_sdk.store.tables import lots as lots_table
from tests.support.books import (
    ANN,
    BOB,
    CAROL,
    EXPIRY,
    bought,
    change,
    give_back,
    live,
    lived,
    shop,
    spend,
    take_again,
)
from tests.support.shop import DAY, HOUR, START

MICROSECOND = timedelta(microseconds=1)
_UNDONE = 6
"""The entry of the story that was given back, by entry 7."""
TOKYO, KOLKATA = ZoneInfo("Asia/Tokyo"), ZoneInfo("Asia/Kolkata")


@pytest.fixture
def story(template_database):
    """A database in which everything has happened to points that can."""
    database = Database(template_database(lived))
    yield database
    database.close()


def broken(database, *statements):
    """Change the database by hand, and return what is found of it."""
    with database.write() as connection:
        for statement in statements:
            done = (
                connection.exec_driver_sql(statement)
                if isinstance(statement, str)
                else connection.execute(statement)
            )
            assert done.rowcount != 0  # PostgreSQL does not count what a SELECT inserts
    with database.read() as connection:
        return verify(connection).violations


def checks(violations):
    """Return the names of the rules that are broken."""
    return {one.check for one in violations}


def key_of(database, object_, label="purchase"):
    """Return the key of the lot of an order or a review."""
    with database.read() as connection:
        statement = "SELECT key FROM lots WHERE object = :object AND label = :label"
        return connection.execute(text(statement), {"object": object_, "label": label}).scalar_one()


def test_the_books_of_a_whole_life_are_right(story):
    """Earned, spent, given back, taken back, owed, forgiven, paid, moved, corrected, expired; and counted."""
    with story.read() as connection:
        told = verify(connection)
        kinds = connection.execute(text("SELECT count(DISTINCT cause) FROM entries")).scalar_one()
    assert (6, 35, 4, []) == (told.lots, told.entries, told.identities, told.violations)
    assert 14 == kinds


def test_small_pages_find_the_same(story, monkeypatch):
    """Where a page ends says nothing about the books."""
    monkeypatch.setattr(module, "_PAGE", 1)
    seen = []
    with story.read() as connection:
        told = verify(connection, seen.append)
    assert (6, 35, 4, []) == (told.lots, told.entries, told.identities, told.violations)
    assert [1, 2, 3, 4, 5, 6] == seen


def test_the_database_is_not_asked_for_each_row(database):
    """Ten lots or a few hundred: as many statements, as long as they fit into one page."""
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def statements(count):
        fill(database, [lot(10_000 * count + number, MARCH, 40, spent=30) for number in range(count)])
        asked.clear()
        with database.read() as connection:
            verify(connection)
            months(connection, UTC)
            liability(connection, UTC)
        return len(asked)

    assert statements(10) == statements(300)


def test_an_empty_database_has_nothing_wrong_with_it(database):
    """Nothing was checked, and that is said."""
    with database.read() as connection:
        told = verify(connection)
        assert (0, 0, 0, []) == (told.lots, told.entries, told.identities, told.violations)
        assert ((), None) == (months(connection, UTC), books.span(connection))
        assert (0, ()) == (liability(connection, UTC).outstanding, liability(connection, UTC).months)


def test_a_row_that_says_more_than_is_left_is_found(story):
    """With its lot, and the number that mends it."""
    key = key_of(story, "5")
    (one,) = broken(story, "UPDATE lots SET remaining = 31 WHERE object = '5'")
    assert ("remaining", key) == (one.check, one.lot)
    assert "its row says that 31 are left and 0 owed; what happened to it leaves 30 and 0" == one.problem
    assert "set `remaining` of this lot to 30 and `debt` to 0, with `serve` and `work` stopped" == one.cure
    assert [] == broken(story, "UPDATE lots SET remaining = 30 WHERE object = '5'")


def test_a_debt_that_only_its_row_tells_of_is_found(story):
    """It is what was used and is not earned any more, less what was forgiven and settled."""
    (one,) = broken(story, "UPDATE lots SET debt = 5 WHERE object = '1'")
    assert ("remaining", key_of(story, "1")) == (one.check, one.lot)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("expired = 40", "by what happened to it -10 are left and 0 owed"),
        ("settled = 4", "by what happened to it 30 are left and -4 owed"),
        ("spent = -3", "by what happened to it 33 are left and 0 owed (spent -3)"),
    ],
)
def test_a_lot_below_zero_is_found(story, wrong, problem):
    """More has left it than it held, or was paid for it than was owed."""
    found = broken(story, f"UPDATE lots SET {wrong} WHERE object = '5'")  # noqa: S608 - from above
    assert {"below_zero", "entries", "sum", "total"} <= checks(found)
    (one,) = [one for one in found if one.check == "below_zero"]
    assert (key_of(story, "5"), f"{problem}: nothing of it can be below zero") == (one.lot, one.problem)


@pytest.mark.parametrize("counter", ["earned", "spent", "paid", "expired", "forgiven", "settled"])
def test_a_counter_that_its_entries_do_not_bear_out_is_found(story, counter):
    """Even where what is left comes out right."""
    even = {"earned": "spent", "settled": "forgiven", "forgiven": "settled"}.get(counter, "earned")
    sign = -1 if "settled" in {counter, even} else 1
    statement = update(lots_table).where(lots_table.c.object == ("1" if sign < 0 else "5"))
    found = broken(
        story,
        statement.values(
            {counter: lots_table.c[counter] + 1, even: lots_table.c[even] + sign},
        ),
    )
    (one,) = [one for one in found if one.check == "entries"]
    assert key_of(story, "1" if sign < 0 else "5") == one.lot
    assert f"`{counter}` to " in one.cure
    also = {"payments"} if sign < 0 else {"worth"}
    assert {"entries", *also} == checks(found)


def test_half_a_move_is_found(story):
    """What one identity lost and no other one got."""
    found = broken(story, "DELETE FROM entries WHERE cause = 'moved' AND points > 0")
    assert {"entries", "sum", "total"} == checks(found)
    problem = "0 are left in it and 0 owed, and its entries add up to -25 and 0"
    assert problem in {one.problem for one in found}


@pytest.mark.parametrize(
    ("statement", "object_", "problem"),
    [
        (
            "UPDATE lots SET lines = '{\"1\":11}' WHERE object = '5'",
            "5",
            "it is worth 30, and by order main/order/5 it is worth 11",
        ),
        (  # the order is as refunded as Bob's now, and nobody has told the ledger
            """
            UPDATE objects SET record = (SELECT record FROM objects WHERE kind = 'order' AND id = '4')
            WHERE kind = 'order' AND id = '5'
            """,
            "5",
            "it is worth 30, and by order main/order/5 it is worth 0",
        ),
        (
            "DELETE FROM objects WHERE kind = 'order' AND id = '5'",
            "5",
            "it is worth what is left of order main/order/5, which nobody knows",
        ),
        (
            "UPDATE lots SET lines = '{\"\":19}' WHERE object = '715'",
            "715",
            "it is worth 20, and by what was awarded it is worth 19",
        ),
    ],
)
def test_a_lot_that_is_not_worth_what_its_order_is_is_found(story, statement, object_, problem):
    """Points of an order are a function of the order, at every moment."""
    (one,) = broken(story, statement)
    label = "review" if object_ == "715" else "purchase"
    assert ("worth", key_of(story, object_, label), problem) == (one.check, one.lot, one.problem)
    assert one.cure


def test_entries_of_a_lot_that_is_gone_are_found(story):
    """Its points are in the books, and nobody can use them."""
    key = key_of(story, "5")
    found = broken(story, "DELETE FROM lots WHERE object = '5'")
    assert {"stray", "balance", "sum", "total"} == checks(found)
    (one,) = [one for one in found if one.check == "stray"]
    assert (key, "entries of 30 points speak of this lot, and it is not there") == (one.lot, one.problem)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE balances SET available = available + 1 WHERE available = 20",
        "UPDATE balances SET pending = pending - 1 WHERE pending = 30",
        "DELETE FROM balances WHERE pending = 30",
    ],
)
def test_a_balance_that_is_not_the_sum_of_its_lots_is_found(story, statement):
    """The row that a redemption looks at first."""
    (one,) = broken(story, statement)
    assert "balance" == one.check
    assert f"in the balance of identity {one.identity}" in one.cure
    right = "20 available, 0 pending, 0 owed" if "20" in statement else "0 available, 30 pending, 0 owed"
    assert one.problem.endswith(f"; its lots say {right}")


def test_a_customer_who_owes_and_owns_is_found(story):
    """Whatever else is wrong with it: the next reward would be paid with points that are owed."""
    found = broken(story, "UPDATE balances SET debt = 2 WHERE available = 20")
    assert {"balance", "owing"} == checks(found)
    (owing,) = [one for one in found if one.check == "owing"]
    assert "owes 2 points and could spend 20" in owing.problem


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("UPDATE payments SET points = 4", 2),  # of the payer, and of the debtor
        ("DELETE FROM payments", 2),
        ("UPDATE entries SET other = lot WHERE seq = 29", 2),  # one is noted, the other one posted
        ("INSERT INTO payments SELECT payer, payer, 3 FROM payments", 2),
    ],
)
def test_payments_that_do_not_fit_debts_are_found(story, statement, count):
    """What one lot has paid settles what another one owed."""
    found = broken(story, statement)
    assert ["payments"] * count == [one.check for one in found]
    assert {one.lot for one in found} <= {key_of(story, "1"), key_of(story, "2")}


def test_an_entry_that_was_changed_is_found(story):
    """In its lot, at its identity, and in the whole."""
    found = broken(story, "UPDATE entries SET points = points + 1 WHERE cause = 'corrected'")
    assert {"entries", "sum", "total"} == checks(found)
    (lot,) = [one for one in found if one.check == "entries"]
    assert (key_of(story, "2"), "set `spent` to 22") == (
        lot.lot,
        lot.cure.partition(", ")[2].partition(",")[0],
    )


@pytest.mark.parametrize("other", [999, 1, 4])
def test_an_entry_that_undoes_no_such_entry_is_found(story, other):
    """One that is not there, one of another lot, or one of other points."""
    (one,) = broken(
        story, update(entries_table).where(entries_table.c.reverses == _UNDONE).values(reverses=other)
    )
    assert ("reverses", key_of(story, "2")) == (one.check, one.lot)
    assert f"entry 7 says that it undoes entry {other}" in one.problem


def test_an_entry_that_was_undone_twice_is_found(story):
    """Points that were given back two times."""
    columns = [column for column in entries_table.columns if column.name != "seq"]
    again = select(*columns).where(entries_table.c.reverses == _UNDONE)
    found = broken(story, insert(entries_table).from_select([column.name for column in columns], again))
    assert {"reverses", "entries", "sum", "total"} == checks(found)
    assert "entry 6 was undone 2 times" in {one.problem for one in found}


def test_a_wreck_is_not_told_line_by_line(story, monkeypatch):
    """A thousand violations say as much as a million, and fit into memory."""
    monkeypatch.setattr(module, "MOST_TOLD", 3)
    assert 3 == len(broken(story, "UPDATE lots SET remaining = remaining + 1"))


def test_the_cure_for_who_owes_and_owns_works(migrated_database_url):
    """An order that is saved once more in the shop pays the debt; here two became one by hand."""
    other = "x@customer.example"
    with shop(migrated_database_url) as bench:
        bench.tell(bought("1", 0, 20, delivered=0, email=other), bought("2", 0, 50, delivered=0, email=ANN))
        bench.process()
        spend(bench, other, 20, "reward")
        bench.tell(bought("1", 0, 20, seen=1, delivered=0, email=other, cancelled=True), at=START + DAY)
        bench.process()
        (one,) = broken(
            bench.aftercare.brand.database,
            "UPDATE identities SET customer = (SELECT min(customer) FROM identities)",
        )
        assert "owes 15 points and could spend 50" in one.problem
        assert "save an order of this customer once more in the shop" in one.cure
        bench.tell(bought("2", 0, 50, seen=2, delivered=0, email=ANN), at=START + 2 * DAY)
        bench.process()
        with bench.aftercare.brand.database.read() as connection:
            assert [] == verify(connection).violations
            (account,) = accounts(connection, ANN, limit=100)
        assert (35, 0) == (account.balance.available, account.balance.debt)


def test_a_reward_that_counts_after_all_is_in_order(migrated_database_url):
    """Given back, spent elsewhere, and then found to have been used: the rest is a debt."""
    with shop(migrated_database_url) as bench:
        bench.tell(bought("1", 0, 20, delivered=0, email=ANN))
        bench.process()
        spend(bench, ANN, 15, "one")
        give_back(bench, ANN, "one")
        spend(bench, ANN, 12, "two")
        take_again(bench, ANN, "one")
        with bench.aftercare.brand.database.read() as connection:
            assert [] == verify(connection).violations
            (one,) = accounts(connection, ANN, limit=100)
            assert 0 == one.balance.available < one.balance.debt
            assert one.balance.points == months(connection, UTC)[-1].outstanding
            assert one.balance.points == liability(connection, UTC).outstanding


def holdings(account):
    """Return what somebody has, without what only the present knows."""
    return (
        asdict(account.balance),
        {one.award.key: (one.left, one.available, one.expires_at) for one in account.lots if one.left},
        [one.seq for one in account.entries],
    )


def test_an_account_as_of_a_moment_is_what_it_was_then(migrated_database_url):
    """Whatever has happened since: spent, taken back, moved to another customer, expired."""
    asked = (ANN, BOB, CAROL, "main/8")
    then = []
    with shop(migrated_database_url) as bench:

        def note():
            with bench.aftercare.brand.database.read() as connection:
                then.extend(
                    (bench.clock.now(), who, one.customer, holdings(one))
                    for who in asked
                    for one in accounts(connection, who, limit=1_000)
                )

        live(bench, note)
        with bench.aftercare.brand.database.read() as connection:
            now = [
                (
                    at,
                    who,
                    customer_,
                    next(
                        holdings(one)
                        for one in accounts(connection, who, limit=1_000, before=at + MICROSECOND)
                        if one.customer == customer_
                    ),
                )
                for at, who, customer_, _ in then
            ]
    assert len(then) > 30
    assert then == now


def test_the_months_add_up_to_the_entry(story):
    """Each row from the one before; all of them to the sum of all entries."""
    with story.read() as connection:
        found = months(connection, UTC)
        points, debt = books.total(connection)
    assert [
        ("2026-05", 177, 35, 0, 50, 7, 99),
        ("2026-06", 0, 0, 49, 25, 25, 50),
    ] == [tuple(asdict(one).values()) for one in found]
    before = 0
    for one in found:
        before += one.issued - one.spent - one.expired - one.revoked + one.adjusted
        assert before == one.outstanding
    assert before == points - debt


@pytest.mark.parametrize("zone", [UTC, TOKYO, KOLKATA, ZoneInfo("America/New_York")])
def test_what_is_outstanding_at_the_end_of_a_month_is_the_liability_then(story, zone):
    """By the month's row, and as of the first instant of the next one."""
    with story.read() as connection:
        ends = {
            one.month: one.outstanding - liability(connection, zone, _next_month(one.month, zone)).outstanding
            for one in months(connection, zone)
        }
    assert {"2026-05": 0, "2026-06": 0} == ends


def _next_month(name, zone):
    year, month = map(int, name.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)


def earn(connection, at, points, identity=1):
    """Write an entry."""
    line = Line(
        kind=EntryKind.EARN, cause=Cause.AWARDED, identity=identity, lot=at.isoformat(), points=points
    )
    entries.append(connection, at, [(line, Why(plugin="loyal"))])


@pytest.mark.parametrize(
    ("zone", "boundary"),
    [
        (TOKYO, datetime(2026, 5, 31, 15, tzinfo=UTC)),
        (KOLKATA, datetime(2026, 5, 31, 18, 30, tzinfo=UTC)),
        (ZoneInfo("America/New_York"), datetime(2026, 6, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_midnight_in_the_brands_zone(database, zone, boundary):
    """Exactly: an entry of one microsecond before is one of the month before."""
    with database.write() as connection:
        earn(connection, boundary - MICROSECOND, 1)
        earn(connection, boundary, 10)
    with database.read() as connection:
        assert [("2026-05", 1, 1), ("2026-06", 10, 11)] == [
            (one.month, one.issued, one.outstanding) for one in months(connection, zone)
        ]


def test_months_without_entries_have_rows(database):
    """Over many years, each month once, also around the turns of years."""
    with database.write() as connection:
        for year in range(2019, 2027):
            earn(connection, datetime(year, 1, 15, tzinfo=UTC), 100)
            earn(connection, datetime(year, 12, 31, 23, 59, tzinfo=UTC), 7)
    with database.read() as connection:
        found = months(connection, UTC)
    assert 8 * 12 == len(found) == len({one.month for one in found})
    assert [one.month for one in found] == sorted(one.month for one in found)
    assert ["2019-01", "2019-12", "2020-01"] == [one.month for one in found if one.issued][:3]
    assert (8 * 107, 8 * 107) == (sum(one.issued for one in found), found[-1].outstanding)


def test_the_liability_tells_what_became_of_each_month(story):
    """What was issued and stands is used, expired, or still held."""
    with story.read() as connection:
        told = liability(connection, UTC)
    assert (20, 30, 0, 50) == (told.available, told.pending, told.debt, told.outstanding)
    (may,) = told.months
    assert ("2026-05", 102, 28, 24, 20, 30, None) == tuple(asdict(may).values())
    assert may.issued == may.used + may.expired + may.available + may.pending
    assert (None, None) == (told.history.share, told.breakage)


def lot(number, at, points, **changes):
    """Make a lot of a month that expires after one."""
    counters = {name: changes.pop(name) for name in ("spent", "expired") if name in changes}
    return Award(
        lot=Lot(key=f"{number:05}", identity=1, available=True, earned=points, **counters),
        plugin="loyal",
        label="purchase",
        event="",
        shop="main",
        object=str(number),
        reason="a test",
        awarded_at=at,
        available_at=at,
        lines={"": points},
        **{"expiry": EXPIRY, **changes},
    )


def fill(database, several):
    """Write lots and the entries behind them, each on the day after its award."""
    made = []
    for one in several:
        made.append((one.awarded_at, EntryKind.EARN, Cause.AWARDED, one.key, one.lot.earned))
        for kind, cause, points in (
            (EntryKind.SPEND, Cause.REDEEMED, one.lot.spent),
            (EntryKind.EXPIRE, Cause.EXPIRED, one.lot.expired),
        ):
            if points:
                made.append((one.awarded_at + DAY, kind, cause, one.key, -points))
    with database.write() as connection:
        lots.save_many(connection, several)
        rows = [
            {"at": at, "identity": 1, "kind": kind, "cause": cause, "lot": key, "points": points, "debt": 0}
            | dict.fromkeys(("event", "plugin", "rule", "actor", "posting", "note"), "")
            for at, kind, cause, key, points in sorted(made, key=lambda one: one[0])
        ]
        connection.execute(insert(entries_table), rows)


MARCH, APRIL, MAY = (datetime(2026, month, 2, tzinfo=UTC) for month in (3, 4, 5))


def history(database, count=ENOUGH_LOTS):
    """Let March be over, a quarter of its points expired; April half used, May untouched."""
    over = [lot(number, MARCH, 40, spent=30, expired=10) for number in range(count)]
    april = [lot(1_000 + number, APRIL, 100, spent=50, expired=5) for number in range(10)]
    may = [lot(2_000, MAY, 401), lot(2_001, MAY, 1_000, expiry=None)]
    fill(database, [*over, *april, *may])


def test_what_will_expire_is_expected_from_months_that_are_over(database):
    """A quarter of March expired. So 250 of April's 1,000 will, 50 of them have; and 100 of May's 401."""
    history(database)
    with database.read() as connection:
        told = liability(connection, UTC)
    assert (100, 4_000, 1_000) == (told.history.lots, told.history.earned, told.history.expired)
    assert [("2026-03", 0), ("2026-04", 200), ("2026-05", 100)] == [
        (month.month, month.breakage) for month in told.months
    ]
    assert 300 == told.breakage
    with database.read() as connection:
        assert {"balance"} == checks(verify(connection).violations)  # that row is all that was left out


def test_too_little_history_says_nothing(database):
    """No number is made up out of 99 lots."""
    history(database, ENOUGH_LOTS - 1)
    with database.read() as connection:
        told = liability(connection, UTC)
    assert (99, None, None) == (told.history.lots, told.history.share, told.breakage)
    assert [None, None, None] == [month.breakage for month in told.months]


def test_a_month_is_over_when_next_to_nothing_is_left(database):
    """One point in twenty may be left; what was used early would say that nothing ever expires."""
    young = [lot(number, MARCH, 20, spent=18) for number in range(ENOUGH_LOTS)]
    fill(database, young)
    with database.read() as connection:
        assert (0, None) == (liability(connection, UTC).history.lots, liability(connection, UTC).breakage)
    fill(database, [lot(5_000 + number, APRIL, 20, spent=19) for number in range(ENOUGH_LOTS)])
    with database.read() as connection:
        told = liability(connection, UTC)
    assert (ENOUGH_LOTS, 0) == (told.history.lots, told.breakage)


def test_more_never_expires_than_is_left(database):
    """Of a month that has spent nearly all only the rest can expire."""
    fill(database, [lot(number, MARCH, 40, expired=40) for number in range(ENOUGH_LOTS)])
    fill(database, [lot(5_000, APRIL, 100, spent=70)])
    with database.read() as connection:
        told = liability(connection, UTC)
    assert (1, 30) == (told.history.share, told.breakage)


def test_a_liability_as_of_a_moment_knows_nothing_later(database):
    """Neither what was awarded since, nor what became of it."""
    history(database)
    with database.read() as connection:
        told = liability(connection, UTC, MARCH + HOUR)
        assert [("2026-03", 4_000, 0, 0, 4_000)] == [
            (one.month, one.issued, one.used, one.expired, one.available) for one in told.months
        ]
        later = liability(connection, UTC, APRIL + HOUR)
    assert [("2026-03", 0), ("2026-04", 1_000)] == [(one.month, one.available) for one in later.months]
    assert 250 == later.breakage


def test_a_person_who_corrects_is_named(migrated_database_url):
    """Actor and note stand beside the entry, and nothing is lost if more is wanted than there is."""
    with shop(migrated_database_url) as bench:
        bench.tell(bought("1", 0, 20, delivered=0, email=ANN))
        bench.process()
        change(bench, ANN, Why(actor="mori", note="slip"), lambda account: account.remove(4))
        with bench.aftercare.brand.database.read() as connection:
            (one,) = accounts(connection, ANN, limit=1)
    assert (2, ["corrected"], "mori", "slip") == (
        one.count,
        [each.cause for each in one.entries],
        one.entries[0].actor,
        one.entries[0].note,
    )
