"""What runs the code blocks of the docs: each language that is shown has somebody who checks it.

| block              | check                                                                             |
|--------------------|-----------------------------------------------------------------------------------|
| `python`           | run, top to bottom, one namespace per document, in an empty folder                |
| `toml`, `json`     | parsed                                                                            |
| `sh`, `console`    | each `make` target exists; each `aftercare` command exists and knows its options  |

`<!-- skip: next -->` before a block leaves it out; it needs a reason in words beside it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from _pytest._code.code import Traceback
    from sybil import Example
    from sybil.typing import Evaluator

ROOT: Final = Path(__file__).parents[2]
CHAINS: Final = frozenset({"|", "&&", "||", ";", "&", ">", ">>", "<"})


def check_toml(example: Example) -> str | None:
    """Read a block as TOML."""
    try:
        tomllib.loads(example.parsed)
    except tomllib.TOMLDecodeError as problem:
        return f"no TOML: {problem}"
    return None


def check_json(example: Example) -> str | None:
    """Read a block as JSON, one value or one per line."""
    for texts in ([example.parsed], example.parsed.splitlines()):
        try:
            for text in texts:
                json.loads(text)
        except ValueError as problem:
            failure = f"no JSON: {problem}"
        else:
            return None
    return failure


def check_shell(example: Example) -> str | None:
    """Check the commands of a block against the Makefile and against `aftercare ... --help`."""
    problems = [problem for words in commands(example.parsed) for problem in problems_of(words)]
    return "\n".join(problems) or None


def commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each command; in a session those behind a `$`, else every line."""
    lines = block.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    for line in lines:
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word not in CHAINS:
                words.append(word)
            elif words:
                yield words
                words = []


def problems_of(words: list[str]) -> Iterator[str]:
    """Say what a reader who types the command would stumble over."""
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    match words:
        case ["make", *rest]:
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            for target in rest:
                if "=" not in target and not re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE):
                    yield f"the Makefile has no target {target}"
        case [command, *rest] if Path(command).name == "aftercare":
            yield from problems_of_aftercare(rest)


def problems_of_aftercare(words: list[str]) -> Iterator[str]:
    """Ask the command line itself whether it knows a command and its options."""
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    path = words[: next((place for place, word in enumerate(words) if word.startswith("-")), len(words))]
    run = subprocess.run(
        [Path(sys.executable).with_name("aftercare"), *path, "--help"],
        capture_output=True,
        text=True,
        check=False,
        # Wide and plain, else the help breaks lines inside the names of options.
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )
    if run.returncode != 0:
        yield f"aftercare {' '.join(path)}: no such command\n{run.stderr}"
        return
    for option in options:
        if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", run.stdout):
            yield f"aftercare {' '.join(path)} has no option {option}"


class Elsewhere:
    """Give each document an empty folder to work in, so that its blocks may write files.

    Only the folder made here is ever removed, never "the current folder": a block may go somewhere else,
    and pytest may call the end without the beginning.
    """

    def __init__(self) -> None:
        self.made: tempfile.TemporaryDirectory[str] | None = None

    def enter(self, _namespace: dict[str, Any]) -> None:
        """Go to a new folder."""
        self.made = tempfile.TemporaryDirectory(prefix="aftercare-docs-")
        os.chdir(self.made.name)

    def leave(self, _namespace: dict[str, Any]) -> None:
        """Go back and remove it."""
        os.chdir(ROOT)
        if self.made is not None:
            self.made.cleanup()
            self.made = None


sybils_filter: Final = SybilItem._traceback_filter


def filter_traceback(item: SybilItem, failure: pytest.ExceptionInfo[BaseException]) -> Traceback:
    """Survive an error that no block raised, such as a file it left open.

    Sybil 10 looks for the block in the traceback, finds none and takes the whole test run down.
    """
    try:
        return sybils_filter(item, failure)
    except IndexError:
        return failure.traceback


def code_blocks() -> Sybil:
    """Describe where code blocks stand and who checks them."""
    SybilItem._traceback_filter = filter_traceback  # Sybil offers no other place
    checks: dict[str, Evaluator] = {
        "toml": check_toml,
        "json": check_json,
        "sh": check_shell,
        "console": check_shell,
    }
    elsewhere = Elsewhere()
    return Sybil(
        parsers=[
            PythonCodeBlockParser(),
            SkipParser(),
            *(CodeBlockParser(language, check) for language, check in checks.items()),
        ],
        path=str(ROOT),
        # The docstrings in src/ count as docs: a block in ``` there is run too.
        patterns=["README*.md", "docs/*.md", "docs/**/*.md", "plugins/*/README.md", "src/**/*.py"],
        setup=elsewhere.enter,
        teardown=elsewhere.leave,
    )
