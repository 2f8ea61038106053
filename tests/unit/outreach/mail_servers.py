"""Mail servers on loopback: a real one that answers or fails as a test wants, and a scripted one."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax

ABORT = "abort"
"""As an answer: close the connection instead of answering."""


class Inbox:
    """What a server got, and how it is to answer: `answers["RCPT"] = "550 5.1.1 No such user"`."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.connections = 0
        self.commands: list[str] = []
        self.answers: dict[str, str] = {}

    def answer(self, command: str, server: SMTP, usual: str) -> str:
        """Answer, or close the connection. A list gives one answer after the other."""
        self.commands.append(command)
        given = self.answers.get(command, usual)
        if given == ABORT:
            server.transport.abort()
        return given

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answer("MAIL", server, "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answer("RCPT", server, "250 OK")

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.answer("RSET", server, "250 OK")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.answer("QUIT", server, "221 Bye")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        given = self.answer("BODY", server, "250 2.0.0 Ok: queued as 4F1A2B")
        # A server that is lost may have kept the mail all the same: that is what cannot be known.
        if given.startswith("250") or given == ABORT:
            self.mails.append(envelope)
        return given


class _Server(SMTP):
    """aiosmtpd, with a say at DATA and without a look-up of this machine's name."""

    def __init__(self, inbox: Inbox, **options: Any) -> None:
        super().__init__(inbox, hostname="trap.example", enable_SMTPUTF8=True, **options)
        inbox.connections += 1

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        given = self.event_handler.answer("DATA", self, "354")
        if given == "354":
            await super().smtp_DATA(arg)
        elif given != ABORT:
            await self.push(given)


@contextlib.contextmanager
def mail_server(inbox: Inbox, *, tls: Any = None, **options: Any) -> Iterator[int]:
    """Run a server for as long as the block; yields its port. `tls` wraps the connection from the start."""

    class Served(Controller):
        def factory(self) -> SMTP:
            return _Server(inbox, **options)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Served(inbox, hostname="127.0.0.1", port=port, ssl_context=tls)
    controller.start()
    inbox.connections = 0  # the controller itself had looked whether the server answers
    inbox.commands.clear()
    try:
        yield port
    finally:
        controller.stop()


def login(username: bytes, password: bytes) -> Callable[..., AuthResult]:
    """Make an authenticator that knows one pair."""

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        known = (data.login, data.password) == (username, password)
        return AuthResult(success=known, handled=known)

    return authenticate


@contextlib.contextmanager
def scripted_server(script: list[bytes | None]) -> Iterator[int]:
    """Run a server that says each line of `script` after one line of the client; None closes the connection.

    The first entry is the greeting. Each new connection begins the script again.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def talk(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(10)
            for number, answer in enumerate(script):
                if number and not lines.readline():
                    return
                if answer is None:
                    return
                connection.sendall(answer)
            while lines.readline():
                pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def certificate(folder: Path, name: str) -> Path:
    """Make a key and a certificate for `name`, which is its own authority; returns the file with both."""
    file = folder / f"{name}.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", str(file), "-out", str(folder / "cert.pem"), "-days", "2", "-subj", f"/CN={name}"),
            *("-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:TRUE"),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + (folder / "cert.pem").read_text())
    return file
