"""A fake shop for tests in one process, and over real HTTP on this computer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aftercare_sdk.shops import fakes
from aftercare_sdk.shops.fakes import Reply
from aftercare_woocommerce.fake.rest.api import Api

if TYPE_CHECKING:
    from responses import RequestsMock


def answer_in(mock: RequestsMock, api: Api) -> None:
    """Let a mock of the package `responses` answer for the shop, at the shop's own address."""

    def answer(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        # Looked up at each request: a test may put another answer in its place.
        return api.answer(method, url, headers, body)

    fakes.answer_in(mock, api.shop.site.url, answer)


@contextmanager
def serve(api: Api, port: int = 0) -> Iterator[str]:
    """Serve the shop on 127.0.0.1 while the block runs; give its address, which becomes that of the shop.

    `port` 0 takes a free one.
    """

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return api.answer(method, api.shop.site.url + path, headers, body)

    with fakes.served(answer, port=port) as url:
        api.shop.site = replace(api.shop.site, url=url)
        yield url
