"""aftercare.toml is read as a whole, and everything that is wrong with it is told at once."""

from __future__ import annotations

import inspect
import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from aftercare_sdk.config import (
    AssumeDelivered,
    Brand,
    Budget,
    ChannelConfig,
    Database,
    Defaults,
    Legal,
    Retention,
    Secret,
    Server,
    ShopSettings,
    load,
    parse,
    schemas,
)
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.budgets import PRESETS, Cap

MINIMAL = """
[brand]
name = "Hibi Coffee"

[shops.main]
adapter = "woocommerce"
secrets = [{ env = "WOO_SECRET" }]

[channels.email]
kind = "smtp"
sender = "hello@shop.example"
"""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes aftercare.toml and returns its path."""

    def write(text):
        file = tmp_path / "aftercare.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def problems_of(text, write):
    """Return what is wrong with a file."""
    with pytest.raises(SettingsError) as caught:
        load(write(text))
    return list(caught.value.problems)


def minimal(**sections):
    """Return the smallest configuration, with some sections changed."""
    return {
        "brand": {"name": "Hibi Coffee"},
        "shops": {"main": {"adapter": "woocommerce", "secrets": [{"env": "WOO_SECRET"}]}},
        **sections,
    }


def problems_in(tree):
    """Return what is wrong with a mapping."""
    with pytest.raises(SettingsError) as caught:
        parse(tree)
    return list(caught.value.problems)


def test_minimal_file(write, tmp_path):
    """A brand, a shop and a channel are enough; everything else has a default."""
    settings = load(write(MINIMAL))
    assert tmp_path / "aftercare.toml" == settings.source
    assert Brand(name="Hibi Coffee", locale="en", zone="UTC", country="") == settings.brand
    assert Database(url=f"sqlite:///{tmp_path / 'aftercare.db'}") == settings.database
    shop = ShopSettings(name="main", adapter="woocommerce", secrets=(Secret(env="WOO_SECRET"),))
    assert {"main": shop} == settings.shops
    channel = ChannelConfig(name="email", kind="smtp", sender="hello@shop.example", sender_name="Hibi Coffee")
    assert {"email": channel} == settings.channels
    assert ({}, frozenset(), (), None) == (
        settings.plugins,
        settings.disabled,
        settings.order,
        settings.templates,
    )
    assert (Server(), Defaults()) == (settings.server, settings.defaults)


def test_defaults_are_those_of_the_design():
    """The defaults are what the documentation promises."""
    defaults = Defaults()
    assert [2, 10, 60, 5] == [
        length.total_seconds()
        for length in (defaults.hook_budget, defaults.stall, defaults.lease, defaults.read_debounce)
    ]
    assert AssumeDelivered(after_shipment=timedelta(days=3), without_shipment=timedelta(days=7)) == (
        defaults.assume_delivered
    )
    assert (7, 3, 90) == (
        defaults.window.days,
        defaults.marketing_window.days,
        Retention().bodies.days,
    )
    assert 5_000_000 == Server().body_limit


def test_documented_file(write, tmp_path):
    """The file in the documentation of the schemas can be used as it stands."""
    (tmp_path / "templates").mkdir()
    block = inspect.getdoc(schemas).split("\n\n", 1)[1].rpartition("\n\nPaths are")[0]
    text = textwrap.dedent(block).replace("sqlite:///aftercare.db", "postgresql://shop@db/after", 1)
    settings = load(write(text))
    legal = Legal(
        name="Hibi Coffee K.K.",
        address="1-2-3 Jingumae, Shibuya-ku, Tokyo 150-0001",
        contact="help@hibi.example",
        refusal=("Newsletter abmelden",),
    )
    brand = Brand(name="Hibi Coffee", locale="ja", zone="Asia/Tokyo", country="JP", legal=legal)
    assert brand == settings.brand
    assert {"JP": "…"} == settings.consent.reclassified
    assert {"email": (time(8), time(22)), "sms": (time(9), time(21))} == settings.quiet_hours.open
    daily = Cap(most=1, within=timedelta(days=1), channel="email")
    assert Budget(caps=(daily,), priorities=("refill", "flows/vip")) == settings.budget
    main = settings.shops["main"]
    assert ("JP", "ja", "Asia/Tokyo", "JPY") == (main.country, main.locale, main.zone, main.currency)
    assert AssumeDelivered(after_shipment=timedelta(days=5)) == main.assume_delivered
    assert {"url": "https://shop.example"} == main.options
    assert {"password": Secret(env="SMTP_PASSWORD")} == settings.channels["email"].options
    flows = settings.plugin("flows")
    assert datetime(2026, 10, 31, 15, tzinfo=UTC) == flows.starts_at
    assert {"thank-you": {"delay": "1h"}} == flows.section
    assert tmp_path / "templates" == settings.templates
    server = Server(public_url="https://aftercare.example")
    assert (server, Defaults(), Retention()) == (settings.server, settings.defaults, settings.retention)
    assert "postgresql+psycopg://shop:pw@db/after" == settings.database.resolve({"DATABASE_PASSWORD": "pw"})


MISTAKES = """
tempaltes = "x"
[brand]
name = ""
local = "ja"
zone = "Asia/Tokio"
country = "Japan"
locale = "klingon!"
[database]
url = "postgresql://shop:hunter2@db/x"
[server]
port = "hunter2"
[shops."My Shop"]
adapter = "woocommerce"
secrets = ["hunter2"]
currency = "jpy"
[shops.second]
secret = { env = "hunter2" }
assume_delivered = { after_shipmnt = "3 days", without_shipment = "hunter2" }
[channels.email]
kind = "smtp"
sender = "Hibi <hunter2@x>"
password = "hunter2"
[plugins]
order = ["flows", "flows"]
disabled = "hunter2"
[plugins.flows]
starts_at = "hunter2"
backfill = "hunter2"
[defaults]
hook_budget = "20 s"
lease = "hunter2"
[templates]
folder = "nope"
"""


def test_all_mistakes_at_once_with_path_and_cure_and_without_values(write):
    """Two dozen different mistakes are told in one go, each with its path and its cure, none with a value."""
    problems = problems_of(MISTAKES, write)
    expected = [
        "brand.country",
        "brand.local",
        "brand.locale",
        "brand.name",
        "brand.zone",
        "channels.email.password",
        "channels.email.sender",
        "database.url",
        "defaults.lease",
        "defaults.stall",
        "plugins.disabled",
        "plugins.flows.backfill",
        "plugins.flows.starts_at",
        "plugins.order",
        "server.port",
        'shops."My Shop"',
        'shops."My Shop".currency',
        'shops."My Shop".secrets[0]',
        "shops.second.adapter",
        "shops.second.assume_delivered.after_shipmnt",
        "shops.second.assume_delivered.without_shipment",
        "shops.second.secret.env",
        "tempaltes",
        "templates.folder",
    ]
    assert expected == [problem.partition(": ")[0] for problem in problems]
    assert [] == [problem for problem in problems if "; " not in problem.partition(": ")[2]]
    assert "hunter2" not in "\n".join(problems)
    assert 'brand.local: unknown key; did you mean "locale"?' in problems
    assert 'brand.zone: is no time zone; did you mean "Asia/Tokyo"?' in problems
    assert 'brand.country: is no country; did you mean "JP"?' in problems
    assert 'tempaltes: unknown key; did you mean "templates"?' in problems


def test_the_error_says_which_file(write, tmp_path):
    """The text of the error begins with the file and has one line for each problem."""
    with pytest.raises(SettingsError) as caught:
        load(write("[brand]"))
    assert str(tmp_path / "aftercare.toml") == caught.value.source
    assert str(caught.value).splitlines()[1].startswith("  brand.name: missing; add name = ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[brand]\nname = "Hibi\n', "line 2, column 13: illegal character '\\n'; close the quotes"),
        ("[brand]\nname = Hibi", "line 2, column 8: invalid value; write text in quotes"),
        ("[brand]\n[brand]", "line 2, column 7: cannot declare ('brand',) twice; keep one of them"),
        ("a = 1\na = 2\n", "line 2, column 6: cannot overwrite a value; the same key"),
        ("a", "; write key = value"),
        ("a = [1", "at the end of the file: unclosed array; close the list with ]"),
        ("a = " + "[" * 100_000, "too deep"),
        ("a = " + "9" * 10_000, "a number is far too long"),
    ],
)
def test_syntax_error_has_its_place_and_a_cure(write, text, expected):
    """A file that is no TOML is told with line, column and a cure, and nothing else."""
    (problem,) = problems_of(text, write)
    assert expected in problem


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbf" + MINIMAL.encode(), "byte order mark; save it as UTF-8 without BOM"),
        (MINIMAL.encode("utf-16"), "UTF-16; save it as UTF-8"),
        (b'[brand]\nname = "\x83n\x83"', "line 2: not UTF-8; save the file as UTF-8"),
        (b"#" * 1_000_001, "larger than 1000000 bytes"),
    ],
)
def test_file_that_is_no_configuration(write, content, expected):
    """Wrong encodings and files that are far too large are told as what they are."""
    (problem,) = problems_of(content, write)
    assert expected in problem


def test_missing_file_and_folder(tmp_path):
    """A file that is not there, and a folder in its place, come with the cure."""
    with pytest.raises(SettingsError, match=r"there is no such file; create it, .* AFTERCARE_CONFIG"):
        load(tmp_path / "aftercare.toml")
    with pytest.raises(SettingsError, match=r"this is a folder; name the file in it: .*aftercare\.toml"):
        load(tmp_path)


def test_where_the_file_is_looked_for(write, tmp_path, monkeypatch):
    """Without a path it is the file that AFTERCARE_CONFIG names, else the one in the current folder."""
    file = write(MINIMAL)
    monkeypatch.chdir(tmp_path)
    assert file == load(environ={}).source
    (tmp_path / "other.toml").write_text(MINIMAL)
    assert tmp_path / "other.toml" == load(environ={"AFTERCARE_CONFIG": "other.toml"}).source
    monkeypatch.setenv("AFTERCARE_CONFIG", str(tmp_path / "other.toml"))
    assert tmp_path / "other.toml" == load().source


def test_shops_inherit_from_the_brand_and_know_the_zone_of_their_country():
    """A shop has its brand's country, locale and zone, unless it or its country says otherwise."""
    tree = minimal(brand={"name": "Hibi", "locale": "ja", "country": "JP"})
    tree["shops"]["kyoto"] = {"adapter": "x", "secrets": []}
    tree["shops"]["seoul"] = {"adapter": "x", "secrets": [], "country": "KR", "locale": "ko-KR"}
    tree["shops"]["boston"] = {"adapter": "x", "secrets": [], "country": "US", "zone": "America/New_York"}
    shops = parse(tree).shops
    assert ("JP", "ja", "Asia/Tokyo") == (shops["kyoto"].country, shops["kyoto"].locale, shops["kyoto"].zone)
    assert ("KR", "ko_KR", "Asia/Seoul") == (
        shops["seoul"].country,
        shops["seoul"].locale,
        shops["seoul"].zone,
    )
    assert "America/New_York" == shops["boston"].zone


def test_assumed_deliveries_of_a_shop():
    """A shop changes what the brand assumes, in part or wholly."""
    tree = minimal(defaults={"assume_delivered": {"after_shipment": "4 days"}})
    tree["shops"]["slow"] = {
        "adapter": "x",
        "secrets": [],
        "assume_delivered": {"without_shipment": "9 days"},
    }
    tree["shops"]["exact"] = {"adapter": "x", "secrets": [], "assume_delivered": False}
    shops = parse(tree).shops
    four, seven, nine = timedelta(days=4), timedelta(days=7), timedelta(days=9)
    assert AssumeDelivered(after_shipment=four, without_shipment=seven) == shops["main"].assume_delivered
    assert AssumeDelivered(after_shipment=four, without_shipment=nine) == shops["slow"].assume_delivered
    assert shops["exact"].assume_delivered is None


def test_how_long_outcomes_may_fail_to_come():
    """A channel says it itself, or never; else all have the same time."""
    channel = {"kind": "smtp", "sender": "hello@shop.example"}
    tree = minimal(
        alerts={"no_outcome_after": "2 days"},
        channels={
            "email": channel,
            "slow": {**channel, "no_outcome_after": "5 days"},
            "silent": {**channel, "no_outcome_after": False},
        },
    )
    channels = parse(tree).channels
    assert {"email": timedelta(days=2), "slow": timedelta(days=5), "silent": None} == {
        name: one.no_outcome_after for name, one in channels.items()
    }
    assert {} == channels["slow"].options


def test_one_secret_or_several():
    """One secret may be written as such; none must be written as such."""
    tree = minimal()
    tree["shops"]["one"] = {"adapter": "x", "secret": {"env": "A"}}
    tree["shops"]["none"] = {"adapter": "x", "secrets": []}
    shops = parse(tree).shops
    assert ((Secret(env="A"),), ()) == (shops["one"].secrets, shops["none"].secrets)
    assert {} == shops["one"].options


def test_a_shop_without_secrets_is_no_accident():
    """A shop that names no secrets is refused: nothing that it sends could be believed."""
    tree = minimal(shops={"main": {"adapter": "x"}})
    (problem,) = problems_in(tree)
    assert problem.startswith("shops.main.secrets: missing; add secrets = [{ env = ")
    tree = minimal(shops={"main": {"adapter": "x", "secret": {"env": "A"}, "secrets": []}})
    assert ["shops.main.secret: stands beside secrets; move it into that list"] == problems_in(tree)


def test_start_of_a_plugin_without_offset_is_local_to_the_brand():
    """A bare date is midnight where the brand is."""
    brand = {"name": "Hibi", "zone": "Asia/Tokyo"}
    plugins = {
        "flows": {"starts_at": date(2026, 11, 1)},
        "care": {"starts_at": datetime(2026, 11, 1, 9)},  # noqa: DTZ001 - local on purpose
    }
    settings = parse(minimal(brand=brand, plugins=plugins))
    assert datetime(2026, 10, 31, 15, tzinfo=UTC) == settings.plugin("flows").starts_at
    assert datetime(2026, 11, 1, 0, tzinfo=UTC) == settings.plugin("care").starts_at
    assert settings.plugin("loyalty").starts_at is None


def test_law_23_caps_of_others_have_names():
    """The caps of a preset, or the shop's own; never both."""
    assert PRESETS["default"] == parse(minimal()).budget.caps
    assert PRESETS["braze"] == parse(minimal(budget={"preset": "braze"})).budget.caps
    assert () == parse(minimal(budget={"caps": []})).budget.caps
    own = [{"most": 2, "within": "1 day"}]
    assert ["budget.caps: stands beside preset, which it would replace; keep one of them"] == problems_in(
        minimal(budget={"preset": "bird", "caps": own})
    )


@pytest.mark.parametrize(
    ("budget", "problem"),
    [
        ({"preset": "acme"}, "budget.preset: is no preset; there are default, klaviyo, bird, braze"),
        (
            {"caps": [{"most": 0, "within": "1 day"}]},
            "budget.caps[0].most: is out of range; write a number from 1 to 1000",
        ),
        (
            {"caps": [{"most": 1}]},
            'budget.caps[0].within: missing; add within = "24 hours", in what span of time',
        ),
        (
            {"priorities": ["flows", "flows"]},
            "budget.priorities: names a program twice; keep one of them",
        ),
        (
            {"priorities": ["/thank-you"]},
            (
                "budget.priorities[0]: is no program; "
                'write "flows", or "flows/thank-you" for one of its messages'
            ),
        ),
    ],
)
def test_a_wrong_budget(budget, problem):
    """Each with its path and cure."""
    assert [problem] == problems_in(minimal(budget=budget))


def test_plugins_switches():
    """Which plugins are off and which come first stands beside their tables."""
    settings = parse(minimal(plugins={"disabled": ["care"], "order": ["b", "a"], "a": {"x": 1}}))
    assert (frozenset({"care"}), ("b", "a"), ["a"]) == (
        settings.disabled,
        settings.order,
        list(settings.plugins),
    )


@pytest.mark.parametrize(
    "section",
    [
        "brand",
        "shops",
        "channels",
        "plugins",
        "templates",
        "consent",
        "quiet_hours",
        "budget",
        "approvals",
        "database",
        "server",
        "defaults",
        "retention",
        "doctor",
    ],
)
def test_a_section_that_is_no_table(section):
    """A value in the place of a section is told once."""
    expected = [f"{section}: must be a table; write key = value below a heading, or in {{ }}"]
    assert expected == problems_in(minimal(**{section: 3}))


def test_a_named_table_that_is_no_table():
    """A value in the place of a shop is told with its name."""
    expected = ["channels.email: must be a table; write key = value below a heading, or in { }"]
    assert expected == problems_in(minimal(channels={"email": "smtp"}))


def test_no_shop():
    """A configuration without a shop is refused."""
    assert ['shops: names no shop; add [shops.main] with adapter = "…"'] == problems_in(minimal(shops={}))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("brand", "zone", "localtime"),
        ("brand", "zone", "../etc"),
        ("brand", "zone", "Asia"),
        ("brand", "zone", ""),
        ("brand", "country", "ZZ"),
        ("brand", "country", "jp"),
        ("brand", "locale", "xx"),
        ("brand", "name", "two\nlines"),
        ("brand", "name", "x" * 321),
        ("server", "port", 65_536),
        ("server", "port", True),
        ("server", "body_limit", 0),
        ("doctor", "dns", "no"),
        ("doctor", "resolver", "dns.example"),
        ("doctor", "resolver", "192.0.2.53:0"),
        ("doctor", "resolver", "192.0.2.53:65536"),
        ("doctor", "resolver", "[192.0.2:53"),
        ("doctor", "resolver", "2001:db8::53::53"),
        ("defaults", "lease", "0 s"),
        ("defaults", "lease", 60),
        ("defaults", "window", "0 days"),
        ("defaults", "assume_delivered", True),
    ],
)
def test_values_out_of_range(section, key, value):
    """A value that cannot be meant is refused at its path, with a cure."""
    base = {"brand": {"name": "Hibi"}}.get(section, {})
    (problem,) = problems_in(minimal(**{section: {**base, key: value}}))
    assert problem.startswith(f"{section}.{key}: ")
    assert "; " in problem


def test_settings_are_frozen_and_do_not_show_options():
    """Settings are values: nobody changes them, and printing them shows no options."""
    tree = minimal(plugins={"x": {"private": "option"}})
    settings = parse(tree)
    with pytest.raises(AttributeError):
        settings.order = ()
    with pytest.raises(TypeError):
        settings.shops["other"] = settings.shops["main"]
    assert "option" not in repr(settings).replace("options", "")
    assert settings == replace(settings)
    assert settings == parse(tree)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://aftercare.example", "https://aftercare.example"),
        ("https://shop.example:8443/aftercare/", "https://shop.example:8443/aftercare"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_where_customers_reach_the_server(written, read):
    """Links in messages begin with it."""
    assert read == parse(minimal(server={"public_url": written})).server.public_url


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("aftercare.example", "no address"),
        ("ftp://aftercare.example", "no address"),
        ("https://", "no address"),
        ("https://x.example:port", "no address"),
        ("https://x.example/?a=1", "no address"),
        ("https://x.example/#top", "no address"),
        ('https://x.example/"><b>', "no address"),
        ("https://店.example", "no address"),
        ("javascript:alert(1)", "no address"),
        ("https://me:hunter2@x.example", "holds a name or password"),
        ("http://aftercare.example", "https://"),
        ("http://192.168.0.7", "https://"),
    ],
)
def test_a_link_must_lead_to_a_web_server_that_nobody_reads_along_with(written, told):
    """Whoever has the link is taken for the customer."""
    (problem,) = problems_in(minimal(server={"public_url": written}))
    assert problem.startswith("server.public_url: ")
    assert told in problem
    assert "hunter2" not in problem
