from __future__ import annotations

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.shops import Ref
from aftercare_sdk.store import reads
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, needs_read, note, order, program


def waiting(bench: Bench) -> dict[str, tuple[int, str]]:
    """Return tries and error of each read that waits."""
    with bench.aftercare.brand.database.read() as connection:
        return {one.id: (one.attempts, one.error) for one in reads.listing(connection)}


def ref(number: str) -> Ref:
    """Name an order."""
    return needs_read(number).ref


def test_a_doubt_is_one_read_after_a_moment(migrated_database_url):
    """However often it was raised; the answer is processed like anything that comes in."""
    with Bench(migrated_database_url, {"greets": program(on_purchase=always(note()))}) as bench:
        bench.shelf.objects[ref("1")] = order("1")
        for _ in range(3):
            bench.tell(needs_read("1"))
        bench.run_due()
        assert [] == bench.shelf.asked
        bench.run(START + MINUTE)
        assert [ref("1")] == bench.shelf.asked
        assert ({}, [("1", "accepted", "accepted")]) == (waiting(bench), bench.outcomes())


def test_a_shop_that_is_down_is_asked_again(migrated_database_url):
    """With growing pauses, and no message about the object leaves meanwhile."""
    with Bench(migrated_database_url, {"greets": program(on_purchase=always(note(delay=HOUR)))}) as bench:
        bench.shelf.close()
        bench.tell(order("1"), needs_read("1"))
        bench.run(START + DAY)
        assert {"1": (6, "PlatformUnavailable: the shop does not answer")} == waiting(bench)
        assert [("1", "held", "awaiting_read")] == bench.outcomes()
        bench.shelf.closed = None
        bench.shelf.objects[ref("1")] = order("1")
        bench.run(START + 2 * DAY)
        assert ({}, [("1", "accepted", "accepted")]) == (waiting(bench), bench.outcomes())


def test_a_mistake_that_a_person_must_mend_is_asked_once_a_day(migrated_database_url):
    """No pause would help before."""
    with Bench(migrated_database_url) as bench:
        bench.shelf.closed = ConfigurationError("the key is not accepted")
        bench.tell(needs_read("1"))
        bench.run(START + 2 * DAY)
        assert 2 == len(bench.shelf.asked)
        assert {"1": (2, "ConfigurationError: the key is not accepted")} == waiting(bench)


@pytest.mark.parametrize("error", [ValueError("Ann Archer <ann@customer.example>"), KeyError("Ann Archer")])
def test_an_object_that_breaks_the_adapter_is_alone_with_it(migrated_database_url, error):
    """The others are read, and what is kept of the error names nobody."""
    with Bench(migrated_database_url) as bench:
        read = bench.shelf.read

        def breaks(wanted):
            if wanted == ref("2"):
                raise error
            return read(wanted)

        bench.shelf.read = breaks
        for number in "123":
            bench.shelf.objects[ref(number)] = order(number)
        bench.tell(*(needs_read(number) for number in "123"))
        bench.run(START + MINUTE)
        assert ["main/order/1/purchase", "main/order/3/purchase"] == bench.event_ids()
        assert {"2": (1, type(error).__name__)} == waiting(bench)


@pytest.mark.parametrize("answer", [None, 7, "ann@customer.example", [order("1"), None]])
def test_an_answer_that_is_none_is_no_answer(migrated_database_url, answer):
    """An adapter that talks nonsense has not settled anything, and stops nothing."""
    with Bench(migrated_database_url) as bench:
        bench.aftercare.brand.shops["main"].adapter.read = lambda _: answer
        bench.tell(needs_read("1"))
        bench.tell(order("2"))
        bench.run(START + MINUTE)
        ((tries, error),) = waiting(bench).values()
        assert 1 == tries
        assert "ann@" not in error
        assert ["main/order/2/purchase"] == bench.event_ids()


def test_what_is_gone_is_called_off(migrated_database_url):
    """The shop says so itself."""
    with Bench(migrated_database_url) as bench:
        bench.tell(order("1"), needs_read("1"))
        bench.run(START + HOUR)
        assert ["main/order/1/cancellation", "main/order/1/purchase"] == bench.event_ids()


def test_a_doubt_that_comes_while_the_shop_is_asked_is_asked_again(migrated_database_url):
    """The answer may be older than the doubt."""
    with Bench(migrated_database_url) as bench:
        read = bench.shelf.read

        def changes_meanwhile(wanted):
            answer = read(wanted)
            if len(bench.shelf.asked) == 1:
                bench.clock.move(bench.clock.now() + MINUTE)
                bench.tell(needs_read("1"))
                bench.process()
            return answer

        bench.shelf.read = changes_meanwhile
        bench.shelf.objects[ref("1")] = order("1")
        bench.tell(needs_read("1"))
        bench.run(START + HOUR)
        assert 2 == len(bench.shelf.asked)
        assert {} == waiting(bench)
