from __future__ import annotations

import json
from contextlib import ExitStack

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from tests.support.dns_server import dns_server, text
from tests.unit.outreach.mail_servers import Inbox, mail_server

CONFIG = """
[brand]
name = "Hibi"
country = "JP"
[shops.main]
adapter = "woocommerce"
secrets = []
[channels.email]
kind = "smtp"
sender = "hello@shop.test"
host = "localhost"
port = {mail}
security = "none"
[doctor]
resolver = "127.0.0.1:{dns}"
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `aftercare doctor` where the shop's domain has the given SPF record and nothing else."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:

        def run(record, *arguments):
            dns = stack.enter_context(dns_server({"shop.test": {"TXT": [text(record)]}}))
            mail = stack.enter_context(mail_server(Inbox()))
            (tmp_path / "aftercare.toml").write_text(CONFIG.format(mail=mail, dns=dns.port))
            return CliRunner().invoke(app, ["doctor", *arguments], env={"COLUMNS": "300"})

        yield run


def test_what_is_missing_in_dns_is_a_hint_of_the_doctor(run):
    """The command ends well, and says behind an arrow what to publish."""
    result = run("v=spf1 mx -all")
    assert 0 == result.exit_code, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    place = next(
        number for number, line in enumerate(lines) if line.startswith("hint DMARC shop.test there is")
    )
    assert '→ publish this TXT record at _dmarc.shop.test: "v=DMARC1; p=none; ' in lines[place + 1]


def test_what_receivers_cannot_use_is_a_problem_of_the_doctor(run):
    """The command ends with 1, also for programs."""
    result = run("v=spf1 +all", "--json")
    assert 1 == result.exit_code
    assert ["SPF shop.test"] == [each["name"] for each in json.loads(result.output) if not each["ok"]]
