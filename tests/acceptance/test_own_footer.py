"""What advertises says who sent it and how to refuse, also in templates of the shop's own (LAW-01)."""

from __future__ import annotations

import pytest

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose
from aftercare_sdk.model.messages import Template
from tests.support.shop import DAY, LAWFUL, Bench, always, consent, note, order, program

LEGAL = LAWFUL["brand"]["legal"]
SAID = f"{LEGAL['name']}, {LEGAL['address']}, {LEGAL['contact']}"
ADVERT = note("ad", template="ad", purpose=Purpose.MARKETING)


class Templates(AftercareHooks):
    """Has one template, with a footer of its own that calls the link so."""

    def __init__(self, words):
        self._words = words

    @hookimpl
    def register_templates(self):
        text = f"Tea. {SAID}. {self._words}: {{{{ links.unsubscribe }}}}"
        html = f'<p>Tea. {SAID}. <a href="{{{{ links.unsubscribe }}}}">{self._words}</a></p>'
        return [Template(name="ad", locale="en", subject="Tea", text=text, html=html)]


def sent(url, words, **legal):
    """Return the advert of a shop, as it left."""
    plugins = {"templates": Templates(words), "ads": program(on_purchase=always(ADVERT))}
    config = {**LAWFUL, "brand": {"legal": {**LEGAL, **legal}}}
    with Bench(url, plugins, config=config) as bench:
        consent(bench)
        bench.tell(order())
        bench.run(DAY)
        (mail,) = bench.sent
        return mail


def test_law_01_a_footer_that_does_not_say_that_one_may_refuse_gets_another(migrated_database_url):
    """A name, an address, a contact and a link are not all of it."""
    mail = sent(migrated_database_url, "Here")
    assert "You can stop these messages at any time:" in mail.text
    assert "You can stop these messages at any time:" in mail.html


@pytest.mark.parametrize(
    ("words", "legal"), [("Unsubscribe", {}), ("Hier abmelden", {"refusal": ["abmelden"]})]
)
def test_law_01_a_footer_that_says_it_all_stays_alone(migrated_database_url, words, legal):
    """In words that are known, or that the shop has named."""
    mail = sent(migrated_database_url, words, **legal)
    assert 1 == mail.text.count(LEGAL["address"])
    assert 1 == mail.html.count(LEGAL["address"])
