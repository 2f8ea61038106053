from __future__ import annotations

import json
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.model.consents import ConsentSnapshot, ConsentState, OptIn
from aftercare_sdk.model.versions import Version
from tests.support.shop import DAY, START, Bench, consent, customer

ANN = "ann@customer.example"
CONFIGURATION = """
[brand]
name = "Hibi"
locale = "{locale}"
zone = "Asia/Tokyo"
[database]
url = {{ env = "TEST_DATABASE" }}
[shops.main]
adapter = "customshop"
secrets = [{{ env = "SHOP_SECRET" }}]
"""

LAWFUL = """
[brand.legal]
name = "Hibi Ltd"
address = "1 Tea Row, London"
contact = "care@hibi.example"
[server]
public_url = "https://aftercare.example"
[channels.email]
kind = "maildir"
sender = "hello@shop.example"
path = "mails"
"""


def said(url):
    """Let Ann agree on a form, and refuse on the platform a day later."""
    with Bench(url) as bench:
        bench.tell(customer("7", email=ANN))
        bench.process()
        consent(bench, url="https://shop.example/news")
        refused = ConsentSnapshot(
            shop="main",
            customer="7",
            version=Version(modified_at=START + DAY),
            state=ConsentState.UNSUBSCRIBED,
            opt_in=OptIn.SINGLE,
            since=START + DAY,
        )
        bench.tell(refused, at=START + DAY)
        bench.process()


@pytest.fixture
def run(template_database, tmp_path, monkeypatch):
    """A function that runs `aftercare consent …` on a database in which Ann has said two things."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_DATABASE", template_database(said))
    monkeypatch.setenv("SHOP_SECRET", "whsec_" + "A" * 43 + "=")

    def call(*arguments, locale="en", code=0, more=""):
        (tmp_path / "aftercare.toml").write_text(CONFIGURATION.format(locale=locale) + more)
        result = CliRunner().invoke(app, ["consent", *arguments])
        assert code == result.exit_code, result.output
        return result

    return call


def lines(result):
    """Return what is written, without what fills lines up."""
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_what_was_said_is_shown_with_its_proof(run):
    """The oldest first, here and on the platform, by the brand's clock."""
    told = lines(run("show", "main/7"))
    assert told[0] == "Consent"
    assert told[1] == "when what by for where proof"
    assert told[2].startswith("2026-05-01 18:00 agreed (express consent) email everything beyond purchases")
    assert "form (customer) 2026-05 " in told[2]
    assert told[3].startswith(
        "2026-05-02 18:00 refused email everything beyond purchases main/consent/7/email"
    )


def test_an_operator_reads_it_in_japanese(run):
    """By --lang, or because the brand is Japanese."""
    told = run("show", ANN, "--lang", "ja").stdout
    assert told == run("show", ANN, locale="ja").stdout
    assert "配信の同意・拒否" in told
    assert "購入に伴う連絡以外のすべて" in told


def test_programs_get_the_whole_proof(run):
    """With the hash of the words that were agreed to."""
    (given, refused) = json.loads(run("show", ANN, "--json").stdout)["customers"][0]
    assert ("given", "express", "2026-05", 64) == (
        given["word"],
        given["basis"],
        given["form"],
        len(given["form_sha256"]),
    )
    assert ("objected", "main/consent/7/email", "platform") == (
        refused["word"],
        refused["source"],
        refused["actor"],
    )


def test_nobody_and_nothing_are_told_apart(run):
    """Somebody may be known who has never said a word."""
    run("show", "main/8", code=1)
    run("refuse", "--email", "bob@customer.example", "--source", "call")
    assert (
        "refused everything everything beyond purchases call (operator)"
        in lines(run("show", "bob@customer.example"))[2]
    )


def test_somebody_on_the_telephone_is_asked_by_mail(run, tmp_path):
    """With the words of a file; it is no consent yet, and the same day nobody is asked again."""
    words = tmp_path / "words.txt"
    words.write_text("オファーを受け取ります。\n", encoding="utf-8")
    asking = [
        "ask",
        "--email",
        "bob@customer.example",
        "--form",
        "news",
        "--words",
        str(words),
        "--source",
        "call",
    ]
    assert "A mail is on its way.\n" == run(*asking, more=LAWFUL).stdout
    (asked,) = json.loads(run("show", "bob@customer.example", "--json").stdout)["customers"][0]
    assert ("asked", "news", "call", "operator") == tuple(
        asked[name] for name in ("word", "form", "source", "actor")
    )
    assert sha256("オファーを受け取ります。".encode()).hexdigest() == asked["form_sha256"]
    run(*asking, more=LAWFUL, code=1)
    assert "brand.legal" in run(*asking, code=2).output


def test_a_call_is_noted_once(run):
    """The second time it is the same: it was said before."""
    assert "Noted.\n" == run("refuse", "--account", "main/7", "--source", "call").stdout
    assert json.loads(run("show", "main/7", "--json").stdout)["customers"][0][-1]["source"] == "call"


@pytest.mark.parametrize("whom", [[], ["--email", ANN, "--account", "main/7"], ["--account", "main/9"]])
def test_who_has_said_it_must_be_clear(run, whom):
    """Named by one of both, and known."""
    assert "one of both" in run("refuse", *whom, "--source", "call", code=1).output or "main" in whom[-1]
