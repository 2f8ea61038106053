"""Double opt-in by mail: a form is no consent, the button behind the link is (LAW-04, 13, 14, 17, 21)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests

from aftercare_sdk.actions import Purpose
from aftercare_sdk.engine.consenting import said_by_whom
from aftercare_sdk.errors import ConfigurationError, InputError
from aftercare_sdk.model.consent_ledger import Basis, ConsentWord
from aftercare_sdk.model.messages import Refused
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint
from tests.support.erasures import erase_whoever
from tests.support.shop import (
    DAY,
    HOUR,
    LAWFUL,
    START,
    Bench,
    always,
    customer,
    in_threads,
    note,
    order,
    program,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
PUBLIC = LAWFUL["server"]["public_url"]
WORDS = "Yes, Hibi may send me <offers> & news by mail."
FORM = {"form": "newsletter-2026-05", "words": WORDS, "url": "https://hibi.example/news"}
ADVERT = note("advert", purpose=Purpose.MARKETING)


def shop(url: str, **more) -> Bench:
    """Return a shop that advertises after each purchase."""
    given = {"config": LAWFUL, **more}
    return Bench(url, {"adverts": program(on_purchase=always(ADVERT))}, **given)


def ask(bench: Bench, email: str = ANN, **told) -> bool:
    """Say that somebody has filled in the form."""
    return bench.aftercare.consents.ask(email=email, **{**FORM, **told})


def asked(bench: Bench, **told) -> str:
    """Let somebody fill in the form; return the path of the link in the mail that came."""
    assert ask(bench, **told)
    bench.run_due()
    (path,) = re.findall(rf"{PUBLIC}(/c/\S+)", bench.sent[-1].text)
    return path


@contextmanager
def endpoint(bench: Bench) -> Iterator[str]:
    """Serve the shop; yield where."""
    with Endpoint(make_app(bench.aftercare, lambda: ({}, True)), "127.0.0.1", 0) as served:
        yield served.url


def press(bench: Bench, path: str) -> requests.Response:
    """Press the button of the page behind a link."""
    with endpoint(bench) as at:
        return requests.post(at + path, timeout=5)


def entries(bench: Bench, email: str = ANN) -> list[tuple[str, str, str]]:
    """Return what somebody has said, as it stands in the ledger."""
    with bench.aftercare.brand.database.read() as connection:
        said = said_by_whom(connection, email)
    return [(one.word.value, one.source, one.form) for each in said for one in each]


def gets_adverts(bench: Bench, number: str = "1", email: str = ANN) -> str:
    """Let somebody buy; return what became of the advert."""
    bench.tell(order(number, email=email, placed=bench.clock.now()))
    bench.process()
    bench.run_due()
    return bench.message("advert", number).code


def test_a_form_is_no_consent_and_the_button_is(migrated_database_url):
    """For somebody of whom nothing but the address is known; the proof is that of the form (LAW-04)."""
    with shop(migrated_database_url) as bench:
        path = asked(bench)
        assert [ANN] == [one.recipient for one in bench.sent]
        assert "not_confirmed" == gets_adverts(bench, "1")
        bench.clock.move(START + HOUR)
        assert 200 == press(bench, path).status_code
        assert "accepted" == gets_adverts(bench, "2")
        with bench.aftercare.brand.database.read() as connection:
            ((_, given),) = said_by_whom(connection, ANN)
        assert (ConsentWord.GIVEN, Basis.EXPRESS, True, "double_opt_in", START + HOUR) == (
            given.word,
            given.basis,
            given.by_person,
            given.source,
            given.at,
        )
        digest = hashlib.sha256(WORDS.encode()).hexdigest()
        assert ("newsletter-2026-05", digest, FORM["url"]) == (given.form, given.form_hash, given.url)


def test_feed_04_looking_changes_nothing(migrated_database_url):
    """Programs open every link before the person does; the page shows the words that are agreed to."""
    with shop(migrated_database_url) as bench, endpoint(bench) as at:
        path = asked(bench)
        for method in ("GET", "HEAD", "GET"):
            page = requests.request(method, at + path, timeout=5)
            assert 200 == page.status_code
        assert "Yes, Hibi may send me &lt;offers&gt; &amp; news by mail." in page.text
        assert '<form method="post">' in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert [("asked", "form", "newsletter-2026-05")] == entries(bench)
        pressed = requests.post(at + path, timeout=5)
        assert "<form" not in pressed.text
        assert pressed.text == requests.get(at + path, timeout=5).text


def test_several_clicks_are_one_consent(migrated_database_url):
    """Also at the same moment."""
    with shop(migrated_database_url) as bench, endpoint(bench) as at:
        path = asked(bench)
        jobs = [lambda: requests.post(at + path, timeout=10).status_code] * 4
        assert [200] * 4 == in_threads(jobs)
        assert ["asked", "given"] == [word for word, _, _ in entries(bench)]


def test_law_14_the_later_act_of_the_person_wins(migrated_database_url):
    """An objection between asking and clicking does not undo the click, and one after it does."""
    with shop(migrated_database_url) as bench:
        path = asked(bench)
        bench.clock.move(START + HOUR)
        bench.aftercare.consents.refuse(email=ANN)
        assert "objected" == gets_adverts(bench, "1")
        bench.clock.move(START + 2 * HOUR)
        press(bench, path)
        assert "accepted" == gets_adverts(bench, "2")
        bench.clock.move(START + 3 * HOUR)
        bench.aftercare.consents.refuse(email=ANN)
        assert "objected" == gets_adverts(bench, "3")


def test_the_link_ends_after_seven_days(migrated_database_url):
    """Then the page says so, leads to the form, and the button of an open page does nothing."""
    with shop(migrated_database_url) as bench, endpoint(bench) as at:
        path = asked(bench)
        bench.clock.move(START + 7 * DAY - timedelta(seconds=1))
        assert 200 == requests.get(at + path, timeout=5).status_code
        bench.clock.move(START + 7 * DAY)
        for method in ("GET", "POST"):
            page = requests.request(method, at + path, timeout=5)
            assert (410, False) == (page.status_code, "<form" in page.text)
            assert f'href="{FORM["url"]}"' in page.text
        assert [("asked", "form", "newsletter-2026-05")] == entries(bench)


@pytest.mark.parametrize("pressed", [False, True])
def test_law_20_the_link_counts_no_more_after_an_erasure(migrated_database_url, pressed):
    """Whether or not it was used before: it says so, and brings nobody back. The form can be used anew."""
    with shop(migrated_database_url) as bench, endpoint(bench) as at:
        path = asked(bench)
        if pressed:
            assert 200 == requests.post(at + path, timeout=5).status_code
        erase_whoever(bench, ANN)
        before = len(bench.journal())
        for method in ("get", "post", "post"):
            page = requests.request(method, at + path, timeout=5)
            assert (410, False) == (page.status_code, "<form" in page.text)
            assert f'href="{FORM["url"]}"' in page.text
        assert ([], before) == (entries(bench), len(bench.journal()))
        bench.clock.move(START + HOUR)
        assert 200 == requests.post(at + asked(bench), timeout=5).status_code
        assert "accepted" == gets_adverts(bench)


def test_nobody_is_asked_twice_a_day_for_one_form(migrated_database_url):
    """Whoever types the address, in whatever spelling; a day later it works again."""
    with shop(migrated_database_url) as bench:
        bench.tell(customer("7"))
        bench.process()
        assert [True, False, False] == [ask(bench), ask(bench), ask(bench, ANN.upper())]
        assert ask(bench, form="club")
        bench.run(DAY - HOUR)
        assert not ask(bench)
        bench.run(HOUR)
        assert ask(bench)
        bench.run_due()
        assert 3 == len(bench.sent)


def test_what_was_filled_in_long_ago_stands_in_nobodys_way(migrated_database_url):
    """It is noted, without a mail; whoever fills in the form today gets one."""
    with shop(migrated_database_url) as bench:
        assert not ask(bench, at=START - 30 * DAY)
        assert ask(bench)
        bench.run_due()
        assert 1 == len(bench.sent)


def test_several_forms_at_the_same_moment_are_one_mail(migrated_database_url):
    """Somebody presses the button of the form again and again."""
    with shop(migrated_database_url) as bench:
        assert [False, False, True] == sorted(in_threads([lambda: ask(bench)] * 3))
        bench.run_due()
        assert 1 == len(bench.sent)


def test_law_17_the_mail_answers_what_was_filled_in_and_advertises_nothing(migrated_database_url):
    """It says who asks, goes out at once or not at all, and is no marketing; also in Canada."""
    config = {**LAWFUL, "brand": {**LAWFUL["brand"], "country": "CA"}}
    with shop(migrated_database_url, config=config) as bench:
        asked(bench)
        mail, legal = bench.sent[-1], LAWFUL["brand"]["legal"]
        for part in (mail.text, mail.html):
            assert all(legal[name] in part for name in ("name", "address", "contact"))
        assert "" == mail.unsubscribe
        assert Purpose.TRANSACTIONAL.value == bench.message("confirm-consent").purpose
        assert not ask(bench, BOB, at=START - DAY)
        assert [("asked", "form", "newsletter-2026-05")] == entries(bench, BOB)


@pytest.mark.parametrize(
    ("locale", "title"), [("ja", "メール配信のご登録の確認"), ("en-GB", "Confirm your subscription")]
)
def test_mail_and_page_speak_the_language_of_the_form(migrated_database_url, locale, title):
    """Japanese or English."""
    with shop(migrated_database_url) as bench, endpoint(bench) as at:
        path = asked(bench, locale=locale)
        page = requests.get(at + path, headers={"Accept-Language": "fr"}, timeout=5).text
        assert f"<h1>{title}</h1>" in page
        assert f'<html lang="{locale[:2]}">' in page


def test_send_06_nothing_of_it_works_where_nothing_arrives(migrated_database_url):
    """No mail to an address that has bounced for good, and no link that leads there."""
    with shop(migrated_database_url) as bench:
        path = asked(bench)
        bounced = Report(
            kind=OutcomeKind.BOUNCED,
            reason=RejectReason.BOUNCED,
            message=bench.message("confirm-consent").id,
            at=START,
            body=b"gone",
        )
        bench.aftercare.tell_outcomes("email", [bounced])
        assert 410 == press(bench, path).status_code
        bench.run(2 * DAY)
        assert not ask(bench)
        assert [("asked", "form", "newsletter-2026-05")] == entries(bench)


def test_who_has_the_mailbox_consents_for_it_and_for_nothing_else(migrated_database_url):
    """Whoever forwards the link cannot subscribe somebody else's address, nor make one up."""
    with shop(migrated_database_url) as bench, endpoint(bench) as at:
        path = asked(bench)
        wrong = path[:-1] + ("A" if path[-1] != "A" else "B")
        assert 404 == requests.post(at + wrong, timeout=5).status_code
        press(bench, path)
        assert [] == entries(bench, BOB)
        assert "no_lawful_basis" == gets_adverts(bench, "9", BOB)


def test_a_mail_that_was_refused_leaves_nothing_to_confirm(migrated_database_url):
    """Somebody has typed an address that does not exist."""
    with shop(migrated_database_url) as bench:
        bench.probe.answers.append(Refused("no such mailbox"))
        assert ask(bench)
        bench.run_due()
        assert "refused" == bench.message("confirm-consent").code
        assert "not_confirmed" == gets_adverts(bench)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"form": ""}, "LAW-04"),
        ({"words": ""}, "LAW-04"),
        ({"email": "ann@"}, "none that mail can be sent to"),
        ({"at": START + DAY}, "later than now"),
    ],
)
def test_what_proves_nothing_is_not_asked_for(migrated_database_url, told, problem):
    """Neither is what cannot have been filled in."""
    with shop(migrated_database_url) as bench, pytest.raises(InputError, match=problem):
        ask(bench, **told)


@pytest.mark.parametrize(
    ("config", "cure"),
    [({"server": LAWFUL["server"]}, "brand.legal"), ({"brand": LAWFUL["brand"]}, "public_url")],
)
def test_who_cannot_be_named_asks_nobody(migrated_database_url, config, cure):
    """The error says what to configure."""
    with shop(migrated_database_url, config=config) as bench, pytest.raises(ConfigurationError, match=cure):
        ask(bench)
