"""ConsentChanged: plugins hear once of each consent and each refusal, in whatever way it was told."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest
import requests
from sqlalchemy import event
from typer.testing import CliRunner

from aftercare_sdk.actions import Purpose, Scope, TagCustomer
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.consents import Consents
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.engine.timeline import EntryKind, timeline
from aftercare_sdk.events import Basis, ConsentChanged, OutcomeKind
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.outcomes import Report
from aftercare_sdk.model.versions import Version
from aftercare_sdk.outreach.sentences import say
from aftercare_sdk.plugins.discover import PluginSource
from aftercare_sdk.store.codec import dump
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from tests.support.databases import migrate
from tests.support.erasures import erase_whoever
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    Bench,
    Fittings,
    always,
    consent,
    customer,
    in_threads,
    note,
    order,
    program,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
PUBLIC = LAWFUL["server"]["public_url"]
SURVEY = note("survey", purpose=Purpose.SURVEY)
FORM = {"form": "newsletter-2026-05", "words": "Yes, Hibi may send me news by mail."}


def shop(url, *actions, heard=None, config=LAWFUL, **more):
    """Open a shop that asks buyers how it was, and decides the same whenever somebody agrees or refuses."""

    def listen(event, ctx):
        if heard is not None:
            heard.append(event)
        return list(actions)

    hooks = {"on_purchase": always(SURVEY), "on_consent_changed": listen}
    return Bench(url, {"ear": program(**hooks)}, config=config, **more)


def platform(state, at=START, account="7", since=START, **told):
    """Draw what a platform says of an account's consent."""
    version = Version(modified_at=at)
    given = {"state": state, "opt_in": OptIn.SINGLE, "since": since, **told}
    return ConsentSnapshot(shop="main", customer=account, version=version, **given)


def said(bench):
    """Return what plugins can hear of consents, in the order in which they occurred."""
    found = [one.event for one in bench.events() if isinstance(one.event, ConsentChanged)]
    return sorted(found, key=lambda one: (one.occurred_at, one.id))


def pressed(bench):
    """Press the button behind the last link that was sent."""
    (path,) = set(re.findall(rf"{PUBLIC}(/c/\S+)", f"{bench.sent[-1].text} {bench.sent[-1].unsubscribe}"))
    with Endpoint(make_app(bench.aftercare, lambda: ({}, True)), "127.0.0.1", 0) as served:
        assert requests.post(served.url + path, timeout=5).ok


def written_to(bench):
    """Let Ann buy, and the survey leave."""
    bench.tell(customer("7", email=ANN), order("1", customer="7"))
    bench.run(MINUTE)


def given(bench):
    """Let Ann tick a box."""
    consent(bench, ANN, purpose=Purpose.MARKETING)


def soft(bench):
    """Let somebody of the shop note what came with an order."""
    told = {"basis": Basis.SOFT_OPT_IN, "order": "main/order/1", "refusal_offered": True}
    consent(bench, ANN, actor="mori", source="checkout", **told)


def refused(bench):
    """Let Ann refuse on the telephone."""
    bench.aftercare.consents.refuse(shop="main", account="7", source="call", actor="mori")


def confirmed(bench):
    """Let Ann fill in a form, and confirm it by mail, or press that button again."""
    if not bench.sent[-1].text.count(FORM["words"]):
        bench.aftercare.consents.ask(email=ANN, **FORM)
        bench.run_due()
    pressed(bench)


def reported(kind, bench):
    """Let the provider report something of the mail to Ann."""
    report = Report(kind=kind, message=bench.message("survey").id, body=kind.encode(), at=START + MINUTE)
    bench.aftercare.tell_outcomes("email", [report])


def told(state, bench):
    """Let the platform say where the consent of Ann's account stands."""
    bench.tell(customer("7", email=ANN), platform(state))
    bench.process()


EXPRESS, OBJECTED = Basis.EXPRESS, None
SOURCES = {
    "a consent": (given, ("email", Purpose.MARKETING, EXPRESS, "form", True)),
    "a soft opt-in": (soft, ("email", None, Basis.SOFT_OPT_IN, "checkout", False)),
    "a refusal": (refused, ("*", None, OBJECTED, "call", True)),
    "double opt-in": (confirmed, ("email", Purpose.MARKETING, EXPRESS, "double_opt_in", True)),
    "one click": (pressed, ("email", None, OBJECTED, "message", True)),
    "a complaint": (
        partial(reported, OutcomeKind.COMPLAINED),
        ("email", None, OBJECTED, "channel email", True),
    ),
    "the provider's link": (
        partial(reported, OutcomeKind.UNSUBSCRIBED),
        ("email", None, OBJECTED, "channel email", True),
    ),
    "a tick on the platform": (
        partial(told, ConsentState.SUBSCRIBED),
        ("email", None, EXPRESS, "main/consent/7/email", True),
    ),
    "a refusal on the platform": (
        partial(told, ConsentState.UNSUBSCRIBED),
        ("email", None, OBJECTED, "main/consent/7/email", True),
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_is_heard_once_however_often_it_is_told(migrated_database_url, source):
    """With what was said, and nothing that names anybody."""
    tell, expected = SOURCES[source]
    heard = []
    with shop(migrated_database_url, heard=heard) as bench:
        written_to(bench)
        for _ in range(2):
            tell(bench)
            bench.process()
        (one,) = said(bench)
        assert [one] == heard
        source = one.source.partition("/")[0] if one.source.startswith("message/") else one.source
        assert expected == (one.channel, one.purpose, one.basis, source, one.by_person)
        assert "main" == one.shop
        assert "@" not in dump(one)
        assert FORM["words"] not in dump(one)


def test_a_refusal_by_command_is_heard(migrated_database_url, tmp_path, monkeypatch):
    """At the moment at which somebody has typed it."""
    with shop(migrated_database_url) as bench:
        written_to(bench)
    file = tmp_path / "aftercare.toml"
    file.write_text(
        f'[brand]\nname = "Hibi"\n[shops.main]\nadapter = "customshop"\nsecrets = [{{ env = "SHOP" }}]\n'
        f'[database]\nurl = "{migrated_database_url}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("AFTERCARE_CONFIG", str(file))
    monkeypatch.setenv("SHOP", "whsec_" + "A" * 43 + "=")
    for _ in range(2):
        answer = CliRunner().invoke(app, ["consent", "refuse", "--email", ANN, "--source", "call"])
        assert 0 == answer.exit_code, answer.output
    with shop(migrated_database_url) as bench:
        assert [("*", None, "call")] * 2 == [(one.channel, one.basis, one.source) for one in said(bench)]


def test_a_form_that_was_filled_in_is_nothing_yet(migrated_database_url):
    """Anybody can type anybody's address; and what a platform sets by itself nobody has said."""
    with shop(migrated_database_url) as bench:
        bench.aftercare.consents.ask(email=ANN, **FORM)
        bench.run(MINUTE)
        bench.tell(customer("7", email=BOB))
        silent = set(ConsentState) - {ConsentState.SUBSCRIBED, ConsentState.UNSUBSCRIBED}
        for number, state in enumerate(sorted(silent)):
            bench.tell(platform(state, START + timedelta(seconds=number), since=None))
            bench.process()
        assert [] == said(bench)
        pressed(bench)
        assert ["double_opt_in"] == [one.source for one in said(bench)]


TOLD = (
    platform(ConsentState.SUBSCRIBED, START - 3 * DAY, since=START - 3 * DAY),
    platform(ConsentState.UNSUBSCRIBED, START - 2 * DAY, since=START - 2 * DAY),
    platform(ConsentState.SUBSCRIBED, START - DAY, since=START - DAY),
)


@pytest.mark.parametrize("together", [True, False])
def test_a_platform_is_heard_the_same_in_any_order(databases, together):
    """Each word that it dates, at its moment; told together, one by one, twice or late."""
    found = []
    for turn in permutations(TOLD):
        with shop(databases.copy_of(migrate)) as bench:
            bench.tell(customer("7", email=ANN))
            for several in [turn] if together else [[one] for one in (*turn, *turn)]:
                bench.tell(*several)
                bench.process()
            found.append(said(bench))
    assert [(START - 3 * DAY, EXPRESS), (START - 2 * DAY, OBJECTED), (START - DAY, EXPRESS)] == [
        (one.occurred_at, one.basis) for one in found[0]
    ]
    assert [found[0]] * 6 == found


def test_what_a_platform_does_not_date_is_heard_once(databases):
    """At the earliest moment at which it was shown, in any order."""
    shown = [platform(ConsentState.UNSUBSCRIBED, START + number * HOUR, since=None) for number in range(3)]
    for turn in permutations(shown):
        with shop(databases.copy_of(migrate)) as bench:
            bench.tell(customer("7", email=ANN))
            for one in turn:
                bench.tell(one)
                bench.process()
            assert [(START, OBJECTED)] == [(one.occurred_at, one.basis) for one in said(bench)]


def test_the_ledger_is_heard_the_same_in_any_order(databases):
    """Each entry at its moment, twice or late."""
    found = []
    for turn in permutations(((consent, 3), (Consents.refuse, 2), (consent, 1))):
        with shop(databases.copy_of(migrate), start=START + HOUR) as bench:
            for tell, minutes in (*turn, *turn):
                whom = bench.aftercare.consents if tell is Consents.refuse else bench
                tell(whom, email=ANN, at=START + minutes * MINUTE)
                bench.process()
            found.append(said(bench))
    assert [EXPRESS, OBJECTED, EXPRESS] == [one.basis for one in found[0]]
    assert [found[0]] * 6 == found


def test_what_two_processes_are_told_at_once_is_heard_once(migrated_database_url):
    """By whichever notes it first, while a third one decides."""
    with shop(migrated_database_url) as bench, bench.twin() as twin:
        bench.tell(order())
        jobs = [partial(one.aftercare.consents.refuse, email=ANN, at=START) for one in (bench, twin)]
        news = in_threads([*jobs, bench.process])
        assert [False, True] == sorted(news[:2])
        assert 1 == len(said(bench))


def test_what_was_said_before_a_plugin_was_there_starts_nothing(migrated_database_url):
    """The first listing of a shop brings the consents of years."""
    heard = []
    with shop(migrated_database_url, heard=heard) as bench:
        bench.tell(customer("7", email=ANN), *TOLD)
        bench.process()
        assert (3, []) == (len(said(bench)), heard)


WELCOME = note("welcome", template="asks", data={"word": "welcome"}, purpose=Purpose.MARKETING)


def test_an_answer_reaches_whoever_has_given_nothing_but_an_address(migrated_database_url):
    """They need not have bought anything; and whoever refuses meanwhile is not written to."""
    with shop(migrated_database_url, WELCOME) as bench:
        consent(bench, ANN)
        consent(bench, BOB)
        bench.process()
        bench.aftercare.consents.refuse(email=BOB)
        bench.run(MINUTE)
        assert [ANN] == [one.recipient for one in bench.sent]
        assert {"accepted", "objected"} == {one.code for one in bench.messages()}
        pressed(bench)
        assert f"message/{bench.sent[0].id}" in {one.source for one in said(bench)}


def test_an_answer_to_a_platform_reaches_the_account(migrated_database_url):
    """By mail and on the platform."""
    tag = TagCustomer(name="news", value="yes", reason="a test wants it", scope=Scope.CUSTOMER)
    with shop(migrated_database_url, WELCOME, tag) as bench:
        bench.tell(customer("7", email=ANN), platform(ConsentState.SUBSCRIBED))
        bench.run(MINUTE)
        assert [ANN] == [one.recipient for one in bench.sent]
        assert [("7", "news", "yes")] == [
            (one.customer, one.name, one.value) for one in bench.shelf.performed
        ]


@contextmanager
def listened_to(bench):
    """Yield the statements that reach the database meanwhile."""
    statements: list[str] = []

    def note_down(connection, cursor, statement, *rest):
        statements.append(statement)

    engine = bench.aftercare.brand.database.engine
    event.listen(engine, "before_cursor_execute", note_down)
    yield statements
    event.remove(engine, "before_cursor_execute", note_down)


def test_a_thousand_consents_cost_no_query_each(databases):
    """A platform that tells them at once needs as many statements as with ten."""
    asked = {}
    for number in (10, 1_000):
        with shop(databases.copy_of(migrate)) as bench:
            bench.tell(*(customer(str(one), email=f"{one}@customer.example") for one in range(number)))
            bench.process()
            bench.tell(*(platform(ConsentState.SUBSCRIBED, account=str(one)) for one in range(number)))
            brand = bench.aftercare.brand
            with decider_lock(brand.database) as token, listened_to(bench) as statements:
                bench.aftercare.decider.step(token)
            asked[number] = len(statements)
            assert number == len(said(bench))
    assert asked[10] == asked[1_000]


def test_refusals_that_are_reported_together_cost_no_query_each(databases):
    """What is noted of them is noted at once."""
    asked = {}
    for number in (2, 20):
        with shop(databases.copy_of(migrate)) as bench:
            bench.tell(*(order(str(one), email=f"{one}@customer.example") for one in range(number)))
            bench.run(MINUTE)
            ids = [one.id for one in bench.messages()]
            told = [Report(kind=OutcomeKind.COMPLAINED, message=one, body=one.encode()) for one in ids]
            with listened_to(bench) as asked[number]:
                bench.aftercare.tell_outcomes("email", told)
            assert number == len(said(bench))
    wanted = {table: re.compile(rf"\b(INTO|FROM) {table}\b") for table in ("consents", "events", "units")}
    counts = {
        number: {table: sum(bool(one.search(each)) for each in several) for table, one in wanted.items()}
        for number, several in asked.items()
    }
    assert counts[2] == counts[20]


def test_of_whoever_was_erased_nothing_is_heard(migrated_database_url):
    """By the link of an old mail, from the provider, or late from the platform."""
    with shop(migrated_database_url) as bench:
        written_to(bench)
        id_ = bench.message("survey").id
        erase_whoever(bench, ANN)
        pressed(bench)
        bench.aftercare.tell_outcomes(
            "email", [Report(kind=OutcomeKind.COMPLAINED, message=id_, body=b"complained")]
        )
        bench.tell(*TOLD)
        bench.run(DAY)
        assert [] == said(bench)


def test_a_plugin_that_no_engine_has_had_yet_is_no_reason_to_fail(migrated_database_url):
    """A command may be the first to be run after it was installed."""
    with shop(migrated_database_url) as bench:
        found = {
            "fittings": Fittings(bench.shelf, bench.probe),
            "fresh": program(on_consent_changed=always(note())),
        }
        brand = Brand(
            bench.aftercare.brand.settings,
            clock=bench.clock,
            plugins=[PluginSource(name=name, obj=one) for name, one in found.items()],
            environ=bench.environ,
        )
        brand.reload()
        assert Consents(brand).refuse(email=ANN)
        brand.close()
        assert (1, []) == (len(said(bench)), bench.units("fresh"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "Consent to messages: marketing, e-mail (express consent)",
                "Refusal of messages: everything beyond purchases, every channel",
            ],
        ),
        (
            "ja",
            [
                "配信への同意（広告・宣伝、メール、明示の同意）",
                "配信の拒否（購入に伴う連絡以外のすべて、すべての手段）",
            ],
        ),
    ],
)
def test_an_operator_reads_it_in_the_timeline(migrated_database_url, language, words):
    """With what was planned upon it."""
    with shop(migrated_database_url, WELCOME) as bench:
        consent(bench, ANN, purpose=Purpose.MARKETING)
        bench.run(MINUTE)
        bench.aftercare.consents.refuse(email=ANN)
        bench.run(MINUTE)
        (person,) = timeline(bench.aftercare.brand, ANN, bench.clock.now()).people
        told = [say(one.code, one.values, language) for one in person.entries if one.kind is EntryKind.EVENT]
        assert words == told
        everything = " ".join(
            say(code.code, code.values, language) for one in person.entries for code in (one, *one.detail)
        )
        assert "timeline." not in everything
