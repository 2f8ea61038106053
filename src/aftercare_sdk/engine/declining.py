"""What plugins say of what they do not plan: kept as a decision, and told again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.model.actions import Decline
from aftercare_sdk.outreach.sentences import LANGUAGES, catalogue
from aftercare_sdk.store import decisions
from aftercare_sdk.store.decisions import DECLINED, Decision
from aftercare_sdk.store.events import Known

_WORDS = "words."


def declining(plugin: str, known: Known, action: Decline, now: datetime) -> Decision:
    """Return the decision that a plugin plans nothing, in what it was told of an event."""
    words = {f"{_WORDS}{language}": words for language, words in action.words.items()}
    return Decision(
        at=now,
        identity=known.identity,
        plugin=plugin,
        event=known.event.id,
        verdict=DECLINED,
        code=action.code,
        detail={**action.values, **words, "label": action.label, "reason": action.reason},
    )


def note_declined(connection: Connection, made: Sequence[Decision]) -> None:
    """Write down what is new: a plugin that is told of an event again may say the same of it again."""
    known = {_name(one) for one in decisions.declined(connection, {one.event for one in made})}
    fresh = {_name(one): one for one in made if _name(one) not in known}
    decisions.append(connection, list(fresh.values()))


def reason_of(decision: Decision) -> tuple[str, Mapping[str, str]]:
    """Return the code and values of the sentence that tells why a plugin planned nothing.

    What it said is emptied when its customer is erased.
    """
    if not decision.detail:
        return "declined.forgotten", {}
    code = f"declined.{decision.code}"
    known = decision.code and all(code in catalogue(language) for language in LANGUAGES)
    return (code if known else DECLINED), decision.detail


def in_words(values: Mapping[str, str], language: str) -> str:
    """Return a plugin's reason in a language, if it has given it in that; else empty."""
    return values.get(f"{_WORDS}{language}", "")


def _name(one: Decision) -> tuple[str, ...]:
    return (one.event, one.plugin, one.detail.get("label", ""), one.detail.get("reason", ""))
