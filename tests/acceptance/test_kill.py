"""Promises 1, 4 and 7 under SIGKILL: endpoint, decider and sender die at random moments, and nobody notices.

The seed is printed, and may be given: `KILL_SEED=7 KILL_COUNT=150 pytest tests/acceptance/test_kill.py`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tomllib
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.store.database import Database
from tests.support.kill_checks import (
    Run,
    all_messages,
    check_all_acknowledged_is_processed,
    check_mail,
    is_settled,
    remembered,
    running,
    unit_rows,
)
from tests.support.kill_plugin import Delivery, KillShop, Story
from tests.support.kills import Killer, Shop, until
from tests.support.projection import project
from tests.support.shop import SECRET

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the children of a process in /proc")

KILLS, MANY_KILLS = 13, 250


@pytest.fixture
def seed():
    """A seed for this run, new each time, or the one that somebody wants to see again."""
    chosen = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))
    sys.stdout.write(f"KILL_SEED={chosen}\n")
    return chosen


def undisturbed(story: Story, url: str, deliveries: list[Delivery], folder: Path) -> None:
    """Tell an engine the same, in one process that nobody kills."""
    config = tomllib.loads((folder / "aftercare.toml").read_text())
    config["database"]["url"] = url
    config["channels"]["email"] = {"kind": "null", "sender": "hello@shop.example"}
    clock = VirtualClock(story.began + timedelta(days=1))  # when everything is due that was told
    plugins = {"kills": KillShop(story)}
    with Aftercare(config, clock=clock, plugins=plugins, environ={"KILL_SECRET": SECRET}) as aftercare:
        for one in deliveries:
            assert 202 == aftercare.receive("main", one.request).status
        aftercare.advance(story.began + timedelta(days=2))


def check_effects_are_those_of_an_undisturbed_run(run: Run, other: Database) -> None:
    """Facts, people, events, what each plugin decided about them, and what it remembers of each customer."""
    mine = project(run.database)
    expected = project(other)
    assert expected.events == mine.events
    assert expected.people == mine.people
    assert expected.objects == mine.objects
    assert remembered(other) == remembered(run.database)
    assert unit_rows(other) == unit_rows(run.database)
    planned = [one.key for one in all_messages(run.database).values()]
    assert sorted(one.key for one in all_messages(other).values()) == sorted(planned)


def settle_by_hand(run: Run) -> Counter[str]:
    """Do what a person does: look at the list, look into the mail server, say what happened."""
    answer = run.aftercare("messages", "list", "--json")
    assert 0 == answer.returncode, answer.stderr
    assert "@customer.example" not in answer.stdout
    listed = {one["id"] for one in json.loads(answer.stdout)["messages"]}
    unknown = {one.id for one in all_messages(run.database).values() if one.state is MessageState.UNKNOWN}
    assert unknown == listed
    copies = run.post.copies()
    found = {"--delivered": [id_ for id_ in listed if copies[id_]]}
    lost = sorted(listed - set(found["--delivered"]))
    found |= {"--not-sent": lost[::2], "--not-sent --again": lost[1::2]}
    for words, ids in found.items():
        if ids:
            answer = run.aftercare("messages", "resolve", *ids, *words.split())
            assert 0 == answer.returncode, answer.stderr
    return Counter({words: len(ids) for words, ids in found.items()})


def kill_and_look(folder: Path, databases, seed: int, count: int) -> None:
    """Kill `count` times while webhooks arrive and mail leaves; then look at everything."""
    with running(folder, databases.create(), seed) as run:
        # A webhook makes about one mail; what is due when the killing ends must be done in reasonable time.
        shop = Shop(run.story, run.server.port, is_ahead=lambda told: told > 80 + 1.5 * len(run.post.mails))
        shop.open()
        killer = Killer(seed, run.server, run.post)
        killer.run(count)
        shop.close()
        until(lambda: is_settled(run.database), "everything to be settled")

        check_all_acknowledged_is_processed(run, shop)
        check_mail(run)
        states = Counter(one.state.value for one in all_messages(run.database).values())
        calm = databases.create()
        undisturbed(run.story, calm, shop.posted, folder)
        with closing(Database(calm)) as other:
            check_effects_are_those_of_an_undisturbed_run(run, other)

        run.post.moody = False
        before = run.post.copies()
        said = settle_by_hand(run)
        until(lambda: is_settled(run.database), "what a person wanted sent again")
        check_mail(run)
        assert said["--not-sent --again"] == (run.post.copies() - before).total()
        assert [] == json.loads(run.aftercare("messages", "list", "--json").stdout)["messages"]
        assert 0 == run.server.stop()
        figures = {
            "seed": seed,
            "killed": dict(killer.killed),
            "answers": dict(shop.answers),
            "webhooks": len(shop.acknowledged),
            "messages": dict(states),
            "mails": len(run.post.mails),
            "taken twice": sorted(Counter(run.post.copies().values()).items()),
            "settled by hand": dict(said),
        }
        sys.stdout.write(f"{json.dumps(figures)}\n")


def test_killed_at_random_moments(tmp_path, databases, seed):
    """What was acknowledged is processed, no effect is doubled, no mail leaves more often than it may."""
    kill_and_look(tmp_path, databases, seed, int(os.environ.get("KILL_COUNT") or KILLS))


@pytest.mark.long
def test_killed_at_many_random_moments(tmp_path, databases, seed):
    """The same, until rare moments have been hit too."""
    kill_and_look(tmp_path, databases, seed, MANY_KILLS)
