"""What a shop's own pages tell: answers to surveys, and friends who were sent."""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import partial

import pytest

from aftercare_sdk.engine.timeline import EntryKind, timeline
from aftercare_sdk.errors import InputError, UnknownCustomer
from aftercare_sdk.events import FeedbackReceived, ReferralCompleted, ReferralRole
from aftercare_sdk.outreach.sentences import LANGUAGES, say
from tests.support.points import ANN, available, basket, shop_with
from tests.support.shop import DAY, START, Bench, always, customer, in_threads, note, program

BONUSES = {"survey": 20, "referral": 500, "friend": 300}
ACCOUNT = "main/7"
BOB = "bob@customer.example"
NOW = START + DAY


def shop(url, rules=BONUSES, **more):
    """Open a shop in which Ann has account 7, and Bob has bought order 2 as a guest."""
    bench = Bench(url, config=shop_with(rules), **more)
    bench.tell(customer("7", email=ANN), basket("1", customer="7"), basket("2", email=BOB), at=NOW)
    bench.run(NOW)
    return bench


def answer(bench, number="a1", **told):
    """Say that a survey was answered, by Ann if nobody else is named."""
    whose = {} if "order" in told else {"account": "7"}
    return bench.aftercare.tell_feedback("main", number, **{"survey": "nps", **whose, **told})


def refer(bench, **told):
    """Say that Ann has sent Bob."""
    return bench.aftercare.tell_referral("main", "r1", **{"referrer": "7", "order": "2", **told})


def test_an_answer_earns_once_whoever_gave_it(migrated_database_url):
    """Named by account or by order; told again it is the same, and another one earns again."""
    with shop(migrated_database_url) as bench:
        assert [True, False] == [answer(bench), answer(bench)]
        assert answer(bench, "a2", order="2")
        bench.process()
        assert (20, 20) == (available(bench, ACCOUNT), available(bench, BOB))
        assert not answer(bench, order="2")
        answer(bench, "a3")
        bench.process()
        assert (40, 20) == (available(bench, ACCOUNT), available(bench, BOB))


def test_both_earn_by_a_referral_each_its_own(migrated_database_url):
    """Once, however often it is told."""
    with shop(migrated_database_url) as bench:
        assert [True, False] == [refer(bench), refer(bench)]
        bench.process()
        assert (500, 300) == (available(bench, ACCOUNT), available(bench, BOB))


def test_it_earns_by_the_rules_of_its_day(migrated_database_url):
    """Nothing where there is no bonus."""
    with shop(migrated_database_url, {}) as bench:
        answer(bench)
        refer(bench)
        bench.process()
        assert 0 == available(bench, ACCOUNT)
        bench.run(NOW + DAY)
        with bench.twin(config=shop_with(BONUSES)) as later:
            answer(later, "a2", answered_at=NOW)
            answer(later, "a3")
            later.process()
            assert 20 == available(later, ACCOUNT)


def test_it_stays_when_the_order_is_given_back(migrated_database_url):
    """What was answered was answered."""
    with shop(migrated_database_url) as bench:
        answer(bench, order="2")
        bench.process()
        bench.tell(basket("2", email=BOB, cancelled=True, modified=NOW + DAY), at=NOW + DAY)
        bench.run(NOW + DAY)
        assert 20 == available(bench, BOB)


def test_plugins_hear_of_it_with_what_is_known(migrated_database_url):
    """A referrer hears nothing of what the friend has bought; a message goes to the buyer of the order."""
    heard = []

    def listen(event, ctx):
        heard.append((event, ctx.order.id if ctx.order else None, len(ctx.customer.orders)))
        return [note()] if ctx.order else None

    plugins = {"ear": program(on_feedback=listen, on_referral=listen)}
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(customer("7", email=ANN), basket("1", customer="7"), basket("2", email=BOB), at=NOW)
        bench.run(NOW)
        answer(bench, order="2", answered_at=NOW - timedelta(hours=1))
        refer(bench)
        bench.process()
        assert [
            (
                FeedbackReceived(
                    id="main/feedback/a1",
                    shop="main",
                    occurred_at=NOW - timedelta(hours=1),
                    survey="nps",
                    answer="a1",
                    order="2",
                ),
                "2",
                1,
            ),
            *(
                (
                    ReferralCompleted(
                        id=f"main/referral/r1/{role}",
                        shop="main",
                        occurred_at=NOW,
                        referral="r1",
                        role=role,
                        order=order,
                    ),
                    order,
                    1,
                )
                for role, order in ((ReferralRole.REFERRER, None), (ReferralRole.FRIEND, "2"))
            ),
        ] == heard
        bench.run(NOW + DAY)
        assert {BOB} == {one.recipient for one in bench.sent}


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"account": "8"}, "no account '8' of shop 'main' is known yet"),
        ({"order": "9"}, "no order '9' of shop 'main' is known yet"),
    ],
)
def test_nobody_is_known_yet(migrated_database_url, told, problem):
    """It can be told again once the order has arrived; nothing is left of the first time."""
    with shop(migrated_database_url) as bench:
        before = len(bench.journal()), len(bench.events())
        with pytest.raises(UnknownCustomer, match=problem):
            answer(bench, **told)
        assert before == (len(bench.journal()), len(bench.events()))


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"number": "a/1"}, "answer 'a/1' is no id"),
        ({"number": ""}, "answer '' is no id"),
        ({"number": "a" * 101}, "is no id: 1 to 100 characters"),
        ({"survey": "n\nps"}, "survey 'n.+ps' is no id"),
        ({"order": "1", "account": "7"}, "one of both"),
        ({"account": None}, "one of both"),
        ({"answered_at": NOW + timedelta(seconds=1)}, "later than now"),
        ({"answered_at": NOW.replace(tzinfo=None)}, "no zone"),
    ],
)
def test_what_cannot_be_an_answer_is_refused(migrated_database_url, told, problem):
    """At the door."""
    with shop(migrated_database_url) as bench, pytest.raises(InputError, match=problem):
        answer(bench, **told)


def test_a_shop_that_is_not_there_is_refused(migrated_database_url):
    """By its name."""
    with shop(migrated_database_url) as bench, pytest.raises(InputError, match="shop 'other'"):
        bench.aftercare.tell_feedback("other", "a1", survey="nps", account="7")


def test_nobody_sends_himself(migrated_database_url):
    """By an order of the account, or of an address that is the account's."""
    with shop(migrated_database_url) as bench:
        bench.tell(basket("3", email=ANN), at=NOW)
        bench.process()
        for order in ("1", "3"):
            with pytest.raises(InputError, match="the same customer"):
                refer(bench, order=order)
        bench.process()
        assert 0 == available(bench, ACCOUNT)


def test_told_twice_at_the_same_moment_it_is_one(migrated_database_url):
    """And no two events have the same place."""
    with shop(migrated_database_url) as bench:
        twins = [bench.twin() for _ in range(3)]
        told = in_threads([partial(answer, twin, f"a{each}") for twin in twins for each in (1, 2)])
        for twin in twins:
            twin.aftercare.close()
        assert {True: 2, False: 4} == {each: told.count(each) for each in (True, False)}
        places = [one.seq for one in bench.events()]
        assert len(places) == len(set(places))
        bench.process()
        assert 40 == available(bench, ACCOUNT)


def test_the_moment_may_be_told_in_any_zone(migrated_database_url):
    """It is the same moment."""
    with shop(migrated_database_url) as bench:
        answer(bench, answered_at=NOW.astimezone(timezone(timedelta(hours=9))))
        (event,) = [one.event for one in bench.events() if isinstance(one.event, FeedbackReceived)]
        assert event.occurred_at == NOW


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_message_that_answers_a_survey_is_told_in_words(migrated_database_url, lang):
    """Whoever answers with an account is thanked for no order; the timeline says so."""
    plugin = program(on_feedback=always(note("thanks", template="asks", data={"word": "thanks"})))
    with Bench(migrated_database_url, {"surveys": plugin}) as bench:
        bench.tell(customer("7", email=ANN))
        bench.process()
        answer(bench)
        bench.run(DAY)
        (told,) = timeline(bench.aftercare.brand, "main/7", bench.clock.now()).people
    codes = {one.code for one in told.entries if one.kind in {EntryKind.MESSAGE, EntryKind.DECISION}}
    assert {"timeline.message.customer", "timeline.decision.customer"} == codes
    assert not [code for code in codes if say(code, {"label": "thanks"}, lang) == code]
