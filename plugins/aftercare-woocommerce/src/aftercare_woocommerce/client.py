"""How an adapter asks a shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Client(Protocol):
    """Reads from the REST API of one shop."""

    def get(self, path: str, params: Mapping[str, int | str]) -> Answer:
        """Get `path`, relative to `/wp-json/wc/v3/`, such as `orders/42`.

        Raises PlatformUnavailable if there is no answer; every answer is returned.
        """
