"""The servers that are put under load, each as a process of its own on a fresh database."""

from __future__ import annotations

import argparse
import cProfile
import http.client
import json
import os
import pstats
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.logs import write_logs
from aftercare_sdk.engine.receive import Inbox
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from aftercare_woocommerce import plugin
from benchmarks.baselines import bare
from benchmarks.baselines.flask_orm import THREADS
from benchmarks.orders_of_a_shop import SECRET, environ, settings

FLASK, BARE, CEILING, ENDPOINT, SERVE = "flask", "bare", "ceiling", "endpoint", "serve"
_STARTING = 60.0
_STOPPING = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    process: int

    def processor_seconds(self) -> float:
        """Return the processor time that it and its children have used; 0 where only Linux could tell."""
        seconds = 0.0
        waiting = [self.process]
        while waiting:
            place = Path(f"/proc/{waiting.pop()}")
            try:
                # The name, in parentheses, may hold anything.
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                waiting += map(int, (place / "task" / place.name / "children").read_text().split())
            except OSError:
                continue
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds


@contextmanager
def running(name: str, folder: Path, profile: Path | None = None) -> Iterator[Server]:
    """Start a server. `profile` names the file that a profile of it is written to."""
    folder.mkdir(parents=True)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=2_048) as listening,
        (folder / "log").open("w") as log,
    ):
        command, variables = _command(name, folder, listening.fileno(), profile)
        process = subprocess.Popen(  # noqa: S603 - see _command
            command,
            env=os.environ | environ() | variables,
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            own = name not in {SERVE, ENDPOINT}
            port = listening.getsockname()[1] if own else _told_port(process, folder / "log")
            if not own:
                listening.close()
            _wait_for_answer(port)
            yield Server(port, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _command(
    name: str, folder: Path, number: int, profile: Path | None
) -> tuple[Sequence[str], dict[str, str]]:
    if name == FLASK:
        gunicorn = [sys.executable, "-m", "gunicorn", "--workers", "1", "--worker-class", "gthread"]
        gunicorn += ["--threads", str(THREADS), "--keep-alive", "75", "--bind", f"fd://{number}"]
        variables = {"BASELINE_DATABASE": f"sqlite:///{folder}/inbox.db", "BASELINE_SECRET": SECRET}
        return [*gunicorn, "benchmarks.baselines.flask_orm:make_app()"], variables
    if name == SERVE:
        _write_configuration(folder / "aftercare.toml", settings(f"sqlite:///{folder}/aftercare.db"))
        aftercare = [sys.executable, "-m", "aftercare_sdk", "--config", str(folder / "aftercare.toml")]
        return [*aftercare, "serve", "--port", "0"], {}
    told = [sys.executable, "-m", "benchmarks.servers", name, str(folder), str(number)]
    return [*told, *([str(profile)] if profile else [])], {}


def _wait_for_answer(port: int) -> None:
    """Wait until a server answers, whatever it answers: how long it takes to start is not measured."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_STARTING)
    with closing(connection):
        connection.request("GET", "/healthz")
        connection.getresponse().read()


def _told_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until a server has told where it listens, as a line of its log."""
    until = time.monotonic() + _STARTING
    while time.monotonic() < until and process.poll() is None:
        for line in log.read_text().splitlines():
            told = json.loads(line) if line.endswith("}") else {}
            if told.get("event") == "serving":
                return int(told["url"].rpartition(":")[2])
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def _write_configuration(path: Path, told: dict[str, Any]) -> None:
    lines = []
    for name, section in told.items():
        for place, values in _tables(name, section):
            lines += [f"[{place}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _tables(place: str, section: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield place, {key: value for key, value in section.items() if not isinstance(value, dict)}
    for key, value in section.items():
        if isinstance(value, dict):
            yield from _tables(f"{place}.{key}", value)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def _serve_endpoint(folder: Path, profile: Path | None) -> None:
    """Serve as `aftercare serve` does, its log included, but without the children that decide and send."""
    from aftercare_sdk.engine.logs import log

    write_logs()
    made: list[cProfile.Profile] = []
    if profile is not None:
        _profile(Endpoint, "_run", made)
        _profile(Inbox, "_write", made)
    with (
        Aftercare(
            settings(f"sqlite:///{folder}/aftercare.db"), plugins={"woocommerce": plugin}, environ=environ()
        ) as aftercare,
        Endpoint(make_app(aftercare, dict), "127.0.0.1", 0) as endpoint,
    ):
        log.info("serving", url=endpoint.url)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for number, one in enumerate(made):
        with profile.with_suffix(f".{number}.txt").open("w") as out:  # type: ignore[union-attr]
            pstats.Stats(one, stream=out).sort_stats("tottime").print_stats(60)


def _profile(owner: type, name: str, made: list[cProfile.Profile]) -> None:
    """Profile what a method does, which is what its thread does."""
    method = getattr(owner, name)

    def profiled(*args: Any) -> Any:
        profile = cProfile.Profile()
        made.append(profile)
        return profile.runcall(method, *args)

    setattr(owner, name, profiled)


def main() -> None:
    """Run one of the servers that are written here."""
    parser = argparse.ArgumentParser(description="one server, for benchmarks")
    parser.add_argument("name", choices=[BARE, CEILING, ENDPOINT])
    parser.add_argument("folder", type=Path)
    parser.add_argument("listening", type=int)
    parser.add_argument("profile", type=Path, nargs="?")
    given = parser.parse_args()
    # Blocked in every thread that comes, so that it waits for sigwait.
    if given.name == ENDPOINT:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
        _serve_endpoint(given.folder, given.profile)
        return
    listening = socket.socket(fileno=given.listening)
    bare.serve(listening, given.folder / "inbox.db", SECRET, store=given.name == BARE)


if __name__ == "__main__":
    main()
