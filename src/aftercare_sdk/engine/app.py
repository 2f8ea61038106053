"""`Aftercare`: the whole engine behind a few methods, for applications, servers and commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aftercare_sdk.config import Settings, load, parse
from aftercare_sdk.engine import requested
from aftercare_sdk.engine.alerting.telling import tell_due
from aftercare_sdk.engine.alerting.watch import Watch
from aftercare_sdk.engine.brand import MODE, Brand
from aftercare_sdk.engine.clock import Clock, SystemClock, VirtualClock
from aftercare_sdk.engine.consents import Consents
from aftercare_sdk.engine.decider import Decider
from aftercare_sdk.engine.dispatch import Dispatcher
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.engine.performing import perform_due
from aftercare_sdk.engine.posted import receive_outcomes
from aftercare_sdk.engine.reading import read_due
from aftercare_sdk.engine.receive import Door, Inbox, Reply
from aftercare_sdk.engine.redeeming import balance_of, offered, redeem
from aftercare_sdk.engine.reported import Noted, report
from aftercare_sdk.engine.syncing import Syncer
from aftercare_sdk.engine.telling import (
    Answered,
    Complained,
    Referred,
    tell_complaint,
    tell_feedback,
    tell_referral,
)
from aftercare_sdk.errors import ClockRefused
from aftercare_sdk.model.outcomes import Report
from aftercare_sdk.model.rewards import Reward
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.plugins import Observer, PluginSource
from aftercare_sdk.store import (
    commands,
    control,
    counters,
    lots,
    messages,
    reads,
    redemptions,
    schema,
    timers,
    units,
)
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.counters import Totals
from aftercare_sdk.store.redemptions import Redemption


class Aftercare:
    """One brand's engine.

    Make it once per process, hand it the requests of your shops, and let `aftercare work` do the rest; or
    call `process` and `run_due` yourself. Both run hooks in the calling process: a hook that is slow or
    hangs is fenced out, but one that never gives the interpreter back stops this process. `aftercare serve`
    and `work` survive that too, because they decide in a child process.
    """

    def __init__(
        self,
        settings: Settings | Mapping[str, Any],
        *,
        clock: Clock | None = None,
        plugins: Sequence[object] | Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Put the brand together and prepare its database.

        `plugins`: by name, in addition to the built-in ones; None: those installed as distributions.
        `observer` is told whose hook is running.
        Raises SettingsError with everything that is wrong, and SchemaVersionError for an old database.
        """
        settings = _settings(settings)
        self.clock: Clock = clock or SystemClock()
        self.brand = Brand(settings, clock=self.clock, plugins=_sources(plugins), environ=environ)
        try:
            schema.prepare(self.brand.database)
            self._refuse_virtual_time_on_live_data()  # before anything is written with that time
            self.brand.start()
        except BaseException:
            self.brand.close()
            raise
        self._inbox = Inbox(self.brand.database)
        self._door = Door(
            self._inbox, self.brand.adapter, self.clock.now, self.brand.settings.server.body_limit
        )
        self.decider = Decider(self.brand, observer)
        self._dispatcher = Dispatcher(self.brand)
        self._syncer = Syncer(self.brand)
        self._watch = Watch(self.brand)
        self.consents = Consents(self.brand)

    @classmethod
    def from_config(cls, path: Path | str | None = None) -> Self:
        """Make the engine that aftercare.toml describes."""
        return cls(load(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Store what waits, and give up threads and connections."""
        self._inbox.close()
        self.decider.close()
        self._dispatcher.close()
        self.brand.close()

    def receive(self, shop: str, request: RawRequest) -> Reply:
        """Take in one webhook; returns what to answer, after the commit that holds it."""
        return self._door.receive(shop, request)

    def admit(self, shop: str, request: RawRequest) -> Reply | Future[bool]:
        """Take in one webhook without waiting: for servers that wait for many commits at once."""
        return self._door.admit(shop, request)

    def admit_in_loop(self, shop: str, request: RawRequest) -> Reply | asyncio.Future[bool]:
        """Do the same for the event loop that runs, which is woken once for all that one commit holds."""
        return self._door.admit_in_loop(shop, request)

    def process(self) -> int:
        """Process everything received; return how many journal rows and units that were.

        Raises DeciderBusy if another process decides for this brand.
        """
        with decider_lock(self.brand.database) as token:
            return self.decider.process(token)

    def run_due(self) -> int:
        """Fire timers, make listings and reads, and send messages that are due now; return how many.

        What reads bring is processed, and what follows from it is done as well.
        """
        done = 0
        while True:
            worked = self._syncer.run() + read_due(self.brand)
            with decider_lock(self.brand.database) as token:
                processed = self.decider.process(token)
                worked += self.decider.fire(token)
            worked += perform_due(self.brand) + self._dispatcher.run()
            worked += requested.erase_requested(self.brand)
            done += worked
            if not worked + processed:
                return done

    def read_and_send(self) -> int:
        """Make reads and send messages that are due, without deciding anything; return how many."""
        return self.read() + self.send()

    def read(self) -> int:
        """Make reads that are due, without deciding anything; return how many. For workers."""
        return read_due(self.brand)

    def sync(self, shop: str | None = None) -> int:
        """List the next pages of what is due, of one shop or of any, without deciding anything.

        Returns how many pages. For workers.
        """
        return self._syncer.run(shop)

    def listings(self, shop: str | None = None) -> frozenset[tuple[str, str]]:
        """Return what can be listed, of one shop or of all: shop and name of each stream."""
        return frozenset(key for key in self._syncer.streams if shop is None or key[0] == shop)

    def redeem(
        self, shop: str, account: str, reward: str, *, request: str, plugin: str = "loyalty"
    ) -> Redemption:
        """Let the account of a shop have a reward for its points; its code is made on the platform soon.

        The account must have logged in with the shop: an address on an order earns, and spends nothing.
        `request` names what was asked for, such as the click: the same one asked again is the same
        redemption. Raises RedemptionRefused.
        """
        return redeem(self.brand, f"{shop}/{account}", reward, plugin=plugin, request=request)

    def rewards(self, plugin: str = "loyalty") -> Mapping[str, Reward]:
        """Return the rewards that can be redeemed now, by name.

        Raises RedemptionRefused if the plugin offers none at all.
        """
        return offered(self.brand, plugin, self.clock.now())

    def points(self, shop: str, account: str) -> Balance:
        """Return what the account of a shop has. Raises RedemptionRefused if nobody has that account."""
        return balance_of(self.brand, f"{shop}/{account}")

    def tell_feedback(
        self,
        shop: str,
        answer: str,
        *,
        survey: str,
        order: str | None = None,
        account: str | None = None,
        answered_at: datetime | None = None,
    ) -> bool:
        """Say that a customer has answered a survey of the shop's own; return whether that is news.

        The customer is whoever placed an order, or has an account; name one of both. `answer` is an id of
        the shop's choice: told again, it is the same answer. Raises UnknownCustomer, and InputError for what
        cannot be an answer.
        """
        return tell_feedback(
            self.brand,
            Answered(shop=shop, id=answer, survey=survey, order=order, account=account, at=answered_at),
        )

    def tell_referral(
        self,
        shop: str,
        referral: str,
        *,
        referrer: str,
        order: str,
        completed_at: datetime | None = None,
    ) -> bool:
        """Say that a friend has bought whom a customer has sent; return whether that is news.

        `referrer` is the account of whoever sent the friend, `order` what the friend has bought. `referral`
        is an id of the shop's choice: told again, it is the same referral. Raises UnknownCustomer, and
        InputError if both are the same person.
        """
        return tell_referral(
            self.brand,
            Referred(shop=shop, id=referral, referrer=referrer, order=order, at=completed_at),
        )

    def tell_complaint(
        self,
        shop: str,
        complaint: str,
        *,
        order: str | None = None,
        account: str | None = None,
        complained_at: datetime | None = None,
    ) -> bool:
        """Say that a customer has complained to the shop; return whether that is news.

        What advertises rests for `cool_down`; a review request is delayed by it, and never cancelled. The
        customer is whoever placed an order, or has an account; name one of both. `complaint` is an id of the
        shop's choice: told again, it is the same complaint. Raises UnknownCustomer, and InputError for what
        cannot be a complaint.
        """
        return tell_complaint(
            self.brand,
            Complained(shop=shop, id=complaint, order=order, account=account, at=complained_at),
        )

    def tell_outcomes(self, channel: str, reports: Sequence[Report]) -> Noted:
        """Say what has become of messages that a channel has sent; return how much of it is news.

        For a shop that asks its mail provider itself. Told again, late or in another order it comes to the
        same. Raises InputError for a channel that is not configured.
        """
        return report(self.brand, channel, reports)

    def receive_outcomes(self, channel: str, request: RawRequest) -> Reply:
        """Take in a signed list of outcomes; returns what to answer, after the commit that holds them."""
        return receive_outcomes(self.brand, channel, request)

    def perform(self) -> int:
        """Carry out commands on the platforms of shops, without deciding anything; return how many.

        For workers.
        """
        return perform_due(self.brand)

    def erase_requested(self) -> int:
        """Erase whom platforms have asked to erase, unless a person is to; return how many. For workers."""
        return requested.erase_requested(self.brand)

    def send(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Send messages that are due, without deciding anything; return how many. For workers.

        `stopped` is asked now and then whether to leave the rest to others.
        """
        return self._dispatcher.run(stopped)

    def alert(self) -> int:
        """Look for what the shop's staff must know, and tell them; return how much there was. For workers.

        Whether somebody decides and sends is known of `aftercare serve` and `work` only.
        """
        return self._watch.run() + tell_due(self.brand)

    def counted(self) -> tuple[Totals, int]:
        """Return what has been counted, and how many messages have not ended (OBS-02).

        Requests that this process has rejected are in it before the database knows of them.
        """
        rejected = self._inbox.rejected
        with self.brand.database.read() as connection:
            totals = dict(counters.totals(connection))
            waiting = messages.not_ended(connection)
        for status, count in rejected.items():
            key = (counters.WEBHOOK_REJECTED, str(status))
            totals[key] = totals.get(key, 0) + count
        return totals, waiting

    def reject(self, status: int) -> None:
        """Count a request that a server has turned away before the engine saw it."""
        self._inbox.reject(status)

    def next_due(self) -> datetime | None:
        """Return when something is due next, after now: a timer, a read, a message or a retry."""
        now = self.clock.now()
        with self.brand.database.read() as connection:
            moments = (
                timers.next_due(connection, now),
                lots.next_due(connection, now),
                redemptions.next_due(connection, now),
                reads.next_due(connection, now),
                self._syncer.next_due(connection, now),
                commands.next_due(connection, now),
                messages.next_due(connection, now),
                requested.next_due(self.brand, connection, now),
                units.next_due(connection, self.brand.listening, now),
            )
        return min((moment for moment in moments if moment is not None), default=None)

    def advance(self, until: datetime) -> int:
        """Move a virtual clock to `until`, stopping wherever something is due; return what was done.

        Raises ClockRefused for the clock of the machine.
        """
        clock = self.clock
        if not isinstance(clock, VirtualClock):
            message = "only a virtual clock can be moved"
            raise ClockRefused(message)
        done = self.run_due()
        while (due := self.next_due()) is not None and due <= until:
            clock.move(due)
            done += self.run_due()
        clock.move(until)
        return done

    def _refuse_virtual_time_on_live_data(self) -> None:
        with self.brand.database.write() as connection:
            mode = control.setting(connection, MODE)
            if mode is None:
                mode = "demo" if isinstance(self.clock, VirtualClock) else "live"
                control.put_setting(connection, MODE, mode)
        if isinstance(self.clock, VirtualClock) and mode == "live":
            message = (
                f"the database {self.brand.database.where} is live: a virtual clock would send its messages "
                "at the wrong time; name a database of its own for a demo or replay"
            )
            raise ClockRefused(message)


def _settings(given: object) -> Settings:
    if isinstance(given, Mapping):
        return parse(given)
    if isinstance(given, Settings):
        return given
    raise TypeError(
        f"settings must be Settings or a mapping, not {type(given).__name__}; "
        "for a file write Aftercare.from_config(path)"
    )


def _sources(plugins: Sequence[object] | Mapping[str, object] | None) -> tuple[PluginSource, ...] | None:
    if plugins is None:
        return None
    if isinstance(plugins, Mapping):
        return tuple(PluginSource(name=name, obj=plugin) for name, plugin in plugins.items())
    return tuple(
        plugin
        if isinstance(plugin, PluginSource)
        else PluginSource(name=type(plugin).__name__.lower(), obj=plugin)
        for plugin in plugins
    )
