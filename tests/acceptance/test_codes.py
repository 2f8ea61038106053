"""Codes of rewards that somebody switches off in the shop, and on again: the points follow, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, permutations

import pytest

from aftercare_sdk.engine.redeeming import cancel
from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_sdk.model.commands import IssueCode, Receipt
from aftercare_sdk.model.shops import NeedsRead, Ref
from aftercare_sdk.store import redemptions
from aftercare_sdk.store.redemptions import Redemption
from tests.support.points import available, basket, delivered, person, posted, reading, shop_with
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, code, customer, program

ACCOUNT = "main/7"
SETTLED = START + 15 * DAY
VALID = 2 * DAY
REWARDS = {
    "thirty": {"cost": 30, "amount": {"GBP": 3}, "valid_for": "2 days", "returns_unused": True},
    "strict": {"cost": 30, "percent": 10, "valid_for": "2 days"},
    "long": {"cost": 30, "percent": 10, "valid_for": "9 days"},
}
CLICKS = count()


def rich(url: str, pounds: int = 50, **more: object) -> Bench:
    """Return a shop whose customer 7 has points to spend: one for each pound."""
    bench = Bench(url, config=shop_with({"rewards": REWARDS}), **more)
    bench.tell(customer("7"), basket("1", {"1": pounds}, customer="7", **delivered()))
    bench.run(SETTLED)
    return bench


def issued(bench: Bench, reward: str = "thirty") -> Redemption:
    """Redeem a reward as customer 7, and have its code made."""
    done = bench.aftercare.redeem("main", "7", reward, request=f"click {next(CLICKS)}")
    bench.run_due()
    return done


def standing(bench: Bench) -> list[tuple[str, bool]]:
    """Return state, and whether the points are spent, of all that customer 7 has redeemed."""
    with reading(bench) as connection:
        found = redemptions.of_identities(connection, person(bench, ACCOUNT))
    return [(one.state.value, one.spent) for one in found]


def tell(bench: Bench, *told: object) -> None:
    """Let the shop tell something, and do what follows."""
    bench.tell(*told)
    bench.run_due()


def test_a_code_that_is_deleted_in_the_shop_gives_its_points_back(migrated_database_url):
    """And one that is switched on again takes them again; plugins hear of both."""
    heard: list[tuple[str, bool]] = []

    def listen(event, ctx):
        del ctx
        heard.append((event.state.value, event.spent))

    with rich(migrated_database_url, plugins={"ear": program(on_reward_changed=listen)}) as bench:
        done = issued(bench)
        tell(bench, code("7", done.code.lower(), modified=SETTLED))
        assert ([("issued", True)], 20) == (standing(bench), available(bench, ACCOUNT))
        tell(bench, code("7", active=False, modified=SETTLED + HOUR))
        assert ([("issued", True)], 20) == (standing(bench), available(bench, ACCOUNT))
        bench.run(HOUR)
        assert ([("cancelled", False)], 50) == (standing(bench), available(bench, ACCOUNT))
        tell(bench, code("7", active=True, modified=SETTLED + HOUR + MINUTE))
        bench.run(MINUTE)
        assert ([("issued", True)], 20) == (standing(bench), available(bench, ACCOUNT))
        changes = ["ordered", "issued", "cancelled", "issued"]
        assert changes == [state for state, _ in heard]
        assert [("earn", 50), ("spend", -30), ("adjust", 30), ("spend", -30)] == posted(bench, ACCOUNT)


def test_a_code_whose_end_is_put_back_ends_then(migrated_database_url):
    """Its points come back at that moment, not at the one that was agreed; a second is no difference."""
    with rich(migrated_database_url) as bench:
        done = issued(bench, "strict")
        rounded = done.expires_at.replace(microsecond=0)
        tell(bench, code("7", done.code, modified=SETTLED, ends_at=rounded))
        tell(bench, code("7", modified=SETTLED + MINUTE, ends_at=SETTLED + 5 * HOUR))
        bench.run(4 * HOUR)
        assert [("issued", True)] == standing(bench)
        bench.run(2 * HOUR)
        assert ([("cancelled", False)], 50) == (standing(bench), available(bench, ACCOUNT))
        tell(bench, code("7", modified=SETTLED + 6 * HOUR, ends_at=None))
        assert ([("issued", True)], 20) == (standing(bench), available(bench, ACCOUNT))
        bench.run(VALID)
        assert ([("expired", True)], 20) == (standing(bench), available(bench, ACCOUNT))


def test_an_expired_code_that_is_cleared_away_stays_expired(migrated_database_url):
    """A shop that deletes old codes gives nothing back; nor does one that tells of them late."""
    with rich(migrated_database_url) as bench:
        done = issued(bench, "strict")
        tell(bench, code("7", done.code, modified=SETTLED))
        bench.run(VALID + HOUR)
        assert [("expired", True)] == standing(bench)
        tell(bench, code("7", active=False, modified=SETTLED + VALID + HOUR))
        assert ([("expired", True)], 20) == (standing(bench), available(bench, ACCOUNT))


def test_a_cancelled_code_that_is_cleared_away_after_its_time_stays_cancelled(migrated_database_url):
    """What the trash of the shop is emptied of was off at its end, and its points are back for good."""
    with rich(migrated_database_url) as bench:
        done = issued(bench, "strict")
        tell(bench, code("7", done.code, active=False, modified=SETTLED))
        bench.run(30 * DAY)
        assert [("cancelled", False)] == standing(bench)
        tell(bench, code("7", active=False, modified=SETTLED + 30 * DAY))
        tell(bench, code("7", active=True, modified=SETTLED + 31 * DAY))
        bench.run(2 * DAY)
        assert ([("cancelled", False)], 50) == (standing(bench), available(bench, ACCOUNT))


def test_what_a_person_has_called_off_stays_so(migrated_database_url):
    """Whoever switches the code on again in the shop spends nobody's points; whoever uses it does."""
    with rich(migrated_database_url) as bench:
        done = issued(bench)
        tell(bench, code("7", done.code, modified=SETTLED))
        cancel(bench.aftercare.brand, done.code)
        bench.run_due()
        tell(bench, code("7", active=True, modified=SETTLED))
        assert ([("cancelled", False)], 50) == (standing(bench), available(bench, ACCOUNT))
        tell(bench, basket("2", {"1": 40}, customer="7", placed=SETTLED, codes=(done.code,)))
        assert ([("used", True)], 20) == (standing(bench), available(bench, ACCOUNT))


@pytest.mark.parametrize("reference", ["", "coupon/318"])
def test_a_code_is_known_by_itself_as_well(migrated_database_url, reference):
    """A shop may tell of it by another number than the receipt, or may have answered with none."""
    with rich(migrated_database_url) as bench:
        bench.shelf.answers.append(Receipt(reference=reference))
        done = issued(bench)
        tell(bench, code("9", done.code.lower(), modified=SETTLED))
        tell(bench, code("9", active=False, modified=SETTLED + MINUTE))
        bench.run(MINUTE)
        assert ([("cancelled", False)], 50) == (standing(bench), available(bench, ACCOUNT))


def test_a_code_that_could_not_be_made_stays_failed(migrated_database_url):
    """Another code of the shop that has the same letters says nothing of it."""
    with rich(migrated_database_url) as bench:
        bench.shelf.answers.append(CommandRefused("there is another coupon with this code"))
        done = issued(bench)
        tell(bench, code("9", done.code, active=True, modified=SETTLED))
        assert ([("failed", False)], 50) == (standing(bench), available(bench, ACCOUNT))


def test_codes_of_the_shop_itself_concern_nobody(migrated_database_url):
    """Neither by their letters nor by their number; nor those of another shop."""
    with rich(migrated_database_url) as bench:
        issued(bench)
        tell(bench, code("8", "spring", active=False), code("9", active=False))
        assert [("issued", True)] == standing(bench)


# ---- shops that do not tell


def test_a_shop_that_does_not_tell_is_asked_once_a_day(migrated_database_url):
    """For the codes that somebody could still use, and by the number that the shop has given them."""
    with rich(migrated_database_url) as bench:
        bench.shelf.watched = frozenset({"code"})
        done = issued(bench, "strict")
        ref = Ref("code", "7")
        bench.shelf.objects[ref] = code("7", done.code.lower(), modified=SETTLED)
        bench.run(DAY + HOUR)
        assert ([ref], [("issued", True)]) == (bench.shelf.asked, standing(bench))
        bench.run(3 * DAY)
        # Its time was over before the next day.
        assert ([ref], [("expired", True)]) == (bench.shelf.asked, standing(bench))


def test_a_code_that_is_found_gone_is_not_asked_for_again(migrated_database_url):
    """It will not come back; one that is only switched off may."""
    with rich(migrated_database_url, 100) as bench:
        bench.shelf.watched = frozenset({"code"})
        bench.shelf.answers = [Receipt(reference="7"), Receipt(reference="8")]
        off, _ = issued(bench, "long"), issued(bench, "long")
        bench.shelf.objects[Ref("code", "7")] = code("7", off.code, active=False, modified=SETTLED + HOUR)
        bench.run(DAY + HOUR)
        assert [("cancelled", False)] * 2 == standing(bench)
        bench.shelf.asked.clear()
        bench.shelf.objects[Ref("code", "7")] = code("7", off.code, modified=SETTLED + DAY + HOUR)
        bench.run(DAY)
        assert [Ref("code", "7")] == bench.shelf.asked
        assert [("cancelled", False), ("issued", True)] == sorted(standing(bench))
        assert 70 == available(bench, ACCOUNT)


def test_a_shop_that_tells_is_not_asked(migrated_database_url):
    """Unless its adapter says that it has to be."""
    with rich(migrated_database_url) as bench:
        issued(bench)
        bench.run(VALID + DAY)
        assert ([], [("expired", False)]) == (bench.shelf.asked, standing(bench))


def test_a_read_that_finds_nothing_counts(migrated_database_url):
    """Whoever deletes a code for good often tells no more than its number."""
    with rich(migrated_database_url) as bench:
        issued(bench)
        tell(bench, NeedsRead(Ref("code", "7"), "a number, and nothing else"))
        bench.run(MINUTE)
        assert [("cancelled", False)] == standing(bench)


# ---- any order


@dataclass(slots=True)
class Story:
    """One reward, and the order in which what becomes of it is known."""

    number: int
    told: tuple[str, ...]
    redeemed: Redemption
    expected: tuple[str, bool] = field(init=False)

    def __post_init__(self) -> None:
        """Say how it ends, whatever the order."""
        ends = {
            frozenset({"used", "deleted", "restored"}): ("used", True),
            frozenset({"used", "deleted"}): ("used", True),
            frozenset({"deleted", "restored"}): ("expired", True),
            frozenset({"deleted"}): ("cancelled", False),
        }
        self.expected = ends[frozenset(self.told) - {"issued", "expired"}]

    def news(self, what: str) -> Iterator[object]:
        """Draw what the shop tells, as of the moment at which it happened."""
        number, text = str(1_000 + self.number), self.redeemed.code
        at = self.redeemed.redeemed_at
        if what == "deleted":
            yield code(number, active=False, modified=at + HOUR)
        if what == "restored":
            yield code(number, text.lower(), active=True, modified=at + 2 * HOUR)
        if what == "used":
            placed = at + 3 * HOUR
            yield basket(
                f"{5_000 + self.number}", {"1": 1}, customer="7", placed=placed, codes=(text.lower(),)
            )


STORIES = [
    (*made, "issued", "expired")
    for made in (("used", "deleted", "restored"), ("used", "deleted"), ("deleted", "restored"), ("deleted",))
]
STEP = 4 * HOUR


@pytest.mark.parametrize(
    ("databases", "late"),
    [
        *(("sqlite", place) for place in range(5)),
        pytest.param("postgres", 2, marks=pytest.mark.postgres),
    ],
    indirect=["databases"],
)
def test_how_a_reward_ends_does_not_depend_on_the_order_in_which_it_is_told(migrated_database_url, late):
    """Every order of issued, used, deleted, restored and expired, and of less, each told twice."""
    turns = [turn for each in STORIES for turn in permutations(each) if turn.index("expired") == late]
    with rich(migrated_database_url, 10_000) as bench:
        stories = [
            Story(
                number=number,
                told=turn,
                redeemed=bench.aftercare.redeem("main", "7", "strict", request=f"click {number}"),
            )
            for number, turn in enumerate(turns)
        ]
        names = {one.redeemed.code: one for one in stories}
        made: set[str] = set()

        def make(command: IssueCode) -> Receipt:
            if command.code not in made:
                raise PlatformUnavailable("not yet")
            return Receipt(reference=str(1_000 + names[command.code].number))

        bench.shelf.answers = [make] * 10_000
        for place in range(5):
            if place == late:
                bench.run(SETTLED + VALID + HOUR)
            now = [one for one in stories if place < len(one.told) and place != late]
            made |= {one.redeemed.code for one in now if one.told[place] == "issued"}
            bench.run(STEP if place < late else timedelta(days=1, hours=1))
            bench.tell(*[news for _ in "twice" for one in now for news in one.news(one.told[place])])
            bench.run_due()
        bench.run(DAY)
        with reading(bench) as connection:
            found = {
                one.key: (one.state.value, one.spent)
                for one in redemptions.of_identities(connection, person(bench, ACCOUNT))
            }
        assert [(one.told, one.expected) for one in stories] == [
            (one.told, found[one.redeemed.key]) for one in stories
        ]
        spent = 30 * sum(one.expected[1] for one in stories)
        assert 10_000 - spent == available(bench, ACCOUNT)
