"""Erasing a person: nothing names them any more, nothing brings them back, the books balance (LAW-20)."""

from __future__ import annotations

import json
import random
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.engine import books, facts, imported
from aftercare_sdk.engine.erasing import Erasure
from aftercare_sdk.model.actions import Decline, Remember, SetTimer, TagCustomer
from aftercare_sdk.model.messages import TryAgain
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.outcomes import OutcomeKind, Report
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.model.privacy import Disconnected, PrivacyKind, PrivacyRequest
from aftercare_sdk.model.shops import NeedsRead, Ref
from aftercare_sdk.model.versions import Version
from aftercare_sdk.store import journal, people, privacy
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.tables import metadata
from tests.support.books import PointForPound
from tests.support.commands import look_with_commands
from tests.support.databases import migrate
from tests.support.erasures import erase_whoever, places
from tests.support.shop import (
    DAY,
    HOUR,
    START,
    Bench,
    always,
    body_of,
    consent,
    customer,
    note,
    order,
    program,
    request,
    review,
)

ANN, BOB = "ann.archer@customer.example", "bob@customer.example"
NAMED = (ANN, "ann.archer", "Archer", "715 Camellia Lane", "camellia")
WHEN = START + 10 * DAY


def erased(bench: Bench, text: str = ANN) -> Erasure:
    """Erase Ann, if nobody else is named."""
    return erase_whoever(bench, text)


def left(bench: Bench, words: Collection[str] = NAMED) -> set[str]:
    """Return where Ann still stands, or somebody else."""
    return places(bench, words)


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
    assert {"objects.person", "identities.value", "journal.body", "copies.text"} <= left(shop)
    assert {"events.data", "timers.data", "memory.value", "messages.data"} <= left(shop)
    proof = erased(shop)
    assert set() == left(shop)
    assert ({}, 1) == (proof.left, proof.customers)
    assert {"objects", "identities", "journal", "copies", "memory", "timers"} <= proof.erased.keys()
    assert [] == shop.memory()
    assert [] == shop.timers()
    assert balanced(shop)


def test_an_erasure_ends_while_a_row_waits_and_others_come_behind_it(shop):
    """A shop whose adapter hangs holds its row up for minutes, and the journal grows behind it."""
    shop.tell(hers("1"))
    shop.process()
    shop.tell(hers("2"))  # waits
    rows = [
        Arrival(
            kind=Kind.COMMAND,
            shop="",
            topic="test",
            received_at=shop.clock.now(),
            body=f"{number} {ANN}".encode(),
            state=State.DONE,
        )
        for number in range(450)
    ]
    with shop.aftercare.brand.database.write() as connection:
        journal.append(connection, rows)
    assert {"journal.body": 1} == erased(shop).left  # that which waits
    shop.run(DAY)
    assert set() == left(shop)


def test_others_stay_as_they_are(shop):
    """What is erased is one person."""
    shop.tell(hers("1"), order("2", email=BOB, name="Bob"))
    shop.run(DAY)
    before = left(shop, [BOB])
    erased(shop)
    assert before >= left(shop, [BOB]) >= {"objects.person", "identities.value", "copies.text"} & before


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


def test_what_the_platform_was_to_do_is_withdrawn(databases):
    """A tag that nobody has set yet is not set any more, and its words go."""
    tag = TagCustomer(name="likes", value="Camellia", reason="Archer said so")
    with Bench(databases.copy_of(migrate), {"tags": program(on_purchase=always(tag))}) as shop:
        shop.tell(hers("1", customer="7"), customer("7", email=ANN))
        shop.process()
        assert "commands.payload" in left(shop)
        erased(shop)
        shop.run(DAY)
        assert [("refused", "command_withdrawn")] == [(one.state, one.code) for one in shop.commands()]
        assert ([], set()) == (shop.shelf.performed, left(shop))


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
    assert set() == left(shop)
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
    assert set() == left(shop)
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
    """As suppressions under a keyed hash, which names nobody, by what was refused."""
    shop.tell(hers("1"))
    shop.run(DAY)
    shop.aftercare.consents.refuse(email=ANN)
    erased(shop)
    assert set() == left(shop)
    with shop.aftercare.brand.database.read() as connection:
        rows = connection.execute(select(metadata.tables["suppressions"])).all()
    assert {("unsubscribe", purpose, None) for purpose in ("marketing", "review_request", "survey")} == {
        (row.reason, row.purpose, row.identity) for row in rows
    }


def test_law_04_what_proves_a_consent_stays(shop):
    """By the number of the person, and under the hash of the address."""
    shop.tell(hers("1"))
    shop.process()
    consent(shop, ANN)
    assert 1 == erased(shop).kept["consents"]
    assert set() == left(shop)


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
        assert set() == left(shop)
        assert balanced(shop)


def test_every_plugin_hears_of_it_and_nothing_but_points_comes_of_it(databases):
    """By the orders and reviews of each shop a plugin finds what it keeps elsewhere."""
    heard = []

    def listen(event, ctx):
        heard.append((event.shop, event.orders, event.reviews, ctx.customer.erased, ctx.customer.birthday))
        return [note(), Remember(key="gone", value="Archer", reason="a test")]

    with Bench(databases.copy_of(migrate), {"ear": program(on_customer_erased=listen)}) as shop:
        shop.tell(hers("1"), hers("2", customer="7"), customer("7", email=ANN), review("715", email=ANN))
        shop.process()
        erased(shop)
        shop.run(DAY)
        assert [("main", ("1", "2"), ("715",), True, None)] == heard
        assert ([], [], []) == (shop.messages(), shop.memory(), shop.sent)


def test_what_is_processed_during_the_erasure_brings_nobody_back(shop, monkeypatch):
    """The decider has read the person, and writes after the erasure: it looks again."""
    shop.tell(hers("1"))
    shop.process()
    merge, done = facts.merge, []

    def interrupted(*given):
        if not done:
            done.append(erased(shop))
        return merge(*given)

    monkeypatch.setattr(facts, "merge", interrupted)
    shop.tell(hers("1", modified=START + HOUR, customer="7"), hers("2"))
    shop.run(DAY)
    assert 1 == len(done)
    assert set() == left(shop)
    assert balanced(shop)


def test_what_is_being_written_to_the_person_does_not_leave(shop, monkeypatch):
    """A sender has the message in hand: the erasure takes it away before it is handed over."""
    composer = shop.aftercare.brand.composer
    compose, done = type(composer).compose, []

    def interrupted(self, *given, **named):
        if not done:
            done.append(erased(shop))
        return compose(self, *given, **named)

    monkeypatch.setattr(type(composer), "compose", interrupted)
    shop.tell(hers("1"))
    shop.run(DAY)
    assert 1 == len(done)
    assert ([], [("1", "cancelled", "erased")]) == (shop.sent, shop.outcomes())
    assert set() == left(shop)


def test_what_a_channel_has_in_hand_does_not_come_back(shop):
    """It has left; its copy goes, and so does what is reported of it later, but for the suppression."""
    shop.probe.answers.append(lambda _: erased(shop) and TryAgain("later"))
    shop.tell(hers("1"))
    shop.run(DAY)
    assert [("1", "cancelled", "erased")] == shop.outcomes()
    assert 1 == len(shop.sent)
    (sent,) = shop.sent
    bounce = Report(kind=OutcomeKind.BOUNCED, message=sent.id, recipient=ANN, body=f"to {ANN}".encode())
    shop.aftercare.tell_outcomes("email", [bounce])
    assert set() == left(shop)


def test_what_was_to_go_to_an_erased_mailbox_goes_to_nobody_else(migrated_database_url):
    """A present for Ann: after her erasure the buyer is not written to in her place, now or after an edit."""
    later = note("later", delay=2 * DAY)
    with Bench(migrated_database_url, {"letters": program(on_purchase=always(later))}) as shop:
        present = order("1", customer="8", email=ANN)
        shop.tell(customer("8", email=BOB), present)
        shop.run(DAY)
        erased(shop)
        shop.tell(replace(present, version=Version(modified_at=shop.clock.now())))
        shop.run(3 * DAY)
        assert [] == shop.sent
        assert ("skipped", "no_address") == (shop.message("later").state.value, shop.message("later").code)
        assert set() == left(shop, [ANN])


REDACT = PrivacyRequest(kind=PrivacyKind.ERASE, customer="7", email=ANN, orders=("1",))


def test_a_request_of_the_platform_is_carried_out_without_a_person(shop):
    """The merchant has asked for it already; the request is settled with the erasure."""
    shop.tell(hers("1"), customer("7", email=ANN))
    shop.run(DAY)
    shop.tell(REDACT)
    shop.run(HOUR)
    assert set() == left(shop)
    with shop.aftercare.brand.database.read() as connection:
        assert [] == privacy.still_open(connection)
        assert ["erased"] == [one.note for one in privacy.settled(connection)]


def test_law_20_the_request_itself_goes_with_the_person(migrated_database_url):
    """Its raw body, whatever the platform has written into it."""
    with Bench(migrated_database_url) as shop:
        shop.tell(hers("1"), customer("7", email=ANN))
        shop.process()
        shop.tell(PrivacyRequest(kind=PrivacyKind.ERASE, customer="7", orders=("1",)))
        assert shop.webhooks()[-1].body
        shop.run(HOUR)
        assert [None] * 2 == [one.body or None for one in shop.webhooks()]
        assert set() == left(shop)


@pytest.mark.parametrize("undated", [{"placed": None}, {"placed": None, "customer": "7"}])
def test_law_20_what_nobody_dates_counts_as_from_before(migrated_database_url, undated):
    """An unknown order without a day, or an account without a version, brings nobody back."""
    with Bench(migrated_database_url) as shop:
        shop.tell(hers("1"), customer("7", email=ANN))
        shop.process()
        erased(shop)
        shop.tell(hers("2", modified=START + DAY, **undated), customer("7", email=ANN, modified=None))
        shop.run(2 * DAY)
        assert set() == left(shop)
        with shop.aftercare.brand.database.read() as connection:
            known = people.partition(connection)
        assert {IdentityKind.ERASED} == {one.kind for several in known for one in several}


def test_a_request_about_somebody_who_is_still_unknown_holds_for_what_comes_late(shop):
    """The hooks of a shop come in any order: the request may come first."""
    shop.tell(REDACT)
    shop.run(HOUR)
    shop.tell(hers("1"), customer("7", email=ANN), hers("2", customer="7"))
    shop.run(DAY)
    assert set() == left(shop)
    assert [] == shop.sent


def test_a_shop_that_has_gone_is_erased_but_for_customers_of_other_shops(migrated_database_url):
    """Once it has ended the connection: somebody may have connected it again."""
    other = {"adapter": "test", "secrets": [{"env": "SHOP_SECRET"}], "assume_delivered": False}
    config = {"shops": {"other": other}}
    with Bench(migrated_database_url, {"points": PointForPound()}, config=config) as shop:
        everybody = [f"{name}@customer.example" for name in ("ann", "bob", "carl")]
        shop.tell(*(order(str(number), email=email) for number, email in enumerate(everybody)))
        elsewhere = replace(order("9", email=everybody[1]), shop="other")
        shop.aftercare.receive("other", request(body_of(elsewhere)))
        shop.run(DAY)
        gone = PrivacyRequest(kind=PrivacyKind.ERASE_SHOP)
        shop.tell(gone)
        shop.run(DAY)
        assert "identities.value" in left(shop, everybody[:1])
        shop.tell(Disconnected(reason="the app was uninstalled"))
        shop.run(DAY)
        assert set() == left(shop, [everybody[0], everybody[2]])
        assert "identities.value" in left(shop, everybody[1:2])
        with shop.aftercare.brand.database.read() as connection:
            assert [] == privacy.still_open(connection)
            (done,) = privacy.settled(connection)
        assert "erased; 1 are customers of other shops too and stay" == done.note
        assert balanced(shop)


def test_a_person_may_want_to_decide_about_requests(databases):
    """With `automatic = false` a request waits, and so does an export in any case."""
    with Bench(databases.copy_of(migrate), config={"privacy": {"automatic": False}}) as shop:
        shop.tell(hers("1"), REDACT)
        shop.run(DAY)
        assert "identities.value" in left(shop)
        with shop.aftercare.brand.database.read() as connection:
            assert 1 == len(privacy.still_open(connection))


def test_the_command_erases_and_prints_the_proof(desk):
    """What was erased, what is kept and why, and that nothing is found any more."""
    desk.tell(hers("1", delivered={"p": START}))
    desk.run(DAY)
    told = command("erase", ANN, "--yes", "--reason", "she asked for it")
    assert "Found in 0 places" in told
    assert "points, for the books: 1" in told
    assert ANN not in told
    assert set() == left(desk)
    (row,) = [one for one in desk.journal() if one.topic == "privacy.erase"]
    assert (Kind.COMMAND, b"she asked for it" in (row.body or b"")) == (row.kind, True)


def test_the_command_carries_out_a_request_and_says_whether_it_was_in_time(desk):
    """In Japanese as in English; a request that is done is no more to be done."""
    desk.tell(hers("1"), REDACT)
    desk.process()
    with desk.aftercare.brand.database.read() as connection:
        (asked,) = privacy.still_open(connection)
    told = command("erase", "--request", asked.key[:12], "--yes", "--lang", "ja")
    assert "残っている箇所は0件です" in told
    assert f"依頼 {asked.key[:12]}" in told
    assert set() == left(desk)
    assert 2 == CliRunner().invoke(app, ["privacy", "erase", "--request", asked.key]).exit_code


def test_the_proof_as_json_says_the_same(desk):
    """For those who keep proofs."""
    desk.tell(hers("1"))
    desk.process()
    told = json.loads(command("erase", "main/order/1", "--yes", "--json"))
    assert (1, {}, None) == (told["customers"], told["left"], told["request"])
    assert 1 == told["erased"]["objects"]


def test_what_is_left_can_still_be_looked_at(desk):
    """By the number of an order: the timeline shows that, and that nobody is named."""
    desk.tell(hers("1", delivered={"p": START}))
    desk.run(DAY)
    erased(desk)
    desk.run(DAY)
    result = CliRunner().invoke(app, ["timeline", "main/order/1"])
    assert 0 == result.exit_code, result.output
    assert "somebody who has been erased" in result.output
    assert "The customer was erased" in result.output
    assert not [word for word in NAMED if word in result.output]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_why_there_was_something_or_nothing_is_told_without_the_words(
    migrated_database_url, tmp_path, lang, monkeypatch
):
    """What plugins said went with the person; that they said it did not."""
    no_vip = Decline(
        label="vip", reason="Archer is no VIP", code="condition_not_met", values={"who": "Archer"}
    )
    plugin = program(on_purchase=always(no_vip, note(reason="Archer bought tea")))
    with Bench(migrated_database_url, {"letters": plugin}) as shop:
        look_with_commands(shop, tmp_path, monkeypatch)
        shop.tell(hers("1"))
        shop.run(DAY)
        assert "Archer" in told_of("why", lang)
        erased(shop)
        shop.tell(hers("1"))  # the plugin is told of nothing twice, nor of anything else
        shop.run(DAY)
        forgotten = {"en": "the reason was erased with the customer", "ja": "お客様のデータとともに消去"}[
            lang
        ]
        for name, *more in (("why",), ("why", "--json"), ("timeline",)):
            told = told_of(name, lang, *more)
            assert forgotten in told
            assert not [word for word in NAMED if word in told]


def told_of(name: str, lang: str, *more: str) -> str:
    """Return what a command tells of the first order."""
    result = CliRunner().invoke(app, [name, "main/order/1", "--lang", lang, *more])
    assert 0 == result.exit_code, result.output
    return result.output


def test_nobody_is_erased_by_mistake(desk):
    """It is asked first; nobody, and both at once, are errors."""
    desk.tell(hers("1"))
    desk.process()
    assert 1 == CliRunner().invoke(app, ["privacy", "erase", ANN], input="n\n").exit_code
    assert "identities.value" in left(desk)
    for wrong in (["nobody@customer.example", "--yes"], [], [ANN, "--request", "1"]):
        assert 2 == CliRunner().invoke(app, ["privacy", "erase", *wrong]).exit_code


def command(*arguments: str) -> str:
    """Run `aftercare privacy …`, which succeeds."""
    result = CliRunner().invoke(app, ["privacy", *arguments])
    assert 0 == result.exit_code, result.output
    return result.output


@pytest.fixture
def desk(shop, tmp_path, monkeypatch):
    """Let commands look at the shop, with its plugins and its clock."""
    look_with_commands(shop, tmp_path, monkeypatch)
    return shop


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
        SetTimer(name="soon", delay=HOUR, data={"who": "Camellia"}, reason="a test"),
        SetTimer(name="later", delay=30 * DAY, data={"who": "Camellia"}, reason="a test"),
    ]
)


@pytest.fixture
def shop(migrated_database_url):
    """A shop that counts points, writes letters and remembers what it should not."""
    with Bench(migrated_database_url, {"points": PointForPound(), "talks": TALKS}) as bench:
        yield bench
