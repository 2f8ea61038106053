"""Messages anchored to facts of an order: a thank-you, help with what arrived, what shops add."""

from __future__ import annotations

from aftercare_sdk.programs.flows.configuration import FlowsSchema, FlowTable, configured
from aftercare_sdk.programs.flows.plugin import PRESETS, Flows

__all__ = ["PRESETS", "FlowTable", "Flows", "FlowsSchema", "configured"]
