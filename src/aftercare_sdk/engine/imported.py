"""How orders out of a file are written into the journal, and read from there."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from aftercare_sdk.model.orders import OrderSnapshot

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(tuple[OrderSnapshot, ...])
# The quickest of the nine levels: an order history is the same words again and again, and shrinks to a
# twelfth already.
_LEVEL = 1


def encode(orders: Sequence[OrderSnapshot]) -> bytes:
    """Return the body of a journal row that tells of these orders. Personal data."""
    return zlib.compress(_ENCODER.encode(orders), _LEVEL)


def decode(body: bytes) -> tuple[OrderSnapshot, ...]:
    """Return the orders in the body of a journal row."""
    return _DECODER.decode(zlib.decompress(body))


def text(body: bytes) -> str:
    """Return the body of a journal row as JSON, for a person who looks into it. Personal data."""
    return zlib.decompress(body).decode()
