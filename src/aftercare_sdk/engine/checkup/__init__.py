"""Look at everything that a brand needs before it runs, and say what is wrong and what mends it."""

from __future__ import annotations

from aftercare_sdk.engine.checkup.findings import Finding
from aftercare_sdk.engine.checkup.run import check_up

__all__ = ["Finding", "check_up"]
