"""What fakes of platforms have in common: they answer over `responses`, and over HTTP on this computer."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from responses import RequestsMock

_LARGEST = 16 * 1024 * 1024
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as it goes over HTTP but for the length of its body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Answer = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""Answers a request: its method, where it goes to, its headers and its body. Called by many threads."""


def answer_in(mock: RequestsMock, url: str, answer: Answer) -> None:
    """Let a mock of the package `responses` answer all requests below `url`, with their whole address."""

    def answered(request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else body
        reply = answer(request.method, request.url, request.headers, sent)
        # The mock sets the type of the content by itself.
        headers = {name: value for name, value in reply.headers.items() if name != "Content-Type"}
        return reply.status, headers, reply.body

    place = re.compile(re.escape(url) + "/.*")
    for method in _METHODS:
        mock.add_callback(method, place, callback=answered, content_type="application/json")


@contextmanager
def served(answer: Answer, *, port: int = 0) -> Iterator[str]:
    """Serve on 127.0.0.1 while the block runs, requests by their paths; give the address.

    `port` 0 takes a free one. Raises OSError for a port that is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: apart, the second waits 40 ms for the first

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, _LARGEST))
            reply = answer(self.command, self.path, dict(self.headers), body)
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - by http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing: a log is no place for requests."""

    server = _Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="fake-shop", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """A server that leaves no thread behind: those that wait for a next request are told that none comes."""

    daemon_threads = False

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self._open: set[socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that are kept open."""
        for request in tuple(self._open):
            with suppress(OSError):  # it has just ended by itself
                request.shutdown(SHUT_RDWR)
