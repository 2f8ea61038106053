"""Asking a custom shop: for one object, and for what has changed, page by page."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from aftercare_customshop import codes, orders, outgoing, people, products, reviews, schemas
from aftercare_customshop.client import Client, json_of
from aftercare_customshop.options import KINDS, WHOLE, Rules
from aftercare_customshop.reading import load, misunderstood
from aftercare_customshop.schemas import Data, Part
from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.shops import Gone, Reading, Ref, Snapshot
from aftercare_sdk.model.sync import Cursor, Page
from aftercare_sdk.shops.asking import Answer
from aftercare_sdk.shops.loading import Loader, compiled

_NO_OBJECT = frozenset({404, 410})
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    load: Loader
    tell: Callable[[Data, Rules], Snapshot]


def _kind(data: type[Part], tell: Callable[[Data, Rules], Snapshot]) -> _Kind:
    return _Kind(load=compiled(data()), tell=tell)


_KINDS: Mapping[str, _Kind] = {
    "order": _kind(schemas.Order, orders.read_order),
    "customer": _kind(schemas.Customer, people.picture),
    "product": _kind(schemas.Product, products.picture),
    "review": _kind(schemas.Review, reviews.picture),
    "code": _kind(schemas.DiscountCode, codes.picture),
}
_NAMES = {"code": "discount_code"}
"""What the wire format calls kinds, where it has another name for them."""
_PAGE = compiled(outgoing.Page())


class Reader:
    """Reads and lists one shop."""

    def __init__(self, client: Client, rules: Rules) -> None:
        self._client = client
        self._rules = rules

    def read(self, refs: Iterable[Ref]) -> Iterator[Reading]:
        """Give each object as it is now; see `ShopAdapter.read`."""
        for ref in refs:
            yield self._one(ref)

    def changes(self, since: Cursor) -> Iterator[Page]:
        """Give the pages of a stream; see `ShopAdapter.changes`.

        An object that cannot be understood is left out and logged: the others must not wait for it. A stream
        of everything thereby does not list it, so that it is read alone if it is known, and that failure
        shows.
        """
        what = since.stream.removesuffix(WHOLE)
        question = f"{what}.list"
        position = since.position
        while True:
            data = {
                "updated_since": None if since.since is None else since.since.astimezone(UTC).isoformat(),
                "cursor": position or None,
                "limit": self._rules.page_size,
            }
            told = self._page(question, self._ask(question, data))
            after: str | None = told["next"]
            if after is not None and after == position:
                raise self._wrong(
                    question, "next is the cursor that was asked for, so that it would never end"
                )
            yield Page(
                snapshots=tuple(self._understood(question, KINDS[what], told["items"])),
                position=after,
                total=told["total"],
            )
            if after is None:
                return
            position = after

    def _one(self, ref: Ref) -> Reading:
        question = f"{_NAMES.get(ref.kind, ref.kind)}.get"
        answer = self._ask(question, {"id": ref.id}, returned=_NO_OBJECT)
        if answer.status in _NO_OBJECT:
            # A shop that was put up without this address answers 404 as well, and has not lost its orders.
            if (json_of(answer) or {}).get("gone") is True:
                return Gone(ref)
            raise self._wrong(
                question,
                f'a {answer.status} without {{"gone": true}}: check the address, and that the shop says so '
                "of what it does not have",
            )
        try:
            told = self._snapshot(ref.kind, self._object(question, answer))
            if told.id != ref.id:
                raise misunderstood(["id is that of another object"])
        except TranslationError as error:
            problem = str(error)
        else:
            return told
        # Outside the handler, so that nothing of the answer hangs on the error.
        raise TranslationError(f"the answer to {question}: {problem}")

    def _understood(self, question: str, kind: str, items: Iterable[Any]) -> Iterator[Snapshot]:
        for number, item in enumerate(items, 1):
            try:
                yield self._snapshot(kind, item)
            except TranslationError as error:
                # It names fields, and no values; an id may be an address in some shops.
                known = item.get("id") if isinstance(item, dict) else None
                named = f", {kind} {known}" if _PLAIN_ID.fullmatch(str(known)) and known else ""
                _log.warning(
                    "shop %s: left out of %s (item %d%s): %s",
                    self._rules.shop,
                    question,
                    number,
                    named,
                    error,
                )

    def _snapshot(self, kind: str, told: Any) -> Snapshot:
        if not isinstance(told, dict):
            raise misunderstood(["it must be an object"])
        chosen = _KINDS[kind]
        return chosen.tell(load(chosen.load, told), self._rules)

    def _ask(
        self, question: str, data: Mapping[str, Any], *, returned: frozenset[int] = frozenset()
    ) -> Answer:
        answer = self._client.post(question, data, message_id=f"ask_{uuid.uuid4().hex}", returned=returned)
        if not answer.good and answer.status not in returned:
            raise self._wrong(question, f"a {answer.status}: the shop does not understand the question")
        return answer

    def _object(self, question: str, answer: Answer) -> dict[str, Any]:
        told = json_of(answer)
        if told is None:
            # Maintenance, a cache, a firewall.
            raise PlatformUnavailable(
                f"shop {self._rules.shop!r}: the answer to {question} is no JSON object (read_url)"
            )
        return told

    def _page(self, question: str, answer: Answer) -> dict[str, Any]:
        told = self._object(question, answer)
        try:
            return load(_PAGE, told)
        except TranslationError as error:
            problem = str(error)
        raise self._wrong(question, problem)

    def _wrong(self, question: str, problem: str) -> ConfigurationError:
        return ConfigurationError(
            f"shops.{self._rules.shop}.read_url: {question} was answered in another way than the wire format "
            f"says: {problem}"
        )
