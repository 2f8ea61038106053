from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from aftercare_sdk.config import parse
from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.web.devmail.dev import Dev, command, is_loopback, local_url

SHOPS = {"main": {"adapter": "customshop", "secret": {"env": "SECRET"}}}
TOML = """
[brand]
name = "Hibi"
[shops.main]
adapter = "customshop"
secret = { env = "SECRET" }
[channels.email]
kind = "smtp"
host = "smtp.shop.example"
sender = "hello@shop.example"
sender_name = "The shop"
[channels.chat]
kind = "pigeon"
sender = "loft"
"""


@pytest.fixture
def dev():
    """A run whose trap listens somewhere."""
    return Dev(trap=SimpleNamespace(host="127.0.0.1", port=2525), tell=print)


def test_every_channel_ends_in_the_trap_also_in_children(dev, tmp_path):
    """Of whatever kind it is; who sends stays the same, and so does everything else."""
    file = tmp_path / "aftercare.toml"
    file.write_text(TOML)
    read = pickle.loads(pickle.dumps(dev.read))  # noqa: S301 - our own, as it travels to a child
    settings = read(file)
    expected = {"host": "127.0.0.1", "port": 2525, "security": "none"}
    assert {"email": ("smtp", expected), "chat": ("smtp", expected)} == {
        name: (channel.kind, dict(channel.options)) for name, channel in settings.channels.items()
    }
    email = settings.channels["email"]
    assert ("hello@shop.example", "The shop") == (email.sender, email.sender_name)
    assert ("Hibi", file) == (settings.brand.name, settings.source)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_this_machine(dev, host):
    """By each of its names."""
    assert is_loopback(host)
    dev.check_host(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example", "shop.example"])  # noqa: S104
def test_everything_else(dev, host):
    """Is not only this machine."""
    assert not is_loopback(host)
    with pytest.raises(ConfigurationError, match="--host"):
        dev.check_host(host)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::", "http://[::1]:8000"),
        ("shop.example", "http://shop.example:8000"),
    ],
)
def test_where_the_server_is_reached(host, expected):
    """One that listens everywhere is reached on loopback."""
    assert expected == local_url(parse({"brand": {"name": "x"}, "shops": SHOPS, "server": {"host": host}}))


def test_commands_find_the_same_configuration(monkeypatch, tmp_path):
    """They name the file unless it is the usual one."""
    monkeypatch.delenv("AFTERCARE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    mapping = {"brand": {"name": "x"}, "shops": SHOPS}
    assert "aftercare" == command(parse(mapping, Path("aftercare.toml").absolute()))
    assert "aftercare --config '/a b/x.toml'" == command(parse(mapping, Path("/a b/x.toml")))
    monkeypatch.setenv("AFTERCARE_CONFIG", "/a b/x.toml")
    assert "aftercare" == command(parse(mapping, Path("/a b/x.toml")))
