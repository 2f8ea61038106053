"""Plain values: what a configuration may hold, read once into frozen copies with secrets as references."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aftercare_sdk.config.problems import Problem, Steps, path
from aftercare_sdk.config.secrets import Secret

DEEPEST = 16
"""How many tables and lists may stand in one another."""

NAMED_SECTIONS = frozenset({"shops", "channels", "plugins"})
"""Sections whose keys are names, each with a table of its own."""

_LARGEST_NUMBER = 2**63
_REFERENCE = frozenset({"env", "file"})
_ENV_NAME = re.compile(r"[A-Z_][A-Z0-9_]*", re.ASCII)
_SECRET_KEY = re.compile(
    r"(?:^|[_-])"
    r"(?:password|passwd|passphrase|secrets?|tokens?|credentials?|(?:api|access|private|secret)[_-]?key)$",
    re.ASCII | re.IGNORECASE,
)


def freeze(tree: Mapping[Any, Any], folder: Path | None) -> tuple[Mapping[str, Any], list[Problem]]:
    """Return a frozen copy of a configuration and what in it is no plain value.

    Tables become read-only mappings, lists tuples, references to secrets `Secret` with its file resolved
    against `folder`. Refused are: values that TOML does not have, numbers of more than 64 bits or not
    finite, text that a database cannot keep, nesting without end, and secrets in plain text, which are
    recognised by their keys. None stands where something was refused.
    """
    reading = _Reading(folder=folder)
    return reading.table(tree, ()), reading.problems


def thaw(value: Any) -> Any:
    """Return the plain dict and list form of a frozen value; secrets stay references."""
    if isinstance(value, Mapping):
        return {key: thaw(below) for key, below in value.items()}
    if isinstance(value, tuple | list):
        return [thaw(below) for below in value]
    return value


def cure_of_plain_text(steps: Steps) -> str:
    """Return how a secret is written at `steps`, with a name for its variable that fits the place."""
    keys = [step for step in steps if isinstance(step, str)]
    name = re.sub(r"[^A-Za-z0-9]+", "_", " ".join(keys[-2:])).strip("_").upper().removesuffix("S")
    if not _ENV_NAME.fullmatch(name):
        name = f"SHOP_{name}" if name else "SHOP_SECRET"
    return f'write {{ env = "{name}" }} and set that environment variable, or write {{ file = "path" }}'


@dataclass(slots=True, kw_only=True)
class _Reading:
    folder: Path | None
    problems: list[Problem] = field(default_factory=list)

    def table(self, table: Mapping[Any, Any], steps: Steps) -> Mapping[str, Any]:
        frozen: dict[str, Any] = {}
        for key, value in table.items():
            if isinstance(key, str) and _storable(key):
                frozen[str(key)] = self.value(value, (*steps, str(key)), secret=bool(_SECRET_KEY.search(key)))
            else:
                self._refuse(steps, "holds a key that is no proper text; rename it")
        return MappingProxyType(frozen)

    def value(self, value: Any, steps: Steps, *, secret: bool) -> Any:
        """Return the frozen copy of one value. `secret`: its key says that it is one."""
        match value:
            case Mapping() | list() | tuple() if len(steps) > DEEPEST:
                return self._refuse(steps, f"stands more than {DEEPEST} tables and lists deep; flatten them")
            case Secret():
                return replace(value, setting=value.setting or path(steps))
            case Mapping():
                return self._secret(value, steps) if _names_secret(value, steps) else self.table(value, steps)
            case list() | tuple():
                return tuple(
                    self.value(one, (*steps, place), secret=secret) for place, one in enumerate(value)
                )
            case str():
                return self._text(value, steps, secret=secret)
            case datetime():
                return _with_fixed_offset(value)
            case bool() | date() | time():
                return value
            case int() | float():
                return self._number(value, steps)
        return self._refuse(steps, f"is a {type(value).__name__}; use a value that TOML has")

    def _text(self, value: str, steps: Steps, *, secret: bool) -> Any:
        if not _storable(value):
            return self._refuse(steps, "holds a NUL or half a character; remove it")
        if value and secret:
            return self._refuse(steps, f"holds a secret in plain text; {cure_of_plain_text(steps)}")
        return str(value)

    def _number(self, value: float, steps: Steps) -> Any:
        if isinstance(value, int):
            if -_LARGEST_NUMBER <= value < _LARGEST_NUMBER:
                return int(value)
            return self._refuse(steps, "is a number of more than 64 bits; write a smaller one")
        if math.isfinite(value):
            return float(value)
        return self._refuse(steps, "is no finite number; write a number")

    def _secret(self, table: Mapping[str, str], steps: Steps) -> Any:
        if len(table) > 1:
            return self._refuse(steps, "names both env and file; keep one of them")
        if "env" in table:
            if _ENV_NAME.fullmatch(table["env"]):
                return Secret(env=str(table["env"]), setting=path(steps))
            wrong = "must be the name of an environment variable, in capitals"
            return self._refuse((*steps, "env"), f"{wrong}; {cure_of_plain_text(steps)}")
        if table["file"] and _storable(table["file"]):
            file = Path(table["file"])
            return Secret(file=self.folder / file if self.folder else file, setting=path(steps))
        return self._refuse((*steps, "file"), "names no file; write the path of the file with the secret")

    def _refuse(self, steps: Steps, text: str) -> Any:
        """Record a problem and return what stands in the tree instead of the value: None."""
        self.problems.append(Problem(steps, text))
        return None


def _names_secret(table: Mapping[Any, Any], steps: Steps) -> bool:
    # A shop, a channel or a plugin of which only an option `file` is written is no secret.
    is_section = len(steps) <= (2 if steps[0] in NAMED_SECTIONS else 1)
    return (
        not is_section
        and bool(table)
        and all(key in _REFERENCE and isinstance(value, str) for key, value in table.items())
    )


def _with_fixed_offset(value: datetime) -> datetime:
    # TOML has offsets, no zones; and a moment that a zone has twice is not even equal to itself elsewhere.
    offset = value.utcoffset()
    return value.replace(tzinfo=None if offset is None else timezone(offset), fold=0)


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)
