"""What an operator can do about a database that cannot be used: the last part of a line in the log."""

from __future__ import annotations

from aftercare_sdk.errors import StorageUnavailable

_CURES = (
    (("disk is full", "DiskFull"), "free some room on its disk"),
    (
        ("readonly", "ReadOnly"),
        "give this user the right to write the file and its folder, or name the server that takes writes",
    ),
    (("locked", "LockNotAvailable"), "find the other process that keeps writing to it, and end that"),
    (("disk I/O error", "IoError"), "look at the health and the room of its disk"),
    (("unable to open",), "look whether its folder is there and may be entered"),
)
_OTHERWISE = "look whether it runs and can be reached from here"


def with_cure(error: StorageUnavailable) -> str:
    """Return what the error says, and what mends it; work goes on by itself then."""
    told = str(error)
    found = (cure for words, cure in _CURES if any(word in told for word in words))
    return f"{told}; {next(found, _OTHERWISE)}"
