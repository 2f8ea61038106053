from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.cli.demo.living import live
from aftercare_sdk.cli.demo.report import report
from aftercare_sdk.cli.demo.shops import kinds
from aftercare_sdk.cli.demo.story import ZONE, play
from aftercare_sdk.cli.demo.whole import whole
from aftercare_sdk.cli.words import Speaker
from aftercare_woocommerce import samples


@pytest.fixture(scope="session")
def recordings():
    """Return the first recordings: two orders that are refunded, two that are thanked for."""
    return list(samples.webhooks())[:60]


@pytest.fixture(scope="session")
def story(recordings, tmp_path_factory):
    """Play them once for all tests that only look at the result."""
    return play(recordings, tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory):
    """Hold the database of the shop that lives."""
    return tmp_path_factory.mktemp("living")


@pytest.fixture(scope="session")
def living(lived_in):
    """Let the shop live once for all tests that only look at the result."""
    return live(kinds(), lived_in)


@pytest.fixture(params=["ja", "en"])
def told(story, request):
    """Return the report of the recordings in each language."""
    return report(story, Speaker(request.param, ZoneInfo(ZONE)))


@pytest.fixture(params=["ja", "en"])
def demo(living, story, request):
    """Return both parts in each language."""
    return whole(living, story, Speaker(request.param, ZoneInfo(ZONE)))
