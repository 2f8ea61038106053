"""Marketing leaves when a person has approved what sends it: one version of a flow, not single messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.errors import InputError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.approvals import Approval, ApprovalState, FlowVersion
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.store import approvals, journal, messages
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import Database, gives_way
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.sending import Change

APPROVED_PURPOSES = frozenset({Purpose.MARKETING})
_LONGEST_NAME = 100


def version_of(brand: Brand, message: Message) -> FlowVersion | None:
    """Return what a person is to approve before a message leaves; None: nobody is asked."""
    if Purpose(message.purpose) not in APPROVED_PURPOSES or not brand.settings.approvals.marketing:
        return None
    return FlowVersion(
        plugin=message.plugin,
        label=message.label,
        template=message.template,
        sources=brand.composer.sources(message.template),
        purpose=message.purpose,
        channel=message.channel,
        version=message.version,
    )


def versions_of(brand: Brand, several: Iterable[Message]) -> dict[str, FlowVersion]:
    """Return the versions of messages about which a person is asked, by their keys."""
    return {one.key: version for one in several if (version := version_of(brand, one))}


def standing(
    brand: Brand, connection: Connection, several: Iterable[Message], *, locked: bool
) -> Mapping[str, Approval]:
    """Return where the versions of messages stand, by the keys of the messages.

    `locked`: whoever decides about one of them waits until the transaction ends.
    """
    versions = versions_of(brand, several)
    if not versions:
        return {}
    known = approvals.of(connection, {one.digest for one in versions.values()}, locked=locked)
    now = brand.clock.now()
    return {key: known.get(one.digest) or Approval(of=one, first_seen=now) for key, one in versions.items()}


def ask(brand: Brand, connection: Connection, several: Iterable[Message], now: datetime) -> None:
    """Let a person be asked about the versions of messages, unless that has been done."""
    approvals.note(connection, set(versions_of(brand, several).values()), now)


def count_lapsed(brand: Brand, connection: Connection, made: Collection[Change]) -> None:
    """Count what is not sent because nobody approved it in time."""
    lapsed = [one.message for one in made if one.code == Reason.APPROVAL_LAPSED]
    if lapsed:
        digests = (one.digest for one in versions_of(brand, lapsed).values())
        approvals.count_lapsed(connection, Counter(digests))


def decide(
    database: Database, name: str, state: ApprovalState, *, at: datetime, by: str, note: str = ""
) -> Approval:
    """Keep what a person says of a version, and look at once at what waits for that.

    `name` is the id of the version, or its beginning. Raises InputError unless it means one version.
    """
    decided = _decided(database, name, state, at=at, by=short_line(by)[:_LONGEST_NAME], note=short_line(note))
    with database.read() as connection:
        held = approvals.held(connection, approvals.step_of(decided.of))
    messages.look_again(database, held, at)
    return decided


def named(connection: Connection, name: str, *, locked: bool = False) -> Approval:
    """Return the version of an id or of its beginning. Raises InputError unless it means one version."""
    found = approvals.named(connection, name.strip().lower(), locked=locked) if name.strip() else []
    if len(found) != 1:
        meant = ", ".join(one.id for one in found) or "none; see `aftercare approvals list --all`"
        raise InputError(f"{name!r} does not name one version: {meant}")
    return found[0]


@gives_way
def _decided(
    database: Database, name: str, state: ApprovalState, *, at: datetime, by: str, note: str
) -> Approval:
    with database.write() as connection:
        found = named(connection, name, locked=True)
        decided = replace(found, state=state, decided_at=at, by=by, note=note)
        approvals.decide(connection, decided)
        arrival = Arrival(
            kind=Kind.COMMAND,
            shop="",
            topic=f"approvals.{state.value}",
            delivery=found.id,
            received_at=at,
            body=dump({"version": found.of, "state": state.value, "by": by, "note": note}).encode(),
            state=State.DONE,
            outcome=f"{found.of.plugin} {found.of.label}, version {found.id}: {state.value} by {by}",
        )
        journal.append(connection, [arrival])
    return decided
