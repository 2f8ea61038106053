"""Lets commands look at the shop of a bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftercare_sdk.plugins import PluginSource
from tests.support.shop import SECRET, Bench, Fittings

_CONFIGURATION = """
[brand]
name = "Hibi"
locale = "en"
zone = "UTC"
country = "GB"

[database]
url = { env = "TEST_DATABASE" }

[shops.main]
adapter = "test"
secrets = [{ env = "SHOP_SECRET" }]

[channels.email]
kind = "null"
sender = "hello@shop.example"
"""


def look_with_commands(bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands that are run in this process look at a bench, with its shop and its clock."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TEST_DATABASE", bench.url)
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    (folder / "aftercare.toml").write_text(_CONFIGURATION, encoding="utf-8")
    fittings = PluginSource(name="fittings", obj=Fittings(bench.shelf, bench.probe))
    monkeypatch.setattr("aftercare_sdk.engine.brand.find_plugins", lambda: (fittings,))
    monkeypatch.setattr("aftercare_sdk.engine.clock.SystemClock.now", lambda _: bench.clock.now())
