"""Amounts, quantities, moments and the words for a status, as people write them into files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from aftercare_sdk.model.money import Money
from aftercare_sdk.shops.files.rows import Refused

_LONGEST = 40
"""Characters. No amount and no moment is longer, and numbers of a thousand digits take long to read."""
_TOO_LATE = timedelta(days=1)


class Numbers:
    """Reads amounts with the signs that a file uses: "1234.56" unless something else is declared."""

    def __init__(self, *, decimal: str = ".", thousands: str = "") -> None:
        point, group = re.escape(decimal), re.escape(thousands)
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if thousands else r"\d+"
        self._pattern = re.compile(rf"[+-]?(?:(?:{whole})(?:{point}\d*)?|{point}\d+)", re.ASCII)
        self._decimal, self._thousands = decimal, thousands
        example = f"1{thousands}234{decimal}56"
        self._problem = f"is no amount; write {example}, or declare --decimal and --thousands"

    def decimal(self, text: str, what: str) -> Decimal:
        """Return an exact number. Raises Refused."""
        told = text.strip()
        if len(told) > _LONGEST or self._pattern.fullmatch(told) is None:
            raise Refused(f"{what} {self._problem}" if told else f"{what} is empty")
        if self._thousands:
            told = told.replace(self._thousands, "")
        return Decimal(told if self._decimal == "." else told.replace(self._decimal, "."))

    def money(self, text: str, currency: str, what: str) -> Money:
        """Return an exact amount of a currency. Raises Refused, also for one that is finer than it."""
        return money(self.decimal(text, what), currency, what)

    def money_or_zero(self, text: str, currency: str, what: str) -> Money:
        """Do the same; an empty cell is nothing."""
        return self.money(text, currency, what) if text.strip() else Money(0, currency)


def money(amount: Decimal, currency: str, what: str) -> Money:
    """Return an exact amount. Raises Refused for one that is finer than its currency."""
    try:
        return Money.parse(amount, currency)
    except ValueError as error:
        raise Refused(f"{what} is {error}") from None


_WHOLE = re.compile(r"([+-]?\d{1,9})(?:\.0*)?", re.ASCII)


def quantity(text: str, what: str = "the quantity") -> int:
    """Return a whole number, which some programs write as 24.0. Raises Refused."""
    told = text.strip()
    found = _WHOLE.fullmatch(told)
    if found is None:
        raise Refused(f"{what} is no whole number" if told else f"{what} is empty")
    return int(found[1])


@lru_cache(maxsize=64)
def currency_code(text: str) -> str:
    """Return the code of a currency. Raises Refused for what is none."""
    from babel.numbers import is_currency

    code = text.strip().upper()
    if not is_currency(code, locale="en"):
        raise Refused("the currency is none that is known; write three letters, such as JPY")
    return code


class Moments:
    """Reads moments; one without an offset is a time of the shop's zone.

    A time that the clocks skipped in spring is the one that they showed an hour later; of a time that they
    showed twice in autumn it is the first.
    """

    def __init__(self, *, zone: str, latest: datetime, formats: tuple[str, ...] = ()) -> None:
        self._zone = ZoneInfo(zone)
        self._latest = latest + _TOO_LATE
        self._formats = formats

    def moment(self, text: str, what: str) -> datetime:
        """Return a moment in UTC. Raises Refused, also for one in the future."""
        told = text.strip()
        if not told:
            raise Refused(f"{what} is empty")
        moment = self._parse(told)
        if moment is None:
            known = " or ".join(self._formats) or "2026-11-22 09:00, with or without an offset"
            raise Refused(f"{what} is no time; write it as {known}, or declare --date-format")
        try:
            at = (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)
        except OverflowError:
            raise Refused(f"{what} is no time that can be") from None
        if at > self._latest:
            raise Refused(f"{what} lies in the future")
        return at

    def moment_or_none(self, text: str, what: str) -> datetime | None:
        """Do the same; an empty cell is None."""
        return self.moment(text, what) if text.strip() else None

    def _parse(self, told: str) -> datetime | None:
        if len(told) > _LONGEST:
            return None
        for pattern in self._formats:
            try:
                return datetime.strptime(told, pattern)  # noqa: DTZ007 - the zone follows
            except ValueError:
                continue
        if self._formats:
            return None
        try:
            return datetime.fromisoformat(_iso(told))
        except ValueError:
            return None


_OFFSET = re.compile(r" ([+-]\d\d):?(\d\d)$")
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[ T](\d{1,2})(:.*)?)?")


def _iso(told: str) -> str:
    """Return ISO 8601 for what is nearly that: Shopify's offsets, UTC in letters, Japan's slashes."""
    told = _OFFSET.sub(r"\1:\2", told.removesuffix(" UTC") + ("+00:00" if told.endswith(" UTC") else ""))
    slashes = _SLASHES.fullmatch(told)
    if slashes is None:
        return told
    year, month, day, hour, rest = slashes.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{hour:0>2}{rest or ':00'}" if hour else "")


class Meaning(StrEnum):
    """What the word for a status means here."""

    OPEN = "open"
    PAID = "paid"
    COMPLETED = "completed"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly refunded"
    CANCELLED = "cancelled"

    @property
    def bought(self) -> bool:
        """Whether there was a purchase."""
        return self not in {Meaning.OPEN, Meaning.CANCELLED}


WORDS: Mapping[Meaning, tuple[str, ...]] = {
    Meaning.OPEN: (
        "open",
        "pending",
        "pending payment",
        "unpaid",
        "awaiting payment",
        "authorized",
        "partially paid",
        "on hold",
        "未入金",
        "入金待ち",
        "未払い",
        "保留",
    ),
    Meaning.PAID: ("paid", "processing", "入金済み", "入金済", "支払済み", "支払済", "処理中"),
    Meaning.COMPLETED: (
        "completed",
        "complete",
        "fulfilled",
        "shipped",
        "delivered",
        "closed",
        "完了",
        "発送済み",
        "発送済",
        "出荷済み",
        "出荷済",
        "配達済み",
    ),
    Meaning.REFUNDED: ("refunded", "返金済み", "返金済"),
    Meaning.PARTLY_REFUNDED: ("partly refunded", "partially refunded"),
    Meaning.CANCELLED: (
        "cancelled",
        "canceled",
        "failed",
        "void",
        "voided",
        "expired",
        "trash",
        "キャンセル",
        "取消",
        "取り消し",
    ),
}
"""Compared without regard to capitals; `_` and `-` are as good as a space."""
_DRAFTS = frozenset({"checkout draft", "auto draft"})
"""WooCommerce's words for a checkout that is still open, with the shopper's name already in it."""
_KNOWN = ", ".join(word for several in WORDS.values() for word in several if word.isascii())


@dataclass(frozen=True, slots=True)
class Statuses:
    """Reads the words for a status: those above, and those that were declared."""

    words: Mapping[str, Meaning]

    def meaning(self, text: str) -> Meaning:
        """Return what a word means. Raises Refused for an unknown one, and for that of a draft."""
        word = fold(text)
        known = self.words.get(word)
        if known is None and word in _DRAFTS:
            raise Refused("the status is that of a draft: an open checkout, and no order yet")
        if known is None:
            raise Refused(
                f"the status is a word that is not known; known are {_KNOWN}, and some in Japanese; "
                "declare it with --status WORD=MEANING"
            )
        return known


def fold(word: str) -> str:
    """Return the form in which words for a status are compared."""
    return " ".join(word.strip().casefold().removeprefix("wc-").replace("_", " ").replace("-", " ").split())


def statuses(declared: Mapping[str, str]) -> Statuses:
    """Return what reads the words for a status. Raises ValueError for a meaning that there is not."""
    words = {fold(word): meaning for meaning, several in WORDS.items() for word in several}
    return Statuses(words | {fold(word): Meaning(fold(meaning)) for word, meaning in declared.items()})
