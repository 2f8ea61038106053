"""Listing a shop: what was modified since a moment, and everything there is.

Shopify's lists come out of a search index: they name objects, and may be some seconds behind. So a listing
asks for ids only, and the objects are read by `Reader`: what a listing says is what a read says.

What was modified is listed by date, from cursor to cursor. A list by date moves while one pages through it,
so every page begins with the last row of the page before. Where that row is not at its place, the listing
goes back to a moment from which on it can have missed nothing. Everything is listed by id, each page by what
is above the last id: nothing can shift there, and no list gets longer than Shopify lets one page through. So
what was modified is listed by id as well, once it is more than one can page through by date. What is modified
meanwhile may then be left out, and is found by the next listing, which goes back to where this one began.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable, TranslationError
from aftercare_sdk.model.consents import consent_id
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import Gone, Ref, Snapshot
from aftercare_sdk.model.sync import Cursor, Page, Stream
from aftercare_shopify.consents import EMAIL
from aftercare_shopify.nodes.asking import Client
from aftercare_shopify.nodes.schemas import number_in
from aftercare_shopify.options import Rules
from aftercare_shopify.reading import ALL_ORDERS, Hidden, Reader, granted

STREAMS = (
    Stream(name="orders", kind="order", every=timedelta(minutes=15)),
    Stream(name="orders-all", kind="order", every=timedelta(days=1), whole=True),
    Stream(name="customers", kind="customer", every=timedelta(hours=1)),
    Stream(name="customers-all", kind="customer", every=timedelta(days=1), whole=True),
    Stream(name="consents", kind="consent", every=timedelta(hours=1)),
    Stream(name="consents-all", kind="consent", every=timedelta(days=1), whole=True),
    Stream(name="products", kind="product", every=timedelta(hours=1)),
    Stream(name="products-all", kind="product", every=timedelta(days=1), whole=True),
    Stream(name="subscriptions", kind="subscription", every=timedelta(hours=1)),
    Stream(name="subscriptions-all", kind="subscription", every=timedelta(days=1), whole=True),
)

_LISTED_AS = {"consent": "customers"}
"""The list in which objects of a kind stand, if not in one of their own: a consent is part of an account."""
_OPTIONAL = {
    "subscription": frozenset({"read_own_subscription_contracts", "write_own_subscription_contracts"})
}
"""Kinds that most apps have nothing of, with the scopes of which an app needs one to see them."""
_PRODUCTS = frozenset({"read_products", "write_products"})
"""Scopes of which an app needs one to be told of products."""
_UNCOUNTED = frozenset({"subscription"})
"""Kinds of which Shopify does not say how many there are."""

_SIZE = 50
"""Objects of a page."""
_BEHIND = timedelta(hours=1)
"""How far the index may be behind at most, and so how far back a listing goes to be safe."""
_DEEPEST = 20_000
"""Rows that are listed by date from one beginning. Shopify lets nobody page through more than 25,000."""
_MOST_RETURNS = 20
"""So often a listing goes back; in a list that moves all the time it then goes on as it can."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the next page begins.

    By date: `at` is the moment from which on objects are listed, `after` the cursor of the last row but one,
    `last` the id of the last row, `low` the moment to go back to, `depth` the number of rows listed since
    `at`, and `returns` how often the listing has gone back. By id (`by_id`, or in a listing of everything):
    `last`, and `at` where that is a bound. `total`: how many objects the shop said there are in the
    beginning.
    """

    at: datetime | None = None
    after: str = ""
    last: int = 0
    low: datetime | None = None
    depth: int = 0
    returns: int = 0
    by_id: bool = False
    total: int | None = None
    counted: bool = False

    def __str__(self) -> str:
        at, low = (None if moment is None else moment.isoformat() for moment in (self.at, self.low))
        return json.dumps([at, self.after, self.last, low, self.depth, self.returns, self.by_id, self.total])

    @classmethod
    def of(cls, cursor: Cursor) -> _Place:
        """Return the place of a cursor; the beginning, if it is of another release."""
        beginning = cls(at=cursor.since)
        if not cursor.position:
            return beginning
        try:
            at, after, last, low, depth, returns, by_id, total = json.loads(cursor.position)
            return cls(
                at=datetime.fromisoformat(at) if at else None,
                after=str(after),
                last=int(last),
                low=datetime.fromisoformat(low) if low else None,
                depth=int(depth),
                returns=int(returns),
                by_id=bool(by_id),
                total=total,
                counted=True,
            )
        except (TypeError, ValueError):
            return beginning

    def back(self) -> _Place:
        """Return where the listing begins anew from the moment that is safe."""
        return replace(self, at=self.low, after="", last=0, depth=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One object in a list. `modified_at` is that of the object, which may be newer than its place."""

    cursor: str
    id: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """One page of a list."""

    rows: list[_Row]
    more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists the objects of one shop."""

    client: Client
    shop: str
    rules: Rules
    reader: Reader = field(init=False, repr=False)
    told: set[str] = field(init=False, repr=False, default_factory=set)

    def __post_init__(self) -> None:
        """Keep one reader, which learns how much can be asked for at once."""
        object.__setattr__(self, "reader", Reader(self.client, self.shop, self.rules))

    def changes(self, since: Cursor) -> Iterator[Page]:
        """Give the pages of a stream from `since` on; see `ShopAdapter.changes`.

        An object that cannot be understood is left out and logged: the others must not wait for it. A stream
        of everything thereby does not list it, so that it is read alone, and that failure shows.
        """
        stream = next((each for each in STREAMS if each.name == since.stream), None)
        if stream is None:
            raise ConfigurationError(
                f"shop {self.shop!r}: aftercare-shopify has no stream {since.stream!r}, but "
                f"{', '.join(each.name for each in STREAMS)}"
            )
        return self._pages(stream, since)

    def _pages(self, stream: Stream, since: Cursor) -> Iterator[Page]:
        needed = _OPTIONAL.get(stream.kind)
        if needed and not since.position and not needed & granted(self.client.query("order_access").data):
            yield Page(snapshots=(), position=None, total=0)
            return
        yield from (self._everything if stream.whole else self._modified)(since, stream.kind)

    # ---- by date of modification

    def _modified(self, since: Cursor, kind: str) -> Iterator[Page]:
        place: _Place | None = _Place.of(since)
        while place is not None:
            if place.by_id:
                yield from self._by_id(kind, place, _since("updated_at", place.at))
                return
            listed = self._list(kind, "UPDATED_AT", _since("updated_at", place.at), place)
            rows = listed.rows
            if place.last:
                if rows and rows[0].id == place.last:
                    rows = rows[1:]
                elif place.returns < _MOST_RETURNS:
                    # The row has been modified, or what stood before it has, and all that follows has moved.
                    place = replace(place.back(), returns=place.returns + 1)
                    continue
            after = self._after(place, listed)
            yield self._page(kind, rows, after, listed.total)
            place = after

    def _after(self, place: _Place, listed: _Listed) -> _Place | None:
        """Return where the page after this one begins."""
        rows = listed.rows
        if not listed.more:
            return None
        if not rows:
            raise PlatformUnavailable(
                f"shop {self.shop!r}: Shopify says that a list goes on, and lists nothing"
            )
        low = min(row.modified_at for row in rows) - _BEHIND
        if place.at is not None:
            low = max(low, place.at)
        ahead = replace(
            place,
            # A page of one row cannot begin with a row of the page before.
            after=rows[-2].cursor if len(rows) > 1 else rows[-1].cursor,
            last=rows[-1].id if len(rows) > 1 else 0,
            low=low,
            depth=place.depth + len(rows),
            total=listed.total,
            counted=True,
        )
        # However many they are, and be they all of one second, each is listed once more at most.
        return replace(ahead.back(), by_id=True) if ahead.depth >= _DEEPEST else ahead

    # ---- by id

    def _everything(self, since: Cursor, kind: str) -> Iterator[Page]:
        # Orders from before `since` are not wanted; those known all the same are read alone.
        bound = _since("created_at", since.since) if kind == "order" else ""
        yield from self._by_id(kind, replace(_Place.of(since), at=None), bound)

    def _by_id(self, kind: str, beginning: _Place, bound: str) -> Iterator[Page]:
        place: _Place | None = beginning
        while place is not None:
            wanted = f"id:>{place.last} {bound}".strip()
            listed = self._list(kind, "ID", wanted, place)
            ids = [row.id for row in listed.rows]
            if ids != sorted(ids) or (ids and ids[0] <= place.last) or (listed.more and not ids):
                raise PlatformUnavailable(f"shop {self.shop!r}: Shopify does not list {kind}s by id as asked")
            after = None
            if listed.more:
                after = replace(place, last=ids[-1], total=listed.total, counted=True)
            yield self._page(kind, listed.rows, after, listed.total)
            place = after

    # ---- asking

    def _list(self, kind: str, sort: str, wanted: str, place: _Place) -> _Listed:
        several = _LISTED_AS.get(kind, f"{kind}s")
        operation = f"list_{several}"
        variables = {"first": _SIZE, "after": place.after or None, "sort": sort, "query": wanted or None}
        if kind not in _UNCOUNTED:
            variables["count"] = not place.counted
        result = self.client.query(operation, variables)
        try:
            connection = result.data[several]
            return _Listed(
                rows=[_row(edge) for edge in connection["edges"]],
                more=bool(connection["pageInfo"]["hasNextPage"]),
                total=place.total if place.counted else _count(result.data.get(f"{several}Count")),
            )
        except (KeyError, TypeError, ValueError):
            pass
        raise PlatformUnavailable(f"shop {self.shop!r}: Shopify's answer to {operation} is not understood")

    def _page(self, kind: str, rows: list[_Row], after: _Place | None, total: int | None) -> Page:
        numbers = [str(row.id) for row in rows]
        if kind == "consent":
            numbers = [consent_id(account, EMAIL) for account in numbers]
        return Page(
            snapshots=tuple(self._snapshots([Ref(kind, number) for number in numbers])),
            position=None if after is None else str(after),
            total=total,
        )

    def _snapshots(self, refs: list[Ref]) -> Iterator[Snapshot]:
        for _, told in self.reader.attempts(refs):
            if isinstance(told, TranslationError):
                # Names fields, and no values.
                _log.warning("shop %s: left out of a listing: %s", self.shop, told)
            elif isinstance(told, Hidden):
                if str(told) not in self.told:
                    self.told.add(str(told))
                    _log.warning("left out of a listing: %s", told)
            elif not isinstance(told, Gone) and not (isinstance(told, OrderSnapshot) and told.partial):
                yield told


def limits(client: Client, *, shop: str) -> tuple[str, ...]:
    """Say in words what Shopify does not show of a shop, with the cure; for `tend`."""
    scopes = granted(client.query("order_access").data)
    told = []
    if not scopes & _PRODUCTS:
        told.append(
            f"shop {shop!r}: Shopify does not show products, nor what product a line of an order is of, "
            "unless a webhook has told it before: give the app the scope read_products, and install it "
            "again in the shop so that its token has it"
        )
    if ALL_ORDERS in scopes:
        return tuple(told)
    told.append(
        f"shop {shop!r}: Shopify shows the orders of the last 60 days only; older ones are neither listed "
        f"nor read. For all of them, ask Shopify to grant the app the scope {ALL_ORDERS} (Dev Dashboard or "
        "Partner Dashboard > your app > API access), and install it again in the shop"
    )
    return tuple(told)


def _row(edge: Mapping[str, Any]) -> _Row:
    node = edge["node"]
    modified_at = datetime.fromisoformat(node["updatedAt"])
    if modified_at.tzinfo is None:
        raise ValueError("a moment without a zone")
    return _Row(cursor=edge["cursor"], id=int(number_in(node["id"])), modified_at=modified_at.astimezone(UTC))


def _count(told: Mapping[str, Any] | None) -> int | None:
    """Return how many there are, if that was counted to the end."""
    if told is None or told["precision"] != "EXACT":
        return None
    return int(told["count"])


def _since(name: str, moment: datetime | None) -> str:
    """Return a bound by date in Shopify's search syntax. It takes whole seconds."""
    return "" if moment is None else f"{name}:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
