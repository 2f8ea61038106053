"""Child processes that decide and send, and a parent that survives whatever a plugin does in them.

A child beats from a thread of its own. A plugin that holds the interpreter (one long call into C) stops the
beat; the parent then ends that child, parks the event for that plugin, switches the plugin off and starts a
new child. Parent and children share no lock, so a child may be killed at any moment.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from aftercare_sdk.config import Settings, load
from aftercare_sdk.engine import beats
from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.clock import SystemClock
from aftercare_sdk.engine.cure import with_cure
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.engine.logs import log, write_logs
from aftercare_sdk.engine.timing import fire_due
from aftercare_sdk.engine.translating import ROW
from aftercare_sdk.engine.upkeep import add_up_counters, beat, expect_beats, throw_away
from aftercare_sdk.errors import ConfigurationError, DeciderBusy, Fenced, StorageUnavailable, TransientError
from aftercare_sdk.store import control, journal, units
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import State

CONFIGURATION_EXIT = 2
BROKEN_EXIT = 1
TRANSIENT_EXIT = 3
ANEW_EXIT = 75
MOST_ABANDONED = 20
"""How many threads may hang in hooks for ever before the decider is better started anew."""
_FINAL_EXITS = frozenset({BROKEN_EXIT, CONFIGURATION_EXIT, TRANSIENT_EXIT})
BEAT_SECONDS = 0.2
IDLE_SECONDS = 0.2
TROUBLE_SECONDS = 1.0
UPKEEP_SECONDS = 60.0
WATCH_SECONDS = 15.0
"""How often somebody looks for what the staff must know, if they do not want to know sooner."""
_RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_STARTING_STALLS = 6
"""How many times the stall limit a child may take until its first beat: a busy machine imports slowly."""
_WELL_SECONDS = 60.0
"""After which a child that ends had been well: the next one need not wait for what happened before."""
_MOST_RESTARTS = 3
"""How often a child is started anew that is to end by itself."""
_STOP_SECONDS = 10.0
_NAME_BYTES = 1_000
_APART = "\x1f"
_SPAWN = multiprocessing.get_context("spawn")


class Pulse:
    """Shared memory, without locks, in which a child shows that it lives and whose hook it is in."""

    def __init__(self) -> None:
        self._beats = _SPAWN.RawValue("Q", 0)
        self._started = _SPAWN.RawValue("b", 0)
        self._call = _SPAWN.RawArray("c", _NAME_BYTES)

    @property
    def beats(self) -> int:
        """How often the child has beaten."""
        return int(self._beats.value)

    def started(self) -> None:
        """Show that the configuration can be used."""
        self._started.value = 1

    @property
    def has_started(self) -> bool:
        """Whether a child has ever been able to use the configuration."""
        return bool(self._started.value)

    def beat(self) -> None:
        """Show that the interpreter runs."""
        self._beats.value += 1

    def entering(self, plugin: str, event_id: str) -> None:
        """Note whose hook is about to run."""
        self._call.value = f"{plugin}{_APART}{event_id}".encode()[: _NAME_BYTES - 1]

    def left(self) -> None:
        """Note that no hook is running."""
        self._call.value = b""

    @property
    def call(self) -> tuple[str, str] | None:
        """The plugin and the event of the hook that is running."""
        plugin, found, event = self._call.value.decode(errors="replace").partition(_APART)
        return (plugin, event) if found else None


class Line:
    """A child's line to its parent: it ends when the parent says so, or is no more."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ended(self, wait_seconds: float = 0.0) -> bool:
        """Wait for the end at most so long, and say whether it has come."""
        return self._connection.poll(wait_seconds)


Target = Callable[[Aftercare, Line], None]
Reader = Callable[[Path | str | None], Settings]
"""Reads the configuration at a path. It travels to the children, so it can be pickled."""


def decide(aftercare: Aftercare, line: Line) -> None:
    """Decide until the end: the work of the decider's child. Beside it the sender is watched."""
    _keep_watch(aftercare)
    while not line.ended():
        try:
            with decider_lock(aftercare.brand.database) as token:
                log.info("deciding", token=token)
                upkeep_at = 0.0
                while not line.ended():
                    if time.monotonic() >= upkeep_at:
                        beat(aftercare.brand, beats.DECIDER)
                        throw_away(aftercare.brand)
                        add_up_counters(aftercare.brand)
                        aftercare.brand.reload()
                        upkeep_at = time.monotonic() + UPKEEP_SECONDS
                    if aftercare.decider.abandoned > MOST_ABANDONED:
                        log.warning("starting anew", hanging_threads=aftercare.decider.abandoned)
                        sys.exit(ANEW_EXIT)
                    # One piece after the other: where webhooks never cease, all of them would never be done.
                    if not (aftercare.decider.step(token) or fire_due(aftercare.brand, token)):
                        line.ended(IDLE_SECONDS)
        except StorageUnavailable as error:
            log.warning("not deciding", problem=with_cure(error))
            line.ended(TROUBLE_SECONDS)
        except (DeciderBusy, Fenced) as error:
            log.warning("not deciding", problem=str(error))
            line.ended(TROUBLE_SECONDS)


def send(aftercare: Aftercare, line: Line) -> None:
    """Send messages until the end, and ask the shops beside it: the work of the sender's child.

    Beside it the decider is watched.
    """
    _keep_watch(aftercare)
    # In threads of their own: a shop that is slow to answer must not delay the mail.
    for what, work in (
        ("reading", aftercare.read),
        ("listing", aftercare.sync),
        ("performing", aftercare.perform),
        ("erasing", aftercare.erase_requested),
    ):
        threading.Thread(target=_keep_on, args=(what, work), daemon=True).start()
    beat_at = 0.0
    while not line.ended():
        try:
            if time.monotonic() >= beat_at:
                beat(aftercare.brand, beats.SENDER)
                beat_at = time.monotonic() + UPKEEP_SECONDS
            if not aftercare.send(line.ended):
                line.ended(IDLE_SECONDS)
        except StorageUnavailable as error:
            log.warning("not sending", problem=with_cure(error))
            line.ended(TROUBLE_SECONDS)


def _keep_watch(aftercare: Aftercare) -> None:
    """Look for what the staff must know, and tell them, in a thread of its own.

    Decider and sender both do: either tells that the other is no more.
    """
    with suppress(StorageUnavailable):  # then nobody is missed before somebody has beaten
        expect_beats(aftercare.brand)
    soon = aftercare.brand.settings.alerts.no_run_after.total_seconds() / 4
    args = ("alerting", aftercare.alert, min(WATCH_SECONDS, soon))
    threading.Thread(target=_keep_on, args=args, daemon=True).start()


def _keep_on(what: str, work: Callable[[], int], idle_seconds: float = IDLE_SECONDS) -> None:
    """Do a kind of work for ever, as far as there is some."""
    while True:
        try:
            if not work():
                time.sleep(idle_seconds)
        except StorageUnavailable as error:
            log.warning(f"not {what}", problem=with_cure(error))
            time.sleep(TROUBLE_SECONDS)
        except Exception as error:  # noqa: BLE001 - else nobody would do it any more, and nobody would notice
            log.error(f"not {what}", problem=type(error).__name__)
            time.sleep(TROUBLE_SECONDS)


def once(aftercare: Aftercare, line: Line) -> None:
    """Do everything that is due now. Ends with an exit code if that cannot be done now."""
    del line
    try:
        throw_away(aftercare.brand)
        add_up_counters(aftercare.brand)
        aftercare.process()
        aftercare.run_due()
        aftercare.alert()
    except TransientError as error:
        log.error("not everything was done", problem=str(error))
        sys.exit(TRANSIENT_EXIT)


def _child(target: Target, config: str, pulse: Pulse, connection: Connection, read: Reader = load) -> None:
    """Be a child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    write_logs()
    threading.Thread(target=_beat, args=(pulse,), daemon=True).start()
    code = BROKEN_EXIT
    try:
        with Aftercare(read(config), observer=pulse) as aftercare:
            pulse.started()
            target(aftercare, Line(connection))
        code = 0
    except ConfigurationError as error:
        log.error("the configuration cannot be used", problem=str(error))
        code = CONFIGURATION_EXIT
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else BROKEN_EXIT
    except BaseException as error:  # noqa: BLE001 - told in one line; the parent starts another child
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        log.error("child failed", problem=f"{type(error).__name__}: {error}", place=place)
    finally:
        # Not by the usual way: a thread that a plugin left behind would keep the process for ever.
        logging.shutdown()
        os._exit(code)


def _beat(pulse: Pulse) -> None:
    while True:
        pulse.beat()
        time.sleep(BEAT_SECONDS)


class _Role:
    """One child, and what the parent knows of it."""

    def __init__(self, name: str, target: Target, config: str, read: Reader) -> None:
        self.name = name
        self._target = target
        self._config = config
        self._read = read
        self.pulse = Pulse()
        self.process: SpawnProcess | None = None
        self._line: Connection | None = None
        self.restarts = 0
        self.started_at = 0.0
        self.start_at = 0.0
        self.last_beat_at = 0.0
        self._beats = 0

    def start(self, patience: float) -> None:
        """Start the child; its first beat may be late by `patience` seconds."""
        self.pulse.left()
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=_child,
            args=(self._target, self._config, self.pulse, theirs, self._read),
            name=f"aftercare-{self.name}",
            daemon=True,
        )
        process.start()
        self.process = process
        self.started_at = time.monotonic()
        theirs.close()
        self._line = ours
        self._beats = self.pulse.beats
        self.last_beat_at = time.monotonic() + patience

    def seconds_since_beat(self) -> float:
        """Return how long the child has not beaten."""
        if self.pulse.beats != self._beats:
            self._beats = self.pulse.beats
            self.last_beat_at = time.monotonic()
        return time.monotonic() - self.last_beat_at

    def hang_up(self) -> None:
        """Tell the child to finish what it is at, and end."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def gone(self) -> None:
        """Forget a child that has ended."""
        self.hang_up()
        self.process = None


class Supervisor:
    """Keeps children running, each with its own part of the work."""

    def __init__(
        self,
        config: Path | str,
        targets: Mapping[str, Target],
        *,
        until_idle: bool = False,
        read: Reader = load,
    ) -> None:
        self._settings: Settings = read(str(config))
        self._stall = self._settings.defaults.stall.total_seconds()
        self._until_idle = until_idle
        self._stopped = threading.Event()
        self._roles = [_Role(name, target, str(config), read) for name, target in targets.items()]

    @property
    def alive(self) -> dict[str, bool]:
        """Whether each child is running."""
        return {
            role.name: role.process is not None
            and role.process.is_alive()
            and role.seconds_since_beat() < self._stall
            for role in self._roles
        }

    def stop(self) -> None:
        """Let the children finish what they are at, and end. May be called from a signal handler."""
        self._stopped.set()

    def watch(self) -> int:
        """Keep the children running until `stop`, or until each has ended by itself; return an exit code.

        1: a child ended more often than it may. 2: the configuration cannot be used. 3: what was to be done
        once cannot be done now.
        """
        try:
            while self._roles and not self._stopped.wait(BEAT_SECONDS):
                for role in list(self._roles):
                    code = self._tend(role)
                    if code in _FINAL_EXITS:
                        return code
                    if code == 0:
                        self._roles.remove(role)
            return 0
        finally:
            self._end()

    def _tend(self, role: _Role) -> int | None:
        """Look after one child; return its exit code if it is not to be started again."""
        process = role.process
        if process is None:
            if time.monotonic() >= role.start_at:
                role.start(patience=_STARTING_STALLS * self._stall)
            return None
        if process.is_alive():
            if role.seconds_since_beat() > self._stall:
                self._end_stalled(role, process)
            return None
        code = process.exitcode
        role.gone()
        if code == CONFIGURATION_EXIT and not role.pulse.has_started:
            return code
        if self._until_idle and code in {0, TRANSIENT_EXIT}:
            return code
        # Whatever else a child ends with, a plugin may have said it: another child goes on.
        if self._until_idle and role.restarts == _MOST_RESTARTS:
            log.error("child ended", child=role.name, exit_code=code)
            return BROKEN_EXIT
        if not self._until_idle and time.monotonic() - role.started_at > _WELL_SECONDS:
            role.restarts = 0
        wait = _RESTART_SECONDS[min(role.restarts, len(_RESTART_SECONDS) - 1)]
        role.restarts += 1
        role.start_at = time.monotonic() + wait
        log.error("child ended", child=role.name, exit_code=code, restart_in_seconds=wait)
        return None

    def _end_stalled(self, role: _Role, process: SpawnProcess) -> None:
        """End a child whose interpreter is held, and switch off the plugin that holds it."""
        call = role.pulse.call
        process.kill()
        process.join()
        role.gone()
        plugin, about = call or ("", "")
        log.error("child stalled", child=role.name, plugin=plugin, about=about)
        if call is None:
            return
        reason = f"it held the interpreter for more than {self._stall:g} s"
        cure = f"{reason}; mend it, then run `aftercare plugins on {plugin}`"
        database = Database(self._settings.database.resolve(os.environ))
        try:
            with database.write() as connection:
                if about.startswith(ROW):
                    row = (int(about.removeprefix(ROW)), State.PARKED, f"adapter {plugin!r}: {reason}")
                    journal.finish(connection, [row], SystemClock().now())
                else:
                    units.park(connection, about, plugin, reason)
                    control.switch_plugin(connection, plugin, cure)
        except StorageUnavailable as error:
            # The next child will meet the same plugin, stall again, and be ended here again.
            log.error("plugin not switched off", plugin=plugin, problem=str(error))
        finally:
            database.close()

    def _end(self) -> None:
        for role in self._roles:
            role.hang_up()
        deadline = time.monotonic() + _STOP_SECONDS
        for role in self._roles:
            if role.process is not None:
                role.process.join(max(0.1, deadline - time.monotonic()))
                if role.process.is_alive():
                    role.process.kill()
                    role.process.join()
                role.gone()


def work(config: Path | str, *, until_idle: bool = False) -> int:
    """Decide and send until a signal comes, or until nothing more is due now; return an exit code."""
    targets: dict[str, Target] = {"once": once} if until_idle else {"decider": decide, "sender": send}
    supervisor = Supervisor(config, targets, until_idle=until_idle)
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # not in the main thread: then somebody else handles signals
            signal.signal(number, lambda *_: supervisor.stop())
    return supervisor.watch()
