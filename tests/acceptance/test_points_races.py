"""Points of one customer that several processes change at once, on PostgreSQL.

Nobody waits for a time here. What is to come first holds its locks until PostgreSQL says that the other one
waits for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url

from aftercare_sdk.engine.books import verify
from aftercare_sdk.engine.redeeming import cancel, correct
from aftercare_sdk.engine.splitting import split
from aftercare_sdk.errors import RedemptionRefused
from aftercare_sdk.model.commands import IssueCode, Receipt, RevokeCode, ShopCommand
from aftercare_sdk.store import commands, lots, people, redemptions
from aftercare_sdk.store.redemptions import Redemption
from tests.support.databases import migrate
from tests.support.points import ANN, available, basket, delivered, person, posted, reading, shop_with
from tests.support.shop import DAY, START, Bench, customer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.databases import PostgresDatabases

pytestmark = pytest.mark.postgres

ACCOUNT = "main/7"
SEVEN, EIGHT = "seven@customer.example", "eight@customer.example"
SETTLED = START + 15 * DAY
REWARDS: dict[str, Any] = {"rewards": {"thirty": {"cost": 30, "amount": {"GBP": 3}}}}
LINES = {"a": 40, "b": 10}
LONG = 30
"""Seconds after which something hangs; nothing here takes so long."""


class Beside:
    """Work in a thread of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._result: object = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except Exception as error:  # noqa: BLE001 - for the test to judge
            self._result = error

    @property
    def goes_on(self) -> bool:
        """Whether it is not at its end."""
        return self._thread.is_alive()

    def result(self) -> object:
        """Return what the work returned, or the error that it raised."""
        self._thread.join(LONG)
        assert not self.goes_on, "it hangs"
        return self._result


class Gate:
    """A place in a function: whoever comes there first is held until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        self._reached, self._open = threading.Event(), threading.Event()
        real = getattr(module, name)

        def gated(*given: Any, **named: Any) -> Any:
            done = real(*given, **named)
            if not self._reached.is_set():
                self._reached.set()
                assert self._open.wait(LONG)
            return done

        monkeypatch.setattr(module, name, gated)

    def wait(self) -> None:
        """Wait until somebody is there."""
        assert self._reached.wait(LONG)

    def open(self) -> None:
        """Let whoever is there go on."""
        self._open.set()


@pytest.fixture
def url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    """A database that has the schema, on the private server."""
    yield postgres_databases.copy_of(migrate)
    postgres_databases.drop_all()


@pytest.fixture
def waits(postgres_databases: PostgresDatabases, url: str) -> Callable[[Beside], bool]:
    """Return a function that tells, as soon as it is certain, whether some work waits for a lock."""
    name = make_url(url).database
    pause = threading.Event()

    def ask(work: Beside) -> bool:
        while work.goes_on:
            waiting = postgres_databases.connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                [name],
            ).fetchone()
            if waiting is not None and waiting[0]:
                return True
            pause.wait(0.005)
        return False

    return ask


def rich(url: str, rules: dict[str, object] | None = None) -> Bench:
    """Return a shop whose customer 7 has fifty points to spend."""
    bench = Bench(url, config=shop_with({**REWARDS, **(rules or {})}))
    bench.tell(customer("7"), basket(lines=LINES, customer="7", **delivered()))
    bench.run(SETTLED)
    assert 50 == available(bench, ACCOUNT)
    return bench


def redeem(bench: Bench, account: str = "7", request: str = "a click") -> Redemption:
    """Redeem the reward."""
    return bench.aftercare.redeem("main", account, "thirty", request=request)


def refusal(bench: Bench, account: str = "7") -> tuple[str, int | None]:
    """Return why one more reward is refused, and how many points there are."""
    with pytest.raises(RedemptionRefused) as refused:
        redeem(bench, account, "another click")
    return refused.value.why, refused.value.available


def standing(bench: Bench, key: str) -> tuple[str, bool]:
    """Return where a reward stands, and whether its points are spent."""
    with reading(bench) as connection:
        one = redemptions.get(connection, key)
    assert one is not None
    return one.state.value, one.spent


def problems(bench: Bench) -> list[str]:
    """Return what is wrong with the books."""
    with reading(bench) as connection:
        return [one.problem for one in verify(connection).violations]


def test_a_refund_that_comes_while_somebody_redeems_sees_what_is_spent(url, waits, monkeypatch):
    """The decider waits for the customer's lock, and reads lots only then: forty less thirty are left."""
    with rich(url) as bench, bench.twin() as twin:
        gate = Gate(monkeypatch, redemptions, "add")
        first = Beside(lambda: redeem(twin))
        gate.wait()
        bench.tell(
            basket(lines=LINES, customer="7", refunds={"r": {"b": 10}}, modified=SETTLED, **delivered())
        )
        decider = Beside(bench.process)
        assert waits(decider)
        gate.open()
        assert isinstance(first.result(), Redemption)
        assert decider.result()
        assert [] == problems(bench)
        assert ("not_enough_points", 10) == refusal(bench)


def test_a_correction_by_hand_waits_for_whoever_redeems(url, waits, monkeypatch):
    """Nobody takes points that are spent just now."""
    with rich(url) as bench, bench.twin() as twin:
        gate = Gate(monkeypatch, redemptions, "add")
        first = Beside(lambda: redeem(twin))
        gate.wait()
        second = Beside(lambda: correct(bench.aftercare.brand, ACCOUNT, -30, reason="a mistake"))
        assert waits(second)
        gate.open()
        assert isinstance(first.result(), Redemption)
        refused = second.result()
        assert isinstance(refused, RedemptionRefused)
        assert ("not_enough_points", 20) == (refused.why, refused.available)
        assert [] == problems(bench)


def test_an_order_finds_its_owner_while_its_points_are_spent(url, waits, monkeypatch):
    """Whoever has redeemed pays; whose order it is has all that it is worth."""
    with rich(url) as bench, bench.twin() as twin:
        bench.tell(customer("8", email=EIGHT))
        bench.process()
        gate = Gate(monkeypatch, redemptions, "add")
        first = Beside(lambda: redeem(twin))
        gate.wait()
        bench.tell(basket(lines=LINES, customer="8", email=EIGHT, modified=SETTLED, **delivered()))
        decider = Beside(bench.process)
        assert waits(decider)
        gate.open()
        assert isinstance(first.result(), Redemption)
        assert decider.result()
        assert (-30, 50) == (available(bench, ACCOUNT), available(bench, "main/8"))
        assert [] == problems(bench)


def test_whoever_redeems_waits_for_an_order_that_finds_its_owner(url, waits, monkeypatch):
    """Then its points are not there any more, whatever a page has shown before."""
    with rich(url) as bench, bench.twin() as twin:
        bench.tell(customer("8", email=EIGHT))
        bench.process()
        gate = Gate(monkeypatch, lots, "save_many")
        bench.tell(basket(lines=LINES, customer="8", email=EIGHT, modified=SETTLED, **delivered()))
        decider = Beside(bench.process)
        gate.wait()
        second = Beside(lambda: redeem(twin))
        assert waits(second)
        gate.open()
        assert decider.result()
        refused = second.result()
        assert isinstance(refused, RedemptionRefused)
        assert ("not_enough_points", 0) == (refused.why, refused.available)
        assert (0, 50) == (available(bench, ACCOUNT), available(bench, "main/8"))
        assert [] == problems(bench)


def test_points_that_are_spent_between_a_look_and_its_lock_do_not_expire(url, monkeypatch):
    """Only what is left of a lot expires."""
    with rich(url, {"expires": "1 month"}) as bench, bench.twin() as twin:
        due, asked = lots.due, []

        def meanwhile(connection, now, limit, **more):
            found = due(connection, now, limit, **more)
            if found and limit > 1 and not asked:
                # Somebody whose clock says that the time is not over yet.
                asked.append(Beside(lambda: redeem(twin)).result())
            return found

        monkeypatch.setattr(lots, "due", meanwhile)
        monkeypatch.setattr(twin.aftercare.brand, "clock", Earlier(twin.clock))
        bench.run(40 * DAY)
        assert [True] == [isinstance(one, Redemption) for one in asked]
        assert ("spend", -30) in posted(bench, ACCOUNT)
        assert ("expire", -20) in posted(bench, ACCOUNT)
        assert 0 == available(bench, ACCOUNT)
        assert [] == problems(bench)


class Earlier:
    """The clock of a machine that is a day behind."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def now(self) -> Any:
        return self._clock.now() - DAY

    def monotonic(self) -> float:
        seconds: float = self._clock.monotonic()
        return seconds


def test_a_reward_that_is_called_off_while_the_decider_looks_at_it_stays_so(url, monkeypatch):
    """It had read the reward as ordered; behind its lock it reads it once more."""
    with rich(url) as bench, bench.twin() as twin:
        done = redeem(bench)
        due, called_off = redemptions.due, []

        def meanwhile(connection, now, limit, **more):
            found = due(connection, now, limit, **more)
            if limit > 1 and not called_off:
                called_off.append(cancel(twin.aftercare.brand, done.key[:12]))
            return found

        monkeypatch.setattr(redemptions, "due", meanwhile)
        bench.run_due()
        bench.run(DAY)
        assert 1 == len(called_off)
        assert ("cancelled", False) == standing(bench, done.key)
        assert 50 == available(bench, ACCOUNT)
        assert [] == problems(bench)


@pytest.mark.parametrize("earlier", ["worker", "operator"])
def test_a_reward_is_called_off_while_its_code_is_made(url, waits, monkeypatch, earlier):
    """Neither gives way to the other, whoever comes first: both write commands before rewards."""
    with rich(url) as bench, bench.twin() as twin:
        done = redeem(bench)
        tries = [counted(monkeypatch, commands, name) for name in ("settle", "withdraw")]

        def call_off() -> object:
            return cancel(twin.aftercare.brand, done.key[:12])

        if earlier == "worker":
            gate = Gate(monkeypatch, commands, "settle")
            worker = Beside(bench.aftercare.perform)
            gate.wait()
            operator = Beside(call_off)
            assert waits(operator)
        else:
            # The worker has the command in hand before it is withdrawn.
            performing, may_go = threading.Event(), threading.Event()

            def slow(_: ShopCommand) -> Receipt:
                performing.set()
                assert may_go.wait(LONG)
                return Receipt(reference="7")

            bench.shelf.answers = [slow]
            worker = Beside(bench.aftercare.perform)
            assert performing.wait(LONG)
            gate = Gate(monkeypatch, redemptions, "cancel")
            operator = Beside(call_off)
            gate.wait()
            may_go.set()
            assert waits(worker)
        gate.open()
        assert 1 == worker.result()
        assert isinstance(operator.result(), Redemption)
        assert [1, 1] == [len(several) for several in tries]  # no transaction gave way, to be tried again
        bench.run(DAY)
        assert ("cancelled", False) == standing(bench, done.key)
        assert [IssueCode, RevokeCode] == [type(one) for one in bench.shelf.performed]
        assert 50 == available(bench, ACCOUNT)
        assert [] == problems(bench)


def counted(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[object]:
    """Return a list that grows with each call of a function."""
    calls: list[object] = []
    real = getattr(module, name)

    def noted(*given: Any, **named: Any) -> Any:
        calls.append(given)
        return real(*given, **named)

    monkeypatch.setattr(module, name, noted)
    return calls


def test_of_two_that_redeem_while_their_customers_become_one_one_wins(url, waits, monkeypatch):
    """They waited for two customers, and have locked one in the end."""
    with Bench(url, config=shop_with(REWARDS)) as bench, bench.twin() as one, bench.twin() as other:
        bench.tell(
            customer("7", email=SEVEN),
            basket("1", {"1": 30}, customer="7", email=SEVEN, **delivered()),
            customer("8", email=EIGHT),
        )
        bench.run(SETTLED)
        seven, eight = person(bench, SEVEN)[0], person(bench, "main/8")[0]
        gate = Gate(monkeypatch, redemptions, "add")
        with bench.aftercare.brand.database.write() as decider:
            people.join(decider, [(seven, eight)])
            first = Beside(lambda: redeem(one, "8"))
            assert waits(first)
        gate.wait()
        second = Beside(lambda: redeem(other, "7"))
        assert waits(second)
        gate.open()
        assert isinstance(first.result(), Redemption)
        refused = second.result()
        assert isinstance(refused, RedemptionRefused)
        assert ("not_enough_points", 0) == (refused.why, refused.available)
        assert [] == problems(bench)


def let_two_sisters_earn(bench):
    """Let an account, and an address that is told to be its own, have 20 points each that can be spent."""
    bench.tell(
        customer("7", email=ANN),
        basket("1", {"1": 20}, customer="7", email=SEVEN, **delivered()),
        basket("2", {"1": 20}, email=ANN, **delivered()),
    )
    bench.run(SETTLED)


def test_whoever_redeems_while_two_are_told_apart_spends_points_of_her_own(url, waits, monkeypatch):
    """What she waited to spend belongs to somebody else by then."""
    with Bench(url, config=shop_with(REWARDS)) as bench, bench.twin() as twin:
        let_two_sisters_earn(bench)
        assert 40 == available(bench, ACCOUNT)
        gate = Gate(monkeypatch, people, "split")
        operator = Beside(lambda: split(bench.aftercare.brand, ACCOUNT, ANN, reason="two sisters"))
        gate.wait()
        second = Beside(lambda: redeem(twin))
        assert waits(second)
        gate.open()
        assert 1 == operator.result()
        refused = second.result()
        assert isinstance(refused, RedemptionRefused)
        assert ("not_enough_points", 20) == (refused.why, refused.available)
        assert (20, 20) == (available(bench, ACCOUNT), available(bench, ANN))
        assert [] == problems(bench)


def test_two_are_told_apart_after_the_points_of_one_were_spent_meanwhile(url, waits, monkeypatch):
    """The split waits for whoever redeems, and sees what she took of the other."""
    with Bench(url, config=shop_with(REWARDS)) as bench, bench.twin() as twin:
        let_two_sisters_earn(bench)
        gate = Gate(monkeypatch, redemptions, "add")
        first = Beside(lambda: redeem(twin))
        gate.wait()
        operator = Beside(lambda: split(bench.aftercare.brand, ACCOUNT, ANN, reason="two sisters"))
        assert waits(operator)
        gate.open()
        assert isinstance(first.result(), Redemption)
        assert 1 == operator.result()
        assert (-10, 20) == (available(bench, ACCOUNT), available(bench, ANN))
        assert [] == problems(bench)
