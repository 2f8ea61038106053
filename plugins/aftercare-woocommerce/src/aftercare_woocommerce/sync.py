"""Listing a shop: what was modified since a moment, and everything there is.

Lists of WooCommerce are cut into pages by position, and move while one reads them: an order that is deleted,
or modified, shifts all behind it to an earlier page. So no page is asked for by its number. What was modified
is listed from the second at which the page before ended. Everything is listed by id, each page beginning with
the last row of the page before; where that row is not at its place, rows have vanished, and the listing goes
back.

Reviews have a date of writing only. New ones are listed by it, and all of them once a day: what was approved,
thrown away, edited or deleted since is found then.

No date moves when a refund is deleted, nor, in older shops, when lines or meta data are edited. So everything
is listed once a day. Accounts have no filter by date at all: they are always listed whole.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aftercare_sdk.errors import ConfigurationError, TranslationError
from aftercare_sdk.model.money import decimals
from aftercare_sdk.model.orders import OrderSnapshot, RefundSnapshot
from aftercare_sdk.model.shops import Gone, Ref, Snapshot
from aftercare_sdk.model.sync import Cursor, Page, Stream
from aftercare_sdk.shops.loading import Loader
from aftercare_sdk.shops.payloads import load
from aftercare_woocommerce import schemas
from aftercare_woocommerce.client import Client, every, listed, parsed
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.orders import (
    DRAFTS,
    order_snapshot,
    refund_snapshot,
    rounded_total,
    with_refunds,
)
from aftercare_woocommerce.people import customer_snapshot
from aftercare_woocommerce.products import product_snapshot
from aftercare_woocommerce.reading import Reader
from aftercare_woocommerce.reviews import PATH, STATUSES, review_snapshot

STREAMS = (
    Stream(name="orders", kind="order", every=timedelta(minutes=15)),
    Stream(name="orders-all", kind="order", every=timedelta(days=1), whole=True),
    Stream(name="customers", kind="customer", every=timedelta(days=1), whole=True),
    Stream(name="products", kind="product", every=timedelta(hours=1)),
    Stream(name="products-all", kind="product", every=timedelta(days=1), whole=True),
    Stream(name="reviews", kind="review", every=timedelta(minutes=15)),
    Stream(name="reviews-all", kind="review", every=timedelta(days=1), whole=True),
)

_LARGEST_PAGE = 100
_PRODUCTS = 20
_VARIATIONS = 40
"""Products of a page, and their variations: each of these takes a question of its own."""
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
"""Before `since`, for reviews: WordPress compares their dates on the site's clock, which may be set back."""
# `any` leaves out the trash; what is moved there has been modified, and may not have been announced.
_PHASES = ("any", "trash")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next page begins.

    `at`: the second from which on modified objects are listed. `start` and `last`: the number of rows listed
    by id, and the id of the last. `total`: what the shop said in the beginning.
    """

    phase: int = 0
    at: datetime | None = None
    tie: bool = False
    start: int = 0
    last: int = 0
    total: int | None = None

    def __str__(self) -> str:
        at = "" if self.at is None else self.at.isoformat()
        return json.dumps([self.phase, at, self.tie, self.start, self.last, self.total])

    @classmethod
    def of(cls, cursor: Cursor) -> _Place:
        """Return the place of a cursor; the beginning, if it is of another release."""
        beginning = cls(at=cursor.since)
        if not cursor.position:
            return beginning
        try:
            phase, at, tie, start, last, total = json.loads(cursor.position)
            return cls(
                phase=int(phase),
                at=datetime.fromisoformat(at) if at else None,
                tie=bool(tie),
                start=int(start),
                last=int(last),
                total=total,
            )
        except (TypeError, ValueError):
            return beginning


_Rows = list[dict[str, Any]]
_Understand = Callable[[_Rows, str], Iterator[Snapshot]]
"""Makes snapshots of rows that were listed in a phase."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists the objects of one shop."""

    client: Client
    shop: str
    rules: Rules

    def changes(self, since: Cursor) -> Iterator[Page]:
        """Give the pages of a stream from `since` on; see `ShopAdapter.changes`.

        An object that cannot be understood is left out and logged: the others must not wait for it. A stream
        of everything thereby does not list it, so that it is read alone, and that failure shows.
        """
        stream = next((each for each in STREAMS if each.name == since.stream), None)
        if stream is None:
            raise ConfigurationError(
                f"shop {self.shop!r}: aftercare-woocommerce has no stream {since.stream!r}, but "
                f"{', '.join(each.name for each in STREAMS)}"
            )
        if stream.kind == "customer":
            return self._everything(since, "customers", {"role": "all"}, (None,), self._customers)
        if stream.kind == "review":
            if stream.whole:
                return self._everything(since, PATH, {}, STATUSES, self._reviews)
            bound = {"after": f"{_utc(since.since - _DAY)}Z"} if since.since else {}
            return self._everything(since, PATH, bound, STATUSES[:1], self._reviews)
        if stream.kind == "order":
            if stream.whole:
                # Orders from before `since` are not wanted; those known all the same are read alone.
                bound = _moment("after", since.since - _SECOND) if since.since else {}
                return self._everything(since, "orders", bound, _PHASES, self._orders)
            return self._modified(since, "orders", _LARGEST_PAGE, self._orders)
        if stream.whole:
            return self._everything(since, "products", {}, _PHASES, self._products, size=_PRODUCTS)
        return self._modified(since, "products", _PRODUCTS, self._products)

    # ---- by date of modification

    def _modified(self, since: Cursor, path: str, size: int, understood: _Understand) -> Iterator[Page]:
        place: _Place | None = _Place.of(since)
        while place is not None:
            if place.tie:
                rows, after = self._tied(place, path, size)
            else:
                rows, after = self._since(place, path, size)
            if after is None and place.phase + 1 < len(_PHASES):
                after = _Place(phase=place.phase + 1, at=since.since, total=place.total)
            if rows or after is None:
                yield self._page(rows, _PHASES[place.phase], understood, after, place.total)
            place = after

    def _since(self, place: _Place, path: str, size: int) -> tuple[_Rows, _Place | None]:
        """List one page of what was modified in the second `at` or later, and where to go on."""
        bound = _moment("modified_after", place.at - _SECOND) if place.at else {}
        phase, offset = _PHASES[place.phase], 0
        while True:
            order: dict[str, int | str] = {"orderby": "modified", "order": "asc", "offset": offset}
            asked = {"status": phase, "per_page": size, **order, **bound}
            told = listed(self.client, path, asked, shop=self.shop)
            # A page has fewer rows where some may not be read: the number of all decides.
            more = offset + size < told.total if told.total is not None else len(told.rows) == size
            if told.rows or not more:
                break
            offset += size
        placed = [(row, second) for row in told.rows if (second := _second(row)) is not None]
        rows = _few([row for row, _ in placed])
        if not more and len(rows) == len(placed):
            return told.rows, None
        self._without_place([row for row in told.rows if _second(row) is None], path, all_=not placed)
        seconds = [second for _, second in placed[: len(rows)]]
        if seconds != sorted(seconds):
            raise ConfigurationError(
                f"shop {self.shop!r}: {path} are not sorted by their date of modification, as they were "
                "asked for; a plugin of the shop changes its REST API"
            )
        first, last = seconds[0], seconds[-1]
        if first == last:
            # All of one second, as an import leaves it: listed by id.
            return [], replace(place, at=first, tie=True, start=0, last=0)
        # The last second may go on behind the page. It is listed again from its beginning.
        done = [row for row, second in zip(rows, seconds, strict=True) if second < last]
        return done, replace(place, at=last)

    def _tied(self, place: _Place, path: str, size: int) -> tuple[_Rows, _Place | None]:
        """List one page of what was modified in one second, by id."""
        at = place.at or datetime.min.replace(tzinfo=UTC)
        params = {
            "status": _PHASES[place.phase],
            **_moment("modified_after", at - _SECOND),
            **_moment("modified_before", at + _SECOND),
        }
        rows, after = self._by_id(place, path, params, size)
        return rows, after or replace(place, at=at + _SECOND, tie=False, start=0, last=0)

    def _without_place(self, rows: _Rows, path: str, *, all_: bool) -> None:
        """Leave rows that do not say when they were modified to the listing of everything.

        The others must not wait for them. Raises ConfigurationError if there are no others.
        """
        if all_:
            raise ConfigurationError(
                f"shop {self.shop!r}: {path} do not say when they were modified (date_modified_gmt); a "
                "plugin of the shop changes its REST API"
            )
        for row in rows:
            _log.warning(
                "shop %s: %s/%s does not say when it was modified (date_modified_gmt), and is left to the "
                "listing of all %s",
                self.shop,
                path,
                _id(row),
                path,
            )

    # ---- by id

    def _everything(
        self,
        since: Cursor,
        path: str,
        params: Mapping[str, str],
        phases: Sequence[str | None],
        understood: _Understand,
        *,
        size: int | None = None,
    ) -> Iterator[Page]:
        place: _Place | None = replace(_Place.of(since), at=None)
        while place is not None:
            phase = phases[place.phase]
            if place.total is None:
                place = replace(place, total=self._total(path, params, phases))
            told = {**params, **({"status": phase} if phase else {})}
            rows, after = self._by_id(place, path, told, size or _LARGEST_PAGE)
            if after is None and place.phase + 1 < len(phases):
                after = _Place(phase=place.phase + 1, total=place.total)
            if rows or after is None:
                yield self._page(rows, phase or "", understood, after, place.total)
            place = after

    def _total(self, path: str, params: Mapping[str, str], phases: Sequence[str | None]) -> int | None:
        counts = [
            listed(
                self.client,
                path,
                {**params, **({"status": phase} if phase else {}), "per_page": 1},
                shop=self.shop,
            ).total
            for phase in phases
        ]
        return None if None in counts else sum(count or 0 for count in counts)

    def _by_id(
        self, place: _Place, path: str, params: Mapping[str, str], size: int
    ) -> tuple[_Rows, _Place | None]:
        """List what comes behind the id `last`, and where to go on; nothing is skipped when rows vanish."""
        start, last, before = place.start, place.last, 0
        blind = False
        while True:
            # One row back: it must be the last one listed.
            offset = start if blind else max(start - 1, 0)
            told = listed(
                self.client,
                path,
                {**params, "orderby": "id", "order": "asc", "per_page": size, "offset": offset},
                shop=self.shop,
            )
            rows, ids = told.rows, [_id(row) for row in told.rows]
            if offset and not blind and (not ids or ids[0] > last):
                # Rows before it have vanished, and what comes next has moved forward.
                start, before = max(offset - size + 2, 0), 0
                continue
            if ids != sorted(ids) or (ids and ids[0] <= before):
                raise ConfigurationError(
                    f"shop {self.shop!r}: {path} are not listed by id from where they were asked for "
                    "(offset); a plugin of the shop changes its REST API"
                )
            fresh = [row for row, number in zip(rows, ids, strict=True) if number > last]
            some = _few(fresh)
            if len(some) < len(fresh):
                start = offset + ids.index(_id(some[-1])) + 1
                return some, replace(place, start=start, last=_id(some[-1]))
            # A page has fewer rows where some may not be read: the number of all decides.
            if offset + size >= told.total if told.total is not None else len(rows) < size:
                return fresh, None
            if fresh:
                return fresh, replace(place, start=offset + len(rows), last=ids[-1])
            # Nothing new. Where rows may not be read, the one to begin with is not known either.
            blind = len(rows) < size
            start, before = offset + size, ids[0] if ids else before

    # ---- what the rows say

    def _page(
        self, rows: _Rows, phase: str, understood: _Understand, after: _Place | None, total: int | None
    ) -> Page:
        return Page(
            snapshots=tuple(understood(rows, phase)),
            position=None if after is None else str(after),
            total=total,
        )

    def _orders(self, rows: _Rows, phase: str) -> Iterator[Snapshot]:
        plain = {
            _id(row): order
            for row in rows
            if row.get("status") not in DRAFTS
            for order in self._loaded(schemas.ORDER, row, "orders")
        }
        snapshots = {number: self._order(order) for number, order in plain.items()}
        # Rounded ones are told in the decimals of their currency when these are asked for.
        places: dict[int, int] = {}
        for number, snapshot in snapshots.items():
            if snapshot.amounts is not None and snapshot.amounts.rounded:
                places[number] = decimals(plain[number]["currency"])
        for precision in sorted(set(places.values())):
            wanted = [number for number, each in places.items() if each == precision]
            for number, exact in self._exact(wanted, precision, phase).items():
                snapshots[number] = rounded_total(self._order(exact), exact, plain[number])
                plain[number] = exact
        refunds = self._refunds(plain, places)
        for number, snapshot in snapshots.items():
            if number in refunds:
                yield with_refunds(snapshot, refunds[number])
            else:
                yield from self._alone("order", number)

    def _order(self, order: Mapping[str, Any]) -> OrderSnapshot:
        return order_snapshot(order, shop=self.shop, rules=self.rules)

    def _exact(self, numbers: Sequence[int], precision: int, phase: str) -> dict[int, dict[str, Any]]:
        """Return orders with more decimals; those that have just left the list are missing."""
        told = listed(
            self.client,
            "orders",
            {"include": _ids(numbers), "status": phase, "dp": precision, "per_page": _LARGEST_PAGE},
            shop=self.shop,
        )
        return {_id(row): order for row in told.rows for order in self._loaded(schemas.ORDER, row, "orders")}

    def _refunds(
        self, orders: Mapping[int, Mapping[str, Any]], places: Mapping[int, int]
    ) -> dict[int, tuple[RefundSnapshot, ...]]:
        """Return the refunds of orders, with their lines, in as few questions as there can be.

        An order whose refunds cannot be told is missing. That a shop lists refunds of all orders together
        came with WooCommerce 9.0; for others each order is asked.
        """
        found: dict[int, tuple[RefundSnapshot, ...]] = {
            number: () for number, order in orders.items() if not order["refunds"]
        }
        for precision in sorted({places.get(number, -1) for number in orders}):
            wanted = {
                number: order
                for number, order in orders.items()
                if places.get(number, -1) == precision and order["refunds"]
            }
            dp = {"dp": precision} if precision >= 0 else {}
            rows = self._refund_rows(wanted, dp)
            for number, order in wanted.items():
                named = [refund["id"] for refund in order["refunds"]]
                if all(each in rows for each in named):
                    told = [
                        refund
                        for each in named
                        for refund in self._loaded(schemas.REFUND, rows[each], "refunds")
                    ]
                    if len(told) == len(named):
                        found[number] = tuple(refund_snapshot(each, order["currency"]) for each in told)
        return found

    def _refund_rows(
        self, orders: Mapping[int, Mapping[str, Any]], dp: Mapping[str, int]
    ) -> dict[int, dict[str, Any]]:
        named = [refund["id"] for order in orders.values() for refund in order["refunds"]]
        rows: dict[int, dict[str, Any]] = {}
        for start in range(0, len(named), _LARGEST_PAGE):
            some = named[start : start + _LARGEST_PAGE]
            answer = self.client.get("refunds", {"include": _ids(some), "per_page": _LARGEST_PAGE, **dp})
            if answer.status == 404:  # noqa: PLR2004
                break
            told = parsed(answer, shop=self.shop, path="refunds")
            rows.update((_id(row), row) for row in told if isinstance(row, dict))
        else:
            return rows
        for number in orders:
            path = f"orders/{number}/refunds"
            rows.update((_id(row), row) for row in every(self.client, path, dp, shop=self.shop))
        return rows

    def _customers(self, rows: _Rows, _: str) -> Iterator[Snapshot]:
        for row in rows:
            for customer in self._loaded(schemas.CUSTOMER, row, "customers"):
                if customer["role"] in self.rules.customer_roles:
                    yield customer_snapshot(customer, shop=self.shop)

    def _products(self, rows: _Rows, _: str) -> Iterator[Snapshot]:
        for row in rows:
            for product in self._loaded(schemas.PRODUCT, row, "products"):
                yield product_snapshot(product, shop=self.shop)
            # The list of variations calls each by its size or colour only: "3kg".
            variations = row.get("variations")
            for number in variations if isinstance(variations, list) else ():
                if isinstance(number, int):
                    yield from self._alone("product", number)

    def _reviews(self, rows: _Rows, _: str) -> Iterator[Snapshot]:
        for row in rows:
            for review in self._loaded(schemas.REVIEW, row, PATH):
                yield review_snapshot(review, shop=self.shop)

    def _alone(self, kind: str, number: int) -> Iterator[Snapshot]:
        """Read one object by itself."""
        try:
            for told in Reader(self.client, self.shop, self.rules).read([Ref(kind, str(number))]):
                if not isinstance(told, Gone):
                    yield told
        except TranslationError as error:
            _log.warning("shop %s: left out of a listing: %s", self.shop, error)

    def _loaded(self, schema: Loader, row: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
        """Return what a row says, or nothing if it cannot be understood."""
        try:
            return [load(schema, row, what=f"{path}/{_id(row)}")]
        except TranslationError as error:
            # Names fields, and no values.
            _log.warning("shop %s: left out of a listing: %s", self.shop, error)
            return []


def _few(rows: _Rows) -> _Rows:
    """Return so many of the first rows, and at least one, as do not have too many variations."""
    count = 0
    for place, row in enumerate(rows):
        variations = row.get("variations")
        count += len(variations) if isinstance(variations, list) else 0
        if count > _VARIATIONS and place:
            return rows[:place]
    return rows


def _id(row: Mapping[str, Any]) -> int:
    number = row.get("id")
    return number if isinstance(number, int) else 0


def _second(row: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(row["date_modified_gmt"]).replace(tzinfo=UTC, microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None


def _ids(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def _moment(name: str, at: datetime) -> dict[str, str]:
    """Return a bound by date. WooCommerce leaves out the second itself, and takes no fractions."""
    return {name: _utc(at), "dates_are_gmt": "true"}


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
