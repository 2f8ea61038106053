"""What the author of a program gives to the contract, and what its tests make of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pytest

from aftercare_sdk.config import validate_section
from aftercare_sdk.model.actions import SetTimer
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.events import Event
from aftercare_sdk.model.flows import Flow
from aftercare_sdk.model.messages import Template
from aftercare_sdk.plugins import (
    HookCall,
    HookRunner,
    LoadedPlugin,
    Plugins,
    PluginSource,
    PluginState,
    load_plugins,
    read_only,
)
from aftercare_sdk.plugins.registry import HookFunction
from aftercare_sdk.programs.flows import PRESETS
from aftercare_sdk.testing.bench import blank_database
from aftercare_sdk.testing.fence import Fence
from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.programs.decided import Answer, past_of, spelled, timer_sample
from aftercare_sdk.testing.programs.stage import Stage, picture
from aftercare_sdk.testing.programs.variants import copied, later
from aftercare_sdk.testing.programs.world import START, Past, Person, Sample, World, about

T = TypeVar("T")
YEARS = 400
"""After so many years every calendar begins anew: weekdays, lengths of months, leap years, summer time."""
FIRST = 1042
"""The number of the order at hand, in the first currency."""
_DEPTH = 2
"""How many timers that set timers are followed."""
_KEPT: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The plugin under test, as the SDK has loaded it."""

    name: str
    plugins: Plugins = field(repr=False)
    loaded: LoadedPlugin
    functions: Mapping[str, HookFunction]

    @property
    def flows(self) -> tuple[Flow, ...]:
        """The presets that the program sees: those of the SDK, and its own."""
        own = self.plugins.parts.flows
        return (*own.values(), *(preset for preset in PRESETS if preset.name not in own))


class Given:
    """What an author gives. `ProgramContract` explains it."""

    plugin: object
    section: Mapping[str, Any] = {}
    name: str = ""
    shop: str = "main"
    currencies: Sequence[str] = ("JPY", "USD")
    channels: Collection[str] = ("email",)
    templates: Sequence[Template] = ()
    samples: Mapping[str, tuple[Event, Context]] = {}
    about_refunds: Collection[str] = ()

    # From here on: what the tests make of it.

    @pytest.fixture(autouse=True)
    def _complete(self, _inside_the_fence: None) -> None:
        if not hasattr(self, "plugin"):
            failed(f"{type(self).__name__} does not give plugin; see ProgramContract")
        if not any(answer.actions or answer.result.failure for answer in self._answers):
            failed(
                f"plugin {self._program.name!r} answers nothing to any event: give a `section` that makes it "
                "work, and `samples` if it waits for something of its own"
            )

    @pytest.fixture(autouse=True)
    def _inside_the_fence(self) -> Iterator[None]:
        self._fence = Fence(())
        self._fence.start()
        yield
        self._fence.stop()

    @pytest.fixture(autouse=True)
    def _in_a_folder(self, tmp_path: Path) -> None:
        self._folder = tmp_path

    def _kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what all tests of a class share, made by the first that asks for it."""
        mine: dict[str, Any] = _KEPT.setdefault(type(self), {})
        if name not in mine:
            mine[name] = make()
        found: T = mine[name]
        return found

    @cached_property
    def _program(self) -> Program:
        name = self.name or getattr(self.plugin, "name", "") or "program"
        plugins = load_plugins([PluginSource(name=str(name), obj=self.plugin)])
        (loaded,) = plugins.all
        if loaded.state is not PluginState.ACTIVE:
            failed(loaded.error)
        functions = {
            hook: each.function
            for hook in loaded.hooks
            if hook.startswith("on_")
            for each in plugins.implementations(hook)
        }
        if not functions:
            failed(f"plugin {name!r} has no hook for events, so there is nothing to test")
        return Program(name=str(name), plugins=plugins, loaded=loaded, functions=functions)

    def _config(self) -> Mapping[str, Any]:
        """Read the section anew."""
        loaded = self._program.loaded
        read, problems = validate_section(f"plugins.{loaded.name}", loaded.config_schema, self.section)
        if problems:
            failed("`section` cannot be used:\n  " + "\n  ".join(problems))
        config: Mapping[str, Any] = read_only(read)
        return config

    def _dressed(self, sample: Sample, config: Mapping[str, Any]) -> Sample:
        """Return a copy of a sample, of which no part was seen by a hook, with a configuration."""
        ctx = copied(sample.ctx)
        points = ctx.points
        if points is not None:
            orders = tuple(replace(one, config=config) for one in points.orders)
            points = replace(points, orders=orders)
        ctx = replace(ctx, config=config, points=points)
        return replace(sample, event=copied(sample.event), ctx=ctx)

    def _asked(self, samples: Iterable[Sample], *, dressed: bool = False) -> list[Answer]:
        """Tell the program of samples, and return what it answers.

        Each is told in a copy of its own, unless it is `dressed` already.
        """
        program, config = self._program, self._config()
        heard = [one for one in samples if one.event.hook in program.functions]
        asked = heard if dressed else [self._dressed(one, config) for one in heard]
        runner = HookRunner()
        try:
            results = runner.run(
                [
                    HookCall(
                        plugin=program.name,
                        function=program.functions[one.event.hook],
                        event=one.event,
                        ctx=one.ctx,
                    )
                    for one in asked
                ]
            )
        finally:
            runner.close()
        return [Answer(sample=one, result=result) for one, result in zip(asked, results, strict=True)]

    @property
    def _answers(self) -> Sequence[Answer]:
        """All samples, with what the program answered when it was told of them for the first time."""
        return self._kept("answers", lambda: self._all_answers(START))

    def _world(self, currency: str, start: datetime, number: int = FIRST) -> World:
        program = self._program
        return World(
            plugin=program.name,
            shop=self.shop,
            currency=currency,
            start=start,
            number=str(number + list(self.currencies).index(currency)),
            counted=program.loaded.counts_points,
            flows=program.flows,
        )

    def _all_answers(self, start: datetime, number: int = FIRST) -> list[Answer]:
        """Tell of everything that can happen, to anybody, and of the timers that follow from it."""
        found: list[Answer] = []
        for currency in self.currencies:
            world = self._world(currency, start, number)
            for person in Person:
                if person is Person.REGULAR or currency == self.currencies[0]:
                    found += self._answers_about(world, person)
        years = start.year - START.year
        return found + self._asked(
            Sample(
                name=f"the sample {name!r}",
                event=later(event, years),
                ctx=later(ctx, years),
                about=about(event, ctx.order),
            )
            for name, (event, ctx) in self.samples.items()
        )

    def _answers_about(self, world: World, person: Person) -> list[Answer]:
        cases = list(world.cases())
        first = self._asked(world.sample(case, person) for case in cases)
        found = [*first, *self._timers_of(world, first)]
        past = past_of(world, found)
        if past == Past():
            return found
        second = self._asked(world.sample(case, person, past) for case in cases)
        return [*found, *second, *self._timers_of(world, second, past)]

    def _timers_of(self, world: World, answers: Sequence[Answer], past: Past | None = None) -> list[Answer]:
        """Tell of the timers that answers have set, each once about an order, and of those these set."""
        found: list[Answer] = []
        told: set[tuple[str, tuple[str, str]]] = set()
        for _ in range(_DEPTH):
            due: list[Sample] = []
            for answer in answers:
                for action in answer.actions:
                    key = (getattr(action, "name", ""), answer.sample.about)
                    if isinstance(action, SetTimer) and key not in told:
                        before, since = (
                            (past_of(world, [answer]), "with it") if past is None else (past, "before")
                        )
                        sample = timer_sample(world, answer.sample, action, before, since)
                        if sample is not None:
                            told.add(key)
                            due.append(sample)
            answers = self._asked(due)
            found += answers
        return found

    def _decisions(self) -> list[tuple[str, list[str]]]:
        """Return what the program decides of each sample, in texts that another process can compare."""
        return [
            (answer.where, [spelled(action) for action in answer.actions])
            for answer in self._answers
            if answer.result.actions is not None
        ]

    def _stage(self, at: datetime = START, *, hears: bool = False) -> Stage:
        """Return an engine for the program; `hears`: the program is told of what happens there."""
        stage = Stage(
            name=self._program.name,
            plugin=self.plugin,
            section=self.section,
            shop=self.shop,
            channels=self.channels,
            templates=self.templates,
            url=self._database(),
            at=at,
            hears=hears,
        )
        if not hears:
            for currency in self.currencies:
                for order in self._world(currency, START).everything():
                    stage.tell(picture(order, "kanaria@private.example", order.placed_at))
            stage.process()
        return stage

    def _database(self) -> str:
        file = self._folder / "contract.db"
        file.write_bytes(blank_database())
        return f"sqlite:///{file}"
