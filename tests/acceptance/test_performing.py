"""What programs want done on a shop's platform is done there once, by whoever gets to it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from aftercare_sdk.actions import Discount, GrantReward, Money, Scope, TagCustomer
from aftercare_sdk.engine.performing import MOST_TRIES, PATIENCE, UNTIL_MENDED
from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import IssueCode, Receipt, RevokeCode
from aftercare_sdk.store.journal import Kind
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, customer, order, program

ANN = "ann@customer.example"
TEN = Discount(percent=Decimal(10))


def reward(label: str = "sorry", **changes) -> GrantReward:
    """Make a reward of ten per cent."""
    return GrantReward(**{"label": label, "discount": TEN, "reason": "a test wants it", **changes})


def tag(value: str | None, name: str = "tier") -> TagCustomer:
    """Make a tag of a customer."""
    return TagCustomer(name=name, value=value, reason="a test wants it")


def granting(*actions) -> dict[str, object]:
    """A program that decides the same at every purchase."""
    return {"granter": program(on_purchase=always(*actions))}


def states(bench: Bench) -> list[tuple[str, str, int]]:
    """Return state, code and tries of the commands."""
    return [(one.state.value, one.code, one.attempts) for one in bench.commands()]


def test_a_reward_becomes_a_code_for_one_person(migrated_database_url):
    """With its conditions, a code that nobody can guess, a receipt in the journal, and a why."""
    minimum = Money(2_000, "GBP")
    wanted = reward(valid_for=30 * DAY, minimum=minimum, products=("tea",))
    with Bench(migrated_database_url, granting(wanted)) as bench:
        bench.tell(order("1", email=ANN))
        bench.run_due()
        (command,) = bench.shelf.performed
        assert isinstance(command, IssueCode)
        assert (TEN, ANN, START + 30 * DAY, minimum, ("tea",)) == (
            command.discount,
            command.email,
            command.expires_at,
            command.minimum,
            command.products,
        )
        assert "AC-" == command.code[:3]
        assert 17 == len(command.code)
        assert [("done", "command_done", 1)] == states(bench)
        assert "7" == bench.commands()[0].reference
        receipts = [one for one in bench.journal() if one.kind is Kind.RECEIPT]
        assert ["IssueCode sorry: done"] == [one.outcome for one in receipts]
        assert ANN.encode() not in (receipts[0].body or b"")
        told = [(one.verdict, one.code) for one in bench.decisions()]
        assert [("planned", "command_planned"), ("done", "command_done")] == told
        assert ANN not in repr(command)


def test_the_same_decision_is_one_reward(migrated_database_url):
    """However often it is taken; another label, event or customer makes another code."""
    with Bench(migrated_database_url, granting(reward(scope=Scope.CUSTOMER), reward("other"))) as bench:
        bench.tell(order("1", email=ANN), order("2", email=ANN), order("3", email="bob@customer.example"))
        bench.run_due()
        codes = [one.code for one in bench.shelf.performed if isinstance(one, IssueCode)]
        assert 5 == len(codes) == len(set(codes))


def test_two_of_one_name_in_one_answer_are_refused(migrated_database_url):
    """Which of them counts would depend on chance."""
    with Bench(migrated_database_url, granting(reward(), reward())) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert [] == bench.shelf.performed
        assert "two rewards labelled 'sorry'" in bench.units("granter")[0]["error"]


def test_a_platform_that_is_down_is_asked_again(migrated_database_url):
    """With the same code, so that it finds what it may have made."""
    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.shelf.answers = [PlatformUnavailable("the shop does not answer"), KeyError(ANN)]
        bench.tell(order("1"))
        bench.run_due()
        assert [("planned", "command_again", 1)] == states(bench)
        bench.run(START + 2 * MINUTE)
        assert [("planned", "command_again", 2)] == states(bench)
        assert "KeyError" == bench.commands()[0].detail["reason"]
        bench.run(START + HOUR)
        assert [("done", "command_done", 3)] == states(bench)
        assert 1 == len({one.code for one in bench.shelf.performed if isinstance(one, IssueCode)})


def test_what_the_platform_never_does_ends(migrated_database_url):
    """By its word at once, by its silence after a week of trying."""
    with Bench(migrated_database_url, granting(reward("a"), reward("b"))) as bench:
        never = [PlatformUnavailable("the shop does not answer")] * 2 * MOST_TRIES
        bench.shelf.answers = [CommandRefused("another shop has this code"), *never]
        bench.tell(order("1"))
        bench.run(START + 30 * DAY)
        assert {("refused", "command_refused", 1), ("refused", "command_refused", MOST_TRIES)} == set(
            states(bench)
        )


def test_a_mistake_of_the_configuration_waits_for_a_person(migrated_database_url):
    """It uses up no tries: mending may take a while."""
    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.shelf.answers = [ConfigurationError("the keys may only read")] * 100
        bench.tell(order("1"))
        bench.run(START + 60 * UNTIL_MENDED)
        assert [("planned", "command_again", 0)] == states(bench)
        bench.shelf.answers = []
        bench.run(START + 62 * UNTIL_MENDED)
        assert "done" == states(bench)[0][0]


def test_a_worker_that_died_is_replaced(migrated_database_url):
    """Nobody knows whether the shop has made the code: it is asked again, and finds it."""

    def dies(command):
        raise KeyboardInterrupt

    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.shelf.answers = [dies]
        bench.tell(order("1"))
        with pytest.raises(KeyboardInterrupt):
            bench.run_due()
        bench.run(START + PATIENCE - MINUTE)
        assert 1 == len(bench.shelf.performed)
        bench.run(START + PATIENCE + MINUTE)
        assert [2, "done"] == [len(bench.shelf.performed), states(bench)[0][0]]


def test_without_an_address_there_is_nobody_to_reward(migrated_database_url):
    """And without an account nobody to tag; it is said, and nothing is tried for ever."""
    with Bench(migrated_database_url, granting(reward(), tag("gold"))) as bench:
        bench.tell(order("1", email=""))
        bench.run(START + DAY)
        assert [("refused", "command_nobody", 1)] * 2 == states(bench)
        assert [] == bench.shelf.performed


def test_an_order_without_its_person_rewards_nobody(migrated_database_url):
    """What a shop has removed from an order is not fetched back from the account, as with messages."""
    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.tell(customer("7", email=ANN), order("1", email=ANN, customer="7"))
        bench.process()
        bench.tell(order("1", erased=True, customer="7", modified=START + MINUTE))
        bench.run(START + DAY)
        assert [("refused", "command_nobody", 1)] == states(bench)
        assert [] == bench.shelf.performed


def test_a_code_whose_person_was_erased_meanwhile_is_taken_back(migrated_database_url):
    """The shop made it and its answer was lost: it must not stay there with the address of nobody."""
    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.shelf.answers = [PlatformUnavailable("no answer"), PlatformUnavailable("still none")]
        bench.tell(order("1", email=ANN, customer="7"))
        bench.run_due()
        bench.tell(order("1", erased=True, customer="7", modified=START + MINUTE))
        bench.run(DAY)
        first, *others = bench.shelf.performed
        assert isinstance(first, IssueCode)
        assert [RevokeCode(key=first.key, code=first.code)] * 2 == others
        assert [("refused", "command_nobody", 3)] == states(bench)


def test_an_order_without_an_address_rewards_its_account(migrated_database_url):
    """An order says no address now and then; its customer's is known."""
    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.tell(customer("7", email=ANN), order("1", email="", customer="7"))
        bench.run_due()
        assert [ANN] == [one.email for one in bench.shelf.performed]


@pytest.mark.parametrize(
    ("told", "kept"), [("a\x00b\udc80\nc", "ab c"), (7, "7"), ("x" * 2_000, "x" * 1_000)]
)
def test_a_reference_is_kept_as_one_line(migrated_database_url, told, kept):
    """Whatever a platform calls what was made: it can be stored, and the code is not made again."""
    with Bench(migrated_database_url, granting(reward())) as bench:
        bench.shelf.answers = [Receipt(reference=told)]
        bench.tell(order("1", email=ANN))
        bench.run_due()
        assert [("done", "command_done", 1)] == states(bench)
        assert kept == bench.commands()[0].reference


def test_the_latest_tag_counts(migrated_database_url):
    """Of one name for one account; a value that is taken away is told as well."""
    values = iter(["silver", "gold", None])
    plugin = {"tiers": program(on_purchase=lambda *_: [tag(next(values))])}
    with Bench(migrated_database_url, plugin) as bench:
        bench.tell(customer("7", email=ANN))
        bench.tell(*(order(str(n), email=ANN, customer="7", placed=START + n * MINUTE) for n in (1, 2)))
        bench.run(START + HOUR)
        bench.tell(order("3", email=ANN, customer="7", placed=START + 2 * HOUR))
        bench.run(START + 3 * HOUR)
        told = [(one.customer, one.name, one.value) for one in bench.shelf.performed]
        assert [("7", "tier", "gold"), ("7", "tier", None)] == told[-2:]
        assert ["done"] == [state for state, _, _ in states(bench)]


def test_a_tag_that_was_replaced_while_it_was_told_is_told_again(migrated_database_url):
    """Nobody knows which of two calls the platform took last; the latest word is said once more."""
    values = iter(["silver", "gold"])
    plugin = {"tiers": program(on_purchase=lambda *_: [tag(next(values))])}
    with Bench(migrated_database_url, plugin) as bench:
        twin = bench.twin()

        def slow(command):
            bench.tell(order("2", email=ANN, customer="7"))
            twin.process()
            twin.aftercare.perform()
            return Receipt()

        bench.shelf.answers = [slow]
        bench.tell(customer("7", email=ANN), order("1", email=ANN, customer="7"))
        bench.run(START + HOUR)
        twin.aftercare.close()
        assert ["silver", "gold", "gold"] == [one.value for one in bench.shelf.performed]
        assert ["done"] == [state for state, _, _ in states(bench)]


def test_a_reward_expires_after_its_decision(migrated_database_url):
    """However late it is carried out, the code is valid as long as was decided."""
    with Bench(migrated_database_url, granting(reward(valid_for=timedelta(days=7)))) as bench:
        bench.shelf.answers = [PlatformUnavailable("down")] * 3
        bench.tell(order("1"))
        bench.run(START + DAY)
        assert {START + timedelta(days=7)} == {one.expires_at for one in bench.shelf.performed}
