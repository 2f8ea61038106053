"""JSON as PHP writes it: in answers and in webhooks."""

from __future__ import annotations

import json
from typing import Any


def written(body: Any) -> bytes:
    """Write JSON as PHP does: ASCII, with every slash escaped."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()
