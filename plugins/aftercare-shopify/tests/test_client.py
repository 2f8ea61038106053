from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import requests
import responses

from aftercare_sdk.errors import Bug, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Shop
from aftercare_sdk.shops import asking
from aftercare_shopify import client as module
from aftercare_shopify import operations
from aftercare_shopify.client import ShopifyClient, client_of
from aftercare_shopify.operations import API_VERSION
from aftercare_shopify.tokens import StaticToken

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
DOMAIN = "torii.myshopify.com"
ENDPOINT = f"https://{DOMAIN}/admin/api/{API_VERSION}/graphql.json"
SHOP = {"data": {"shop": {"id": "gid://shopify/Shop/1"}}}
VERSION = {"X-Shopify-API-Version": API_VERSION}

QUERY = "query Asked($id: ID) { shop { id } }"
CHANGE = 'mutation Changed { tagsAdd(id: "1", tags: []) { userErrors { message } } }'


@pytest.fixture(autouse=True)
def texts(monkeypatch):
    """Two operations that are there for these tests alone."""
    found = {"asked": QUERY, "changed": CHANGE}
    monkeypatch.setattr(operations, "operation", lambda name: found[name])
    operations.changes.cache_clear()
    yield
    operations.changes.cache_clear()


@pytest.fixture
def pauses():
    """The pauses that a client made, in seconds; nothing really sleeps."""
    return []


@pytest.fixture
def web():
    """The web, in which only what a test names answers."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


@pytest.fixture
def client(pauses):
    """A client of a shop, with the longest jitter."""
    return connected(pauses)


def connected(pauses, tokens=None, **other):
    """Make a client whose pauses are noted."""
    given = {"shop": "torii", "domain": DOMAIN, "sleep": pauses.append, "jitter": lambda: 1.0}
    return ShopifyClient(tokens=tokens or StaticToken(TOKEN, shop="torii"), **{**given, **other})


def answer(web, told=None, **how):
    """Have Shopify answer the next request."""
    web.post(ENDPOINT, **({"json": SHOP if told is None else told} | how))


def errors(*told, data=None, cost=None):
    """Return an answer with errors, each a code or all of an error."""
    listed = [{"message": "m", "extensions": {"code": one}} if isinstance(one, str) else one for one in told]
    return (
        {"errors": listed}
        | ({} if data is None else {"data": data})
        | ({} if cost is None else {"extensions": {"cost": cost}})
    )


def throttled(requested, available, restored=50.0, maximum=1000.0):
    """Return Shopify's answer when there are not points enough."""
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": restored}
    return errors("THROTTLED", cost={"requestedQueryCost": requested, "throttleStatus": status})


# ---- what is sent


def test_what_is_sent(client, web):
    """One POST to the shop's own address, in the release that is pinned, with the token in a header only."""
    answer(web)
    assert {"shop": {"id": "gid://shopify/Shop/1"}} == client.query("asked", {"id": "1"}).data
    [call] = web.calls
    assert (ENDPOINT, TOKEN) == (call.request.url, call.request.headers["X-Shopify-Access-Token"])
    assert {"query": QUERY, "variables": {"id": "1"}, "operationName": "Asked"} == json.loads(
        call.request.body
    )
    assert TOKEN.encode() not in call.request.body
    assert "Authorization" not in call.request.headers


def test_the_transport_is_shopifys_and_ours():
    """The transport is a `shopify.GraphQL` that was built from a `shopify.Session`, and from nothing else."""
    import shopify

    session = shopify.Session(DOMAIN, API_VERSION, TOKEN)
    transport = module._transport()(session, f"https://{DOMAIN}", requests.post)
    assert isinstance(transport, shopify.GraphQL)
    assert type(transport) is not shopify.GraphQL
    assert (ENDPOINT, {"X-Shopify-Access-Token": TOKEN}) == (transport.endpoint, transport.headers)


def test_another_part_of_the_program_uses_the_library(client, web):
    """Somebody else's activated session and set-up change neither the address nor the token."""
    import shopify

    answer(web)
    session = shopify.Session("other.myshopify.com", API_VERSION, "shpat_other")
    shopify.ShopifyResource.activate_session(session)
    shopify.Session.setup(protocol="http", myshopify_domain="evil.example", port=81)
    try:
        client.query("asked")
    finally:
        shopify.Session.setup(protocol="https", myshopify_domain="myshopify.com", port=None)
        shopify.ShopifyResource.clear_session()
    assert (ENDPOINT, TOKEN) == (
        web.calls[0].request.url,
        web.calls[0].request.headers["X-Shopify-Access-Token"],
    )


def test_redirects_are_not_followed(client, web):
    """A redirect would carry the token to whatever host it names; the cure names that host and no more."""
    moved = "https://new.myshopify.com/admin/api/graphql.json?secret=1"
    answer(web, status=301, headers={"Location": moved})
    web.post(moved, json=SHOP)
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.domain: .*new\.myshopify\.com; ") as caught:
        client.query("asked")
    assert 1 == len(web.calls)
    assert "secret" not in str(caught.value)


def test_a_redirect_to_nonsense(client, web):
    """An address that is none is not repeated."""
    answer(web, status=300, headers={"Location": "http://[::1"})
    with pytest.raises(ConfigurationError, match="another page"):
        client.query("asked")


def test_time_is_bounded(client, web, monkeypatch):
    """A shop that never answers keeps nobody."""
    sent = []

    def post(self, url, **how):
        sent.append(how)
        raise requests.ReadTimeout

    monkeypatch.setattr(requests.Session, "post", post)
    with pytest.raises(PlatformUnavailable, match="no answer came in time for asked"):
        client.query("asked")
    assert [((5.0, 30.0), False, True)] * 4 == [
        (how["timeout"], how["allow_redirects"], how["stream"]) for how in sent
    ]


def test_an_answer_without_end(client, web, monkeypatch):
    """Nor does an answer fill the memory."""
    monkeypatch.setattr(asking, "LARGEST", 1000)
    for _ in range(4):
        answer(web, {"data": {"shop": "x" * 2000}})
    with pytest.raises(PlatformUnavailable, match="an answer larger than"):
        client.query("asked")


def test_no_cookies_and_no_netrc(client, web, tmp_path, monkeypatch):
    """Nothing of an earlier answer or of the user's files is sent along."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {DOMAIN} login me password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for _ in range(2):
        answer(web, headers={"Set-Cookie": "a=1; Path=/"})
        client.query("asked")
    assert [(None, None)] * 2 == [
        (call.request.headers.get("Cookie"), call.request.headers.get("Authorization")) for call in web.calls
    ]


def test_queries_and_changes_are_not_mixed_up(client):
    """A change is never asked as a query, which would be tried again."""
    with pytest.raises(Bug, match="changed changes something"):
        client.query("changed")
    with pytest.raises(Bug, match="asked changes nothing"):
        client.change("asked", {}, repeatable=True)


# ---- throttling


def test_throttled(client, web, pauses):
    """The pause is as long as the numbers of the answer say, for changes too: nothing was done."""
    answer(web, throttled(752, 666))
    answer(web, throttled(752, 2))
    answer(web)
    assert client.change("changed", {}, repeatable=False).data
    assert [(752 - 666) / 50, (752 - 2) / 50] == pauses


def test_throttled_with_points_enough(client, web, pauses):
    """Where others were quicker, the shortest pause is made."""
    answer(web, throttled(10, 900))
    answer(web)
    client.query("asked")
    assert [0.5] == pauses


def test_throttled_for_too_long(client, web, pauses):
    """More than a minute in all is not waited: the shop is asked again later."""
    for _ in range(9):
        answer(web, throttled(1000, 0))
    with pytest.raises(PlatformUnavailable, match=r"'torii': Shopify is throttling for asked"):
        client.query("asked")
    assert [20.0, 20.0, 20.0] == pauses


def test_throttled_without_numbers(client, web, pauses):
    """Without numbers the pauses grow, and end as well."""
    for _ in range(9):
        answer(web, errors("THROTTLED"))
    with pytest.raises(PlatformUnavailable):
        client.query("asked")
    assert [1.0, 2.0, 4.0, 8.0, 16.0] == pauses


def test_more_points_than_there_are(client, web, pauses):
    """What can never be paid is a mistake of ours, and no reason to wait."""
    answer(web, throttled(1500, 1000))
    with pytest.raises(Bug, match="asked costs 1500 points, and the shop never has more than 1000"):
        client.query("asked")
    assert [] == pauses


@pytest.mark.parametrize(
    ("headers", "pause"),
    [({"Retry-After": "2.0"}, 2.0), ({"Retry-After": "7"}, 7.0), ({"Retry-After": "x"}, 1.0)],
)
def test_429(client, web, pauses, headers, pause):
    """Too many requests wait as Shopify asks, in its own way of writing seconds; nothing was done."""
    answer(web, status=429, headers=headers, json={"errors": "Exceeded 2 calls per second"})
    answer(web)
    client.change("changed", {}, repeatable=False)
    assert [pause] == pauses


def test_429_for_too_long(client, web, pauses):
    """A shop that asks for two minutes is asked again later."""
    answer(web, status=429, headers={"Retry-After": "120.0"})
    with pytest.raises(PlatformUnavailable, match="Shopify answered 429 for asked"):
        client.query("asked")
    assert [] == pauses


# ---- trying again


@pytest.mark.parametrize(
    "how",
    [
        {"status": 500},
        {"status": 502, "body": "<html>Bad gateway</html>", "json": None},
        {"status": 503},
        {"status": 408},
        {"status": 430},
        {"body": requests.ConnectTimeout(), "json": None},
        {"body": requests.ConnectionError("https://secret.example"), "json": None},
        {"body": "<html>maintenance</html>", "json": None},
        {"json": errors("INTERNAL_SERVER_ERROR")},
        {"json": errors({"message": "m", "path": ["shop"], "extensions": {"code": "INTERNAL_SERVER_ERROR"}})},
        {"json": errors("INTERNAL_SERVER_ERROR", data={"nodes": [None, {"id": "2"}]})},
        {"json": errors("SOMETHING_NEW")},
    ],
)
def test_trouble(client, web, pauses, how):
    """A query is asked four times, ever more slowly; a change once, unless it may be repeated."""
    given = {name: value for name, value in how.items() if value is not None}
    for _ in range(9):
        web.post(ENDPOINT, **given)
    with pytest.raises(PlatformUnavailable, match=r"^shop 'torii': .* for asked$") as caught:
        client.query("asked")
    assert "secret.example" not in str(caught.value)
    assert (4, [1.0, 2.0, 4.0]) == (len(web.calls), pauses)
    with pytest.raises(PlatformUnavailable, match=r"for changed$"):
        client.change("changed", {}, repeatable=False)
    assert (5, 3) == (len(web.calls), len(pauses))
    with pytest.raises(PlatformUnavailable):
        client.change("changed", {}, repeatable=True)
    assert 9 == len(web.calls)


def test_better_at_the_second_try(client, web, pauses):
    """A shop that is down for a second is not down."""
    answer(web, status=502)
    answer(web, errors("INTERNAL_SERVER_ERROR"))
    answer(web)
    assert client.query("asked").data
    assert [1.0, 2.0] == pauses


def test_throttled_and_in_trouble(client, web, pauses):
    """Pauses for points do not use up the tries that are for trouble."""
    for _ in range(5):
        answer(web, throttled(60, 10))
    answer(web, status=503)
    answer(web)
    assert client.query("asked").data
    assert [1.0] * 6 == pauses


def test_jitter(web, pauses):
    """Many clients do not come back at the same moment."""
    for _ in range(4):
        answer(web, status=503)
    with pytest.raises(PlatformUnavailable):
        connected(pauses, jitter=lambda: 0.0).query("asked")
    assert [0.5, 1.0, 2.0] == pauses


def test_a_pause_that_is_asked_for(client, web, pauses):
    """A shop in trouble that asks for a pause gets it; a longer one than half a minute is made elsewhere."""
    answer(web, status=503, headers={"Retry-After": "11"})
    answer(web, status=503, headers={"Retry-After": "3600"})
    with pytest.raises(PlatformUnavailable):
        client.query("asked")
    assert [11.0] == pauses


# ---- what a person must mend, and what is a mistake of ours


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, r"answered 401 for asked: .*shops\.torii\.access_token"),
        (402, "frozen"),
        (403, "answered 403 for asked: .*Settings > Apps"),
        (404, r"there is no shop torii\.myshopify\.com; check shops\.torii\.domain"),
        (423, "locked"),
    ],
)
def test_what_a_person_must_mend(client, web, pauses, status, told):
    """What does not mend itself names the shop and the cure, at once."""
    answer(web, status=status, json={"errors": "[API] for hana@example.jp"})
    with pytest.raises(ConfigurationError, match=f"^shop 'torii': .*{told}") as caught:
        client.query("asked")
    assert "hana" not in str(caught.value)
    assert (1, []) == (len(web.calls), pauses)


@pytest.mark.parametrize("status", [400, 406, 413, 414, 422])
def test_a_request_that_is_wrong(client, web, status):
    """A request that Shopify does not take is a mistake of ours."""
    answer(web, status=status, json={"errors": "no"})
    with pytest.raises(Bug, match=f"answered {status} for asked"):
        client.query("asked")


@pytest.mark.parametrize("code", ["undefinedField", "MAX_COST_EXCEEDED", "INVALID_VARIABLE"])
def test_an_operation_that_is_wrong(client, web, pauses, code):
    """So is an operation; it is not tried again."""
    answer(web, errors(code))
    with pytest.raises(Bug, match=rf"does not understand asked \({code}\)"):
        client.query("asked")
    assert [] == pauses


DENIED = {
    "message": "Access denied for shop field. Required access: `read_orders` access scope.",
    "path": ["shop"],
    "extensions": {"code": "ACCESS_DENIED", "requiredAccess": "`read_orders` access scope."},
}


@pytest.mark.parametrize("data", [None, {"shop": None}, {"shop": None, "other": {"id": "1"}}])
def test_a_denied_operation(client, web, data):
    """An operation that the token has no scope for names the scope."""
    answer(web, errors(DENIED, data=data))
    with pytest.raises(
        ConfigurationError, match=r"denies asked .*give the app the scope read_orders, and install"
    ):
        client.query("asked")


def test_an_app_that_is_not_approved(client, web):
    """So does one that Shopify has not approved; there is no scope for it to name."""
    told = {"message": "This app is not approved to access the Customer object. See x.", "path": ["customer"]}
    answer(web, errors(told, data={"customer": None}))
    with pytest.raises(ConfigurationError, match="protected customer data"):
        client.query("asked")


def test_a_denied_field(client, web):
    """A field that the app may not see is null, which is normal; the rest of the answer is kept."""
    told = {**DENIED, "path": ["order", "customer"]}
    answer(web, errors(told, data={"order": {"id": "1", "customer": None}}))
    result = client.query("asked")
    assert {"order": {"id": "1", "customer": None}} == result.data
    assert result.withheld("order", "customer")


def test_users_errors(client, web):
    """Why a change was not made is for whoever asked for it."""
    told = {"tagsAdd": {"userErrors": [{"field": ["id"], "message": "no", "code": "INVALID"}]}}
    answer(web, {"data": told})
    assert ["INVALID for id"] == [
        str(one) for one in client.change("changed", {}, repeatable=False).user_errors
    ]


def test_a_frozen_shop(client, web):
    """A shop that is closed says so with status 200 as well."""
    answer(web, errors("SHOP_INACTIVE"))
    with pytest.raises(ConfigurationError, match="frozen"):
        client.query("asked")


# ---- tokens


class Rotating:
    """Gives one token after the other."""

    cure = "connect again"

    def __init__(self, *tokens):
        self.tokens, self.refused = list(tokens), []

    def token(self):
        return self.tokens[0]

    def renew(self, refused):
        self.refused.append(refused)
        if len(self.tokens) > 1:
            self.tokens.pop(0)
        return self.tokens[0] != refused


def test_a_token_that_is_refused(web, pauses):
    """A refused token is replaced once, and the same is asked again, a change too: nothing was done."""
    tokens = Rotating("shpat_one", "shpat_two")
    answer(web, status=401)
    answer(web)
    connected(pauses, tokens).change("changed", {}, repeatable=False)
    assert ["shpat_one", "shpat_two"] == [
        call.request.headers["X-Shopify-Access-Token"] for call in web.calls
    ]
    assert (["shpat_one"], []) == (tokens.refused, pauses)


def test_two_tokens_that_are_refused(web, pauses):
    """When the new one is refused as well, a person must do something."""
    answer(web, status=401)
    answer(web, status=401)
    with pytest.raises(ConfigurationError, match="connect again"):
        connected(pauses, Rotating("shpat_one", "shpat_two", "shpat_three")).query("asked")
    assert 2 == len(web.calls)


def test_no_other_token(web, pauses):
    """When there is no other token, nothing is asked twice."""
    answer(web, status=401)
    with pytest.raises(ConfigurationError, match="connect again"):
        connected(pauses, Rotating("shpat_one")).query("asked")
    assert 1 == len(web.calls)


def test_the_token_is_never_shown(web, pauses, caplog, capsys):
    """No repr, log, output or error holds the token, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    client = connected(pauses)
    shown = [repr(client), str(client), repr(client._tokens)]
    answers = [{"status": 401}, {"status": 403}, {"status": 500}, {"json": errors("THROTTLED")}]
    answers += [
        {"body": requests.ConnectionError(TOKEN)},
        {"json": errors(TOKEN)},
        {"json": errors("undefinedField")},
    ]
    for how in answers:
        web.reset()
        web.post(ENDPOINT, **how)
        with pytest.raises((ConfigurationError, PlatformUnavailable, Bug)) as caught:
            client.query("asked")
        shown += [str(caught.value), repr(caught.value)]
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
    out = capsys.readouterr()
    assert TOKEN not in "".join([*shown, caplog.text, out.out, out.err])


# ---- the release


def test_drift(client, web):
    """When Shopify serves another release than was asked, `tend` can say so, once."""
    answer(web, headers=VERSION)
    client.query("asked")
    assert () == client.findings()
    for _ in range(2):
        web.reset()
        answer(web, headers={"X-Shopify-API-Version": "2027-04"})
        client.query("asked")
    [told] = client.findings()
    assert f"release 2027-04 of its API in place of {API_VERSION}" in told
    assert () == client.findings()
    web.reset()
    answer(web, headers={"X-Shopify-API-Version": "2027-07"})
    client.query("asked")
    assert "2027-07" in client.findings()[0]


@pytest.mark.parametrize("told", ["", "soon", "2027-04; hana@example.jp"])
def test_no_release(client, web, told):
    """What is no release is not repeated."""
    answer(web, headers={"X-Shopify-API-Version": told})
    client.query("asked")
    assert () == client.findings()


# ---- making a client


def test_a_configured_shop(web):
    """A client comes from the options of a shop."""
    answer(web)
    shop = Shop(name="torii", options={"domain": DOMAIN, "access_token": f" {TOKEN}\n"})
    assert client_of(shop).query("asked").data
    assert TOKEN == web.calls[0].request.headers["X-Shopify-Access-Token"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"access_token": TOKEN}, r"^shops\.torii\.domain: "),
        ({"domain": DOMAIN}, "there is no token to ask it with: set `access_token`"),
        ({"domain": DOMAIN, "client_id": "x"}, "`client_id` and `client_secret`"),
        ({"domain": DOMAIN, "access_token": "shpat\r\nX-Evil: 1"}, r"^shops\.torii\.access_token: "),
        (
            {"domain": DOMAIN, "client_id": "x", "client_secret": "y", "refresh_token": "z"},
            r"^shops\.torii\.token_file: missing",
        ),
    ],
)
def test_half_a_configuration(options, told):
    """What is missing or wrong is named, with the cure and without the value."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        client_of(Shop(name="torii", options=options))
    assert "Evil" not in str(caught.value)


def test_the_library_is_imported_late_and_silently():
    """The command line stays quick, and a program that turns warnings into errors can use the library."""
    code = (
        "import sys; import aftercare_shopify.client, aftercare_shopify.tokens as t; "
        "assert not {'shopify', 'requests', 'filelock'} & set(sys.modules), 'early'; "
        "aftercare_shopify.client._transport(); assert 'shopify' in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


# ---- over a real connection


@contextmanager
def served(handler):
    """Serve on loopback; give the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers as Shopify does, and keeps connections open."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list] = []

    def do_POST(self):
        """Note the connection and the request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Handler.seen.append((self.client_address, self.path, self.headers["X-Shopify-Access-Token"], asked))
        body = json.dumps(SHOP).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Stay silent."""


def test_over_http(pauses, caplog):
    """A shop on this computer is asked over one connection, which stays open and says nothing to logs."""
    Handler.seen.clear()
    caplog.set_level(logging.DEBUG)
    with served(Handler) as url:
        client = connected(pauses, url=url)
        for _ in range(3):
            assert SHOP["data"] == client.query("asked", {"id": "茶"}).data
        client._local.session.close()
    assert 1 == len({address for address, *_ in Handler.seen})
    assert TOKEN not in caplog.text
    assert [(f"/admin/api/{API_VERSION}/graphql.json", TOKEN, {"id": "茶"})] * 3 == [
        (path, token, asked["variables"]) for _, path, token, asked in Handler.seen
    ]


def test_after_a_fork(pauses, monkeypatch):
    """A process that was forked off opens connections of its own: on a shared one answers are mixed up."""
    Handler.seen.clear()
    with served(Handler) as url:
        client = connected(pauses, url=url)
        client.query("asked")
        before = client._local.session
        monkeypatch.setattr(module.os, "getpid", lambda: -1)
        client.query("asked")
        for session in (before, client._local.session):
            session.close()
    assert 2 == len({address for address, *_ in Handler.seen})
