"""The circuit breaker at work: what is reported may pause what advertises, and a person resumes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import InputError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.outcomes import Bounce, OutcomeKind, Report
from aftercare_sdk.model.pauses import Pause, Tally
from aftercare_sdk.outreach.breaker import LAST_MAILS, PERIOD, Level, Standing, judge
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.outreach.permission.jurisdictions import ADVERTISING
from aftercare_sdk.store import journal, messages, pauses
from aftercare_sdk.store.codec import dump
from aftercare_sdk.store.database import Database, gives_way
from aftercare_sdk.store.journal import Arrival, Kind, State
from aftercare_sdk.store.messages import Message

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a sender domain stands: by the last mails, and by its pauses, the last first."""

    domain: str
    tally: Tally
    standing: Standing
    pauses: tuple[Pause, ...]

    @property
    def pause(self) -> Pause | None:
        """The pause that stands."""
        return next((one for one in self.pauses if one.resumed_at is None), None)


def speaks_against(report: Report) -> bool:
    """Tell whether a report may be a reason to pause."""
    return report.kind is OutcomeKind.COMPLAINED or report.bounce is Bounce.HARD


def standing(connection: Connection, several: Iterable[Message]) -> dict[str, Pause]:
    """Return the pauses that stand, by domain; nothing is looked up if none of the messages advertises."""
    if not any(Purpose(one.purpose) in ADVERTISING for one in several):
        return {}
    return pauses.standing(connection)


def weigh(connection: Connection, domains: Collection[str], now: datetime) -> None:
    """Pause what advertises from domains of which too much is unwanted, unless it is paused already.

    Whoever calls this has the lock under which reports are written one after the other: else of two who
    report at the same moment neither would see what the other has to say.
    """
    known = pauses.standing(connection) if domains else {}
    for domain in sorted(set(domains) - known.keys()):
        counted = _tally(connection, domain, now)
        judged = judge(counted)
        if judged.level is Level.PAUSED and judged.cause is not None:
            pauses.add(connection, Pause(domain=domain, at=now, cause=judged.cause, tally=counted))
            log.warning("advertising paused", domain=domain, cause=judged.cause.value)


def health(database: Database, domains: Iterable[str], now: datetime) -> list[Health]:
    """Return how sender domains stand."""
    with database.read() as connection:
        found = []
        for domain in sorted(set(domains)):
            counted = _tally(connection, domain, now)
            found.append(
                Health(
                    domain=domain,
                    tally=counted,
                    standing=judge(counted),
                    pauses=tuple(pauses.listing(connection, domain)),
                )
            )
    return found


def resume(brand: Brand, domain: str, *, by: str, note: str) -> Pause:
    """Let what advertises leave a domain again, because a person says so; return the pause that ends.

    From then on only what leaves after that counts. Raises InputError for a domain that is not paused.
    """
    now = brand.clock.now()
    ended = _resumed(brand.database, domain.lower(), now=now, by=short_line(by), note=short_line(note))
    channels = [name for name in brand.settings.channels if brand.sender_domain(name) == ended.domain]
    with brand.database.read() as connection:
        held = pauses.held(connection, channels)
    messages.look_again(brand.database, held, now)
    return ended


@gives_way
def _resumed(database: Database, domain: str, *, now: datetime, by: str, note: str) -> Pause:
    with database.write() as connection:
        pause = pauses.standing(connection, locked=True).get(domain)
        if pause is None:
            raise InputError(f"{domain!r} is not paused; see `aftercare sending status`")
        ended = replace(pause, resumed_at=now, resumed_by=by[:_LONGEST_NAME], note=note)
        pauses.end(connection, ended)
        arrival = Arrival(
            kind=Kind.COMMAND,
            shop="",
            topic="sending.resume",
            delivery=domain[:_LONGEST_NAME],
            received_at=now,
            body=dump({"domain": domain, "by": by, "note": note}).encode(),
            state=State.DONE,
            outcome=f"advertising from {domain} resumed by {by}",
        )
        journal.append(connection, [arrival])
    return ended


def _tally(connection: Connection, domain: str, now: datetime) -> Tally:
    return pauses.tally(connection, domain, now=now, period=PERIOD, last=LAST_MAILS)
