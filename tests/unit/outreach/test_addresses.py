from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.outreach.addresses import UnusableAddress, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hana@example.jp", "hana@example.jp"),
        (" hana+tea@example.co.jp ", "hana+tea@example.co.jp"),
        ("hana@例え.jp", "hana@xn--r8jz45g.jp"),
        ("花子@example.jp", "花子@example.jp"),
        ("trap@localhost", "trap@localhost"),
        ("o'hana@example.jp", "o'hana@example.jp"),
    ],
)
def test_addresses_take_the_form_that_servers_know(text, expected):
    """Domains become ASCII; the part before the @ stays as it is."""
    assert expected == str(parse_address(text))


@pytest.mark.parametrize("local", ["hana..k", "hana.", ".hana", "h.a..n.a."])
def test_old_japanese_carrier_addresses_are_quoted(local):
    """Carriers gave out addresses with dots where no standard allows them; quoted, they can be sent to."""
    assert f'"{local}"@docomo.example' == str(parse_address(f"{local}@docomo.example"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hana",
        "@example.jp",
        "hana@",
        "hana@exa mple.jp",
        "ha na@example.jp",
        "hana@example..jp",
        "hana@-example.jp",
        "a@b@example.jp",
        "hana@example.jp, all@example.jp",
        "hana@example.jp>\r\nRCPT TO:<all@example.jp",
        "Hana <hana@example.jp>",
        "hana\x00@example.jp",
        f"{'a' * 65}@example.jp",
        f"hana@{'a' * 64}.jp",
        f"hana@{'abc.' * 70}jp",
        "hana@[127.0.0.1]",
    ],
)
def test_what_no_server_takes_is_refused_without_repeating_it(text):
    """The error says what is wrong and not whose address it is."""
    with pytest.raises(UnusableAddress) as error:
        parse_address(text)
    assert "hana" not in str(error.value)


@given(st.text())
def test_whatever_is_accepted_is_one_command_argument(text):
    """No accepted address can end the command that it stands in."""
    try:
        address = str(parse_address(f"{text}@example.jp"))
    except UnusableAddress:
        return
    assert address.isprintable()
    assert not set("<> ") & set(address)
    assert address.endswith("@example.jp")
