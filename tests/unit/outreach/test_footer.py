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
    text=f"New tea\n{FOOTER.name}\n{FOOTER.address}\n{FOOTER.contact}\nUnsubscribe: {FOOTER.unsubscribe}\n",
    html=f"<body>Hibi &amp; Co. 1 Tea Row &lt;2nd floor&gt; {FOOTER.contact} "
    f'<a href="{FOOTER.unsubscribe}">Unsubscribe</a></body>',
)


def refusing(words, footer=FOOTER):
    """Return what is missing in a message whose own footer says so that one may refuse."""
    own = replace(
        OWN, text=OWN.text.replace("Unsubscribe", words), html=OWN.html.replace("Unsubscribe", words)
    )
    return missing(own, footer)


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


@pytest.mark.parametrize(
    "words",
    [
        "UNSUBSCRIBE here",
        "You can opt\nout at any time",
        "If you no longer wish to get such mails",
        "配信停止はこちら",
        "今後のご案内の配信を停止する",
        "メールの受信拒否",
        "購読を解除する",
    ],
)
def test_law_01_a_sentence_says_that_one_may_refuse(words):
    """In words that are known, in any language; capitals and the ends of lines do not matter."""
    assert () == refusing(words)


@pytest.mark.parametrize("words", ["Here", "Manage your account", "こちら", "お問い合わせ"])
def test_law_01_a_link_without_the_words_does_not_say_that_one_may_refuse(words):
    """A bare link tells nobody what it is for; so the footer is added, with its sentence."""
    assert ("refuse",) == refusing(words)
    bare = replace(OWN, html=OWN.html.replace("Unsubscribe", words))
    assert () == missing(with_footer(bare, FOOTER, "en"), FOOTER)
    assert with_footer(bare, FOOTER, "en").text.endswith(
        f"You can stop these messages at any time:\n{FOOTER.unsubscribe}\n"
    )


def test_law_01_the_sentence_stands_near_the_link():
    """Somewhere else it may be about something else."""
    assert () == refusing(f"Unsubscribe{'.' * 150}")
    assert ("refuse",) == refusing(f"Unsubscribe{'.' * 250}")
    behind = replace(PLAIN, text=f"{OWN.text.replace('Unsubscribe', 'Here')} to opt out", html=OWN.html)
    assert () == missing(behind, FOOTER)


def test_law_01_the_name_of_a_page_is_no_sentence():
    """That the address of the link has the word in it tells nobody anything."""
    named = replace(FOOTER, unsubscribe="https://unsubscribe.hibi.example/c/token")
    own = replace(
        OWN,
        text=OWN.text.replace("Unsubscribe", "Here").replace(FOOTER.unsubscribe, named.unsubscribe),
        html=OWN.html.replace("Unsubscribe", "Here").replace(FOOTER.unsubscribe, named.unsubscribe),
    )
    assert ("refuse",) == missing(own, named)


def test_law_01_a_shop_has_words_of_its_own():
    """In a language that the SDK does not know, or in another manner."""
    assert ("refuse",) == refusing("Hier abmelden")
    assert () == refusing("Hier abmelden", replace(FOOTER, refusal=("Abmelden",)))


@pytest.mark.parametrize(
    "hidden",
    [
        "<div hidden>{}</div>",
        '<div style="color:red; display : none">{}</div>',
        "<table><tr style='visibility:hidden'><td>{}</td></tr></table>",
        "<p>See<span style='DISPLAY:NONE !important'><b>{}</b></span></p>",
        "<style>{}</style>",
        "<title>{}</title>",
    ],
)
def test_law_01_what_is_not_displayed_is_not_shown(hidden):
    """Nor is what stands in it; what follows it is."""
    said = OWN.html.removeprefix("<body>").removesuffix("</body>")
    assert ("name", "address", "contact", "unsubscribe") == missing(
        replace(OWN, html=f"{hidden.format(said)}<p>Tea</p>"), FOOTER
    )
    assert () == missing(replace(OWN, html=f"{hidden.format('Tea')}<p>{said}"), FOOTER)


def test_law_01_a_link_of_which_nothing_is_seen_is_none():
    """Nobody can follow it; a picture can be followed."""
    words = f"Unsubscribe <a href='{FOOTER.unsubscribe}'>"
    for seen, expected in (("", ("unsubscribe",)), ("<img src='cid:out'>", ())):
        html = OWN.html.replace("Unsubscribe", "").replace("</body>", f"{words}{seen}</a></body>")
        assert expected == missing(replace(OWN, html=html), FOOTER)


def test_what_stands_on_several_lines_is_read_as_one():
    """An address is written in lines, a name in bold letters."""
    html = OWN.html.replace("Hibi &amp; Co.", "<b>Hibi</b> &amp;&nbsp;Co.").replace("Row ", "Row<br>\n  ")
    assert () == missing(replace(OWN, html=html, text=OWN.text.replace("Tea Row", "Tea\nRow")), FOOTER)
