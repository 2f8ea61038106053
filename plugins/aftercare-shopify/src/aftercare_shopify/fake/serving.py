"""A fake shop for tests in one process, and over real HTTP on this computer."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.api import Api

if TYPE_CHECKING:
    from responses import RequestsMock

_LARGEST = 16 * 1024 * 1024
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def answer_in(mock: RequestsMock, api: Api) -> None:
    """Let a mock of the package `responses` answer for the shop, at the shop's own address."""

    def answered(request: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else body
        reply = api.answer(request.method, request.url, request.headers, sent)
        # The mock sets the type of the content by itself.
        headers = {name: value for name, value in reply.headers.items() if name != "Content-Type"}
        return reply.status, headers, reply.body

    place = re.compile(re.escape(api.shop.url) + "/.*")
    for method in _METHODS:
        mock.add_callback(method, place, callback=answered, content_type="application/json")


@contextmanager
def serve(api: Api, port: int = 0) -> Iterator[str]:
    """Serve the shop on 127.0.0.1 while the block runs; give its address, which becomes that of the shop.

    `port` 0 takes a free one. The shop's name, `domain`, stays what it is.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: else each answer waits for the one before

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, _LARGEST))
            reply = api.answer(self.command, api.shop.url + self.path, dict(self.headers), body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - by http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing: a log is no place for requests."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    before, api.shop.url = api.shop.url, f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="fake-shopify", daemon=True)
    thread.start()
    try:
        yield api.shop.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        api.shop.url = before
