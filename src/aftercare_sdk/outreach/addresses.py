"""E-mail addresses in the form in which a mail server takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ATOM = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(\.{_ATOM})*")
# Mobile carriers in Japan gave out addresses like `hana..k.@carrier.example`, which must be quoted.
_CARRIER_ATOM = re.compile(rf"({_ATOM}|\.)+")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")


class UnusableAddress(ValueError):
    """No mail server can take this address. The message does not repeat it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox; `domain` is in the ASCII form of DNS."""

    local: str = field(repr=False)
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def international(self) -> bool:
        """Whether only servers with the SMTPUTF8 extension can take it."""
        return not self.local.isascii()


def parse_address(text: str) -> Address:
    """Read a bare address such as `hana@example.jp`. Raises UnusableAddress."""
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain:
        raise UnusableAddress("not of the form name@domain")
    if not local.isprintable() or not domain.isprintable():
        raise UnusableAddress("contains characters that no address has")
    if _DOT_ATOM.fullmatch(local) is None:
        if _CARRIER_ATOM.fullmatch(local) is None:
            raise UnusableAddress("the part before the @ contains characters that no address has")
        local = f'"{local}"'
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise UnusableAddress("the part behind the @ is no domain") from None
    if _DOMAIN.fullmatch(ascii_domain) is None:
        raise UnusableAddress("the part behind the @ is no domain")
    if len(local.encode()) > 64 or len(local.encode()) + len(ascii_domain) > 253:  # noqa: PLR2004 - RFC 5321, 4.5.3.1
        raise UnusableAddress("too long")
    return Address(local, ascii_domain)
