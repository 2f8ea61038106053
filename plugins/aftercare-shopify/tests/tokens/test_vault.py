from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_shopify.tokens import Endpoint, OfflineTokens, vault

# Those of `endpoint`: a file of other ones would be refused for that alone.
DOMAIN = "torii.myshopify.com"
APP, SECRET = "0123456789abcdef0123456789abcdef", "shpss_fedcba9876543210"
SEED = "shprt_seed0000"


def test_an_answer_that_is_lost(shopify, offline, monkeypatch):
    """What cannot be kept is not used: the old refresh token stays good until the new one is used."""
    provider = offline()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(vault.os, "fsync", full)
        with pytest.raises(ConfigurationError, match=r"^shops\.torii\.token_file: .*No space left"):
            provider.token()
    shopify.valid = {SEED}
    assert "shpat_access2" == provider.token()


def test_no_half_file(shopify, offline, file, clock, monkeypatch):
    """A crash while writing leaves the tokens as they were."""
    offline().token()
    before = file.read_bytes()
    clock.wait(hours=1)

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            offline().token()
    assert before == file.read_bytes()


def test_files_of_others(shopify, offline, file, clock):
    """Two shops never share a file: one's tokens would be sent to the other."""
    offline().token()
    other = Endpoint(
        shop="other",
        domain="other.myshopify.com",
        origin="https://other.myshopify.com",
        client_id=APP,
        client_secret=SECRET,
    )
    with pytest.raises(ConfigurationError, match=r"^shops\.other\.token_file: .*another shop or app"):
        OfflineTokens(other, file=file, refresh_token=SEED, now=clock).token()
    with pytest.raises(ConfigurationError, match="another shop or app"):
        offline(client_id="another").token()


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        '{"access_token": "x"}',
        json.dumps({"domain": DOMAIN, "client_id": APP, "expires_at": "soon"}),
        json.dumps({"domain": DOMAIN, "client_id": APP, "expires_at": "2026-07-01T09:00:00"}),
        json.dumps({"domain": DOMAIN, "client_id": APP, "denied": [{"token": "x"}]}),
    ],
)
def test_other_files(shopify, offline, file, text):
    """A file that is something else is neither used nor overwritten."""
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.token_file: "):
        offline().token()
    assert text == file.read_text()


def test_an_empty_file(shopify, offline, file):
    """A file that was only made ready is filled, for its owner alone."""
    file.touch(mode=0o644)
    assert "shpat_access1" == offline().token()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_a_link(shopify, offline, file, tmp_path, kept):
    """A symbolic link stays one: the file that it leads to is written."""
    real = tmp_path / "disk" / "tokens.json"
    real.parent.mkdir()
    file.symlink_to(real)
    offline().token()
    assert file.is_symlink()
    assert "shpat_access1" == kept(real)["access_token"]


def test_no_folder(shopify, clock, tmp_path, endpoint):
    """A place where no file can be is named with its cure."""
    (tmp_path / "no").touch()
    provider = OfflineTokens(endpoint(), file=tmp_path / "no" / "t", refresh_token=SEED, now=clock)
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.token_file: .*may write to"):
        provider.token()


def test_locked_for_too_long(shopify, offline, file, monkeypatch):
    """A process that hangs with the lock is reported; nobody waits for ever."""
    from filelock import FileLock

    monkeypatch.setattr(vault, "PATIENCE", 0.05)
    with FileLock(f"{file}.lock"), pytest.raises(PlatformUnavailable, match=r"keeps .* locked"):
        offline().token()
