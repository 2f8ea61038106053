"""A reward by the link in a message: what customers see, what they get once, and what nobody can forge."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import unescape

import pytest
import requests

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Action, Purpose, Scope, SendMessage
from aftercare_sdk.engine.logs import write_logs
from aftercare_sdk.engine.redeeming import cancel
from aftercare_sdk.errors import CommandRefused, StorageUnavailable
from aftercare_sdk.model.commands import Discount, IssueCode, TagCustomer
from aftercare_sdk.model.messages import Template
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.rewards import Reward
from aftercare_sdk.outreach.tokens import Token, Use, write_token
from aftercare_sdk.store import control, journal, redemptions
from aftercare_sdk.store.redemptions import Redemption
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.customers.app import MOST_BYTES
from aftercare_sdk.web.serve import Endpoint
from tests.support.points import ANN, available, basket, delivered, person, reading, shop_with
from tests.support.shop import DAY, HOUR, START, Bench, customer, in_threads

PUBLIC = "https://aftercare.example"
REWARDS = {
    "thirty": {"cost": 30, "amount": {"GBP": 3}, "valid_for": "10 days", "minimum": {"GBP": 20}},
    "tenth": {"cost": 30, "percent": 10},
    "delivery": {"cost": 30, "free_shipping": True},
    "tea": {"cost": 30, "product": "tea-1", "worth": {"GBP": 5}},
    "early": {"cost": 20, "tag": "early-<access>"},
}
BROWSER = {"Content-Type": "application/x-www-form-urlencoded"}


class PointsLetter(AftercareHooks):
    """Writes two weeks and a day after a delivery that there is something to be had for points."""

    def __init__(self, reward: str = "thirty") -> None:
        self.reward = reward

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        words = {"en": "Redeem your points", "ja": "ポイントを交換する"}
        return [
            Template(
                name="points-letter",
                locale=locale,
                subject=said,
                text=f"{said}: {{{{ links.redeem }}}}",
                html=f'<p><a href="{{{{ links.redeem }}}}">{said}</a></p>',
            )
            for locale, said in words.items()
        ]

    @hookimpl
    def on_delivery(self, event, ctx) -> Iterable[Action]:
        return [
            SendMessage(
                reason="points can be spent",
                template="points-letter",
                purpose=Purpose.SERVICE,
                label="points-letter",
                delay=15 * DAY,
                data={"reward": self.reward},
            )
        ]


def shop(url: str, reward: str = "thirty", **more: object) -> Bench:
    """Return a shop whose program writes about a reward."""
    config = {
        "server": {"public_url": PUBLIC},
        "brand": {"name": "Hibi & <Co>"},
        **shop_with({"rewards": REWARDS}),
    }
    return Bench(url, {"letters": PointsLetter(reward)}, config={**config, **more})


def written_to(bench: Bench, *orders: object) -> list[str]:
    """Let these orders be delivered and written about; return the tokens of the mails, in their order."""
    if orders:
        bench.tell(*orders)
    bench.run(START + 17 * DAY)
    found = [re.search(r"https://aftercare\.example/c/(\S+)", mail.text) for mail in bench.sent]
    return [match[1] for match in found if match]


def bought(number: str = "1", **changes: object) -> object:
    """Draw an order of customer 7 that brings fifty points."""
    return basket(number, **{"customer": "7", **delivered(), **changes})


@contextmanager
def serving(bench: Bench) -> Iterator[str]:
    """Serve the pages on loopback."""
    with Endpoint(make_app(bench.aftercare, dict), "127.0.0.1", 0) as endpoint:
        yield endpoint.url


def look(url: str, token: str, **headers: str) -> requests.Response:
    """Open a link."""
    return requests.get(f"{url}/c/{token}", headers=headers, timeout=30)


def press(url: str, token: str) -> requests.Response:
    """Press the button; a browser follows to where it is sent."""
    return requests.post(f"{url}/c/{token}", headers=BROWSER, timeout=30)


def words(answer: requests.Response) -> str:
    """Return what a page says, without its style."""
    page = re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def redeemed(bench: Bench, whom: str = ANN) -> list[Redemption]:
    """Return all that a customer has redeemed."""
    with reading(bench) as connection:
        return redemptions.of_identities(connection, person(bench, whom))


def test_the_link_of_a_mail_leads_to_a_page_with_one_button(migrated_database_url):
    """The reward, what it costs, what there is and what is left: nothing happens before it is pressed."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        (mail,) = bench.sent
        assert f'<a href="{PUBLIC}/c/{token}">' in mail.html
        with serving(bench) as url:
            answer = look(url, token)
        assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
        assert words(answer) == (
            "Get a reward for your points | Hibi & <Co> Hibi & <Co> Get a reward for your points Please "
            "check before you go on. Your points are used when you press the button. Reward £3.00 off "
            "Minimum order £20.00 Valid for 10 days Points needed 30 points Your points 50 points "
            "Points left afterwards 20 points Use 30 points This link works for one reward."
        )
        assert ('<html lang="en">', 1, 1) == (
            re.search("<html[^>]*>", answer.text)[0],
            answer.text.count("<button"),
            answer.text.count("<form"),
        )


def test_a_page_is_in_the_language_of_its_mail(migrated_database_url):
    """Whatever the browser asks for."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7", locale="ja"), bought())
        with serving(bench) as url:
            before = look(url, token, **{"Accept-Language": "en"})
            after = press(url, token)
        assert ['<html lang="ja">'] * 2 == [re.search("<html[^>]*>", one.text)[0] for one in (before, after)]
        assert (
            "ポイント交換 内容をご確認のうえ、ボタンを押してください。ボタンを押すとポイントが使われます。 "
            "特典 £3.00引きクーポン ご利用条件 £20.00以上のご注文 有効期間 交換から10日 "
            "必要ポイント 30ポイント "
            "現在のポイント 50ポイント 交換後のポイント 20ポイント 30ポイントと交換する "
            "このリンクで交換できるのは1回限りです。"
        ) in words(before)
        (done,) = redeemed(bench)
        assert f"ご注文手続きの画面で、次のコードを入力してください。 クーポンコード {done.code} " in words(
            after
        )
        assert "有効期限 2026年5月28日 9:00 現在のポイント 20ポイント" in words(after)


def test_programs_that_follow_links_redeem_nothing(migrated_database_url):
    """Scanners of mails open every link, some of them many times, before anybody reads the mail."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            in_threads([lambda: look(url, token) for _ in range(10)])
            head = requests.head(f"{url}/c/{token}", timeout=30)
        assert (200, b"") == (head.status_code, head.content)
        assert [] == redeemed(bench)
        assert 50 == available(bench)


def test_the_button_redeems_and_shows_the_code(migrated_database_url):
    """At once, for good, and for the mailbox that the mail went to."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            answer = press(url, token)
            (done,) = redeemed(bench)
            assert 20 == available(bench)
            assert [303] == [one.status_code for one in answer.history]
            assert f"{url}/c/{token}" == answer.url
            assert f"Your code {done.code} " in words(answer)
            assert "It can take a few minutes until it works." in words(answer)
            bench.run(HOUR)
            later = words(look(url, token))
        assert "It can take a few minutes" not in later
        assert "Valid until 28 May 2026, 9:00" in later
        (command,) = bench.shelf.performed
        assert isinstance(command, IssueCode)
        assert (done.code, ANN) == (command.code, command.email)


def test_a_second_click_shows_the_same_code(migrated_database_url):
    """A message is good for one reward, however often and from how many tabs the button is pressed."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought("1"), bought("2"))[:1]
        assert 100 == available(bench)
        with serving(bench) as url:
            answers = in_threads([lambda: press(url, token) for _ in range(4)])
            again = press(url, token)
        (done,) = redeemed(bench)
        assert [200] * 5 == [one.status_code for one in (*answers, again)]
        assert all(done.code in one.text for one in (*answers, again))
        assert 70 == available(bench)


def test_two_tabs_at_once_for_the_last_points(migrated_database_url):
    """Of two messages one has them; the other page says how many points are missing."""
    with shop(migrated_database_url) as bench:
        tokens = written_to(bench, customer("7"), bought("1", lines={"1": 25}), bought("2", lines={"1": 25}))
        with serving(bench) as url:
            answers = in_threads([lambda token=token: press(url, token) for token in tokens])
        assert [200, 409] == sorted(one.status_code for one in answers)
        (loser,) = [one for one in answers if one.status_code == 409]
        assert "Not enough points You are 10 points short of this reward." in words(loser)
        assert "Your points 20 points No points have been used." in words(loser)
        assert 1 == len(redeemed(bench))


def test_a_customer_without_an_account_may_redeem_by_the_link(migrated_database_url):
    """An address on an order proves nothing; a mail that arrived there does."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, bought(customer=None))
        with serving(bench) as url:
            assert "Your code AC-" in words(press(url, token))
        bench.run_due()
        (command,) = bench.shelf.performed
        assert ANN == command.email
        assert 20 == available(bench)


def test_a_message_about_an_account_redeems_for_the_account(migrated_database_url):
    """It goes to the address that the shop has of the account, and so does the code."""

    class Encore(PointsLetter):
        @hookimpl
        def on_delivery(self, event, ctx):
            return []

        @hookimpl
        def on_reward_changed(self, event, ctx):
            return [
                SendMessage(
                    reason="there are points left",
                    template="points-letter",
                    purpose=Purpose.SERVICE,
                    label="encore",
                    scope=Scope.CUSTOMER,
                    data={"reward": "thirty"},
                )
            ]

    with shop(migrated_database_url) as plain, plain.twin(plugins={"letters": Encore()}) as bench:
        bench.tell(customer("7"), bought("1"), bought("2"))
        bench.run(START + 17 * DAY)
        bench.aftercare.redeem("main", "7", "tenth", request="a click")
        (token,) = written_to(bench)
        with serving(bench) as url:
            assert "Your code AC-" in words(press(url, token))
        bench.run_due()
        assert ["tenth", "thirty"] == sorted(one.reward.name for one in redeemed(bench))
        assert [ANN, ANN] == [command.email for command in bench.shelf.performed]
        assert 40 == available(bench)


def test_another_mailbox_spends_nothing_of_an_account(migrated_database_url):
    """Who had an order written to a friend has not given the friend an account."""
    with shop(migrated_database_url) as bench:
        friend = bought(email="friend@customer.example")
        (token,) = written_to(bench, customer("7"), friend)
        assert ["friend@customer.example"] == [mail.recipient for mail in bench.sent]
        with serving(bench) as url:
            assert "Your points 0 points" in words(look(url, token))
            assert 409 == press(url, token).status_code
        assert 50 == available(bench, "main/7")


def test_an_order_that_is_somebody_elses_by_now(migrated_database_url):
    """The code would be made for whom the order names now: the link of the old mail leads nowhere."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, bought(customer=None))
        moved = bought(customer=None, email="bob@customer.example", modified=START + 16 * DAY)
        bench.tell(moved)
        bench.process()
        with serving(bench) as url:
            assert [404, 404] == [look(url, token).status_code, press(url, token).status_code]
        assert [] == redeemed(bench) + redeemed(bench, "bob@customer.example")


def test_forged_links_tell_nothing_and_do_nothing(migrated_database_url):
    """One letter, another key, another message, nonsense: all the same page, without anybody's name."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        message = bench.message("points-letter")
        forged = [
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            ("B" if token[0] != "B" else "C") + token[1:],
            token + "A",
            token[:-1],
            token.lower(),
            "x",
            "%00",
            "..%2f..%2fetc%2fpasswd",
            "<script>",
            "A" * 5_000,
            write_token(Token(use=Use.REDEEM, message=message.id), b"another key"),
        ]
        with serving(bench) as url:
            answers = [act(url, one) for one in forged for act in (look, press)]
            strangers = {(one.status_code, words(one)) for one in answers if b"/c/" not in one.content}
        told = (
            "This link does not work | Hibi & <Co> Hibi & <Co> This link does not work Perhaps a part of it "
            "is missing. Please open the link in the message once more."
        )
        # A token with slashes in it is another address altogether.
        assert {(404, told), (404, "Not Found")} == strangers
        assert [] == redeemed(bench)


def test_a_link_of_a_message_that_names_no_reward_leads_nowhere(migrated_database_url):
    """Nor does one that never left, whoever got hold of the key."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        bench.tell(bought("2", delivered={"p": START + 16 * DAY}))
        bench.process()
        planned = bench.message("points-letter", "2")
        with reading(bench) as connection:
            key = control.known_secret(connection, "links").encode()
        unknown = Token(use=Use.REDEEM, message="0190b2a4-7c1e-5c3e-9d3e-2f1d0c5a8b11")
        with serving(bench) as url:
            assert 200 == look(url, token).status_code
            assert [404, 404] == [
                press(url, write_token(each, key)).status_code
                for each in (Token(use=Use.REDEEM, message=planned.id), unknown)
            ]


def test_before_any_link_was_made_every_token_is_wrong(migrated_database_url):
    """And looking makes no key: it changes nothing at all."""
    with shop(migrated_database_url) as bench, serving(bench) as url:
        token = write_token(Token(use=Use.REDEEM, message="0190b2a4-7c1e-5c3e-9d3e-2f1d0c5a8b11"), b"key")
        assert 404 == look(url, token).status_code
        with reading(bench) as connection:
            assert control.known_secret(connection, "links") is None


def test_too_few_points_are_told_in_numbers(migrated_database_url):
    """Before the button could be pressed: there is none."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought(lines={"1": 29}))
        with serving(bench) as url:
            answer = look(url, token)
            assert "You are 1 point short of this reward." in words(answer)
            assert "<button" not in answer.text
            assert 409 == press(url, token).status_code
        assert 29 == available(bench)


def test_a_reward_that_has_ended_says_so(migrated_database_url):
    """The mail was written while it was there."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        fewer = {**bench.config, **shop_with({"rewards": {"early": REWARDS["early"]}})}
        with bench.twin(config=fewer) as later, serving(later) as url:
            assert "This reward has ended It can no longer be had for points. No points have been used." in (
                words(look(url, token))
            )
            assert 409 == press(url, token).status_code
        assert [] == redeemed(bench)


def test_what_was_had_is_shown_after_the_reward_has_ended(migrated_database_url):
    """The code is the customer's."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            press(url, token)
        (done,) = redeemed(bench)
        fewer = {**bench.config, **shop_with({"rewards": {"early": REWARDS["early"]}})}
        with bench.twin(config=fewer) as later, serving(later) as url:
            assert [200, 200] == [act(url, token).status_code for act in (look, press)]
            assert done.code in press(url, token).text


@pytest.mark.parametrize(
    ("reward", "told"),
    [
        ("tenth", "Reward 10% off Points needed"),
        ("delivery", "Reward Free shipping Points needed"),
        ("tea", "Reward £5.00 off Good for Certain products Points needed"),
        ("early", "Reward Member benefit “early-<access>” Points needed"),
    ],
)
def test_every_kind_of_reward_has_words(migrated_database_url, reward, told):
    """Made from what it is: rewards have no title for customers."""
    with shop(migrated_database_url, reward) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            answer = look(url, token)
        assert told in words(answer)
        assert "<access>" not in answer.text
        assert "Hibi & <Co>" not in answer.text


def test_a_tag_needs_an_account(migrated_database_url):
    """It is shown there, and nowhere else."""
    with shop(migrated_database_url, "early") as bench:
        bob = "bob@customer.example"
        tokens = written_to(bench, customer("7"), bought("1"), bought("2", customer=None, email=bob))
        to = dict(zip((mail.recipient for mail in bench.sent), tokens, strict=True))
        guest, member = to[bob], to[ANN]
        with serving(bench) as url:
            assert "You need an account for this reward" in words(look(url, guest))
            refused = press(url, guest)
            assert (409, True) == (refused.status_code, "No points have been used." in words(refused))
            assert "The reward is yours The shop shows it with your account" in words(press(url, member))
        bench.run_due()
        (command,) = bench.shelf.performed
        assert isinstance(command, TagCustomer)
        assert "7" == command.customer


def test_what_became_of_the_code_is_told(migrated_database_url):
    """Used, called off, expired, or never made: no page shows a code that does not work."""
    with shop(migrated_database_url) as bench:
        first, second, third = written_to(
            bench, customer("7"), *(bought(number, lines={"1": 40}) for number in "123")
        )
        with serving(bench) as url:
            press(url, first)
            bench.run_due()
            (used,) = redeemed(bench)
            bench.tell(
                bought("4", placed=bench.clock.now(), codes=(used.code,), shipped=None, delivered=None)
            )
            bench.run(HOUR)
            assert "This code has been used It was used for an order." in words(look(url, first))
            press(url, second)
            cancel(bench.aftercare.brand, redeemed(bench)[-1].code)
            bench.run(HOUR)
            called_off = words(look(url, second))
            assert "This code cannot be used any more The shop has called it off." in called_off
            assert "Your points have come back." in called_off
            bench.shelf.answers.append(CommandRefused("this platform knows no codes"))
            press(url, third)
            bench.run(HOUR)
            assert "The shop could not make the code." in words(look(url, third))
            assert [False] * 3 == [
                one.code in words(look(url, token))
                for one, token in zip(redeemed(bench), (first, second, third), strict=True)
            ]


def test_an_expired_code_is_told(migrated_database_url):
    """Its points are gone with it, as the reward says."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            press(url, token)
            bench.run(11 * DAY)
            told = words(look(url, token))
        assert "It has expired." in told
        assert "come back" not in told


def test_without_a_public_address_no_message_leaves(migrated_database_url):
    """A mail without its link would ask for nothing; the reason says what is missing."""
    with shop(migrated_database_url, server={}) as bench:
        assert [] == written_to(bench, customer("7"), bought())
        assert [] == bench.sent
        message = bench.message("points-letter")
        assert ("skipped", "missing_variable") == (message.state.value, message.code)
        assert message.detail["problem"].endswith(
            "links.redeem is not known; it needs public_url under [server], and the name of a reward that is "
            "offered as data.reward"
        )


@pytest.mark.parametrize("reward", ["forty", ""])
def test_no_mail_leads_to_a_reward_that_is_not_there(migrated_database_url, reward):
    """A slip of the pen in a program is told to the operator, not to the customer."""
    with shop(migrated_database_url, reward) as bench:
        assert [] == written_to(bench, customer("7"), bought())
        assert "missing_variable" == bench.message("points-letter").code


def test_the_address_in_a_mail_comes_from_the_configuration_only(migrated_database_url):
    """No header of a request gets into a page or a redirection."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", **BROWSER}
        with serving(bench) as url:
            answer = requests.post(f"{url}/c/{token}", headers=forged, allow_redirects=False, timeout=30)
            page = look(url, token, **forged)
        assert (303, token) == (answer.status_code, answer.headers["Location"])
        assert "evil" not in page.text + str(answer.headers) + str(page.headers)


def test_browsers_are_told_to_load_and_keep_nothing(migrated_database_url):
    """LAW-12: the page needs nothing from anywhere, and nobody is told the address that holds the token."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            found = look(url, token)
            answers = [found, look(url, "x"), press(url, "x"), press(url, token).history[0]]
        style = re.search(r"<style>(.*?)</style>", found.text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        expected = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
        }
        for answer in answers:
            assert expected == {name: answer.headers[name] for name in expected}
        assert [] == re.findall(r"https?://|src=|@import|url\(|<script|style=|\son\w+=", found.text)
        assert len(found.content) < 20_000


def test_other_methods_and_long_bodies_are_refused(migrated_database_url):
    """A form without fields sends nothing."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            address = f"{url}/c/{token}"
            assert [405, 405, 405] == [
                requests.request(method, address, timeout=30).status_code
                for method in ("PUT", "DELETE", "PATCH")
            ]
            long = b"x" * (MOST_BYTES + 1)
            assert [413, 413] == [
                requests.post(address, data=body, timeout=30).status_code for body in (long, iter([long]))
            ]
            assert [] == redeemed(bench)
            assert 200 == requests.post(address, data=b"x" * MOST_BYTES, timeout=30).status_code


def test_a_database_that_cannot_be_used_is_told_politely(migrated_database_url, monkeypatch):
    """With a promise that holds: pressing again is safe."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            look(url, token)

            def fail():
                raise StorageUnavailable("the database is away")

            with monkeypatch.context() as patched:
                patched.setattr(bench.aftercare.brand.database, "read", fail)
                answer = look(url, token, **{"Accept-Language": "ja-JP,ja;q=0.9"})
            assert (503, "30") == (answer.status_code, answer.headers["Retry-After"])
            assert "ポイントが二重に使われることはありません。" in words(answer)


def test_the_journal_says_that_a_link_has_redeemed(migrated_database_url):
    """One row, as for every redemption; neither the token nor the person stands in it."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        with serving(bench) as url:
            press(url, token)
            press(url, token)
        with reading(bench) as connection:
            rows = [one for one in journal.listing(connection) if one.topic == "rewards.redeem"]
        (done,) = redeemed(bench)
        (row,) = rows
        told = json.loads(row.body)
        assert ("link", "thirty", done.key) == (told["actor"], told["reward"], told["redemption"])
        assert "link" == done.actor
        assert token.encode() not in row.body
        assert ANN.encode() not in row.body


def test_the_log_holds_no_token(migrated_database_url, caplog):
    """Whoever reads logs must not be able to redeem."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought(lines={"1": 20}))
        write_logs()
        with serving(bench) as url:
            look(url, token)
            press(url, token)
        assert "not_enough_points" in caplog.text
        assert token not in caplog.text


def test_a_program_with_rewards_of_its_own_links_to_those(migrated_database_url):
    """And any other program to those of the loyalty program."""

    class Club(PointsLetter):
        def offered_rewards(self, config):
            return {"thirty": Reward(name="thirty", cost=10, discount=Discount(amount=Money(100, "GBP")))}

    with shop(migrated_database_url) as bench, bench.twin(plugins={"letters": Club()}) as club:
        (token,) = written_to(club, customer("7"), bought())
        with serving(club) as url:
            press(url, token)
        (done,) = redeemed(club)
        assert ("letters", 10) == (done.plugin, done.reward.cost)


def test_a_refund_between_mail_and_click_counts(migrated_database_url):
    """The page shows what there is now, not what there was when the mail was written."""
    with shop(migrated_database_url) as bench:
        (token,) = written_to(bench, customer("7"), bought())
        bench.tell(bought(refunds={"r": {"1": 45}}, modified=START + 17 * DAY))
        bench.run_due()
        with serving(bench) as url:
            assert "Your points 5 points" in words(look(url, token))
            assert 409 == press(url, token).status_code
