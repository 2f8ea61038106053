from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.names import display_name, salutation


@pytest.mark.parametrize(
    ("family", "given_name", "full", "expected"),
    [
        ("小川", "花子", "", "小川 花子 様"),
        ("小川", "", "", "小川 様"),
        ("", "花子", "", "花子 様"),
        ("", "", "勅使河原宏", "勅使河原宏 様"),
        ("", "", "", "お客様"),
        (" ", "\n", "\t", "お客様"),
        ("髙橋", "①", "", "髙橋 ① 様"),
    ],
)
def test_rend_08_japanese_names_come_family_first_with_sama(family, given_name, full, expected):
    """A person is 様, somebody unknown is お客様, and a full field is never split."""
    assert expected == salutation(family=family, given=given_name, full=full, locale="ja-JP")


@pytest.mark.parametrize("name", ["小川様", "小川 花子 さま", "山田先生", "佐藤殿", "山田商事御中"])
def test_rend_08_no_second_title(name):
    """A name with a title gets no other one."""
    assert name == salutation(family="", given="", full=name, locale="ja")


@pytest.mark.parametrize(
    "name", ["株式会社山田", "㈱山田", "(株)山田", "（有）山田", "医療法人青葉会", "山田商店"]
)
def test_rend_08_organisations_are_onchu(name):
    """A company is not a person, so it is not 様."""
    assert f"{name} 御中" == salutation(family="", given="", full=name, locale="ja")


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("zh-Hans", "王小明"), ("ko", "王 小明 님"), ("en-GB", "小明"), ("fr", "小明"), ("?", "小明")],
)
def test_rend_08_the_order_of_names_is_the_languages(locale, expected):
    """East Asian languages put the family name first; elsewhere the given name addresses a friend."""
    assert expected == salutation(family="王", given="小明", full="", locale=locale)


def test_rend_08_english_has_a_word_for_nobody():
    """Without a given name nobody guesses which part of the full name it is."""
    assert "there" == salutation(family="Ogawa", given="", full="Hana Ogawa", locale="en")


@pytest.mark.parametrize(
    ("contact", "locale", "expected"),
    [
        (Contact(family_name="小川", given_name="花子"), "ja", "小川 花子"),
        (Contact(family_name="Ogawa", given_name="Hana"), "en", "Hana Ogawa"),
        (Contact(full_name="Hana\r\nBcc: all@example.com"), "en", "Hana Bcc: all@example.com"),
        (Contact(), "ja", ""),
    ],
)
def test_the_to_line_shows_the_name_without_a_title(contact, locale, expected):
    """The name before the address is one line, whatever the form let through."""
    assert expected == display_name(contact, locale)


@given(st.text(), st.text(), st.text(), st.sampled_from(["ja", "zh", "ko", "en", "xx"]))
def test_rend_05_somebody_is_always_addressed(family, given_name, full, locale):
    """No message begins with a bare comma, and none with two lines."""
    words = salutation(family=family, given=given_name, full=full, locale=locale)
    assert words.strip()
    assert "\n" not in words
