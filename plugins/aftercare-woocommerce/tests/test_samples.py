from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from aftercare_woocommerce import samples


def test_order_of_arrival():
    """The webhooks come in the order in which they arrived, which is that of their numbers."""
    names = [each.name for each in samples.webhooks()]
    assert sorted(names) == names
    moments = [each.received_at for each in samples.webhooks()]
    assert all(later - earlier > timedelta(seconds=-1) for earlier, later in pairwise(moments))
    assert timedelta(0) == moments[0].utcoffset()
    assert 230 == len(moments)


def test_secrets():
    """The secrets are those of all webhooks, each once."""
    assert len(set(samples.secrets())) == len(samples.secrets())
    assert all(samples.secrets())


def test_recordings_name_no_machine():
    """The recordings come from a loopback store and hold no REST API keys."""
    for folder in ("webhooks", "rest"):
        for entry in (samples.RECORDINGS / folder).iterdir():
            text = entry.read_text(encoding="utf-8")
            assert "oauth_consumer_key" not in text
            assert "consumer_secret=" not in text
