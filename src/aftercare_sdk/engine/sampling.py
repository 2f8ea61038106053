"""What a person sees before approving a version: how much waits for it, and samples as they would leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from aftercare_sdk.engine.approving import APPROVED_PURPOSES, named
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.dispatch import Dispatcher
from aftercare_sdk.engine.looking import look_at, see
from aftercare_sdk.engine.turns import Look
from aftercare_sdk.model.approvals import Approval
from aftercare_sdk.outreach.compose import Composed, MissingVariable, TemplateFailed, UnknownTemplate
from aftercare_sdk.outreach.gate import Outcome
from aftercare_sdk.outreach.sentences import language_of
from aftercare_sdk.store import approvals
from aftercare_sdk.store.approvals import Queue
from aftercare_sdk.store.messages import Message

MOST_SAMPLES = 20
MOST_COUNTED = 2_000
"""So many of the messages that wait are looked at for the counts, those that are due first."""
_TOGETHER = 200
_NOTHING = Queue(waiting=0, first_lapse=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A version and how much waits for it. Not `current`: its text has been changed, so nothing does."""

    approval: Approval
    queue: Queue
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A message that waits, as it would leave now; or `problem`: why it cannot be written. Personal data."""

    message: Message = field(repr=False)
    locale: str
    country: str
    composed: Composed | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A version as a person sees it. The counts are over the first `counted` messages that wait.

    `stopped_by` names the checks that do not let them leave now. `before` is what a person has decided last
    of the same messages as they were before this version; None: they are new.
    """

    listed: Listed
    before: Approval | None
    counted: int
    languages: Mapping[str, int]
    countries: Mapping[str, int]
    stopped_by: Mapping[str, int]
    samples: Sequence[Sample]


def listing(brand: Brand) -> list[Listed]:
    """Return all versions that anybody was ever asked about, those seen first before the rest."""
    with brand.database.read() as connection:
        found = approvals.everything(connection)
        queues = approvals.queues(connection, APPROVED_PURPOSES)
    return [_listed(brand, one, queues) for one in found]


def show(brand: Brand, name: str, samples: int = MOST_SAMPLES) -> Shown:
    """Return a version, by its id or the beginning of that, with samples of what waits for it.

    Raises InputError unless the name means one version.
    """
    now = brand.clock.now()
    seen: list[tuple[Message, Look]] = []
    with brand.database.read() as connection:
        approval = named(connection, name)
        before = _before(approval, approvals.everything(connection))
        listed = _listed(brand, approval, approvals.queues(connection, APPROVED_PURPOSES))
        step = approvals.step_of(approval.of)
        waiting = approvals.waiting(connection, step, MOST_COUNTED) if listed.current else []
        for first in range(0, len(waiting), _TOGETHER):
            group = waiting[first : first + _TOGETHER]
            known = see(brand, connection, group, now)
            seen += [(one, look_at(brand, known, one, now)) for one in group]
    likely = [(one, view) for one, view in seen if view.verdict.outcome is not Outcome.DENY]
    with closing(Dispatcher(brand)) as dispatcher:
        written = [_sample(dispatcher, one, view) for one, view in _mixed(likely)[:samples]]
    return Shown(
        listed=listed,
        before=before,
        counted=len(seen),
        languages=Counter(language_of(view.locale) for _, view in seen),
        countries=Counter(_country(view) for _, view in seen),
        stopped_by=Counter(
            view.verdict.checks[-1].name for _, view in seen if view.verdict.outcome is not Outcome.ALLOW
        ),
        samples=written,
    )


def _before(approval: Approval, known: Iterable[Approval]) -> Approval | None:
    """Return the version of the same label that was decided last of those seen before this one."""
    same = (
        one
        for one in known
        if (one.of.plugin, one.of.label) == (approval.of.plugin, approval.of.label)
        and one.of != approval.of
        and one.first_seen <= approval.first_seen
        and one.decided_at is not None
    )
    return max(same, key=lambda one: (one.decided_at, one.first_seen), default=None)


def _listed(brand: Brand, approval: Approval, queues: Mapping[approvals.Step, Queue]) -> Listed:
    current = approval.of.sources == brand.composer.sources(approval.of.template)
    queue = queues.get(approvals.step_of(approval.of), _NOTHING)
    return Listed(approval=approval, queue=queue if current else _NOTHING, current=current)


def _mixed(seen: Iterable[tuple[Message, Look]]) -> list[tuple[Message, Look]]:
    """Return messages so that each language has its turn."""
    languages: dict[str, list[tuple[Message, Look]]] = {}
    for one, view in seen:
        languages.setdefault(language_of(view.locale), []).append((one, view))
    turns = chain.from_iterable(zip_longest(*languages.values()))
    return [one for one in turns if one is not None]


def _sample(dispatcher: Dispatcher, message: Message, seen: Look) -> Sample:
    composed, problem = None, ""
    try:
        composed, _ = dispatcher.compose(message, seen)
    except (UnknownTemplate, TemplateFailed, MissingVariable) as error:
        problem = str(error)
    return Sample(
        message=message,
        locale=composed.locale if composed else seen.locale,
        country=_country(seen),
        composed=composed,
        problem=problem,
    )


def _country(seen: Look) -> str:
    """Return where somebody is, as far as that is known."""
    return (seen.order.country if seen.order else "") or seen.contact.country
