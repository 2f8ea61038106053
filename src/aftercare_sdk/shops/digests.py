"""A hash of what a snapshot says, for its version."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgspec

from aftercare_sdk.model.shops import Snapshot
from aftercare_sdk.model.versions import Version

_UNDATED = Version()
_ENCODER = msgspec.json.Encoder(order="deterministic")


def digest(snapshot: Snapshot) -> str:
    """Return 64 hexadecimal digits: equal for snapshots that say the same, whatever their versions.

    It covers the snapshot and not the payload, so that two payloads of one change, such as the webhooks
    "created" and "updated", are equal, and two pictures of one second that differ are told apart.
    """
    told = snapshot if snapshot.version == _UNDATED else replace(snapshot, version=_UNDATED)
    return hashlib.sha256(_ENCODER.encode(told)).hexdigest()
