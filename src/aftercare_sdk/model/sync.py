"""How an adapter lists a shop, page by page: what polling, backfill and import are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aftercare_sdk.model.records import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Something that an adapter can list: objects of one `kind`, as `records.KINDS` names it.

    `every` is how long to wait from one listing to the next. A `whole` stream lists every object there is
    each time, so that what it no longer lists can be asked for: edits and deletions that move no date and
    send no webhook are found by it. Any other lists what was modified after the cursor's `since`.
    """

    name: str
    kind: str
    every: timedelta
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a listing begins. `since` is aware; None: from the beginning of the shop's time.

    `position` is a word of the adapter's own, from the page before; empty at the first page.
    """

    stream: str
    since: datetime | None = None
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Objects as they are in the shop now, complete as those of `read`.

    `position` is where the next page begins, and never where this one did; None: this was the last. Every
    listing has a last page, also one of a shop that is empty. `total` is how many objects the whole
    listing has, if the shop says so.
    """

    snapshots: tuple[Snapshot, ...] = field(repr=False)
    position: str | None
    total: int | None = None
