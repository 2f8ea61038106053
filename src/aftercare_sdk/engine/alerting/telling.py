"""Alerts in words, handed to the services; what a service does not take is tried again until it does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aftercare_sdk.config import Settings
from aftercare_sdk.engine.alerting import services
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.outreach.sentences import language_of, say
from aftercare_sdk.plugins import RETRY_DELAYS, retry_delay
from aftercare_sdk.store import alerts
from aftercare_sdk.store.alerts import Alert

LEASE = timedelta(minutes=10)
"""How long one who tells may take: some services answer slowly, one after the other."""
AT_ONCE = 10


class Words(NamedTuple):
    """What is sent."""

    title: str
    body: str


def words_of(brand: Brand, alert: Alert) -> Words:
    """Return an alert in the words of the staff."""
    lang, zone = language(brand.settings), ZoneInfo(brand.settings.brand.zone)
    values = {**alert.values, "brand": brand.settings.brand.name, "at": alert.raised_at.isoformat()}
    sentence = say(f"alert.{alert.kind}", values, lang, zone=zone)
    if alert.tells_end:
        ended = (alert.ended_at or alert.raised_at).isoformat()
        return Words(
            say("alert.over.title", values, lang),
            say("alert.over", {**values, "what": sentence, "ended": ended}, lang, zone=zone),
        )
    code = f"alert.cure.{alert.kind}"
    cure = say(code, values, lang)
    body = sentence if cure == code else f"{sentence}\n{cure}"
    return Words(say("alert.title", values, lang), body)


def language(settings: Settings) -> str:
    """Return the language in which the staff are told."""
    return settings.alerts.lang or language_of(settings.brand.locale)


def tell_due(brand: Brand) -> int:
    """Tell of what is to be told now; return how many alerts were worked on."""
    if not brand.alert_addresses:
        return 0
    now = brand.clock.now()
    with brand.database.read() as connection:
        if not alerts.is_due(connection, now):
            return 0
    with brand.database.write() as connection:
        taken = alerts.claim(connection, now=now, lease=str(uuid.uuid4()), until=now + LEASE, limit=AT_ONCE)
    for alert in taken:
        _tell(brand, alert)
    return len(taken)


def try_out(brand: Brand) -> Mapping[str, str]:
    """Tell everybody that this works; return by address, as the configuration names it, why it does not."""
    lang, values = language(brand.settings), {"brand": brand.settings.brand.name}
    addresses = brand.alert_addresses
    return services.tell(
        addresses, addresses, say("alert.test.title", values, lang), say("alert.test", values, lang)
    )


def _tell(brand: Brand, alert: Alert) -> None:
    left = [name for name in brand.alert_addresses if name not in alert.reached]
    title, body = words_of(brand, alert)
    problems = services.tell(brand.alert_addresses, left, title, body)
    failed = {name: problem for name, problem in problems.items() if problem}
    now = brand.clock.now()
    with brand.database.write() as connection:
        if not failed:
            alerts.told(connection, alert, now)
            return
        told = "; ".join(f"{name}: {problem}" for name, problem in failed.items())
        delay = retry_delay(alert.attempts + 1) or RETRY_DELAYS[-1]
        alerts.not_told(
            connection,
            alert,
            reached=[*alert.reached, *(problems.keys() - failed.keys())],
            error=told,
            next_at=now + delay,
        )
    log.warning("alert not told", kind=alert.kind, about=alert.key, problem=told)
