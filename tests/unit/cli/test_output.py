from __future__ import annotations

import io
import json
import sys
from datetime import datetime, timedelta, timezone

import pytest

from aftercare_sdk.cli import output
from aftercare_sdk.errors import (
    Bug,
    ClockRefused,
    DeciderBusy,
    PlatformUnavailable,
    SettingsError,
    SignatureError,
    StorageUnavailable,
)

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("小川　花子 ☕ 👨‍👩‍👧", "小川　花子 ☕ 👨‍👩‍👧"),
        ("red \x1b[31malert\x07", "red \N{REPLACEMENT CHARACTER}[31malert\N{REPLACEMENT CHARACTER}"),
        ("csi \x9b31m", "csi \N{REPLACEMENT CHARACTER}31m"),
        ("abc\u202edef\u2066", "abc\N{REPLACEMENT CHARACTER}def\N{REPLACEMENT CHARACTER}"),
        ("one\rtwo\u2028three", "one\N{REPLACEMENT CHARACTER}two\N{REPLACEMENT CHARACTER}three"),
        ("7:11\u202fPM\n\tnext", "7:11 PM\n\tnext"),
    ],
)
def test_texts_from_outside_cannot_steer_a_terminal(told, shown):
    """Control characters and writing directions are replaced; names, line ends and tabs stay."""
    assert shown == output.clean(told)


def test_json_is_one_document_that_programs_and_people_can_read(capsys):
    """Japanese stays readable; control characters of either kind are escaped."""
    output.write_json({"name": "小川", "subject": "\x1b[2J\x9b"})
    printed = capsys.readouterr().out
    assert {"name": "小川", "subject": "\x1b[2J\x9b"} == json.loads(printed)
    assert "小川" in printed
    assert {"\n"} == {one for one in printed if not one.isprintable()}


def test_json_survives_a_terminal_without_japanese(monkeypatch):
    """What the terminal cannot show is escaped, not replaced."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    output.write_json({"name": "小川"}, pretty=False)
    stream.flush()
    assert b'{"name": "\\u5c0f\\u5ddd"}\n' == stream.buffer.getvalue().replace(b"\r", b"")


@pytest.mark.parametrize("forced", [False, True])
def test_a_table_in_a_pipe_is_plain_and_never_wrapped(capsys, monkeypatch, forced):
    """Nothing but the text, whatever the environment says: no colours, no frames, no filling."""
    if forced:
        monkeypatch.setenv("FORCE_COLOR", "1")
    long = "word " * 100 + "end"
    output.show(
        output.table(("name", "text"), [("a", long), ("boat", "[bold]b[/bold] :smile:")], title="Rows")
    )
    assert [
        "Rows",
        "name   text",
        f"a      {long}",
        "boat   [bold]b[/bold] :smile:",
    ] == capsys.readouterr().out.splitlines()


def test_numbers_agree_with_their_nouns():
    """One row, several rows."""
    assert ["0 rows", "1 row", "2 rows"] == [output.number(count, "row") for count in range(3)]


def test_times_in_json_are_utc():
    """Whatever the zone they were given in."""
    assert "2026-11-21T15:00:00+00:00" == output.instant(datetime(2026, 11, 22, tzinfo=TOKYO))
    assert None is output.instant(None)


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        (SettingsError("a.toml", ("brand: missing", "shops: missing")), 2, "  shops: missing"),
        (ClockRefused("the database is live"), 2, "the database is live"),
        (StorageUnavailable("the database is locked"), 3, "Run this command again."),
        (PlatformUnavailable("the shop is down"), 3, "Run this command again later."),
        (DeciderBusy("another process decides"), 3, "Let it do the work"),
        (SignatureError("not signed"), 1, "not signed"),
        (Bug("a promise was broken"), 1, "Please report it"),
    ],
)
def test_each_branch_of_the_errors_has_its_code_and_its_advice(error, code, advice, capsys):
    """Configuration 2, what may work later 3, the rest 1; all of it on stderr, in words."""
    assert code == output.explain(error)
    printed = capsys.readouterr()
    assert "" == printed.out
    assert printed.err.startswith(f"error: {str(error).splitlines()[0]}\n")
    assert advice in printed.err


def test_progress_is_silent_where_nobody_looks(capsys):
    """A bar in a log file would be noise."""
    with output.progress("Working", 3) as done:
        done(3)
    assert ("", "") == capsys.readouterr()
