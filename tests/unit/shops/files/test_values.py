from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.model.money import Money
from aftercare_sdk.shops.files.rows import Refused
from aftercare_sdk.shops.files.values import (
    WORDS,
    Meaning,
    Moments,
    Numbers,
    currency_code,
    quantity,
    statuses,
)

LATEST = datetime(2026, 5, 1, 9, tzinfo=UTC)
CURRENCIES = {"JPY": 0, "USD": 2, "BHD": 3}
SIGNS = [(".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'")]


def refusal(read, *arguments):
    """Return why a value is refused."""
    with pytest.raises(Refused) as refused:
        read(*arguments)
    return refused.value.reason


@given(
    minor=st.integers(-(10**15), 10**15),
    currency=st.sampled_from(sorted(CURRENCIES)),
    signs=st.sampled_from(SIGNS),
)
def test_an_amount_comes_out_as_it_was_written(minor, currency, signs):
    """Every amount of every currency, with every pair of signs, is read exactly."""
    point, group = signs
    text = f"{Decimal(minor).scaleb(-CURRENCIES[currency]):,f}"
    text = text.replace(",", "\0").replace(".", point).replace("\0", group)
    numbers = Numbers(decimal=point, thousands=group)
    assert Money(minor, currency) == numbers.money(text, currency, "it")


@pytest.mark.parametrize(
    "text", ["1,200", "1.200,50", "¥1200", "1 200", "12e3", "NaN", "١٢", "1" * 50, "--1"]
)
def test_an_amount_in_signs_that_nobody_declared_is_refused(text):
    """A thousand must not become one, nor the other way round."""
    reason = refusal(Numbers().money, text, "USD", "line_paid")
    assert "line_paid is no amount; write 1234.56, or declare --decimal and --thousands" == reason


@pytest.mark.parametrize("text", ["1,2,3", "12,34", "1234,567", ",123"])
def test_signs_between_thousands_stand_between_thousands(text):
    """`12,34` is a decimal comma, whatever was declared."""
    assert "is no amount" in refusal(Numbers(thousands=",").money, text, "USD", "line_paid")


def test_an_amount_finer_than_its_currency_is_refused():
    """Nothing is rounded."""
    assert Money(1200, "JPY") == Numbers().money("1200.00", "JPY", "it")
    reason = refusal(Numbers().money, "0.5", "JPY", "line_paid")
    assert "line_paid is not an exact amount of JPY: it has 0 decimals" == reason


def test_an_empty_amount_is_refused_where_one_must_be():
    """And is nothing where none must be."""
    assert "line_paid is empty" == refusal(Numbers().money, " ", "USD", "line_paid")
    assert Money(0, "USD") == Numbers().money_or_zero(" ", "USD", "it")


@pytest.mark.parametrize(("text", "count"), [("3", 3), (" 24.0 ", 24), ("-2", -2)])
def test_quantities_are_whole(text, count):
    """Some programs write 24.0."""
    assert count == quantity(text)


@pytest.mark.parametrize("text", ["", "two", "0.5", "1e99", "inf", "9" * 30, "1e3", "1e999999999", "٣"])
def test_other_quantities_are_refused(text):
    """Quickly, too: a number with a billion digits is never written out."""
    assert "the quantity is " in refusal(quantity, text)


def test_currencies_are_known():
    """In any capitals."""
    assert "JPY" == currency_code(" jpy ")
    assert "three letters" in refusal(currency_code, "yen")


def at(text, zone="Europe/Berlin", formats=()):
    """Return a moment as it is read."""
    return Moments(zone=zone, latest=LATEST, formats=formats).moment(text, "placed_at").isoformat()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-07-01 09:00", "2024-07-01T07:00:00+00:00"),
        ("2024-01-01T09:00:30", "2024-01-01T08:00:30+00:00"),
        ("2024-07-01", "2024-06-30T22:00:00+00:00"),
        ("2024-07-01T09:00:00Z", "2024-07-01T09:00:00+00:00"),
        ("2024-07-01 09:00:00 UTC", "2024-07-01T09:00:00+00:00"),
        ("2024-07-01 09:00:00 +0900", "2024-07-01T00:00:00+00:00"),
        ("2024-07-01T09:00:00.5-04:00", "2024-07-01T13:00:00.500000+00:00"),
        ("2024/7/1 9:05", "2024-07-01T07:05:00+00:00"),
        ("2024/07/01", "2024-06-30T22:00:00+00:00"),
    ],
)
def test_times_without_an_offset_are_of_the_zone(text, moment):
    """What has an offset keeps it."""
    assert moment == at(text)


def test_a_time_that_the_clocks_skipped_is_an_hour_later():
    """02:30 did not exist on that night; the clocks showed 03:30 then."""
    assert "2024-03-31T01:30:00+00:00" == at("2024-03-31 02:30")
    assert at("2024-03-31 03:30") == at("2024-03-31 02:30")


def test_of_a_time_that_came_twice_the_first_counts():
    """02:30 in summer time."""
    assert "2024-10-27T00:30:00+00:00" == at("2024-10-27 02:30")


def test_a_declared_format_is_the_only_one():
    """01/02 is the first of February here, and nothing is guessed."""
    assert "2024-02-01T08:00:00+00:00" == at("01/02/2024 09:00", formats=("%d/%m/%Y %H:%M",))
    moments = Moments(zone="UTC", latest=LATEST, formats=("%d/%m/%Y",))
    assert "write it as %d/%m/%Y" in refusal(moments.moment, "2024-02-01", "placed_at")


@pytest.mark.parametrize(
    "text", ["yesterday", "01/02/2024", "2024-02-30", "20240230", "2024-07-01 25:00", "x" * 90]
)
def test_what_is_no_time_is_refused(text):
    """With what to do about it, and without the text."""
    reason = refusal(Moments(zone="UTC", latest=LATEST).moment, text, "placed_at")
    assert (
        "placed_at is no time; write it as 2026-11-22 09:00, with or without an offset, or declare " in reason
    )


def test_what_lies_in_the_future_is_refused():
    """Nothing was bought tomorrow; a day of grace covers any zone."""
    moments = Moments(zone="UTC", latest=LATEST)
    moments.moment((LATEST + timedelta(hours=23)).isoformat(), "placed_at")
    late = (LATEST + timedelta(days=2)).isoformat()
    assert "placed_at lies in the future" == refusal(moments.moment, late, "placed_at")
    assert "placed_at is no time that can be" == refusal(
        Moments(zone="Asia/Tokyo", latest=LATEST).moment, "0001-01-01", "placed_at"
    )


@pytest.mark.parametrize("meaning", Meaning)
def test_every_word_has_its_meaning(meaning):
    """In any capitals, with any sign between its parts, and with WooCommerce's prefix."""
    words = statuses({})
    for word in WORDS[meaning]:
        for spelling in (word, word.upper(), word.replace(" ", "_"), f"wc-{word.replace(' ', '-')}"):
            assert meaning is words.meaning(spelling)


def test_no_word_means_two_things():
    """The table says one thing for each."""
    every = [word for several in WORDS.values() for word in several]
    assert len(every) == len(set(every))


def test_words_can_be_declared():
    """Over those that are known, too."""
    words = statuses({"Versendet": "completed", "paid": "open"})
    assert Meaning.COMPLETED is words.meaning("versendet")
    assert Meaning.OPEN is words.meaning("PAID")


def test_an_unknown_word_is_refused_without_being_quoted():
    """A column that was mapped wrongly may hold names."""
    reason = refusal(statuses({}).meaning, "Ann Archer")
    assert "known are open, pending, pending payment, unpaid" in reason
    assert "--status WORD=MEANING" in reason
    assert "Ann" not in reason
