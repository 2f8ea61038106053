"""Whether the law of a place allows a message, as far as the rules below go.

`LAWS` is data: what each place asks for, with the rule that says so. Where a person may be in several places,
only what all of them allow is allowed. A person of whom no country is known is where the shop is. This checks
rules; it is no legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis, ConsentEntry
from aftercare_sdk.model.months import months_from
from aftercare_sdk.outreach.permission.consent import NOTHING_SAID, Standing
from aftercare_sdk.outreach.reasons import Reason

ADVERTISING = frozenset({Purpose.MARKETING, Purpose.REVIEW_REQUEST})
"""What needs a basis of its own. A survey without links to products is service; with them it is marketing."""
_TEXT_MESSAGES = frozenset({"sms"})
_EXPRESS = frozenset({Basis.EXPRESS})
_OPT_OUT = frozenset({Basis.EXPRESS, Basis.SOFT_OPT_IN, Basis.IMPLIED, Basis.NONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What one place allows advertising on, and the rule that says so.

    `months_after_purchase`: so long a purchase implies consent; 0: it does not. `text_messages`: on what
    short messages are allowed, where that is narrower, with its rule.
    """

    name: str
    bases: frozenset[Basis]
    rule: str
    months_after_purchase: int = 0
    text_messages: tuple[frozenset[Basis], str] | None = None

    def allows(self, channel: str) -> tuple[frozenset[Basis], str]:
        """Return on what advertising by a kind of channel is allowed, and the rule."""
        if self.text_messages is not None and channel in _TEXT_MESSAGES:
            return self.text_messages
        return self.bases, self.rule


JAPAN = Law(name="JP", bases=_EXPRESS, rule="LAW-03")
EUROPE = Law(name="EU", bases=frozenset({Basis.EXPRESS, Basis.SOFT_OPT_IN}), rule="LAW-13")
BRITAIN = Law(name="UK", bases=frozenset({Basis.EXPRESS, Basis.SOFT_OPT_IN}), rule="LAW-13")
AMERICA = Law(name="US", bases=_OPT_OUT, rule="LAW-16", text_messages=(_EXPRESS, "LAW-18"))
CANADA = Law(
    name="CA",
    bases=frozenset({Basis.EXPRESS, Basis.IMPLIED}),
    rule="LAW-17",
    months_after_purchase=24,
)
ELSEWHERE = Law(name="other", bases=_EXPRESS, rule="LAW-14")
"""A place that nobody has looked up: what is allowed everywhere."""

_UNION = (
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"  # the EU
    " IS LI NO"  # and the rest of the EEA
)
LAWS: Mapping[str, Law] = MappingProxyType(
    {
        "JP": JAPAN,
        **dict.fromkeys(_UNION.split(), EUROPE),
        "GB": BRITAIN,
        "US": AMERICA,
        "CA": CANADA,
    }
)
"""By ISO 3166-1 country; territories with codes of their own (PR, RE, GG) count as elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: may a message of this purpose be sent to this person by this kind of channel, now.

    `countries` are all in which the person may be; `home` is where the shop is. `purchased_at` is when the
    person has bought last. `categories` are what the message is about; empty: nobody says. `reclassified`:
    by country, why the shop holds review requests to be service there, in its own words.
    """

    purpose: Purpose
    channel: str
    now: datetime
    countries: frozenset[str] = frozenset()
    home: str = ""
    said: Standing = NOTHING_SAID
    purchased_at: datetime | None = None
    categories: frozenset[str] = frozenset()
    reclassified: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The answer: on what basis, or none; under which rule; `until` the basis ends, if it does.

    `why` is what the shop has recorded, if it holds something to be service.
    """

    code: Reason
    rule: str
    basis: Basis | None = None
    places: tuple[str, ...] = ()
    entry: ConsentEntry | None = None
    until: datetime | None = None
    why: str = ""

    @property
    def allowed(self) -> bool:
        """Whether there is a basis."""
        return self.basis is not None


def ruling_on(question: Question) -> Ruling:
    """Say whether there is a lawful basis. An objection beats everything but a later express consent."""
    countries = _places(question.countries, question.home)
    laws = _laws(countries)
    places = tuple(law.name for law in laws)
    if question.purpose is Purpose.TRANSACTIONAL:
        return Ruling(code=Reason.NEEDS_NO_CONSENT, rule="LAW-02", basis=Basis.CONTRACT, places=places)
    if question.said.objected:
        return Ruling(code=Reason.OBJECTED, rule="LAW-14", places=places, entry=question.said.objection)
    if question.purpose not in ADVERTISING:
        return Ruling(code=Reason.NEEDS_NO_CONSENT, rule="LAW-02", basis=Basis.CONTRACT, places=places)
    if question.purpose is Purpose.REVIEW_REQUEST:
        # What the shop holds to be service in a place needs no basis there.
        laws = _laws([country for country in countries if country not in question.reclassified])
        if not laws:
            why = "; ".join(dict.fromkeys(question.reclassified[country] for country in countries))
            return Ruling(
                code=Reason.RECLASSIFIED, rule="LAW-03", basis=Basis.CONTRACT, places=places, why=why
            )
    asked = [law.allows(question.channel) for law in laws]
    allowed = frozenset.intersection(*(bases for bases, _ in asked))
    # The place that allows the least is the one to be named.
    _, strictest = min(asked, key=lambda one: (len(one[0]), one[1]))
    basis, code, given, ends = _basis(question, laws, allowed)
    if code is Reason.NOT_CONFIRMED:
        # Being asked is no consent, here or on a platform.
        strictest = "LAW-21"
    return Ruling(code=code, rule=strictest, basis=basis, places=places, entry=given, until=ends)


_Basis = tuple[Basis | None, Reason, ConsentEntry | None, datetime | None]


def _basis(question: Question, laws: Sequence[Law], allowed: frozenset[Basis]) -> _Basis:
    """Return the best basis there is, why, what the person has said to that effect, and until when."""
    given = _given(question, allowed)
    if given is not None:
        return given.basis, Reason.CONSENT_GIVEN, given, given.until
    ends = _implied_until(question, laws) if Basis.IMPLIED in allowed else None
    if ends is not None:
        return Basis.IMPLIED, Reason.BOUGHT_RECENTLY, None, ends
    if Basis.NONE in allowed:
        return Basis.NONE, Reason.NO_CONSENT_ASKED, None, None
    return None, Reason.NOT_CONFIRMED if question.said.asked else Reason.NO_LAWFUL_BASIS, None, None


def _places(countries: Iterable[str], home: str) -> list[str]:
    return sorted({country.upper() for country in countries if country}) or [home.upper()]


def _laws(countries: Iterable[str]) -> tuple[Law, ...]:
    return tuple(dict.fromkeys(LAWS.get(country, ELSEWHERE) for country in countries))


def _given(question: Question, allowed: frozenset[Basis]) -> ConsentEntry | None:
    """Return what was given and fits; a soft opt-in only for products like what was bought (LAW-13)."""
    for entry in question.said.given:
        if entry.basis not in allowed:
            continue
        if entry.basis is Basis.SOFT_OPT_IN and not _is_similar(entry, question.categories):
            continue
        return entry
    return None


def _is_similar(entry: ConsentEntry, categories: frozenset[str]) -> bool:
    return entry.refusal_offered and (not entry.categories or not categories.isdisjoint(entry.categories))


def _implied_until(question: Question, laws: Iterable[Law]) -> datetime | None:
    """Return until when the last purchase implies consent, in all of these places; None: it does not now."""
    if question.purchased_at is None:
        return None
    months = min((law.months_after_purchase for law in laws if law.months_after_purchase), default=0)
    ends = months_from(question.purchased_at, months)
    return ends if question.now < ends else None
