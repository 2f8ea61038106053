"""Accounts with few and with very many entries: what a balance costs, and a redemption."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter

from sqlalchemy import Connection, text

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.ledger import Awarding, Ledger
from aftercare_sdk.errors import Bug
from aftercare_sdk.model.actions import AwardPoints
from aftercare_sdk.model.events import Purchase
from aftercare_sdk.model.people import Identity, IdentityKind
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.store import balances, people
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.entries import Why
from aftercare_sdk.store.events import Known
from benchmarks.baselines import by_hand
from benchmarks.figures import Figure, Options, ratios
from benchmarks.orders import START, open_shop
from benchmarks.orders_of_a_shop import SHOP

MEASURE = "points"
USABLE = 4
"""How many lots of a long history still hold points."""
_LATER = START + timedelta(days=100)
"""When the time of what is to expire is over."""
_MODEL = "model"
_POINTS = 1_000
"""What a lot is worth."""
_FAR = Expiry(months=600)


@dataclass(frozen=True, slots=True)
class Account:
    """An account, named as a shop names it; `usable` of its lots hold points, others are spent or expired."""

    name: str
    entries: int
    usable: int = USABLE

    @property
    def number(self) -> str:
        """The account's id in its shop."""
        return self.name.partition("/")[2]


@dataclass(slots=True)
class _Times:
    """Seconds of single calls in one round."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def of(self, call: Callable[[], object]) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        call()
        self.wall.append(time.perf_counter() - wall)
        self.processor.append(time.process_time() - processor)


@dataclass(slots=True)
class _Rounds:
    """The median call of every round, in microseconds of wall and of processor time."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def add(self, times: _Times) -> None:
        self.wall.append(statistics.median(times.wall) * 1e6)
        self.processor.append(statistics.median(times.processor) * 1e6)


@dataclass(slots=True)
class _Measured:
    """What was found of each account: its sum by hand in microseconds, its balance, a redemption."""

    account: Account
    plain: list[float] = field(default_factory=list)
    read: _Rounds = field(default_factory=_Rounds)
    redeemed: _Rounds = field(default_factory=_Rounds)


def measure(options: Options, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Ask accounts of different length, which lie in one database, for their balance, and redeem a point."""
    few, some, many = 10, options.choose(1_000, 1_000, 100), options.choose(100_000, 100_000, 1_000)
    usable = options.choose(10_000, 10_000, 200)
    long = [Account(f"{SHOP}/{entries}", entries) for entries in (few, some, many)]
    full = Account(f"{SHOP}/full", usable, usable)
    repeats = options.choose(100, 50, 3)
    path = options.folder / "accounts.db"
    with open_shop(path, START) as aftercare:
        tell(f"points: accounts with up to {many:,} entries")
        fill(aftercare, [*long, full])
        found = [_Measured(one) for one in (*long, full)]
        callers = [_Caller(aftercare.brand, one.account) for one in found]
        undo = _Undo(aftercare.brand.database)
        for number in range(options.rounds):
            tell(f"points: accounts, round {number + 1} of {options.rounds}")
            for one, caller in zip(found, callers, strict=True):
                one.plain.append(by_hand.add_up(path, caller.identities, repeats))
            reading = _in_turn(repeats, [caller.read for caller in callers])
            redeeming = _in_turn(repeats, [caller.redeem for caller in callers], undo)
            for one, read, redeemed in zip(found, reading, redeeming, strict=True):
                one.read.add(read)
                one.redeemed.add(redeemed)
    yield from _figures(found[:-1], found[-1])


def _in_turn(
    repeats: int, calls: Sequence[Callable[[], object]], undo: Callable[[], object] | None = None
) -> list[_Times]:
    """Call one after the other, again and again, so that whatever else the machine does slows all alike."""
    times = [_Times() for _ in calls]
    for _ in range(repeats):
        for one, call in zip(times, calls, strict=True):
            one.of(call)
            if undo is not None:
                undo()
    return times


def _figures(long: Sequence[_Measured], full: _Measured) -> Iterator[Figure]:
    few, many = long[0], long[-1]
    for one in long:
        yield _figure(f"by hand: the sum of {one.account.entries:,} entries", "µs", one.plain)
    for one in long:
        yield _figure(f"balance of {one.account.entries:,} entries", "µs", one.read.wall)
    than = f"slower with {many.account.entries:,} than with {few.account.entries:,}"
    yield _figure(f"balance: {than}", "x", ratios(many.read.wall, few.read.wall), at_most=1.5)
    for one in long:
        yield _figure(f"redemption with {one.account.entries:,} entries", "µs", one.redeemed.wall)
    usable = f"{full.account.usable:,} usable lots"
    yield _figure(f"redemption with {usable}", "µs", full.redeemed.wall)
    for name, of in (
        ("redemption", attrgetter("redeemed.wall")),
        ("redemption by processor time", attrgetter("redeemed.processor")),
    ):
        yield _figure(f"{name}: {than}", "x", ratios(of(many), of(few)), at_most=1.5)
        yield _figure(f"{name}: slower with {usable}", "x", ratios(of(full), of(few)), at_most=1.5)


def _figure(name: str, unit: str, values: Sequence[float], at_most: float | None = None) -> Figure:
    return Figure(measure=MEASURE, name=name, unit=unit, values=tuple(values), at_most=at_most)


class _Caller:
    """Does with one account what is measured."""

    def __init__(self, brand: Brand, account: Account) -> None:
        self._brand = brand
        self._account = account
        with brand.database.read() as connection:
            self.identities = _identities(connection, account.name)

    def read(self) -> Balance:
        """Look up who an account is, and what it has."""
        with self._brand.database.read() as connection:
            return balances.of_person(connection, _identities(connection, self._account.name))

    def redeem(self) -> None:
        """Spend a point, as a redemption does: behind a lock, and committed."""
        with self._brand.database.write() as connection:
            ledger = Ledger(self._brand, connection, _LATER)
            ledger.open(self.identities[:1])
            why = Why(plugin="benchmark", actor="customer", posting="benchmark")
            ledger.change(self.identities[0], why, lambda account: account.spend(1))
            ledger.write()


class _Undo:
    """Makes undone what was redeemed, so that an account of ten entries stays one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as connection:
            self._mark = connection.execute(text("SELECT max(seq) FROM entries")).scalar_one()

    def __call__(self) -> None:
        mark = {"mark": self._mark}
        with self._database.write() as connection:
            for statement in _UNDO:
                changed = connection.execute(text(statement), mark).rowcount
                if changed != 1:
                    raise Bug(f"one point was to be spent out of one lot: {changed} rows are to be undone")


_UNDO = (
    """
    UPDATE lots SET spent = spent + made.points, remaining = remaining - made.points
    FROM entries AS made WHERE made.lot = lots.key AND made.seq > :mark
    """,
    """
    UPDATE balances SET available = available - made.points
    FROM entries AS made WHERE made.identity = balances.identity AND made.seq > :mark
    """,
    "DELETE FROM entries WHERE seq > :mark",
)


def _identities(connection: Connection, name: str) -> list[int]:
    owners = people.search(connection, name)
    persons = people.identities_of(connection, owners.values())
    return [each for several in persons.values() for each in several]


def fill(aftercare: Aftercare, accounts: Sequence[Account]) -> None:
    """Give accounts a history: lots that hold points, and lots that were spent or have expired, in turn.

    Lots and entries are copies of some that the ledger has made; key, owner, event and moments are their
    own. Every account is linked with a mailbox, to which one lot in four belongs.
    """
    brand = aftercare.brand
    with brand.database.write() as connection:
        (model, *_), *owners = [_person(connection, name) for name in (_MODEL, *(a.number for a in accounts))]
        keys = _make_models(brand, connection, model)
        first = 0
        for account, owner in zip(accounts, owners, strict=True):
            ended = (account.entries - account.usable) // 2  # each was earned, and spent or expired
            for model_lot, count in (
                ("usable", account.usable),
                ("spent", ended - ended // 2),
                ("expired", ended // 2),
            ):
                _copy(connection, keys[model_lot], owner, first, count)
                first += count
        connection.execute(
            text(
                "INSERT INTO balances (identity, available, pending, debt) "
                "SELECT identity, sum(remaining), 0, 0 FROM lots WHERE identity <> :model GROUP BY identity"
            ),
            {"model": model},
        )


def _person(connection: Connection, number: str) -> tuple[int, int]:
    """Return the identities of an account and of its mailbox, which belong to one person."""
    account = Identity(kind=IdentityKind.ACCOUNT, shop=SHOP, value=number)
    mailbox = Identity(kind=IdentityKind.EMAIL, value=f"{number}@shop.example")
    ids = people.ids(connection, [account, mailbox], START)
    people.join(connection, [(ids[account], ids[mailbox])])
    return ids[account], ids[mailbox]


def _make_models(brand: Brand, connection: Connection, identity: int) -> Mapping[str, str]:
    """Let the ledger make one lot of each kind; return their keys."""
    keys = {name: f"{number:064x}" for number, name in enumerate(("spent", "expired", "usable"))}
    known = Known(
        event=Purchase(id=f"{SHOP}/order/model/purchase", shop=SHOP, occurred_at=START, order="model"),
        seq=0,
        object="model",
        identity=identity,
        known_at=START,
    )
    for name, key in keys.items():
        ledger = Ledger(brand, connection, START)
        expiry = Expiry(months=1) if name == "expired" else _FAR
        action = AwardPoints(label=name, points=_POINTS, expiry=expiry, reason="points for the order")
        ledger.award_all([Awarding(key=key, plugin="benchmark", known=known, action=action)])
        if name == "spent":
            why = Why(plugin="benchmark", actor="customer", posting="model", note="reward model")
            ledger.change(identity, why, lambda account: account.spend(_POINTS))
        ledger.write()
        if name == "expired":
            ledger = Ledger(brand, connection, _LATER)
            ledger.expire([key])
            ledger.write()
    return keys


def _copy(connection: Connection, model: str, owner: tuple[int, int], first: int, count: int) -> None:
    """Copy a lot with its entries, numbered from `first` on."""
    key = "printf('far-%060d', i)"
    event = f"printf('{SHOP}/order/far-%d/purchase', i)"
    identity = "CASE WHEN i % 4 = 3 THEN :mailbox ELSE :account END"
    # A multiplicative hash spreads the moments, so that the indexes are filled at random places.
    moment = "(i * 2654435761) % 86400000000"
    copied = {
        "lots": {
            "key": key,
            "identity": identity,
            "event": event,
            "object": "printf('far-%d', i)",
            "awarded_at": f"awarded_at + {moment}",
            "expires_at": f"expires_at + {moment}",
        },
        "entries": {
            "lot": key,
            "identity": identity,
            "event": event,
            "at": f"at + {moment}",
            "posting": "iif(posting = '', '', printf('far-%060d', i))",
        },
    }
    which = {"lots": "key", "entries": "lot"}
    parameters = {"model": model, "account": owner[0], "mailbox": owner[1]}
    for table, changed in copied.items():
        columns = connection.execute(text(f"SELECT * FROM {table} LIMIT 0")).keys()  # noqa: S608
        names = [name for name in columns if name != "seq"]
        into = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(changed.get(name, f'"{name}"') for name in names)
        connection.execute(
            text(
                f"INSERT INTO {table} ({into}) "  # noqa: S608 - names of columns
                "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last) "
                f"SELECT {values} FROM n, (SELECT *, rowid AS place FROM {table} "
                f"WHERE {which[table]} = :model) WHERE i < :last ORDER BY i, place"
            ),
            {**parameters, "first": first, "last": first + count},
        )
