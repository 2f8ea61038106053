"""A DNS server on loopback, over UDP and TCP, that answers from a table and can be told to fail."""

from __future__ import annotations

import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_PLAIN_SIZE = 512
_LONGEST_PART = 255


def text(*parts: str) -> str:
    """Return a TXT record as zone files write it: the parts as given, but none longer than DNS allows."""
    short = [part[at : at + _LONGEST_PART] for part in parts for at in range(0, len(part), _LONGEST_PART)]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in short)


@dataclass(slots=True)
class Zone:
    """What is known: records by name and type, as zone files write them. Names are in small letters.

    `broken` names get SERVFAIL, of `silent` ones nothing is heard, and an empty list says that a name exists.
    """

    records: Mapping[str, Mapping[str, Sequence[str]]]
    broken: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    port: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """The transport, name and type of each question, the name as it was written."""

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """Return the answer to a question, or None to say nothing."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        written, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((transport, written, kind))
        name = written.lower()
        if name in self.silent or "*" in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(response, name, kind)
        # Without EDNS a plain datagram is all that the other side takes.
        size = max(query.payload, _PLAIN_SIZE) if transport == "udp" else 65_535
        if len(response.to_wire(max_size=65_535)) > size:
            response.answer.clear()
            response.flags |= dns.flags.TC
        return response.to_wire(max_size=65_535)

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        known = {each for full in self.records for each in _above(full)}
        while True:
            records = self.records.get(name, {})
            if name not in known:
                response.set_rcode(dns.rcode.NXDOMAIN)
            if records.get(kind):
                response.answer.append(dns.rrset.from_text_list(f"{name}.", 300, "IN", kind, records[kind]))
            if kind == "CNAME" or "CNAME" not in records:
                return
            response.answer.append(dns.rrset.from_text_list(f"{name}.", 300, "IN", "CNAME", records["CNAME"]))
            name = records["CNAME"][0].lower().rstrip(".")


def _above(name: str) -> Iterator[str]:
    """Yield a name and those above it, which exist because it does."""
    labels = name.split(".")
    yield from (".".join(labels[start:]) for start in range(len(labels)))


@contextmanager
def dns_server(
    records: Mapping[str, Mapping[str, Sequence[str]]],
    *,
    broken: Sequence[str] = (),
    silent: Sequence[str] = (),
    tcp: bool = True,
) -> Iterator[Zone]:
    """Serve a table of records; the zone has the port. Without `tcp` only datagrams are answered."""
    zone = Zone(records, frozenset(broken), frozenset(silent))

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, own = self.request
            answer = zone.answer(wire, "udp")
            if answer is not None:
                own.sendto(answer, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (size,) = struct.unpack("!H", self.rfile.read(2))
            answer = zone.answer(self.rfile.read(size), "tcp")
            if answer is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    failures: list[BaseException | None] = []
    with ExitStack() as stack:
        stream = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream))
        zone.port = stream.server_address[1]
        datagram = stack.enter_context(socketserver.ThreadingUDPServer(("127.0.0.1", zone.port), Datagram))
        if not tcp:
            stream.server_close()
        for server in (stream, datagram) if tcp else (datagram,):
            # A mistake in a table of records must not look like a server that says nothing.
            server.handle_error = lambda *_: failures.append(sys.exception())  # type: ignore[method-assign]
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield zone
    for failure in failures:
        if failure is not None:
            raise failure


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
