"""One run of a real server between a shop and a mail server, and what must be true of it in the end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aftercare_sdk.actions import Purpose
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store import journal, messages
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Kind, State
from aftercare_sdk.store.tables import memory as memory_table
from aftercare_sdk.store.tables import units as units_table
from tests.support import kills
from tests.support.kill_plugin import Story
from tests.support.kills import PostOffice, Server, Shop, until, without_doubles

REPEATABLE = {Purpose.SERVICE, Purpose.TRANSACTIONAL}


@dataclass(frozen=True)
class Run:
    """One long history in one database."""

    story: Story
    server: Server
    post: PostOffice
    open_database: Callable[[], Database]

    @property
    def database(self) -> Database:
        """What the server knows now."""
        return self.open_database()

    def aftercare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a person does."""
        return subprocess.run(
            [sys.executable, "-m", "aftercare_sdk", *arguments],
            cwd=self.server.folder,
            env=self.server.environ,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running(
    folder: Path,
    url: str,
    seed: int,
    *,
    wrapper: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
    disk: Path | None = None,
) -> Iterator[Run]:
    """Run a mail server and, beside it, the server that will suffer.

    `wrapper` starts it. `more` is for its environment. `disk` is a folder that only the server sees: of the
    database in it, whoever looks gets a copy.
    """
    story, post = Story(seed, kills.now()), PostOffice(seed)
    with post.open() as port:
        kills.make_folder(folder, port)
        environ = {**kills.environment(folder, url, story), **(more or {})}
        server = Server(folder, environ, wrapper)
        server.start()
        try:
            until(lambda: server.is_ready() or server.has_ended, "the server")
            assert not server.has_ended, "the server could not start"
            with ExitStack() as stack:
                yield Run(story, server, post, _opener(stack, url, server, disk))
        except BaseException:
            sys.stdout.write(f"KILL_SEED={seed}\n{server.log.read_text()[-4000:]}\n")
            raise
        finally:
            server.clean_up()


def _opener(stack: ExitStack, url: str, server: Server, disk: Path | None) -> Callable[[], Database]:
    if disk is None:
        database = stack.enter_context(closing(Database(url)))
        return lambda: database
    # SQLite follows links to their end, where the disk is not; and the disk is there as long as it is open.
    inside = os.open(f"/proc/{server.pid}/root{disk}", os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, inside)

    def copied() -> Database:
        target = Path(tempfile.mkdtemp(dir=server.folder)) / "aftercare.db"
        for suffix in ("", "-wal"):
            with open(
                f"aftercare.db{suffix}", "rb", opener=lambda name, flags: os.open(name, flags, dir_fd=inside)
            ) as file:
                target.with_name(file.name).write_bytes(file.read())
        return stack.enter_context(closing(Database(f"sqlite:///{target}")))

    return copied


def told(database: Database, kind: Kind) -> list[journal.Entry]:
    """Return the rows of a kind."""
    with database.read() as connection:
        return [one for one in journal.listing(connection, limit=10**6) if one.kind is kind]


def all_messages(database: Database) -> dict[str, messages.Message]:
    """Return the messages by their ids."""
    with database.read() as connection:
        return {one.id: one for one in messages.everything(connection)}


def remembered(database: Database) -> list[tuple[str, str, str]]:
    """Return what the program counted, without the numbers of identities."""
    with database.read() as connection:
        rows = connection.execute(memory_table.select()).mappings()
        return sorted((row["plugin"], row["name"], row["value"]) for row in rows)


def unit_rows(database: Database) -> list[tuple[str, str, str, int, str]]:
    """Return event, plugin, state, tries and error of every unit."""
    with database.read() as connection:
        rows = connection.execute(units_table.select()).mappings()
        return sorted(
            (row["event"], row["plugin"], row["state"], row["attempts"], row["error"]) for row in rows
        )


def is_settled(database: Database) -> bool:
    """Whether nothing is left to be done by itself."""
    with database.read() as connection:
        waiting = journal.oldest_new(connection)
    return (
        waiting is None
        and all(state == "done" for _, _, state, _, _ in unit_rows(database))
        and all(one.state.final for one in all_messages(database).values())
    )


def check_all_acknowledged_is_processed(run: Run, shop: Shop) -> None:
    """Each acknowledged webhook is one row, and that row is processed."""
    rows = told(run.database, Kind.WEBHOOK)
    assert [] == without_doubles(one.delivery for one in rows)
    assert set(shop.acknowledged) == {one.delivery for one in rows}
    assert {State.DONE} == {one.state for one in rows}


def check_mail(run: Run) -> None:
    """Nothing left more often than promise 7 allows, nothing that is called accepted or unsent is a lie."""
    copies = run.post.copies()
    known = all_messages(run.database)
    assert set() == set(copies) - set(known)
    for id_, message in known.items():
        taken = copies[id_]
        allowed = 1 + (message.repeated if message.purpose in REPEATABLE else 0)
        assert taken <= allowed <= 2, (message, taken)
        assert message.state.final, message
        if message.state is MessageState.ACCEPTED:
            assert taken >= 1, message
        elif message.state is not MessageState.UNKNOWN and not message.repeated:
            assert 0 == taken, message
    for id_, recipient, subject in run.post.mails:
        assert f"Order {known[id_.strip('<>').partition('@')[0]].object}" == subject
        assert recipient.endswith("@customer.example")
    assert [] == [one.id for one in known.values() if one.purpose == Purpose.MARKETING and copies[one.id] > 1]
