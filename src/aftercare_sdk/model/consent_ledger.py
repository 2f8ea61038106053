"""What persons have said about being written to, as it stands in the consent ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aftercare_sdk.model.actions import Purpose

ALL_CHANNELS = "*"


class Basis(StrEnum):
    """What allows a message that is more than part of a purchase."""

    EXPRESS = "express"
    """The person has said yes."""
    SOFT_OPT_IN = "soft_opt_in"
    """The address came with a purchase, and refusing was offered then (LAW-13)."""
    IMPLIED = "implied"
    """The person has bought or asked a while ago (LAW-17)."""
    CONTRACT = "contract"
    """It is part of a purchase."""
    NONE = "none"
    """Nothing is needed, as long as the person does not object (LAW-16)."""


class ConsentWord(StrEnum):
    """What was said."""

    GIVEN = "given"
    OBJECTED = "objected"
    ASKED = "asked"
    """The person was asked to confirm; that is no consent yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """One entry of the consent ledger: who said what, when, and how that can be proved (LAW-04).

    `channel` is a kind of channel, or `*` for all; `purpose` None: all that needs a consent. `by_person`: it
    was the person's own act. `form` names the version of the words that were agreed to, `form_hash` is their
    SHA-256. `source` is where it was said, `url` the page. A soft opt-in names its `order`, and whether
    `refusal_offered`; with `categories` it is for such products only.
    """

    channel: str
    purpose: Purpose | None
    word: ConsentWord
    at: datetime
    basis: Basis = Basis.EXPRESS
    until: datetime | None = None
    by_person: bool = True
    source: str = ""
    form: str = ""
    form_hash: str = ""
    url: str = ""
    order: str = ""
    refusal_offered: bool = False
    categories: tuple[str, ...] = ()
    actor: str = "customer"
