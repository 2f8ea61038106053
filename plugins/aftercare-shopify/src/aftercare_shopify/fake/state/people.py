"""Addresses of people."""

from __future__ import annotations

from dataclasses import dataclass

_COUNTRIES = {
    "CA": "Canada",
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "JP": "Japan",
    "US": "United States",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address. Empty is unknown."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    province: str = ""
    province_code: str = ""
    zip: str = ""
    country_code: str = "JP"
    phone: str = ""

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def country(self) -> str:
        """The country by its English name, or by its code where this shop knows no name."""
        return _COUNTRIES.get(self.country_code, self.country_code)
