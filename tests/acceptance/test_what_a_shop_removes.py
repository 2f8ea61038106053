"""What a shop has removed from its own records is removed here too, and not more (LAW-15, LAW-20)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.engine import books, erasing
from aftercare_sdk.model.privacy import PrivacyKind
from aftercare_sdk.store import messages, privacy
from aftercare_sdk.store.journal import Kind
from tests.support.books import PointForPound
from tests.support.commands import look_with_commands
from tests.support.databases import migrate
from tests.support.erasures import places
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    always,
    consent,
    customer,
    note,
    program,
    review,
)
from tests.support.shop import order as drawn

ANN, BOB = "ann.archer@customer.example", "bob@customer.example"
NAMED = (ANN, "ann.archer", "Archer")
GONE = START + 5 * DAY
PLUGINS = {"letters": program(on_purchase=always(note())), "points": PointForPound()}


def hers(number="1", **told):
    """Draw an order of Ann's."""
    return drawn(number, email=ANN, **told)


def bare(number="1", **told):
    """Draw it after the shop has removed her from it."""
    return drawn(number, contact=None, erased=True, modified=GONE, **told)


@pytest.fixture
def shop(databases):
    """Open a shop that writes to whoever buys, and gives points."""
    with Bench(databases.copy_of(migrate), PLUGINS) as bench:
        yield bench


def remove(bench, *told):
    """Let the shop tell what it has removed, five days after everything else, and wait for two more."""
    bench.run(GONE)
    bench.tell(*told)
    bench.run(2 * DAY)


def requests(bench):
    """Return what has been asked: what it is about, whether it is done, and the note."""
    with bench.aftercare.brand.database.read() as connection:
        waiting, done = privacy.still_open(connection), privacy.settled(connection)
    return sorted((one.reference, one.settled_at is not None, one.note) for one in (*waiting, *done))


def test_a_guest_whom_nothing_else_names_is_erased(migrated_database_url):
    """As if they had asked for it: nothing that names them is found anywhere, and the books balance."""
    with Bench(migrated_database_url, PLUGINS) as shop:
        shop.tell(hers())
        shop.run(DAY)
        assert {"journal.body", "objects.person", "identities.value"} <= places(shop, NAMED)
        remove(shop, bare())
        assert set() == places(shop, NAMED)
        assert [("order/1", True, "erased")] == requests(shop)
        with shop.aftercare.brand.database.read() as connection:
            assert [] == books.verify(connection).violations


def test_a_day_is_waited_for_what_else_the_shop_removes(shop):
    """Until then the request is listed, with the day by which it is to be done."""
    shop.tell(hers())
    shop.run(GONE)
    shop.tell(bare())
    shop.run(DAY - MINUTE)
    with shop.aftercare.brand.database.read() as connection:
        (asked,) = privacy.still_open(connection)
    assert (PrivacyKind.REMOVED, "order/1", ("1",)) == (asked.kind, asked.reference, asked.orders)
    assert GONE + 30 * DAY == asked.due_at
    assert "journal.body" in places(shop, NAMED)
    shop.run(2 * MINUTE)
    assert set() == places(shop, NAMED)


def test_of_somebody_who_has_bought_again_only_that_order_goes(shop):
    """The shop may have tidied up its old orders, which is no reason to forget a customer."""
    shop.tell(hers("1", name="Ann Firstname"))
    shop.tell(hers("2", name="Ann Secondname"))
    shop.run(DAY)
    remove(shop, bare("1"))
    assert [("order/1", True, "removed; something else names the person")] == requests(shop)
    assert set() == places(shop, ["Firstname"])
    assert {"identities.value", "journal.body", "objects.person"} <= places(shop, NAMED)
    one, two = shop.message(order="1"), shop.message(order="2")
    with shop.aftercare.brand.database.read() as connection:
        kept = set(messages.copies_of(connection, [one.key, two.key]))
    assert {two.key} == kept


def test_once_everything_is_removed_the_person_goes(shop):
    """A shop with many orders of somebody removes them in several runs."""
    shop.tell(hers("1"), hers("2"), review("715", email=ANN))
    remove(shop, bare("1"))
    shop.tell(bare("2"))
    shop.run(2 * DAY)
    assert "identities.value" in places(shop, NAMED)
    shop.tell(replace(review("715", modified=GONE + HOUR), contact=None, erased=True))
    shop.run(2 * DAY)
    assert set() == places(shop, NAMED)
    assert "erased" == {name: told for name, _, told in requests(shop)}["review/715"]


def test_whoever_has_an_account_stays(shop):
    """WooCommerce's tool keeps the account, with its address: they are a customer as before."""
    shop.tell(customer("7", email=ANN), hers("1", customer="7", name="Ann Firstname"))
    shop.run(DAY)
    remove(shop, bare("1", customer="7"))
    assert set() == places(shop, ["Firstname"])
    assert {"identities.value", "objects.person"} <= places(shop, NAMED)
    # Until the account is removed as well.
    shop.tell(replace(customer("7", modified=GONE + HOUR), contact=None, erased=True))
    shop.run(2 * DAY)
    assert set() == places(shop, NAMED)


def test_an_account_that_nobody_has_described_is_somebody(shop):
    """A shop that does not answer says nothing of the account that an order was placed with."""
    shop.shelf.close()
    shop.tell(hers("1", customer="7"))
    shop.run(DAY)
    remove(shop, bare("1", customer="7"))
    assert [("order/1", True, "removed; something else names the person")] == requests(shop)


def test_whoever_goes_on_agreeing_is_left_to_a_person(shop, monkeypatch, tmp_path):
    """They asked for the newsletter elsewhere, or asked to be erased: the shop's word is the same."""
    shop.tell(hers())
    consent(shop, ANN)
    remove(shop, bare())
    ((_, is_done, told),) = requests(shop)
    assert (False, True) == (is_done, "left to you" in told)
    assert "identities.value" in places(shop, NAMED)
    with shop.aftercare.brand.database.read() as connection:
        (asked,) = privacy.still_open(connection)
    look_with_commands(shop, tmp_path, monkeypatch)
    proof = command("erase", "--request", asked.key[:12], "--yes", "--json")
    told = json.loads(proof)
    assert (1, {}, True) == (told["customers"], told["left"], told["request"]["in_time"])
    assert set() == places(shop, NAMED)


def test_without_automatic_a_person_decides(databases, monkeypatch, tmp_path):
    """The request waits, and stands in the list."""
    config = {"privacy": {"automatic": False}}
    with Bench(databases.copy_of(migrate), PLUGINS, config=config) as shop:
        shop.tell(hers())
        remove(shop, bare())
        assert [("order/1", False, "")] == requests(shop)
        look_with_commands(shop, tmp_path, monkeypatch)
        listed = command("requests")
        assert "removed" in listed
        assert ANN not in listed


def test_in_any_order_nothing_that_names_the_person_stays(databases):
    """What was told before the removal and comes behind it, twice and a week late, is not kept either."""
    pictures = (hers(), hers(name="Ann Archer", modified=START + HOUR), bare())
    left = set()
    for told in permutations(pictures):
        with Bench(databases.copy_of(migrate), PLUGINS) as shop:
            shop.run(GONE)
            for one in (*told, *told):
                shop.tell(one)
                shop.process()
            shop.run(2 * DAY)
            for one in told:
                shop.tell(one)
            shop.run(DAY)
            left |= places(shop, NAMED)
    assert set() == left


def test_the_mailbox_of_a_present_is_somebody_elses(shop):
    """Whoever bought it stays, and so does whoever has the mailbox, if they are a customer as well."""
    shop.tell(customer("7", email=BOB), drawn("2", email=BOB, customer="7"), hers("3"))
    shop.tell(hers("1", customer="7"))
    shop.run(DAY)
    remove(shop, bare("1", customer="7"))
    assert [("order/1", True, "removed; something else names the person")] == requests(shop)
    assert "identities.value" in places(shop, [BOB])
    assert "identities.value" in places(shop, NAMED)


def test_many_who_were_removed_on_one_day_are_looked_for_once(shop, monkeypatch):
    """A shop that tidies up removes thousands: looking through all bodies for each would take for ever."""
    looked = []
    concerns = erasing.concerns

    def look(brand, row, trace):
        if row.kind is Kind.WEBHOOK:
            looked.append(row.seq)
        return concerns(brand, row, trace)

    monkeypatch.setattr(erasing, "concerns", look)
    numbers = [str(number) for number in range(30)]
    shop.tell(*(drawn(each, email=f"guest.{each}@customer.example") for each in numbers))
    for each in numbers:
        shop.tell(drawn(f"1{each}0", email=BOB))
    shop.run(GONE)
    looked.clear()
    shop.tell(*(bare(each) for each in numbers))
    shop.run(2 * DAY)
    assert 30 == [told for _, _, told in requests(shop)].count("erased")
    assert set() == places(shop, ["guest."])
    assert max(Counter(looked).values()) <= 2


def command(*words):
    """Run `aftercare privacy …`, which succeeds."""
    result = CliRunner().invoke(app, ["privacy", *words])
    assert 0 == result.exit_code, result.output
    return result.output
