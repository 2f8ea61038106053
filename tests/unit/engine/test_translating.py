"""An adapter that hangs or fails concerns its own row and nothing else."""

from __future__ import annotations

import threading
import time

import pytest

from aftercare_sdk.engine.brand import ConnectedShop
from aftercare_sdk.engine.translating import Question, Told, Translator
from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.shops import Ignored, Shop, Webhook
from tests.support.histories import DAWN
from tests.support.shop import MINUTE

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
def translator():
    """A translator whose clock stands still."""
    translator = Translator(0.2, None, monotonic=time.monotonic, now=lambda: DAWN)
    yield translator
    translator.close()


@pytest.fixture
def translate(translator):
    """Returns what a moody adapter says to topics of one batch; the topic `other` comes from another shop."""
    adapter = Moody()
    shop = ConnectedShop(shop=Shop(name="main"), kind="moody", adapter=adapter)
    other = ConnectedShop(shop=Shop(name="other"), kind="steady", adapter=Moody())
    yield lambda *topics: translator.translate(
        [
            Question(
                shop=other if topic == "other" else shop,
                webhook=Webhook(topic=topic, body=b"{}"),
                row=row,
            )
            for row, topic in enumerate(topics)
        ]
    )
    adapter.never.set()


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("hang", "adapter 'moody' took more than 0.2 s"),
        ("exit", "adapter 'moody' failed with SystemExit in "),
        ("bug", "adapter 'moody' failed with KeyError in "),
        ("malformed", "id: not a number"),
    ],
)
def test_whatever_an_adapter_does_the_next_row_is_translated(translate, topic, told):
    """The row is told apart with its reason, without what the adapter quoted; the next one is as it was."""
    before, broken, other = translate("order", topic, "other")
    assert broken.problem.startswith(told)
    assert "ogawa" not in broken.problem
    assert ((), False) == (broken.items, broken.skipped)
    assert (TELLS, TELLS) == (before.items, other.items)
    assert TELLS == translate("order")[0].items


def test_an_adapter_that_hangs_costs_its_time_once(translate):
    """Its later rows of the batch are not asked, and not answered for: they are asked next time."""
    hung, later, other = translate("hang", "order", "other")
    assert hung.problem
    assert Told(skipped=True) == later
    assert Told(items=TELLS) == other


def test_the_shop_of_an_adapter_that_hangs_rests(translate, translator):
    """A minute, and after five times in ten minutes for five; what is wrong but quick is no reason."""
    translate("bug", "malformed", "other")
    assert set() == translator.rests.resting(DAWN)
    for _ in range(4):
        translate("hang", "other")
    assert {"main"} == translator.rests.resting(DAWN)
    assert DAWN + MINUTE == translator.rests.until("main")
    translate("hang")
    assert DAWN + 5 * MINUTE == translator.rests.until("main")
    assert set() == translator.rests.resting(DAWN + 5 * MINUTE)
