"""The tutorial "The first shop", typed in command by command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
LANGUAGES = ["first-shop.md", "first-shop.ja.md"]
PREPARATION = ("make install", "mkdir")


def blocks(document, language):
    """Return the code blocks of one language; "" is what the reader sees on the screen."""
    text = (TUTORIAL / document).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for of, block in found if of == language]


def commands(document):
    """Return the commands that a reader types, but for those that install and make the folder."""
    return [block for block in blocks(document, "sh") if not block.startswith(PREPARATION)]


def squeezed(text):
    """Return lines of words, so that the width of columns does not matter."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def shown(expected, printed):
    """Whether the lines of one block stand in the output, one below the other."""
    places = range(len(printed) - len(expected) + 1)
    return any(printed[place : place + len(expected)] == expected for place in places)


def test_what_is_typed_gives_what_is_shown(tmp_path):
    """A newcomer who follows the tutorial sees what it says."""
    document = LANGUAGES[0]
    [configuration] = blocks(document, "toml")
    (tmp_path / "aftercare.toml").write_text(configuration, encoding="utf-8")
    programs = Path(sys.executable).parent
    run = subprocess.run(
        [shutil.which("bash"), "-euo", "pipefail", "-c", "\n".join(commands(document))],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (run.returncode, run.stderr.count("stored"), run.stderr.count("seen before")) == (0, 2, 1), (
        run.stderr
    )
    for screen in blocks(document, ""):
        assert shown(squeezed(screen), squeezed(run.stdout)), run.stdout
    assert run.stdout.count("seen before") == 2
    assert "【Hibi Coffee】ご注文ありがとうございます（ご注文番号 346）" in run.stdout
    assert len(list((tmp_path / "mails" / "new").iterdir())) == 1


def test_both_languages_teach_the_same():
    """The commands are the same, but for the option that asks for English."""
    english, japanese = (
        [block.replace(" --lang en", "") for block in blocks(each, "sh")] for each in LANGUAGES
    )
    assert english == japanese
    for language in ("toml", ""):
        assert blocks(LANGUAGES[0], language) == blocks(LANGUAGES[1], language)


def test_both_readmes_show_the_same():
    """The Japanese README keeps up with the English one."""
    root = TUTORIAL.parents[1]
    english, japanese = ((root / name).read_text(encoding="utf-8") for name in ("README.md", "README.ja.md"))

    def shape(text):
        python = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        toml = re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        rows = [len(table.splitlines()) for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
        return python, toml, rows, len(re.findall(r"^#+ ", text, re.MULTILINE))

    assert shape(english) == shape(japanese)
