from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

from aftercare_sdk.cli.demo.page import render
from aftercare_sdk.cli.demo.shops import shopify

VOID = {"meta", "br", "img", "hr", "input"}


class Outline(HTMLParser):
    """Notes elements, and whether each is closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = []
        self.frames = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag == "iframe":
            self.frames.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(page):
    """Read a page."""
    reader = Outline()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_every_mail_is_shown_in_a_frame_that_can_do_nothing(demo):
    """The frame holds the HTML part exactly as it was received."""
    read = outline(render(demo))
    assert [mail.letter.html for mail in demo.mails] == [frame["srcdoc"] for frame in read.frames]
    assert {""} == {frame["sandbox"] or "" for frame in read.frames}
    assert len(demo.mails) == read.seen.count("template") == read.seen.count("article")


def test_it_stands_alone(demo):
    """No scripts, nothing remote; the shop, whose address its mails name, is on this machine."""
    page = render(demo)
    remote = r"<script|<link|://(?!127\.0\.0\.1:)|@import|url\(|\bon\w+=|\bsrc=|href=|javascript:"
    assert [] == re.findall(remote, page)
    assert "Content-Security-Policy" in page


def test_it_speaks_the_language_that_was_asked_for(demo):
    """All words come from the catalogues: no code is shown."""
    page = render(demo)
    assert f'<html lang="{demo.speaker.lang}">' in page
    assert [] == re.findall(r"(?:demo|word|heading|state|event|fate|part|thing|reason)\.\w+", page)
    headline = {"ja": "7通のメールと、送信した理由", "en": "7 mails, and why they were sent"}
    assert f"<h1>{headline[demo.speaker.lang]}</h1>" in page


def test_what_happened_to_the_shop_is_told(demo):
    """Step by step, with what was said of each."""
    page = outline_text(render(demo))
    assert all(step.text in page and step.aside in page for step in demo.steps)


def test_a_shop_that_is_left_out_is_named(demo):
    """With the command that adds it."""
    page = unescape(render(replace(demo, left_out=(shopify.KIND,))))
    told = {
        "en": 'Shopify is not in this demo; to add it: pip install "aftercare-shopify[fake]"',
        "ja": 'このデモにShopifyは含まれていません。追加するには：pip install "aftercare-shopify[fake]"',
    }
    assert told[demo.speaker.lang] in page
    assert "pip install" not in render(demo)


def test_what_was_not_sent_is_told_too(demo):
    """Each with its reason; an order without an address as well."""
    nobody = replace(demo.recorded.unsent[0], address="")
    recorded = replace(demo.recorded, unsent=(nobody, *demo.recorded.unsent[1:]))
    page = render(replace(demo, recorded=recorded))
    assert all(one.reason in page for one in recorded.unsent)
    assert {"ja": "宛先なし", "en": "no address"}[demo.speaker.lang] in page


def test_mails_cannot_break_the_page(demo):
    """Whatever a template or a customer writes stays inside its frame."""
    evil = "\"></iframe></template><script>alert(1)</script><p title='x'>&amp;lt;"
    letter = replace(
        demo.recorded.mails[0].letter, html=evil, text=evil, headers=evil, subject=evil, to=evil, sender=evil
    )
    mail = replace(demo.recorded.mails[0], letter=letter)
    steps = (replace(demo.steps[0], text=evil, aside=evil),)
    lived, recorded = replace(demo.lived, mails=()), replace(demo.recorded, mails=(mail,))
    page = render(replace(demo, lived=lived, recorded=recorded, steps=steps))
    assert "<script" not in page
    assert evil == outline(page).frames[0]["srcdoc"]


def test_a_demo_without_mails_has_a_page(demo):
    """If every template is broken, the page still says why nothing was sent."""
    bare = replace(demo, lived=replace(demo.lived, mails=()), recorded=replace(demo.recorded, mails=()))
    assert outline(render(bare)).frames == []


def outline_text(page):
    """Return the text of a page, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", page)).split())
