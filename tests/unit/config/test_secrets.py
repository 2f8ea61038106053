"""Secrets are references until something is built."""

from __future__ import annotations

import pytest

from aftercare_sdk.config import Secret, resolve_tree
from aftercare_sdk.errors import SettingsError


def problem_of(secret, environ=None):
    """Return why a secret cannot be resolved."""
    with pytest.raises(SettingsError) as caught:
        secret.resolve(environ or {})
    (problem,) = caught.value.problems
    return problem


def test_variable():
    """A secret in an environment variable is its value, untouched."""
    assert " s3cr3t" == Secret(env="WOO_SECRET").resolve({"WOO_SECRET": " s3cr3t"})


def test_file(tmp_path):
    """A secret in a file is its text without the line breaks at its end."""
    (tmp_path / "secret").write_bytes(b"s3cr3t\r\n\n")
    assert "s3cr3t" == Secret(file=tmp_path / "secret").resolve({})


def test_exactly_one_place():
    """A secret without a place, or with two, is a mistake of the caller."""
    with pytest.raises(ValueError, match="name one of them"):
        Secret()


def test_repr_shows_only_the_reference():
    """Whoever prints a secret sees where it is kept."""
    assert "Secret(env='WOO_SECRET', file=None)" == repr(
        Secret(env="WOO_SECRET", setting="shops.main.secrets[0]")
    )


def test_missing_variable_names_setting_and_variable():
    """A variable that is not set is named, with the setting that asks for it and the cure."""
    expected = "the environment variable WOO_SECRET is not set; set it where aftercare is started"
    assert f"shops.main.secrets[0]: {expected}" == problem_of(
        Secret(env="WOO_SECRET", setting="shops.main.secrets[0]")
    )


def test_empty_variable():
    """An empty variable is no secret: every signature would fit it."""
    assert "is empty" in problem_of(Secret(env="WOO_SECRET"), {"WOO_SECRET": " "})


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "not UTF-8"), (b"x" * 70_000, "too large")],
)
def test_unusable_file(tmp_path, content, expected):
    """A file that cannot be a secret is named, without what is in it."""
    (tmp_path / "secret").write_bytes(content)
    problem = problem_of(Secret(file=tmp_path / "secret"))
    assert expected in problem
    assert str(tmp_path / "secret") in problem


def test_missing_file(tmp_path):
    """A file that is not there is named."""
    assert f"there is no file {tmp_path / 'no'}" in problem_of(Secret(file=tmp_path / "no"))


def test_folder_instead_of_a_file(tmp_path):
    """A folder in the place of a file is refused with the system's reason."""
    assert "cannot be read" in problem_of(Secret(file=tmp_path))


def test_resolve_tree_resolves_at_any_depth_and_freezes():
    """Secrets in options are resolved wherever they stand; the rest stays, frozen."""
    options = {"host": "smtp.example", "login": {"password": Secret(env="A")}, "keys": [Secret(env="B"), 1]}
    resolved, problems = resolve_tree(options, {"A": "a", "B": "b"})
    assert () == problems
    assert {"host": "smtp.example", "login": {"password": "a"}, "keys": ("b", 1)} == resolved
    with pytest.raises(TypeError):
        resolved["host"] = "other"


def test_resolve_tree_tells_all_that_is_missing():
    """Every secret that is missing is told, not only the first."""
    _, problems = resolve_tree((Secret(env="A", setting="a"), Secret(env="B", setting="b")), {})
    assert ["a", "b"] == [problem.partition(":")[0] for problem in problems]
