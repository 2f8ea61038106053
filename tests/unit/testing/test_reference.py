"""docs/reference/adapter-contract.md describes what the contract asks for and tests, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aftercare_sdk.testing import AdapterContract
from aftercare_sdk.testing.given import Given

PAGE = (Path(__file__).parents[3] / "docs/reference/adapter-contract.md").read_text(encoding="utf-8")
TESTS = [name for name in dir(AdapterContract) if name.startswith("test_")]


def test_every_test_is_a_heading():
    """A test that is gone, or new, is so in the reference too."""
    assert sorted(TESTS) == sorted(re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("name", TESTS)
def test_every_test_stands_with_its_sentence(name):
    """What breaks in a shop is told in the same words, by the test and by the reference."""
    sentence = getattr(AdapterContract, name).__doc__
    assert re.fullmatch(r"If it fails, [^\n]+\.", sentence)
    assert f"### `{name}`\n\n{sentence}\n" in PAGE


def test_everything_to_give_is_described():
    """An author finds each name that the contract asks for."""
    methods = [name for name, value in vars(Given).items() if callable(value) and not name.startswith("_")]
    asked = {name for name in {**Given.__annotations__, **dict.fromkeys(methods)} if not name.startswith("_")}
    assert asked == set(re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE))
    assert [] == [name for name in asked if f"`{name}" not in AdapterContract.__doc__]
