"""How a fake shop refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """Something that the shop does not do: an act that cannot be, or a request that is turned away.

    `status`, `headers` and `body` are what a request gets to see.
    """

    def __init__(
        self, message: str, *, status: int = 422, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Any = {"errors": message} if body is None else body


class MissingExtra(ImportError):
    """A library of the extra `fake` is not installed."""

    def __init__(self, library: str) -> None:
        super().__init__(
            f"aftercare-shopify: the fake Shopify needs {library}: pip install 'aftercare-shopify[fake]'"
        )
