"""`aftercare messages`: what nobody can tell is shown, and a person can say what happened, once."""

from __future__ import annotations

import json
from datetime import timedelta
from email import message_from_bytes

import pytest
from typer.testing import CliRunner

from aftercare_sdk.actions import NotSentWithin, OrderStands, Purpose
from aftercare_sdk.cli import messages as command
from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.timeline import EntryKind, timeline
from aftercare_sdk.model.messages import MessageState, Unknown
from aftercare_sdk.outreach.sentences import say
from aftercare_sdk.store import settling
from aftercare_sdk.store.journal import Kind, State
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, in_threads, note, order, program
from tests.unit.outreach.mail_servers import ABORT, Inbox, mail_server

ANN = "ann@customer.example"
LOST = Unknown("the connection was lost after the message had been sent")


class Desk(Bench):
    """A bench whose database a person looks at with commands, on the bench's clock."""

    def run_command(self, *arguments):
        """Run `aftercare messages …`."""
        return CliRunner().invoke(app, ["messages", *map(str, arguments)])

    def json(self, *arguments):
        """Run a command that prints JSON and succeeds."""
        result = self.run_command(*arguments, "--json")
        assert 0 == result.exit_code, result.output
        return json.loads(result.stdout)

    def commands(self):
        """Return what persons did, out of the journal."""
        return [one for one in self.journal() if one.kind is Kind.COMMAND]


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """Make a desk; hand it the messages that are planned at every purchase."""
    made: list[Desk] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_DATABASE", migrated_database_url)
    (tmp_path / "aftercare.toml").write_text(
        '[brand]\nname = "Hibi"\nlocale = "en"\nzone = "UTC"\ncountry = "GB"\n'
        '[database]\nurl = { env = "TEST_DATABASE" }\n'
        '[shops.main]\nadapter = "test"\nsecrets = [{ env = "SHOP_SECRET" }]\n'
        '[channels.email]\nkind = "null"\nsender = "hello@shop.example"\n'
    )

    def make(*actions, **options):
        greeter = program(on_purchase=always(*(actions or (note(),))))
        bench = Desk(migrated_database_url, {"greeter": greeter}, **options)
        made.append(bench)
        monkeypatch.setattr(command, "now", bench.clock.now)
        return bench

    yield make
    for bench in made:
        bench.aftercare.close()


def lose(bench, orders=1):
    """Let the outcome of the first message of each order be unknown, and that of its repeat."""
    for number in range(1, orders + 1):
        bench.probe.answers += [LOST, LOST]
        bench.tell(order(str(number)))
        bench.run(2 * MINUTE)


def test_what_needs_a_person_is_shown_without_addresses_and_names(desk):
    """The list says which order and which try, and nothing of whom it was to."""
    bench = desk()
    lose(bench, orders=2)
    bench.tell(order("3"))
    bench.run(MINUTE)
    answer = bench.json("list")
    assert [("main/order/2", "unknown"), ("main/order/1", "unknown")] == [
        (one["about"], one["state"]) for one in answer["messages"]
    ]
    first = answer["messages"][1]
    assert ("note", "greeter", "service", "email", 2, "outcome_unknown") == (
        *(first[name] for name in ("label", "plugin", "purpose", "channel", "attempts", "code")),
    )
    assert bench.message(order="1").id == first["id"] == bench.sent[0].id
    table = bench.run_command("list")
    assert "is not known: the connection was lost" in table.stdout
    for text in (table.stdout, json.dumps(answer)):
        assert [] == [word for word in (ANN, "Ann", "Archer", "£10.00") if word in text]


def test_nothing_to_settle_is_said(desk):
    """An empty list is an answer too."""
    bench = desk()
    assert "Nothing.\n" == bench.run_command("list").stdout


def test_messages_are_listed_by_state_and_customer_and_not_without_end(desk):
    """By any state, by whoever the operator names as in the timeline, and the newest first."""
    bench = desk()
    for number in range(1, 4):
        bench.tell(order(str(number), email=f"c{number}@customer.example"))
        bench.run(MINUTE)
    assert {"messages": [], "count": 0} == bench.json("list")

    def found(*arguments):
        return [one["about"] for one in bench.json("list", "--state", "accepted", *arguments)["messages"]]

    assert ["main/order/3", "main/order/2", "main/order/1"] == found()
    assert (
        ["main/order/2"] == found("--customer", "C2@customer.example") == found("--customer", "main/order/2")
    )
    assert ["main/order/3"] == found("--limit", "1") == found("--limit", "1", "--state", "unknown")
    result = bench.run_command("list", "--state", "accepted", "--limit", "1")
    assert "1 of 3 are shown; --limit shows more." in result.stderr
    nobody = bench.run_command("list", "--customer", "x@customer.example")
    assert ("Nothing.\n", "Nobody is known by that name.\n") == (nobody.stdout, nobody.stderr)


def test_a_state_that_does_not_exist_is_refused_with_those_that_do(desk):
    """Wrong use, exit code 2."""
    desk()
    result = CliRunner().invoke(app, ["messages", "list", "--state", "lost"])
    assert 2 == result.exit_code
    assert "planned" in result.stderr
    assert "unknown" in result.stderr


@pytest.mark.parametrize(
    ("option", "state", "code", "english"),
    [
        ("--delivered", "accepted", "found_delivered", "A person found that the mail service took it."),
        ("--not-sent", "failed", "found_not_sent", "A person found that it did not leave."),
    ],
)
def test_a_person_says_what_happened(desk, option, state, code, english):
    """It becomes a final state, a row of the journal and a decision that the timeline tells."""
    bench = desk()
    lose(bench)
    id_ = bench.message().id
    bench.run(HOUR)
    assert {"resolved": {id_: state}, "refused": {}} == bench.json("resolve", id_, option)
    message = bench.message()
    assert (state, code, bench.clock.now()) == (message.state.value, message.code, message.final_at)
    (row,) = bench.commands()
    assert ("messages.resolve", id_, State.DONE, f"message {id_}: {state}") == (
        *(row.topic, row.delivery, row.state, row.outcome),
    )
    assert ANN.encode() not in row.body
    assert (state, code) == bench.verdicts()[-1]
    (person,) = timeline(bench.aftercare.brand, ANN, bench.clock.now()).people
    told = [entry.reason for entry in person.entries if entry.kind is EntryKind.DECISION][-1]
    assert english == say(told.code, told.values)
    bench.run(DAY)
    assert 2 == len(bench.sent)
    assert "Nothing.\n" == bench.run_command("list").stdout


def test_what_did_not_leave_no_longer_counts_as_contact(desk):
    """A cap counted it while nobody could tell; a person's word takes the doubt away."""
    asks = note(premises=(NotSentWithin(label="note", period=30 * DAY),))
    bench = desk(asks)
    lose(bench)
    bench.tell(order("2"))
    bench.run(MINUTE)
    assert ("skipped", "sent_recently") == bench.outcomes()[1][1:]
    bench.json("resolve", bench.message(order="1").id, "--not-sent")
    bench.tell(order("3"))
    bench.run(MINUTE)
    assert ("accepted", "accepted") == bench.outcomes()[2][1:]


def test_what_is_found_delivered_counts_as_contact(desk):
    """Like any accepted message."""
    bench = desk(note(premises=(NotSentWithin(label="note", period=30 * DAY),)))
    lose(bench)
    bench.json("resolve", bench.message(order="1").id, "--delivered")
    bench.tell(order("2"))
    bench.run(MINUTE)
    assert ("skipped", "sent_recently") == bench.outcomes()[1][1:]


def test_sending_again_passes_every_check_and_keeps_the_message_id(desk):
    """The same message under the same id: not a new one."""
    bench = desk()
    lose(bench)
    id_ = bench.message().id
    assert {id_: "planned"} == bench.json("resolve", id_, "--not-sent", "--again")["resolved"]
    assert ("1", "planned", "sent_again") == bench.outcomes()[0]
    bench.run_due()
    assert [id_] * 3 == [one.id for one in bench.sent]
    assert [("1", "accepted", "accepted")] == bench.outcomes()
    assert [
        ("planned", "sent_again"),
        ("submitted", "not_suppressed"),
        ("accepted", "accepted"),
    ] == bench.verdicts()[-3:]


def test_sending_again_does_not_overrule_the_facts(desk):
    """What was refunded or cancelled meanwhile is not sent, whatever a person wanted."""
    bench = desk(note(premises=(OrderStands(order="main/order/1"),)))
    lose(bench)
    bench.tell(order("1", cancelled=True, modified=START + HOUR))
    bench.process()
    bench.json("resolve", bench.message().id, "--not-sent", "--again")
    bench.run_due()
    assert (2, [("1", "skipped", "order_cancelled")]) == (len(bench.sent), bench.outcomes())


def test_an_unknown_outcome_of_what_was_sent_again_comes_back_to_a_person(desk):
    """It is not repeated once more by itself."""
    bench = desk()
    lose(bench)
    id_ = bench.message().id
    bench.json("resolve", id_, "--not-sent", "--again")
    bench.probe.answers.append(LOST)
    bench.run(DAY)
    assert ([id_], 3) == ([one["id"] for one in bench.json("list")["messages"]], len(bench.sent))


def test_what_is_too_late_cannot_be_sent_again(desk):
    """The command says so at once, and leaves the message as it is."""
    bench = desk(note(window=timedelta(hours=1)))
    lose(bench)
    bench.run(DAY)
    id_ = bench.message().id
    result = bench.run_command("resolve", id_, "--not-sent", "--again")
    assert 1 == result.exit_code
    assert "cannot be sent any more; say --not-sent without --again" in result.stderr
    assert (MessageState.UNKNOWN, []) == (bench.message().state, bench.commands())
    assert 0 == bench.run_command("resolve", id_, "--not-sent").exit_code


def test_what_is_not_unknown_cannot_be_settled(desk):
    """Each one that is not, or does not exist, is named; the rest is done."""
    bench = desk()
    lose(bench, orders=2)
    bench.tell(order("3"))
    bench.run(MINUTE)
    one, two, three = (bench.message(order=number).id for number in "123")
    bench.json("resolve", one, "--delivered")
    result = bench.run_command("resolve", one, two, three, "x", "--not-sent")
    assert 1 == result.exit_code
    assert f"{two} is failed now.\n" == result.stdout
    refused = result.stderr.splitlines()
    assert [f"{one} is accepted, not unknown", f"{three} is accepted, not unknown"] == [
        line.partition(":")[0] for line in refused[:2]
    ]
    assert refused[2].startswith("x is the id of no message")
    assert [("1", "accepted"), ("2", "failed"), ("3", "accepted")] == [each[:2] for each in bench.outcomes()]
    assert 2 == len(bench.commands())


@pytest.mark.parametrize(
    "words", [[], ["--delivered", "--not-sent"], ["--delivered", "--again"], ["--again"]]
)
def test_one_answer_must_be_given(desk, words):
    """Wrong use, exit code 2, and nothing is changed."""
    bench = desk()
    lose(bench)
    assert 2 == bench.run_command("resolve", bench.message().id, *words).exit_code
    assert MessageState.UNKNOWN is bench.message().state


def test_of_two_persons_who_settle_at_once_one_is_heard(desk):
    """Compare and set, on both databases."""
    bench = desk()
    lose(bench)
    database = bench.aftercare.brand.database
    with database.read() as connection:
        seen = settling.find(connection, [bench.message().id])[bench.message().id]

    def say_(state):
        def work():
            with database.write() as connection:
                return settling.resolve(
                    connection, seen, state, code="found", detail={}, now=bench.clock.now()
                )

        return work

    answers = in_threads([say_(MessageState.ACCEPTED), say_(MessageState.FAILED)])
    assert [False, True] == sorted(answers)
    assert bench.message().state is (MessageState.ACCEPTED if answers[0] else MessageState.FAILED)


def test_a_late_answer_does_not_overrule_a_person(desk):
    """The channel's answer comes when a person has already settled it."""
    bench = desk(note(purpose=Purpose.TRANSACTIONAL))
    lose(bench)
    id_ = bench.message().id
    bench.json("resolve", id_, "--not-sent", "--again")

    def answered_late(message):
        bench.clock.move(bench.clock.now() + HOUR)
        with bench.twin() as other:
            other.aftercare.send()  # finds that nobody reported on it
        assert {id_: "accepted"} == bench.json("resolve", id_, "--delivered")["resolved"]
        return LOST

    bench.probe.answers.append(answered_late)
    bench.aftercare.send()
    assert [("1", "accepted", "found_delivered")] == bench.outcomes()


def test_what_a_real_server_keeps_losing_is_settled(desk):
    """Over SMTP: the id of the list is found in the Message-ID of the mails."""
    inbox = Inbox()
    with mail_server(inbox) as port:
        smtp = {"kind": "smtp", "sender": "hello@shop.example", "host": "127.0.0.1", "port": port}
        config = {"channels": {"email": {**smtp, "security": "none"}}}
        bench = desk(config=config)
        inbox.answers["BODY"] = ABORT
        bench.tell(order("1"))
        bench.run(HOUR)
        (listed,) = bench.json("list")["messages"]
        ids = [message_from_bytes(mail.content)["Message-ID"] for mail in inbox.mails]
        assert [f"<{listed['id']}@shop.example>"] * 2 == ids
        assert {listed["id"]: "accepted"} == bench.json("resolve", listed["id"], "--delivered")["resolved"]
