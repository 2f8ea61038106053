"""The endpoint as a server: uvicorn in this process, the decider and the sender as its children."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import uvicorn
from starlette.routing import Route
from starlette.types import ASGIApp

from aftercare_sdk.config import load
from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.logs import log, write_logs
from aftercare_sdk.engine.supervise import Reader, Supervisor, decide, send
from aftercare_sdk.errors import AftercareError, ConfigurationError
from aftercare_sdk.store import journal, messages, schema
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.probe import Probe

if TYPE_CHECKING:  # it needs a mail server, which a shop's own server does not
    from aftercare_sdk.web.devmail.dev import Dev

LATE = timedelta(minutes=15)
"""How long after its moment a message may still wait before the server counts as not ready (OBS-03)."""


class Endpoint:
    """An ASGI application on a socket of its own, served from a thread until it is closed."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,  # nobody here asks who the client is or by which scheme it came
            timeout_keep_alive=75,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="aftercare-endpoint", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        # uvicorn chooses a loop only in `Server.run`, which is for a main thread.
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))


def serve(
    config: Path | str | None,
    *,
    host: str | None = None,
    port: int | None = None,
    dev: Dev | None = None,
) -> int:
    """Serve until a signal comes; return an exit code. `dev`: for trying out, nothing leaves this machine."""
    read: Reader = load if dev is None else dev.read
    settings = read(config)
    if settings.source is None:
        message = "the children of `serve` read the configuration from a file; name one"
        raise ConfigurationError(message)
    server = settings.server
    host = server.host if host is None else host
    port = server.port if port is None else port
    if dev is not None:
        dev.check_host(host)
    write_logs()
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    with Aftercare(settings) as aftercare:
        if dev is not None:
            dev.begin(aftercare.brand)
        supervisor = Supervisor(settings.source, {"decider": decide, "sender": send}, read=read)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: supervisor.stop())
        probe = Probe(aftercare.brand.database)
        more = [] if dev is None else dev.routes(aftercare.brand, lambda: endpoint.url)
        if server.metrics:
            more += _metrics(aftercare)
        app = make_app(aftercare, lambda: readiness(aftercare, supervisor.alive, probe), more)
        with Endpoint(app, host, port) as endpoint:
            log.info("serving", url=endpoint.url, shops=sorted(aftercare.brand.shops))
            if dev is not None:
                dev.announce(aftercare.brand, endpoint.url)
            return supervisor.watch()


def _metrics(aftercare: Aftercare) -> list[Route]:
    try:
        from aftercare_sdk.web import metrics
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise ConfigurationError(
            "server.metrics needs prometheus_client, which is not installed: "
            'pip install "aftercare-sdk[metrics]"'
        ) from None
    return metrics.routes(aftercare)


def readiness(
    aftercare: Aftercare, alive: Mapping[str, bool], probe: Probe | None = None
) -> Mapping[str, str]:
    """Return what is not ready: database, schema, children, messages that should have left (OBS-03).

    `probe` None: the database is only asked, not written.
    """
    problems = {name: "not running" for name, is_alive in alive.items() if not is_alive}
    database = aftercare.brand.database
    now = aftercare.clock.now()
    try:
        if schema.current(database) != schema.head():
            problems["schema"] = "run `aftercare db upgrade`"
        with database.read() as connection:
            oldest = messages.oldest_due(connection, now)
            waiting = journal.oldest_new(connection)
        if probe is not None and (problem := probe.problem()):
            problems["database"] = problem
        if oldest is not None and now - oldest > LATE:
            problems["messages"] = f"one has been due since {oldest.isoformat()}"
        if waiting is not None and now - waiting > LATE:
            problems["journal"] = f"a row has waited since {waiting.isoformat()}"
    except AftercareError as error:
        log.error("not ready", problem=str(error))
        problems["database"] = "cannot be used; see the log"
    return problems


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes a uvloop, which is much quicker than Python's own loop; None without it."""
    try:
        import uvloop
    except ModuleNotFoundError:  # Windows
        return None
    return uvloop.new_event_loop


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle off only where it reads IPPROTO_TCP; with it on,
    # each answer waits 40 ms for the client's delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        message = (
            f"cannot listen on {host} port {port} ({error.strerror}); choose another with --host or --port"
        )
        raise ConfigurationError(message) from None
    listening.listen(2_048)
    return listening
