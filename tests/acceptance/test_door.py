"""Promise 1: nothing acknowledged is lost; and what bad input gets."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from typing import Self

import pytest
from sqlalchemy import event, make_url, text

from aftercare_sdk import RawRequest
from aftercare_sdk.engine.receive import (
    NOT_SIGNED,
    NOT_STORED,
    PONG,
    SEEN,
    STORED,
    TOO_LARGE,
    UNKNOWN_SHOP,
    Reply,
    answer,
)
from aftercare_sdk.model.orders import Parcel
from aftercare_sdk.model.shops import Ignored, NeedsRead, Ref
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import database
from aftercare_sdk.store.journal import State
from tests.support.shop import (
    HOUR,
    START,
    Bench,
    always,
    body_of,
    in_threads,
    note,
    order,
    program,
    request,
    sign,
)

NAMES = ("ann@", "customer.example", "Ann", "Archer")


def states(bench: Bench) -> list[tuple[State, str]]:
    """Return state and outcome of every webhook, oldest first."""
    return [(entry.state, entry.outcome) for entry in bench.webhooks()]


def test_what_the_shop_has_not_signed_is_refused(migrated_database_url):
    """401, and nothing is stored."""
    wrong = ["", "0" * 64, sign(b"another body"), sign(b"[]").upper(), "ünïcödé", "\x00", "ff" * 10_000]
    with Bench(migrated_database_url) as bench:
        assert [NOT_SIGNED] * len(wrong) == [bench.post(b"[]", signature=each) for each in wrong]
        assert (401, []) == (NOT_SIGNED.status, bench.webhooks())


def test_an_adapter_that_breaks_over_a_request_has_not_verified_it(migrated_database_url):
    """Its bug is no way in, and no way to an error page either."""
    with Bench(migrated_database_url) as bench:

        def breaks(request):
            raise KeyError("X-Signature of Ann")

        bench.aftercare.brand.shops["main"].adapter.verify = breaks
        assert NOT_SIGNED == bench.post(b"[]")
        assert [] == bench.webhooks()


def test_a_body_over_the_limit_is_refused_before_anything_is_done_with_it(migrated_database_url):
    """413; a body of exactly the limit is taken."""
    with Bench(migrated_database_url, config={"server": {"body_limit": 1_000}}) as bench:
        assert TOO_LARGE == bench.post(b" " * 1_001, signature="none")
        assert STORED == bench.post(b" " * 1_000)
        assert (413, 1) == (TOO_LARGE.status, len(bench.webhooks()))


def test_an_unknown_shop_is_not_found(migrated_database_url):
    """404, whatever else is wrong with the request."""
    nobody = RawRequest(headers={}, body=b" " * 100)
    with Bench(migrated_database_url, config={"server": {"body_limit": 10}}) as bench:
        for shop in ("other", "", "../main", "main\x00", "MAIN"):
            assert UNKNOWN_SHOP == bench.aftercare.receive(shop, nobody)
        assert (404, []) == (UNKNOWN_SHOP.status, bench.webhooks())


def test_a_ping_is_answered_and_not_stored(migrated_database_url):
    """200, if the shop has signed it."""
    with Bench(migrated_database_url) as bench:
        assert PONG == bench.post(b"[]", topic="ping")
        assert NOT_SIGNED == bench.post(b"[]", topic="ping", signature="none")
        assert (200, []) == (PONG.status, bench.webhooks())


BODIES = {
    b"": "the body is no JSON",
    b"{": "the body is no JSON",
    b"\xff\xfe\x00": "the body is no JSON",
    b"\x00" * 100: "the body is no JSON",
    b"null": "adapter 'test' failed with TypeError in tests/support/shop.py:",
    b"[1]": "adapter 'test' failed with TypeError in tests/support/shop.py:",
    b'[{"kind": "order", "is": {"id": "Ann Archer"}}]': "adapter 'test' failed with ValidationError",
    b'[{"kind": "moon", "is": {}}]': "adapter 'test' failed with KeyError",
    b"[" * 100_000: "adapter 'test' failed with RecursionError",
}


def test_what_cannot_be_translated_is_stored_and_parked(migrated_database_url):
    """202, with a reason that names nobody; the rows around it are processed all the same."""
    with Bench(migrated_database_url) as bench:
        assert {STORED} == {bench.post(body) for body in (body_of(order("1")), *BODIES, body_of(order("2")))}
        bench.process()
        first, *odd, last = bench.webhooks()
        assert (State.DONE, "order 1: first seen") == (first.state, first.outcome)
        assert (State.DONE, "order 2: first seen") == (last.state, last.outcome)
        assert [(State.PARKED, body) for body in BODIES] == [(one.state, one.body) for one in odd]
        for entry, told in zip(odd, BODIES.values(), strict=True):
            assert entry.outcome.startswith(told)
            assert not any(name in entry.outcome for name in NAMES)


ODD_TRANSLATIONS = [
    None,
    42,
    [None],
    ["ann@customer.example"],
    [order("x" * 101)],
    [order("9\x00")],
    [replace(order("9"), shipments=(Parcel(id="a\ud800", at=START),))],
    [order("9", placed=START.replace(tzinfo=None))],
    [order("9", paid=False, refunds={"r": (1, START)}), order("9", total=10**30)],
    [replace(order("8", paid=False), version=Version(digest="undated"))],
    [NeedsRead(Ref("order", "y" * 200), "z")],
    [NeedsRead(Ref("galaxy", "9"), "z")],
    [Ignored("fine"), object()],
]


def test_a_translation_that_makes_no_sense_stops_nothing(migrated_database_url):
    """Whatever an adapter makes up, the rows around it are processed, and everything comes to rest."""

    def translator(webhook):
        kind, _, number = webhook.topic.partition(" ")
        return [order(f"good-{number}")] if kind == "good" else ODD_TRANSLATIONS[int(number)]

    count = len(ODD_TRANSLATIONS)
    with Bench(migrated_database_url, {"greets": program(on_purchase=always(note()))}) as bench:
        bench.shelf.translator = translator
        for number in range(count):
            for kind in ("good", "odd"):
                assert STORED == bench.post(b"[]", topic=f"{kind} {number}")
        bench.process()
        bench.run_due()
        good, odd = bench.webhooks()[::2], bench.webhooks()[1::2]
        assert [State.DONE] * count == [entry.state for entry in good]
        expected = {f"main/order/good-{number}/purchase" for number in range(count)}
        assert expected <= set(bench.event_ids())
        assert count <= len(bench.sent)
        assert State.NEW not in {entry.state for entry in odd}
        assert {State.PARKED} == {entry.state for entry in odd[:4]}
        for entry in odd:
            assert not any(name in entry.outcome for name in NAMES)
        bench.run(2 * HOUR)
        assert 0 == bench.process() + bench.run_due()


def test_a_parked_row_is_processed_after_the_mend(migrated_database_url):
    """As if it had come in then."""
    with Bench(migrated_database_url, {"greets": program(on_purchase=always(note()))}) as bench:

        def broken(webhook):
            raise ValueError("Ann Archer <ann@customer.example> is not a number")

        bench.shelf.translator = broken
        bench.tell(order("1"))
        bench.process()
        ((state, outcome),) = states(bench)
        assert State.PARKED is state
        assert not any(name in outcome for name in NAMES)
        bench.shelf.translator = None
        assert 0 == bench.process()
        assert 1 == bench.retry_parked_rows()
        bench.run_due()
        assert [(State.DONE, "order 1: first seen")] == states(bench)
        assert [("1", "accepted", "accepted")] == bench.outcomes()


def test_what_nobody_has_heard_of_is_ignored_with_a_reason(migrated_database_url):
    """An unknown topic is no error."""
    with Bench(migrated_database_url) as bench:
        assert STORED == bench.post(b"anything", topic="unheard-of")
        bench.process()
        assert [(State.IGNORED, "this topic tells nothing that is used")] == states(bench)


def test_odd_headers_stop_nothing(migrated_database_url):
    """A signature covers the body, so a header may hold anything."""
    with Bench(migrated_database_url) as bench:
        for number, header in enumerate(("t" * 5_000, "nul\x00", "half\ud800", "日本")):
            body = body_of(order(str(number)))
            assert STORED == bench.post(body, topic=header, delivery=header, dated=True)
            assert SEEN == bench.post(body, topic=header, delivery=header, dated=True)
        bench.process()
        assert [f"main/order/{number}/purchase" for number in range(4)] == bench.event_ids()


def test_a_copy_is_seen_before_and_counted(migrated_database_url):
    """The same delivery with the same dated body; anything else tells something new."""
    with Bench(migrated_database_url) as bench:
        body = body_of(order("1"))
        told = [
            ({"delivery": "1", "dated": True}, STORED),
            ({"delivery": "1", "dated": True}, SEEN),
            ({"delivery": "2", "dated": True}, STORED),
            ({"delivery": "1", "dated": True}, SEEN),
            ({"delivery": "1", "dated": False}, STORED),
            ({"delivery": "1", "dated": False}, STORED),
        ]
        assert [reply for _, reply in told] == [bench.post(body, **headers) for headers, _ in told]
        assert [2, 0, 0, 0] == [entry.copies for entry in bench.webhooks()]
        assert STORED == bench.post(body_of(order("2")), delivery="1", dated=True)
        bench.process()
        assert SEEN == bench.post(body, delivery="2", dated=True)


def test_everything_acknowledged_to_64_callers_at_once_is_stored(migrated_database_url):
    """Each of their bodies once; of copies, one is stored and the others were seen before."""
    with Bench(migrated_database_url) as bench:

        def post(number):
            mine = [bench.post(f"[{number}, {each}]".encode()) for each in range(3)]
            return [*mine, bench.post(b"[]", delivery=str(number % 8), dated=True)]

        replies = in_threads([lambda number=number: post(number) for number in range(64)])
        assert {(STORED,) * 3} == {tuple(each[:3]) for each in replies}
        assert Counter({STORED: 8, SEEN: 56}) == Counter(each[3] for each in replies)
        expected = {f"[{number}, {each}]".encode() for number in range(64) for each in range(3)}
        bodies = [entry.body for entry in bench.webhooks()]
        assert 64 * 3 + 8 == len(bodies)
        assert expected | {b"[]"} == set(bodies)
        assert 56 == sum(entry.copies for entry in bench.webhooks())


def test_two_endpoints_store_a_delivery_once(migrated_database_url):
    """Behind a load balancer the same delivery may come to both at the same moment."""
    with Bench(migrated_database_url) as bench:
        twin = bench.twin()
        posts = [
            lambda one=one, number=number: one.post(b"[]", delivery=str(number), dated=True)
            for number in range(10)
            for one in (bench, twin)
        ]
        replies = in_threads(posts)
        twin.aftercare.close()
        assert Counter({STORED: 10, SEEN: 10}) == Counter(replies)
        assert [1] * 10 == [entry.copies for entry in bench.webhooks()]


def admit(bench: Bench, body: bytes) -> Future[bool]:
    """Hand a request over without waiting."""
    admitted = bench.aftercare.admit("main", request(body))
    assert isinstance(admitted, Future)
    return admitted


class Commits:
    """Holds every commit of an engine back until it is let go, and counts them."""

    def __init__(self, bench: Bench) -> None:
        self.engine = bench.aftercare.brand.database.engine
        self.count = 0
        self.reached, self.go = threading.Event(), threading.Event()

    def _hold(self, connection) -> None:
        self.count += 1
        self.reached.set()
        self.go.wait()

    def __enter__(self) -> Self:
        event.listen(self.engine, "commit", self._hold)
        return self

    def __exit__(self, *_: object) -> None:
        self.go.set()


def test_callers_are_answered_after_their_commit_which_they_share(migrated_database_url):
    """What waits while one commit is under way goes into the next one, together."""
    with Bench(migrated_database_url) as bench, Commits(bench) as commits:
        first = admit(bench, b"[0]")
        commits.reached.wait()
        others = [admit(bench, f"[{number}]".encode()) for number in range(1, 51)]
        assert not any(each.done() for each in (first, *others))
        commits.go.set()
        assert {True} == {each.result() for each in (first, *others)}
        assert 2 == commits.count
        assert 51 == len(bench.webhooks())


def test_a_caller_that_gives_up_takes_nobody_along(migrated_database_url):
    """Its client has hung up; the row is stored, and the next caller is answered."""
    with Bench(migrated_database_url) as bench:
        with Commits(bench) as commits:
            waiting = [admit(bench, b"[1]"), admit(bench, b"[2]")]
            commits.reached.wait()
            for each in waiting:
                each.cancel()
        assert admit(bench, b"[3]").result(timeout=60)
        assert [b"[1]", b"[2]", b"[3]"] == [entry.body for entry in bench.webhooks()]


def test_what_waits_is_stored_when_the_engine_closes(migrated_database_url):
    """Nobody is left without an answer."""
    bench = Bench(migrated_database_url)
    with bench:
        waiting = [admit(bench, f"[{number}]".encode()) for number in range(300)]
    assert {True} == {each.result(timeout=60) for each in waiting}


def test_a_row_that_cannot_be_stored_takes_nobody_along(migrated_database_url):
    """Those who shared its commit are stored without it, and it is answered 503."""
    with Bench(migrated_database_url) as bench:
        adapter = bench.aftercare.brand.shops["main"].adapter
        verify = adapter.verify

        def poisoned(raw):
            webhook = verify(raw)
            if webhook.body == b"[1]":
                return replace(webhook, body=object())
            return webhook

        adapter.verify = poisoned
        with Commits(bench) as commits:
            waiting = [admit(bench, b"[0]")]
            commits.reached.wait()
            waiting += [admit(bench, f"[{number}]".encode()) for number in range(1, 4)]
        told = [None if each.exception() else answer(was_new=each.result()) for each in waiting]
        assert [STORED, None, STORED, STORED] == told
        assert NOT_STORED == bench.post(b"[1]")
        assert [b"[0]", b"[2]", b"[3]"] == [entry.body for entry in bench.webhooks()]


def check_refused(bench: Bench) -> None:
    """Expect 503 for one and for many, without an error."""
    assert [NOT_STORED] * 9 == [bench.post(b"[1]"), *in_threads([lambda: bench.post(b"[2]")] * 8)]
    assert Reply(503, "could not store, try again") == NOT_STORED


def test_a_table_that_is_gone_is_answered_503(migrated_database_url):
    """And nothing is half stored: the next request after the mend is the first row."""
    with Bench(migrated_database_url) as bench:
        storage = bench.aftercare.brand.database
        with storage.write() as connection:
            connection.execute(text("ALTER TABLE journal RENAME TO elsewhere"))
        check_refused(bench)
        with storage.write() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO journal"))
        assert [] == bench.webhooks()
        assert STORED == bench.post(b"[3]")
        assert [b"[3]"] == [entry.body for entry in bench.webhooks()]


def test_a_database_that_only_reads_is_answered_503(migrated_database_url):
    """As a file without rights, or a server that became a replica."""
    with Bench(migrated_database_url) as bench:
        storage = bench.aftercare.brand.database
        read_only = (
            "PRAGMA query_only = ON" if storage.is_sqlite else "SET default_transaction_read_only = on"
        )

        @event.listens_for(storage.engine, "checkout")
        def only_reads(connection, record, proxy) -> None:
            with closing(connection.cursor()) as cursor:
                cursor.execute(read_only)
            connection.commit()

        check_refused(bench)
        assert [] == bench.webhooks()


def test_a_locked_file_is_answered_503(tmp_path, monkeypatch):
    """When the other process has not let go in time."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    path = tmp_path / "aftercare.db"
    with Bench(f"sqlite:///{path}") as bench:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert NOT_STORED == bench.post(b"[1]")
            other.execute("ROLLBACK")
        assert STORED == bench.post(b"[2]")
        assert [b"[2]"] == [entry.body for entry in bench.webhooks()]


@pytest.mark.postgres
def test_a_server_that_is_gone_is_answered_503(postgres_databases):
    """Its database has been dropped under the engine."""
    url = postgres_databases.create()
    with Bench(url) as bench:
        assert STORED == bench.post(b"[1]")
        postgres_databases.drop(url)
        assert bench.aftercare.brand.database.url == make_url(url)
        check_refused(bench)


def test_an_engine_that_was_closed_can_be_asked_again(migrated_database_url):
    """A server that is shutting down still answers who comes late."""
    bench = Bench(migrated_database_url)
    bench.aftercare.close()
    assert STORED == bench.post(b"[1]")
    assert 1 == len(bench.webhooks())
    bench.aftercare.close()


def test_the_journal_knows_when_a_row_was_received(migrated_database_url):
    """By the engine's clock, whatever the request says."""
    with Bench(migrated_database_url) as bench:
        bench.tell(order("1"), at=START + HOUR)
        (entry,) = bench.webhooks()
        assert (START + HOUR, None) == (entry.received_at, entry.processed_at)
        bench.clock.move(START + 2 * HOUR)
        bench.process()
        assert START + 2 * HOUR == bench.webhooks()[0].processed_at
