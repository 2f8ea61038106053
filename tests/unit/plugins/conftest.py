"""Events, contexts and calls to try plugins with; no test here waits for a clock."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aftercare_sdk import Context
from aftercare_sdk.events import Purchase
from aftercare_sdk.model.context import CustomerView, ShopView
from aftercare_sdk.plugins import HookCall, HookRunner

BUDGET = 2.0


class Seconds:
    """A clock that stands still but when a hook says that it has taken long."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def overrun(self) -> None:
        """Let more time pass than any hook has."""
        self.now += 10 * BUDGET


@pytest.fixture
def purchase() -> Purchase:
    """An order that was paid."""
    return Purchase(
        id="tea/order/1042/purchase", shop="tea", order="1042", occurred_at=datetime(2026, 5, 1, tzinfo=UTC)
    )


@pytest.fixture
def ctx() -> Context:
    """What is known when the order was paid, with a configuration and a memory."""
    return Context(
        shop=ShopView(name="tea", country="JP", locale="ja", zone="Asia/Tokyo"),
        customer=CustomerView(locale="ja", country="JP", zone="Asia/Tokyo"),
        config={"greeting": "hello", "steps": [{"days": 3}]},
        memory={"visits": "1"},
    )


@pytest.fixture
def call(purchase: Purchase, ctx: Context) -> Callable[..., HookCall]:
    """Make a call of a function as the hook of a plugin."""

    def make(function: Callable[..., object], plugin: str = "", handle: object = None) -> HookCall:
        name = plugin or getattr(function, "__name__", "unnamed")
        return HookCall(plugin=name, function=function, event=purchase, ctx=ctx, handle=handle)

    return make


@pytest.fixture
def seconds() -> Seconds:
    """A clock that the test moves."""
    return Seconds()


@pytest.fixture
def runner(seconds: Seconds) -> Iterator[HookRunner]:
    """A runner with that clock."""
    runner = HookRunner(budget_seconds=BUDGET, monotonic=seconds)
    yield runner
    runner.close()


@pytest.fixture
def open_at_end() -> Iterator[threading.Event]:
    """An event that nobody sets while the test runs; afterwards whoever waits for it may go."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Install a distribution as pip would leave it: a module, its metadata and its entry points."""
    modules: list[str] = []

    def make(
        distribution: str,
        entry_points: dict[str, str],
        source: str,
        *,
        version: str = "1.0",
        site: str = "site",
    ) -> Path:
        folder = tmp_path / site
        module = distribution.replace("-", "_")
        info = folder / f"{module}-{version}.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", encoding="utf-8"
        )
        lines = [f"{name} = {value}" for name, value in entry_points.items()]
        info.joinpath("entry_points.txt").write_text("\n".join(("[aftercare]", *lines, "")), encoding="utf-8")
        path = folder / f"{module}.py"
        path.write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        modules.append(module)
        return path

    yield make
    for module in modules:
        sys.modules.pop(module, None)
