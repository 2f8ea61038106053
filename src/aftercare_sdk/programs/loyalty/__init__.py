"""The program `loyalty`: what orders and other deeds earn, tiers, and the rewards that points buy."""

from __future__ import annotations

from aftercare_sdk.programs.loyalty.plugin import Loyalty
from aftercare_sdk.programs.loyalty.rules import Rules

__all__ = ["Loyalty", "Rules"]
