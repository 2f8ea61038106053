from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.docs import ROOT, Elsewhere, commands, problems_of


@pytest.fixture(autouse=True)
def _come_back(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_a_document_works_in_a_folder_of_its_own(tmp_path):
    """What the blocks of a document write is gone afterwards."""
    elsewhere = Elsewhere()
    elsewhere.enter({})
    folder = Path.cwd()
    Path("written").touch()
    elsewhere.leave({})
    assert not folder.exists()
    assert tmp_path.exists()


def test_a_document_that_goes_elsewhere_removes_nothing_there(tmp_path):
    """A block may change the folder; only the one that was made for the document disappears."""
    kept = tmp_path / "kept"
    kept.touch()
    elsewhere = Elsewhere()
    elsewhere.enter({})
    os.chdir(tmp_path)
    elsewhere.leave({})
    assert kept.exists()


def test_an_end_without_a_beginning_removes_nothing(tmp_path):
    """After an error pytest may call the end alone, or twice."""
    kept = tmp_path / "kept"
    kept.touch()
    elsewhere = Elsewhere()
    elsewhere.leave({})
    elsewhere.enter({})
    elsewhere.leave({})
    os.chdir(tmp_path)
    elsewhere.leave({})
    assert kept.exists()
    assert (ROOT / "pyproject.toml").exists()


def test_a_session_shows_its_commands_behind_a_dollar():
    """Output is no command, and a chain is several commands."""
    block = "$ make install && make demo\nInstalling\n$ aftercare plugins \\\n  --json | less # all\n"
    assert list(commands(block)) == [
        ["make", "install"],
        ["make", "demo"],
        ["aftercare", "plugins", "--json"],
        ["less"],
    ]


def test_a_target_that_does_not_exist_is_named():
    """A reader is never told to run a target that is gone."""
    assert list(problems_of(["make", "demo", "ARGS=--json"])) == []
    assert list(problems_of(["make", "nonsense"])) == ["the Makefile has no target nonsense"]
