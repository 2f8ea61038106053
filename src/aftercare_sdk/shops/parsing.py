"""Bodies as JSON, exact: what has a decimal point becomes a Decimal, never a float."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def parse(body: bytes) -> Any:
    """Return what `body` says in JSON. Raises ValueError, without a word of the text.

    Of a name that comes twice in an object, the last value counts. NaN and the infinities are refused.
    A text may hold half a surrogate pair, which no database takes.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        pass
    # Refused, or only stricter than the standard library: another Unicode encoding than UTF-8, half a
    # surrogate pair. Outside the handlers, because the decoders' errors hold the text.
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        pass
    raise ValueError("not JSON")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
