from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from aftercare_sdk.errors import PlatformUnavailable
from aftercare_shopify.tokens import ClientCredentials, OfflineTokens, Reconnect, vault

DOMAIN = "torii.myshopify.com"
APP, SECRET = "0123456789abcdef0123456789abcdef", "shpss_fedcba9876543210"
START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)
SEED = "shprt_seed0000"


def test_the_first_token(shopify, offline, file, kept):
    """The configured refresh token brings the first token; all that comes with it is kept for the owner."""
    assert "shpat_access1" == offline().token()
    assert {"grant_type": "refresh_token", "refresh_token": SEED} == {
        name: shopify.asked[0][name] for name in ("grant_type", "refresh_token")
    }
    told = kept(file)
    assert ("shpat_access1", "shprt_refresh1") == (told["access_token"], told["refresh_token"])
    assert "2026-07-01T10:00:00+00:00" == told["expires_at"]
    assert "2026-09-29T09:00:00+00:00" == told["refresh_expires_at"]
    assert (DOMAIN, APP) == (told["domain"], told["client_id"])
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert {file.name, f"{file.name}.lock"} == {each.name for each in file.parent.iterdir()}
    assert SEED not in file.read_text(encoding="utf-8")


def test_the_next_token(shopify, offline, clock):
    """Each new token is asked for with the refresh token that came last, before the old token ends."""
    provider = offline()
    provider.token()
    clock.wait(minutes=54)
    assert "shpat_access1" == provider.token()
    clock.wait(minutes=1)
    assert "shpat_access2" == provider.token()
    assert [SEED, "shprt_refresh1"] == [form["refresh_token"] for form in shopify.asked]


def test_another_start(shopify, offline, clock):
    """A process that starts takes the token that is there; the configured refresh token is used up."""
    offline().token()
    assert "shpat_access1" == offline().token()
    assert "shpat_access1" == offline(seed="").token()
    clock.wait(hours=2)
    assert "shpat_access2" == offline().token()
    assert 2 == len(shopify.asked)


def test_another_process_was_quicker(shopify, offline, clock):
    """What another process wrote down is taken, without a request."""
    one, other = offline(), offline()
    one.token()
    other.token()
    clock.wait(hours=1)
    assert "shpat_access2" == one.token()
    assert "shpat_access2" == other.token()
    assert 2 == len(shopify.asked)


def test_a_token_that_is_refused(shopify, offline):
    """When the shop refuses a token before its end, another is asked for; once, by whoever comes first."""
    one, other = offline(), offline()
    one.token()
    other.token()
    assert one.renew("shpat_access1")
    assert other.renew("shpat_access1")
    assert ["shpat_access2"] * 2 == [one.token(), other.token()]
    assert 2 == len(shopify.asked)


def test_reconnect(shopify, offline, clock):
    """A dead refresh token is told with what the merchant must do, and asked for once an hour at most."""
    shopify.valid = set()
    provider = offline()
    for _ in range(3):
        with pytest.raises(
            Reconnect, match=r"gives no token \(invalid_grant\): the merchant of torii\.my.* must"
        ):
            provider.token()
    # Nor by a process that is started again and again.
    with pytest.raises(Reconnect, match=r"shops\.torii\.refresh_token"):
        offline().token()
    assert 1 == len(shopify.asked)
    clock.wait(hours=1)
    with pytest.raises(Reconnect):
        provider.token()
    assert 2 == len(shopify.asked)


def test_a_new_refresh_token_in_the_configuration(shopify, offline, clock):
    """When the merchant let the app in again, the configured refresh token counts at once."""
    offline().token()
    clock.wait(hours=1)
    shopify.valid = {"shprt_again"}
    with pytest.raises(Reconnect):
        offline().token()
    assert "shpat_access3" == offline(seed="shprt_again").token()
    assert [SEED, "shprt_refresh1", "shprt_again"] == [form["refresh_token"] for form in shopify.asked]
    clock.wait(hours=1)
    assert "shpat_access4" == offline(seed="shprt_again").token()
    assert "shprt_refresh3" == shopify.asked[-1]["refresh_token"]


def test_a_wrong_refresh_token_in_the_configuration(shopify, offline, clock):
    """A connection that works stays, whatever somebody writes into the configuration."""
    offline().token()
    clock.wait(hours=1)
    assert "shpat_access2" == offline(seed="shprt_mistake").token()
    assert ["shprt_refresh1"] == [form["refresh_token"] for form in shopify.asked[1:]]


def test_a_new_client_secret(shopify, offline, clock):
    """A refusal is not remembered against another secret: the credentials changed."""
    shopify.secret = "shpss_rotated0"
    with pytest.raises(Reconnect, match="invalid_client"):
        offline().token()
    assert "shpat_access1" == offline(client_secret="shpss_rotated0").token()


def test_nothing_to_begin_with(shopify, offline):
    """Without a file and a configured refresh token nothing can be asked."""
    with pytest.raises(Reconnect, match="no refresh token"):
        offline(seed="").token()
    assert [] == shopify.asked


def test_shopify_is_down(shopify, offline, clock):
    """A token that still holds is used while no other is to be had."""
    provider = offline()
    provider.token()
    shopify.trouble = (503, {}, "")
    clock.wait(minutes=57)
    assert "shpat_access1" == provider.token()
    with pytest.raises(PlatformUnavailable):
        provider.renew("shpat_access1")
    clock.wait(minutes=3)
    with pytest.raises(PlatformUnavailable):
        provider.token()
    shopify.trouble = None
    assert "shpat_access2" == provider.token()


def test_no_secret_is_shown(shopify, offline, file, endpoint, clock):
    """No repr and no error holds a token or the secret of the app."""
    provider = offline()
    provider.token()
    shown = [repr(provider), repr(provider._endpoint), repr(provider._vault), repr(provider._kept)]
    shown += [
        repr(ClientCredentials(endpoint(), now=clock)),
        repr(vault.Kept(access_token="shpat_access1")),
    ]
    shopify.valid = set()
    with pytest.raises(Reconnect) as caught:
        provider.renew("shpat_access1")
    shown += [str(caught.value), repr(caught.value)]
    secrets = (SECRET, SEED, "shpat_access1", "shprt_refresh1")
    assert [] == [secret for secret in secrets if secret in "".join(shown)]


# ---- many threads and processes, over a real connection


PROCESS = f"""
import sys
from datetime import datetime
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
from aftercare_shopify.tokens import Endpoint, OfflineTokens
origin, file = sys.argv[1:]
endpoint = Endpoint(
    shop="torii", domain="{DOMAIN}", origin=origin, client_id="{APP}", client_secret="{SECRET}"
)
tokens = OfflineTokens(endpoint, file=Path(file), refresh_token="{SEED}",
                       now=lambda: datetime.fromisoformat("{START.isoformat()}"))
with ThreadPoolExecutor(20) as pool:
    print(*set(pool.map(lambda _: tokens.token(), range(20))))
"""


def test_one_refresh_for_all(tmp_path, new_shopify, served):
    """Twenty threads of each of four processes want a token at once: Shopify is asked exactly once."""
    shopify, file = new_shopify(), tmp_path / "tokens.json"
    with served(shopify) as url:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROCESS, url, str(file)],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "NO_PROXY": "*"},
            )
            for _ in range(4)
        ]
        told = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert ["shpat_access1"] * 4 == told
    assert 1 == len(shopify.asked)


def test_one_refresh_for_all_who_were_refused(tmp_path, clock, new_shopify, served, endpoint):
    """Forty calls are refused at once, in two processes' worth of providers: one of them asks."""
    shopify, file = new_shopify(), tmp_path / "tokens.json"
    with served(shopify) as url:
        providers = [
            OfflineTokens(endpoint(origin=url), file=file, refresh_token=SEED, now=clock) for _ in range(2)
        ]
        first = {provider.token() for provider in providers}
        with ThreadPoolExecutor(40) as pool:
            renewed = list(pool.map(lambda n: providers[n % 2].renew("shpat_access1"), range(40)))
        second = {provider.token() for provider in providers}
    assert ({"shpat_access1"}, [True] * 40, {"shpat_access2"}) == (first, renewed, second)
    assert 2 == len(shopify.asked)
