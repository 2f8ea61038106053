"""How two pictures of the same object are put in order, whichever came first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

T = TypeVar("T")

FROM_FILE = "file:"
"""What the digest of a picture begins with that is out of a file."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Where a picture of an object stands among the others of that object.

    Ordered by the vendor's own modification time, then by the instant of an authoritative read, then by
    a hash of the content, so that any two machines agree whatever the order of arrival. A read that tells
    no modification time, such as one that found nothing, shows the object as of the second in which it was
    read, since vendors date changes to the second.
    """

    modified_at: datetime | None = None
    read_at: datetime | None = None
    digest: str = ""

    @property
    def rank(self) -> tuple[datetime, datetime, str, datetime]:
        """The sort key; what is unknown ranks below everything known. Only equal versions rank alike."""
        read_at = self.read_at or _NEVER
        changed_at = self.modified_at or read_at.replace(microsecond=0)
        return (changed_at, read_at, self.digest, self.modified_at or _NEVER)

    @property
    def authoritative(self) -> bool:
        """Whether the object was read from the shop, complete, and not merely told by a notice."""
        return self.read_at is not None

    @property
    def imported(self) -> bool:
        """Whether the picture is out of a file: of an unknown moment, so that whatever else is told wins.

        Among themselves the pictures of files are put in order by the `digest`, which begins with `FROM_FILE`
        and the moment at which the file was written.
        """
        return self.modified_at is None and self.read_at is None and self.digest.startswith(FROM_FILE)

    @property
    def instant(self) -> datetime | None:
        """The moment that the picture shows, as well as it is known."""
        return self.modified_at or self.read_at


@dataclass(frozen=True, slots=True)
class Register(Generic[T]):
    """A value together with the version that last wrote it."""

    value: T
    version: Version


def later(one: Register[T] | None, other: Register[T] | None) -> Register[T] | None:
    """Return the register with the higher version: commutative, associative, idempotent."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda register: register.version.rank)


def content(value: object) -> object:
    """Return what a record says, without when and how each part of it became known: to compare records."""
    if isinstance(value, Version):
        return None
    if isinstance(value, Register):
        return content(value.value)
    if is_dataclass(value):
        return tuple(content(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return {key: content(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(content(each) for each in value)
    return value
