from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.cli.demo.report import report
from aftercare_sdk.cli.demo.story import ZONE, play
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


@pytest.fixture(params=["ja", "en"])
def told(story, request):
    """Return the report in each language."""
    return report(story, Speaker(request.param, ZoneInfo(ZONE)))
