"""Consent and objections in a whole engine: what counts, since when, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import event

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.looking import look
from aftercare_sdk.errors import InputError, UnknownCustomer
from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.shops import NeedsRead, Ref
from aftercare_sdk.model.versions import Version
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    START,
    UNCAPPED,
    Bench,
    always,
    consent,
    customer,
    note,
    order,
    program,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
ADVERT = note("advert", purpose=Purpose.MARKETING, delay=HOUR)
REVIEW = note("ask", purpose=Purpose.REVIEW_REQUEST, delay=HOUR)
HELP = note("help", delay=HOUR)


def shop(url, *actions, config=LAWFUL):
    """Return a shop whose program decides the same at every purchase."""
    return Bench(url, {"ads": program(on_purchase=always(*(actions or (ADVERT,))))}, config=config)


def bought(number="1", **told):
    """Draw an order of Ann's that goes to Britain."""
    return order(number, **{"email": ANN, "country": "GB", **told})


def fates(bench):
    """Return what became of the messages, by label."""
    return {one.label: one.code for one in bench.messages() if one.state.final}


def platform(state, at, opt_in=OptIn.SINGLE, account="7"):
    """Draw what a platform says of an account's consent."""
    return ConsentSnapshot(
        shop="main",
        customer=account,
        version=Version(modified_at=at),
        state=state,
        opt_in=opt_in,
        since=at,
    )


def test_an_advert_leaves_with_a_consent_and_not_without(migrated_database_url):
    """Given any time before it leaves."""
    with shop(migrated_database_url) as bench:
        bench.tell(bought("1"), bought("2", email=BOB))
        bench.process()
        assert consent(bench)
        assert not consent(bench)
        bench.run(DAY)
        assert {("1", "accepted"), ("2", "no_lawful_basis")} == {
            (one.object, one.code) for one in bench.messages()
        }
        assert [ANN] == [one.recipient for one in bench.sent]


def test_law_14_an_objection_counts_from_the_same_moment_on(migrated_database_url):
    """Also for a message that is due in this very moment; what is part of the purchase still comes."""
    with shop(migrated_database_url, ADVERT, REVIEW, HELP) as bench:
        consent(bench)
        bench.tell(bought())
        bench.run(START + HOUR - timedelta(seconds=1))
        assert bench.aftercare.consents.refuse(email=ANN)
        bench.run(DAY)
        assert {"advert": "objected", "ask": "objected", "help": "accepted"} == fates(bench)


def test_a_later_consent_counts_if_it_is_the_persons_own(migrated_database_url):
    """Nobody of the shop can overrule somebody who has refused."""
    with shop(migrated_database_url) as bench:
        bench.tell(bought())
        bench.process()
        bench.aftercare.consents.refuse(email=ANN, at=START)
        bench.clock.move(START + timedelta(minutes=1))
        consent(bench, actor="mori")
        bench.run(HOUR + HOUR)
        assert {"advert": "objected"} == fates(bench)
        bench.tell(bought("2", placed=START + 3 * HOUR), at=START + 3 * HOUR)
        consent(bench)
        bench.run(DAY)
        assert "accepted" == bench.message("advert", "2").code


def test_it_counts_for_all_addresses_and_accounts_of_a_person(migrated_database_url):
    """Whoever refuses with the account gets nothing at the address either, and the other way round."""
    for said, ordered in (({"shop": "main", "account": "7"}, {}), ({"email": ANN}, {"customer": "7"})):
        with shop(migrated_database_url) as bench:
            bench.tell(customer("7", email=ANN))
            bench.process()
            consent(bench)
            number = "1" if "account" in said else "2"
            bench.tell(bought(number, **ordered), at=bench.clock.now())
            bench.process()
            bench.aftercare.consents.refuse(**said)
            bench.run(DAY)
            assert "objected" == bench.message("advert", number).code
            bench.clock.move(bench.clock.now() + timedelta(seconds=1))


def test_the_address_of_somebody_else_needs_a_consent_of_its_own(migrated_database_url):
    """Ann may have gifts sent under Bob's address; that he reads adverts is not hers to say."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), bought("9", email=BOB), bought(customer="7", email=BOB))
        consent(bench)
        bench.run(DAY)
        assert "no_lawful_basis" == bench.message("advert", "1").code
        bench.tell(bought("2", customer="7", email=BOB, placed=START + DAY), at=START + DAY)
        consent(bench, email=BOB)
        bench.run(DAY)
        assert "accepted" == bench.message("advert", "2").code


def test_law_14_what_the_buyer_refuses_the_reader_does_not_allow(migrated_database_url):
    """Both may refuse. That Bob agrees after Ann has refused says something of his mail, not of hers."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), bought("9", email=BOB), bought(customer="7", email=BOB))
        bench.process()
        bench.aftercare.consents.refuse(email=ANN)
        bench.clock.move(bench.clock.now() + timedelta(minutes=1))
        consent(bench, email=BOB)
        bench.run(DAY)
        assert ["objected", "accepted"] == [bench.message("advert", one).code for one in ("1", "9")]


@pytest.mark.parametrize(
    ("state", "opt_in", "code"),
    [
        (ConsentState.SUBSCRIBED, OptIn.CONFIRMED, "accepted"),
        (ConsentState.SUBSCRIBED, OptIn.UNKNOWN, "accepted"),
        (ConsentState.PENDING, OptIn.SINGLE, "not_confirmed"),
        (ConsentState.NOT_SUBSCRIBED, OptIn.SINGLE, "no_lawful_basis"),
        (ConsentState.UNSUBSCRIBED, OptIn.SINGLE, "objected"),
        (ConsentState.REDACTED, OptIn.SINGLE, "objected"),
        (ConsentState.INVALID, OptIn.SINGLE, "no_lawful_basis"),
    ],
)
def test_law_21_what_a_platform_says_counts_for_what_it_is(migrated_database_url, state, opt_in, code):
    """Somebody who was asked has not agreed, and nobody has who was never asked."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), platform(state, START, opt_in), bought(customer="7"))
        bench.run(DAY)
        assert {"advert": code} == fates(bench)


def undated(state, since=None, **changes):
    """Draw the same of a platform that does not say when it was changed, or has a clock of its own."""
    return replace(platform(state, None, **changes), since=since)


@pytest.mark.parametrize("ahead", [timedelta(seconds=90), 2 * DAY, None])
@pytest.mark.parametrize("country", ["US", "JP"])
def test_law_21_a_refusal_counts_at_once_whatever_its_date(migrated_database_url, ahead, country):
    """Also against a consent: the platform's clock may be ahead of ours, or it may tell no moment."""
    with shop(migrated_database_url) as bench:
        account = customer("7", email=ANN)
        account = replace(account, contact=replace(account.contact, country=country))
        bench.tell(account, bought(customer="7", country=country))
        consent(bench)
        bench.run(HOUR - timedelta(seconds=1))
        bench.tell(undated(ConsentState.UNSUBSCRIBED, bench.clock.now() + ahead if ahead else None))
        bench.run(DAY)
        assert {"advert": "objected"} == fates(bench)


def test_law_21_a_refusal_without_a_date_gives_way_to_what_is_agreed_after_it_was_told(migrated_database_url):
    """By the person, expressly."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), undated(ConsentState.UNSUBSCRIBED), bought(customer="7"))
        bench.run(HOUR / 2)
        consent(bench)
        bench.run(DAY)
        assert {"advert": "accepted"} == fates(bench)


def test_law_21_a_consent_that_nobody_dates_does_not_undo_a_refusal_when_it_is_read_again(
    migrated_database_url,
):
    """That a platform says so today does not mean that the person has said so today."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), bought(customer="7"))
        bench.process()
        bench.aftercare.consents.refuse(email=ANN)
        ref = Ref("consent", "7/email")
        bench.shelf.objects[ref] = undated(ConsentState.SUBSCRIBED)
        bench.clock.move(START + HOUR / 2)
        bench.tell(NeedsRead(ref, "a test"))
        bench.run(DAY)
        assert ref in bench.shelf.asked
        assert {"advert": "objected"} == fates(bench)


@pytest.mark.parametrize("turned", [False, True])
def test_law_21_the_newest_word_of_a_platform_wins_in_any_order(migrated_database_url, turned):
    """But one that may not be the person's own does not beat an objection."""
    told = [
        platform(ConsentState.UNSUBSCRIBED, START - 2 * DAY),
        platform(ConsentState.SUBSCRIBED, START - DAY),
    ]
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), *(reversed(told) if turned else told), bought(customer="7"))
        bench.run(DAY)
        assert {"advert": "accepted"} == fates(bench)
        bench.aftercare.consents.refuse(email=ANN)
        later = bench.clock.now() + HOUR
        bench.tell(
            platform(ConsentState.SUBSCRIBED, later, OptIn.UNKNOWN),
            bought("2", customer="7", placed=later),
            at=later,
        )
        bench.run(DAY)
        assert "objected" == bench.message("advert", "2").code


def test_the_country_decides_and_the_strictest_of_several_wins(migrated_database_url):
    """An American gets mail until she objects; a parcel to Japan needs her consent."""
    with shop(migrated_database_url, config={**LAWFUL, **UNCAPPED}) as bench:
        bench.tell(bought("1", country="US"), bought("2", country="JP"), bought("3", country="CA"))
        bench.run(DAY)
        assert {"1": "accepted", "2": "no_lawful_basis", "3": "accepted"} == {
            one.object: one.code for one in bench.messages()
        }
        (check,) = [one for one in bench.decisions() if one.verdict == "skipped"]
        assert ("no_lawful_basis", "JP") == (check.code, check.detail["places"])


def test_a_soft_opt_in_names_its_order_and_that_refusing_was_offered(migrated_database_url):
    """And is enough in Britain, until the person objects (LAW-13)."""
    with shop(migrated_database_url) as bench:
        with pytest.raises(InputError, match="LAW-13"):
            consent(bench, basis=Basis.SOFT_OPT_IN)
        consent(bench, basis=Basis.SOFT_OPT_IN, order="main/order/1", refusal_offered=True)
        bench.tell(bought())
        bench.run(DAY)
        assert {"advert": "accepted"} == fates(bench)


@pytest.mark.parametrize("order_of", ["main/order/2", "main/order/99", "main"])
def test_law_13_a_soft_opt_in_is_that_of_the_buyer(migrated_database_url, order_of):
    """The order of somebody else, one that nobody knows and what is none allow nothing."""
    with shop(migrated_database_url) as bench:
        consent(bench, basis=Basis.SOFT_OPT_IN, order=order_of, refusal_offered=True)
        bench.tell(bought(), bought("2", email=BOB))
        bench.run(DAY)
        assert {"no_lawful_basis"} == {one.code for one in bench.messages()}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("opt_in", "code"), [(OptIn.UNKNOWN, "objected"), (OptIn.SINGLE, "accepted")], ids=["shop", "person"]
)
def test_law_14_what_a_platform_says_later_undoes_no_refusal(migrated_database_url, turned, opt_in, code):
    """Unless it says that the person has done so; in whatever order both are told."""
    said = [
        platform(ConsentState.UNSUBSCRIBED, START - 2 * DAY),
        platform(ConsentState.SUBSCRIBED, START - DAY, opt_in=opt_in),
    ]
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN))
        for one in reversed(said) if turned else said:
            bench.tell(one)
        bench.tell(bought(customer="7"))
        bench.run(DAY)
        assert {"advert": code} == fates(bench)


def test_who_orders_as_a_guest_is_where_their_account_says(migrated_database_url):
    """An American parcel to somebody whose account is in Japan needs what Japan asks for (LAW-03)."""
    with shop(migrated_database_url) as bench:
        account = customer("7", email=ANN)
        abroad = replace(account, contact=replace(account.contact, country="JP"))
        bench.tell(abroad, bought(country="US"))
        bench.run(DAY)
        (message,) = bench.messages()
        assert "no_lawful_basis" == message.code


def test_law_17_who_gets_a_present_has_bought_nothing(migrated_database_url):
    """In Canada a purchase implies the consent of the buyer, unless it was called off."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7", email=ANN), bought("1", customer="7", email=BOB, country="CA"))
        called_off = bought("2", email="carl@customer.example", country="CA")
        bench.tell(called_off, bought("3", email="dora@customer.example", country="CA"))
        bench.process()
        off = replace(called_off, cancelled=True, version=Version(modified_at=START + HOUR / 4))
        bench.tell(off)
        bench.run(DAY)
        codes = {one.object: one.code for one in bench.messages()}
        assert {"1": "no_lawful_basis", "2": "no_lawful_basis", "3": "accepted"} == codes


@pytest.mark.parametrize(
    ("categories", "code"),
    [
        (("tea",), "accepted"),
        (("tea", "gifts"), "accepted"),
        (("knives",), "no_lawful_basis"),
        ((), "no_lawful_basis"),
    ],
)
def test_law_13_a_soft_opt_in_may_be_for_some_products_only(migrated_database_url, categories, code):
    """A message says what it is about; of one that does not nobody knows that it fits."""
    about = note("advert", purpose=Purpose.MARKETING, delay=HOUR, categories=categories)
    with shop(migrated_database_url, about) as bench:
        consent(
            bench,
            basis=Basis.SOFT_OPT_IN,
            order="main/order/1",
            refusal_offered=True,
            categories=("tea", "cups"),
        )
        bench.tell(bought())
        bench.process()
        assert categories == bench.message("advert").categories
        bench.run(DAY)
        assert {"advert": code} == fates(bench)


def _note(statements, connection, cursor, statement, *rest):
    statements.append(statement)


def test_what_a_message_is_about_is_looked_up_with_it(migrated_database_url):
    """Without asking the database for it."""
    asked = {}
    for categories in ((), ("tea", "cups")):
        about = note("advert", purpose=Purpose.MARKETING, delay=HOUR, categories=categories)
        with shop(migrated_database_url, about) as bench:
            number = str(len(bench.messages()) + 1)
            bench.tell(bought(number))
            bench.process()
            message, brand = bench.message("advert", number), bench.aftercare.brand
            statements: list[str] = []
            asked[categories] = statements
            with brand.database.read() as connection:
                event.listen(connection, "before_cursor_execute", partial(_note, statements))
                look(brand, connection, [message])
    assert [] != asked[()] == asked["tea", "cups"]


def test_law_03_review_requests_in_japan_are_sent_if_the_shop_says_why(migrated_database_url):
    """With its reason on record."""
    why = {"consent": {"review_request_is_service": {"JP": "no reward, no link; our lawyer, 2 May 2026"}}}
    for config, code in ((LAWFUL, "no_lawful_basis"), ({**LAWFUL, **why}, "accepted")):
        with shop(migrated_database_url, REVIEW, config=config) as bench:
            number = str(len(bench.messages()) + 1)
            bench.tell(bought(number, country="JP"), at=bench.clock.now())
            bench.run(DAY)
            assert code == bench.message("ask", number).code


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"form": ""}, "LAW-04"),
        ({"words": ""}, "LAW-04"),
        ({"basis": Basis.IMPLIED}, "LAW-17"),
        ({"basis": Basis.CONTRACT}, "contract"),
        ({"email": ""}, "one of both"),
        ({"email": "ann@"}, "none that mail can be sent to"),
        ({"at": START + HOUR}, "later than now"),
    ],
)
def test_what_proves_nothing_is_refused(migrated_database_url, told, problem):
    """And leaves nothing behind; no error repeats an address."""
    with shop(migrated_database_url) as bench:
        with pytest.raises(InputError, match=problem) as refused:
            consent(bench, **told)
        assert "ann@" not in str(refused.value)
        assert [] == bench.journal()


def test_an_account_that_nobody_has_is_said(migrated_database_url):
    """It may arrive yet."""
    with shop(migrated_database_url) as bench, pytest.raises(UnknownCustomer, match="account '8'"):
        consent(bench, shop="main", account="8")


def test_law_01_what_advertises_waits_until_the_sender_has_a_name(migrated_database_url):
    """Nothing else does; and it goes as soon as the shop has configured it."""
    with shop(migrated_database_url, ADVERT, HELP, config={}) as bench:
        consent(bench)
        bench.tell(bought())
        bench.run(2 * HOUR)
        assert (MessageState.HELD, "sender_unnamed") == (
            bench.message("advert").state,
            bench.message("advert").code,
        )
        assert "accepted" == bench.message("help").code
        with bench.twin(config=LAWFUL) as named:
            named.run(DAY)
            assert "accepted" == named.message("advert").code


def test_whoever_never_said_anything_is_not_asked_for_in_the_ledger_of_others(migrated_database_url):
    """The ledger keeps who, what, when and on which words, and the journal holds no address."""
    with shop(migrated_database_url) as bench:
        consent(bench)
        bench.aftercare.consents.refuse(email=BOB, source="call", actor="mori")
        rows = bench.journal()
        assert ["consent.given", "consent.objected"] == [one.topic for one in rows]
        assert all("@" not in (one.body or b"").decode() + one.outcome for one in rows)
