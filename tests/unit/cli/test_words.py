from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest

from aftercare_sdk.cli import why as cli_why
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.engine import timeline, unplanned
from aftercare_sdk.engine.timeline import Entry, EntryKind, Told
from aftercare_sdk.model.events import EVENT_BY_KIND, ReferralRole
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.outcomes import OutcomeKind
from aftercare_sdk.model.people import Identity, IdentityKind
from aftercare_sdk.model.premises import PREMISE_BY_KIND
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.sentences import LANGUAGES, catalogue
from aftercare_sdk.programs.flows import PRESETS

TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
JA, EN = Speaker("ja", TOKYO), Speaker("en", UTC)
NOON = datetime(2026, 11, 22, 3, tzinfo=UTC)


def source(module):
    """Return the source of a module."""
    return files(module.__package__).joinpath(f"{module.__name__.rpartition('.')[2]}.py").read_text("utf-8")


def spelled_codes():
    """Every code that stands in the source of the timeline and of why, but for those put together."""
    found = {code for code in re.findall(r'"(timeline\.[A-Za-z._]+)"', source(timeline)) if code[-1] != "."}
    modules = source(cli_why) + source(unplanned)
    return found | set(re.findall(r'"((?:why|unplanned|heading)\.[a-z_.]+)"', modules))


def gate_rules():
    """Return the rules under which the gate asks."""
    from aftercare_sdk.outreach import gate
    from aftercare_sdk.outreach.permission import jurisdictions

    found = {*re.findall(r'rule="([A-Z0-9-]+)"', source(gate) + source(jurisdictions)), "WINDOW"}
    return found | {
        rule for law in jurisdictions.LAWS.values() for _, rule in (law.allows("email"), law.allows("sms"))
    }


VARIANTS = {
    "ReferralCompleted": ReferralRole,
    "ConsentChanged": ("given", "objected"),
    "MessageOutcome": OutcomeKind,
}
"""Events that are told in other words by what they say."""
CODES = {
    *spelled_codes(),
    *(f"timeline.found.{how}" for how in ("identity", "mailbox", "order")),
    *(f"timeline.event.{kind}" for kind in EVENT_BY_KIND.keys() - VARIANTS.keys()),
    *(f"timeline.event.{kind}.{variant}" for kind, several in VARIANTS.items() for variant in several),
    "timeline.event.Delivery.assumed",
    "timeline.failed",
    "timeline.parked",
    *(f"timeline.premise.{kind}" for kind in PREMISE_BY_KIND),
    *(f"timeline.identity.{kind.value}" for kind in IdentityKind),
    *(f"kind.{kind.value}" for kind in EntryKind),
    *(f"state.{state.value}" for state in MessageState),
    *(f"verdict.{state.value}" for state in MessageState if state is not MessageState.CLAIMED),
    *(f"rule.{rule}" for rule in (*timeline._RULES.values(), *gate_rules(), *PREMISE_BY_KIND)),
    *(reason.value for reason in Reason),
    *(f"reason.{preset.reason}" for preset in PRESETS),
    "reason.a form was filled in",
    "declined.order_cancelled",
    "declined.order_refunded",
    "verdict.declined",
    "reason.the order was cancelled",
    "reason.the order was refunded in full",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_a_timeline_can_tell_has_words(language):
    """A code without words would stand in front of an operator as it is."""
    assert set() == CODES - catalogue(language).keys()


def test_reasons_of_the_built_in_programs_are_told_in_the_operators_language():
    """Plugins write reasons in English; for those of the SDK there are Japanese words."""
    why = Told(code="timeline.plan", values={"plugin": "flows", "reason": PRESETS[0].reason})
    assert "flows が予定に入れました（ご購入のお礼）。" == JA.say(why)
    assert "flows planned it: to thank the customer for the purchase." == EN.say(why)
    cancelled = Told(
        code="cancelled_by_plugin", values={"plugin": "flows", "reason": "the order was refunded in full"}
    )
    assert "flows が取り消しました（注文が全額返金されたため）。" == JA.say(cancelled)
    assert "flows cancelled it: the order was refunded in full." == EN.say(cancelled)


def test_a_reason_of_a_strangers_plugin_is_shown_as_it_was_written():
    """Nobody has words for it."""
    why = Told(code="timeline.plan", values={"plugin": "cats", "reason": "birthday of the cat"})
    assert "cats が予定に入れました（birthday of the cat）。" == JA.say(why)


def test_the_object_of_a_read_is_named_in_the_operators_language():
    """The engine writes `order 346`."""
    held = Told(code="awaiting_read", values={"object": "order 346"})
    assert JA.say(held).startswith("注文 346 の最新情報")
    assert "order 346" in EN.say(held)


def test_money_is_written_as_the_language_does():
    """Yen without decimals, dollars with two, dinars with three."""
    lines = [
        Told(code="timeline.line", values={"title": "茶", "quantity": "2", "amount": amount})
        for amount in ("1960 JPY", "12.50 USD", "1.005 BHD")
    ]
    assert ["茶 × 2 点　￥1,960", "茶 × 2 点　$12.50", "茶 × 2 点　BHD1.005"] == [
        JA.say(line) for line in lines
    ]


def test_texts_of_shops_stay_on_one_line_and_harmless():
    """A title may hold anything."""
    line = Told(code="timeline.subject", values={"subject": "one\ntwo \x1b[31m{order}"})
    assert "Subject: one two \N{REPLACEMENT CHARACTER}[31m{order}" == EN.say(line)


def entry(**changes):
    """Return an entry of a timeline."""
    given = {"at": NOON, "kind": EntryKind.MESSAGE, "code": "timeline.message", **changes}
    return Entry(**given)


def test_a_message_tells_state_reason_and_rule():
    """The reason in words; the rule in words with its name, so that it can be looked up."""
    skipped = entry(
        values={"label": "thank-you", "order": "366", "state": "skipped"},
        reason=Told(code="no_address"),
        rule="ADDRESS",
    )
    assert "2026/11/22 12:00" == JA.time(skipped)
    assert "「thank-you」（注文 366）: 送信見送り" == JA.headline(skipped)
    assert ["理由: お客様の送信先アドレスがわかりません。", "ルール: 送信先アドレス（ADDRESS）"] == list(
        JA.lines(skipped)
    )
    assert "“thank-you” for order 366: not sent" == EN.headline(skipped)
    assert ["Why: No address of the customer is known.", "Rule: usable address (ADDRESS)"] == list(
        EN.lines(skipped)
    )


def test_the_rule_of_a_plugin_is_its_name():
    """There are no other words for it."""
    assert ["Rule: flows"] == list(EN.lines(entry(rule="flows")))


def test_checks_stand_on_one_line():
    """In the order in which they were asked, with what each said."""
    decided = entry(
        detail=(
            Told(code="timeline.check.passed", values={"rule": "WINDOW", "code": "window_open"}),
            Told(code="timeline.check.stopped", values={"rule": "ADDRESS", "code": "no_address"}),
        )
    )
    assert ["確認項目: 送信期間 可 → 送信先アドレス 否"] == list(JA.lines(decided))
    assert ["Checks: sending window yes → usable address no"] == list(EN.lines(decided))


def test_identities_are_named():
    """As the shop knows them."""
    identities = [
        Identity(kind=IdentityKind.ACCOUNT, shop="main", value="26"),
        Identity(kind=IdentityKind.EMAIL, value="ogawa@example.jp"),
    ]
    assert ["アカウント main/26", "メール ogawa@example.jp"] == [JA.identity(one) for one in identities]
    assert ["account 26 of shop main", "e-mail ogawa@example.jp"] == [EN.identity(one) for one in identities]
