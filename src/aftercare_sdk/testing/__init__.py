"""For authors of plugins: tests that hold for every adapter, and those that hold for every program.

`pip install "aftercare-sdk[testing]"` brings what it needs. Nothing of the SDK imports it.
"""

from __future__ import annotations

from importlib.util import find_spec

_missing = [name for name in ("pytest", "responses", "hypothesis") if find_spec(name) is None]
if _missing:
    raise ModuleNotFoundError(
        f"aftercare_sdk.testing needs {', '.join(_missing)}, which is not installed here: "
        'pip install "aftercare-sdk[testing]"',
        name=_missing[0],
    )

from aftercare_sdk.testing.contract import AdapterContract  # noqa: E402 - after the check above
from aftercare_sdk.testing.platform import Asked, Platform, Reply, Trouble  # noqa: E402
from aftercare_sdk.testing.programs import ProgramContract  # noqa: E402

__all__ = ["AdapterContract", "Asked", "Platform", "ProgramContract", "Reply", "Trouble"]
