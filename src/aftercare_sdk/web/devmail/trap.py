"""A mail trap: a real SMTP server on loopback that keeps what it gets and delivers nothing."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from aftercare_sdk.errors import ConfigurationError

_SECONDS_TO_HANG_UP = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One mail as it came over the wire: who it was handed over for, and its bytes.

    `number` counts from 1, in the order in which they came.
    """

    number: int
    recipients: tuple[str, ...] = field(repr=False)
    content: bytes = field(repr=False)


class MailTrap:
    """A server on a free port, from `with` to its end. `mails` holds what came, in its order.

    With `most` only so many are kept, the newest; and of those with `most_bytes` in all only the newest too.
    """

    def __init__(self, *, most: int | None = None, most_bytes: int | None = None) -> None:
        self.mails: deque[Caught] = deque(maxlen=most)
        self._most_bytes = most_bytes
        self._count = 0
        # Bound here and handed over, so that no other program can take the port in between.
        self._socket = _listen()
        self.host, self.port = self._socket.getsockname()[:2]
        self._controller = _Controller(self, self._socket)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.hang_up()
        self._controller.stop()
        self._socket.close()

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail and answer as a mail service does, with its own name for it."""
        content = envelope.original_content or b""
        self._count += 1
        recipients = tuple(map(str, envelope.rcpt_tos))
        self.mails.append(Caught(number=self._count, recipients=recipients, content=content))
        if self._most_bytes is not None:
            while len(self.mails) > 1 and sum(len(mail.content) for mail in self.mails) > self._most_bytes:
                self.mails.popleft()
        return f"250 2.0.0 Ok: queued as {self._count:06d}"


def _listen() -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", 0))
    except OSError as error:
        raise ConfigurationError(f"the mail trap cannot listen on 127.0.0.1 ({error.strerror})") from None


class _Controller(Controller):
    """aiosmtpd's controller, on a socket that is there already, and thorough in its end."""

    def __init__(self, trap: MailTrap, listening: socket.socket) -> None:
        # With a name of its own the server does not ask DNS for that of this machine.
        super().__init__(trap, hostname=trap.host, port=trap.port, server_hostname="localhost")
        self._listening = listening
        self._connections: list[SMTP] = []

    def factory(self) -> SMTP:
        connection = SMTP(self.handler, **self.SMTP_kwargs)
        self._connections.append(connection)
        return connection

    def hang_up(self) -> None:
        """Close what clients have left open; the controller itself would leave that to chance."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(_SECONDS_TO_HANG_UP)

    async def _hang_up(self) -> None:
        for connection in self._connections:
            if connection.transport is not None:
                connection.transport.close()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next round

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)
