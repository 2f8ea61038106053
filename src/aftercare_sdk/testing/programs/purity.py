"""What a program must not do: perform anything, read a clock, throw dice, or change what it is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from types import ModuleType

from aftercare_sdk.hookspecs import AftercareHooks
from aftercare_sdk.plugins.answers import read_answer
from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.programs.given import Given
from aftercare_sdk.testing.programs.observing import Deed, Observer, Seen
from aftercare_sdk.testing.programs.variants import frozen, writable
from aftercare_sdk.testing.programs.world import START, Sample

_OTHERS = 9042
"""The number of an order that no other test has told of."""


class Purity(Given):
    """A hook looks at its arguments and returns data."""

    def test_no_clock_is_read(self) -> None:
        """If it fails, a replay or an import decides as of today, and messages come at wrong times."""
        self._refuse(
            Deed.CLOCK,
            "count from `event.occurred_at`, with `delay`; a hook may be called hours after its event",
        )

    def test_nothing_is_left_to_chance(self) -> None:
        """If it fails, an event that is tried again is decided otherwise, and both may come to be."""
        self._refuse(Deed.CHANCE, "derive it from the event's id, with hashlib")

    def test_nothing_is_performed(self) -> None:
        """If it fails, a crash or a retry does it twice, a dry run does it at all, and nobody can say why."""
        self._refuse(Deed.EFFECT, "return an action in its place; who else must act, acts outside of hooks")

    def test_events_and_contexts_stay_as_they_are(self) -> None:
        """If it fails, one order changes the rules for the next, until the process is started anew."""
        config = self._config()
        rules = frozen(config)
        for answer in self._answers:
            as_it_was = self._dressed(answer.sample, config)
            told = replace(as_it_was, event=writable(as_it_was.event), ctx=writable(as_it_was.ctx))
            self._call(told)
            for part in ("event", "ctx"):
                before, after = getattr(as_it_was, part), getattr(told, part)
                names = [each.name for each in fields(before)]
                changed = [name for name in names if getattr(before, name) != getattr(after, name)]
                if part == "ctx" and frozen(config) != rules:
                    changed = ["config"]
                if changed:
                    failed(
                        f"{answer.where}: changes {part}.{changed[0]}, which others are told as well; "
                        "work on a copy of it"
                    )

    def test_nothing_of_a_call_stays_behind(self) -> None:
        """If it fails, the process grows with every order, and keeps what was erased everywhere else."""
        before = self._state()  # all that is made on first use is there: everything was told once
        self._all_answers(START + timedelta(days=1), _OTHERS)
        after = self._state()
        changed = [name for name, held in after.items() if name in before and before[name] != held]
        changed += [name for name in after if name not in before and name.partition(":")[0] == "self"]
        if changed:
            failed(
                f"{changed[0].replace('self:', 'its attribute ')} is not the same after further events: keep "
                "nothing between calls; what is to be known later goes into Remember, or into `data`"
            )

    def _call(self, sample: Sample) -> None:
        """Call a hook here and now, and take its answer; what it raises is told by another test."""
        function = self._program.functions[sample.event.hook]
        with suppress(Exception):
            read_answer(function(sample.event, sample.ctx))

    def _refuse(self, deed: Deed, cure: str) -> None:
        for answer, seen in self._observed():
            if seen.deed is deed:
                failed(f"{answer}: {seen.call} {deed.value}{seen.place}; {cure}")

    def _observed(self) -> list[tuple[str, Seen]]:
        """Return what hooks did other than to decide, with where: once for all tests of a class."""

        def look() -> list[tuple[str, Seen]]:
            config = self._config()
            found: dict[Seen, str] = {}
            for answer in self._answers:
                sample = self._dressed(answer.sample, config)
                refused = len(self._fence.attempts)
                with Observer(self._packages()) as observer:
                    self._call(sample)
                asked = [
                    Seen(Deed.EFFECT, f"asking the network for {host}", "")
                    for host in self._fence.attempts[refused:]
                ]
                for seen in (*observer.seen, *asked):
                    found.setdefault(seen, answer.where)
            return [(where, seen) for seen, where in found.items()]

        return self._kept("observed", look)

    def _packages(self) -> tuple[str, ...]:
        """Return the packages, or modules, in which the plugin is written."""
        plugin = self.plugin
        if isinstance(plugin, ModuleType):
            return (plugin.__package__ or plugin.__name__,)
        names = [
            getattr(sys.modules.get(kind.__module__), "__package__", "") or kind.__module__
            for kind in self._kinds()
        ]
        return tuple(dict.fromkeys(names))

    def _kinds(self) -> list[type]:
        """Return the classes that somebody wrote for the plugin."""
        if isinstance(self.plugin, ModuleType):
            return []
        return [kind for kind in type(self.plugin).__mro__ if kind not in {AftercareHooks, object}]

    def _state(self) -> Mapping[str, object]:
        """Return what the plugin, its classes and its modules hold."""
        packages = self._packages()
        owned = _owned_by(packages)
        held: dict[str, object] = {
            f"self:{name}": frozen(value, owned) for name, value in _variables(self.plugin).items()
        }
        for kind in self._kinds():
            for name, value in _variables(kind).items():
                held[f"{kind.__qualname__}.{name}"] = frozen(value, owned)
        for name, module in list(sys.modules.items()):
            if owned_name(name, packages):
                for variable, value in _variables(module).items():
                    held[f"{name}.{variable}"] = frozen(value, owned)
        return held


def _variables(of: object) -> dict[str, object]:
    """Return what something keeps under names; no modules, and nothing of Python's own."""
    found = dict(getattr(of, "__dict__", {}))
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("__") and not isinstance(value, ModuleType)
    }


def owned_name(module: str, packages: tuple[str, ...]) -> bool:
    """Tell whether a module is one of these packages, or in one of them."""
    return any(module == each or module.startswith(f"{each}.") for each in packages)


def _owned_by(packages: tuple[str, ...]) -> Callable[[type], bool]:
    return lambda kind: owned_name(kind.__module__, packages)
