from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.catalog import builtin_templates
from aftercare_sdk.outreach.compose import Composer
from aftercare_sdk.outreach.variables import ShopCard
from tests.unit.outreach.samples import TOKYO, order, variables

TEMPLATES = {(each.name, each.locale): each for each in builtin_templates()}
COMPOSER = Composer(TEMPLATES)
ITEMS = ["煎茶 100g", "急須", "@chaho"]
SHOWN = {"thank-you": [*ITEMS, "4,320", "6,920"], "how-to-use": ITEMS}
BARE = variables(
    contact=Contact(), shop=ShopCard(name="山の茶舗"), order=order(total=None, lines=()), zone=TOKYO
)

LINK = "https://aftercare.example/c/sample"
FILLED = variables(
    data={
        "words": "Yes, <write> to me.",
        "company": "Hibi",
        "address": "1 Tea Row",
        "contact": "care@hibi.example",
    },
    links={"confirm": LINK},
)
"""What each of them can be written from."""
OF_ORDERS = [one for one in TEMPLATES if one[0] in SHOWN]


class Outline(HTMLParser):
    """What a mail program would open and load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.words = ""

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src", "background", "action"}]

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "title"}:
            self.words += data


def outline(html: str) -> Outline:
    """Read the HTML, of which every element must be closed."""
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert [] == parser.open
    return parser


def test_the_japanese_mail_reads_like_a_japanese_shops():
    """Subject with the shop and the number; name, thanks, order, contact, signature."""
    mail = COMPOSER.compose("thank-you", "ja", variables())
    assert "【山の茶舗】ご注文ありがとうございます（ご注文番号 1042）" == mail.subject
    assert mail.text.startswith(
        "小川 花子 様\n\nこの度は、山の茶舗をご利用いただき、誠にありがとうございます。\n"
    )
    for words in (
        "ご注文番号：1042\nご注文日　：2026年11月22日\n",
        "・煎茶 100g\n　数量 2　￥4,320\n・急須\n　数量 1　￥2,000\n",
        "お支払い合計：￥6,920\n",
        "山の茶舗\nお問い合わせ：support@chaho.example\nhttps://chaho.example\n",
    ):
        assert words in mail.text


def test_the_english_mail_is_plain_and_friendly():
    """The same content, in the manner of the language."""
    mail = COMPOSER.compose("thank-you", "en", variables())
    assert "Thank you for your order from 山の茶舗 (order 1042)" == mail.subject
    assert mail.text.startswith("Hi 花子,\n\nThank you for your order.")
    for words in (
        "Order date:   November 22, 2026",
        "Quantity 2, ¥4,320",
        "Total: ¥6,920",
        "support@chaho.example",
    ):
        assert words in mail.text


def test_the_japanese_help_asks_whether_it_arrived():
    """A delivery may be assumed, so it is asked and not claimed; then the items, tips, and whom to ask."""
    mail = COMPOSER.compose("how-to-use", "ja", variables())
    assert "【山の茶舗】商品はお手元に届きましたでしょうか（ご注文番号 1042）" == mail.subject
    for words in (
        "ご注文番号：1042\nご注文日　：2026年11月22日\n",
        "・煎茶 100g\n　数量 2\n・急須\n　数量 1\n",
        "・初めてお使いになる前に、説明書や商品の表示をお読みください。\n",
        "■ 商品の破損・不足、未着の場合\n",
        "下記のお問い合わせ先までご連絡くださいませ。\n",
        "山の茶舗\nお問い合わせ：support@chaho.example\nhttps://chaho.example\n",
    ):
        assert words in mail.text


def test_the_english_help_is_plain_and_friendly():
    """The same content, in the manner of the language."""
    mail = COMPOSER.compose("how-to-use", "en", variables())
    assert "Has your order from 山の茶舗 arrived? (order 1042)" == mail.subject
    for words in (
        "Hi 花子,\n\nYour order from 山の茶舗 should have reached you by now.",
        "* 煎茶 100g\n  Quantity 2\n* 急須\n  Quantity 1\n",
        "* Read the instructions and the label.\n",
        "Is something damaged or missing, or has nothing arrived yet?\n",
        "You can reach us at support@chaho.example; please tell us your order number.\n",
    ):
        assert words in mail.text


@pytest.mark.parametrize(("name", "locale"), OF_ORDERS)
def test_what_is_not_known_is_left_out(name, locale):
    """Without a name, lines, a total, a contact or an address the mail is still whole."""
    mail = COMPOSER.compose(name, locale, BARE)
    assert {"ja": "お客様", "en": "Hi there,"}[locale] == mail.text.splitlines()[0]
    assert "\n\n\n" not in mail.text
    assert not re.search(r"[￥¥]|合計|Total|お問い合わせ：|http", mail.text)


@pytest.mark.parametrize(("name", "locale"), OF_ORDERS)
@pytest.mark.parametrize("filled", [variables(), BARE], ids=["full", "bare"])
def test_rend_10_both_parts_say_the_same(name, locale, filled):
    """Whoever reads the text part misses nothing that the HTML part shows."""
    mail = COMPOSER.compose(name, locale, filled)
    words = outline(mail.html).words
    shown = ["1042", "2026"] + (SHOWN[name] if filled is not BARE else [])
    for part in (mail.text, words):
        assert [] == [each for each in shown if each not in part]


@pytest.mark.parametrize(("name", "locale"), TEMPLATES)
def test_law_02_a_service_message_sells_nothing(name, locale):
    """No coupon, no link, no product to buy: else it would be advertising and need consent."""
    template = TEMPLATES[name, locale]
    selling = r"coupon|discount|offer|sale\b|buy|クーポン|割引|セール|お得|おすすめ|キャンペーン|ポイント"
    for part in (template.subject, template.text, template.html):
        assert not re.search(selling, part, re.IGNORECASE)
    links = [LINK] if name == "confirm-consent" else []
    assert links == outline(COMPOSER.compose(name, locale, FILLED).html).links


@pytest.mark.parametrize(("name", "locale"), TEMPLATES)
def test_rend_03_the_html_loads_nothing_and_suits_every_screen(name, locale):
    """One column, fonts of the system, light and dark, the language of its words, a preheader."""
    html = COMPOSER.compose(name, locale, FILLED).html
    assert f'<html lang="{locale}">' in html
    assert "url(" not in html
    assert "Hiragino" in html
    assert "Noto Sans CJK JP" in html
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html
    body = html.partition("<body")[2]
    assert body.index("display:none") < body.index("<table")
    assert len(html.encode()) < 102_400, "Gmail cuts off what is longer"


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_mail_that_asks_to_confirm_says_what_is_agreed_to_and_who_asks(locale):
    """In both parts, with the link, and nothing of an order or a name that nobody has proved (LAW-17)."""
    mail = COMPOSER.compose("confirm-consent", locale, FILLED)
    for part in (mail.text, outline(mail.html).words):
        for words in ("Yes, <write> to me.", "Hibi", "1 Tea Row", "care@hibi.example"):
            assert words in part
        assert not re.search("1042|小川|花子", part)
    assert LINK in mail.text


@pytest.mark.parametrize("name", SHOWN)
def test_rend_06_a_name_brings_no_markup(name):
    """An order placed with markup in every field shows it as text."""
    evil = '<img src=x onerror="alert(1)">'
    filled = variables(contact=Contact(full_name=evil), order=order(number=evil))
    mail = COMPOSER.compose(name, "ja", filled)
    assert evil in mail.text
    assert [] == outline(mail.html).links
    assert "<img" not in mail.html
