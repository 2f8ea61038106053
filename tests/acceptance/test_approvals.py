"""Marketing waits until a person has approved what sends it, and what lapses meanwhile is counted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from marshmallow import Schema, fields
from sqlalchemy.event import listen

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine import approving
from aftercare_sdk.engine.dispatch import Dispatcher
from aftercare_sdk.errors import InputError
from aftercare_sdk.model.approvals import Approval, ApprovalState
from aftercare_sdk.plugins import PluginSource
from aftercare_sdk.store import approvals
from aftercare_sdk.store.journal import Kind
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    Bench,
    always,
    consent,
    in_threads,
    note,
    order,
    program,
)

ASKED = {**LAWFUL, "approvals": {"marketing": True}}
ANN, BOB = "ann@customer.example", "bob@customer.example"
ADVERT = note("advert", purpose=Purpose.MARKETING, delay=HOUR, version="1")
UNVERSIONED = replace(ADVERT, version="")


def shop(url, *actions, config=ASKED, **more):
    """Return a shop that approves its marketing; its program decides the same at every purchase."""
    told = program(on_purchase=always(*(actions or (ADVERT,))))
    return Bench(url, **{"plugins": {"ads": told}, "config": config, **more})


def bought(bench, number="1", email=ANN):
    """Let somebody buy who has agreed to everything."""
    bench.tell(order(number, email=email, placed=bench.clock.now()))
    bench.process()
    consent(bench, email=email)


def asked(bench):
    """Return the versions that a person is asked about, with where they stand."""
    with bench.aftercare.brand.database.read() as connection:
        return approvals.everything(connection)


def say(bench, state, one, **said):
    """Decide about a version, as a person does."""
    said = {"at": bench.clock.now(), "by": "mori", **said}
    return approving.decide(bench.aftercare.brand.database, one.id, state, **said)


def approve(bench, **said):
    """Approve the version that was seen last."""
    return say(bench, ApprovalState.APPROVED, asked(bench)[-1], **said)


def fate(bench, number="1"):
    """Return state and code of the advert about an order."""
    message = bench.message("advert", number)
    return message.state.value, message.code


def test_marketing_is_held_until_a_person_approves_it(migrated_database_url):
    """Then it leaves at once, and so does all that comes after it."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        bench.run(2 * HOUR)
        assert ("held", "not_approved") == fate(bench)
        approve(bench)
        bench.run_due()
        assert ("accepted", "accepted") == fate(bench)
        bought(bench, "2", BOB)
        bench.run(HOUR)
        assert ("accepted", "accepted") == fate(bench, "2")
        assert [ANN, BOB] == [one.recipient for one in bench.sent]


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.MARKETING])
def test_nobody_is_asked_about_what_does_not_want_to_sell(migrated_database_url, purpose):
    """A person approves marketing, not the thank-you for an order."""
    with shop(migrated_database_url, note("advert", purpose=purpose)) as bench:
        bought(bench)
        bench.run(HOUR)
        assert ("accepted", "accepted") == fate(bench)
        assert [] == asked(bench)


def test_a_shop_may_ask_nobody(migrated_database_url):
    """`marketing = false` below [approvals]."""
    with shop(migrated_database_url, config=LAWFUL) as bench:
        bought(bench)
        bench.run(2 * HOUR)
        assert ("accepted", "accepted") == fate(bench)
        assert [] == asked(bench)


def test_a_person_can_look_before_the_first_message_is_due(migrated_database_url):
    """The version is known once a message is planned; one row for all its messages."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        bought(bench, "2", BOB)
        (one,) = asked(bench)
        assert ("ads", "advert", "note", "1") == (
            one.of.plugin,
            one.of.label,
            one.of.template,
            one.of.version,
        )
        assert ApprovalState.WAITING is one.state
        approve(bench)
        bench.run(2 * HOUR)
        assert {("accepted", "accepted")} == {fate(bench, number) for number in "12"}


def test_what_nobody_approves_in_time_lapses_and_is_counted(migrated_database_url):
    """With a reason that says so; three days after its moment marketing is too late."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        bought(bench, "2", BOB)
        bench.run(4 * DAY)
        assert {("skipped", "approval_lapsed")} == {fate(bench, number) for number in "12"}
        assert [2] == [one.lapsed for one in asked(bench)]
        approve(bench)
        bench.run(DAY)
        assert [] == bench.sent
        assert [2] == [one.lapsed for one in asked(bench)]


@pytest.mark.parametrize(("days", "code"), [(4, "approval_lapsed"), (1, "window_closed")])
def test_an_approval_that_comes_too_late_is_told_as_one(migrated_database_url, days, code):
    """Nobody was at work when the window closed, and then it was approved; one in time is no such case."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        bench.run(2 * HOUR)
        bench.clock.move(bench.clock.now() + days * DAY)
        approve(bench)
        bench.clock.move(bench.clock.now() + 4 * DAY)
        bench.run_due()
        assert ("skipped", code) == fate(bench)


def test_what_is_late_for_another_reason_has_not_lapsed(migrated_database_url):
    """Nothing ran while its window was open: then nobody was kept waiting by an approval."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        bench.clock.move(bench.clock.now() + 5 * DAY)
        bench.run_due()
        assert ("skipped", "window_closed") == fate(bench)
        assert [0] == [one.lapsed for one in asked(bench)]


def test_what_a_person_rejects_ends_with_the_reason_and_the_note(migrated_database_url):
    """Also what is planned later, until another version comes."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        bench.run(2 * HOUR)
        say(bench, ApprovalState.REJECTED, asked(bench)[0], note="the price is wrong")
        bench.run_due()
        bought(bench, "2", BOB)
        bench.run(2 * HOUR)
        assert {("skipped", "rejected")} == {fate(bench, number) for number in "12"}
        told = bench.message("advert", "1").detail
        assert ("mori", "the price is wrong") == (told["by"], told["note"])


def test_a_person_may_think_better_of_it(migrated_database_url):
    """Nothing leaves any more after a rejection; what is planned then leaves after an approval."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        approve(bench)
        say(bench, ApprovalState.REJECTED, asked(bench)[0])
        bench.run(2 * HOUR)
        assert ("skipped", "rejected") == fate(bench)
        bought(bench, "2", BOB)
        approve(bench)
        bench.run(2 * HOUR)
        assert ("accepted", "accepted") == fate(bench, "2")


def test_a_changed_flow_is_approved_anew_and_a_restart_is_not(migrated_database_url):
    """What the program calls another version is another one."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        approve(bench)
        with bench.twin() as restarted:
            bought(restarted, "2", BOB)
            restarted.run(2 * HOUR)
            assert ("accepted", "accepted") == fate(restarted, "2")
        changed = note("advert", purpose=Purpose.MARKETING, version="2")
        with bench.twin(plugins={"ads": program(on_purchase=always(changed))}) as other:
            bought(other, "3", "cat@customer.example")
            other.run(HOUR)
            assert ("held", "not_approved") == fate(other, "3")
            assert ["approved", "waiting"] == [one.state.value for one in asked(other)]


class Ads(AftercareHooks):
    """A program of a third party."""

    config_schema = Schema.from_dict({"offer": fields.String()})

    def __init__(self, advert):
        self._advert = advert

    @hookimpl
    def on_purchase(self, event, ctx):
        return [self._advert]


def released(advert=UNVERSIONED, **changes):
    """Return a shop's plugins: one program, of a release of its distribution."""
    given = {"distribution": "aftercare-ads", "version": "1.0", **changes}
    return {"ads": PluginSource(name="ads", obj=Ads(advert), **given)}


def section(**keys):
    """Return a configuration with a section of the program."""
    return {**ASKED, "plugins": {"ads": keys}}


@pytest.mark.parametrize(
    ("changes", "config"),
    [
        ({"version": "1.1"}, section(offer="mild tea")),
        ({"distribution": "other-ads"}, section(offer="mild tea")),
        ({}, section(offer="BUY NOW")),
        ({}, ASKED),
    ],
)
def test_a_changed_program_of_a_third_party_is_approved_anew(migrated_database_url, changes, config):
    """Another release, or another section of the configuration, may write anything; a restart does not."""
    with shop(migrated_database_url, config=section(offer="mild tea"), plugins=released()) as bench:
        bought(bench)
        approve(bench)
        with bench.twin() as restarted:
            bought(restarted, "2", BOB)
            restarted.run(2 * HOUR)
            assert ("accepted", "accepted") == fate(restarted, "2")
        with bench.twin(plugins=released(**changes), config=config) as other:
            bought(other, "3", "cat@customer.example")
            other.run(2 * HOUR)
            assert ("held", "not_approved") == fate(other, "3")
            assert ["approved", "waiting"] == [one.state.value for one in asked(other)]
            approve(other)
            other.run_due()
            assert ("accepted", "accepted") == fate(other, "3")


def test_what_was_planned_before_a_program_changed_leaves_as_it_was_approved(migrated_database_url):
    """Its words come from the release that a person has looked at."""
    with shop(migrated_database_url, plugins=released()) as bench:
        bought(bench)
        approve(bench)
        with bench.twin(plugins=released(version="1.1")) as other:
            other.run(2 * HOUR)
            assert ("accepted", "accepted") == fate(other)


def test_a_fact_from_before_a_section_changed_is_approved_with_the_section_it_is_decided_by(
    migrated_database_url,
):
    """It is told late, and its program reads the section that was in force when it happened."""
    with shop(migrated_database_url, config=section(offer="mild tea"), plugins=released()) as bench:
        bought(bench)
        approve(bench)
        before = bench.clock.now()
        bench.clock.move(before + HOUR)
        with bench.twin(config=section(offer="BUY NOW")) as other:
            other.tell(order("2", email=BOB, placed=before))
            other.process()
            consent(other, email=BOB)
            other.run(2 * HOUR)
            assert ("accepted", "accepted") == fate(other, "2")


def test_a_version_that_a_program_gives_is_its_version_alone(migrated_database_url):
    """Who says of each step which it is need not be approved anew for every release."""
    with shop(migrated_database_url, plugins=released(ADVERT)) as bench:
        bought(bench)
        approve(bench)
        changed = released(ADVERT, version="1.1")
        with bench.twin(plugins=changed, config=section(offer="BUY NOW")) as other:
            bought(other, "2", BOB)
            other.run(2 * HOUR)
            assert ("accepted", "accepted") == fate(other, "2")


@pytest.mark.parametrize(
    ("given", "config", "told"),
    [
        ({}, ASKED, "aftercare-ads 1.0"),
        ({"distribution": "", "version": ""}, ASKED, ""),
        ({}, section(offer="mild tea"), "aftercare-ads 1.0, section cc6ef58f9e318420"),
        ({}, section(offer="mild tea", backfill=True), "aftercare-ads 1.0, section cc6ef58f9e318420"),
        ({"distribution": "", "version": ""}, section(offer="mild tea"), "section cc6ef58f9e318420"),
    ],
)
def test_a_version_is_told_by_release_and_section(migrated_database_url, given, config, told):
    """As far as they are known: of a plugin that the application gives, nothing is."""
    with shop(migrated_database_url, config=config, plugins=released(**given)) as bench:
        bought(bench)
        assert [told] == [one.of.version for one in asked(bench)]


def test_a_changed_text_is_approved_anew(migrated_database_url, tmp_path):
    """Also for messages that were planned with the text that somebody has seen."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        approve(bench)
        folder = tmp_path / "templates" / "en"
        folder.mkdir(parents=True)
        for part in ("subject", "txt", "html"):
            (folder / f"note.{part}.liquid").write_text("Buy more {{ order.number }}", "utf-8")
        config = {**ASKED, "templates": {"folder": str(folder.parent)}}
        with bench.twin(config=config) as edited:
            edited.run(2 * HOUR)
            assert ("held", "not_approved") == fate(edited)
            assert ["approved", "waiting"] == [one.state.value for one in asked(edited)]
            approve(edited)
            edited.run_due()
            assert ["Buy more 1"] == [one.subject for one in edited.sent]


def test_the_word_of_a_person_is_in_the_journal_and_in_the_reasons(migrated_database_url):
    """Who said it, of which version; the checks of each message name the approval."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        approve(bench, note="seen by two of us")
        bench.run(2 * HOUR)
        (row,) = [one for one in bench.journal() if one.topic == "approvals.approved"]
        assert (Kind.COMMAND, asked(bench)[0].id) == (row.kind, row.delivery)
        assert row.outcome.endswith("approved by mori")
        (left,) = [one for one in bench.decisions() if one.verdict == "submitted"]
        assert ("APPROVAL", "approved") in {(check.rule, check.code) for check in left.checks}


def test_a_rejection_counts_for_what_is_just_being_written(migrated_database_url, monkeypatch):
    """It is asked again in the transaction that submits."""
    with shop(migrated_database_url) as bench:
        bought(bench)
        approve(bench)
        compose = Dispatcher.compose

        def slow(self, message, seen):
            say(bench, ApprovalState.REJECTED, asked(bench)[0])
            return compose(self, message, seen)

        monkeypatch.setattr(Dispatcher, "compose", slow)
        bench.run(2 * HOUR)
        assert ("skipped", "rejected") == fate(bench)
        assert [] == bench.sent


def test_several_who_decide_at_once_agree_with_the_last(migrated_database_url):
    """Each word is in the journal, and what leaves is what the last one says."""
    with shop(migrated_database_url) as bench:
        for number in range(1, 6):
            bought(bench, str(number), f"c{number}@customer.example")
        bench.run(2 * HOUR)
        (one,) = asked(bench)
        words = [ApprovalState.APPROVED, ApprovalState.REJECTED] * 3
        assert all(
            isinstance(said, Approval)
            for said in in_threads([partial(say, bench, word, one) for word in words])
        )
        (decided,) = asked(bench)
        bench.run_due()
        expected = "accepted" if decided.state is ApprovalState.APPROVED else "rejected"
        assert {expected} == {code for _, _, code in bench.outcomes()}
        rows = [row for row in bench.journal() if row.topic.startswith("approvals.")]
        assert f"approvals.{decided.state}" == rows[-1].topic
        assert len(words) == len(rows)


def test_nothing_is_looked_up_for_what_needs_no_approval(migrated_database_url):
    """A shop that does not advertise pays nothing for this, and one that does pays once for each group."""
    help_ = note("help", delay=HOUR)
    for action, fewest, most in ((help_, 0, 0), (ADVERT, 2, 10)):
        with shop(migrated_database_url, action) as bench:
            for number in range(1, 11):
                bought(bench, f"{action.label}-{number}", f"c{number}@customer.example")
            bench.clock.move(bench.clock.now() + HOUR)
            if fewest:
                approve(bench)
            asked_for = []
            engine = bench.aftercare.brand.database.engine
            listen(engine, "before_cursor_execute", lambda *told, seen=asked_for: seen.append(told[2]))
            bench.aftercare.send()
            assert fewest <= sum("FROM approvals" in statement for statement in asked_for) <= most


@pytest.mark.parametrize("name", ["", "zz", "%"])
def test_a_name_that_means_no_version_decides_nothing(migrated_database_url, name):
    """Nor does one that means several."""
    other = note("advert", purpose=Purpose.MARKETING, version="2", discriminator="other")
    with shop(migrated_database_url, ADVERT, other) as bench:
        bought(bench)
        assert 2 == len(asked(bench))
        with pytest.raises(InputError, match="does not name one version"):
            approving.decide(
                bench.aftercare.brand.database,
                name,
                ApprovalState.APPROVED,
                at=bench.clock.now(),
                by="mori",
            )
        assert {"waiting"} == {one.state.value for one in asked(bench)}
