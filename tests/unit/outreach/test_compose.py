from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.errors import ConfigurationError, InputError, SettingsError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.compose import MissingVariable, TemplateFailed, UnknownTemplate
from aftercare_sdk.outreach.variables import ShopCard
from tests.unit.outreach.samples import HANA, composer, order, template, variables


def problems(**changes: str) -> tuple[str, ...]:
    """Return what is wrong with a template."""
    with pytest.raises(SettingsError) as error:
        composer(template(**changes))
    return error.value.problems


def test_a_message_has_a_subject_a_text_and_an_html_part():
    """Filled from one set of variables, escaped where it is HTML (REND-06, REND-10)."""
    composed = composer(
        template(
            subject="Order {{ order.number }}",
            text="{{ data.note }}\n",
            html="<p>{{ data.note }}</p>\n",
        )
    ).compose("hello", "en", variables(data={"note": "Tea & <cake>"}))
    assert "Order 1042" == composed.subject
    assert "Tea & <cake>\n" == composed.text
    assert "<p>Tea &amp; &lt;cake&gt;</p>\n" == composed.html


def test_rend_06_the_subject_is_one_clean_line():
    """Line breaks of the file or of a value do not end a header."""
    subject = composer(template(subject="Hi\n{{ data.name }}\n")).compose(
        "hello", "en", variables(data={"name": "Hana\r\nBcc: all@example.com\x07"})
    )
    assert "Hi Hana Bcc: all@example.com" == subject.subject


def test_rend_06_the_text_has_no_control_characters():
    """Lines end without spaces, the message with one line break."""
    composed = composer(template(text="\n\na \n{{ data.x }}\t\n\n\n")).compose(
        "hello", "en", variables(data={"x": "b\x00\r\nc\x1b[31m\u202e"})
    )
    assert "a\nb\nc[31m\n" == composed.text


@pytest.mark.parametrize(
    ("locale", "shop_locale", "expected"),
    [
        ("ja-JP", "en", ("ja", "￥1")),
        ("fr", "ja", ("en", "¥1")),
        ("fr", "de", ("en", "¥1")),
        ("pt_BR", "en", ("pt-BR", "JP¥\xa01")),
        ("pt", "en", ("en", "¥1")),
        ("", "", ("en", "¥1")),
    ],
)
def test_the_best_language_there_is_is_used(locale, shop_locale, expected):
    """Requested, its language, English, the shop's; amounts follow the words."""
    texts = composer(*(template(locale=each, text="{{ order.total }}") for each in ("en", "ja", "pt-BR")))
    composed = texts.compose(
        "hello", locale, variables(order=order(total=Money(1, "JPY"))), shop_locale=shop_locale
    )
    assert expected == (composed.locale, composed.text.strip())


def test_rend_09_amounts_follow_the_persons_country_within_the_language():
    """One English template writes pounds to Britain and dollars to America as they are used to."""
    texts = composer(template(text="{{ order.total | money }} {{ order.placed_on | date }}"))
    filled = variables(order=order(total=Money(1_250, "USD")))
    assert "US$12.50 22 November 2026\n" == texts.compose("hello", "en_GB", filled).text
    assert "$12.50 November 22, 2026\n" == texts.compose("hello", "en_US", filled).text
    assert "US$12.50 22 November 2026\n" == texts.compose("hello", "fr", filled, shop_locale="en-GB").text


def test_rend_12_the_version_is_that_of_the_sources_and_the_digest_that_of_the_words():
    """What went out can be recognised without keeping it."""
    first = composer(template(text="{{ order.number }}"))
    other = composer(template(text="{{ order.number }}."))
    one, same = (first.compose("hello", "en", variables()) for _ in range(2))
    two = first.compose("hello", "en", variables(order=order(number="7")))
    three = other.compose("hello", "en", variables())
    assert (one.version, one.digest) == (same.version, same.digest)
    assert (one.version, False) == (two.version, one.digest == two.digest)
    assert one.version != three.version
    assert 64 == len(one.version) == len(one.digest)


def test_words_to_a_person_do_not_show_in_logs():
    """The repr of a composed message holds no personal data."""
    composed = composer(template(text="{{ customer.family_name }}")).compose("hello", "en", variables())
    assert "小川" not in repr(composed)


def test_an_unknown_template_says_where_it_was_looked_for():
    """A configuration error, which a retry cannot mend."""
    with pytest.raises(UnknownTemplate, match=r"no template 'hallo' in ja, en; add one") as error:
        composer(template()).compose("hallo", "ja", variables())
    assert isinstance(error.value, ConfigurationError)


@pytest.mark.parametrize(
    ("text", "missing", "line"),
    [
        ("Hello {{ customer.given_name }},", "customer.given_name", 1),
        ("Hello\n{{ customer.given_name | upcase }}", "customer.given_name", 2),
        ("\n\n{{ data.colour }}", "data.colour", 3),
        ("{{ order.total | money }}", "order.total", 1),
        ("{% for line in order.lines %}{{ line.paid }}{% endfor %}{{ shop.url }}", "shop.url", 1),
    ],
)
def test_rend_05_a_missing_variable_is_its_own_error(text, missing, line):
    """There is no "Hello ,"; the error names the variable and the line, and nobody's data."""
    texts = composer(template(text=text))
    filled = variables(
        contact=Contact(family_name="小川"), shop=ShopCard(name="Tea"), order=order(total=None)
    )
    with pytest.raises(MissingVariable) as error:
        texts.compose("hello", "en", filled)
    assert (missing, line, "text") == (error.value.variable, error.value.line, error.value.part)
    assert isinstance(error.value, InputError)
    assert f"hello (en), text, line {line}: {missing} is not known" == str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{% for i in (1..2000) %}x{% endfor %}", "line 1: loop iteration limit"),
        ("\n{{ data.secret | divided_by: 0 }}", "line 2: filter argument"),
        ("{% for i in (1..900) %}{{ data.long }}{% endfor %}", "line 1: output stream limit"),
        ("{% if data.secret > 1 %}{% endif %}", "line 1: liquid type"),
        ("{% if data.nothing %}x{% endif %}", "text: came out empty"),
    ],
)
def test_rend_04_a_template_that_breaks_gives_no_half_message(text, problem):
    """The error names template, line and kind of problem; no value of the person is in it or behind it."""
    texts = composer(template(text=text))
    with pytest.raises(TemplateFailed) as error:
        texts.compose("hello", "en", variables(data={"secret": "s3cret", "long": "s3cret" * 200}))
    assert problem in str(error.value)
    assert "s3cret" not in f"{error.value}{error.value.__cause__}"
    assert error.value.__suppress_context__ or error.value.__context__ is None
    assert isinstance(error.value, ConfigurationError)


@given(st.dictionaries(st.text(), st.text()), st.text(), st.text(), st.text())
def test_whatever_people_are_called_a_message_comes_out_whole(data, family, given_name, number):
    """Or says what is missing; no name, number or plugin's string breaks a template."""
    texts = composer(
        template(text="{{ customer | salutation }} {{ order.number | default: '-' }} {{ data.x }}")
    )
    filled = variables(
        contact=Contact(family_name=family, given_name=given_name),
        order=order(number=number),
        data={"x": "x", **data},
    )
    try:
        composed = texts.compose("hello", "ja", filled)
    except MissingVariable as error:
        assert "data.x" == error.variable  # noqa: PT017
    else:
        assert composed.text.isprintable() or "\n" in composed.text


class TestConstruction:
    def test_rend_05_every_undeclared_variable_is_found_with_line_and_cure(self):
        """At construction, all of them, in every part."""
        assert [
            "subject, line 1: there is no variable order.nummer (did you mean order.number?)",
            "text, line 2: there is no variable customer.nickname (did you mean customer.given_name?)",
            "text, line 3: there is no variable order.lines[0].titel (did you mean order.lines[].title?)",
        ] == [
            problem.removeprefix("hello (en), ")
            for problem in problems(
                subject="{{ order.nummer }}",
                text="\n{{ customer.nickname }}\n{{ order.lines[0].titel }}",
            )
        ]

    @pytest.mark.parametrize("name", ["now", "today", "coupon", "x.y.z", "data.a.b", "shop"])
    def test_rend_05_what_is_not_declared_cannot_be_used(self, name):
        """Liquid's own `now` would read the clock; groups are no texts."""
        assert "line 1: there is no variable" in problems(text=f"{{{{ {name} }}}}")[0]

    def test_rend_05_names_inside_loops_are_checked(self):
        """The analysis does not know what a loop goes over; a trial with a sample does."""
        found = problems(text="{% for line in order.lines %}\n{{ line.titel }}{% endfor %}")
        assert "hello (en), text, line 2: there is no variable line.titel" in found[0]

    @pytest.mark.parametrize("source", ["{{ data[order.number] }}", "{{ [order.number] }}"])
    def test_names_are_written_out(self, source):
        """A name made from a person's data could not be checked, and would show in errors."""
        assert "takes its name from another variable; write the name out" in problems(text=source)[0]

    @pytest.mark.parametrize(
        "source",
        [
            "{{ order.lines.size }}",
            "{{ order.lines.first.title }}",
            "{{ order.lines[0].title }}",
            "{{ order.lines.last.paid | money }}",
            "{{ data.first }}",
            "{% assign total = order.total %}{{ total }}",
            "{% for line in order.lines %}{{ forloop.index }} {{ line.title }}{% endfor %}",
            "{% for i in (1..data.number) %}{{ i }}{% endfor %}x",
            "{{ order.placed_on | date: 'full' }}",
        ],
    )
    def test_what_is_declared_is_accepted(self, source):
        """Lists, assigned names and every name under data."""
        composer(template(text=source))

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            ("a\n{{ order.number", "line 2: expected '}}', found end of file"),
            ("{% if order %}", "text: expected tag endif, found end of expression"),
            ("{% nope %}", "line 1: unexpected tag 'nope'"),
            ("{{ order.number | upcas }}", "line 1: there is no filter upcas (did you mean upcase?)"),
            ("{{ order.number | safe }}", "line 1: there is no filter safe"),
            ("{{ customer | money }}", "line 1: money is for amounts such as order.total"),
            ("{{ order }}", "line 1: order is a group of variables; print one of them"),
            (
                "{{ order.placed_on | date: '%Y' }}",
                "line 1: date knows the formats short, medium, long, full",
            ),
            (" \n", "text: empty; write it, every message has subject, text, html (REND-10)"),
        ],
    )
    def test_mistakes_are_found_before_anything_is_due(self, source, problem):
        """Syntax, unknown filters, wrong use of values, missing parts: each with template and line."""
        found = problems(text=source)
        assert 1 == len(found)
        assert problem in found[0]
        assert found[0].startswith("hello (en), text")

    @pytest.mark.parametrize(
        "html",
        [
            '<script src="x"></script>',
            '<link rel="stylesheet" href="https://fonts.example">',
            "<style>@import url(x)</style>",
            "< IFRAME>",
            "<form>",
        ],
    )
    def test_rend_03_mails_load_and_run_nothing(self, html):
        """Nothing from elsewhere, nothing active."""
        assert "mails load and run nothing (REND-03)" in problems(html=f"<p>\n{html}")[0]

    @pytest.mark.parametrize(
        ("locale", "cure"), [("ja_JP", "write it ja-JP"), ("klingon", "write it ja, en")]
    )
    def test_a_locale_has_one_spelling(self, locale, cure):
        """A template under another would never be found."""
        found = problems(locale=locale)
        assert 1 == len(found)
        assert found[0].startswith(f"hello ({locale}): not the spelling of a locale; {cure}")

    def test_all_problems_of_all_templates_are_told_at_once(self):
        """Nobody mends them one start at a time."""
        with pytest.raises(SettingsError) as error:
            composer(template(text="{{ a }}", html="{{ b }}"), template(locale="ja", subject="{{ c"))
        assert 3 == len(error.value.problems)
        assert str(error.value).startswith("the message templates cannot be used:")


def test_a_name_is_no_template(caplog):
    """Liquid in a customer's name is shown, not run."""
    composed = composer(template(text="{{ customer.full_name }}")).compose(
        "hello", "en", variables(contact=Contact(full_name="{{ order.total }}{% raw %}"))
    )
    assert "{{ order.total }}{% raw %}\n" == composed.text
    assert HANA.email not in caplog.text
