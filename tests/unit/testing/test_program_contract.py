from __future__ import annotations

import re
from pathlib import Path

import pytest

from aftercare_sdk.testing import ProgramContract
from aftercare_sdk.testing.programs.given import Given
from tests.support.contracts import quickly, run, spoilt

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs/reference/program-contract.md").read_text(encoding="utf-8")
TESTS = sorted(name for name in dir(ProgramContract) if name.startswith("test_"))
SPOILT = HERE / "broken_programs.py"
BROKEN = spoilt(SPOILT)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What the contract found in the broken programs; of each only the tests that must fail."""
    return run(SPOILT, tmp_path_factory.mktemp("broken"), quickly)


@pytest.fixture(scope="module")
def whole_outcome(tmp_path_factory):
    """What all of the contract found in them."""
    return run(SPOILT, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", BROKEN)
def test_the_right_tests_fail(outcome, name):
    """A defect of a program is found by the tests that speak of it; a program without one passes all."""
    failed, _, _ = outcome
    assert sorted(BROKEN[name]) == sorted(failed[name]), failed[name]


def test_every_test_can_fail():
    """For each test of the contract there is a broken program of which it is the first to speak."""
    assert set(TESTS) == {breaks[0] for breaks in BROKEN.values() if breaks}


@pytest.mark.long
@pytest.mark.parametrize("name", BROKEN)
def test_no_other_tests_fail(whole_outcome, name):
    """The same with every test of the contract."""
    failed, _, _ = whole_outcome
    assert sorted(BROKEN[name]) == sorted(failed[name]), failed[name]


def test_a_good_program_is_tested_whole(outcome):
    """Nothing of it is left out."""
    _, skipped, passed = outcome
    assert {} == skipped["TestGood"]
    assert set(TESTS) == passed["TestGood"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "TestNeedsATotal",
            "decided before), with ctx.order.total = None: AttributeError in broken_programs.py:",
        ),
        (
            "TestNeedsLinesOfARefund",
            "an order in JPY that is given back, its lines not told, before anything was sent: told of main/",
        ),
        ("TestReadsTheClockByAnotherName", "time.time() reads a clock (broken_programs.py:"),
        ("TestThrowsDice", "random.random() is left to chance (broken_programs.py:"),
        ("TestStartsAProcess", "subprocess.Popen is more than to decide (broken_programs.py:"),
        ("TestAsksTheNetwork", "asking the network for parcels.example is more than to decide"),
        ("TestWritesIntoItsRules", "changes ctx.config, which others are told as well"),
        ("TestKeepsAGlobal", "broken_programs.ASKED is not the same after further events"),
        (
            "TestKeepsTheTier",
            "28 minutes later the customer, who has no other order, is in tier 'friend' still",
        ),
        ("TestAwardsForGood", "50 points are left and 0 are owed, where nothing must be"),
        ("TestWritesADay", "the message 'thanks' holds a time in data['word']"),
        ("TestLeavesTheWindowOpen", "it may leave 3,650 days after its moment"),
        ("TestForgetsTheWord", "sakura (ja), subject, line 1: data.word is not known"),
    ],
)
def test_words_say_what_the_program_did(outcome, name, words):
    """An author reads which hook did what, told of what, and what to change."""
    failed, _, _ = outcome
    assert words in "\n".join(failed[name].values())


MODULE = """
from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Remember
from aftercare_sdk.testing import ProgramContract


class Notes(AftercareHooks):
    @hookimpl
    def on_shipment(self, event, ctx):
        return {answer}


class TestNotes(ProgramContract):
{given}
"""


@pytest.mark.parametrize(
    ("given", "answer", "words"),
    [
        ("    pass", "None", "TestNotes does not give plugin; see ProgramContract"),
        ("    plugin = Notes()", "None", "plugin 'program' answers nothing to any event: give a `section`"),
        ("    plugin = Notes", "None", "it is the class Notes, not an instance; write `plugin = Notes()`"),
        (
            "    plugin = Notes()\n    section = {'days': 7}",
            "[Remember(key='a', value='b', reason='c')]",
            "`section` cannot be used:\n  plugins.program.days: ",
        ),
    ],
)
def test_what_is_not_given_is_named(tmp_path, given, answer, words):
    """An author who forgets something reads what, in place of an error of Python."""
    module = tmp_path / "test_notes.py"
    module.write_text(MODULE.format(given=given, answer=answer))
    failed, _, _ = run(module, tmp_path)
    assert set(TESTS) == failed["TestNotes"].keys()
    assert {True} == {words in text for text in failed["TestNotes"].values()}, failed["TestNotes"]


def test_the_program_of_the_reference_passes(tmp_path):
    """What docs/reference/program-contract.md shows is a whole program, and its contract is kept."""
    module = tmp_path / "test_ask.py"
    module.write_text("\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)))
    failed, skipped, passed = run(module, tmp_path)
    assert {} == failed
    reasons = {
        "test_a_full_refund_takes_all_points_back": "awards no points for the orders of this test",
        "test_a_full_refund_takes_the_tier_back": "gives nobody a tier for the orders of this test",
    }
    assert {test: f"plugin 'ask' {reason}" for test, reason in reasons.items()} == skipped["TestAsk"]
    assert set(TESTS) - reasons.keys() == passed["TestAsk"]


def test_every_test_is_a_heading():
    """A test that is gone, or new, is so in the reference too."""
    assert TESTS == sorted(re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", TESTS)
def test_every_test_stands_with_its_sentence(name):
    """What breaks in a shop is told in the same words, by the test and by the reference."""
    sentence = getattr(ProgramContract, name).__doc__
    assert re.fullmatch(r"If it fails, [^\n]+\.", sentence)
    assert f"### `{name}`\n\n{sentence}\n" in PAGE


def test_everything_to_give_is_described():
    """An author finds each name that the contract asks for."""
    asked = {name for name in Given.__annotations__ if not name.startswith("_")}
    assert asked == set(re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE))
    assert [] == [name for name in asked if f"`{name}" not in ProgramContract.__doc__]
