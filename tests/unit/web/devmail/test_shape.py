from __future__ import annotations

import pytest

from aftercare_sdk.web.devmail.shape import shape


def test_layout_stays_and_the_document_around_it_goes():
    """The body becomes a box with the margin that browsers give it, unless it has one of its own."""
    mail = (
        '<!DOCTYPE html><html lang="ja"><head><meta charset="utf-8"><title>Hi</title>'
        "<style>@media (max-width: 600px) { .a > b { padding: 0 } }</style></head>"
        '<body class="page" style="margin:0"><p style="color:red">a &amp; b &#12354;<br></p></body></html>'
    )
    assert (
        "<style>@media (max-width: 600px) { .a > b { padding: 0 } }</style>"
        '<div class="page" style="display:flow-root;margin:8px;margin:0">'
        '<p style="color:red">a &amp; b &#12354;<br></p></div>'
    ) == shape(mail)


@pytest.mark.parametrize(
    "mail",
    [
        "<script>alert(1)</script>",
        '<a href="https://x.example" onclick="a()">x</a>',
        '<img src="https://x.example/y.png" onerror="a()" width="20" height="10">',
        '<iframe src="https://x.example"><p>inside</p></iframe>',
        '<link rel="stylesheet" href="https://x.example"><base href="https://x.example">',
        "</template><script>alert(1)</script>",
        "<object data='https://x.example'><embed src='https://x.example'></object>",
        "<svg onload='a()'><use href='https://x.example'/></svg>",
        "<form action='https://x.example'></form>",
    ],
)
def test_nothing_in_it_can_do_anything(mail):
    """No scripts, no addresses, no way out of the template that it stands in."""
    made = shape(mail)
    assert not any(word in made for word in ("script", "x.example", "on", "template", "alert", "inside"))


def test_an_image_keeps_its_room():
    """Its size is layout; what it shows is not."""
    assert '<img width="20" height="10">' == shape('<img src="y.png" alt="y" width="20" height="10"/>')


def test_values_and_texts_stay_what_they_are():
    """Quotes do not end an attribute, and a lone < begins no element."""
    mail = "<p class='a\"b' hidden>1 < 2</p>"
    assert '<p class="a&quot;b" hidden>1 &lt; 2</p>' == shape(mail)


@pytest.mark.parametrize(
    ("mail", "made"),
    [
        ("<div><p>a", "<div><p>a</p></div>"),
        ("a</div></section>", "a"),
        ("<textarea><p>a", ""),
        ("<b>a<!-- <p> --><![if x]>b", "<b>ab</b>"),
    ],
)
def test_it_ends_where_it_ends(mail, made):
    """A mail with a mistake in it must not swallow the rest of the page."""
    assert made == shape(mail)


@pytest.mark.parametrize("mail", ["<style>p { margin: 0 }", "<style>p {}</style x><b>"])
def test_a_style_without_an_end_gets_one(mail):
    """Releases of Python read it differently; none of them leaves it open."""
    made = shape(mail)
    assert made.startswith("<style>")
    assert "</style" not in made.partition("</style>")[2]
    assert made.endswith(("</style>", "</b>"))
