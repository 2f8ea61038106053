"""The tests that hold for every program, whatever it decides."""

from __future__ import annotations

from aftercare_sdk.testing.programs.contract import ProgramContract

__all__ = ["ProgramContract"]
