"""A timeline in an operator's words, Japanese or English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from aftercare_sdk.cli.output import clean
from aftercare_sdk.engine.declining import in_words
from aftercare_sdk.engine.timeline import Entry, EntryKind, Told
from aftercare_sdk.model.people import Identity
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.sentences import say
from aftercare_sdk.store.decisions import DECLINED

CHECKS = ("timeline.check.passed", "timeline.check.stopped")
_ARROW = " → "
_DATES = {"ja": "%Y/%m/%d %H:%M", "en": "%Y-%m-%d %H:%M"}


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says everything in one language, on one clock."""

    lang: str
    zone: tzinfo

    def say(self, told: Told) -> str:
        """Return a sentence on one line."""
        values = dict(told.values)
        if told.code == DECLINED:
            return self._line(in_words(values, self.lang) or self.phrase("reason", values["reason"]))
        if "reason" in values and told.code == Reason.CANCELLED_BY_PLUGIN:
            values["reason"] = self.phrase("reason", values["reason"])
        if told.code == Reason.AWAITING_READ and "object" in values:
            kind, _, name = values["object"].partition(" ")
            values["object"] = f"{self.phrase('word', kind)} {name}"
        return self._line(say(told.code, values, self.lang, zone=self.zone))

    @staticmethod
    def _line(text: str) -> str:
        return " ".join(clean(text).splitlines())

    def phrase(self, group: str, value: str) -> str:
        """Return a code of a group in words; what nobody has words for is shown as it is."""
        code = f"{group}.{value}"
        said = say(code, {}, self.lang)
        return value if said == code else said

    def word(self, code: str) -> str:
        """Return a fixed word or heading."""
        return say(code, {}, self.lang)

    def headline(self, entry: Entry) -> str:
        """Return what an entry is about."""
        return self.say(Told(code=entry.code, values=entry.values))

    def kind(self, kind: EntryKind) -> str:
        """Return what an entry tells of."""
        return self.phrase("kind", kind.value)

    def why(self, entry: Entry) -> str:
        """Return the reason of an entry, or nothing."""
        return "" if entry.reason is None else self.say(entry.reason)

    def rule(self, entry: Entry) -> str:
        """Return the rule of an entry, or nothing."""
        return self.phrase("rule", entry.rule) if entry.rule else ""

    def lines(self, entry: Entry) -> Iterator[str]:
        """Yield what stands below the headline: reason, rule, checks on one line, and the rest."""
        if entry.reason is not None:
            yield self.say(Told(code="timeline.why", values={"why": self.why(entry)}))
        if entry.rule:
            known = self.rule(entry) != entry.rule
            code = "timeline.rule" if known else "timeline.rule_of"
            yield self.say(Told(code=code, values={"rule": entry.rule}))
        checks = [self.say(told) for told in entry.detail if told.code in CHECKS]
        if checks:
            yield self.say(Told(code="timeline.checks", values={"checks": _ARROW.join(checks)}))
        for told in entry.detail:
            if told.code not in CHECKS:
                yield self.say(told)

    def time(self, entry: Entry) -> str:
        """Return when it was, on the operator's clock."""
        return self.moment(entry.at)

    def moment(self, at: datetime) -> str:
        """Return a moment as columns have it, on the operator's clock."""
        return f"{at.astimezone(self.zone):{_DATES[self.lang]}}"

    def identity(self, identity: Identity) -> str:
        """Return one way in which a customer is known."""
        values = {"shop": identity.shop, "value": identity.value}
        return self.say(Told(code=f"timeline.identity.{identity.kind.value}", values=values))
