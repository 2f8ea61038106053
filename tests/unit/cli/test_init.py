from __future__ import annotations

import re
import tomllib

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.config import load
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.clock import SystemClock

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
ENVIRON = {"WOO_SECRET": SECRET, "SHOP_SECRET": f"whsec_{SECRET}", "SMTP_PASSWORD": "password"}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AFTERCARE_CONFIG", raising=False)


def run(*arguments):
    """Run the command."""
    return CliRunner().invoke(app, ["init", *arguments])


def brand_of(file):
    """Put the brand of a file together."""
    brand = Brand(load(file), clock=SystemClock(), environ=ENVIRON)
    brand.close()
    return brand


@pytest.mark.parametrize("adapter", ["woocommerce", "customshop"])
@pytest.mark.parametrize("country", [[], ["--country", "JP"], ["--country", "US"]])
def test_what_is_written_can_be_used_as_it_is(tmp_path, adapter, country):
    """Once the secret is there."""
    result = run("--adapter", adapter, "--name", '山の茶舗 "本店" \\ C:', *country)
    assert (0, "aftercare.toml\n") == (result.exit_code, result.stdout)
    brand = brand_of(tmp_path / "aftercare.toml")
    assert '山の茶舗 "本店" \\ C:' == brand.settings.brand.name
    assert adapter == brand.shops["main"].kind
    assert "maildir" == brand.settings.channels["email"].kind
    assert ["thank-you"] == list(brand.settings.plugin("flows").section)


def test_a_shop_in_japan_speaks_japanese_on_its_own_clock(tmp_path):
    """The zone follows from the country."""
    run("--country", "JP")
    brand = load(tmp_path / "aftercare.toml").brand
    assert ("ja", "Asia/Tokyo", "JP") == (brand.locale, brand.zone, brand.country)


@pytest.mark.parametrize("adapter", ["woocommerce", "customshop"])
def test_the_lines_in_comments_can_be_used_too(tmp_path, adapter):
    """The mail server, the currency and the address of the shop."""
    run("--adapter", adapter)
    text = (tmp_path / "aftercare.toml").read_text(encoding="utf-8")
    text = text.replace('kind = "maildir"\npath = "mails"\n', "")
    text = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    (tmp_path / "aftercare.toml").write_text(text, encoding="utf-8")
    settings = brand_of(tmp_path / "aftercare.toml").settings
    assert "smtp" == settings.channels["email"].kind
    assert ("JPY", "https://shop.example") == (
        settings.shops["main"].currency,
        settings.shops["main"].options["url"],
    )


def test_every_comment_is_a_sentence_or_a_line_to_use(tmp_path):
    """Nobody has to know the SDK to read the file; it is English without technical leftovers."""
    run()
    text = (tmp_path / "aftercare.toml").read_text(encoding="utf-8")
    assert "{" not in re.sub(r"\{ env = \"\w+\" \}", "", text)
    assert max(map(len, text.splitlines())) <= 100
    assert {"brand", "database", "shops", "channels", "plugins"} == set(tomllib.loads(text))


def test_a_file_is_never_overwritten(tmp_path):
    """The cure is told, and the file stays as it was."""
    (tmp_path / "aftercare.toml").write_text("mine", encoding="utf-8")
    result = run()
    assert 2 == result.exit_code
    assert "aftercare.toml already" in result.stderr
    assert "--path" in result.stderr
    assert "mine" == (tmp_path / "aftercare.toml").read_text(encoding="utf-8")


def test_the_file_may_have_another_name(tmp_path):
    """That of --path, or the one that --config names for all commands."""
    assert 0 == run("--path", "other.toml").exit_code
    assert 0 == CliRunner().invoke(app, ["--config", "third.toml", "init"]).exit_code
    assert ["other.toml", "third.toml"] == sorted(file.name for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--adapter", "magento"], "pip install aftercare-magento"),
        (["--country", "Japan"], '"JP"'),
        (["--name", " "], "brand.name"),
        (["--path", "no/such/folder.toml"], "cannot be written"),
    ],
)
def test_what_cannot_be_written_says_the_cure(tmp_path, arguments, told):
    """Nothing is left behind."""
    result = run(*arguments)
    assert 2 == result.exit_code
    assert told in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_without_an_adapter_there_is_nothing_to_write(tmp_path, monkeypatch):
    """A shop cannot be connected without one."""
    monkeypatch.setattr("aftercare_sdk.plugins.find_plugins", lambda: ())
    result = run()
    assert 2 == result.exit_code
    assert "pip install aftercare-woocommerce" in result.stderr
    assert [] == list(tmp_path.iterdir())
