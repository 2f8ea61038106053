from __future__ import annotations

import pytest

from aftercare_shopify.samples import TOPICS, example


@pytest.mark.parametrize("topic", TOPICS)
def test_an_example(topic, examples, body):
    """What is in the package is what Shopify's reference shows."""
    assert body(topic) == example(topic)
    assert topic in examples


def test_a_new_copy():
    """Whoever changes an example changes a copy of it."""
    example("orders/create").clear()
    assert example("orders/create")


def test_no_other_topic():
    """There is no example of anything else, and no way out of the folder."""
    for topic in ("orders/updated", "", "../schemas"):
        with pytest.raises(LookupError):
            example(topic)
