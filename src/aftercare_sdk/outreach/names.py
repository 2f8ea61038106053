"""How people are addressed. A full name is never split: nobody can tell where the family name ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.characters import one_line
from aftercare_sdk.outreach.locales import parse_locale

# REND-08: languages that put the family name first, with the form of the name, of the address, and the
# address of somebody whose name is not known.
_FAMILY_FIRST: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "ja": ("{family} {given}", "{name} 様", "お客様"),
        "ko": ("{family} {given}", "{name} 님", "고객님"),
        "zh": ("{family}{given}", "{name}", "您"),
    }
)
_HAS_TITLE = re.compile(r"(様|さま|さん|殿|先生|御中)$")
_IS_ORGANISATION = re.compile(
    r"(株式|有限|合同|合資|合名)会社|(社団|財団|医療|学校|宗教|社会福祉|非営利活動)法人"
    r"|[㈱㈲]|[(（][株有同][)）]|(商店|商会)$"
)


def full_name(*, family: str, given: str, full: str, locale: str) -> str:
    """Return the name on one line in the order of the language, "" if there is none."""
    family, given, full = one_line(family), one_line(given), one_line(full)
    if not family and not given:
        return full
    forms = _FAMILY_FIRST.get(_language(locale))
    pattern = "{given} {family}" if forms is None else forms[0]
    return pattern.format(family=family, given=given).strip()


def salutation(*, family: str, given: str, full: str, locale: str) -> str:
    """Address a person: `小川 花子 様` or `お客様` in Japanese, a given name or `there` elsewhere.

    REND-08. A name that carries a title already gets no second one, and an organisation gets 御中.
    """
    forms = _FAMILY_FIRST.get(_language(locale))
    if forms is None:
        return one_line(given) or "there"
    _, address, nobody = forms
    name = full_name(family=family, given=given, full=full, locale=locale)
    if not name:
        return nobody
    if _language(locale) == "ja":
        if _HAS_TITLE.search(name):
            return name
        if _IS_ORGANISATION.search(name):
            return f"{name} 御中"
    return address.format(name=name)


def display_name(contact: Contact, locale: str) -> str:
    """Return the name to put before the address in a mail's To line."""
    return full_name(
        family=contact.family_name, given=contact.given_name, full=contact.full_name, locale=locale
    )


def _language(locale: str) -> str:
    parsed = parse_locale(locale)
    return "" if parsed is None else parsed.language
