"""Lists: filters by date and id, order, pages, and the headers that lead through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aftercare_woocommerce.fake.rest import params

BY_POST = ("date", "id", "include", "title", "slug", "modified")
"""What everything that was a post in WordPress may be ordered by."""
_OLDEST, _NEWEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(slots=True)
class Page:
    """A page of a list, as JSON; `total` and `pages` are those of the whole list."""

    rows: list[Any]
    total: int
    pages: int


def page(
    told: Mapping[str, str],
    zone: ZoneInfo,
    found: Iterable[Any],
    shown: Callable[[Any], dict[str, Any]],
    *,
    orders: tuple[str, ...] = BY_POST,
    past_end: int | None = None,
    by_name: bool = False,
) -> Page:
    """Choose, sort and cut, by what every list takes; `shown` tells one of what is left.

    `zone` is that of dates that name none. `orders` are the words for `orderby`, the first if none is told;
    `by_name`: from A to Z, if nothing else is told. `past_end` is the total behind the last page, if that is
    another.
    """
    size = params.whole(told, "per_page", 10, most=params.LARGEST_PAGE)
    number = params.whole(told, "page", 1)
    by = params.one_of(told, "orderby", orders)
    descending = params.one_of({"order": "asc" if by_name else "desc", **told}, "order", ("asc", "desc"))
    within = _within(told, zone)
    chosen = [each for each in found if within(each)]
    include, exclude = params.ids(told, "include"), params.ids(told, "exclude") or frozenset()
    chosen = [each for each in chosen if (include is None or each.id in include) and each.id not in exclude]
    keys: dict[str, Callable[[Any], Any]] = {
        "id": lambda each: each.id,
        "modified": lambda each: (each.modified or each.created, each.id),
        "name": lambda each: (each.fields["last_name"], each.fields["first_name"], each.id),
    }
    chosen.sort(key=keys.get(by, lambda each: (each.created, each.id)), reverse=descending == "desc")
    start = params.whole(told, "offset", (number - 1) * size, least=0)
    rows = chosen[start : start + size]
    total = len(chosen) if rows or not chosen or past_end is None else past_end
    return Page([shown(each) for each in rows], total, -(-total // size))


def has_status(status: str, wanted: tuple[str, ...]) -> bool:
    """Tell whether a status is wanted; `any` is all but the trash."""
    return status in wanted or ("any" in wanted and status != "trash")


def paging(place: str, told: Mapping[str, str], page: Page) -> dict[str, str]:
    """Return the headers of a page; `place` is the address of its list."""
    number = params.whole(told, "page", 1)
    near = {"prev": number - 1 if number > 1 else 0, "next": number + 1 if number < page.pages else 0}
    shown = [
        f'<{place}?{urlencode({**told, "page": target})}>; rel="{name}"'
        for name, target in near.items()
        if target
    ]
    return {
        "X-WP-Total": str(page.total),
        "X-WP-TotalPages": str(page.pages),
        **({"Link": ", ".join(shown)} if shown else {}),
    }


def _within(told: Mapping[str, str], zone: ZoneInfo) -> Callable[[Any], bool]:
    gmt = params.flag(told, "dates_are_gmt")
    bounds = {
        name: params.moment(told, name, zone, gmt=gmt)
        for name in ("after", "before", "modified_after", "modified_before")
    }
    after, modified_after = bounds["after"] or _OLDEST, bounds["modified_after"] or _OLDEST
    before, modified_before = bounds["before"] or _NEWEST, bounds["modified_before"] or _NEWEST

    def within(each: Any) -> bool:
        # At whole seconds, both ends left out.
        created = each.created.replace(microsecond=0)
        modified = (getattr(each, "modified", None) or each.created).replace(microsecond=0)
        return bool(after < created < before and modified_after < modified < modified_before)

    return within
