"""Erasing a person: nothing names them any more, nothing brings them back, the books balance (LAW-20)."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, select

from aftercare_sdk.engine import books, imported
from aftercare_sdk.engine.erasing import Erasure, erase
from aftercare_sdk.model.actions import Remember, SetTimer
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import NeedsRead, Ref
from aftercare_sdk.store import journal, people
from aftercare_sdk.store.journal import Arrival, Kind
from aftercare_sdk.store.tables import metadata
from tests.support.books import PointForPound
from tests.support.databases import migrate
from tests.support.shop import (
    DAY,
    HOUR,
    START,
    Bench,
    always,
    consent,
    customer,
    note,
    order,
    program,
    review,
)

ANN, BOB = "ann.archer@customer.example", "bob@customer.example"
NAMED = (ANN, "ann.archer", "Archer", "715 Camellia Lane", "camellia")
WHEN = START + 10 * DAY


def erased(bench: Bench, text: str = ANN) -> Erasure:
    """Erase whoever is known under a text."""
    with bench.aftercare.brand.database.read() as connection:
        known = people.search(connection, text)
    return erase(bench.aftercare.brand, known, reason="asked for it", actor="K. Mori")


def places(bench: Bench, words: Iterable[str] = NAMED) -> set[str]:
    """Return every column of every table that holds one of some words; by code of its own."""
    found = set()
    with bench.aftercare.brand.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column in table.columns:
                    value = row[column.name]
                    if isinstance(column.type, LargeBinary) and value is not None:
                        raw = bytes(value)
                        value = (zlib.decompress(raw) if raw[:1] == b"\x78" else raw).decode()
                    if isinstance(value, str) and any(word.lower() in value.lower() for word in words):
                        found.add(f"{table.name}.{column.name}")
    return found


def balanced(bench: Bench) -> bool:
    """Tell whether the books of points are in order."""
    with bench.aftercare.brand.database.read() as connection:
        return not books.verify(connection).violations


def hers(number: str, **told: object) -> object:
    """Draw an order of Ann's."""
    return order(number, email=ANN, **told)


def test_nothing_that_names_the_person_stays(shop):
    """Not in rows, raw bodies or copies, not in what plugins remember; the proof says the same."""
    shop.tell(hers("1"), customer("7", email=ANN))
    shop.tell(hers("2", customer="7"))
    shop.run(DAY)
    assert {"objects.person", "identities.value", "journal.body", "copies.text"} <= places(shop)
    proof = erased(shop)
    assert set() == places(shop)
    assert ({}, 1) == (proof.left, proof.customers)
    assert {"objects", "identities", "journal", "copies", "memory", "timers"} <= proof.erased.keys()
    assert [] == shop.memory()
    assert [] == shop.timers()
    assert balanced(shop)


def test_others_stay_as_they_are(shop):
    """What is erased is one person."""
    shop.tell(hers("1"), order("2", email=BOB, name="Bob"))
    shop.run(DAY)
    before = places(shop, [BOB])
    erased(shop)
    assert before >= places(shop, [BOB]) >= {"objects.person", "identities.value", "copies.text"} & before


def test_what_has_not_left_is_cancelled_with_its_reason(databases):
    """A person who was erased gets nothing any more."""
    plugin = program(on_purchase=always(note(delay=3 * DAY)))
    with Bench(databases.copy_of(migrate), {"letters": plugin}) as shop:
        shop.tell(hers("1"))
        shop.process()
        erased(shop)
        shop.run(5 * DAY)
        assert [("1", "cancelled", "erased")] == shop.outcomes()
        assert [] == shop.sent


def test_an_order_from_before_counts_and_names_nobody(shop):
    """Its refund takes the points back; the raw body goes as soon as it is processed."""
    shop.tell(hers("1", delivered={"p": START + HOUR}))
    shop.run(DAY)
    erased(shop)
    paid_back = {"r": (1_000, START + 2 * DAY)}
    shop.tell(
        hers("1", modified=START + 2 * DAY, delivered={"p": START + HOUR}, refunds=paid_back),
        at=START + 2 * DAY,
    )
    shop.run(DAY)
    assert "main/order/1/refund/r" in shop.event_ids()
    assert set() == places(shop)
    assert balanced(shop)
    with shop.aftercare.brand.database.read() as connection:
        points = sum(
            row.available + row.pending for row in connection.execute(select(metadata.tables["balances"]))
        )
    assert 0 == points


def test_an_unknown_order_from_before_stays_with_whoever_was_erased(shop):
    """By the keyed hash of the address: no new customer comes of it, and nothing is sent."""
    shop.tell(hers("1"))
    shop.run(DAY)
    erased(shop)
    sent = len(shop.sent)
    shop.tell(hers("0", placed=START - DAY), at=START + 3 * DAY)
    shop.run(DAY)
    assert sent == len(shop.sent)
    assert set() == places(shop)
    assert 1 == len({known.identity for known in shop.events()})


def test_whoever_buys_again_is_somebody_new(shop):
    """The same address after the erasure is a customer like any other."""
    shop.tell(hers("1"))
    shop.run(DAY)
    erased(shop)
    shop.tell(hers("5", placed=START + 4 * DAY), at=START + 4 * DAY)
    shop.run(DAY)
    assert [ANN] == [one.recipient for one in shop.sent][-1:]
    identities = {
        known.event.order: known.identity for known in shop.events() if hasattr(known.event, "order")
    }
    assert identities["1"] != identities["5"]
    shop.tell(hers("1", modified=START + 5 * DAY), at=START + 5 * DAY)
    shop.process()
    with shop.aftercare.brand.database.read() as connection:
        assert 1 == len(people.search(connection, ANN))


def test_law_20_a_refusal_outlives_the_person(shop):
    """As a suppression under a keyed hash, which names nobody."""
    shop.tell(hers("1"))
    shop.run(DAY)
    shop.aftercare.consents.refuse(email=ANN)
    erased(shop)
    assert set() == places(shop)
    with shop.aftercare.brand.database.read() as connection:
        rows = connection.execute(select(metadata.tables["suppressions"])).all()
    assert [("unsubscribe", None)] == [(row.reason, row.identity) for row in rows]


def test_law_04_what_proves_a_consent_stays(shop):
    """By the number of the person, and under the hash of the address."""
    shop.tell(hers("1"))
    shop.process()
    consent(shop, ANN)
    assert 1 == erased(shop).kept["consents"]
    assert set() == places(shop)


@pytest.mark.parametrize("seed", range(12))
def test_in_any_order_around_the_erasure_nobody_comes_back(databases, seed):
    """Payloads before, after, twice and in any order: no word of the person, and the books balance."""
    rng = random.Random(seed)  # noqa: S311 - no secret depends on it
    told = [
        hers("1"),
        hers("1", modified=START + HOUR, delivered={"p": START + HOUR}, customer="7"),
        hers("1", modified=START + 20 * DAY, refunds={"r": (400, START + 20 * DAY)}, customer="7"),
        hers("2", placed=START + HOUR, customer="7"),
        hers("2", placed=START + HOUR, modified=START + 12 * DAY, cancelled=True, customer="7"),
        customer("7", email=ANN),
        customer("7", email=ANN, modified=START + DAY, attributes={"pet": "Camellia"}),
        review("715", email=ANN, text="Archer was here"),
    ]
    first = [one for one in told if rng.random() < 0.6]
    late = rng.sample(told, len(told)) + rng.sample(told, 4)
    with Bench(databases.copy_of(migrate), {"points": PointForPound(), "talks": TALKS}) as shop:
        for one in rng.sample(first, len(first)):
            shop.tell(one)
            if rng.random() < 0.5:
                shop.process()
        shop.run(10 * DAY)
        shop.tell(hers("1"), customer("7", email=ANN))  # so that somebody is known
        shop.process()
        if rng.random() < 0.5:
            shop.tell(*rng.sample(told, 2))  # received, not processed
        erased(shop)
        shop.shelf.put(*(one for one in told if isinstance(one, OrderSnapshot)))
        for one in late:
            arrive(shop, one, rng.choice(["webhook", "webhook", "read", "file"]))
            if rng.random() < 0.3:
                shop.run(timedelta(hours=5))
        shop.run(20 * DAY)
        assert set() == places(shop)
        assert balanced(shop)


def arrive(bench: Bench, told: object, how: str) -> None:
    """Let something arrive by a webhook, as the answer to a read, or out of a file."""
    if how == "webhook" or not isinstance(told, OrderSnapshot):
        bench.tell(told)
    elif how == "read":
        bench.tell(NeedsRead(ref=Ref("order", told.id), reason="a test"))
    else:
        row = Arrival(
            kind=Kind.IMPORT,
            shop="main",
            topic="test",
            received_at=bench.clock.now(),
            body=imported.encode([told]),
        )
        with bench.aftercare.brand.database.write() as connection:
            journal.append(connection, [row])


TALKS = program(
    on_purchase=lambda *_: [
        note(template="asks", data={"word": "Archer"}),
        Remember(key="name", value="Archer", reason="a test"),
        SetTimer(name="later", delay=30 * DAY, data={"who": "Camellia"}, reason="a test"),
    ]
)


@pytest.fixture
def shop(migrated_database_url):
    """A shop that counts points, writes letters and remembers what it should not."""
    with Bench(migrated_database_url, {"points": PointForPound(), "talks": TALKS}) as bench:
        yield bench
