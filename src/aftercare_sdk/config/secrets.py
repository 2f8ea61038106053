"""Secrets: the configuration names where they are kept, and they are read where something is built.

    secrets = [{ env = "WOO_SECRET" }, { file = "/run/secrets/woo-old" }]

`env` names an environment variable, in capitals (so that a secret pasted there by mistake is noticed and
not repeated in a message). `file` names a file, relative to the folder of aftercare.toml; line breaks at
its end do not count. Anywhere in the configuration a table with no other keys than these is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aftercare_sdk.errors import SettingsError

LARGEST_FILE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret is kept: exactly one of `env` and `file`.

    `setting` is the place in the configuration that says so.
    """

    env: str = ""
    file: Path | None = None
    setting: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        if bool(self.env) == (self.file is not None):
            raise ValueError("a secret is kept in an environment variable or in a file: name one of them")

    def resolve(self, environ: Mapping[str, str]) -> str:
        """Return the secret itself.

        Raises SettingsError, naming the setting and the variable or file, if there is none.
        """
        try:
            return _in_variable(self.env, environ) if self.file is None else _in_file(self.file)
        except ValueError as error:
            problem = f"{self.setting}: {error}" if self.setting else str(error)
            raise SettingsError("the configuration", (problem,)) from None


def _in_variable(name: str, environ: Mapping[str, str]) -> str:
    text = environ.get(name)
    if text is None:
        raise ValueError(f"the environment variable {name} is not set; set it where aftercare is started")
    if not text.strip():
        raise ValueError(f"the environment variable {name} is empty; put the secret in it")
    return text


def _in_file(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise ValueError(f"there is no file {file}; create it, or correct the path") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a usable path"
        raise ValueError(f"the file {file} cannot be read ({why}); correct its path or rights") from None
    if len(content) > LARGEST_FILE:
        raise ValueError(f"the file {file} is too large; it must hold the secret and nothing else")
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"the file {file} is not UTF-8; it must hold the secret and nothing else") from None
    if not text.strip():
        raise ValueError(f"the file {file} is empty; put the secret in it")
    return text


def resolve_tree(value: Any, environ: Mapping[str, str]) -> tuple[Any, tuple[str, ...]]:
    """Return a copy of `value` with every secret in it resolved, and a line for each that cannot be.

    Mappings, tuples and lists are searched at any depth; the copy is frozen. A secret that cannot be
    resolved is an empty string there, so use the copy only if there are no problems.
    """
    problems: list[str] = []

    def resolved(part: Any) -> Any:
        if isinstance(part, Secret):
            try:
                return part.resolve(environ)
            except SettingsError as error:
                problems.extend(error.problems)
                return ""
        if isinstance(part, Mapping):
            return MappingProxyType({key: resolved(below) for key, below in part.items()})
        if isinstance(part, tuple | list):
            return tuple(resolved(below) for below in part)
        return part

    return resolved(value), tuple(problems)
