"""`Aftercare` says what it wants."""

from __future__ import annotations

import pytest

from aftercare_sdk import Aftercare


def test_a_path_is_no_settings():
    """The first thing that many write; the cure is in the error."""
    with pytest.raises(TypeError, match=r"not str; for a file write Aftercare\.from_config"):
        Aftercare("aftercare.toml")
