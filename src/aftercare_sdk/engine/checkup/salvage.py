"""What is left of a configuration without its mistakes, so that one of them does not hide all else."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aftercare_sdk.config import FILE_NAME, VARIABLE, Settings, parse
from aftercare_sdk.errors import SettingsError

_PATH = re.compile(r"([\w-]+)(?:\.([\w-]+))?")
_NAMED = frozenset({"shops", "channels", "plugins"})
_STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "brand": {"name": "-"},
    "shops": {"none": {"adapter": "none", "secrets": []}},
}
"""A configuration needs these; what is checked of the rest does not look at them."""


def salvage(source: Path | None, problems: tuple[str, ...]) -> tuple[Settings | None, frozenset[str]]:
    """Return what can be read without the tables that `problems` name, and the sections left out.

    None if the file cannot be read at all, or its mistakes cannot be told apart.
    """
    path = Path(source or os.environ.get(VARIABLE) or FILE_NAME).absolute()
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None, frozenset()
    left_out = set()
    for line in problems:
        found = _PATH.match(line)
        if found is None:
            return None, frozenset()
        section, name = found.groups()
        table = tree.get(section)
        if section in _NAMED and name and isinstance(table, dict):
            table.pop(name, None)
        else:
            tree.pop(section, None)
            left_out.add(section)
    for section, stand_in in _STAND_INS.items():
        if not tree.get(section):
            tree[section] = stand_in
    try:
        return parse(tree, path), frozenset(left_out)
    except SettingsError:
        return None, frozenset()
