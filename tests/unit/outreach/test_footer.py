from __future__ import annotations

from dataclasses import replace

import pytest

from aftercare_sdk.outreach.compose import Composed
from aftercare_sdk.outreach.footer import Footer, missing, with_footer

FOOTER = Footer(
    name="Hibi & Co.",
    address="1 Tea Row <2nd floor>",
    contact="care@hibi.example",
    unsubscribe="https://aftercare.example/c/token",
)
PLAIN = Composed(
    subject="New tea",
    text="New tea\n",
    html="<html><body><p>New tea</p></body></html>",
    locale="en",
    version="1",
)
OWN = replace(
    PLAIN,
    text=f"New tea\n{FOOTER.name}\n{FOOTER.address}\n{FOOTER.contact}\n{FOOTER.unsubscribe}\n",
    html=f"<body>Hibi &amp; Co. 1 Tea Row &lt;2nd floor&gt; {FOOTER.contact} "
    f'<a href="{FOOTER.unsubscribe}">No more</a></body>',
)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_law_01_whatever_is_not_said_is_added(lang):
    """To both parts, at the end of the body; afterwards nothing is missing."""
    written = with_footer(PLAIN, FOOTER, lang)
    assert () == missing(written, FOOTER)
    assert written.text.startswith("New tea\n\n--\nHibi & Co.\n")
    assert written.html.endswith("</div></body></html>")
    assert "Hibi &amp; Co.<br>1 Tea Row &lt;2nd floor&gt;<br>" in written.html


def test_a_template_that_says_it_itself_stays_as_it_is():
    """Nobody reads the same twice."""
    assert OWN == with_footer(OWN, FOOTER, "en")


def test_law_01_a_part_that_lacks_something_gets_all_of_it():
    """What stands in the text only is not seen by whoever reads the HTML."""
    for name in ("name", "address", "contact", "unsubscribe"):
        value = getattr(FOOTER, name)
        less = replace(OWN, text=OWN.text.replace(value, ""))
        assert (name,) == missing(less, FOOTER)
        assert () == missing(with_footer(less, FOOTER, "en"), FOOTER)


def test_law_01_what_stands_in_a_comment_is_not_shown():
    """A mail that hides its sender has none."""
    hidden = replace(OWN, html=f"<!-- {OWN.html} --><p>New tea</p>")
    assert ("name", "address", "contact", "unsubscribe") == missing(hidden, FOOTER)


def test_html_without_a_body_gets_it_at_the_end():
    """Some templates are a few paragraphs."""
    bare = replace(PLAIN, html="<p>New tea</p>")
    assert with_footer(bare, FOOTER, "en").html.startswith("<p>New tea</p><div")
