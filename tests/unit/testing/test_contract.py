from __future__ import annotations

import re
from pathlib import Path

import pytest

from aftercare_sdk.testing import AdapterContract
from tests.support.contracts import quickly, run, spoilt

HERE = Path(__file__).parent
TESTS = sorted(name for name in dir(AdapterContract) if name.startswith("test_"))
SPOILT = HERE / "broken.py"
BROKEN = spoilt(SPOILT)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What the contract found in the broken adapters; of each only the tests that must fail."""
    return run(SPOILT, tmp_path_factory.mktemp("broken"), quickly)


@pytest.fixture(scope="module")
def whole_outcome(tmp_path_factory):
    """What all of the contract found in them."""
    return run(SPOILT, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("name", BROKEN)
def test_the_right_test_fails(outcome, name):
    """A defect of an adapter is found by the one test that speaks of it."""
    failed, _, _ = outcome
    assert sorted(BROKEN[name]) == sorted(failed[name]), failed[name]


def test_every_test_can_fail():
    """For each test of the contract there is a broken adapter that it finds."""
    assert set(TESTS) == {test for breaks in BROKEN.values() for test in breaks}


@pytest.mark.long
@pytest.mark.parametrize("name", BROKEN)
def test_no_other_test_fails(whole_outcome, name):
    """The same with every test of the contract."""
    failed, _, _ = whole_outcome
    assert sorted(BROKEN[name]) == sorted(failed[name]), failed[name]


def test_what_is_not_tested_says_so(outcome):
    """Where an author gives no platform, tests of reading are skipped with that reason, not passed."""
    _, skipped, passed = outcome
    reason = "TestIsNotTried gives no `answer`, so that what the adapter reads of its platform is not tested"
    reading = {"test_a_slow_platform_is_given_up_in_time", "test_a_listing_since_a_moment_misses_nothing"}
    assert {reason} == {skipped["TestIsNotTried"][test] for test in reading}
    assert not reading & passed["TestIsNotTried"]


def test_words_name_the_finding_and_no_person(outcome):
    """What an author reads says what was found where, and quotes nobody."""
    failed, _, _ = outcome
    text = "\n".join(words for found in failed.values() for words in found.values())
    assert "sample 'placed' with a line break added was accepted" in text
    assert "read (order 7), while the platform is throttled, brought Gone: raise PlatformUnavailable" in text
    assert "customer.example" not in text
    assert "the secret that signs" not in text


def test_what_is_not_given_is_named(tmp_path):
    """An author who forgets something reads what, in place of an error of Python."""
    module = tmp_path / "test_forgetful.py"
    module.write_text(
        "from aftercare_sdk.testing import AdapterContract\nclass TestForgetful(AdapterContract):\n    pass\n"
    )
    failed, _, _ = run(module, tmp_path)
    assert set(TESTS) == failed["TestForgetful"].keys()
    expected = "TestForgetful does not give shop, next_secret, samples, unknown_topic; see AdapterContract"
    assert {expected} == set(failed["TestForgetful"].values())


def test_the_adapter_of_the_howto_passes(tmp_path):
    """What docs/howto/write-an-adapter.md shows is a whole adapter, and its contract is kept."""
    page = (HERE.parents[2] / "docs/howto/write-an-adapter.md").read_text(encoding="utf-8")
    shown, _, _ = page.partition("\n## Read payloads by a schema\n")
    module = tmp_path / "test_torii.py"
    module.write_text("\n".join(re.findall(r"^```python\n(.*?)^```$", shown, re.DOTALL | re.MULTILINE)))
    failed, skipped, passed = run(module, tmp_path)
    assert {} == failed
    not_for_it = {
        "test_a_ping_is_answered",
        "test_a_command_can_be_repeated",
        "test_a_connection_is_looked_after",
    }
    assert not_for_it == set(skipped["TestTorii"])
    assert set(TESTS) - not_for_it == passed["TestTorii"]
