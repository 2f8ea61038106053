"""Structured logs (OBS-01): one JSON object per line, without personal data, through the standard library.

An application that embeds the engine configures the logger `aftercare_sdk` like any other; until somebody
does, nothing is written.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.redact import redact

_LOGGER = logging.getLogger("aftercare_sdk")
_LOGGER.addHandler(logging.NullHandler())
_CLOCK = SystemClock()

Line = MutableMapping[str, Any]

_OWN = frozenset({"event", "shop", "shops", "url", "about", "child", "id", "outcome", "plugin", "state"})
"""Names whose values the engine itself makes, from its configuration and its own words."""


def _stamp(logger: object, method: str, line: Line) -> Line:
    """Say when and how urgent; a log tells the time of the machine, also where events run on another."""
    del logger
    return {"at": _CLOCK.now().isoformat(timespec="milliseconds"), "level": method, **line}


def without_personal_data(logger: object, method: str, line: Line) -> Line:
    """Mask what looks like an address, a telephone number or a token, in every value from elsewhere."""
    del logger, method
    return {name: value if name in _OWN else _masked(value) for name, value in line.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, dict):
        return {name: _masked(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(below) for below in value]
    return redact(str(value))


log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    _LOGGER,
    processors=[
        structlog.stdlib.filter_by_level,
        without_personal_data,
        _stamp,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=False,
)


def write_logs(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Write the logs of this process to `stream`; for the commands that run for long."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(level)
