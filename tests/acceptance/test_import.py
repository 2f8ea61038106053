"""Orders of earlier years come out of files: once, exactly, and without a word to anybody."""

from __future__ import annotations

import csv
import itertools
import json
import random
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.importing import MOST_WAITING, Importer
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.files import Options, OrderFile
from aftercare_sdk.store import imports, journal, reads
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Kind, State
from aftercare_sdk.store.tables import imports as imports_table
from aftercare_sdk.store.tables import journal as journal_table
from tests.support.projection import project
from tests.support.shop import DAY, HOUR, START, Bench, always, note, order, program

FIXTURES = Path(__file__).parents[1] / "fixtures" / "imports"
HEADER = "order_id,placed_at,customer,product,quantity,line_paid,status\n"
EXPORTED = datetime(2026, 4, 1, tzinfo=UTC)
MAYBE_SECONDS = 60
CONFIGURATION = """
[brand]
name = "Hibi"
locale = "en"
zone = "Europe/London"
country = "GB"
[database]
url = {{ env = "TEST_DATABASE" }}
[shops.main]
adapter = "woocommerce"
secrets = [{{ env = "WOO_SECRET" }}]
currency = "GBP"
[quiet_hours]
email = "none"
[channels.email]
kind = "null"
sender = "hello@shop.example"
[plugins.flows]
starts_at = {starts_at}
[plugins.flows.thank-you]
"""


def history(path, orders, *, shuffled=False):
    """Write a file of orders, of two lines each, by some customers."""
    lines = [
        f"{1_000 + number},2024-01-{1 + number % 28:02} 09:00,c{number % 97}@customer.example,"
        f"Tea {line},1,{1 + number % 50}.{line}0,{'refunded' if number % 40 == 7 else 'completed'}\n"
        for number in range(orders)
        for line in range(2)
    ]
    if shuffled:
        random.Random(4).shuffle(lines)  # noqa: S311 - dice
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def bring(bench, path, *, exported_at=EXPORTED, again=False, **options):
    """Take a file in, as the command does."""
    given = {"shop": "main", "zone": "UTC", "currency": "GBP", **options}
    file = OrderFile(path, Options(latest=bench.clock.now(), exported_at=exported_at, **given))
    rejects = []
    importer = Importer(bench.aftercare, file, "main", again=again)
    result = importer.run(exported_at, lambda _: None, lambda: rejects.append)
    return result, rejects


def write(folder, text, name="orders.csv"):
    """Write a file of orders."""
    path = folder / name
    path.write_text(HEADER + text, encoding="utf-8")
    return path


class Place:
    """A folder with a configuration, a database, and commands that run in it."""

    def __init__(self, folder, url, starts_at="2024-01-01T00:00:00Z"):
        self.folder, self.url = folder, url
        (folder / "aftercare.toml").write_text(CONFIGURATION.format(starts_at=starts_at), encoding="utf-8")

    def run(self, *arguments):
        """Run a command in this process."""
        return CliRunner().invoke(app, [str(each) for each in arguments])

    def start(self, *arguments):
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [Path(sys.executable).with_name("aftercare"), *map(str, arguments)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, query, *arguments):
        """Ask the database something."""
        database = Database(self.url)
        try:
            with database.read() as connection:
                return query(connection, *arguments)
        finally:
            database.close()

    def project(self):
        """Return the canonical projection of the database."""
        database = Database(self.url)
        try:
            return project(database)
        finally:
            database.close()

    def rows(self):
        """Return how many rows of the journal are out of files."""
        return self.ask(
            lambda connection: len(
                connection.execute(
                    select(journal_table.c.seq).where(journal_table.c.kind == Kind.IMPORT)
                ).all()
            )
        )


@pytest.fixture
def place(tmp_path, database_url, monkeypatch):
    """An empty database."""
    return placed(tmp_path, database_url, monkeypatch)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A place on SQLite, for what does not depend on the store."""
    return placed(tmp_path, f"sqlite:///{tmp_path}/aftercare.db", monkeypatch)


def placed(folder, url, monkeypatch):
    """Enter a folder, with the environment that a shop's developer has."""
    monkeypatch.chdir(folder)
    for name in ("AFTERCARE_CONFIG", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEST_DATABASE", url)
    monkeypatch.setenv("WOO_SECRET", "a secret of the shop that nobody else knows")
    return Place(folder, url)


def test_orders_of_the_past_become_facts_and_send_nothing(migrated_database_url, tmp_path):
    """Purchases and refunds are known, and no plugin hears of what was before it began."""
    with Bench(migrated_database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        result, rejects = bring(bench, history(tmp_path / "h.csv", 250))
        bench.run(30 * DAY)
        assert (250, 500, []) == (result.summary.orders, result.summary.lines, rejects)
        assert 250 == sum(id_.endswith("/purchase") for id_ in bench.event_ids())
        assert 7 == sum(id_.endswith("/refund/file") for id_ in bench.event_ids())
        assert [] == bench.units() == bench.sent
        assert {State.DONE} == {one.state for one in bench.journal()}
        outcomes = [one.outcome for one in bench.journal() if one.kind is Kind.IMPORT]
        assert ["100 first seen", "100 first seen", "50 first seen"] == outcomes


def test_even_a_plugin_that_wants_to_hear_of_the_past_sends_nothing(migrated_database_url, tmp_path):
    """Its messages are too late: their windows count from the facts."""
    config = {"plugins": {"thanks": {"backfill": True}}}
    plugins = {"thanks": program(on_purchase=always(note()))}
    with Bench(migrated_database_url, plugins, config=config) as bench:
        bring(bench, history(tmp_path / "h.csv", 20))
        bench.run(30 * DAY)
        assert 20 == len(bench.units("thanks"))
        assert [] == bench.sent
        assert {("skipped", "window_closed")} == {(state, code) for _, state, code in bench.outcomes()}


def test_a_second_import_changes_nothing(migrated_database_url, tmp_path):
    """It says so; and even when it is forced, all of it is known already."""
    path = history(tmp_path / "h.csv", 150)
    with Bench(migrated_database_url) as bench:
        bring(bench, path)
        before, rows = project(bench.aftercare.brand.database), len(bench.journal())
        bench.clock.move(START + DAY)
        result, _ = bring(bench, path, exported_at=START)
        assert result.already
        assert rows == len(bench.journal())
        result, _ = bring(bench, path, exported_at=START, again=True)
        assert (False, 150) == (result.already, result.summary.orders)
        assert before == project(bench.aftercare.brand.database)
        newest = [one.outcome for one in bench.journal() if one.kind is Kind.IMPORT][-2:]
        assert ["100 nothing new", "50 nothing new"] == newest


def test_lines_may_stand_in_any_order(migrated_database_url, tmp_path):
    """A file sorted by product ends in the same facts."""
    with Bench(migrated_database_url) as bench:
        bring(bench, history(tmp_path / "h.csv", 120))
        before = project(bench.aftercare.brand.database)
        result, _ = bring(bench, history(tmp_path / "s.csv", 120, shuffled=True))
        assert 120 == result.summary.orders
        told = project(bench.aftercare.brand.database)
        assert before.events.keys() == told.events.keys()
        assert before.objects.keys() == told.objects.keys()


def test_a_later_webhook_corrects_an_imported_order_and_sends_nothing_old(migrated_database_url, tmp_path):
    """The shop knows better, whichever of both came first; and nobody is asked."""
    path = write(tmp_path, "1,2024-01-01 09:00,old@customer.example,Tea,1,5.00,refunded\n")
    placed_at = datetime(2024, 1, 1, 9, tzinfo=UTC)
    told = order(
        placed=placed_at, modified=START - HOUR, total=1_000, refunds={"77": (400, START - 2 * HOUR)}
    )
    with Bench(migrated_database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bring(bench, path)
        bench.tell(told)
        bench.run(30 * DAY)
        after = project(bench.aftercare.brand.database)
        record = after.objects["main", "order", "1"]
        assert 1_000 == record["amounts"].total.minor
        assert "ann@customer.example" == record["contact"].email
        assert ["file"] == record["withdrawn"]
        assert [] == bench.sent == bench.units()
        with bench.aftercare.brand.database.read() as connection:
            assert [] == reads.listing(connection)


def test_imports_and_webhooks_converge_in_any_order(tmp_path):
    """Two exports and two webhooks: 24 sequences, one outcome, and no question to the shop."""
    placed_at = datetime(2024, 1, 1, 9, tzinfo=UTC)
    early = write(tmp_path, "1,2024-01-01 09:00,ann@customer.example,Tea,1,5.00,paid\n", "early.csv")
    late = write(tmp_path, "1,2024-01-01 09:00,ann@customer.example,Tea,2,9.00,refunded\n", "late.csv")
    steps = {
        "early": lambda bench: bring(bench, early, exported_at=EXPORTED - DAY),
        "late": lambda bench: bring(bench, late),
        "created": lambda bench: bench.tell(order(placed=placed_at, total=900)),
        "updated": lambda bench: bench.tell(order(placed=placed_at, total=950, modified=placed_at + DAY)),
    }
    outcomes = []
    for number, sequence in enumerate(itertools.permutations(steps)):
        with Bench(f"sqlite:///{tmp_path}/{number}.db") as bench:
            for name in sequence:
                steps[name](bench)
                bench.process()
            outcomes.append(project(bench.aftercare.brand.database))
            with bench.aftercare.brand.database.read() as connection:
                assert [] == reads.listing(connection)
    assert 24 == len(outcomes)
    assert all(one == outcomes[0] for one in outcomes)
    assert 950 == outcomes[0].objects["main", "order", "1"]["amounts"].total.minor


def test_of_two_exports_the_later_one_counts(tmp_path):
    """Whichever was taken in first."""
    early = write(tmp_path, "1,2024-01-01 09:00,ann@customer.example,Tea,1,5.00,paid\n", "early.csv")
    late = write(tmp_path, "1,2024-01-01 09:00,ann@customer.example,Tea,2,9.00,paid\n", "late.csv")
    for number, files in enumerate(itertools.permutations([(early, EXPORTED - DAY), (late, EXPORTED)])):
        with Bench(f"sqlite:///{tmp_path}/{number}.db") as bench:
            for path, exported_at in files:
                bring(bench, path, exported_at=exported_at)
            told = project(bench.aftercare.brand.database)
            assert 900 == told.objects["main", "order", "1"]["amounts"].total.minor


def test_accounts_in_a_file_are_no_questions_to_the_shop(migrated_database_url):
    """A file of ten years would be one for every customer."""
    with Bench(migrated_database_url) as bench:
        result, rejects = bring(bench, FIXTURES / "online-retail.csv", zone="Europe/London")
        assert result.summary.orders > 25
        assert 771 == result.summary.lines + len(rejects)
        with bench.aftercare.brand.database.read() as connection:
            assert [] == reads.listing(connection)
        back = {one.event.id for one in bench.events() if "/refund/C" in one.event.id}
        assert len(back) >= result.summary.notices > 0
        assert all(len(one) == 1 for one in project(bench.aftercare.brand.database).people)


@pytest.mark.parametrize("name", ["shopify", "woocommerce", "woocommerce-orders", "woocommerce-analytics"])
def test_exports_of_the_platforms_become_facts(migrated_database_url, name):
    """Purchases, refunds and cancellations, at their own times."""
    with Bench(migrated_database_url) as bench:
        result, rejects = bring(bench, FIXTURES / f"{name}.csv", currency="JPY")
        assert [] == rejects
        ids = [id_ for id_ in bench.event_ids() if "/delivery/" not in id_]
        expected = {
            "shopify": [
                *("5001/cancellation", "5001/purchase", "5001/refund/file"),
                *("5002/purchase", "5002/refund/file", "5003/purchase"),
            ],
            "woocommerce": ["101/purchase", "102/purchase", "102/refund/110"],
            "woocommerce-orders": ["101/purchase", "102/purchase", "102/refund/110"],
            "woocommerce-analytics": ["101/purchase", "102/purchase", "102/refund/file"],
        }[name]
        assert [f"main/order/{each}" for each in expected] == ids
        assert result.summary.orders == len({id_ for _, kind, id_ in project_keys(bench) if kind == "order"})


def project_keys(bench):
    """Return the keys of all objects."""
    return project(bench.aftercare.brand.database).objects.keys()


def test_rows_do_not_pile_up_before_a_decider_that_is_elsewhere(tmp_path, migrated_database_url):
    """A webhook that comes during an import waits behind a few rows, not behind all of them."""
    path = history(tmp_path / "h.csv", 1_500)
    with Bench(migrated_database_url) as bench, bench.twin() as other:
        database = bench.aftercare.brand.database
        held, most = threading.Event(), []

        def decide():
            with decider_lock(database) as token:
                held.set()
                done = 0
                while done < 15:
                    with database.read() as connection:
                        most.append(imports.waiting(connection, 100))
                    if most[-1] > MOST_WAITING or finished.is_set():
                        done += other.aftercare.decider.step(token)
                    else:
                        time.sleep(0.01)

        finished = threading.Event()
        decider = threading.Thread(target=decide)
        decider.start()
        assert held.wait(MAYBE_SECONDS)
        threading.Timer(1.0, finished.set).start()
        result, _ = bring(bench, path)
        decider.join(MAYBE_SECONDS)
        assert not decider.is_alive()
        assert 1_500 == result.summary.orders
        assert max(most) <= MOST_WAITING + 1


def test_two_processes_do_not_take_in_the_same_file(tmp_path, migrated_database_url):
    """The one that comes second says so, and nothing comes twice."""
    path = history(tmp_path / "h.csv", 300)
    with Bench(migrated_database_url) as bench:
        file = OrderFile(
            path, Options(shop="main", zone="UTC", currency="GBP", latest=START, exported_at=EXPORTED)
        )
        once = []

        def meanwhile(_):
            if not once:
                once.append(True)
                bring(bench, path)

        with pytest.raises(ConfigurationError, match="another process takes the same file in"):
            Importer(bench.aftercare, file, "main").run(EXPORTED, meanwhile, lambda: once.append)
        assert 300 == sum(id_.endswith("/purchase") for id_ in bench.event_ids())


def test_an_import_that_is_killed_goes_on_exactly_there(place, tmp_path):
    """SIGKILL at random points: in the end the facts are those of one run, and no row came twice."""
    path = history(tmp_path / "h.csv", 3_000)
    arguments = ("import", path, "--shop", "main")
    dice = random.Random(11)  # noqa: S311 - dice
    points = []
    for _ in range(3):
        process = place.start(*arguments)
        reached = points[-1] if points else 0
        deadline = time.monotonic() + MAYBE_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if marked(place) >= reached + 100:
                time.sleep(dice.random() / 10)
                break
            time.sleep(0.01)
        process.kill()
        process.communicate()
        points.append(marked(place))
    assert sorted(set(points)) == points
    assert 0 < points[0]
    assert points[-1] < 3_000
    process = place.start(*arguments)
    out, err = process.communicate(timeout=MAYBE_SECONDS)
    assert 0 == process.returncode, err
    assert f"Went on behind {points[-1]} orders that were in already." in err
    assert "6000 of 6000" in out
    assert 30 == place.rows()
    killed = place.project()
    assert 3_000 == sum(id_.endswith("/purchase") for id_ in killed.events)
    with Bench(f"sqlite:///{tmp_path}/one-run.db") as bench:
        bring(bench, path, zone="Europe/London")
        assert killed == project(bench.aftercare.brand.database)


def marked(place):
    """Return how far the import of the place has come."""
    try:
        found = place.ask(lambda connection: connection.execute(select(imports_table.c.groups)).scalar())
    except Exception:  # noqa: BLE001 - there is no table yet
        return 0
    return found or 0


def test_a_dry_run_writes_nothing(here, tmp_path):
    """It says what would come in, and there is neither a database nor a file afterwards."""
    path = write(
        tmp_path,
        "1,2024-01-01 09:00,ann@customer.example,Tea,1,5.00,paid\n"
        "1,2024-01-01 09:00,ann@customer.example,Cup,1,7.00,paid\n"
        "2,2024-03-01 09:00,ANN@customer.example,Tea,1,5.00,refunded\n"
        "3,2024-03-02 09:00,bob@customer.example,Tea,none,5.00,paid\n",
    )
    before = sorted(tmp_path.iterdir())
    result = here.run("import", path, "--shop", "main", "--dry-run", "--json")
    told = json.loads(result.stdout)
    assert 1 == result.exit_code
    assert (2, 1, 4, 3, 1) == tuple(
        told[name] for name in ("orders", "customers", "lines", "taken", "rejected")
    )
    assert ({"GBP": "17.00"}, {"GBP": "5.00"}) == (told["sums"], told["refunded"])
    assert {"the quantity is no whole number": 1} == told["reasons"]
    assert ("2024-01-01T09:00:00+00:00", "2024-03-01T09:00:00+00:00") == (told["first"], told["last"])
    assert before == sorted(tmp_path.iterdir())
    words = here.run("import", path, "--shop", "main", "--dry-run")
    assert "Nothing was written." in words.output
    assert "customer.example" not in words.output


def test_a_real_run_says_what_it_did(here, tmp_path):
    """And the second time that there was nothing to do."""
    path = history(tmp_path / "h.csv", 30)
    result = here.run("import", path, "--shop", "main")
    assert 0 == result.exit_code, result.output
    assert "60 of 60" in result.stdout
    again = here.run("import", path, "--shop", "main")
    assert (0, "This file is in already; nothing was changed.\n") == (again.exit_code, again.stdout)
    assert 1 == here.rows()
    forced = json.loads(here.run("import", path, "--shop", "main", "--again", "--json").stdout)
    assert (False, 30) == (forced["already"], forced["orders"])
    assert not list(tmp_path.glob("*.rejects.csv"))


BROKEN = (
    "1,2024-01-01 09:00,ann@customer.example,Tea,1,5.00,paid\n"
    "2,2024-01-01 09:00,secret@customer.example,Tea,1,five,paid\n"
)


def test_lines_that_are_not_taken_stand_in_a_file_without_their_values(here, tmp_path):
    """Number and reason, for the owner's eyes only."""
    path = write(tmp_path, BROKEN)
    result = here.run("import", path, "--shop", "main")
    rejects = tmp_path / "orders.csv.rejects.csv"
    assert 1 == result.exit_code
    assert 0o600 == stat.S_IMODE(rejects.stat().st_mode)
    reason = "line_paid is no amount; write 1234.56, or declare --decimal and --thousands"
    assert [["line", "reason"], ["3", reason]] == list(
        csv.reader(rejects.read_text(encoding="utf-8").splitlines())
    )
    assert "secret" not in result.output
    assert str(rejects) in result.output.replace("\n", "")


def test_their_values_are_kept_on_demand(here, tmp_path):
    """So that somebody can mend them; a new run makes the file anew."""
    path = write(tmp_path, BROKEN)
    target = tmp_path / "mend.csv"
    for _ in range(2):
        here.run("import", path, "--shop", "main", "--rejects", target, "--keep-values", "--again")
        header, row = csv.reader(target.read_text(encoding="utf-8").splitlines())
        assert ["line", "reason", "values"] == header
        assert ["3", "2", "secret@customer.example"] == [row[0], row[2], row[4]]
        assert 0o600 == stat.S_IMODE(target.stat().st_mode)


def test_an_open_quotation_mark_mixes_no_orders_and_loses_no_line(here, tmp_path):
    """The lines below it are read; every line is counted, and the one to mend is named."""
    path = write(
        tmp_path,
        "1,2024-01-01 09:00,ann@customer.example,Tea,1,5.00,paid\n"
        '2,2024-01-01 09:00,bob@customer.example,"5 inch pan,1,5.00,paid\n'
        "3,2024-01-01 09:00,cat@customer.example,Tea,1,5.00,paid\n"
        '4,2024-01-01 09:00,dan@customer.example,"7 inch pan,1,5.00,paid\n'
        '5,2024-01-01 09:00,eve@customer.example,"Tea, green",1,5.00,paid\n',
    )
    result = here.run("import", path, "--shop", "main", "--keep-values", "--json")
    told = json.loads(result.stdout)
    assert (1, 3, 5, 3, 2) == (
        result.exit_code,
        *(told[name] for name in ("orders", "lines", "taken", "rejected")),
    )
    assert {"a quotation mark is opened and not closed": 2} == told["reasons"]
    _, *rows = csv.reader((tmp_path / "orders.csv.rejects.csv").read_text(encoding="utf-8").splitlines())
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [("3", lines[2]), ("5", lines[4])] == [(number, value) for number, _, value in rows]
    titles = [
        item.title
        for (_, kind, _), record in here.project().objects.items()
        if kind == "order"
        for item in record["amounts"].lines
    ]
    assert ["Tea", "Tea", "Tea, green"] == sorted(titles)


def test_erased_people_do_not_become_one(migrated_database_url, tmp_path):
    """WordPress writes the same address over all of them: orders that bear it are of nobody."""
    path = write(
        tmp_path,
        "1,2024-01-01 09:00,deleted@site.invalid,Tea,1,5.00,paid\n"
        "2,2024-01-02 09:00,deleted@site.invalid,Tea,1,5.00,paid\n",
    )
    with Bench(migrated_database_url) as bench:
        result, _ = bring(bench, path)
        assert 2 == result.summary.orders
        after = project(bench.aftercare.brand.database)
        assert {None} == {after.objects["main", "order", each]["contact"] for each in "12"}
        assert not any(len(one) > 1 for one in after.people)


def test_no_other_file_is_overwritten_by_rejects(here, tmp_path):
    """Not even the one that is taken in."""
    path = write(tmp_path, BROKEN)
    before = path.read_text(encoding="utf-8")
    result = here.run("import", path, "--shop", "main", "--rejects", path)
    assert 2 == result.exit_code
    assert "is no file of rejects, and stays" in result.output.replace("\n", " ")
    assert before == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--shop", "mian"], "there is no such shop (did you mean 'main'?)"),
        (["--map", "ordr_id=order_id"], "did you mean 'order_id'?"),
        (["--map", "order_id"], "is not written as NAME=COLUMN"),
        (["--map", "status=a", "--map", "status=b"], "names 'status' twice"),
        (["--status", "gone=away"], "a meaning is one of open, paid, completed, refunded"),
        (["--format", "excel"], "use one of canonical, shopify, woocommerce"),
        (["--zone", "Europe/Lodon"], "there is no such time zone"),
        (["--currency", "pounds"], "three letters"),
        (["--decimal", ","], "must differ"),
        (["--delimiter", ";;"], "is one sign"),
    ],
)
def test_mistakes_are_said_before_anything_is_read(here, tmp_path, options, problem):
    """With what to write instead, and exit code 2."""
    path = write(tmp_path, BROKEN)
    extra = [] if "--shop" in options else ["--shop", "main"]
    if "--decimal" in options:
        extra += ["--thousands", ","]
    result = here.run("import", path, *extra, *options)
    assert 2 == result.exit_code
    assert problem in " ".join(result.output.split())
    assert not (tmp_path / "aftercare.db").exists()


def test_a_row_of_an_import_can_be_looked_into(here, tmp_path):
    """The journal keeps it packed, for as long as any other body, and shows it as JSON."""
    here.run("import", history(tmp_path / "h.csv", 3), "--shop", "main")
    listed = json.loads(here.run("journal", "list", "--json").stdout)["rows"]
    [seq] = [row["seq"] for row in listed if row["kind"] == "import"]
    shown = json.loads(here.run("journal", "show", seq, "--body", "--json").stdout)
    assert ["1000", "1001", "1002"] == [one["id"] for one in json.loads(shown["body"])]
    assert shown["body_size"] < len(shown["body"])


def test_bodies_of_imports_are_forgotten_like_all_others(tmp_path, migrated_database_url):
    """They are full of personal data."""
    with Bench(migrated_database_url) as bench:
        bring(bench, history(tmp_path / "h.csv", 3))
        with bench.aftercare.brand.database.write() as connection:
            before = bench.clock.now() + timedelta(days=1)
            journal.forget_bodies(connection, after=0, received_before=before, limit=100)
        assert all(one.body is None for one in bench.journal() if one.kind is Kind.IMPORT)
