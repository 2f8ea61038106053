"""Questions to DNS. All of them together have one patience, so that a dead network delays nobody for long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from dns.rdata import Rdata
    from dns.resolver import Resolver

PATIENCE_SECONDS = 5.0
"""For all questions of one check-up."""
QUESTION_SECONDS = 3.0
"""For one of them."""
_TRY_SECONDS = 1.0
_PAYLOAD = 1232  # the size that passes without fragments; a longer answer comes over TCP
_LONGEST_QUOTE = 80

Kind = Literal["TXT", "A", "AAAA", "MX"]


class NotKnown(Exception):
    """Nobody could say what stands in DNS. The text is the reason, for a person."""


class Names:
    """What a resolver says, each question asked once. Several threads may ask at the same time."""

    def __init__(self, resolver: tuple[str, int] | None = None) -> None:
        """Ask the resolver at an IP address and port, or those of this machine.

        Raises NotKnown if the machine names none, ImportError without dnspython.
        """
        from dns.resolver import NoResolverConfiguration, Resolver

        try:
            self._resolver: Resolver = Resolver(configure=resolver is None)
        except NoResolverConfiguration:
            raise NotKnown("this machine names no DNS resolver") from None
        if resolver is not None:
            self._resolver.nameservers = [resolver[0]]
            self._resolver.port = resolver[1]
        self._resolver.timeout = _TRY_SECONDS
        self._resolver.use_edns(0, 0, _PAYLOAD)
        self._known: dict[tuple[str, Kind], tuple[str, ...] | None] = {}
        self._end = time.monotonic() + PATIENCE_SECONDS
        self._has_answered = False
        self._is_dead = False

    def ask(self, name: str, kind: Kind) -> tuple[str, ...] | None:
        """Return the records of a name: texts put together, addresses, or hosts for mail.

        None: there is no such name. Raises NotKnown.
        """
        question = (name.lower().rstrip("."), kind)
        if question not in self._known:
            self._known[question] = self._asked(*question)
        return self._known[question]

    def _asked(self, name: str, kind: Kind) -> tuple[str, ...] | None:
        from dns.exception import DNSException, Timeout
        from dns.name import from_text
        from dns.resolver import NXDOMAIN, NoNameservers

        patience = min(QUESTION_SECONDS, self._end - time.monotonic())
        if self._is_dead:
            raise NotKnown("the DNS resolver does not answer")
        if patience <= 0:
            raise NotKnown("DNS answers too slowly")
        try:
            whole = from_text(name)
        except (DNSException, UnicodeError):
            return None  # no name can be written so
        try:
            answer = self._resolver.resolve(
                whole, kind, raise_on_no_answer=False, lifetime=patience, search=False
            )
        except NXDOMAIN:
            self._has_answered = True
            return None
        except Timeout:
            self._is_dead = not self._has_answered
            told = (
                "the DNS resolver does not answer"
                if self._is_dead
                else f"DNS does not answer for {quoted(name)}"
            )
            raise NotKnown(told) from None
        except NoNameservers as error:
            raise NotKnown(_why(name, error.kwargs.get("errors", ()))) from None
        except DNSException as error:
            raise NotKnown(f"DNS has no usable answer for {quoted(name)} ({type(error).__name__})") from None
        self._has_answered = True
        return tuple(_text(record) for record in answer.rrset or ())


def _why(name: str, errors: Sequence[Any]) -> str:
    """Say why every resolver was given up; each error ends with the exception and the response."""
    from dns.rcode import to_text

    *_, failure, response = errors[-1] if errors else (None, None)
    if response is not None:
        return f"DNS has no answer for {quoted(name)} ({to_text(response.rcode())})"
    if isinstance(failure, OSError):
        return f"no DNS resolver can be reached: {failure.strerror or type(failure).__name__}"
    return f"DNS has no usable answer for {quoted(name)}"


def _text(record: Rdata) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:  # one text may be stored in several parts, with nothing between them
        return b"".join(strings).decode("utf-8", "replace")
    exchange = getattr(record, "exchange", None)
    return str(record if exchange is None else exchange)


def quoted(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """Return a text out of DNS in quotes as it can be shown: what strangers wrote may hold anything."""
    plain = "".join(one if one.isascii() and one.isprintable() else "?" for one in text)
    return f'"{plain}"' if len(plain) <= longest else f'"{plain[:longest]}…"'
