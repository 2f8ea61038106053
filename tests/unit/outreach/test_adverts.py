from __future__ import annotations

import pytest

from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.outreach.compose import TemplateFailed
from aftercare_sdk.outreach.variables import VARIABLES
from tests.unit.outreach.samples import composer, template, variables

LOWER = sorted(set(Purpose) - {Purpose.MARKETING})


def adverts(*templates) -> list[str]:
    """Return what advertises in templates of one name, and where."""
    return [str(one) for one in composer(*templates).adverts.get("hello", ())]


@pytest.mark.parametrize("block", ["coupon", "recommendation"])
def test_a_block_renders_what_stands_in_it(block):
    """As if it was not there, with all that the language can do."""
    marked = f"{{% {block} %}}{{% if data.x %}}Take {{{{ data.x }}}}{{% endif %}}{{% end{block} %}}!"
    composed = composer(template(text=marked, html=marked)).compose(
        "hello", "en", variables(data={"x": "<5 %>"})
    )
    assert "Take <5 %>!\n" == composed.text
    assert "Take &lt;5 %&gt;!\n" == composed.html


def test_law_02_a_block_is_found_where_it_stands():
    """Also one that is shown to some customers only, in any part and language."""
    nested = "Hello\n{% if order %}\n{% coupon %}5 % off{% endcoupon %}{% endif %}\n"
    suggested = "<p>Hello</p>\n<p>{% recommendation %}A pot{% endrecommendation %}</p>"
    assert [
        "hello (en), text, line 3: {% coupon %} advertises",
        "hello (ja), html, line 2: {% recommendation %} advertises",
    ] == adverts(template(text=nested), template(locale="ja", html=suggested))


@pytest.mark.parametrize("name", ["coupon", "coupon_code", "discount", "recommended", "recommendations"])
def test_law_02_some_variables_are_for_advertising_only(name):
    """By the names under which plugins give them."""
    said = f"Hello\n{{% if data.{name} %}}Just for you{{% endif %}}"
    assert [f"hello (en), text, line 2: data.{name} advertises"] == adverts(template(text=said))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("{% for i in items %}{{ i.data.coupon }}{% endfor %}", "i.data.coupon"),
        ("{% tablerow i in items %}{{ i.data.coupon }}{% endtablerow %}", "i.data.coupon"),
        ("{{ items[0].data.coupon }}", "items.0.data.coupon"),
        ("{{ items.first.data.coupon }}", "items.first.data.coupon"),
        ("{% assign d = data %}{{ d.coupon }}", "d.coupon"),
        ("{% assign i = items | last %}{% if i.data.coupon %}x{% endif %}", "i.data.coupon"),
        ("{% capture c %}{{ data.coupon }}{% endcapture %}{{ c }}", "data.coupon"),
        ("{% liquid\nassign d = data\necho d.coupon\n%}", "d.coupon"),
        ('{{ data["coupon"] }}', "data.coupon"),
        ("{% assign coupon = data.code %}{{ coupon }}", "coupon"),
        ('{{ items | map: "data" | map: "coupon" }}', 'map: "coupon"'),
        ("{{ data | map:'coupon' | first }}", "map:'coupon'"),
        ("{% liquid\nassign d = data | map: 'coupon'\necho d\n%}", "map: 'coupon'"),
        ('{% assign d = items | map: "data" | where: "coupon" %}{{ d.size }}', 'where: "coupon"'),
    ],
)
def test_law_02_what_advertises_is_found_by_any_way_to_it(said, found):
    """In a loop over what was merged, under another name, by a filter."""
    text = f"Hello\n{said}"
    line = 2 + said.partition(found if found in said else "coupon")[0].count("\n")
    assert [f"hello (en), text, line {line}: {found} advertises"] == adverts(template(text=text))


@pytest.mark.parametrize(
    "said",
    [
        "{% for pair in data %}{{ pair[1] }}{% endfor %}",
        "{% for i in items %}{% for pair in i.data %}{{ pair.last }}{% endfor %}{% endfor %}",
        "{{ data | first | last }}",
    ],
)
def test_law_02_nobody_prints_strings_of_a_plugin_without_their_names(said):
    """One of them may be a coupon."""
    with pytest.raises(SettingsError, match="data is a group of variables; name one of them"):
        composer(template(text=f"Hello {said}"))


def test_law_02_every_variable_that_is_declared_may_be_used_in_any_purpose():
    """Only a plugin's own names can advertise."""
    said = " ".join(
        f"{{% if {path.replace('[]', '[0]').replace('*', 'code')} %}}x{{% endif %}}" for path in VARIABLES
    )
    assert [] == adverts(template(text=f"Hello {said} {{{{ data.code | append: 'coupon' }}}}"))


def test_a_code_that_was_bought_and_a_word_in_a_comment_advertise_nothing():
    """A code for points is what the customer has paid for."""
    said = "{% comment %}{% coupon %}{% endcoupon %}{% endcomment %}Your code: {{ data.code }}"
    assert [] == adverts(template(text=said))


@pytest.mark.parametrize("purpose", LOWER)
def test_law_02_what_advertises_is_for_marketing_only(purpose):
    """The mistake names the place and the cure."""
    texts = composer(template(text="A\n{% coupon %}5 % off{% endcoupon %}"), template(name="plain"))
    texts.check_purpose("hello", Purpose.MARKETING)
    texts.check_purpose("plain", purpose)
    with pytest.raises(TemplateFailed) as error:
        texts.check_purpose("hello", purpose)
    assert (
        f"hello (en), text, line 2: {{% coupon %}} advertises, and the message is {purpose.value}; "
        'make it purpose = "marketing" or take that out of the template (LAW-02)'
    ) == str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "{% coupon %}5 % off",
        "5 % off{% endcoupon %}",
        "{% coupon %}{% endrecommendation %}",
        "{% coupon 5 %}x{% endcoupon %}",
    ],
)
def test_a_block_without_its_other_end_is_a_mistake_of_the_template(wrong):
    """Found when the templates are read."""
    with pytest.raises(SettingsError):
        composer(template(text=wrong))
