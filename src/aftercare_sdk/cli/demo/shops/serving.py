"""A shop of the demo over real HTTP, on this machine only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Mapping[str, str], bytes]
"""A status, headers without the length, and a body."""

_LARGEST = 16 * 1024 * 1024


@contextmanager
def serving(answer: Callable[[str, Mapping[str, str], bytes], Answer], port: int) -> Iterator[str]:
    """Serve what `answer` says to a path, headers and body, while the block runs; give the address.

    It is called by many threads. `port` 0 takes a free one. Raises OSError for a port that is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        # Headers and body leave together: apart, the second waits 40 ms for the first to be acknowledged.
        # Each connection serves one request, so that none of them, with its thread, outlives the shop.
        wbufsize = -1

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, _LARGEST))
            status, headers, told = answer(self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a log is no place for requests."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = False  # they are waited for, and last as long as one request
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="demo-shop", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
