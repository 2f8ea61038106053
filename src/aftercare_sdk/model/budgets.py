"""How often somebody is contacted at most, as configuration says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

ALL = "all"
"""All channels together."""
EACH = "each"
"""Each channel by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """No more than `most` messages in any span of length `within`.

    `channel` is the medium that it is about, such as `email` or `sms`; ALL: all together; EACH: each by
    itself.
    """

    most: int
    within: timedelta
    channel: str = ALL


_DAY = timedelta(days=1)

PRESETS: Mapping[str, tuple[Cap, ...]] = MappingProxyType(
    {
        "default": (
            Cap(most=1, within=_DAY, channel=EACH),
            Cap(most=3, within=7 * _DAY),
        ),
        "klaviyo": (
            Cap(most=1, within=timedelta(hours=16), channel="email"),
            Cap(most=1, within=_DAY, channel="sms"),
            Cap(most=1, within=_DAY, channel="push"),
        ),
        "bird": (Cap(most=1, within=_DAY, channel=EACH),),
        "braze": (
            Cap(most=3, within=7 * _DAY, channel="push"),
            Cap(most=5, within=_DAY),
        ),
    }
)
"""The caps of this SDK, and those that others set or show as their example (LAW-23), by name."""
COOL_DOWN = timedelta(days=14)
"""So long a complaint pauses what advertises (FEED-08)."""
