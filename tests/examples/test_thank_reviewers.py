from __future__ import annotations

import tomllib
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.reviews import ReviewStatus
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, order, review

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "thank_reviewers"
ANN, BOB = "ann@customer.example", "bob@customer.example"
SECTION = {"shops": ["main"]}


@pytest.fixture
def plugins(monkeypatch):
    """The plugin as an installation finds it: by the entry point of its own pyproject.toml."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [(name, value)] = project["entry-points"]["aftercare"].items()
    return {name: EntryPoint(name=name, value=value, group="aftercare").load()}


@pytest.fixture
def start(migrated_database_url, plugins):
    """A function that opens a shop with the plugin; what it is given is the plugin's section."""
    benches = []

    def start(section=SECTION, **config):
        config |= {"plugins": {"thank-reviewers": section}}
        benches.append(Bench(migrated_database_url, plugins, config=config))
        return benches[-1]

    yield start
    for bench in benches:
        bench.aftercare.close()


@pytest.fixture
def bench(start):
    """A shop in which Ann has bought something."""
    bench = start()
    bench.tell(order("1", email=ANN))
    return bench


def test_an_hour_later_the_writer_is_thanked(bench):
    """Once, by the name that the review gives, if nothing better is known."""
    bench.tell(review())
    bench.run(HOUR - timedelta(seconds=1))
    assert [] == bench.sent
    bench.run(10 * DAY)
    [mail] = bench.sent
    assert (ANN, "Thank you for your review") == (mail.recipient, mail.subject)
    assert mail.text.startswith("Hi ")
    assert "hello@shop.example" in mail.html


def test_in_japanese(start):
    """The other language of the plugin is sent as well."""
    bench = start(
        brand={"locale": "ja", "country": "JP"},
        shops={
            "main": {
                "adapter": "test",
                "secrets": [{"env": "SHOP_SECRET"}],
                "locale": "ja",
                "assume_delivered": False,
            }
        },
    )
    bench.tell(order("1", country="JP"), review())
    bench.run(HOUR)
    [mail] = bench.sent
    assert "【Hibi】レビューのご投稿ありがとうございます" == mail.subject
    assert mail.text.startswith("Ann A. 様\n")


def test_everybody_is_thanked_with_the_same_words(start):
    """One star or five, praise or a complaint, approved or waiting: nothing of it can be seen in the mail."""
    bench = start()
    kinds = [
        *({"rating": stars} for stars in (1, 2, 3, 4, 5, None)),
        {"text": "Never again."},
        {"status": ReviewStatus.HOLD},
        {"verified": False},
    ]
    for number, said in enumerate(kinds):
        email = f"customer-{number}@customer.example"
        bench.tell(order(str(number), email=email), review(str(number), email=email, **said))
    bench.run(HOUR)
    assert len(kinds) == len(bench.sent)
    assert 1 == len({(mail.subject, mail.text, mail.html) for mail in bench.sent})


def test_several_reviews_are_one_message(bench):
    """A month later it may be said again."""
    for number in range(3):
        bench.tell(review(str(number), written=START + number * MINUTE))
    bench.run(2 * DAY)
    assert 1 == len(bench.sent)
    later = START + 31 * DAY
    bench.run(later)
    bench.tell(review("9", written=later))
    bench.run(HOUR)
    assert 2 == len(bench.sent)


def test_the_pause_between_two_thanks_is_a_setting(start):
    """Days, counted from the last message."""
    bench = start({**SECTION, "again_after_days": 2})
    bench.tell(order("1"), review("1"))
    bench.run(3 * DAY)
    bench.tell(review("2", written=START + 3 * DAY))
    bench.run(HOUR)
    assert 2 == len(bench.sent)


def test_somebody_who_never_bought_is_not_written_to(bench):
    """Anybody may type anybody's address into the form."""
    bench.tell(review(email=BOB))
    bench.run(10 * DAY)
    assert [] == bench.sent


def test_spam_is_not_thanked_for(bench):
    """It raises no event."""
    bench.tell(review(status=ReviewStatus.SPAM))
    bench.run(10 * DAY)
    assert [] == bench.sent


def test_earlier_reviews_are_not_thanked_for(bench):
    """Those that the first listing of a shop brings."""
    bench.tell(review(written=START - 30 * DAY))
    bench.run(10 * DAY)
    assert [] == bench.sent


def test_a_shop_that_is_not_named_is_left_alone(start):
    """Installing the plugin changes nothing until a shop is named."""
    bench = start({})
    bench.tell(order("1"), review())
    bench.run(10 * DAY)
    assert [] == bench.sent


def test_nothing_else_is_decided(bench):
    """No code, no timer, no memory: the thanks are all there is."""
    bench.tell(review())
    bench.run(10 * DAY)
    assert ([], [], []) == (bench.commands(), bench.timers(), bench.memory())


def test_its_section_is_checked(start):
    """A mistake in the plugin's section is told with its path."""
    with pytest.raises(SettingsError, match="again_after_days"):
        start({**SECTION, "again_after_days": 0})
