"""Refusing by the link of a mail: by hand, by the button of a mail program, and never by accident."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from html import unescape

import pytest
import requests

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Action, Purpose
from aftercare_sdk.model.messages import ChannelSettings, Template
from aftercare_sdk.outreach.mail import build_mail
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from tests.support.erasures import erase_whoever
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    START,
    UNCAPPED,
    Bench,
    consent,
    customer,
    in_threads,
    note,
    order,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
LEGAL = LAWFUL["brand"]["legal"]
PUBLIC = LAWFUL["server"]["public_url"]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SETTINGS = ChannelSettings(name="email", sender="hello@shop.example", sender_name="Hibi")


class Adverts(AftercareHooks):
    """Writes an advert, an invitation to review, a survey and a note of service after each purchase."""

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        said = {"en": "New tea", "ja": "新茶のご案内"}
        return [
            Template(
                name="advert",
                locale=locale,
                subject=words,
                text=f"{words}\n",
                html=f"<html><body><p>{words}</p></body></html>",
            )
            for locale, words in said.items()
        ]

    @hookimpl
    def on_purchase(self, event, ctx) -> Iterable[Action]:
        return [
            note(purpose.value, purpose=purpose, template="advert", delay=HOUR)
            for purpose in (Purpose.MARKETING, Purpose.REVIEW_REQUEST, Purpose.SURVEY, Purpose.SERVICE)
        ]


def shop(url: str, **more: object) -> Bench:
    """Return a shop that advertises."""
    return Bench(url, {"adverts": Adverts()}, config={**LAWFUL, **UNCAPPED}, **more)


def written_to(bench: Bench, *pictures: object) -> dict[str, object]:
    """Let Ann agree and buy; return the mails that left, by purpose."""
    consent(bench)
    bench.tell(*(pictures or (order("1"),)))
    bench.run(2 * HOUR)
    ids = {one.id: one.label for one in bench.messages()}
    return {ids[one.id]: one for one in bench.sent}


@contextmanager
def serving(bench: Bench) -> Iterator[str]:
    """Serve the pages."""
    endpoint = Endpoint(make_app(bench.aftercare, lambda: ({}, True)), "127.0.0.1", 0)
    with endpoint:
        yield endpoint.url


def at(url: str, mail: object) -> str:
    """Return where the link of a mail is served."""
    return mail.unsubscribe.replace(PUBLIC, url)


def words(answer: requests.Response) -> str:
    """Return what a page says."""
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


def fates(bench: Bench, number: str) -> dict[str, str]:
    """Return what became of the messages about an order."""
    return {one.label: one.code for one in bench.messages() if one.object == number}


def test_send_01_a_mail_that_advertises_can_be_refused_with_one_click(migrated_database_url):
    """By the bytes: one address, https, and the sign that a POST alone does it; no other mail has them."""
    with shop(migrated_database_url) as bench:
        mails = written_to(bench)
        for purpose in ("marketing", "review_request", "survey"):
            raw = build_mail(mails[purpose], SETTINGS)
            parsed = message_from_bytes(raw, policy=policy.default)
            assert [f"<{mails[purpose].unsubscribe}>"] == parsed.get_all("List-Unsubscribe")
            assert ["List-Unsubscribe=One-Click"] == parsed.get_all("List-Unsubscribe-Post")
            assert re.search(rb"\r\nList-Unsubscribe: <https://[!-~]+>\r\n", raw)
        service = message_from_bytes(build_mail(mails["service"], SETTINGS), policy=policy.default)
        assert (None, None) == (service["List-Unsubscribe"], service["List-Unsubscribe-Post"])


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_law_01_the_sender_and_the_way_out_stand_in_text_and_html(migrated_database_url, locale):
    """By the bytes of the mail, in its language."""
    with shop(migrated_database_url) as bench:
        mails = written_to(bench, customer("7", email=ANN, locale=locale), order("1", customer="7"))
        raw = build_mail(mails["marketing"], SETTINGS)
        mail = message_from_bytes(raw, policy=policy.default)
        for kind in ("plain", "html"):
            shown = unescape(mail.get_body((kind,)).get_content())
            for told in (*LEGAL.values(), mails["marketing"].unsubscribe):
                assert told in shown
            assert {"en": "stop these messages", "ja": "配信を停止"}[locale] in shown
        assert LEGAL["address"] not in mails["service"].text


def test_feed_03_feed_04_looking_refuses_nothing_and_the_button_does(migrated_database_url):
    """Programs follow links; people press buttons. It counts from the same moment on."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["marketing"])
        for _ in range(3):
            page = requests.get(link, timeout=10)
            assert 200 == page.status_code
            assert "Stop these messages?" in words(page)
            assert "Stop them" in words(page)
        assert 404 == requests.get(link[:-1] + ("A" if link[-1] != "A" else "B"), timeout=10).status_code
        done = requests.post(link, timeout=10)
        assert 200 == done.status_code
        assert "You get no more offers" in words(done)
        assert "<button" not in done.text
        assert "You get no more offers" in words(requests.get(link, timeout=10))
        bench.tell(order("2", placed=START + 3 * HOUR), at=START + 3 * HOUR)
        bench.run(DAY)
        assert {
            "marketing": "objected",
            "review_request": "objected",
            "survey": "objected",
            "service": "accepted",
        } == fates(bench, "2")


def test_law_12_the_page_loads_nothing_and_tells_nobody_where_it_was(migrated_database_url):
    """No script, picture or font of anybody else; the policy forbids what a page does not have anyway."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        page = requests.get(at(url, written_to(bench)["marketing"]), timeout=10)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert ("no-referrer", "noindex, nofollow") == (
            page.headers["Referrer-Policy"],
            page.headers["X-Robots-Tag"],
        )
        assert not [word for word in ("<script", "<img", "<link", "@import", "url(") if word in page.text]


def test_send_03_a_mail_program_refuses_without_cookies_or_redirection(migrated_database_url):
    """As RFC 8058 wants it; pressed again, it stays one objection."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["review_request"])
        for _ in range(2):
            answer = requests.post(link, data=ONE_CLICK, timeout=10, allow_redirects=False)
            assert (200, {}) == (answer.status_code, answer.cookies.get_dict())
        assert ["consent.given", "consent.objected"] == [
            one.topic for one in bench.journal() if one.topic.startswith("consent")
        ]


def test_several_at_once_are_one_objection(migrated_database_url):
    """A button that is pressed twice, and the mail program beside it."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["marketing"])
        answers = in_threads([lambda: requests.post(link, timeout=30).status_code] * 4)
        assert [200] * 4 == answers
        assert 1 == sum(one.topic == "consent.objected" for one in bench.journal())


def test_law_16_feed_05_the_link_never_ends(migrated_database_url):
    """Ten years later it still does what it says."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["marketing"])
        bench.clock.move(START + 3_650 * DAY)
        assert "You get no more offers" in words(requests.post(link, timeout=10))


def test_who_has_the_mail_refuses_for_the_mailbox(migrated_database_url):
    """An order of Ann's that names Bob's address: Bob refuses, and Ann is still written to at hers."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        consent(bench, email=BOB)
        to_bob = order("1", customer="7", email=BOB)
        mails = written_to(bench, order("9", email=BOB), customer("7", email=ANN), to_bob)
        mail = next(one for one in mails.values() if one.recipient == BOB and one.unsubscribe)
        requests.post(at(url, mail), timeout=10)
        later = START + 3 * HOUR
        bench.tell(
            order("2", customer="7", placed=later),
            order("3", customer="7", email=BOB, placed=later),
            at=later,
        )
        bench.run(DAY)
        assert "accepted" == fates(bench, "2")["marketing"]
        assert "objected" == fates(bench, "3")["marketing"]


def test_who_refuses_everything_has_refused_something_before(migrated_database_url):
    """One purpose was: the button is still there, and now ends the others as well."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["marketing"])
        bench.aftercare.consents.refuse(email=ANN, purpose=Purpose.REVIEW_REQUEST)
        assert "Stop them" in words(requests.get(link, timeout=10))
        requests.post(link, data=ONE_CLICK, timeout=10)
        later = bench.clock.now()
        bench.tell(order("2", placed=later), at=later)
        bench.run(DAY)
        assert {"marketing": "objected", "review_request": "objected", "survey": "objected"} == {
            label: code for label, code in fates(bench, "2").items() if label != "service"
        }


def test_a_later_consent_shows_the_button_again(migrated_database_url):
    """Somebody may think otherwise, twice."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["marketing"])
        requests.post(link, timeout=10)
        bench.clock.move(bench.clock.now() + HOUR)
        consent(bench)
        assert "Stop them" in words(requests.get(link, timeout=10))
        requests.post(link, timeout=10)
        assert "You get no more offers" in words(requests.get(link, timeout=10))


@pytest.mark.parametrize(("spoken", "told"), [("ja-JP,en;q=0.5", "停止"), ("en-GB", "Stop"), ("", "Stop")])
def test_once_the_mail_is_forgotten_the_page_speaks_the_language_of_the_browser(
    migrated_database_url, spoken, told
):
    """Copies go after a while, or with an erasure; the link goes on working. Else it is the brand's."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        link = at(url, written_to(bench)["marketing"])
        erase_whoever(bench, ANN)
        page = requests.get(link, headers={"Accept-Language": spoken}, timeout=10)
        assert 200 == page.status_code
        assert told in words(page)


def test_the_page_speaks_the_language_of_the_mail(migrated_database_url):
    """Whatever the browser is set to."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        mails = written_to(bench, customer("7", email=ANN, locale="ja"), order("1", customer="7"))
        page = requests.get(at(url, mails["marketing"]), headers={"Accept-Language": "en"}, timeout=10)
        assert 'lang="ja"' in page.text
        assert "配信を停止しますか" in words(page)
