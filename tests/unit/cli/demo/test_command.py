from __future__ import annotations

import json
import subprocess
import sys
import tempfile

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.cli.demo import command
from aftercare_sdk.cli.demo.shops import kinds
from aftercare_sdk.plugins import PluginSource


def run(*arguments):
    """Run the demo in this process."""
    return CliRunner().invoke(app, ["demo", *arguments])


def test_without_the_shops_plugin_it_says_what_to_install(monkeypatch):
    """Exit code 2, and the command that mends it; nothing is started."""
    others = (PluginSource(name="shopify"),)
    monkeypatch.setattr("aftercare_sdk.plugins.find_plugins", lambda: others)
    result = run("--json")
    assert (2, "") == (result.exit_code, result.stdout)
    assert "pip install aftercare-woocommerce" in result.stderr


@pytest.mark.parametrize(
    ("without", "cure"),
    [
        ({"aiosmtpd"}, 'pip install "aftercare-sdk[demo]"'),
        ({"starlette", "uvicorn"}, 'pip install "aftercare-sdk[server]"'),
        ({"aiosmtpd", "uvicorn"}, 'pip install "aftercare-sdk[demo,server]"'),
    ],
)
def test_without_the_extras_it_says_what_to_install(without, cure):
    """In an interpreter that does not have them."""
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({without!r}));"
        "sys.argv = ['aftercare', 'demo', '--no-serve'];"
        "from aftercare_sdk.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert cure in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shop_whose_plugin_or_extra_is_missing_is_left_out():
    """In an interpreter that does not have the extra; the demo goes on without the shop."""
    script = (
        "import sys; sys.modules['graphql'] = None;"
        "from aftercare_sdk.cli.demo.shops import kinds;"
        "plugins = {'woocommerce', 'shopify'};"
        "print(*(kind.plugin for kind in kinds() if kind.can_open(plugins)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (0, "woocommerce\n", "") == (done.returncode, done.stdout, done.stderr)
    assert [kind.plugin for kind in kinds()] == [
        kind.plugin for kind in kinds() if kind.can_open({"woocommerce", "shopify", "customshop"})
    ]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
    ],
)
def test_the_language_is_that_of_the_environment(environ, expected):
    """LC_ALL before LC_MESSAGES before LANG; what is empty does not count."""
    assert expected == command._language(environ)


def test_another_language_is_refused():
    """There are two catalogues."""
    result = run("--lang", "fr")
    assert 2 == result.exit_code
    assert "'fr' is not one of 'ja', 'en'" in result.stderr


def test_without_room_for_temporary_files_it_says_what_to_set(monkeypatch):
    """Not a traceback."""

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    result = run("--json")
    assert 2 == result.exit_code
    assert "(No space left on device); set TMPDIR" in result.stderr


def test_json_never_serves(monkeypatch, recordings, tmp_path):
    """A program that asks for JSON wants an end, whatever it is connected to."""
    monkeypatch.setattr("aftercare_sdk.cli.output.is_terminal", lambda: True)
    monkeypatch.setattr("aftercare_woocommerce.samples.webhooks", lambda: recordings)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = run("--json", "--lang", "ja")
    assert 0 == result.exit_code
    told = json.loads(result.stdout)
    assert "ja" == told["language"]
    assert told["page"].startswith(str(tmp_path))
