"""What is reported of messages after they have left, and who is not written to any more."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial

import pytest

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.consenting import said_by_whom
from aftercare_sdk.engine.reported import LATEST, TOGETHER, Noted
from aftercare_sdk.engine.timeline import EntryKind, timeline
from aftercare_sdk.errors import InputError
from aftercare_sdk.events import MessageOutcome, OutcomeKind, RejectReason
from aftercare_sdk.model.consent_ledger import ConsentWord
from aftercare_sdk.model.messages import Accepted, MessageState, TryAgain, Unknown
from aftercare_sdk.model.outcomes import Report, SuppressionReason
from aftercare_sdk.outreach.sentences import LANGUAGES, say
from aftercare_sdk.store import suppressions
from aftercare_sdk.store.journal import Kind, State
from tests.support.databases import migrate
from tests.support.erasures import erase_whoever
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    MINUTE,
    START,
    Bench,
    always,
    consent,
    customer,
    in_threads,
    note,
    order,
    program,
)

ANN = "ann@customer.example"
GONE = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.INVALID}
SOFT = {"kind": OutcomeKind.BOUNCED, "reason": RejectReason.TIMED_OUT}
COMPLAINED = {"kind": OutcomeKind.COMPLAINED}
DELIVERED = {"kind": OutcomeKind.DELIVERED}
TRANSACTIONAL = note("receipt", purpose=Purpose.TRANSACTIONAL)


def shop(url, *actions, heard=None, config=None):
    """Open a shop that writes to whoever has bought; `heard` gets the outcomes that plugins hear of."""
    hooks = {"on_purchase": always(*(actions or (note(),)))}
    if heard is not None:
        hooks["on_message_outcome"] = lambda event, ctx: heard.append((event, ctx.order and ctx.order.id))
    return Bench(url, {"writer": program(**hooks)}, config=config)


def buy(bench, number="1", **changes):
    """Let somebody buy, and what is planned leave."""
    bench.tell(order(number, **changes))
    bench.run(MINUTE)


def report(bench, *several, channel="email", **told):
    """Report one outcome, of the only message if nothing else is said, or several."""
    reports = [reported(bench, **each) for each in several or (told,)]
    return bench.aftercare.tell_outcomes(channel, reports)


def reported(bench, **told):
    """Make a report; its body is all that it says."""
    if not {"message", "reference", "recipient"} & told.keys():
        told["message"] = bench.message().id
    return Report(**{"body": repr(sorted(told.items())).encode(), **told})


def rows(bench):
    """Return the rows of reports: state and words of each."""
    found = [one for one in bench.journal() if one.kind is Kind.OUTCOME]
    return [(one.topic, one.state, one.outcome) for one in found if not one.topic.endswith(".accepted")]


def standing(bench):
    """Return the reasons that stand against addresses, by their hash."""
    with bench.aftercare.brand.database.read() as connection:
        return {(one.address, one.reason) for one in suppressions.listing(connection)[0]}


def against(bench, address=ANN):
    """Return why an address is suppressed."""
    of = bench.aftercare.brand.address_hash(address)
    return sorted(reason.value for hashed, reason in standing(bench) if hashed == of)


@pytest.mark.parametrize(
    ("told", "state", "code"),
    [
        (DELIVERED, "delivered", "reported_delivered"),
        (GONE, "bounced", "reported_bounced"),
        (SOFT, "bounced", "reported_bounced"),
        (COMPLAINED, "complained", "reported_complained"),
        ({"kind": OutcomeKind.REJECTED, "reason": RejectReason.SPAM}, "failed", "reported_failed"),
        ({"kind": OutcomeKind.FAILED}, "failed", "reported_failed"),
        *(
            ({"kind": kind}, "accepted", "accepted")
            for kind in OutcomeKind
            if kind not in {"delivered", "bounced", "complained", "rejected", "failed"}
        ),
    ],
)
def test_what_a_report_makes_of_a_message_send_05_send_12(migrated_database_url, told, state, code):
    """What is opened, clicked or put off changes nothing: it is a row of the journal and an event."""
    heard = []
    with shop(migrated_database_url, heard=heard) as bench:
        buy(bench)
        at = bench.clock.now()
        bench.clock.move(at + HOUR)
        assert Noted(news=1) == report(bench, at=at, **told)
        bench.process()
        assert [("1", state, code)] == bench.outcomes()
        message = bench.message()
        [(event, about)] = heard
        assert "1" == about
        assert (message.id, told["kind"], "note", "writer", "email", at) == (
            *(event.message, event.outcome, event.label, event.plugin, event.channel, event.occurred_at),
        )
        ((topic, row, said),) = rows(bench)
        assert (f"email.{told['kind']}", State.DONE) == (topic, row)
        assert said.startswith(f"message {message.id}: {told['kind']}")
        if state != "accepted":
            assert (state, code) == bench.verdicts()[-1]
            assert at == message.final_at


def test_told_twice_it_is_one_send_05(migrated_database_url):
    """By the provider's id, else by all that was said; each repeat is counted in the journal."""
    heard = []
    with shop(migrated_database_url, heard=heard) as bench:
        buy(bench)
        assert Noted(news=1, seen=1) == report(bench, DELIVERED, DELIVERED)
        assert Noted(seen=1) == report(bench, DELIVERED)
        named = {**GONE, "event_id": "e1"}
        assert Noted(news=1) == report(bench, named)
        assert Noted(seen=1) == report(bench, {**named, "response": "in other words"})
        assert Noted(news=1) == report(bench, {**GONE, "event_id": "e2"})
        bench.process()
        assert 3 == len(heard) == len(rows(bench))
        assert {0, 1} == {one.copies for one in bench.journal() if one.kind is Kind.OUTCOME}


def test_the_id_of_the_event_is_the_same_everywhere_send_05(migrated_database_url, databases):
    """It is made of the channel and of what the provider calls it."""
    ids = []
    for url in (migrated_database_url, databases.copy_of(migrate)):
        with shop(url) as bench:
            buy(bench)
            report(bench, **DELIVERED, event_id="e1")
            ids.append([one.event.id for one in bench.events() if isinstance(one.event, MessageOutcome)])
    assert ids[0] == ids[1]
    assert 1 == len(ids[0])
    assert ids[0][0].startswith("main/outcome/email/")


def test_a_message_is_found_by_what_its_channel_calls_it(migrated_database_url):
    """Not by what another channel calls it, and of what is unknown nothing comes."""
    with shop(migrated_database_url) as bench:
        bench.probe.answers = [Accepted("queue-7")]
        buy(bench)
        assert Noted(ignored=1) == report(bench, **DELIVERED, reference="queue-8")
        assert Noted(news=1) == report(bench, **DELIVERED, reference="queue-7")
        assert [("1", "delivered", "reported_delivered")] == bench.outcomes()


def test_a_message_is_found_by_its_address_if_nothing_else_is_named(migrated_database_url):
    """The last one of seven days: an older one has had its outcome."""
    with shop(migrated_database_url) as bench:
        buy(bench, "1")
        bench.run(DAY)
        buy(bench, "2")
        assert Noted(news=1) == report(bench, **GONE, recipient=" ANN@Customer.example")
        assert ["accepted", "bounced"] == [state for _, state, _ in bench.outcomes()]
        bench.run(LATEST)
        told = {**GONE, "recipient": ANN, "event_id": "later"}
        assert Noted(ignored=1) == report(bench, **told)
        assert Noted(ignored=1) == report(bench, **{**told, "recipient": "bob@customer.example"})


def test_a_report_of_a_message_that_nobody_knows_is_kept_as_ignored(migrated_database_url):
    """With the reason; nothing is suppressed, and no plugin hears of it. Later it may mean something."""
    heard = []
    with shop(migrated_database_url, heard=heard) as bench:
        assert Noted(ignored=1) == report(bench, **GONE, message="nobody's", recipient=ANN)
        assert [("email.bounced", State.IGNORED)] == [row[:2] for row in rows(bench)]
        assert "no message is known by what it names" in rows(bench)[0][2]
        assert set() == standing(bench)
        assert Noted(ignored=1) == report(bench, **GONE, reference="early")
        bench.probe.answers = [Accepted("early")]
        buy(bench)
        assert Noted(news=1) == report(bench, **GONE, reference="early")
        bench.process()
        assert 1 == len(heard)


def test_a_message_that_has_not_left_has_no_outcome(migrated_database_url):
    """Whoever says so is wrong."""
    with shop(migrated_database_url, note(delay=DAY)) as bench:
        buy(bench)
        assert Noted(ignored=1) == report(bench, **GONE)
        assert [("1", "planned", "")] == bench.outcomes()
        assert "has never left" in rows(bench)[0][2]


def test_a_channel_that_is_not_configured_reports_nothing(migrated_database_url):
    """Wrong use; and one channel says nothing of the messages of another."""
    with shop(migrated_database_url) as bench:
        buy(bench)
        with pytest.raises(InputError, match="channel 'sms' is not configured"):
            report(bench, **DELIVERED, channel="sms")


def test_one_channel_says_nothing_of_the_messages_of_another(migrated_database_url):
    """Whoever has its key could else suppress everybody; what it calls a message may be another's."""
    second = {"channels": {"second": {"kind": "probe", "sender": "hello@second.example"}}}
    with shop(migrated_database_url, note(), note("other", channel="second"), config=second) as bench:
        bench.probe.answers = [Accepted("a"), Accepted("b")]
        buy(bench)
        mine, other = (bench.message(label) for label in ("note", "other"))
        for told in ({"message": mine.id}, {"reference": mine.reference}):
            assert Noted(ignored=1) == report(bench, **COMPLAINED, **told, channel="second")
        assert ({"accepted"}, []) == ({one.state.value for one in bench.messages()}, against(bench))
        assert Noted(news=1) == report(bench, **DELIVERED, recipient=ANN, channel="second")
        assert ("accepted", "delivered") == (bench.message("note").state, bench.message("other").state)
        assert Noted(news=1) == report(bench, **COMPLAINED, message=other.id, channel="second")


def test_a_report_settles_a_doubt_so_that_nothing_is_sent_twice_send_08(migrated_database_url):
    """What waits to be repeated is not, once it is known to have arrived."""
    with shop(migrated_database_url) as bench:
        bench.probe.answers = [Unknown("broken off")]
        bench.tell(order())
        bench.run(timedelta(seconds=1))
        assert "deferred" == bench.message().state
        report(bench, **DELIVERED)
        bench.run(DAY)
        assert [("1", "delivered", "reported_delivered")] == bench.outcomes()
        assert 1 == len(bench.sent)


@pytest.mark.parametrize("answer", [Accepted("ref-1"), Unknown("broken off"), TryAgain("busy")])
def test_a_report_may_be_quicker_than_the_channel_s_own_answer(migrated_database_url, answer):
    """The provider knows before the channel has answered; its name for the message is kept all the same."""
    with shop(migrated_database_url) as bench:

        def slow(message):
            with bench.twin() as other:
                report(other, **DELIVERED, message=message.id)
            return answer

        bench.probe.answers = [slow]
        buy(bench)
        bench.run(DAY)
        assert [("1", "delivered", "reported_delivered")] == bench.outcomes()
        assert 1 == len(bench.sent)
        if isinstance(answer, Accepted):
            assert Noted(news=1) == report(bench, **GONE, reference="ref-1")


def test_many_reports_at_once_are_several_transactions(migrated_database_url):
    """None is long; all count."""
    with shop(migrated_database_url) as bench:
        buy(bench)
        several = [{**DELIVERED, "event_id": str(number)} for number in range(2 * TOGETHER + 1)]
        assert Noted(news=2 * TOGETHER + 1) == report(bench, *several)


def test_told_at_the_same_moment_by_several_it_is_one(migrated_database_url):
    """And no two events have the same place."""
    with shop(migrated_database_url) as bench:
        buy(bench)
        twins = [bench.twin() for _ in range(3)]
        told = in_threads([partial(report, twin, DELIVERED, GONE) for twin in twins])
        for twin in twins:
            twin.aftercare.close()
        assert 2 == sum(one.news for one in told)
        assert 4 == sum(one.seen for one in told)
        places = [one.seq for one in bench.events()]
        assert len(places) == len(set(places))
        assert "bounced" == bench.message().state


KINDS = [
    DELIVERED,
    GONE,
    SOFT,
    COMPLAINED,
    {"kind": OutcomeKind.DEFERRED},
    {"kind": OutcomeKind.OPENED},
    {"kind": OutcomeKind.REJECTED, "reason": RejectReason.UNSUBSCRIBED},
    {"kind": OutcomeKind.FAILED},
]
WEAK = [DELIVERED, SOFT, SOFT, SOFT, {"kind": OutcomeKind.DEFERRED}]


@pytest.mark.parametrize("seed", range(12))
def test_in_whatever_order_and_however_often_it_comes_to_the_same_send_05_send_06(
    migrated_database_url, seed
):
    """State, reason and suppressions follow from the set of reports alone."""
    rng = random.Random(seed)  # noqa: S311 - no secret depends on it
    with shop(migrated_database_url) as bench:
        people = [f"c{number}@customer.example" for number in range(4)]
        for number, email in enumerate(people):
            bench.tell(order(str(number), email=email))
        bench.run(30 * DAY)
        told = [
            {**rng.choice(KINDS if seed % 2 else WEAK), "at": START + rng.randint(0, 40) * 12 * HOUR}
            for _ in range(rng.randint(1, 14))
        ]
        for number in range(len(people)):
            message = bench.message(order=str(number)).id
            mine = [{**each, "message": message} for each in [*told, *rng.choices(told, k=3)]]
            rng.shuffle(mine)
            while mine:
                size = rng.randint(1, len(mine))
                report(bench, *mine[:size])
                mine = mine[size:]
        found = [(one.state, one.code, one.detail, one.final_at) for one in bench.messages()]
        assert [found[0]] * len(people) == found
        reasons = [against(bench, email) for email in people]
        assert [reasons[0]] * len(people) == reasons
        with bench.aftercare.brand.database.read() as connection:
            listed, _ = suppressions.listing(connection)
        since = {(one.reason, one.at) for one in listed}
        assert len(reasons[0]) == len(since)


@pytest.mark.parametrize(
    ("told", "why", "left"),
    [
        (GONE, "hard_bounce", []),
        ({**SOFT, "response": "smtp; 550 5.1.1 user unknown"}, "hard_bounce", []),
        ({"kind": OutcomeKind.REJECTED, "reason": RejectReason.BOUNCED}, "hard_bounce", []),
        (COMPLAINED, "complaint", ["receipt"]),
        ({"kind": OutcomeKind.UNSUBSCRIBED}, "unsubscribe", ["receipt"]),
        ({"kind": OutcomeKind.REJECTED, "reason": RejectReason.UNSUBSCRIBED}, "unsubscribe", ["receipt"]),
        (SOFT, None, ["note", "receipt"]),
        ({**GONE, "response": "552-5.2.2 over quota"}, None, ["note", "receipt"]),
        ({"kind": OutcomeKind.BOUNCED, "reason": RejectReason.BLOCKED}, None, ["note", "receipt"]),
        ({"kind": OutcomeKind.REJECTED, "reason": RejectReason.SPAM}, None, ["note", "receipt"]),
        ({"kind": OutcomeKind.SUBSCRIBED}, None, ["note", "receipt"]),
    ],
)
def test_who_is_not_written_to_any_more_send_06(migrated_database_url, told, why, left):
    """At once: what is planned already does not leave, and the reason is told in both languages."""
    with shop(migrated_database_url, note(), TRANSACTIONAL) as bench:
        buy(bench)
        message = bench.message("note").id
        bench.tell(order("2", email="Ann@Customer.example"))
        report(bench, **told, message=message)
        bench.run(DAY)
        assert ([why] if why else []) == against(bench)
        second = [one for one in bench.messages() if one.object == "2"]
        assert left == sorted(one.label for one in second if one.state is MessageState.ACCEPTED)
        skipped = {one.code for one in second if one.state is MessageState.SKIPPED}
        assert ({f"suppressed_{why}"} if len(left) < 2 else set()) == skipped
        (person,) = timeline(bench.aftercare.brand, ANN, bench.clock.now()).people
        for entry in person.entries:
            for language in LANGUAGES:
                assert entry.code != say(entry.code, entry.values, language)
            if entry.kind is EntryKind.MESSAGE and entry.reason and entry.reason.code in skipped:
                assert "SEND-06" == entry.rule


def test_a_person_s_word_counts_for_all_their_addresses_and_a_bounce_for_one_send_06(
    migrated_database_url,
):
    """Caps, suppression and quiet hours count over all linked identities."""
    work = "ann@work.example"
    for told, states in ((COMPLAINED, ["complained", "skipped"]), (GONE, ["bounced", "accepted"])):
        with shop(migrated_database_url) as bench:
            prefix = str(told["kind"])
            whose = f"{prefix}-7"
            bench.tell(customer(whose, email=f"{prefix}@customer.example"))
            buy(bench, f"{prefix}-1", customer=whose, email=f"{prefix}@customer.example")
            report(bench, **told, message=bench.message(order=f"{prefix}-1").id)
            buy(bench, f"{prefix}-2", customer=whose, email=f"{prefix}-{work}")
            mine = [state for number, state, _ in bench.outcomes() if number.startswith(prefix)]
            assert states == mine


@pytest.mark.parametrize("told", [COMPLAINED, {"kind": OutcomeKind.UNSUBSCRIBED}])
def test_who_complains_has_taken_the_consent_back_send_06(migrated_database_url, told):
    """Noted once with the consents, as of the complaint; a bounce says nothing about what anybody wants."""
    with shop(migrated_database_url) as bench:
        buy(bench)
        report(bench, **GONE)
        at = bench.clock.now()
        bench.run(DAY)
        for _ in range(2):
            report(bench, **told, at=at)
        with bench.aftercare.brand.database.read() as connection:
            (said,) = said_by_whom(connection, ANN)
        assert [(ConsentWord.OBJECTED, None, at, "channel email")] == [
            (one.word, one.purpose, one.at, one.source) for one in said
        ]


def test_reports_that_say_the_same_of_two_messages_are_two(migrated_database_url):
    """Whoever tells them may have kept nothing of what the provider said."""
    with shop(migrated_database_url) as bench:
        for number in ("1", "2"):
            buy(bench, number, email=f"{number}@customer.example")
        told = [Report(kind=OutcomeKind.DELIVERED, message=one.id, body=b"") for one in bench.messages()]
        assert [2, 0] == [bench.aftercare.tell_outcomes("email", told).news for _ in range(2)]
        assert {"delivered"} == {one.state.value for one in bench.messages()}


@pytest.mark.parametrize("told", [COMPLAINED, {"kind": OutcomeKind.UNSUBSCRIBED}])
def test_law_14_who_expressly_agrees_again_is_written_to_again(migrated_database_url, told):
    """Their own word ended it, so a later one lets it begin anew, until they refuse once more."""
    advert = note("advert", purpose=Purpose.MARKETING)
    at_once = {**LAWFUL, "budget": {"caps": [], "cool_down": "1 second"}}
    with shop(migrated_database_url, note(), advert, config=at_once) as bench:
        buy(bench)
        report(bench, **told)
        bench.run(DAY)
        buy(bench, "2")
        bench.run(DAY)
        consent(bench)
        bench.run(HOUR)
        buy(bench, "3")
        bench.run(DAY)
        bench.aftercare.consents.refuse(email=ANN)
        buy(bench, "4")
        bench.run(DAY)
        kept = {one.object: one.state.value for one in bench.messages() if one.label == "advert"}
        assert {"2": "skipped", "3": "accepted", "4": "skipped"}.items() <= kept.items()


def test_law_14_everybody_lifts_what_they_have_said_themselves(migrated_database_url):
    """Of a present both count, the buyer and whoever gets the mail: neither speaks for the other."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7"), customer("8", email="bob@customer.example"))
        buy(bench, "1", customer="7")
        buy(bench, "2", customer="8", email="bob@customer.example")
        report(bench, kind=OutcomeKind.UNSUBSCRIBED, message=bench.message(order="1").id)
        bench.run(DAY)
        consent(bench, "bob@customer.example")
        buy(bench, "3", customer="7", email="bob@customer.example")
        assert "suppressed_unsubscribe" == bench.message(order="3").code
        bench.run(DAY)
        consent(bench, ANN)
        buy(bench, "4", customer="7", email="bob@customer.example")
        assert "accepted" == bench.message(order="4").code
        report(bench, **COMPLAINED, message=bench.message(order="2").id)
        bench.run(DAY)
        consent(bench, ANN, form="again")
        buy(bench, "5", customer="7", email="bob@customer.example")
        assert "suppressed_complaint" == bench.message(order="5").code


def test_law_20_a_mailbox_that_keeps_bouncing_is_known_after_an_erasure(migrated_database_url):
    """By its hash: one more bounce does not bring it back, and bounces from before count on."""
    with shop(migrated_database_url) as bench:
        for day in range(3):
            buy(bench, str(day), placed=START + day * DAY)
            report(bench, **SOFT, message=bench.message(order=str(day)).id)
            bench.run(START + (day + 1) * DAY)
        erase_whoever(bench, ANN)
        for day in range(8, 10):
            bench.run(START + day * DAY)
            assert [] == against(bench)
            buy(bench, str(day), placed=START + day * DAY)
            report(bench, **SOFT, message=bench.message(order=str(day)).id)
        assert ["soft_bounces"] == against(bench)
        erase_whoever(bench, ANN)
        assert ["soft_bounces"] == against(bench)
        bench.run(HOUR)
        buy(bench, "20", placed=bench.clock.now())
        assert "suppressed_soft_bounces" == bench.message(order="20").code
        report(bench, **SOFT, message=bench.message(order="9").id, event_id="late")
        assert ["soft_bounces"] == against(bench)


def test_five_soft_bounces_in_a_row_over_a_week_suppress_send_06(migrated_database_url):
    """Fewer, or in a shorter time, or with a delivery between them do not."""
    with shop(migrated_database_url, note(), TRANSACTIONAL) as bench:
        buy(bench)
        bench.run(60 * DAY)
        message = bench.message("note").id

        def bounce(day, **told):
            report(bench, **{**SOFT, **told}, message=message, at=START + day * DAY)
            return against(bench)

        assert [[]] * 6 == [bounce(1 + hour / 24) for hour in range(6)]
        assert ["soft_bounces"] == bounce(8)
        assert [] == bounce(7, **DELIVERED)
        assert [[]] * 3 == [bounce(day, kind=OutcomeKind.DEFERRED) for day in (10, 12, 14)]
        assert ["soft_bounces"] == bounce(15)
        buy(bench, "2", placed=bench.clock.now())
        second = {one.label: (one.state.value, one.code) for one in bench.messages() if one.object == "2"}
        assert {
            "note": ("skipped", "suppressed_soft_bounces"),
            "receipt": ("accepted", "accepted"),
        } == second


def test_what_is_lifted_stays_so_until_something_new_is_reported(migrated_database_url):
    """A report of before that comes late does not undo what a person has said."""
    with shop(migrated_database_url) as bench:
        buy(bench)
        report(bench, **COMPLAINED)
        brand = bench.aftercare.brand
        bench.clock.move(bench.clock.now() + DAY)
        with brand.database.write() as connection:
            assert 1 == suppressions.lift(
                connection, brand.address_hash(ANN), at=bench.clock.now(), by="a person"
            )
        assert [] == against(bench)
        report(bench, **COMPLAINED, at=bench.clock.now() - HOUR, event_id="late")
        assert [] == against(bench)
        bench.clock.move(bench.clock.now() + HOUR)
        report(bench, **COMPLAINED, event_id="again")
        assert ["complaint"] == against(bench)


def test_the_list_knows_no_address_law_20(migrated_database_url):
    """Nor does anything that is reported, but for the body of its row, which can be erased."""
    with shop(migrated_database_url) as bench:
        buy(bench)
        report(
            bench,
            **GONE,
            recipient=ANN,
            message=bench.message().id,
            response="550 5.1.1 <ann@customer.example>",
        )
        brand = bench.aftercare.brand
        with brand.database.read() as connection:
            (one,) = suppressions.listing(connection)[0]
        assert SuppressionReason.HARD_BOUNCE is one.reason
        assert "customer.example" not in repr(one)
        assert 64 == len(one.address)
        (row,) = [one for one in bench.journal() if one.topic == "email.bounced"]
        assert ANN.encode() in row.body
        shown = [row.outcome, row.topic, row.delivery, *(repr(each.event) for each in bench.events())]
        assert not any("customer.example" in each for each in shown)
        with bench.twin() as other:
            assert other.aftercare.brand.address_hash("ANN@customer.example ") == one.address


def test_the_hash_of_an_address_is_another_in_every_database_law_20(migrated_database_url, databases):
    """Two lists cannot be compared, nor an address looked up that somebody else knows."""
    with shop(migrated_database_url) as one, shop(databases.copy_of(migrate)) as other:
        assert one.aftercare.brand.address_hash(ANN) != other.aftercare.brand.address_hash(ANN)
