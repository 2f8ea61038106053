"""A fake shop for tests in one process, and over real HTTP on this computer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aftercare_sdk.shops import fakes
from aftercare_sdk.shops.fakes import Reply
from aftercare_shopify.fake.api import Api

if TYPE_CHECKING:
    from responses import RequestsMock


def answer_in(mock: RequestsMock, api: Api) -> None:
    """Let a mock of the package `responses` answer for the shop, at the shop's own address."""

    def answer(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        # Looked up at each request: a test may put another answer in its place.
        return api.answer(method, url, headers, body)

    fakes.answer_in(mock, api.shop.url, answer)


@contextmanager
def serve(api: Api, port: int = 0) -> Iterator[str]:
    """Serve the shop on 127.0.0.1 while the block runs; give its address, which becomes that of the shop.

    `port` 0 takes a free one. The shop's name, `domain`, stays what it is.
    """

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return api.answer(method, api.shop.url + path, headers, body)

    before = api.shop.url
    with fakes.served(answer, port=port) as url:
        api.shop.url = url
        try:
            yield url
        finally:
            api.shop.url = before
