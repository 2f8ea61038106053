from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import LiquidError, LiquidSyntaxError, UndefinedError

from aftercare_sdk.model.money import Money
from aftercare_sdk.outreach.liquid_language import Language, WrongValue, prepare

PLAIN = Language(html=False)
HTML = Language(html=True)


def render(source, *, language=PLAIN, locale="en", **values) -> str:
    """Fill a template."""
    return language.from_string(source).render(prepare(values, locale=locale))


@pytest.mark.parametrize(
    ("money", "locale", "expected"),
    [
        (Money(12_800, "JPY"), "ja", "￥12,800"),
        (Money(12_800, "JPY"), "en", "¥12,800"),
        (Money(1_250, "USD"), "en-US", "$12.50"),
        (Money(1_250, "USD"), "en-GB", "US$12.50"),
        (Money(1_250, "EUR"), "de", "12,50\xa0€"),
        (Money(1_250, "BHD"), "en", "BHD1.250"),
        (Money(-300, "JPY"), "ja", "-￥300"),
        (Money(5, "ZZZ"), "ja", "ZZZ0.05"),
    ],
)
def test_rend_09_money_is_written_as_in_its_readers_country(money, locale, expected):
    """With the currency's own decimals; the filter only says what happens anyway."""
    assert expected == render("{{ total | money }}", total=money, locale=locale)
    assert expected == render("{{ total }}", total=money, locale=locale)


@pytest.mark.parametrize(
    ("source", "locale", "expected"),
    [
        ("{{ day | date }}", "ja", "2026年11月21日"),
        ("{{ day | date: 'full' }}", "ja", "2026年11月21日土曜日"),
        ("{{ day }}", "en", "November 21, 2026"),
        ("{{ day | date }}", "en-GB", "21 November 2026"),
        ("{{ day | date: 'short' }}", "en", "11/21/26"),
    ],
)
def test_rend_09_dates_are_written_as_in_their_readers_country(source, locale, expected):
    """Four lengths, the long one if nothing is said."""
    assert expected == render(source, day=datetime(2026, 11, 21, tzinfo=UTC), locale=locale)


def test_rend_08_the_salutation_speaks_the_language_of_the_message():
    """The same person is addressed differently in two languages."""
    hana = {"family_name": "小川", "given_name": "花子"}
    assert "小川 花子 様" == render("{{ customer | salutation }}", customer=hana, locale="ja-JP")
    assert "花子" == render("{{ customer | salutation }}", customer=hana, locale="en")


@pytest.mark.parametrize(
    "source",
    [
        "{{ name | money }}",
        "{{ name | date }}",
        "{{ name | salutation }}",
        "{{ day | date: '%Y' }}",
        "{{ group }}",
        "{{ group | upcase }}",
        "{{ rows }}",
    ],
)
def test_filters_and_groups_refuse_what_they_are_not_made_for(source):
    """A message never shows the inside of the program."""
    values = {"name": "x", "day": datetime(2026, 1, 1, tzinfo=UTC), "group": {"a": "b"}, "rows": [{"a": "b"}]}
    for language in (PLAIN, HTML):
        with pytest.raises(WrongValue):
            render(source, language=language, **values)


@pytest.mark.parametrize("empty", [None, "", "\x00", {"x": None}])
@pytest.mark.parametrize(
    "source", ["{{ it.x }}", "{{ it.x | upcase }}", "{{ it.x | money }}", "{{ it.x.y }}"]
)
def test_rend_05_what_is_not_known_cannot_be_printed(source, empty):
    """Empty counts as unknown, so that there is no "Hello ,"."""
    with pytest.raises(UndefinedError):
        render(source, it=empty if isinstance(empty, dict) else {"x": empty})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% if it.x %}known{% else %}unknown{% endif %}", "unknown"),
        ("{% unless it.x %}unknown{% endunless %}", "unknown"),
        ("{% if it.x == nil %}unknown{% endif %}", "unknown"),
        ("{% if it.x != nil %}known{% else %}unknown{% endif %}", "unknown"),
        ("{% if it.x and it.y %}known{% else %}unknown{% endif %}", "unknown"),
        ("{{ it.x | default: 'unknown' }}", "unknown"),
        ("{% case it.x %}{% when 'a' %}known{% else %}unknown{% endcase %}", "unknown"),
    ],
)
def test_rend_05_a_template_may_ask_whether_something_is_known(source, expected):
    """Asking is what lets a template leave a line out."""
    assert expected == render(source, it={"x": None})


@given(st.text())
def test_rend_06_html_escapes_every_value(value):
    """No value brings markup into the HTML part, whichever filter it passes."""
    value = f"<b>&{value}"
    for source in (
        "{{ it }}",
        "{{ it | upcase }}",
        "{{ it | append: it }}",
        "{{ it | newline_to_br }}",
        "{{ it | url_encode | url_decode }}",
        "{{ it | base64_encode | base64_decode }}",
        "{% assign that = it %}{{ that }}",
        "{% capture that %}{{ it }}{% endcapture %}{{ that }}",
        "{{ '<i>' | append: it | remove: '<i>' }}",
        "{{ it | split: 'x' | join: '' }}",
        "{{ 'x' | replace: 'x', it }}",
    ):
        assert "<b>" not in render(source, language=HTML, it=value).lower(), source


def test_rend_06_text_is_not_escaped():
    """In a text part an ampersand is an ampersand."""
    assert "Tea & Co <x>" == render("{{ it }}", it="Tea & Co <x>")


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1001) %}{% endfor %}",
        "{% for i in (1..100) %}{% for j in (1..100) %}{% endfor %}{% endfor %}",
        "{% for i in (1..10000000000000000) %}{% endfor %}",
        "{% tablerow i in (1..5000) %}{{ i }}{% endtablerow %}",
        "{{ (1..9999999) | join: '' }}",
        "{% assign x = (1..9999999) | reverse %}",
        "{{ 'a'" + " | replace: 'a', 'aaaaaaaaaaaaaaaa'" * 9 + " }}",
        "{% assign a = 'aaaaaaaaaaaaaaaa' %}" + "{% assign a = a | replace: 'a', a %}" * 9,
        "{% for i in (1..1000) %}{% assign x = x | default: 'x' | append: x | append: x %}{% endfor %}",
        "{% for i in (1..1000) %}{{ big }}{% endfor %}",
        "{% capture a %}{% for i in (1..1000) %}{{ big }}{% endfor %}{% endcapture %}",
        "{% if true %}" * 200 + "{% endif %}" * 200,
    ],
)
def test_rend_04_every_limit_stops_the_template(source):
    """Loops, output, variables, filters and nesting are bounded, in time and memory."""
    with pytest.raises((LiquidError, OverflowError)):
        render(source, big="x" * 1_000)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 200))
def test_rend_04_what_passes_is_within_the_limits(outer, inner, width):
    """Either a template stays within the limits, or it raises: no half message."""
    source = "{% for i in (1..outer) %}{% for j in (1..inner) %}{{ word }}{% endfor %}{% endfor %}"
    if outer * inner > 1_000:
        with pytest.raises(LiquidError):
            render(source, outer=outer, inner=inner, word="x" * width)
    else:
        assert "x" * (outer * inner * width) == render(source, outer=outer, inner=inner, word="x" * width)


@pytest.mark.parametrize("tag", ["{% include 'x' %}", "{% render 'x' %}"])
def test_a_template_stands_alone(tag):
    """Another file would hide variables from the check."""
    with pytest.raises(LiquidSyntaxError):
        PLAIN.from_string(tag)


def test_only_values_that_can_be_shown_reach_a_template():
    """Anything else is a mistake of the program, and found at once."""
    with pytest.raises(TypeError, match="a template cannot show a bytes"):
        prepare({"x": b"x"}, locale="en")
    with pytest.raises(TypeError, match="a time without a zone"):
        prepare({"x": datetime(2026, 1, 1)}, locale="en")  # noqa: DTZ001
