from __future__ import annotations

import logging
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, date, datetime
from random import Random
from time import time as present  # noqa: TID251 - to see whether it is seen

import pytest

from aftercare_sdk.testing.programs.observing import Deed, Observer


def seen(work):
    """Return what a piece of work does beside returning: kind and call."""
    with Observer((__name__,)) as observer:
        work()
    return [(one.deed, one.call) for one in observer.seen]


class Day(datetime):
    """A class of somebody's own."""


@pytest.mark.parametrize(
    ("work", "call"),
    [
        (lambda: time.time(), "time.time()"),  # noqa: PLW0108, TID251 - the call must be made here
        (present, "time.time()"),
        (lambda: max([1, 2], key=lambda _: present()), "time.time()"),
        (lambda: time.monotonic(), "time.monotonic()"),  # noqa: PLW0108
        (lambda: datetime.now(UTC), "datetime.now()"),  # noqa: TID251
        (lambda: Day.now(UTC), "Day.now()"),
        (lambda: date.today(), "date.today()"),  # noqa: DTZ011, PLW0108, TID251
    ],
)
def test_clocks_are_seen(work, call):
    """Under whatever name, and in whatever lambda."""

    def calling():
        return work()

    assert (Deed.CLOCK, call) in seen(calling)


@pytest.mark.parametrize(
    ("work", "call"),
    [
        (lambda: random.random(), "random.random()"),  # noqa: PLW0108, S311
        (lambda: random.choice([1, 2]), "random.getrandbits()"),  # noqa: S311
        (lambda: Random(), "random.Random()"),  # noqa: PLW0108, S311
        (lambda: uuid.uuid4(), "os.urandom()"),  # noqa: PLW0108
        (lambda: secrets.token_hex(), "os.urandom()"),  # noqa: PLW0108
    ],
)
def test_dice_are_seen(work, call):
    """Those of the module, those of the system, and those that begin anywhere."""
    assert (Deed.CHANCE, call) in seen(work)


def test_what_is_the_same_each_time_is_no_chance():
    """Dice that begin at a number of their own always fall in the same way."""
    assert [] == seen(lambda: Random(7).random())  # noqa: S311


def test_effects_are_seen(tmp_path):
    """Files, folders, processes, threads, sockets, waiting."""
    file = tmp_path / "note.txt"
    assert (Deed.EFFECT, "open(note.txt) for writing") in seen(lambda: file.write_text("x"))
    assert (Deed.EFFECT, "os.remove") in seen(file.unlink)
    assert (Deed.EFFECT, "os.mkdir") in seen((tmp_path / "folder").mkdir)
    run = [sys.executable, "-c", ""]
    assert (Deed.EFFECT, "subprocess.Popen") in seen(lambda: subprocess.run(run, check=True))
    assert (Deed.EFFECT, "starting a thread") in seen(lambda: threading.Thread(target=int).start())
    assert (Deed.EFFECT, "socket.__new__") in seen(lambda: socket.socket().close())
    assert (Deed.EFFECT, "time.sleep()") in seen(lambda: time.sleep(0))
    assert (Deed.EFFECT, "os.putenv") in seen(lambda: os.environ.setdefault("SAKURA", "1"))
    del os.environ["SAKURA"]


def test_looking_is_allowed(tmp_path):
    """Zones are read from files, modules are imported late, and a log is no effect."""
    file = tmp_path / "note.txt"
    file.write_text("x")
    log = logging.getLogger("sakura")

    def work():
        import this_is_no_module_of_ours  # noqa: F401

        log.warning("a line")
        return file.read_text()

    (tmp_path / "this_is_no_module_of_ours.py").write_text("import time\nSTARTED = time.time()\n")
    sys.path.insert(0, str(tmp_path))
    try:
        assert [] == seen(work)
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("this_is_no_module_of_ours")


def test_the_line_is_named():
    """Whoever wrote it finds it."""
    with Observer((__name__,)) as observer:
        uuid.uuid4()
    line = test_the_line_is_named.__code__.co_firstlineno + 3
    assert f" (test_observing.py:{line})" == observer.seen[0].place


def test_afterwards_nobody_watches():
    """What was there before, such as the profiler of a developer, is back."""

    def profiler(*_):
        return None

    sys.setprofile(profiler)
    try:
        with Observer(()) as observer:
            pass
        assert profiler is sys.getprofile()
    finally:
        sys.setprofile(None)
    present()
    assert [] == observer.seen


def test_other_threads_are_none_of_its_business():
    """Workers of the test run go on beside it."""
    go, gone = threading.Event(), threading.Event()

    def work():
        go.wait()
        with open(os.devnull, "w", encoding="utf-8"):  # noqa: PTH123
            pass
        gone.set()

    thread = threading.Thread(target=work)
    thread.start()
    with Observer((__name__,)) as observer:
        go.set()
        gone.wait()
    thread.join()
    assert [] == [one for one in observer.seen if "open" in one.call]
