"""Promise 1 while the database is in trouble: 503 with a clear log line, and recovery without a person.

A real `aftercare serve` works, its database fails for a while, and works again.

- Full disk: a file system of its own, a few megabytes large, that something else fills up. Where this system
  lets nobody mount one, SQLite's own limit on the size of a file stands in: the same error, from SQLite
  instead of the disk.
- Database that only reads: PostgreSQL is told so. For SQLite, rights do not count for root, and a file that
  is open stays writable whatever happens to its rights; so SQLite is told by its own switch. That shows what
  becomes of SQLite's refusal, not that the system refuses.
- Locked database: another process is in the middle of a write for longer than anybody waits. The wait is
  shortened to a second.
- PostgreSQL restarted: a server of its own, once in good order and once as after a crash.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from aftercare_sdk.errors import ConfigurationError
from tests.support import postgres
from tests.support.kill_checks import (
    Run,
    check_all_acknowledged_is_processed,
    check_mail,
    is_settled,
    running,
)
from tests.support.kill_plugin import DISK_FULL, READ_ONLY
from tests.support.kills import Process, Shop, until

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the children of a process in /proc")

SEED = 20_261_122
MEGABYTE = 2**20


def live_through(
    run: Run,
    fault: AbstractContextManager[object],
    what: tuple[str, ...],
    *,
    nothing_fits: bool = True,
    says_so: bool = True,
) -> None:
    """Let a fault come and go while webhooks arrive. `what`: each of these stands in the log line.

    `nothing_fits` off: a small write may still succeed now and then. `says_so` off: also that of /readyz.
    """
    shop = Shop(run.story, run.server.port, pause=0.02)
    shop.open()
    until(lambda: len(shop.acknowledged) >= 10, "webhooks to be acknowledged")
    with fault:
        until(lambda: shop.answers[503] >= 3, "503")
        before = len(shop.acknowledged)
        if says_so:
            until(lambda: "database" in run.server.problems(), "/readyz to say it")
        assert 200 == run.server.get("/healthz")[0]
        time.sleep(0.5)
        assert not nothing_fits or before == len(shop.acknowledged)
        line = run.server.told("webhook not stored")[-1]
        # The log masks what is long and looks like a token, as folders of tests do.
        where = f"/{make_url(run.server.environ['KILL_DATABASE']).database}".rpartition("/")[2]
        assert [] == [part for part in (where, *what) if part not in line["problem"]], line
    calm = len(shop.acknowledged)
    until(lambda: len(shop.acknowledged) >= calm + 10, "webhooks to be acknowledged again")
    shop.close()
    # A quarter of an hour, after which /readyz calls a message late, are eight seconds here.
    until(lambda: run.server.problems() <= {"messages", "journal"}, "/readyz to say that it is over")
    run.post.moody = False
    until(lambda: is_settled_now(run), "everything to be processed")
    assert 0 < len(run.post.mails)
    check_all_acknowledged_is_processed(run, shop)
    check_mail(run)
    assert 0 == run.server.stop()


def is_settled_now(run: Run) -> bool:
    """Whether everything is done. A copy that was made in the middle of a write tells nothing."""
    try:
        return is_settled(run.database)
    except ConfigurationError:
        return False


@contextmanager
def flag(run: Run, name: str) -> Iterator[None]:
    """Let the SQLite database of a run refuse writes."""
    path = run.server.folder / name
    path.touch()
    yield
    path.unlink()


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill a file system up, and free it again."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    yield
    filler.unlink()


def may_mount() -> bool:
    """Tell whether this system lets us mount something that only our own processes see."""
    try:
        command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]  # noqa: S108 - a new, empty one
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


MAY_MOUNT = may_mount()


@pytest.mark.skipif(
    not MAY_MOUNT, reason="this system lets nobody mount; SQLite's own limit is tried instead"
)
def test_a_disk_that_is_full(tmp_path):
    """The disk of the database is full, really: whatever SQLite wants to write has no room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=8m tmpfs '{disk}' && exec \"$@\""
    wrapper = ["unshare", "-rm", "sh", "-c", mount, "sh"]
    with running(tmp_path, f"sqlite:///{disk}/aftercare.db", SEED, wrapper=wrapper, disk=disk) as run:
        seen = Path(f"/proc/{run.server.pid}/root{disk}")
        live_through(run, filled(seen), ("database or disk is full", "free some room"), nothing_fits=False)


@pytest.mark.skipif(MAY_MOUNT, reason="a disk that is really full is tried instead")
def test_a_database_that_may_not_grow(tmp_path):
    """The same error, out of SQLite's own limit."""
    with running(tmp_path, f"sqlite:///{tmp_path}/aftercare.db", SEED) as run:
        what = ("database or disk is full", "free some room")
        live_through(run, flag(run, DISK_FULL), what, nothing_fits=False, says_so=False)


def test_a_sqlite_database_that_only_reads(tmp_path):
    """Nothing is acknowledged, and the log says whose rights to look at."""
    with running(tmp_path, f"sqlite:///{tmp_path}/aftercare.db", SEED) as run:
        live_through(run, flag(run, READ_ONLY), ("readonly database", "the right to write"))


def test_a_sqlite_database_that_is_locked(tmp_path):
    """Another process keeps the write lock for longer than anybody waits."""
    path = tmp_path / "aftercare.db"

    @contextmanager
    def locked() -> Iterator[None]:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    with running(tmp_path, f"sqlite:///{path}", SEED, more={"KILL_BUSY_SECONDS": "1"}) as run:
        live_through(run, locked(), ("database is locked", "the other process"))


@pytest.mark.postgres
def test_a_postgresql_database_that_only_reads(tmp_path, postgres_databases):
    """As a server that has become a replica."""
    url = postgres_databases.create()
    name = str(make_url(url).database)

    @contextmanager
    def read_only() -> Iterator[None]:
        for value in ("on", "off"):
            postgres_databases.connection.execute(
                f"ALTER DATABASE {name} SET default_transaction_read_only = {value}"
            )
            # Sessions keep what held when they began.
            postgres_databases.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            if value == "on":
                yield

    with running(tmp_path, url, SEED) as run:
        live_through(run, read_only(), ("ReadOnlySqlTransaction", "the server that takes writes"))
    postgres_databases.drop(url)


@contextmanager
def stopped(server: postgres.Server, how: signal.Signals) -> Iterator[None]:
    """Stop a private PostgreSQL, and start it again with durable commits."""
    data = server.folder / "data"
    pid = int((data / "postmaster.pid").read_text().split()[0])
    postmaster = Process.find(pid)
    assert postmaster is not None
    programs = Path(f"/proc/{pid}/exe").readlink().parent
    os.kill(pid, how)
    until(lambda: not postmaster.lives, "PostgreSQL to stop")
    yield
    options = f"{postgres.SETTINGS} -c synchronous_commit=on -k '{server.folder}'"
    command = ("pg_ctl", "-D", data, "-l", server.folder / "log", "-o", options, "-w", "-t", "60", "start")
    starting = postgres.Account.choose().start(programs / command[0], *command[1:])
    assert starting.stdin is not None
    starting.stdin.close()
    assert 0 == starting.wait(90)
    assert starting.stdout is not None
    starting.stdout.close()


@pytest.fixture
def own_postgres() -> Iterator[postgres.Server]:
    """A PostgreSQL server that nobody else uses. What it acknowledges, it keeps."""
    try:
        server = postgres.start_server()
    except postgres.NoServer as problem:
        if os.environ.get("AFTERCARE_REQUIRE_POSTGRES") == "1":
            pytest.fail(str(problem), pytrace=False)
        pytest.skip(str(problem))
    try:
        with stopped(server, signal.SIGINT):
            pass
        with psycopg.connect(
            host=str(server.folder), user=postgres.OWNER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("CREATE DATABASE shop TEMPLATE template0")
        yield server
    finally:
        server.stop()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGQUIT, id="crash"),
        pytest.param(signal.SIGINT, id="restart", marks=pytest.mark.long),
    ],
)
def test_postgresql_restarted_in_the_middle(tmp_path, own_postgres, how):
    """All sessions end, and with them the decider's lock; everybody comes back by themselves."""
    with running(tmp_path, own_postgres.url("shop"), SEED) as run:
        live_through(run, stopped(own_postgres, how), ("cannot be used now", "can be reached"))
