"""Files of orders as tests write and read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aftercare_sdk.shops.files import Options, OrderFile

FIXTURES = Path(__file__).parents[3] / "fixtures" / "imports"
LATEST = datetime(2026, 5, 1, 9, tzinfo=UTC)
EXPORTED = datetime(2026, 4, 1, 9, tzinfo=UTC)


@dataclass
class Read:
    """What came out of a file."""

    file: OrderFile
    groups: list

    @property
    def orders(self):
        return {one.id: one for group in self.groups for one in group.snapshots if not one.partial}

    @property
    def notices(self):
        return [one for group in self.groups for one in group.snapshots if one.partial]

    @property
    def rejects(self):
        return {one.line: one.reason for group in self.groups for one in group.rejects}

    @property
    def taken(self):
        return sum(group.taken for group in self.groups)


@pytest.fixture
def read(tmp_path):
    """Read a file of these bytes, this text, or this path."""

    def reading(content, name="orders.csv", **options):
        path = content
        if not isinstance(content, Path):
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = {"shop": "main", "zone": "UTC", "currency": "GBP", **options}
        file = OrderFile(path, Options(latest=LATEST, exported_at=EXPORTED, **given))
        return Read(file, list(file.read(latest=LATEST, exported_at=EXPORTED)))

    return reading


@pytest.fixture
def fixtures():
    """The folder of files that are kept."""
    return FIXTURES
