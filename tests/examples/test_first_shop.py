"""The tutorial "The first shop", typed in command by command."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import requests

from aftercare_sdk.engine.clock import SystemClock

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
LANGUAGES = ["first-shop.md", "first-shop.ja.md"]
PREPARATION = ("make install", "mkdir")
SECOND_SHOP = "\n## 8. "
"""The section that needs a running server."""


def blocks(document, language, *, before="", behind=""):
    """Return the code blocks of one language, in part of it; "" is what the reader sees on the screen."""
    text = (TUTORIAL / document).read_text(encoding="utf-8")
    text = text.partition(before)[0] if before else text
    text = text.partition(behind)[2] if behind else text
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for of, block in found if of == language]


def commands(document):
    """Return the commands that a reader types, but for those that install and make the folder."""
    return [
        block for block in blocks(document, "sh", before=SECOND_SHOP) if not block.startswith(PREPARATION)
    ]


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


def test_the_second_shop_catches_its_mails(tmp_path):
    """A newcomer who starts a server and triggers orders finds the mail on its page, and the reason why."""
    begin, *stories = blocks(LANGUAGES[0], "sh", behind=SECOND_SHOP)
    *prepare, serve = begin.strip().splitlines()[2:]  # but for making the folder and going there
    assert "aftercare serve --dev" == serve
    port = free_port()
    moment = SystemClock().now() - timedelta(hours=1, minutes=1)
    spoken = "\n".join(stories).replace("2026-11-22T11:00", moment.isoformat(timespec="seconds"))
    settings = f"printf '\\n[server]\\nport = {port}\\n' >>aftercare.toml"
    environ = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONUTF8": "1",
        "WOO_SECRET": "only-for-trying-out",
    }
    bash = [shutil.which("bash"), "-euo", "pipefail", "-c"]
    said = {"cwd": tmp_path, "env": environ, "text": True}
    subprocess.run([*bash, "\n".join((*prepare, settings))], **said, check=True, timeout=60)
    server = subprocess.Popen([*bash, f"exec {serve}"], **said, stderr=subprocess.DEVNULL)
    try:
        page = f"http://127.0.0.1:{port}/dev"
        wait_for(lambda: requests.get(page, timeout=5).ok)
        told = subprocess.run(
            [*bash, spoken.replace("export WOO_SECRET=only-for-trying-out\n", "")],
            **said,
            capture_output=True,
            check=True,
            timeout=60,
        )
        wait_for(lambda: "trigger-1042" in requests.get(page, timeout=5).text)
        wait_for(lambda: "called off" in history(said))
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert "trigger-1043" in told.stdout


def history(said):
    """Return what is told of the customer whose order was cancelled."""
    words = ["aftercare", "timeline", "trigger-1043@example.com", "--lang", "en"]
    return subprocess.run(words, **said, capture_output=True, check=False, timeout=60).stdout


def free_port():
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(condition, seconds=60):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(requests.ConnectionError):
            if condition():
                return
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.2)


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
