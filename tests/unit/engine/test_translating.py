"""An adapter that hangs or fails concerns its own row and nothing else."""

from __future__ import annotations

import threading

import pytest

from aftercare_sdk.engine.brand import ConnectedShop
from aftercare_sdk.engine.translating import CannotTell, Translator
from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.shops import Ignored, Shop, Webhook

TELLS = (Ignored("nothing of interest"),)


class Moody:
    """An adapter that does what the topic says."""

    def __init__(self):
        self.never = threading.Event()

    def translate(self, webhook):
        match webhook.topic:
            case "hang":
                self.never.wait()
            case "exit":
                raise SystemExit(0)
            case "bug":
                raise KeyError("ogawa@example.jp")
            case "malformed":
                raise TranslationError("id: not a number")
        return TELLS


@pytest.fixture
def translate():
    """Returns what a moody adapter says to a topic."""
    adapter = Moody()
    shop = ConnectedShop(shop=Shop(name="main"), kind="moody", adapter=adapter)
    translator = Translator(0.2, None)
    yield lambda topic: translator.translate(shop, Webhook(topic=topic, body=b"{}"), 7)
    adapter.never.set()
    translator.close()


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("hang", "adapter 'moody' took more than 0.2 s"),
        ("exit", "adapter 'moody' failed with SystemExit"),
        ("bug", "adapter 'moody' failed with KeyError"),
        ("malformed", "id: not a number"),
    ],
)
def test_whatever_an_adapter_does_the_next_row_is_translated(translate, topic, told):
    """The row is told apart with its reason, without what the adapter quoted; the next one is as it was."""
    with pytest.raises(CannotTell) as caught:
        translate(topic)
    assert str(caught.value).startswith(told)
    assert "ogawa" not in str(caught.value)
    assert TELLS == translate("order")
