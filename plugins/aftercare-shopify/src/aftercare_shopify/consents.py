"""What a customer said about marketing by e-mail, whichever way it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.versions import Version
from aftercare_sdk.shops.digests import digest
from aftercare_shopify.versions import UNDATED

EMAIL = "email"

_Word = TypeVar("_Word", bound=StrEnum)


def consent_snapshot(
    *, shop: str, customer: str, state: str, level: str, since: datetime | None
) -> ConsentSnapshot:
    """Return the consent of an account; `state` and `level` in any letters.

    It is dated by the moment at which it was given or taken back: an account is modified for other reasons.
    """
    word = state.lower()
    snapshot = ConsentSnapshot(
        shop=shop,
        customer=customer,
        version=UNDATED,
        channel=EMAIL,
        state=_among(ConsentState, word),
        word=word,
        opt_in=_among(OptIn, level.lower().removesuffix("_opt_in")),
        since=since,
    )
    return replace(snapshot, version=Version(modified_at=since, digest=digest(snapshot)))


def _among(words: type[_Word], word: str) -> _Word | None:
    try:
        return words(word)
    except ValueError:
        return None
