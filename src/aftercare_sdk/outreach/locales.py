"""Which language a person is written to in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

LAST_RESORT = "en"


@cache
def parse_locale(text: str) -> Locale | None:
    """Read `ja`, `ja_JP`, `en-GB` or a platform's own `de_DE_formal`; None if no part of it is a locale."""
    parts = text.strip().replace("-", "_").split("_")
    while parts and parts[0]:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return None


def canonical(text: str) -> str:
    """Return a locale in the one spelling used for templates and in HTML (`en-GB`); "" if it is none."""
    locale = parse_locale(text)
    return "" if locale is None else str(locale).replace("_", "-")


def locale_for(customer: str, order: str, country: str, shop: str) -> str:
    """Return the locale to write in: what the person chose, else the language of their country.

    Where several are spoken, the shop's counts if it is among them; of an unknown country, the shop's.
    """
    for explicit in (customer, order):
        if chosen := canonical(explicit):
            return chosen
    own = parse_locale(shop)
    spoken = get_official_languages(country.upper(), de_facto=True)
    if spoken and (own is None or own.language not in spoken):
        return canonical(spoken[0]) or LAST_RESORT
    return canonical(shop) or LAST_RESORT


def fallbacks(locale: str, shop_locale: str) -> Iterator[str]:
    """Yield where to look for a template: the locale, its language, English, the shop's; each once.

    Somebody who does not read the shop's language is more likely to read English.
    """
    seen = set()
    for wanted in (locale, LAST_RESORT, shop_locale):
        found = parse_locale(wanted)
        if found is None:
            continue
        for candidate in (canonical(wanted), found.language):
            if candidate not in seen:
                seen.add(candidate)
                yield candidate
