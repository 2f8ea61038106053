"""What happened in the demo, counted and put into words, for the terminal, the page and `--json` alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aftercare_sdk.cli.demo.story import Story
from aftercare_sdk.cli.words import Speaker
from aftercare_sdk.engine import readings
from aftercare_sdk.engine.receive import PONG, SEEN
from aftercare_sdk.engine.timeline import Told
from aftercare_sdk.errors import Bug
from aftercare_sdk.model.events import EVENT_TYPES, Purchase
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.premises import NotSentWithin
from aftercare_sdk.outreach.sentences import catalogue
from aftercare_sdk.store.journal import Entry, Kind, State
from aftercare_sdk.store.messages import Message
from aftercare_sdk.web.devmail.letter import Letter, read_letter
from aftercare_sdk.web.devmail.trap import Caught


class Meaning(StrEnum):
    """What came of a webhook that was stored."""

    NEWS = "news"
    NO_NEWS = "no_news"
    NEEDED_READING = "needed_reading"
    IGNORED = "ignored"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """How many requests were received, and what they were; all but `received` and the last two add up to it.

    `posted_again` were posted a second time; those of them that carry no date of their own cannot be told
    from new ones at the door, so `repeated` is smaller. `reads` counts the objects that were read.
    """

    received: int
    pings: int
    repeated: int
    news: int
    no_news: int
    needed_reading: int
    ignored: int
    parked: int
    posted_again: int
    reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Messages that ended alike: their state and code, why in words, and how many they are."""

    state: MessageState
    code: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check that a message has passed: its rule, and what it found."""

    rule: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as the trap received it, and why it was sent. `date` is virtual, like the header."""

    id: str
    shop: str
    order: str
    date: datetime
    reason: str
    checks: tuple[Check, ...]
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A message that was planned and not sent."""

    label: str
    shop: str
    order: str
    address: str = field(repr=False)
    state: MessageState
    code: str
    rule: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that the demo shows. `events` are in the order in which they befall an order.

    `purchases_before` are older than the demo: the shop's history, for which nothing is sent.
    """

    story: Story
    speaker: Speaker
    webhooks: Webhooks
    events: Mapping[str, int]
    purchases_before: int
    fates: tuple[Fate, ...]
    mails: tuple[Mail, ...]
    unsent: tuple[Unsent, ...]

    def say(self, code: str, /, **values: object) -> str:
        """Return a sentence of the catalogues."""
        told = {name: str(value) for name, value in values.items()}
        return self.speaker.say(Told(code=code, values=told))


def report(story: Story, speaker: Speaker) -> Report:
    """Count what happened and put it into words. Raises Bug if the books and the mails do not agree."""
    by_id = {message.id: message for message in story.messages}
    mails = tuple(_mail(caught, by_id, story, speaker) for caught in story.mails)
    accepted = {message.id for message in story.messages if message.state is MessageState.ACCEPTED}
    if {mail.id for mail in mails} != accepted or len(mails) != len(accepted):
        raise Bug(f"{len(accepted)} messages count as accepted, and {len(mails)} mails arrived")
    kinds = Counter(event.kind for event in story.events)
    return Report(
        story=story,
        speaker=speaker,
        webhooks=_webhooks(story),
        events={type_.kind: kinds[type_.kind] for type_ in EVENT_TYPES if kinds[type_.kind]},
        purchases_before=sum(
            isinstance(event, Purchase) and event.occurred_at < story.began_at for event in story.events
        ),
        fates=_fates(story, speaker),
        mails=mails,
        unsent=tuple(
            _unsent(message, story, speaker)
            for message in sorted(story.messages, key=lambda one: one.final_at or one.planned_at)
            if message.id not in accepted
        ),
    )


def moment(at: datetime, speaker: Speaker) -> str:
    """Return a time on the operator's clock, as timelines tell it."""
    date = "%Y/%m/%d" if speaker.lang == "ja" else "%Y-%m-%d"
    return f"{at.astimezone(speaker.zone):{date} %H:%M}"


def meaning(entry: Entry) -> Meaning:
    """Return what came of a webhook, as far as its outcome tells."""
    if entry.state is State.IGNORED:
        return Meaning.IGNORED
    if entry.state is not State.DONE:
        return Meaning.PARKED
    told = entry.outcome.split("; ")
    if any(" needs a read: " in one for one in told):
        return Meaning.NEEDED_READING
    return Meaning.NO_NEWS if all(one.endswith(": nothing new") for one in told) else Meaning.NEWS


def _webhooks(story: Story) -> Webhooks:
    meanings = Counter(meaning(entry) for entry in story.journal if entry.kind is Kind.WEBHOOK)
    return Webhooks(
        received=len(story.posted),
        pings=sum(posted.outcome == PONG.body for posted in story.posted),
        repeated=sum(posted.outcome == SEEN.body for posted in story.posted),
        news=meanings[Meaning.NEWS],
        no_news=meanings[Meaning.NO_NEWS],
        needed_reading=meanings[Meaning.NEEDED_READING],
        ignored=meanings[Meaning.IGNORED],
        parked=meanings[Meaning.PARKED],
        posted_again=sum(posted.again for posted in story.posted),
        reads=sum(
            len(readings.decode(entry.body).refs)
            for entry in story.journal
            if entry.kind is Kind.READ and entry.body
        ),
    )


def _fates(story: Story, speaker: Speaker) -> tuple[Fate, ...]:
    alike: dict[tuple[MessageState, str, str], list[Message]] = {}
    for message in story.messages:
        alike.setdefault((message.state, message.code, message.detail.get("reason", "")), []).append(message)
    fates = [
        Fate(state=state, code=code, reason=_reason_of_all(several[0], speaker), number=len(several))
        for (state, code, _), several in alike.items()
    ]
    states = list(MessageState)
    return tuple(
        sorted(
            fates,
            key=lambda fate: (
                fate.state is not MessageState.ACCEPTED,
                -fate.number,
                states.index(fate.state),
            ),
        )
    )


def _reason_of_all(message: Message, speaker: Speaker) -> str:
    """Return why, without what is true of one message only, where there are words for that."""
    general = f"demo.fate.{message.code}"
    code = general if general in catalogue(speaker.lang) else message.code
    return speaker.say(Told(code=code, values=_values(message, speaker)))


def _values(message: Message, speaker: Speaker) -> dict[str, str]:
    values = dict(message.detail)
    if "reason" in values:
        values["reason"] = speaker.phrase("reason", values["reason"])
    return values


def _unsent(message: Message, story: Story, speaker: Speaker) -> Unsent:
    return Unsent(
        label=message.label,
        shop=message.shop,
        order=_number(message, story),
        address=story.addresses.get((message.shop, message.object), ""),
        state=message.state,
        code=message.code,
        rule=next((rule for rule, code in _checks(message, story) if code == message.code), message.plugin),
        reason=speaker.say(Told(code=message.code, values=_values(message, speaker))),
        at=message.final_at or message.planned_at,
    )


def _number(message: Message, story: Story) -> str:
    return story.numbers.get((message.shop, message.object), message.object)


def _mail(caught: Caught, by_id: Mapping[str, Message], story: Story, speaker: Speaker) -> Mail:
    """Find out which message a mail is, and why it was sent."""
    letter = read_letter(caught.content)
    id_ = letter.message_id.removeprefix("<").partition("@")[0]
    message = by_id.get(id_)
    if message is None:
        raise Bug("a mail arrived that nobody has planned")
    if letter.date is None or not letter.html or not letter.text:
        raise Bug(f"the mail of message {message.id} lacks its date, its HTML part or its text part")
    return Mail(
        id=id_,
        shop=message.shop,
        order=_number(message, story),
        date=letter.date,
        reason=speaker.say(
            Told(code="timeline.plan", values={"plugin": message.plugin, "reason": message.reason})
        ),
        checks=tuple(
            Check(
                rule=rule,
                code=code,
                sentence=speaker.say(Told(code=code, values=_found(message, story))),
            )
            for rule, code in _checks(message, story)
        ),
        letter=letter,
    )


def _checks(message: Message, story: Story) -> tuple[tuple[str, str], ...]:
    """Return (rule, code) of each check that was made before a message left or was refused."""
    made = [one.checks for one in story.decisions if one.message == message.key and one.checks]
    return tuple((check.rule, check.code) for check in made[-1]) if made else ()


def _found(message: Message, story: Story) -> dict[str, str]:
    """Return what the sentences of passed checks speak of; the message knows it all."""
    found = {
        "purpose": message.purpose,
        "order": _number(message, story),
    }
    if message.due_at is not None and message.expires_at is not None:
        found |= {"due": message.due_at.isoformat(), "until": message.expires_at.isoformat()}
    for premise in message.premises:
        if isinstance(premise, NotSentWithin):
            found |= {"label": premise.label, "period": str(int(premise.period.total_seconds()))}
    return found
