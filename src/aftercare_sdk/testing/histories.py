"""The same story told in other ways: tests of an adapter inside a real engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from random import Random

import pytest

from aftercare_sdk.model.shops import Gone, Ignored, Snapshot
from aftercare_sdk.model.sync import Cursor
from aftercare_sdk.testing.bench import SETTLED, Killed, Watched
from aftercare_sdk.testing.given import HOUR, Given, failed, same
from aftercare_sdk.testing.platform import Trouble
from aftercare_sdk.testing.projection import Facts, Key

_FEW = 3
"""Samples of which every order is tried."""
_SHUFFLES = 5
_MOST = 6
_OUTAGES = 8
_TROUBLES = (Trouble.UNREACHABLE, Trouble.BROKEN, Trouble.SLOW, Trouble.THROTTLED, Trouble.PAGE)


class Histories(Given):
    """However a story is told, the facts are the same."""

    def test_samples_lead_to_their_facts(self) -> None:
        """If it fails, a purchase, a parcel or a refund is not noticed, and nobody is thanked or credited."""
        if not self.facts:
            pytest.skip(f"{type(self).__name__} gives no `facts`: what each sample leads to")
        unknown = sorted(self.facts.keys() - self.samples.keys())
        if unknown:
            failed(f"`facts` names {', '.join(unknown)}, which is no sample")
        for name, expected in self.facts.items():
            with self._bench() as bench:
                self._send(bench, [name])
                bench.process()
                ids = bench.facts().events
            prefix = f"{self.shop.name}/"
            told = sorted(each.removeprefix(prefix) for each in ids)
            if told != sorted(expected):
                failed(f"sample {name!r} alone leads to {told}, not to {sorted(expected)}")

    def test_duplicates_change_nothing(self) -> None:
        """If it fails, a webhook that comes twice gives points twice, or takes a second refund off."""
        adapter = self._new_adapter()
        for name, webhook in self._webhooks.items():
            twice = [tuple(adapter.translate(webhook)) for _ in range(2)]
            if twice[0] != twice[1]:
                failed(f"sample {name!r} tells something else when it is translated again")
        names = list(self._signed_samples)
        once = self._facts_of(names)
        with self._maybe_platform(), self._bench() as bench:
            for _ in range(2):
                self._send(bench, names)
            bench.process()
            bench.wait(HOUR)
            self._send(bench, names, one_by_one=True)
            bench.settle()
            same(once, bench.facts(), first="each sample once", second="each sample three times")

    def test_only_a_dated_webhook_is_dropped_as_a_duplicate(self) -> None:
        """If it fails, the second of two equal notices is dropped although it tells of something new."""
        for name, webhook in self._webhooks.items():
            told = [one for one in self._told[name] if not isinstance(one, Ignored)]
            dated = any(isinstance(one, Snapshot) and one.version.modified_at for one in told)
            if webhook.dated and told and not dated:
                failed(
                    f"sample {name!r} is said to be `dated`, and tells no time of modification: a second "
                    "one in the same words would be dropped"
                )

    def test_any_order_leads_to_the_same_facts(self) -> None:
        """If it fails, what the shop knows depends on the network: an old webhook that comes late wins."""
        names = list(self._signed_samples)
        straight = self._facts_of(names)
        for order in _orders(names):
            shuffled = self._facts_of(order, one_by_one=True)
            told = ", ".join(order[:_MOST]) + (" …" if len(order) > _MOST else "")
            same(straight, shuffled, first="the samples in their order", second=f"the order {told}")

    def test_a_webhook_and_a_read_lead_to_the_same_facts(self) -> None:
        """If it fails, an order changes when it is read, without anything having happened in the shop."""
        with self._need_platform() as platform:
            refs = self._readable()
            gone = self._gone()
            with self._bench() as bench:
                bench.ask_for(refs)
                bench.settle()
                by_read = bench.facts()
            if not platform.asked:
                failed("the adapter reads without asking the platform: make it ask the `hosts`")
        by_webhook = self._facts_of(list(self._signed_samples))
        self._compare(by_webhook, by_read, gone, kinds={ref.kind for ref in refs}, way="reads")

    def test_a_webhook_and_sync_lead_to_the_same_facts(self) -> None:
        """If it fails, what a lost webhook would have told is never found, or is found as something else."""
        with self._need_streams():
            gone = self._gone()
            adapter = self._new_adapter()
            by_sync = self._synced()
        by_webhook = self._facts_of(list(self._signed_samples))
        self._compare(by_webhook, by_sync, gone, kinds={each.kind for each in adapter.streams}, way="sync")

    def test_a_listing_since_a_moment_misses_nothing(self) -> None:
        """If it fails, later syncs overlook what webhooks lost: hours of it, if zones are mixed up."""
        with self._need_streams():
            adapter = self._new_adapter()
            for stream in (each for each in adapter.streams if not each.whole):
                dates: dict[str, datetime | None] = {}
                for page in adapter.changes(Cursor(stream=stream.name)):
                    dates |= {one.id: one.version.modified_at for one in page.snapshots}
                for moment in sorted({date for date in dates.values() if date})[:_MOST]:
                    since = moment - timedelta(seconds=1)
                    wanted = {id_ for id_, date in dates.items() if date and date >= moment}
                    pages = adapter.changes(Cursor(stream=stream.name, since=since))
                    missed = sorted(wanted - {one.id for page in pages for one in page.snapshots})
                    if missed:
                        failed(
                            f"stream {stream.name!r} since {since} misses {', '.join(missed[:_MOST])}, "
                            "modified after it"
                        )

    def test_a_crash_in_the_middle_of_a_sync_loses_nothing(self) -> None:
        """If it fails, a restart during a listing skips a page: these orders are never known."""
        with self._need_streams():
            watched = Watched(self._new_adapter())
            whole = self._synced(watched)
            if max(watched.pages.values(), default=0) < 2:  # noqa: PLR2004 - a middle lies between two
                failed(
                    "every listing came in one page, which has no middle: let `answer` give fewer objects "
                    "at once than it has"
                )
            for stream, pages in watched.pages.items():
                for page in range(1, min(pages, _MOST)):
                    url = self._database()
                    dying = Watched(self._new_adapter(), cut_after=(stream, page))
                    with self._bench(dying, sync=True, url=url) as bench, pytest.raises(Killed):
                        bench.settle()
                    # A new process: nothing is left of the adapter but what it wrote into `position`.
                    later = self._later + SETTLED + timedelta(minutes=1)
                    with self._bench(sync=True, url=url, at=later) as bench:
                        bench.settle()
                        same(
                            whole,
                            bench.facts(),
                            first="a sync that was not cut off",
                            second=f"one that was, after page {page} of {stream!r}",
                        )

    def test_an_outage_in_the_middle_of_a_sync_loses_nothing(self) -> None:
        """If it fails, a platform that stumbles during a listing makes orders disappear without a word."""
        with self._need_streams() as platform:
            whole = self._synced()
            count = len(platform.asked)
        step = max(1, count // _OUTAGES)
        for turn, first in enumerate(range(1, count + 1, step)):
            trouble = _TROUBLES[turn % len(_TROUBLES)]
            with self._need_streams() as platform:
                # Until the adapter says so: it may try again, and must not go on as if nothing were.
                outage = _Outage(first, trouble)
                platform.trouble = outage.at
                facts = self._synced(Watched(self._new_adapter(), failed=outage.end))
            same(
                whole,
                facts,
                first="a sync without trouble",
                second=f"one in which the platform was {trouble} from request {first} on",
            )

    def _synced(self, watched: Watched | None = None) -> Facts:
        with self._bench(watched, sync=True) as bench:
            bench.settle()
            return bench.facts()

    def _gone(self) -> set[Key]:
        """Return the objects that the platform no longer has."""
        readings = self._new_adapter().read(self._readable())
        return {(one.ref.kind, one.ref.id) for one in readings if isinstance(one, Gone)}

    def _compare(
        self, by_webhook: Facts, by_other: Facts, gone: set[Key], *, kinds: set[str], way: str
    ) -> None:
        """Compare what both can know: nothing gone, changed unannounced, or told by the platform only."""
        told = by_webhook.objects.keys()
        unlisted = {key for key in told - by_other.objects.keys() if key[0] not in kinds}
        untold = by_other.objects.keys() - told
        unannounced = {(ref.kind, ref.id) for ref in self.unannounced}
        left_out = gone | unlisted | untold | unannounced
        if not told - left_out:
            failed(f"nothing is left to compare: the platform has nothing of what the samples tell ({way})")
        same(by_webhook.but(left_out), by_other.but(left_out), first="the webhooks", second=way)


class _Outage:
    """A trouble that lasts from one request until the adapter has noticed."""

    def __init__(self, first: int, trouble: Trouble) -> None:
        self._first = first
        self._trouble: Trouble | None = trouble

    def at(self, number: int) -> Trouble | None:
        return self._trouble if number >= self._first else None

    def end(self) -> None:
        self._trouble = None


def _orders(names: Sequence[str]) -> Iterator[list[str]]:
    """Give other orders: all of a few, else the reverse and some by chance, the same each time."""
    if len(names) <= _FEW:
        yield from (list(each) for each in permutations(names))
        return
    yield list(reversed(names))
    for seed in range(_SHUFFLES):
        shuffled = list(names)
        Random(seed).shuffle(shuffled)  # noqa: S311 - not for keeping secrets
        yield shuffled
