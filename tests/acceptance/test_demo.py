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
MAILS = [
    ("13", "hanako@example.jp", "2026-06-01T02:00:00+00:00"),  # an hour after the purchase, in UTC
    ("#1001", "ken@example.jp", "2026-06-01T02:20:00+00:00"),  # no webhook told of it
    ("13", "hanako@example.jp", "2026-06-06T01:00:00+00:00"),  # help with what arrived
    ("#1001", "ken@example.jp", "2026-06-06T02:00:00+00:00"),  # no webhook told of the shipment
    ("#1002", "hanako@example.jp", "2026-06-09T02:00:00+00:00"),
]
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
REMOTE = r"<script|<link|://(?!127\.0\.0\.1:)|@import|url\(|\bon\w+=|\bsrc=|href=|javascript:"
"""The address of the shop, on this machine, stands in its mails."""
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
def demo(finished):
    """Return what it printed."""
    assert 0 == finished.returncode, finished.stderr
    return json.loads(finished.stdout)


@pytest.fixture(scope="module")
def told(demo):
    """Return what it printed of the recordings."""
    return demo["recorded"]


@pytest.fixture(scope="module")
def living(demo):
    """Return what it printed of the shop that lives."""
    return demo["living"]


def test_json_is_all_that_it_prints(finished, demo):
    """One object, and not a word beside it."""
    assert isinstance(demo, dict)
    assert "" == finished.stderr


def test_it_is_quick(demo):
    """Half a minute is promised for two cores; a busy machine may take its time."""
    assert 0 < demo["seconds"] < 30


def test_shops_live_and_nothing_that_is_lost_stays_lost(living):
    """Mails leave at their time, whether a webhook told of it or not; a lost cancellation calls one off."""
    assert (16, 7) == (living["webhooks"]["told"], living["webhooks"]["lost"])
    assert MAILS == [(mail["order"], mail["to"], mail["date"]) for mail in living["mails"]]
    assert {"C-101": "cancelled_by_plugin", "C-102": "sent_recently", "#1003": "sent_recently"} == {
        one["order"]: one["code"] for one in living["unsent"]
    }
    assert [
        ("#1001", "new", []),
        ("C-101", "changed", ["status", "cancelled"]),
        ("#1001", "changed", ["shipment"]),
        ("#1002", "new", []),
        ("C-101", "deleted", []),
    ] == [
        (one["name"], one["change"], [part["what"] for part in one["parts"]]) for one in living["recovered"]
    ]


def shown_in(readme):
    """Return the lines of the demo's output that a README shows."""
    text = (Path(__file__).parents[2] / readme).read_text(encoding="utf-8")
    blocks = [block for block in text.split("```")[1::2] if block.startswith("\n2026")]
    assert 1 == len(blocks)
    return blocks[0].strip("\n").splitlines()


def test_the_readme_shows_what_it_prints(living):
    """Word for word; the Japanese one is compared with the Japanese output."""
    said = {words for step in living["steps"] for words in (step["text"], step["aside"])}
    assert [] == [line for line in shown_in("README.md") if re.split(r" {3,}", line)[-1].strip() not in said]


def test_a_coupon_is_made_in_the_shop(living):
    """By the program of the demo; the shop itself tells that it was used."""
    shop = living["shops"]["shopify"]
    (coupon,) = shop["coupons"]
    assert ("Shopify", 20) == (shop["platform"], shop["webhooks"])
    assert ("10%", 1, ["hanako@example.jp"]) == (coupon["off"], coupon["used"], coupon["emails"])
    assert [("regulars", "done")] == [(one["plugin"], one["state"]) for one in living["rewards"]]
    assert coupon["code"] in " ".join(step["text"] for step in living["steps"] if step["kind"] == "reward")


def test_one_customer_buys_in_every_kind_of_shop(living):
    """She is one person of the brand: thanked once in seven days, whichever shop it is."""
    assert {"woo": "WooCommerce", "shopify": "Shopify", "custom": "Custom"} == {
        name: shop["platform"] for name, shop in living["shops"].items()
    }
    assert {} == living["left_out"]
    (customer,) = living["timeline"]["customers"]
    assert "佐藤 花子" == customer["name"]
    entries = customer["entries"]
    bought = [one["values"] for one in entries if one["kind"] == "order"]
    assert [("woo", "13"), ("shopify", "#1002"), ("custom", "C-102"), ("shopify", "#1003")] == [
        (one["shop"], one["order"]) for one in bought
    ]
    thanks = [
        one["values"] for one in entries if one["kind"] == "message" and one["values"]["label"] == "thank-you"
    ]
    assert [("13", "accepted"), ("#1002", "accepted"), ("C-102", "skipped"), ("#1003", "skipped")] == [
        (one["order"], one["state"]) for one in thanks
    ]


def test_what_is_decided_on_a_coupon_names_its_order(living):
    """By the number that people know, not by the id of an event."""
    (customer,) = living["timeline"]["customers"]
    granted = [one for one in customer["entries"] if one["values"].get("plugin") == "regulars"]
    assert [
        "regulars decided on order #1002: planned",
        "regulars decided on order #1002: done in the shop",
    ] == [one["text"] for one in granted]


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
            *("WINDOW", "LAW-02", "READ", "OrderStands", "NotSentWithin", "ADDRESS", "SEND-06")
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


def test_the_page_stands_alone(demo, folder):
    """One file with every mail in it; nothing that runs and nothing from elsewhere."""
    page = Path(demo["page"])
    text = page.read_text(encoding="utf-8")
    assert [page] == [path for path in folder.rglob("*") if path.is_file()]  # the database is gone
    assert len(SENT) + len(MAILS) == text.count("<iframe sandbox ")
    assert all(address in text for address in SENT.values())
    assert [] == re.findall(REMOTE, text)
    assert "default-src &#39;none&#39;" in text


def test_in_a_pipe_it_speaks_plain_japanese(tmp_path):
    """No colours, no bars, no server; the last line says where the page is."""
    finished = run(tmp_path, "--lang", "ja")
    assert (0, "") == (finished.returncode, finished.stderr)
    lines = finished.stdout.splitlines()
    assert [] == [line for line in lines if "\x1b" in line or "\r" in line]
    for words in (
        "対応履歴",
        "佐藤 花子",
        "Shopify: 一覧で発見：注文 #1001（新規）",
        "重複（受付時に判別）",
        "送信見送り",
        "送信されたメール",
    ):
        assert words in finished.stdout
    assert [] == [line for line in shown_in("README.ja.md") if line not in lines]
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
        # A shell starts what runs in the background with Ctrl-C ignored, which every child inherits.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - takes no lock
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
