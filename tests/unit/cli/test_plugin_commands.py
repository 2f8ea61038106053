"""Commands that plugins add to `aftercare`."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.cli import app as module
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.console import CommandGroup
from aftercare_sdk.plugins import PluginSource
from tests.support.shop import Fittings, Probe, Shelf

CONFIG = """
[brand]
name = "Hibi"

[shops.main]
adapter = "test"
secrets = []

[shops.other]
adapter = "test"
secrets = []
"""


def made() -> typer.Typer:
    """Make the commands of a plugin."""
    commands = typer.Typer()

    @commands.callback()
    def _group() -> None:
        """Look after the test shop."""

    @commands.command()
    def greet(context: typer.Context, shop: str | None = None) -> None:
        """Greet a shop."""
        found, adapter = context.obj.shop("test", shop)
        context.obj.write(f"hello {found.name}, {type(adapter).__name__}")
        context.obj.note("greeted")

    @commands.command()
    def fail() -> None:
        """Fail."""
        raise ConfigurationError("turn it on first")

    return commands


class Greeter(AftercareHooks):
    """A plugin with a group of commands, and one whose group cannot be made."""

    @hookimpl
    def register_commands(self):
        return [CommandGroup(name="greeter", build=made), CommandGroup(name="broken", build=lambda: 1 / 0)]


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A function that runs a command with the plugin installed."""
    sources = (
        PluginSource(name="greeter", obj=Greeter()),
        PluginSource(name="fittings", obj=Fittings(Shelf(), Probe())),
    )
    monkeypatch.setattr("aftercare_sdk.plugins.find_plugins", lambda: sources)
    monkeypatch.setattr("aftercare_sdk.engine.brand.find_plugins", lambda: sources)
    (tmp_path / "aftercare.toml").write_text(CONFIG)
    module._groups.cache_clear()
    yield lambda *words: CliRunner().invoke(
        module.app, ["--config", str(tmp_path / "aftercare.toml"), *words]
    )
    module._groups.cache_clear()


def test_a_group_stands_beside_the_others(run):
    """In the help, and with a help of its own."""
    assert "greeter" in run("--help").stdout
    assert "Greet a shop." in run("greeter", "--help").stdout


def test_a_command_gets_a_shop_with_its_adapter(run):
    """By name; without one it is told which there are."""
    greeted = run("greeter", "greet", "--shop", "main")
    assert ("hello main, TestShop\n", "greeted\n", 0) == (greeted.stdout, greeted.stderr, greeted.exit_code)
    for words in ((), ("--shop", "nowhere")):
        refused = run("greeter", "greet", *words)
        assert 2 == refused.exit_code
        assert "main, other" in refused.stderr


def test_errors_are_told_as_those_of_other_commands(run):
    """Without a traceback, with the exit code of their kind."""
    failed = run("greeter", "fail")
    assert (2, "error: turn it on first\n") == (failed.exit_code, failed.stderr)
    broken = run("broken", "x")
    assert 2 == broken.exit_code
    assert "`aftercare broken …` cannot be made: ZeroDivisionError" in broken.stderr


def test_a_name_that_nobody_has(run):
    """It is refused as before."""
    assert 2 == run("nonsense").exit_code


def test_the_names_of_the_sdk_are_its_own(monkeypatch, run):
    """A plugin cannot take the place of a command of the SDK."""
    sources = (PluginSource(name="thief", obj=Thief()),)
    monkeypatch.setattr("aftercare_sdk.plugins.find_plugins", lambda: sources)
    module._groups.cache_clear()
    assert "Listen for webhooks" in run("serve", "--help").stdout


class Thief(AftercareHooks):
    """A plugin that wants to be `serve`."""

    @hookimpl
    def register_commands(self):
        return [CommandGroup(name="serve", build=made)]
