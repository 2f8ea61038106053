from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from aftercare_sdk.cli.demo.page import render

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


def test_every_mail_is_shown_in_a_frame_that_can_do_nothing(told):
    """The frame holds the HTML part exactly as it was received."""
    read = outline(render(told))
    assert [mail.letter.html for mail in told.mails] == [frame["srcdoc"] for frame in read.frames]
    assert {""} == {frame["sandbox"] or "" for frame in read.frames}
    assert len(told.mails) == read.seen.count("template") == read.seen.count("article")


def test_it_stands_alone(told):
    """No scripts, nothing remote; and the browser is told to allow neither."""
    page = render(told)
    assert [] == re.findall(r"<script|<link|://|@import|url\(|\bon\w+=|\bsrc=|javascript:", page)
    assert "Content-Security-Policy" in page


def test_it_speaks_the_language_that_was_asked_for(told):
    """All words come from the catalogues: no code is shown."""
    page = render(told)
    assert f'<html lang="{told.speaker.lang}">' in page
    assert [] == re.findall(r"(?:demo|word|heading|state|event)\.\w+", page)
    headline = {"ja": "2通のメールと、送信した理由", "en": "2 mails, and why they were sent"}
    assert f"<h1>{headline[told.speaker.lang]}</h1>" in page


def test_what_was_not_sent_is_told_too(told):
    """Each with its reason; an order without an address as well."""
    nobody = replace(told.unsent[0], address="")
    page = render(replace(told, unsent=(nobody, *told.unsent[1:])))
    assert all(one.reason in page for one in told.unsent)
    assert {"ja": "宛先なし", "en": "no address"}[told.speaker.lang] in page


def test_mails_cannot_break_the_page(told):
    """Whatever a template or a customer writes stays inside its frame."""
    evil = "\"></iframe></template><script>alert(1)</script><p title='x'>&amp;lt;"
    letter = replace(
        told.mails[0].letter, html=evil, text=evil, headers=evil, subject=evil, to=evil, sender=evil
    )
    mail = replace(told.mails[0], letter=letter)
    page = render(replace(told, mails=(mail,)))
    assert "<script" not in page
    assert evil == outline(page).frames[0]["srcdoc"]


def test_a_demo_without_mails_has_a_page(told):
    """If every template is broken, the page still says why nothing was sent."""
    assert outline(render(replace(told, mails=()))).frames == []
