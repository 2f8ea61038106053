from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.actions import Decline, Purpose
from aftercare_sdk.cli.why import _MARKS, SHOWN_OF_ID, show, to_json
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.config import parse
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.why import why
from aftercare_sdk.outreach.gate import Outcome
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.sentences import LANGUAGES, catalogue
from aftercare_sdk.plugins import PluginSource
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    Fittings,
    always,
    needs_read,
    note,
    order,
    program,
    settings,
)

ANN = "ann@customer.example"
JA, EN = Speaker("ja", ZoneInfo("Asia/Tokyo")), Speaker("en", ZoneInfo("UTC"))
NO_VIP = Decline(
    label="thank-you", reason="condition tag=vip not met", words={"ja": "条件 tag=vip に合いません"}
)


def explain(bench, text=ANN, asked_for=""):
    """Ask why."""
    return why(bench.aftercare.brand, text, bench.clock.now(), asked_for)


def missing(bench, speaker=EN, asked_for=""):
    """Return, in words, what was never planned for the only customer."""
    document = to_json(explain(bench, asked_for=asked_for), speaker)
    return [one["text"] for one in document["customers"][0]["never_planned"]]


def of(bench, label="note"):
    """Return the explanation of the one message of a label."""
    return explain(bench, bench.message(label).id).message


def shown(capsys, bench, text=ANN, speaker=EN):
    """Return what is printed."""
    show(explain(bench, text), speaker)
    return capsys.readouterr().out.splitlines()


def test_nobody_and_nothing_is_found_where_nothing_is_known(database_url):
    """An empty answer, not an error."""
    with Bench(database_url) as bench:
        for text in (ANN, "main/7", "0f0f0f0f", "0f0f0f0f-0000-5000-8000-000000000000", ""):
            told = explain(bench, text)
            assert (None, ()) == (told.message, told.people)


def test_a_message_is_found_by_its_id_or_the_beginning_of_it(database_url):
    """Eight characters, as the list of a customer shows them, in any capitals."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(order("1"))
        bench.process()
        id_ = bench.message().id
        found = [explain(bench, text).message for text in (id_, id_[:SHOWN_OF_ID], id_[:20].upper())]
        assert [id_] * 3 == [one.id for one in found]
        assert None is explain(bench, id_[: SHOWN_OF_ID - 1]).message


def test_what_was_sent_has_passed_every_check(database_url):
    """Each with its rule and what it looked at; then what happened, step by step."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note(delay=HOUR)))}) as bench:
        bench.tell(order("1"))
        bench.run(DAY)
        one = of(bench)
        assert ("accepted", "accepted") == (one.state, one.why.code)
        assert {"allow"} == {line.outcome for line in one.checks}
        assert {"window": "WINDOW", "recipient": "ADDRESS"}.items() <= {
            line.name: line.rule for line in one.checks
        }.items()
        due = next(line.values["due"] for line in one.checks if line.name == "window")
        assert (START + HOUR).isoformat() == due
        assert ["planned", "submitted", "accepted"] == [step.verdict for step in one.history]
        assert ["timeline.counted", "timeline.due"] == [told.code for told in one.plan]


def test_what_was_skipped_names_the_check_that_said_no(database_url):
    """It is the last; what stands after it was not asked."""
    advert = note(purpose=Purpose.MARKETING)
    with Bench(database_url, {"sale": program(on_purchase=always(advert))}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        one = of(bench)
        assert ("skipped", "no_lawful_basis", "LAW-13") == (one.state, one.why.code, one.rule)
        assert [("window", "allow"), ("lawful_basis", "deny")] == [
            (line.name, line.outcome) for line in one.checks
        ]


def test_what_waits_says_until_when(database_url, capsys):
    """Looked at hourly and held each time is one line with a number, not one for each time."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.shelf.close()
        bench.tell(order("1"), needs_read("1"))
        bench.run(DAY)
        one = of(bench)
        assert ("held", "awaiting_read") == (one.state, one.why.code)
        (held,) = [step for step in one.history if step.verdict == "held"]
        assert held.times > 20
        assert START + DAY - 2 * HOUR < held.last_at == one.checked_at
        assert any(f"(seen {held.times} times, until" in line for line in shown(capsys, bench, one.id))


def test_deferred_by_night(database_url, capsys):
    """The check that defers says when it will say something else."""
    plugins = {"thanks": program(on_purchase=always(note(delay=13 * HOUR)))}
    with Bench(database_url, plugins, config={"quiet_hours": {"email": "22:00-08:00"}}) as bench:
        bench.tell(order("1"))
        bench.run(13 * HOUR + MINUTE)
        one = of(bench)
        assert ("deferred", "quiet_hours", "LAW-22") == (one.state, one.why.code, one.rule)
        assert one.at == one.checks[-1].until > bench.clock.now()
        assert any("This may change" in line for line in shown(capsys, bench, one.id))


def test_cancelled_says_by_whom_and_why(database_url, capsys):
    """In the words of the plugin, for those of the SDK in the operator's language."""
    with Bench(database_url, config={"plugins": {"flows": {"thank-you": {}}}}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("1", cancelled=True, modified=START + MINUTE), at=START + MINUTE)
        bench.run_due()
        lines = shown(capsys, bench, speaker=JA)
        assert any("「thank-you」（注文 1）: 取消済み" in line for line in lines)
        assert any("flows が取り消しました（注文がキャンセルされたため）。" in line for line in lines)


def test_a_refund_before_the_parcel_arrives_is_why_nothing_was_planned(database_url):
    """The sentence names the order and the day, on the brand's clock."""
    with Bench(database_url, config={"plugins": {"flows": {"how-to-use": {}}}}) as bench:
        refunded = START + timedelta(days=2, hours=10)
        bench.tell(
            order("1042", refunds={"77": (1_000, refunded)}, delivered={"a": refunded + HOUR}),
            at=refunded + HOUR,
        )
        bench.run_due()
        assert "No “how-to-use”: order 1042 was refunded on 3 May 2026." in missing(bench)
        assert "「how-to-use」は予定されませんでした: 注文 1042 は 2026年5月4日 に全額返金されました。" in (
            missing(bench, JA)
        )


def test_a_third_party_says_it_in_both_languages(database_url):
    """In its own words, with the fact; what is alike is told once."""
    with Bench(database_url, {"vip": program(on_purchase=always(NO_VIP))}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert "No “thank-you” (Order 1 became a purchase): condition tag=vip not met." in missing(bench)
        assert (
            "「thank-you」は予定されませんでした（購入（注文 1））: 条件 tag=vip に合いません。"
            in missing(bench, JA)
        )
        bench.tell(order("2"))
        bench.run_due()
        assert "No “thank-you”, 2 times until 1 May 2026: condition tag=vip not met." in missing(bench)


def test_what_was_declined_after_it_had_been_planned_is_not_told_twice(database_url):
    """The second parcel of an order that was refunded after the first: its message was called off."""
    with Bench(database_url, config={"plugins": {"flows": {"how-to-use": {}}}}) as bench:
        bench.tell(order("1", delivered={"a": START}))
        bench.process()
        later = START + MINUTE
        refunds = {"77": (1_000, later)}
        bench.tell(order("1", modified=later, refunds=refunds), at=later)
        bench.process()
        last = later + MINUTE
        parcels = {"a": START, "b": last}
        bench.tell(order("1", modified=last, refunds=refunds, delivered=parcels), at=last)
        bench.run_due()
        assert ("cancelled", 1) == (bench.message("how-to-use").state, len(bench.messages()))
        assert [] == [line for line in missing(bench) if "how-to-use" in line]


def broken(event, ctx):
    """Stand for a hook with a mistake."""
    raise ValueError(event.id)


def test_a_plugin_that_failed_is_why(database_url):
    """It is asked again; then it is parked, and says how to go on."""
    with Bench(database_url, {"thanks": program(on_purchase=broken)}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        (line,) = [one for one in missing(bench) if "thanks" in one]
        assert line.startswith("Order 1 became a purchase: thanks failed on it (tries: 1) and will be asked")
        bench.run(3 * DAY)
        (line,) = [one for one in missing(bench) if "thanks" in one]
        assert "it is parked until somebody runs `aftercare journal retry`: raised: ValueError" in line


def test_what_happened_before_a_plugin_started_is_why(database_url):
    """A year of history is one sentence, not one for each order."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        for number in range(3):
            bench.tell(order(str(number), placed=START - (number + 1) * DAY))
        bench.run_due()
        (line,) = [line for line in missing(bench) if "thanks" in line]
        assert line == (
            "3 facts, the latest on 30 April 2026: thanks looks at nothing from before 2026-05-01 09:00, "
            "when it started."
        )


def test_what_a_plugin_has_not_heard_yet_is_why(database_url):
    """It was received, and is processed next; or its plugin is off."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        with bench.aftercare.brand.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM messages")
            connection.exec_driver_sql("UPDATE units SET state = 'pending'")
        assert ["Order 1 became a purchase: thanks has not been told yet."] == missing(
            bench, asked_for="thanks"
        )


def test_a_plugin_that_answered_nothing_is_named(database_url):
    """But not for facts of which it never says anything to this customer, if it does of others."""
    choosy = program(
        on_purchase=lambda event, _: [note()] if event.order == "1" else [], on_shipment=always()
    )
    plugins = {"silent": program(on_purchase=always()), "choosy": choosy}
    with Bench(database_url, plugins) as bench:
        bench.tell(order("1", shipped={"a": START}), order("2"))
        bench.run_due()
        told = missing(bench)
        assert "2 facts, the latest on 1 May 2026: silent was told and planned no message." in told
        assert ["Order 2 became a purchase: choosy was told and planned no message."] == [
            line for line in told if "choosy" in line
        ]


def test_plugins_that_take_no_part_are_named(database_url):
    """Switched off in the configuration, or waiting for a section of it."""
    with Bench(database_url, config={"plugins": {"disabled": ["flows"]}}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        told = missing(bench)
        assert "flows is switched off in the configuration." in told
        assert "loyalty does nothing: the configuration has no section [plugins.loyalty]." in told


def test_an_order_that_is_no_purchase_is_why(database_url):
    """On hold, a test, cancelled before it was paid, or still to be read."""
    with Bench(database_url) as bench:
        bench.shelf.close()
        bench.tell(
            order("1", paid=False),
            order("2", test=True),
            order("3", paid=False, cancelled=True),
            order("4", paid=False),
            needs_read("4"),
        )
        bench.run_due()
        told = "\n".join(missing(bench))
        for line in (
            "Nothing is planned for order 1: it is no purchase yet (waiting for payment).",
            "Nothing is planned for order 2: it is a test order.",
            "Nothing is planned for order 3: it was cancelled before it was a purchase.",
            "Order 4: Will be read from the shop again: the picture is blurred",
        ):
            assert line in told


def test_a_program_restricts_it(database_url):
    """A plugin, or a label: then the plugin behind that label may say why there is no more."""
    plugins = {
        "thanks": program(on_purchase=always(note(), note("other"))),
        "vip": program(on_purchase=always(NO_VIP)),
    }
    with Bench(database_url, plugins) as bench:
        bench.tell(order("1"), order("2", placed=START - DAY))
        bench.run_due()
        for asked_for, labels, words in (
            ("thanks", {"note", "other"}, {"thanks"}),
            ("other", {"other"}, {"thanks"}),
            ("vip", set(), {"vip", "“thank-you”"}),
            ("thank-you", set(), {"vip", "“thank-you”"}),
        ):
            (reasons,) = explain(bench, asked_for=asked_for).people
            assert labels == {one.label for one in reasons.messages}
            told = missing(bench, asked_for=asked_for)
            assert all(any(word in line for word in words) for line in told), told
            assert told


def test_json_has_codes_values_and_words(database_url):
    """For programs: instants in UTC, every sentence also as its code."""
    with Bench(database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        document = to_json(explain(bench), JA)
        (one,) = document["customers"][0]["messages"]
        assert ("accepted", "thanks", "note", "ja") == (
            one["state"],
            one["plugin"],
            one["label"],
            document["language"],
        )
        window = one["checks"][0]
        assert ("window", "WINDOW", "allow", "window_open", None) == (
            window["check"],
            window["rule"],
            window["outcome"],
            window["code"],
            window["until"],
        )
        assert START.isoformat() == window["values"]["due"]
        assert window["text"].startswith("送信してよい期間内です")
        assert None is to_json(explain(bench), EN)["message"]
        assert one["id"] == to_json(explain(bench, one["id"]), EN)["message"]["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_record_makes_a_sentence(language):
    """Whatever a check says stands in front of an operator, in both languages, as a whole sentence."""
    end = {"ja": "。", "en": "."}[language]
    assert [] == [code for code in Reason if not catalogue(language)[code].endswith(end)]


def test_every_outcome_of_a_check_has_a_mark():
    """A new one would stand there without."""
    assert {each.value for each in Outcome} == _MARKS.keys()


def test_a_plugin_that_no_process_has_run_with_yet_is_why(database_url):
    """Whoever has just installed it asks before the server was started again."""
    with Bench(database_url) as bench:
        bench.tell(order("1"))
        bench.run_due()
        installed = {
            "fittings": Fittings(bench.shelf, bench.probe),
            "thanks": program(on_purchase=always(note())),
        }
        brand = Brand(
            parse(settings(bench.url, {})),
            clock=bench.clock,
            plugins=[PluginSource(name=name, obj=plugin) for name, plugin in installed.items()],
            environ=bench.environ,
        )
        told = to_json(why(brand, ANN, bench.clock.now(), "thanks"), EN)
        brand.close()
        assert ["Order 1 became a purchase: thanks is new: no server or worker has run with it yet."] == [
            one["text"] for one in told["customers"][0]["never_planned"]
        ]
