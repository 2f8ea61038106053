"""What a person has said about being written to, and where that stands for one channel and purpose.

It is a function of the set of what was said, so the order in which it becomes known does not matter. An
objection beats everything but a later express consent by that person (LAW-14, LAW-21).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import ALL_CHANNELS, Basis, ConsentEntry, ConsentWord
from aftercare_sdk.model.consents import ConsentState, OptIn
from aftercare_sdk.model.records import ConsentRecord
from aftercare_sdk.model.records.consents import OBJECTIONS

COVERED = frozenset({Purpose.MARKETING, Purpose.REVIEW_REQUEST, Purpose.SURVEY})
"""What is meant by a word that names no purpose: all that is not part of a purchase."""
_STRENGTH = (Basis.EXPRESS, Basis.SOFT_OPT_IN, Basis.IMPLIED)
"""The bases that somebody can have told, the strongest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where it stands: what was given and still counts, the strongest first, and the objection that counts.

    With an objection only what the person has given expressly since then is in `given`. `asked`: the person
    was asked to confirm and has not yet, which is no consent.
    """

    given: tuple[ConsentEntry, ...] = ()
    objection: ConsentEntry | None = None
    asked: bool = False

    @property
    def objected(self) -> bool:
        """Whether the person does not want it: nothing that was given beats the objection."""
        return self.objection is not None and not self.given


NOTHING_SAID = Standing()


def standing(entries: Iterable[ConsentEntry], channel: str, purpose: Purpose, now: datetime) -> Standing:
    """Return where it stands at a moment. What was given later than that, or has ended, does not count.

    An objection counts whatever its date: a clock that is ahead of ours must not let a message leave.
    """
    said = [
        one
        for one in entries
        if (one.at <= now or one.word is ConsentWord.OBJECTED)
        and one.channel in {channel, ALL_CHANNELS}
        and (one.purpose is purpose or (one.purpose is None and purpose in COVERED))
    ]
    objection = _latest(one for one in said if one.word is ConsentWord.OBJECTED)
    given = [
        one
        for one in said
        if one.word is ConsentWord.GIVEN
        and (one.until is None or now < one.until)
        and (objection is None or (one.at > objection.at and one.by_person and one.basis is Basis.EXPRESS))
    ]
    asked = _latest(one for one in said if one.word is ConsentWord.ASKED)
    return Standing(
        given=tuple(sorted(given, key=_strongest_first)),
        objection=objection,
        asked=asked is not None and not given and (objection is None or asked.at > objection.at),
    )


def agreed_again(entries: Iterable[ConsentEntry], channel: str, since: datetime, now: datetime) -> bool:
    """Tell whether a person who refused everything has expressly agreed since then, and not refused again.

    Their own word ended it, so their own word lets it begin anew: nobody else's does (LAW-14).
    """
    said = [one for one in entries if since < one.at and one.channel in {channel, ALL_CHANNELS}]
    given = _latest(
        one
        for one in said
        if one.word is ConsentWord.GIVEN and one.by_person and one.basis is Basis.EXPRESS and one.at <= now
    )
    refused = _latest(one for one in said if one.word is ConsentWord.OBJECTED and one.purpose is None)
    return given is not None and (refused is None or given.at > refused.at)


def agreed_to(
    entries: Iterable[ConsentEntry], channel: str, purpose: Purpose, since: datetime, now: datetime
) -> bool:
    """Tell whether a person who refused one purpose has expressly agreed to it since then."""
    given = standing(entries, channel, purpose, now).given
    return any(one.at > since and one.by_person and one.basis is Basis.EXPRESS for one in given)


def _strongest_first(one: ConsentEntry) -> tuple[object, ...]:
    return _STRENGTH.index(one.basis), -one.at.timestamp(), one.source, one.form, one.order


def _latest(several: Iterable[ConsentEntry]) -> ConsentEntry | None:
    return max(several, key=lambda one: one.at, default=None)


def told_by_platform(record: ConsentRecord) -> tuple[ConsentEntry, ...]:
    """Return what a platform says of an account as entries of the ledger (LAW-21).

    PENDING is no consent yet, and neither is "nobody has objected", nor what nobody dates: that it was read
    today does not say that it was given today. Only a tick of which the platform says that the person made it
    counts as the person's own act; so a refusal before it is told as well. A refusal outlives the account.
    """
    is_gone = record.deleted is not None and record.deleted.value
    state = record.state.value if record.state and not is_gone else None
    word = _WORDS.get(state) if state else None
    changed = record.state.version.modified_at if record.state else None
    at = record.since.value if record.since else changed
    opt_in = record.opt_in.value if record.opt_in else OptIn.UNKNOWN
    ticked = opt_in is not OptIn.UNKNOWN
    said = [(word, at, ticked)] if word is not None and at is not None else []
    if record.objected is not None:
        said.append((ConsentWord.OBJECTED, record.objected.value, ticked or state not in OBJECTIONS))
    return tuple(
        ConsentEntry(
            channel=record.channel.value if record.channel else "email",
            purpose=None,
            word=one,
            at=moment,
            by_person=by_person,
            source=f"{record.shop}/consent/{record.id}",
            actor="platform",
        )
        for one, moment, by_person in said
    )


_WORDS = {
    ConsentState.SUBSCRIBED: ConsentWord.GIVEN,
    ConsentState.PENDING: ConsentWord.ASKED,
}
