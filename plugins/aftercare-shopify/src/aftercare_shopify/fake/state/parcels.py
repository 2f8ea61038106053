"""Parcels, which Shopify calls fulfillments, and what carriers tell of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelEvent:
    """Something that happened to a parcel. `status` in small letters, such as `in_transit`."""

    id: int
    status: str
    happened: datetime
    created: datetime
    message: str | None = None
    estimated: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Fulfillment:
    """A parcel. `lines` are its pieces by the id of the line; `status` in small letters."""

    id: int
    name: str
    created: datetime
    updated: datetime
    lines: dict[int, int]
    line_ids: dict[int, int]
    status: str = "success"
    company: str | None = None
    number: str | None = None
    url: str | None = None
    events: list[ParcelEvent] = field(default_factory=list)

    @property
    def shipment_status(self) -> str | None:
        """The newest that the carrier told."""
        return max(self.events, key=lambda event: event.happened).status if self.events else None

    def first(self, status: str) -> datetime | None:
        """Return when the carrier first told a status."""
        return min((event.happened for event in self.events if event.status == status), default=None)
