from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from aftercare_sdk.model.people import Identity, IdentityKind
from aftercare_sdk.store import people, units
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.tables import links
from aftercare_sdk.store.tables import units as units_table
from aftercare_sdk.store.units import Audience
from tests.support.databases import migrate
from tests.support.histories import DAWN

SEVERAL = 8


def account(number):
    """Return the identity of an account."""
    return Identity(kind=IdentityKind.ACCOUNT, shop="main", value=str(number))


def mailbox(address):
    """Return the identity of an e-mail address."""
    return Identity(kind=IdentityKind.EMAIL, value=address)


def make(database, *wanted):
    """Return the row ids of identities, in their order."""
    with database.write() as connection:
        found = people.ids(connection, wanted, DAWN)
    return [found[one] for one in wanted]


def partition(database):
    """Return the customers as sets of identity values."""
    with database.read() as connection:
        return {frozenset(one.value for one in several) for several in people.partition(connection)}


def components(pairs):
    """Return what union-find makes of pairs among the first few numbers."""
    parent = list(range(SEVERAL))

    def root(one):
        while parent[one] != one:
            one = parent[one]
        return one

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[int, set[str]] = {}
    for one in range(SEVERAL):
        groups.setdefault(root(one), set()).add(str(one))
    return {frozenset(group) for group in groups.values()}


class TestIds:
    def test_unknown_becomes_a_customer(self, database):
        """Each new identity is a customer of its own."""
        made = make(database, account(5), mailbox("ann@customer.example"))
        with database.read() as connection:
            assert 2 == len(set(people.customers_of(connection, made).values()))

    def test_known_stays(self, database):
        """An identity that is known keeps its row, in the same transaction and in a later one."""
        (first,) = make(database, account(5))
        assert [first, first] == make(database, account(5), account(5))

    def test_shops_and_kinds_apart(self, database):
        """The same value in another shop or of another kind is somebody else."""
        wanted = [
            account("1"),
            Identity(kind=IdentityKind.ACCOUNT, shop="other", value="1"),
            Identity(kind=IdentityKind.ORDER, shop="main", value="1"),
            mailbox("1"),
        ]
        assert 4 == len(set(make(database, *wanted)))
        with database.read() as connection:
            assert {} == people.ids(connection, [], DAWN)

    def test_value_is_not_logged(self):
        """What is logged of an identity does not name it."""
        assert "ann@" not in repr(mailbox("ann@customer.example"))


class TestJoin:
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        batches=st.lists(
            st.lists(st.tuples(st.integers(0, SEVERAL - 1), st.integers(0, SEVERAL - 1)), max_size=4),
            max_size=5,
        )
    )
    def test_components(self, databases, batches):
        """Customers are the components of all links, whatever their order and grouping."""
        url = databases.copy_of(migrate)
        database = Database(url)
        numbers = make(database, *(account(number) for number in range(SEVERAL)))
        for number in range(SEVERAL):
            with database.write() as connection:
                owner = people.customers_of(connection, [numbers[number]])[numbers[number]]
                told = Audience(
                    event=f"event-{number}",
                    plugins=["pending", "parked", "done"],
                    seq=number,
                    customer=owner,
                    known_at=DAWN,
                )
                units.add(connection, [told])
                units.park(connection, f"event-{number}", "parked", "mend me")
                units.finish(connection, [self.unit(f"event-{number}", "done")], DAWN)
        for batch in batches:
            with database.write() as connection:
                people.join(connection, [(numbers[one], numbers[other]) for one, other in batch])
        assert components([pair for batch in batches for pair in batch]) == partition(database)
        with database.read() as connection:
            owners = people.customers_of(connection, numbers)
            rows = connection.execute(select(units_table).where(units_table.c.state != "done")).mappings()
            expected = {(f"event-{n}", owners[numbers[n]]) for n in range(SEVERAL)}
            assert expected == {(row["event"], row["customer"]) for row in rows}
        database.close()
        databases.drop(url)

    def unit(self, event, plugin):
        """Return a unit by name."""
        return units.Unit(event=event, plugin=plugin, seq=0, customer=0, attempts=0)

    def test_older_customer_stays(self, database):
        """The customer that was known first stays, whichever way round the link is told."""
        old, new = make(database, account(1), account(2))
        with database.write() as connection:
            before = people.customers_of(connection, [old])[old]
            people.join(connection, [(new, old)])
            assert {old: before, new: before} == people.customers_of(connection, [old, new])
            assert {before: [old, new]} == people.identities_of(connection, [before])

    @pytest.mark.parametrize("times", [1, 3])
    def test_link_is_kept_once(self, database, times):
        """A link is noted for good, once, however often and in whatever direction it is told."""
        one, other = make(database, account(1), account(2))
        for _ in range(times):
            with database.write() as connection:
                people.join(connection, [(other, one), (one, other)])
        with database.read() as connection:
            assert [(one, other)] == [tuple(row) for row in connection.execute(select(links))]

    def test_to_itself(self, database):
        """An account without any other identity stays as it is."""
        (one,) = make(database, account(1))
        with database.write() as connection:
            people.join(connection, [])
            people.join(connection, [(one, one)])
        assert {frozenset({"1"})} == partition(database)


class TestSearch:
    def test_by_whatever_is_known(self, database):
        """A customer is found by any spelling of an address, and by shop and account."""
        one, other = make(database, account(5), mailbox("ann@customer.example"))
        with database.write() as connection:
            people.join(connection, [(one, other)])
            owner = people.customers_of(connection, [one])[one]
            assert {other: owner} == people.search(connection, " Ann@Customer.EXAMPLE")
            assert {one: owner} == people.search(connection, "main/5")
            assert {} == people.search(connection, "other/5")
            assert {} == people.search(connection, "")
            assert ["5", "ann@customer.example"] == [
                known.value for known in people.describe(connection, [owner])
            ]
