"""A real `aftercare serve` that is killed again and again, a shop that keeps telling, and a mail server.

Everything random comes from one seed: what is told, when a process is killed and which, how the mail server
takes a mail. What the processes make of it depends on the machine too, so a seed gives the same kind of run,
not the same run to the instruction.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.kill_plugin import TRACES, Delivery, Story, seeded
from tests.support.shop import SECRET

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 90
"""How long something may take that must happen, on a machine that is busy with other tests."""
PARENT, DECIDER, SENDER = "parent", "decider", "sender"

CONFIGURATION = """
[brand]
name = "Hibi"
locale = "en"
zone = "UTC"
country = "GB"
[database]
url = {{ env = "KILL_DATABASE" }}
[defaults]
lease = "2 minutes"  # one second on the machine's clock
hook_budget = "30s"   # the tests kill, and the machine may be busy: no hook is to be fenced out for that
stall = "60s"
[shops.main]
adapter = "test"
secrets = [{{ env = "KILL_SECRET" }}]
currency = "GBP"
assume_delivered = false
[quiet_hours]
email = "none"
[channels.email]
kind = "smtp"
sender = "hello@shop.example"
host = "127.0.0.1"
port = {port}
security = "none"
[plugins.kills]
starts_at = 2026-01-01T00:00:00Z
[plugins.flows]
starts_at = 2026-01-01T00:00:00Z
"""


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.02)


class PostOffice:
    """A mail server in the process of the tests. It keeps every mail, and is moody as long as it is to be.

    Some answers come late, so that a sender can be killed between the final dot and the answer. Some mails
    are kept though the line is cut, some are not kept though everything was sent, some are put off.
    """

    def __init__(self, seed: int) -> None:
        self._chance = seeded(seed, "post")
        self.moody = True
        self.mails: list[tuple[str, str, str]] = []
        """Message-ID, recipient and subject of every mail taken over."""
        self.with_us = threading.Event()
        """Set while a mail has been received and not yet answered."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.moody:
            return self._keep(envelope)
        mood = self._chance.random()
        self.with_us.set()
        try:
            if mood < 0.04:
                return "451 4.3.0 Try again later"
            if mood < 0.5:
                # A client that is killed meanwhile ends this, as it does at servers that notice.
                await asyncio.sleep(self._chance.uniform(0, 0.06))
                answer = self._keep(envelope)
            else:
                answer = self._keep(envelope) if mood < 0.88 else ""
                await asyncio.sleep(self._chance.uniform(0, 0.1))
            if mood > 0.76:
                server.transport.abort()
        finally:
            self.with_us.clear()
        return answer

    def _keep(self, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"")
        self.mails.append((str(mail["Message-ID"]), envelope.rcpt_tos[0], str(mail["Subject"])))
        return "250 2.0.0 Ok: queued as 4F1A2B"

    def copies(self) -> Counter[str]:
        """Return how often each message was taken over, by its id."""
        return Counter(id_.strip("<>").partition("@")[0] for id_, _, _ in self.mails)

    @contextlib.contextmanager
    def open(self) -> Iterator[int]:
        """Serve as long as the block; yields the port."""

        class Served(Controller):
            def factory(self) -> SMTP:
                return SMTP(self.handler, hostname="trap.example", enable_SMTPUTF8=True)

        controller = Served(self, hostname="127.0.0.1", port=free_port())
        controller.start()
        try:
            yield controller.port
        finally:
            controller.stop()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass(frozen=True)
class Process:
    """A process that the tests have started, directly or not."""

    pid: int
    started: str
    """When, as the system counts: a number that is given to another process later must not be killed."""

    @classmethod
    def find(cls, pid: int) -> Process | None:
        fields = _stat(pid)
        return None if fields is None or fields[0] == "Z" else cls(pid, fields[19])

    @property
    def lives(self) -> bool:
        return Process.find(self.pid) == self

    def kill(self) -> bool:
        """Send SIGKILL; return whether there was somebody to get it."""
        if not self.lives:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            return True
        return False


def _stat(pid: int) -> list[str] | None:
    """Return what /proc says of a process, from its state on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def children_of(parent: int) -> list[Process]:
    """Return the processes that a process has started and that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))) and fields[1] == str(parent):
            one = Process.find(int(entry.name))
            found += [one] if one else []
    return found


class Server:
    """`aftercare serve` on one port, started again whenever a test has killed it."""

    def __init__(self, folder: Path, environ: dict[str, str], wrapper: Sequence[str] = ()) -> None:
        self.folder = folder
        self._wrapper = wrapper
        self.port = free_port()
        self.environ = environ
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.started: list[Process] = []
        """Every process of every run that was seen, so that none is left behind."""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the parent has ended by itself."""
        assert self._process is not None
        return self._process.poll() is not None

    def start(self) -> None:
        """Start it; it needs some seconds until it answers."""
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(
                [*self._wrapper, sys.executable, "-m", "aftercare_sdk", "serve", "--port", str(self.port)],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        self._note()

    def children(self) -> list[Process]:
        """Return the decider, the sender, and what Python itself has started."""
        found = children_of(self.pid)
        self.started += [one for one in found if one not in self.started]
        return found

    def role(self, name: str) -> Process | None:
        """Return the child of a role, if it lives and has said who it is."""
        try:
            pid = int((self.folder / f"aftercare-{name}.pid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return next((one for one in self.children() if one.pid == pid), None)

    def kill_parent(self) -> list[Process]:
        """Kill the endpoint; return its children, which must end by themselves."""
        assert self._process is not None
        orphans = self.children()
        self._process.kill()
        self._process.wait()
        return orphans

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Ask the server how it is; 0 if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of the log about one thing."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in found if line.get("event") == event]

    def problems(self) -> set[str]:
        """Return what /readyz says is wrong."""
        status, told = self.get("/readyz")
        return set(told["problems"]) if status else {"endpoint"}

    def is_ready(self) -> bool:
        """Whether it says that all is well."""
        return self.get("/readyz")[0] == 200

    def stop(self) -> int:
        """Stop it as an administrator does; return the exit code."""
        assert self._process is not None
        self.children()
        self._process.terminate()
        return self._process.wait(PATIENCE_SECONDS)

    def traces(self, processes: Iterable[Process]) -> str:
        """Ask processes where they are."""
        told = []
        for one in processes:
            file = self.folder / f"{TRACES}.{one.pid}"
            if file.exists() and one.lives:
                os.kill(one.pid, signal.SIGUSR1)
                time.sleep(0.5)
                told.append(f"process {one.pid} does not end:\n{file.read_text(encoding='utf-8')}")
            else:
                told.append(f"process {one.pid} does not end, and had not come as far as its plugins")
        return "\n".join(told)

    def clean_up(self) -> None:
        """End whatever is left of what was started here."""
        if self._process is not None and self._process.poll() is None:
            self.children()
            self._process.kill()
            self._process.wait()
        for one in self.started:
            one.kill()

    def _note(self) -> None:
        mine = Process.find(self.pid)
        self.started += [mine] if mine else []


class Shop:
    """Posts what a story tells, from several threads, each webhook until it is acknowledged.

    It waits while `is_ahead` says so: a server that is killed all the time gets little done.
    """

    def __init__(
        self,
        story: Story,
        port: int,
        *,
        threads: int = 3,
        pause: float = 0.1,
        is_ahead: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._is_ahead = is_ahead
        self._told = story.deliveries()
        self._port = port
        self._pause = pause
        self._guard = threading.Lock()
        self._enough = threading.Event()
        self._chance = seeded(story.seed, "pauses")
        self.posted: list[Delivery] = []
        self.acknowledged: list[str] = []
        self.answers: Counter[int] = Counter()
        """How often each status came; 0: the line was cut or nobody listened."""
        self._threads = [threading.Thread(target=self._tell, daemon=True) for _ in range(threads)]

    def open(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Begin nothing new, and wait until everything that was begun is acknowledged."""
        self._enough.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads), "a webhook was never acknowledged"

    def _tell(self) -> None:
        while not self._enough.is_set():
            if self._is_ahead(len(self.acknowledged)):
                time.sleep(0.1)
                continue
            with self._guard:
                one = next(self._told)
                self.posted.append(one)
                pause = self._chance.uniform(0, 2 * self._pause)
            while self.post(one) != 202:
                time.sleep(0.05)
            with self._guard:
                self.acknowledged.append(one.id)
            time.sleep(pause)

    def post(self, one: Delivery) -> int:
        """Post one webhook; return the status, 0 for none."""
        status = 0
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=40)
        try:
            connection.request("POST", "/webhooks/main", one.request.body, dict(one.request.headers))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            pass  # as a shop sees it: not acknowledged
        finally:
            connection.close()
        with self._guard:
            self.answers[status] += 1
        return status


def make_folder(folder: Path, port: int) -> None:
    """Write the configuration, and install the plugin of these tests as pip would."""
    folder.mkdir(exist_ok=True)
    (folder / "aftercare.toml").write_text(CONFIGURATION.format(port=port))
    info = folder / "kills-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kills\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aftercare]\nkills = tests.support.kill_plugin:plugin\n")


def environment(folder: Path, url: str, story: Story) -> dict[str, str]:
    """Return what the processes of a run find in their environment."""
    return {
        **os.environ,
        "KILL_DATABASE": url,
        "KILL_SECRET": SECRET,
        "KILL_SEED": str(story.seed),
        "KILL_BEGAN": story.began.isoformat(),
        "KILL_MONOTONIC": str(time.monotonic()),
        "KILL_FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


def now() -> datetime:
    """Return the time of the machine: a run begins with it."""
    return datetime.now(UTC)  # noqa: TID251 - what is told must be of the day on which commands are run


class Killer:
    """Kills one process after the other at seeded random moments."""

    def __init__(self, seed: int, server: Server, post: PostOffice) -> None:
        self._chance = seeded(seed, "kills")
        self._server = server
        self._post = post
        self.killed: Counter[str] = Counter()
        self._orphans: list[Process] = []

    def run(self, kills: int) -> None:
        """Kill so many times."""
        while self.killed.total() - self.killed["while mail was on its way"] < kills:
            self._one()
        self.await_orphans()

    def await_orphans(self) -> None:
        """Children without a parent end by themselves, as soon as they have finished what they are at."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := [one for one in self._orphans if one.lives]:
            assert time.monotonic() < deadline, self._server.traces(left)
            time.sleep(0.1)

    def _one(self) -> None:
        kind = self._chance.random()
        if kind < 0.4:
            self._while_mail_is_on_its_way()
            return
        time.sleep(self._chance.uniform(0, 1.5))
        if kind < 0.6:
            self._end_parent()
        else:
            self._end_child(self._chance.choice((DECIDER, SENDER)))

    def _while_mail_is_on_its_way(self) -> None:
        until(self._post.with_us.is_set, "a mail on its way")
        time.sleep(self._chance.uniform(0, 0.03))
        on_its_way = self._post.with_us.is_set()
        if self._chance.random() < 0.2:
            self._end_parent()
        elif not self._end_child(SENDER):
            return
        self.killed["while mail was on its way"] += on_its_way

    def _end_parent(self) -> None:
        self._orphans += self._server.kill_parent()
        self.killed[PARENT] += 1
        self._server.start()

    def _end_child(self, role: str) -> bool:
        """Kill the child of a role, or a child that is only just starting."""
        target = self._server.role(role)
        children = self._server.children()
        if target is None and children:
            target = self._chance.choice(children)
        if target is None or not target.kill():
            return False
        self.killed[role] += 1
        return True


def without_doubles(values: Iterable[str]) -> list[str]:
    """Return what is there more than once."""
    return sorted(value for value, count in Counter(values).items() if count > 1)
