"""What gives tokens, and what it raises when a person must connect the shop again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Protocol

from aftercare_sdk.errors import ConfigurationError

EARLY = timedelta(minutes=5)
"""So long before its end a token is replaced: clocks differ, and calls take time."""
REMEMBERED = timedelta(hours=1)
"""How long Shopify's refusal is remembered before the same is asked again."""

# What may stand in a header. A line break would end it.
_TOKEN = re.compile(r"[!-~]{8,4096}", re.ASCII)


class Reconnect(ConfigurationError):
    """Shopify takes this shop's credentials no more: the merchant must let the app in again."""


class TokenProvider(Protocol):
    """Gives the token with which a shop is asked. May be used by many threads at once."""

    @property
    def cure(self) -> str:
        """What a person must do when Shopify refuses the token."""

    def token(self) -> str:
        """Return a token that holds a while.

        Raises Reconnect or another ConfigurationError where a person must do something, and
        PlatformUnavailable where Shopify gives none now.
        """

    def renew(self, refused: str) -> bool:
        """Tell whether `token` now gives another one than `refused`, which the shop did not take.

        Raises as `token` does.
        """


def is_token(text: str) -> bool:
    """Tell whether a text can be a token at all."""
    return _TOKEN.fullmatch(text) is not None
