"""Customers that were taken for one and are not: told apart for good, and their points with them."""

from __future__ import annotations

import pytest

from aftercare_sdk.engine.splitting import split
from aftercare_sdk.errors import ConfigurationError
from tests.support.points import ANN, available, balance, basket, delivered, person, posted, shop_with
from tests.support.shop import DAY, START, Bench, customer

SETTLED = START + 15 * DAY
REWARDS = {
    "rewards": {"seventy": {"cost": 70, "amount": {"GBP": 7}, "valid_for": "10 days", "returns_unused": True}}
}
ACCOUNT = "main/7"


def family(url: str) -> Bench:
    """Return a shop where account 7 has 50 points, and a mailbox that it once had has 40."""
    bench = Bench(url, config=shop_with(REWARDS))
    bench.tell(
        customer("7", email=ANN),
        basket("1", customer="7", email="seven@customer.example", **delivered()),
        basket("2", {"1": 40}, email=ANN, **delivered()),
    )
    bench.run(SETTLED)
    assert 90 == available(bench, ACCOUNT)
    return bench


def tell_apart(bench: Bench) -> int:
    """Say that the account is not whoever has the mailbox."""
    return split(bench.aftercare.brand, ACCOUNT, ANN, reason="two sisters")


def test_points_stay_with_the_identity_that_earned_them(migrated_database_url):
    """Each has her own again."""
    with family(migrated_database_url) as bench:
        assert 1 == tell_apart(bench)
        assert (50, 40) == (available(bench, ACCOUNT), available(bench, ANN))


def test_whoever_redeemed_pays_alone(migrated_database_url):
    """What was taken of the other comes back to her by an entry; what is missing is owed."""
    with family(migrated_database_url) as bench:
        bench.aftercare.redeem("main", "7", "seventy", request="a click")
        assert 20 == available(bench, ACCOUNT)
        tell_apart(bench)
        assert (50 - 70, 40) == (available(bench, ACCOUNT), available(bench, ANN))
        assert 20 == balance(bench, ACCOUNT).debt
        assert "adjust" in {kind for kind, _ in posted(bench, ANN)}


def test_what_comes_back_later_comes_back_to_whoever_redeemed(migrated_database_url):
    """The code was never used, and its reward returns the points: to her, and to nobody else."""
    with family(migrated_database_url) as bench:
        bench.aftercare.redeem("main", "7", "seventy", request="a click")
        bench.run_due()
        tell_apart(bench)
        bench.run(11 * DAY)
        assert (50, 40) == (available(bench, ACCOUNT), available(bench, ANN))


def test_a_debt_that_the_other_has_paid_is_owed_again(migrated_database_url):
    """And the other has her points back."""
    with family(migrated_database_url) as bench:
        bench.aftercare.redeem("main", "7", "seventy", request="a click")
        later = SETTLED + DAY
        sevens = {"customer": "7", "email": "seven@customer.example"}
        bench.tell(
            basket("1", cancelled=True, modified=later, **sevens, **delivered()),
            basket("3", {"1": 60}, email=ANN, placed=later, **delivered(later)),
        )
        bench.run(later + 15 * DAY)
        whole = available(bench, ACCOUNT)
        tell_apart(bench)
        assert whole == available(bench, ACCOUNT) + available(bench, ANN)
        assert 40 + 60 == available(bench, ANN)


def test_the_split_lasts(migrated_database_url):
    """The shop may tell the same again, and again they are two."""
    with family(migrated_database_url) as bench:
        tell_apart(bench)
        bench.tell(customer("7", email=ANN, modified=SETTLED, locale="ja"))
        bench.process()
        assert set(person(bench, ACCOUNT)).isdisjoint(person(bench, ANN))
        assert 0 == tell_apart_again(bench)


def tell_apart_again(bench: Bench) -> int:
    """Say it once more, which changes nothing."""
    with pytest.raises(ConfigurationError, match="nobody has said"):
        tell_apart(bench)
    return 0


def test_nobody_can_be_split_from_a_stranger(migrated_database_url):
    """What was never joined cannot be told apart; the error says what ties customers."""
    with family(migrated_database_url) as bench:
        with pytest.raises(ConfigurationError, match="an account and its addresses"):
            split(bench.aftercare.brand, "main/7", "seven@customer.example", reason="a mistake")
        with pytest.raises(ConfigurationError, match="nobody is known"):
            split(bench.aftercare.brand, "main/7", "stranger@customer.example", reason="a mistake")
