from __future__ import annotations

import pytest

from aftercare_sdk.outreach.locales import canonical, fallbacks, locale_for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ja", "ja"),
        ("ja_JP", "ja-JP"),
        ("en-gb", "en-GB"),
        ("de_DE_formal", "de-DE"),
        ("zh-hans-cn", "zh-Hans-CN"),
        (" ja ", "ja"),
        ("", ""),
        ("-", ""),
        ("klingon", ""),
        ("日本語", ""),
    ],
)
def test_locales_have_one_spelling(text, expected):
    """Platforms spell locales in many ways; what is none becomes empty."""
    assert expected == canonical(text)


@pytest.mark.parametrize(
    ("customer", "order", "country", "shop", "expected"),
    [
        ("fr", "ja", "JP", "en", "fr"),
        ("", "en_GB", "JP", "ja", "en-GB"),
        ("", "", "JP", "en", "ja"),
        ("", "", "jp", "en", "ja"),
        ("", "", "DE", "de_AT", "de-AT"),
        ("", "", "US", "ja", "en"),
        ("", "", "BH", "ja", "ar"),
        ("", "", "CA", "fr_CA", "fr-CA"),
        ("", "", "CA", "ja", "en"),
        ("", "", "XX", "ja", "ja"),
        ("nonsense!", "", "", "ja", "ja"),
        ("", "", "", "", "en"),
    ],
)
def test_a_person_is_written_to_in_their_own_language(customer, order, country, shop, expected):
    """What they chose counts first, then what their country speaks, then the shop."""
    assert expected == locale_for(customer, order, country, shop)


def test_templates_are_looked_for_from_the_closest_to_the_shops_own():
    """The locale, its language, English, the shop's."""
    assert ["pt-BR", "pt", "en", "ja-JP", "ja"] == list(fallbacks("pt_BR", "ja_JP"))
    assert ["ja", "en"] == list(fallbacks("ja", "ja"))
    assert ["en"] == list(fallbacks("?", "?"))
