"""What the demo does: a shop's recorded webhooks arrive over HTTP, time passes, mails leave over SMTP.

The server, the engine, the adapter, the templates and the SMTP channel are the ones that a shop runs; only
the clock is virtual, the mails end in a trap, and reads are answered by the recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.receive import PONG
from aftercare_sdk.engine.timeline import Timeline, timeline
from aftercare_sdk.errors import Bug, TransientError
from aftercare_sdk.model.events import Event
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.plugins import find_plugins
from aftercare_sdk.store import decisions, events, journal, messages, objects
from aftercare_sdk.store.decisions import Decision
from aftercare_sdk.store.journal import Entry
from aftercare_sdk.store.messages import Message
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.devmail.trap import Caught, MailTrap
from aftercare_sdk.web.serve import Endpoint, readiness

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aftercare_woocommerce.samples import Sample

SHOP = "main"
SHOP_NAME = "ひび商店"
ZONE = "Asia/Tokyo"
SENDER = "hello@hibi.example"
CUSTOMER = "ogawa@example.jp"
"""Whose timeline is shown."""

AFTERWARDS = timedelta(days=60)
REPEAT_EVERY = 10
"""Platforms deliver twice now and then; the recordings hold no copies, so every tenth delivery gets one."""

_WORK_EVERY = timedelta(seconds=5)
_PATIENCE = 20.0
# They are about the connection, which is another one now.
_HOP_BY_HOP = frozenset({"host", "connection", "content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One request that was posted, and what the server answered. `again`: it had been posted before."""

    name: str
    again: bool
    status: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is left when the demo has run: what a report is made of. Times are virtual.

    `numbers` and `addresses` are by shop and order id: what people call an order, and whom it is written to.
    """

    began_at: datetime
    last_webhook_at: datetime
    ended_at: datetime
    posted: tuple[Posted, ...]
    journal: tuple[Entry, ...]
    events: tuple[Event, ...]
    messages: tuple[Message, ...]
    decisions: tuple[Decision, ...]
    numbers: Mapping[tuple[str, str], str]
    addresses: Mapping[tuple[str, str], str] = field(repr=False)
    mails: tuple[Caught, ...] = field(repr=False)
    timeline: Timeline


def play(
    samples: Sequence[Sample],
    folder: Path,
    *,
    progress: Callable[[int], None] | None = None,
    templates: Path | None = None,
) -> Story:
    """Let the recordings happen, with the database in `folder`; what is started here is stopped here.

    `progress` is told how many recordings have arrived. `templates`: a folder whose templates come before
    the shipped ones.
    """
    secrets = dict.fromkeys(sample.secret for sample in samples if sample.secret)
    environ = {f"DEMO_SECRET_{number}": secret for number, secret in enumerate(secrets, start=1)}
    clock = VirtualClock(samples[0].received_at)
    # Ended in reverse: the client, the door, the engine with its SMTP connection, and last the trap.
    with ExitStack() as started:
        trap = started.enter_context(MailTrap())
        aftercare = started.enter_context(
            Aftercare(
                _settings(folder, trap, environ, templates),
                clock=clock,
                # Only what the demo is about: other installed plugins have work of their own.
                plugins=[source for source in find_plugins() if source.name == "woocommerce"],
                environ=environ,
            )
        )
        app = make_app(aftercare, lambda: readiness(aftercare, {}))
        endpoint = started.enter_context(Endpoint(app, "127.0.0.1", 0))
        session = started.enter_context(requests.Session())
        session.trust_env = False  # a proxy that this machine uses has no part in what happens on loopback
        posted: list[Posted] = []
        worked_at = clock.now()
        for number, sample in enumerate(samples, start=1):
            clock.move(sample.received_at)  # one lies before the one ahead of it; the clock stays then
            if clock.now() - worked_at >= _WORK_EVERY:
                aftercare.advance(clock.now())
                worked_at = clock.now()
            posted += _deliver(session, f"{endpoint.url}/webhooks/{SHOP}", sample, posted)
            if progress is not None:
                progress(number)
        last_webhook_at = clock.now()
        aftercare.advance(last_webhook_at + AFTERWARDS)
        return collect(
            aftercare,
            trap,
            began_at=samples[0].received_at,
            last_webhook_at=last_webhook_at,
            customer=CUSTOMER,
            posted=posted,
        )


def collect(
    aftercare: Aftercare,
    trap: MailTrap,
    *,
    began_at: datetime,
    last_webhook_at: datetime,
    customer: str,
    posted: Iterable[Posted] = (),
) -> Story:
    """Read from the books what has happened until now. `customer`: whose timeline is told."""
    now = aftercare.clock.now()
    with aftercare.brand.database.read() as connection:
        planned = messages.everything(connection)
        return Story(
            began_at=began_at,
            last_webhook_at=last_webhook_at,
            ended_at=now,
            posted=tuple(posted),
            journal=tuple(reversed(journal.listing(connection, limit=100_000))),
            events=tuple(known.event for known in events.everything(connection)),
            messages=tuple(planned),
            decisions=tuple(decisions.of_identities(connection, {one.identity for one in planned})),
            **_orders(connection),
            mails=tuple(trap.mails),
            timeline=_of_one(timeline(aftercare.brand, customer, now)),
        )


def mail_settings(trap: MailTrap, sender: str) -> Mapping[str, Any]:
    """Return what a shop would write under `[channels.email]`."""
    return {"kind": "smtp", "host": trap.host, "port": trap.port, "security": "none", "sender": sender}


def no_answer(url: str, webhook: str, error: Exception) -> TransientError:
    """Return the error for a server of the demo that does not answer a webhook."""
    return TransientError(
        f"the demo's own server, {url}, did not answer webhook {webhook} ({type(error).__name__}); "
        "if something on this machine filters connections to 127.0.0.1, let them pass"
    )


def _settings(
    folder: Path, trap: MailTrap, environ: Iterable[str], templates: Path | None
) -> Mapping[str, Any]:
    """Return what a shop would write into aftercare.toml."""
    return {
        "brand": {"name": SHOP_NAME, "locale": "ja", "country": "JP", "zone": ZONE},
        "database": {"url": f"sqlite:///{folder / 'demo.db'}"},
        "shops": {
            SHOP: {
                "adapter": "woocommerce",
                "secrets": [{"env": name} for name in environ],
                "currency": "JPY",
                "read_from": "recordings",
            }
        },
        "quiet_hours": {"email": "none"},  # the store was recorded at night
        "channels": {
            "email": mail_settings(trap, SENDER),
        },
        "plugins": {"flows": {"thank-you": {}}},
        **({"templates": {"folder": str(templates)}} if templates else {}),
    }


def _deliver(
    session: requests.Session, url: str, sample: Sample, before: Sequence[Posted]
) -> tuple[Posted, ...]:
    """Post one recording, and every tenth delivery once more."""
    first = _post(session, url, sample, again=False)
    deliveries = sum(not posted.again and posted.outcome != PONG.body for posted in (*before, first))
    if first.outcome == PONG.body or deliveries % REPEAT_EVERY:
        return (first,)
    return (first, _post(session, url, sample, again=True))


def _post(session: requests.Session, url: str, sample: Sample, *, again: bool) -> Posted:
    headers = {
        name: value for name, value in sample.request.headers.items() if name.lower() not in _HOP_BY_HOP
    }
    try:
        response = session.post(url, data=sample.request.body, headers=headers, timeout=_PATIENCE)
        outcome = str(response.json()["outcome"])
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise no_answer(url, sample.name, error) from None
    if not response.ok:
        raise Bug(f"webhook {sample.name} was answered {response.status_code}: {outcome}")
    return Posted(name=sample.name, again=again, status=response.status_code, outcome=outcome)


def _of_one(told: Timeline) -> Timeline:
    """Leave out the customers who only have an order that is written to the same address."""
    known = [person for person in told.people if person.found.code == "timeline.found.identity"]
    return replace(told, people=tuple(known[:1]), notes=())


def _orders(connection: Connection) -> dict[str, Any]:
    numbers: dict[tuple[str, str], str] = {}
    addresses: dict[tuple[str, str], str] = {}
    for stored in objects.everything(connection):
        record = stored.record
        if isinstance(record, OrderRecord):
            contact = record.contact.value if record.contact else None
            key = (record.shop, record.id)
            numbers[key] = record.number.value if record.number else record.id
            addresses[key] = contact.email if contact else ""
    return {"numbers": numbers, "addresses": addresses}
