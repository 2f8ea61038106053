from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare_sdk.shops.parsing import parse

# A busy machine is slow, which is nobody's mistake here.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def refuse(constant):
    """Take no NaN and no Infinity."""
    raise ValueError(constant)


def by_the_book(body):
    """Return what the standard library says, exact and without the constants that JSON does not have."""
    try:
        return repr(json.loads(body, parse_float=Decimal, parse_constant=refuse))
    except (ValueError, ArithmeticError, RecursionError):
        return "refused"


def parsed(body):
    """Return what is parsed: types, exponents and all."""
    try:
        return repr(parse(body))
    except ValueError:
        return "refused"


HOSTILE = {
    "a name twice": b'{"a":1,"b":2,"a":3}',
    "not a number": b"NaN",
    "infinity": b"[-Infinity]",
    "exact": b"[1.50,0.1e+1,-0.0,-0,1E5]",
    "large exponent": b"[1e999]",
    "enormous exponent": b"[1e99999999999999999999]",
    "64 bits": b"[18446744073709551615,-9223372036854775808]",
    "65 bits": b"[18446744073709551616,-9223372036854775809]",
    "400 digits": b"[" + b"9" * 400 + b"]",
    "4400 digits": b"[" + b"9" * 4_400 + b"]",
    "5000 decimals": b"[1." + b"1" * 5_000 + b"]",
    "leading zero": b"[01]",
    "no digits": b"[1.]",
    "plus": b"[+1]",
    "invalid UTF-8": b'"\xff"',
    "overlong UTF-8": b'"\xc0\x80"',
    "beyond Unicode": b'"\xf4\x90\x80\x80"',
    "raw surrogate": b'"\xed\xa0\x80"',
    "half a pair": b'"\\ud800"',
    "the other half": b'"\\udc00x"',
    "two first halves": b'"\\ud83d\\ud83d"',
    "a pair": b'"\\ud83d\\ude00"',
    "NUL": b'"\x00"',
    "NUL, told": b'"\\u0000"',
    "new line in a text": b'"a\nb"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "nothing": b"",
    "something after it": b"{} x",
    "trailing comma": b"[1,]",
    "not closed": b'{"email": "ogawa@example.jp"',
    "deep": b"[" * 500 + b"]" * 500,
    "too deep": b"[" * 100_000 + b"]" * 100_000,
    "too deep, in names": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile(body):
    """A hostile body is taken or refused as the standard library does."""
    assert by_the_book(body) == parsed(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
SCRAPS = st.sampled_from([*'{}[],:"\\01-+.eE \n\x00\x1f\x7faあ', "\\u", "d800", "null", "true", "NaN"])


@unhurried
@given(
    body=st.binary()
    | VALUES.map(json.dumps).map(str.encode)
    | VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
    | st.lists(SCRAPS, max_size=12).map(lambda scraps: "".join(scraps).encode())
)
def test_anything(body):
    """Any bytes are taken or refused as the standard library does, with the same result."""
    assert by_the_book(body) == parsed(body)


@pytest.mark.parametrize("body", [b'{"email": "ogawa@example.jp"', b'"ogawa\xff"', b"[" * 100_000])
def test_error_says_nothing(body):
    """The error holds not a word of the body, nor another error that might."""
    with pytest.raises(ValueError, match=r"\Anot JSON\Z") as caught:
        parse(body)
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
