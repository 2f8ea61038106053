"""What the demo does: a shop's recorded webhooks arrive over HTTP, time passes, mails leave over SMTP.

The server, the engine, the adapter, the templates and the SMTP channel are the ones that a shop runs; only
the clock is virtual, the mails end in a trap, and reads are answered by the recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from aftercare_sdk.cli.demo.trap import Caught, MailTrap
from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.timeline import Timeline, timeline
from aftercare_sdk.errors import ConfigurationError, TransientError
from aftercare_sdk.model.records import OrderRecord
from aftercare_sdk.plugins import find_plugins
from aftercare_sdk.store import decisions, events, journal, messages, objects
from aftercare_sdk.store.decisions import Decision
from aftercare_sdk.store.journal import Entry
from aftercare_sdk.store.messages import Message
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.serve import Endpoint, readiness

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aftercare_woocommerce.samples import Sample

SHOP = "main"
SHOP_NAME = "ひび商店"
SENDER = "hello@hibi.example"
CUSTOMER = "ogawa@example.jp"
"""Whose timeline is shown."""

AFTERWARDS = timedelta(days=60)
REPEAT_EVERY = 10
"""Platforms deliver twice now and then; the recordings hold no copies, so every tenth delivery gets one."""

_PROCESS_EVERY = timedelta(seconds=5)
_PATIENCE = 20.0
# They are about the connection, which is another one now.
_HOP_BY_HOP = frozenset({"host", "connection", "content-length"})

Progress = Callable[[str, int, int], None]
"""Is told what is being done, as a code of the catalogues, and how far it is: (code, done, of how many)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One request that was posted, and what the server answered. `again`: it had been posted before."""

    name: str
    again: bool
    status: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is left when the demo has run: what a report is made of. Times are virtual."""

    began_at: datetime
    last_webhook_at: datetime
    ended_at: datetime
    zone: str
    posted: tuple[Posted, ...]
    journal: tuple[Entry, ...]
    events: Mapping[str, int]
    messages: tuple[Message, ...]
    decisions: tuple[Decision, ...]
    order_numbers: Mapping[str, str]
    addresses: Mapping[str, str] = field(repr=False)
    mails: tuple[Caught, ...] = field(repr=False)
    timeline: Timeline


def play(folder: Path, progress: Progress, *, templates: Path | None = None) -> Story:
    """Run the demo with its database in `folder`; everything that was started is stopped again.

    `templates`: a folder whose templates come before the shipped ones.
    """
    from aftercare_woocommerce.samples import secrets, webhooks

    progress("demo.starting", 0, 1)
    samples = list(webhooks())
    environ = {f"DEMO_SECRET_{number}": secret for number, secret in enumerate(secrets(), start=1)}
    clock = VirtualClock(samples[0].received_at)
    # Closed in reverse: first the doors, then the engine with its SMTP connection, and last the trap.
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
        endpoint = started.enter_context(
            Endpoint(make_app(aftercare, lambda: readiness(aftercare, {})), "127.0.0.1", 0)
        )
        session = started.enter_context(requests.Session())
        session.trust_env = False  # a proxy of this machine has no part in what happens on loopback
        posted = tuple(_post_all(session, f"{endpoint.url}/webhooks/{SHOP}", samples, aftercare, progress))
        last_webhook_at = clock.now()
        progress("demo.sixty_days", 0, 1)
        aftercare.advance(last_webhook_at + AFTERWARDS)
        with aftercare.brand.database.read() as connection:
            planned = messages.everything(connection)
            return Story(
                began_at=samples[0].received_at,
                last_webhook_at=last_webhook_at,
                ended_at=clock.now(),
                zone=aftercare.brand.settings.brand.zone,
                posted=posted,
                journal=tuple(reversed(journal.listing(connection, limit=100_000))),
                events=events.counts(connection),
                messages=tuple(planned),
                decisions=tuple(
                    decisions.of_identities(connection, {message.identity for message in planned})
                ),
                **_orders(connection),
                mails=tuple(trap.mails),
                timeline=timeline(aftercare.brand, CUSTOMER, clock.now()),
            )


def _settings(
    folder: Path, trap: MailTrap, environ: Iterable[str], templates: Path | None
) -> Mapping[str, Any]:
    """Return what a shop would write into aftercare.toml."""
    return {
        "brand": {"name": SHOP_NAME, "locale": "ja", "country": "JP", "zone": "Asia/Tokyo"},
        "database": {"url": f"sqlite:///{folder / 'demo.db'}"},
        "shops": {
            SHOP: {
                "adapter": "woocommerce",
                "secrets": [{"env": name} for name in environ],
                "currency": "JPY",
                "read_from": "recordings",
            }
        },
        "channels": {
            "email": {
                "kind": "smtp",
                "host": trap.host,
                "port": trap.port,
                "security": "none",
                "sender": SENDER,
            }
        },
        "plugins": {"flows": {"thank-you": {}}},
        **({"templates": {"folder": str(templates)}} if templates else {}),
    }


def _post_all(
    session: requests.Session, url: str, samples: list[Sample], aftercare: Aftercare, progress: Progress
) -> Iterator[Posted]:
    """Post every recording at its time, some of them twice, and let the engine work in between."""
    deliveries = count(1)
    worked_at = samples[0].received_at
    for done, sample in enumerate(samples):
        progress("demo.posting", done, len(samples))
        # `advance` would go back with a recording that lies before the one ahead; the clock does not.
        now = max(aftercare.clock.now(), sample.received_at)
        if now - worked_at >= _PROCESS_EVERY:
            aftercare.advance(now)
            worked_at = now
        elif isinstance(aftercare.clock, VirtualClock):
            aftercare.clock.move(now)
        yield _post(session, url, sample, again=False)
        if sample.secret and next(deliveries) % REPEAT_EVERY == 0:
            yield _post(session, url, sample, again=True)


def _post(session: requests.Session, url: str, sample: Sample, *, again: bool) -> Posted:
    headers = {
        name: value for name, value in sample.request.headers.items() if name.lower() not in _HOP_BY_HOP
    }
    try:
        response = session.post(url, data=sample.request.body, headers=headers, timeout=_PATIENCE)
        outcome = str(response.json()["outcome"])
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise TransientError(
            f"the demo's own server at {url} did not answer webhook {sample.name} ({type(error).__name__}); "
            "if something on this machine filters connections to 127.0.0.1, allow them, and run it again"
        ) from None
    return Posted(name=sample.name, again=again, status=response.status_code, outcome=outcome)


def _orders(connection: Connection) -> dict[str, Any]:
    """Return what people call the orders, and whom these are written to."""
    numbers: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for stored in objects.everything(connection):
        record = stored.record
        if isinstance(record, OrderRecord):
            numbers[record.id] = record.number.value if record.number else record.id
            contact = record.contact.value if record.contact else None
            addresses[record.id] = contact.email if contact else ""
    return {"order_numbers": numbers, "addresses": addresses}


def missing() -> ConfigurationError | None:
    """Return what must be installed before the demo can run."""
    return None
