from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.engine.checkup import check_up
from aftercare_sdk.engine.checkup.neighbours import neighbours
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.shops import AdapterType
from aftercare_sdk.plugins import PluginSource, find_plugins
from aftercare_sdk.store import control, journal
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.tables import plugins, reads, units
from tests.unit.outreach.mail_servers import Inbox, certificate, login, mail_server

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
PERSON = "canary.person@example.jp"
ENVIRON = {"TEST_SECRET": "canary-webhooks-1", "SMTP_PASSWORD": "canary-smtp-2"}
GOOD = """
[brand]
name = "山の茶舗"
locale = "ja"
country = "JP"
[shops.main]
adapter = "woocommerce"
secrets = [{ env = "TEST_SECRET" }]
[channels.email]
kind = "maildir"
sender = "hello@shop.example"
path = "mails"
[plugins.flows.thank-you]
[database]
url = { env = "TEST_DATABASE" }
"""
MAILDIR = 'kind = "maildir"\nsender = "hello@shop.example"\npath = "mails"\n'


class Place:
    """A folder with a configuration, its environment and its clock."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        self.environ = {**ENVIRON, "TEST_DATABASE": url}
        self.clock = VirtualClock(NOW)
        self.plugins = None
        self.write(GOOD)

    def write(self, content):
        """Write aftercare.toml."""
        (self.folder / "aftercare.toml").write_text(content, encoding="utf-8")

    def change(self, old, new):
        """Change a part of it."""
        assert old in GOOD
        self.write(GOOD.replace(old, new))

    def look(self):
        """Return all findings, none of which may say what nobody should read."""
        findings = check_up(
            self.folder / "aftercare.toml", clock=self.clock, environ=self.environ, plugins=self.plugins
        )
        assert "canary" not in repr(findings)
        return findings

    def found(self, name):
        """Return what one check found."""
        return [finding for finding in self.look() if finding.name == name]

    def only(self, name):
        """Return the one finding of a check."""
        (finding,) = self.found(name)
        return finding

    def problems(self):
        """Return the names of the checks that found a problem."""
        return [finding.name for finding in self.look() if not finding.ok]

    @contextmanager
    def transaction(self):
        """Write into the database."""
        with closing(Database(self.url)) as database, database.write() as connection:
            yield connection

    @contextmanager
    def lock(self):
        """Decide, as somebody else would."""
        with closing(Database(self.url)) as database, decider_lock(database):
            yield


@pytest.fixture
def place(tmp_path, migrated_database_url, monkeypatch):
    """A place in which all is well, on either database."""
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, migrated_database_url)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A place on SQLite that has no database yet."""
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, f"sqlite:///{tmp_path}/aftercare.db")


def test_where_all_is_well_everything_is_named(place):
    """Every check says what it looked at, and none has a cure."""
    findings = place.look()
    assert [
        "configuration",
        "secrets",
        "plugins",
        "zone",
        "database",
        "deciders",
        "clock",
        "what waits",
        "templates",
        "channel email",
    ] == [finding.name for finding in findings]
    assert [] == [finding for finding in findings if not finding.ok or finding.cure]


def test_nothing_is_changed_by_looking(here):
    """No database, no folder of mails: a look is a look."""
    assert [] == here.problems()
    assert ["aftercare.toml"] == [file.name for file in here.folder.iterdir()]


def test_an_empty_database_stays_empty(tmp_path, database_url, monkeypatch):
    """The trial of writing is undone, on either database."""
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path, database_url)
    if place.url.startswith("sqlite"):
        (Path(place.url.removeprefix("sqlite:///"))).touch()
    for _ in range(2):
        assert "is empty" in place.only("database").told
        assert [] == place.problems()


class TestConfiguration:
    """aftercare.toml and the secrets it names."""

    def test_all_mistakes_are_told_and_the_rest_is_checked_all_the_same(self, here):
        """A typing mistake in one table does not hide that the mail folder cannot be used."""
        (here.folder / "mails").write_text("a file")
        here.write(GOOD.replace('"ja"', '"xx-nonsense-locale"') + "[server]\nprot = 1\n")
        told = [finding.told for finding in here.found("configuration")]
        assert ["brand.locale", "server.prot"] == [line.partition(":")[0] for line in told]
        assert "channel email" in here.problems()
        assert here.only("database").ok

    def test_a_mistake_about_the_database_leaves_the_database_out(self, here):
        """Instead of looking at another one."""
        here.change('{ env = "TEST_DATABASE" }', '"mysql://elsewhere/x"')
        assert ["configuration", "database"] == here.problems()

    def test_a_mistake_in_the_only_shop_leaves_the_rest(self, here):
        """A configuration without a shop could not be read at all."""
        here.change('adapter = "woocommerce"\n', "")
        assert ["configuration"] == here.problems()

    def test_a_file_that_is_no_toml_says_where(self, here):
        """And that nothing else could be looked at."""
        here.write("[brand\n")
        assert ["configuration", "everything else"] == here.problems()
        assert "line 1" in here.only("configuration").told

    def test_a_missing_file_says_what_to_do(self, here):
        """It is the first thing that somebody does wrong."""
        (here.folder / "aftercare.toml").unlink()
        first = here.look()[0]
        assert not first.ok
        assert "there is no such file" in first.told
        assert "AFTERCARE_CONFIG" in first.cure

    def test_sections_of_plugins_and_options_are_checked(self, here):
        """By those whose they are."""
        here.write(
            GOOD.replace("thank-you]", "thank-you]\ndelay = 3")
            + '[channels.other]\nkind="fax"\nsender="a@b.example"\n'
        )
        lines = [finding.told for finding in here.found("configuration")]
        assert ["channels.other.kind", "plugins.flows.thank-you.delay"] == sorted(
            line.partition(":")[0] for line in lines
        )
        assert all(finding.cure for finding in here.found("configuration"))

    def test_missing_secrets_are_named_once(self, here):
        """With the variable and the setting, and not as a mistake of the file as well."""
        del here.environ["TEST_SECRET"]
        assert ["secrets"] == here.problems()
        finding = here.only("secrets")
        assert "shops.main.secrets[0]: the environment variable TEST_SECRET is not set" == finding.told
        assert "set it where aftercare is started" == finding.cure

    def test_without_its_address_a_database_is_not_looked_at(self, here):
        """The others are."""
        del here.environ["TEST_DATABASE"]
        assert ["secrets", "database"] == here.problems()


class Offering(AftercareHooks):
    """A plugin whose adapter says too much."""

    name = "talkative"

    def __init__(self, error):
        self.error = error

    @hookimpl
    def register_adapters(self):
        """Offer it."""
        return [AdapterType(name="talkative", build=self.build)]

    def build(self, shop):
        """Fail with the secret in the words of the error."""
        raise self.error(f"cannot use {shop.secrets[0]} of {PERSON if self.error is RuntimeError else ''}")


class TestPlugins:
    """What is installed."""

    def source(self, obj, name="talkative"):
        """Return a plugin as it is found."""
        return PluginSource(name=name, obj=obj, distribution="aftercare-talkative", version="1.0")

    @pytest.mark.parametrize("error", [RuntimeError, ConfigurationError])
    def test_what_a_plugin_says_of_a_secret_is_hidden(self, here, error):
        """Neither the secret nor the customer, whatever kind of error it raises."""
        here.plugins = [self.source(Offering(error))]
        here.change('adapter = "woocommerce"', 'adapter = "talkative"')
        assert [] == [finding for finding in here.look() if "@" in finding.told]

    def test_a_refused_plugin_is_named_with_what_is_wrong(self, here):
        """The others work, and so do the other checks."""

        class Misspelt(AftercareHooks):
            @hookimpl
            def on_purchse(self, event, ctx):
                """Misspell the hook."""

        here.plugins = [*find_plugins(), self.source(Misspelt(), "misspelt")]
        finding = here.only("plugins")
        assert not finding.ok
        assert "misspelt" in finding.told
        assert "on_purchse" in finding.told + finding.cure
        assert ["plugins"] == here.problems()

    def test_names_that_nobody_has_are_told(self, here):
        """Both those in lists and those of sections."""
        here.write(GOOD + '[plugins]\ndisabled = ["nobody"]\n[plugins.nothing]\nx = 1\n')
        told = [finding.told for finding in here.found("plugins")]
        assert 2 == len(told)
        assert "'nobody'" in told[0]
        assert "[plugins.nothing]" in told[1]
        assert ["plugins", "plugins"] == here.problems()

    def test_one_that_was_switched_off_can_be_switched_on(self, place):
        """The reason and the command are told."""
        with place.transaction() as connection:
            values = {
                "name": "late",
                "started_at": NOW,
                "distribution": "late",
                "version": "1",
                "off": "hung",
            }
            connection.execute(insert(plugins).values(values))
        finding = place.found("plugins")[-1]
        assert (False, "late was switched off: hung") == (finding.ok, finding.told)
        assert "aftercare plugins on late" in finding.cure


class TestDatabase:
    """Reachable, of this release, writable; and who works on it."""

    def test_one_of_another_release_names_the_command(self, place):
        """The rest of it is not looked into."""
        with place.transaction() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'ffff'"))
        finding = place.only("database")
        assert not finding.ok
        assert "schema ffff" in finding.told
        assert "newer release" in finding.told
        assert "install that release" in finding.cure
        assert [] == place.found("clock")

    def test_one_that_does_not_answer_does_not_stop_the_others(self, here):
        """The driver's words, which may hold anything, are not told."""
        here.environ["TEST_DATABASE"] = "postgresql://user:canary-pw@127.0.0.1:1/shop?connect_timeout=2"
        assert ["database"] == here.problems()
        assert here.only("channel email").ok

    def test_a_password_among_the_options_of_the_address_is_hidden(self, here):
        """The address is a secret, so it may hold one anywhere."""
        here.environ["TEST_DATABASE"] = (
            "postgresql://user@127.0.0.1:1/shop?password=canary-pw&connect_timeout=2"
        )
        assert ["database"] == here.problems()

    def test_a_file_that_is_no_database_is_a_problem(self, here):
        """Not an exception."""
        (here.folder / "aftercare.db").write_bytes(b"no database at all" * 100)
        assert ["database"] == here.problems()

    def test_a_missing_folder_is_a_problem(self, here):
        """SQLite makes files, not folders."""
        here.environ["TEST_DATABASE"] = f"sqlite:///{here.folder}/no/aftercare.db"
        assert ["database"] == here.problems()

    def test_one_that_can_only_be_read_is_a_problem(self, place):
        """As on a standby."""
        if place.url.startswith("sqlite"):
            pytest.skip("files cannot be kept from root")
        with place.transaction() as connection:
            name = connection.execute(text("SELECT current_database()")).scalar()
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        finding = place.only("database")
        assert not finding.ok
        assert "cannot be written" in finding.told

    def test_a_decider_at_work_is_no_problem_and_is_named(self, place):
        """By its process, or its session."""
        with place.lock():
            finding = place.only("deciders")
        assert finding.ok
        assert "one is at work" in finding.told
        if place.url.startswith("postgres"):
            assert "session " in finding.told
        assert "none is at work" in place.only("deciders").told

    def test_the_lock_is_given_back(self, place):
        """Looking twice is the same as looking once, and a decider can begin."""
        place.look()
        with place.lock():
            pass

    def test_two_servers_on_one_file_are_a_problem(self, here, migrate_here):
        """Each process that was started as `work` or `serve` is named, its children are not."""
        with working(here.folder / "aftercare.db", 2) as pids:
            finding = here.only("deciders")
        assert not finding.ok
        assert all(str(pid) in finding.told for pid in pids)
        assert "stop all but one" in finding.cure

    def test_a_child_counts_as_the_command_that_started_it(self, here, migrate_here):
        """So one server is one, however many processes it has."""
        with working(here.folder / "aftercare.db", 1, child=True) as pids:
            (found,) = neighbours(here.folder / "aftercare.db")
        assert (pids[0], "work") == (found.pid, found.command)


@pytest.fixture
def migrate_here(here):
    """Give the place its database."""
    from aftercare_sdk.store import schema

    with closing(Database(here.url)) as database:
        schema.prepare(database)


SCRIPT = """
import subprocess, sys
file = open(sys.argv[2])
child = None
if sys.argv[3] == "child":
    file.close()
    code = "import sys; f = open(sys.argv[1]); print('x', flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code, sys.argv[2]], stdin=subprocess.PIPE)
else:
    print("x", flush=True)
sys.stdin.read()
if child:
    child.communicate()
"""


@contextmanager
def working(file, count, *, child=False):
    """Run processes that look like `aftercare work` and have a file open."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("only Linux tells who has a file open")
    program = file.with_name("aftercare")
    program.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, str(program), "work", str(file), "child" if child else "alone"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)
    ]
    try:
        for process in processes:
            process.stdout.readline()
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.communicate()
        program.unlink()


class TestClock:
    """The machine's time."""

    def receive(self, place, at):
        """Take something in."""
        with place.transaction() as connection:
            journal.append(
                connection, [Arrival(kind=Kind.WEBHOOK, shop="main", topic="x", received_at=at, body=b"x")]
            )

    def test_one_that_lies_behind_what_was_received_is_a_problem(self, place):
        """Messages would wait until it has caught up."""
        self.receive(place, NOW + timedelta(hours=2))
        finding = place.only("clock")
        assert not finding.ok
        assert "2026-11-22 08:00 UTC" in finding.told
        assert "NTP" in finding.cure

    def test_a_few_seconds_are_none(self, place):
        """Two machines are never quite of one mind."""
        self.receive(place, NOW + timedelta(seconds=10))
        assert place.only("clock").ok

    def test_a_demo_has_its_own(self, place):
        """Its rows may lie in the future."""
        self.receive(place, NOW + timedelta(days=60))
        with place.transaction() as connection:
            control.put_setting(connection, "mode", "demo")
        assert place.only("clock").ok


class TestTemplates:
    """Every message of the flows that are switched on."""

    def folder(self, here, text):
        """Put a template of the shop's own in place of the shipped one."""
        for language in ("ja", "en"):
            folder = here.folder / "templates" / language
            folder.mkdir(parents=True)
            for part in ("subject", "txt", "html"):
                (folder / f"thank-you.{part}.liquid").write_text(text, encoding="utf-8")
        here.write(GOOD + '[templates]\nfolder = "templates"\n')

    def test_a_mistake_is_told_once(self, here):
        """With template, part and line, and not as a mistake of aftercare.toml."""
        self.folder(here, "{{ customer.nmae }}")
        assert {"templates"} == set(here.problems())
        assert "thank-you (en), subject, line 1" in here.found("templates")[0].told

    def test_what_is_not_configured_is_missed_before_a_customer_misses_it(self, here):
        """A template that shows the address of the shop needs one."""
        self.folder(here, "{{ shop.url }}")
        told = [finding.told for finding in here.found("templates")]
        assert ["thank-you (ja)", "thank-you (en)"] == [line.partition(",")[0] for line in told]
        assert "shop.url is not known" in told[0]


class TestChannels:
    """As far as one can go without sending."""

    @pytest.fixture
    def inbox(self):
        return Inbox()

    def smtp(self, here, port, more='security = "none"'):
        """Send through a server of this machine."""
        smtp = f'kind = "smtp"\nsender = "hello@shop.example"\nhost = "localhost"\nport = {port}\n{more}\n'
        here.change(MAILDIR, smtp)

    def test_a_server_that_answers_is_well_and_gets_no_mail(self, here, inbox):
        """One connection, politely ended, without a sender."""
        with mail_server(inbox) as port:
            self.smtp(here, port)
            finding = here.only("channel email")
        assert finding.ok, finding
        assert ([], ["QUIT"]) == (inbox.mails, inbox.commands)

    @pytest.mark.parametrize(("password", "ok"), [("canary-smtp-2", True), ("canary-wrong", False)])
    def test_starttls_and_the_login_are_tried(self, here, inbox, password, ok):
        """A wrong password is noticed before the first customer waits; it is not told."""
        file = certificate(here.folder, "localhost")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        options = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": login(b"shop", b"canary-smtp-2"),
        }
        here.environ["SMTP_PASSWORD"] = password
        more = f'username = "shop"\npassword = {{ env = "SMTP_PASSWORD" }}\nca_file = "{file}"'
        with mail_server(inbox, **options) as port:
            self.smtp(here, port, more)
            finding = here.only("channel email")
        assert ok == finding.ok, finding
        assert ok or "refused the login (535)" in finding.told
        assert [] == inbox.mails

    def test_one_that_does_not_listen_does_not_stop_the_others(self, here):
        """Host and port are named."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.smtp(here, port)
        assert ["channel email"] == here.problems()
        finding = here.only("channel email")
        assert f"localhost:{port}" in finding.told
        assert "firewall" in finding.cure

    def test_one_that_says_nothing_is_waited_for_shortly(self, here, monkeypatch):
        """Not as long as the channel itself would wait."""
        monkeypatch.setattr("aftercare_sdk.engine.checkup.channels.PATIENCE_SECONDS", 1.0)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.smtp(here, silent.getsockname()[1])
            before = time.monotonic()
            assert not here.only("channel email").ok
        assert time.monotonic() - before < 15

    def test_a_missing_password_is_told_as_a_secret(self, here):
        """The server is not tried without it."""
        del here.environ["SMTP_PASSWORD"]
        self.smtp(here, 1, 'username = "shop"\npassword = { env = "SMTP_PASSWORD" }')
        assert ["secrets", "channel email"] == here.problems()

    def test_a_maildir_is_written_into_without_a_trace(self, here):
        """Its three folders, as far as they exist."""
        for part in ("tmp", "new", "cur"):
            (here.folder / "mails" / part).mkdir(parents=True)
        assert here.only("channel email").ok
        assert 3 == len(list((here.folder / "mails").rglob("*")))

    def test_a_file_in_the_place_of_the_maildir_is_a_problem(self, here):
        """With the cure."""
        (here.folder / "mails").write_text("")
        finding = here.only("channel email")
        assert (False, True) == (finding.ok, bool(finding.cure))


def test_what_waits_is_a_hint_without_personal_data(place):
    """Numbers only: reads that failed, parked rows, parked events."""
    with place.transaction() as connection:
        arrival = Arrival(
            kind=Kind.WEBHOOK,
            shop="main",
            topic="x",
            received_at=NOW,
            body=PERSON.encode(),
            state=State.PARKED,
            outcome=PERSON,
        )
        journal.append(connection, [arrival])
        read = {
            "shop": "main",
            "kind": "order",
            "reason": "",
            "requested_at": NOW,
            "due_at": NOW,
            "lease": "",
        }
        connection.execute(insert(reads), [{**read, "id": "1", "attempts": 1, "error": PERSON}])
        connection.execute(insert(reads), [{**read, "id": "2", "attempts": 0, "error": ""}])
        unit = {"event": "e", "plugin": "p", "seq": 1, "customer": 1, "known_at": NOW, "due_at": NOW}
        connection.execute(insert(units).values(**unit, state="parked", attempts=9, error=PERSON))
    found = place.found("what waits")
    assert ["1", "1", "1"] == [finding.told.rpartition(": ")[2] for finding in found]
    assert all(finding.ok and "aftercare journal" in finding.cure for finding in found)
    assert [] == place.problems()


class TestCommand:
    """`aftercare doctor`."""

    @pytest.fixture
    def run(self, here, monkeypatch):
        """Run it with the environment of the place."""
        monkeypatch.delenv("AFTERCARE_CONFIG", raising=False)
        for name in ("TEST_SECRET", "SMTP_PASSWORD", "TEST_DATABASE"):
            monkeypatch.setenv(name, here.environ[name])

        def run(*arguments):
            return CliRunner().invoke(app, ["doctor", *arguments], catch_exceptions=False)

        return run

    def test_all_is_well(self, run):
        """Exit code 0."""
        result = run()
        assert 0 == result.exit_code, result.output
        assert "All is well." in result.stderr
        assert result.stdout.count("\nok ") == 7

    def test_a_problem_stands_above_its_cure(self, run, monkeypatch):
        """Exit code 1."""
        monkeypatch.delenv("TEST_SECRET")
        result = run()
        assert 1 == result.exit_code
        assert "1 problem." in result.stderr
        lines = result.stdout.splitlines()
        (place,) = [place for place, line in enumerate(lines) if line.startswith("problem")]
        assert "TEST_SECRET is not set" in lines[place]
        assert "→ set it where aftercare is started" in lines[place + 1]
        assert "canary" not in result.output

    def test_json_is_for_programs(self, run):
        """The same findings."""
        told = json.loads(run("--json").stdout)
        assert {"name", "ok", "told", "cure"} == set(told[0])
        assert all(each["ok"] and each["cure"] is None for each in told)

    def test_it_works_where_nothing_is_configured(self, run, here):
        """That is when somebody asks a doctor."""
        (here.folder / "aftercare.toml").unlink()
        assert 1 == run().exit_code
