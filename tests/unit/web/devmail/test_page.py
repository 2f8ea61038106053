from __future__ import annotations

import re
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from aftercare_sdk.web.devmail.page import Page
from aftercare_sdk.web.devmail.trap import Caught

TOKYO = ZoneInfo("Asia/Tokyo")
EVIL = "\"></iframe></template><script>alert(1)</script><img src='https://x.example/a.png' onerror=alert(1)>"


def caught(number, *, subject="Hello", body="<p>Hello</p>", kind="html"):
    """A mail as it came."""
    head = (
        f"Date: Sun, 22 Nov 2026 00:00:00 +0000\r\nSubject: {subject}\r\nFrom: a@shop.example\r\n"
        f"To: Hana <h@x.example>\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n"
    )
    return Caught(number=number, recipients=("h@x.example",), content=(head + body).encode())


@pytest.fixture
def page():
    """The page of a shop in Tokyo."""
    return Page(zone=TOKYO, call="aftercare")


def test_the_newest_mail_comes_first_and_is_shown(page):
    """On the list, for whoever has the room; each mail has a page of its own."""
    told = page.listing([caught(7, subject="Old"), caught(8, subject="New")], ["aftercare trigger x"])
    assert ["/dev/mails/8", "/dev/mails/7"] == re.findall(r'href="(/dev/mails/\d+)"', told)
    assert 1 == told.count("<iframe")
    assert told.count("New") > told.count("Old")
    assert "2026-11-22 09:00" in told
    assert "aftercare trigger x" not in told
    assert 'http-equiv="refresh"' not in told


def test_an_empty_page_says_how_a_mail_comes(page):
    """And looks again by itself."""
    told = page.listing([], ["aftercare trigger purchase --shop main"])
    assert "aftercare trigger purchase --shop main" in told
    assert '<meta http-equiv="refresh" content="5">' in told
    assert "<iframe" not in told


def test_a_mail_cannot_break_out(page):
    """It stands in the sandboxed frame, as text, and as a shape that can only take up room."""
    told = page.mail(caught(1, subject=EVIL, body=EVIL), [caught(1, subject=EVIL, body=EVIL)])
    assert "<script" not in told
    outside = re.sub(r'srcdoc="[^"]*"', "", told)
    assert [] == re.findall(r"<[^>]*(?:\bonerror=|\bsrc=)", outside)
    assert unescape(re.search(r'srcdoc="([^"]*)"', told)[1]).startswith(EVIL[:20])
    assert "<iframe sandbox " in told
    assert "default-src 'none'" in unescape(told)


def test_a_mail_without_html_shows_its_text(page):
    """Opened at once, since there is nothing else to see."""
    told = page.mail(caught(1, body="Only words & <b>", kind="plain"), [caught(1)])
    assert "<iframe" not in told
    assert "<details open>" in told
    assert "Only words &amp; &lt;b&gt;" in told


def test_a_mail_that_is_gone(page):
    """Is said to be, with the way back."""
    told = page.missing([caught(9)])
    assert "No such mail" in told
    assert 'href="/dev"' in told


def test_headings_and_the_current_mail_are_marked(page):
    """One heading of the first rank on each page; the list tells which mail is open."""
    for told in (
        page.listing([], []),
        page.listing([caught(1)], []),
        page.mail(caught(1), [caught(1), caught(2)]),
        page.missing([]),
    ):
        assert 1 == told.count("<h1")
    assert 1 == page.mail(caught(1), [caught(1), caught(2)]).count('aria-current="page"')
