"""What a configuration may hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.config import Secret
from aftercare_sdk.config.plain import DEEPEST, freeze, thaw


def refused(tree):
    """Return what is refused in a tree."""
    _, problems = freeze(tree, None)
    return [problem.line() for problem in problems]


def test_plain_values_are_kept_and_frozen():
    """Values of TOML come through as they are; tables and lists can no longer be changed."""
    tree = {
        "a": [1, 2.5, True, "x"],
        "b": {"c": datetime(2026, 1, 1, tzinfo=UTC), "d": date(2026, 1, 1), "e": time(1)},
    }
    frozen, problems = freeze(tree, None)
    assert [] == problems
    assert tree == thaw(frozen)
    assert (1, 2.5, True, "x") == frozen["a"]
    with pytest.raises(TypeError):
        frozen["b"]["c"] = 1


def test_zones_become_offsets():
    """A moment is kept with its offset, as TOML would write it, also one that its zone has twice."""
    at = datetime(1998, 10, 25, 2, tzinfo=ZoneInfo("Europe/Amsterdam"), fold=1)
    frozen, _ = freeze({"at": at}, None)
    assert datetime(1998, 10, 25, 2, tzinfo=timezone(timedelta(hours=1))) == frozen["at"]
    assert "1998-10-25T02:00:00+01:00" == frozen["at"].isoformat()


def test_references_become_secrets():
    """A table with nothing but `env` or `file` is a secret; its file is below the folder."""
    tree = {"channels": {"email": {"password": {"env": "PW"}, "list": [{"file": "pw"}]}}}
    frozen, problems = freeze(tree, Path("/srv"))
    email = frozen["channels"]["email"]
    assert [] == problems
    assert Secret(env="PW") == email["password"]
    assert Secret(file=Path("/srv/pw")) == email["list"][0]
    assert "channels.email.list[0]" == email["list"][0].setting


def test_a_section_with_one_option_is_no_secret():
    """A plugin whose only option is called `file` has an option, not a secret instead of a section."""
    frozen, problems = freeze({"plugins": {"export": {"file": "out.csv"}}}, None)
    assert [] == problems
    assert {"file": "out.csv"} == frozen["plugins"]["export"]


def test_what_only_looks_like_a_reference_stays_a_table():
    """A table with another key, or with no text, is a table."""
    tree = {"plugins": {"x": {"a": {"file": "f", "mode": "w"}, "b": {"env": 1}, "c": {}}}}
    frozen, problems = freeze(tree, None)
    assert [] == problems
    assert tree == thaw(frozen)


@pytest.mark.parametrize(
    "key",
    ["password", "smtp_password", "SECRET", "secrets", "access-token", "apiKey", "private_key", "api_key"],
)
def test_secrets_in_plain_text_are_recognised_by_their_keys(key):
    """A secret in the file is refused with the cure and never repeated."""
    (problem,) = refused({"channels": {"email": {key: "hunter2"}}})
    assert problem.startswith(f"channels.email.{key}: holds a secret in plain text; write {{ env = ")
    assert "hunter2" not in problem


@pytest.mark.parametrize("value", ["", 3, True, {"days": 3}])
def test_other_values_under_such_keys_are_no_secrets(value):
    """Only text can be a secret."""
    assert [] == refused({"plugins": {"x": {"token": value}}})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63, "is a number of more than 64 bits; write a smaller one"),
        (float("nan"), "is no finite number; write a number"),
        (float("-inf"), "is no finite number; write a number"),
        ("a\0b", "holds a NUL or half a character; remove it"),
        ("\ud800", "holds a NUL or half a character; remove it"),
        (None, "is a NoneType; use a value that TOML has"),
        (b"x", "is a bytes; use a value that TOML has"),
        ({1: 2}, "holds a key that is no proper text; rename it"),
        ({"env": "a", "file": "b"}, "names both env and file; keep one of them"),
    ],
)
def test_refused_values(value, expected):
    """What TOML, JSON or a database could not hold is refused."""
    assert [f"plugins.x.y: {expected}"] == refused({"plugins": {"x": {"y": value}}})


def test_a_pasted_secret_is_no_name_of_a_variable():
    """A secret pasted as the name of a variable is refused and never repeated."""
    (problem,) = refused({"shops": {"main": {"secrets": [{"env": "sk_live_abc"}]}}})
    expected = (
        "shops.main.secrets[0].env: must be the name of an environment variable, in capitals; "
        'write { env = "MAIN_SECRET" } and set that environment variable, or write { file = "path" }'
    )
    assert expected == problem


def test_nesting_without_end_is_refused():
    """Tables in tables in tables end somewhere."""
    tree = {}
    for _ in range(5_000):
        tree = {"a": tree}
    (problem,) = refused(tree)
    assert f"stands more than {DEEPEST} tables and lists deep" in problem


def test_variable_names_offered_are_names_of_variables():
    """Whatever the keys are, the variable that is offered can be set."""
    assert 'env = "SHOP_9_PASSWORD"' in refused({"channels": {"9": {"password": "x"}}})[0]
    assert 'env = "SHOP_SECRET"' in refused({"ショップ": {"店": [{"env": "x"}]}})[0]
