"""Logs are one JSON object a line, and name nobody (OBS-01)."""

from __future__ import annotations

import io
import json
import logging

import pytest

from aftercare_sdk.engine.logs import log, write_logs


@pytest.fixture
def lines():
    """Collects what is logged while a test runs."""
    stream = io.StringIO()
    logger = logging.getLogger("aftercare_sdk")
    before = list(logger.handlers), logger.level
    write_logs(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.handlers, logger.level = before


def test_obs_01_a_line_is_json_with_time_level_and_event(lines):
    """What a log collector needs is in every line."""
    log.warning("read failed", shop="main", objects=3)
    (line,) = lines()
    assert {"level": "warning", "event": "read failed", "shop": "main", "objects": 3} == {
        name: value for name, value in line.items() if name != "at"
    }
    assert line["at"].endswith("+00:00")


@pytest.mark.parametrize(
    "value",
    [
        "ogawa@example.jp",
        "call 03-1234-5678",
        ["Megumi.Saito@Example.jp"],
        {"to": {"address": "ogawa@example.jp"}},
        ValueError("no mailbox ogawa@example.jp"),
    ],
)
def test_obs_01_personal_data_are_masked_wherever_they_stand(lines, value):
    """An address in a list, in a table or in an error's text does not reach the log."""
    log.error("something", problem=value)
    told = json.dumps(lines(), ensure_ascii=False)
    assert [] == [secret for secret in ("ogawa", "Saito", "1234-5678") if secret in told]


def test_a_library_writes_nothing_unless_asked(capfd):
    """An application that embeds the engine decides about its logs."""
    log.error("something", problem="x")
    assert ("", "") == capfd.readouterr()
