"""The real command, as a newcomer and as a program run it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

COMMAND = Path(sys.executable).with_name("aftercare")
PATIENCE_SECONDS = 60

SENT = {
    "346": "ogawa@example.jp",  # paid as soon as it was made
    "349": "Megumi.Saito@Example.jp",  # a guest; the order was changed before it was made; capitals stay
    "352": "yamada.taro@example.jp",  # a guest, with the address of an account
    "355": "renee@example.org",  # from the classic checkout
    "356": "okada@example.jp",  # an account that was made in the checkout
    "357": "declined@example.jp",  # the first payment was declined, the second was not
    "358": "moved@example.jp",  # the address was corrected while the mail waited
    "361": "ada@example.com",  # in dollars, in a shop that had rounded them
    "364": "mohammed@example.com",  # in dinars with three decimals; a partial refund lets the order stand
    "368": "hayashi.mei@example.jp",  # the account was deleted afterwards, the order was not
}
UNSENT = {
    "337": "cancelled_by_plugin",  # refunded in three parts before the hour was over
    "342": "cancelled_by_plugin",  # refunded by hand
    "351": "sent_recently",  # after 349, as is 353
    "353": "sent_recently",
    "359": "sent_recently",  # after 346, as are 366, 367 and 392
    "362": "sent_recently",  # after 361
    "366": "sent_recently",
    "367": "sent_recently",
    "392": "sent_recently",
    "394": "sent_recently",  # after 352: a guest's order and an account's are one customer's
    "395": "no_address",  # made by the staff, without an address
}
FINAL = {"accepted", "failed", "skipped", "cancelled", "unknown"}


def environment(folder, **more):
    """Return an environment in which temporary files lie in `folder`."""
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return plain | {"TMPDIR": str(folder), "LC_ALL": "C.UTF-8", **more}


def run(folder, *arguments, **more):
    """Run the demo to its end, with its output in a pipe."""
    return subprocess.run(
        [COMMAND, "demo", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(folder, **more),
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Hold the temporary files of the run that prints JSON."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def finished(folder):
    """Run the command once for all tests that look at its JSON."""
    return run(folder, "--no-serve", "--json")


@pytest.fixture(scope="module")
def told(finished):
    """Return what it printed."""
    assert 0 == finished.returncode, finished.stderr
    return json.loads(finished.stdout)


def test_json_is_all_that_it_prints(finished, told):
    """One object, and not a word beside it."""
    assert isinstance(told, dict)
    assert "" == finished.stderr


def test_it_is_quick(told):
    """Half a minute is promised for two cores; a busy machine may take its time."""
    assert 0 < told["seconds"] < 30


def test_every_recording_is_received_and_some_twice(told):
    """206 signed deliveries and 24 pings; every tenth delivery is posted again."""
    webhooks = told["webhooks"]
    assert (250, 24, 20) == (webhooks["received"], webhooks["pings"], webhooks["posted_again"])
    # Three of the repeats are bare actions without a date: only a second look can tell that they are old.
    assert 17 == webhooks["repeated"]


def test_the_figures_add_up(told):
    """Whatever was received is one thing and no other; each message has one fate."""
    webhooks = told["webhooks"]
    stored = ("news", "no_news", "needed_reading", "ignored", "parked")
    assert webhooks["received"] == webhooks["pings"] + webhooks["repeated"] + sum(
        webhooks[name] for name in stored
    )
    assert 0 == webhooks["parked"]
    assert all(webhooks[name] > 0 for name in ("news", "no_news", "needed_reading", "ignored", "reads"))
    fates = {(one["state"], one["code"]): one["number"] for one in told["messages"]}
    assert fates["accepted", "accepted"] == len(told["mails"])
    assert sum(fates.values()) == len(told["mails"]) + len(told["unsent"])
    # Every purchase plans one thank-you, except those from before the demo.
    assert told["events"]["Purchase"] - told["purchases_before"] == sum(fates.values())


def test_the_right_mails_go_to_the_right_people(told):
    """Each once, an hour after the purchase, for a reason, and after every check."""
    assert {mail["order"]: mail["to"] for mail in told["mails"]} == SENT
    assert len(told["mails"]) == len(SENT)
    for mail in told["mails"]:
        assert f"{mail['order']}" in mail["subject"]
        assert "thank the customer for the purchase" in mail["reason"]
        assert [check["rule"] for check in mail["checks"]] == [
            *("WINDOW", "LAW-03", "READ", "OrderStands", "NotSentWithin", "ADDRESS")
        ]
        assert all(check["sentence"] and "—" not in check["sentence"] for check in mail["checks"])
        assert told["last_webhook_at"] < mail["date"] < told["ended_at"]


def test_what_is_not_sent_has_its_reason(told):
    """In words, with the rule behind it."""
    assert {one["order"]: one["code"] for one in told["unsent"]} == UNSENT
    for one in told["unsent"]:
        assert one["state"] in FINAL
        assert one["reason"].endswith(".")
        assert "—" not in one["reason"]
        assert one["rule"]


def test_every_message_has_come_to_an_end(told):
    """Sixty days later nothing waits any more."""
    assert {one["state"] for one in told["messages"]} <= FINAL
    assert all(one["reason"] for one in told["messages"])


def test_the_timeline_is_that_of_one_customer(told):
    """With the mail that she got and those that she did not."""
    (customer,) = told["timeline"]["customers"]
    assert "ogawa@example.jp" == told["timeline"]["asked"]
    assert "小川 直人" == customer["name"]
    kinds = {entry["kind"] for entry in customer["entries"]}
    assert {"order", "event", "decision", "message"} == kinds
    states = {
        entry["values"]["id"]: entry["values"]["state"]
        for entry in customer["entries"]
        if entry["kind"] == "message"
    }
    assert "accepted" == states["346"]
    assert {"skipped"} == {states[order] for order in ("359", "366", "367", "392")}


def test_the_page_stands_alone(told, folder):
    """One file with every mail in it; nothing that runs and nothing from elsewhere."""
    page = Path(told["page"])
    text = page.read_text(encoding="utf-8")
    assert [page] == [path for path in folder.rglob("*") if path.is_file()]  # the database is gone
    assert len(SENT) == text.count("<iframe sandbox ")
    assert all(address in text for address in SENT.values())
    assert [] == re.findall(r"<script|<link|://|@import|url\(|\bon\w+=|\bsrc=|javascript:", text)
    assert "default-src &#39;none&#39;" in text


def test_in_a_pipe_it_speaks_plain_japanese(tmp_path):
    """No colours, no bars, no server; the last line says where the page is."""
    finished = run(tmp_path, "--lang", "ja")
    assert (0, "") == (finished.returncode, finished.stderr)
    lines = finished.stdout.splitlines()
    assert [] == [line for line in lines if "\x1b" in line or "\r" in line]
    for words in ("対応履歴", "小川 直人", "重複（受付時に判別）", "送信見送り", "送信されたメール"):
        assert words in finished.stdout
    said, _, path = lines[-1].partition("：")
    assert "メールの表示" == said
    assert '<html lang="ja">' in Path(path).read_text(encoding="utf-8")
    english = [line for line in lines if re.fullmatch(r"[A-Za-z ,.]{12,}", line.strip())]
    assert [] == english


def test_at_a_terminal_it_serves_the_page_until_ctrl_c(tmp_path):
    """In the environment's language, with a bar while it works; then everything has ended."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "demo"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(tmp_path, LC_ALL="ja_JP.UTF-8", TERM="xterm-256color", COLUMNS="120"),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        shown = read_until(ours, rb"http://127\.0\.0\.1:\d+.*Ctrl-C", process)
        address = re.search(r"http://127\.0\.0\.1:\d+", shown)[0]
        answer = requests.get(address, timeout=10)
        assert '<html lang="ja">' in answer.content.decode()
        assert "text/html; charset=utf-8" == answer.headers["Content-Type"]
        assert "\x1b[" in shown
        assert "230/230" in shown
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=10)
    assert [] == list(tmp_path.iterdir())


def read_until(terminal, pattern, process):
    """Read what a terminal shows until it shows something."""
    shown = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and not re.search(pattern, shown, re.DOTALL):
        ready, _, _ = select.select([terminal], [], [], 1)
        if ready:
            shown += os.read(terminal, 65_536)
        elif process.poll() is not None:
            break
    assert re.search(pattern, shown, re.DOTALL), shown[-2_000:]
    return shown.decode("utf-8", "replace")
