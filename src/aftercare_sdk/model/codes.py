"""Discount codes of ours, as the shop's platform has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aftercare_sdk.model.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSnapshot:
    """A discount code as it now seems. None means "not told"; it never overwrites what is known.

    Only of codes that were made for `IssueCode`: the shop's own are nobody's business here. `id` is the
    platform's own name for it, the `reference` of the receipt; `code` is what the customer types.

    `active`: it is switched on, and neither deleted nor withdrawn. Whether it is used up or its time is over
    is not meant. `ends_at` (aware) is when it ends by itself, and is told whenever `active` is; None then
    means never. What was said last from before the end that was agreed with the customer decides. So a
    platform that dates no change of these two must have the code read, and tell no more than that by itself.
    """

    shop: str
    id: str
    version: Version
    code: str | None = None
    active: bool | None = None
    ends_at: datetime | None = None
