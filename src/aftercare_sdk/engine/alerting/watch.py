"""The watch: what lasts is compared with the alerts that are open. Several processes may keep it at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from aftercare_sdk.engine import beats as signs
from aftercare_sdk.engine.alerting.conditions import Condition, Kind, Reporter, Rung, Seen, conditions
from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.logs import log
from aftercare_sdk.store import (
    alerts,
    approvals,
    beats,
    connections,
    control,
    parked,
    pauses,
    privacy,
    rests,
)
from aftercare_sdk.store.rests import Resting

_OURS = frozenset(Kind)


class Watch:
    """Raises an alert for what begins to last, and ends it when it is over."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._since: datetime | None = None

    def run(self) -> int:
        """Look once; return how many alerts have begun or ended."""
        brand = self._brand
        now = brand.clock.now()
        if self._since is None:
            self._since = now
            with brand.database.write() as connection:
                beats.expect(connection, [signs.webhook_of(one.shop) for one in self._rung()], now)
        with brand.database.read() as connection:
            lasting = self._lasting(connection, now, self._since)
            known = {(one.kind, one.key) for one in alerts.still_open(connection) if one.kind in _OURS}
        begun = [one for key, one in lasting.items() if one.begins and key not in known]
        over = sorted(known - lasting.keys())
        if not begun and not over:
            return 0
        with brand.database.write() as connection:
            for one in begun:
                if alerts.raise_alert(connection, one.kind, one.key, one.values, now):
                    log.warning("alert", kind=one.kind.value, about=one.key)
            for kind, key in over:
                if alerts.end_alert(connection, kind, key, now):
                    log.info("alert over", kind=kind, about=key)
        return len(begun) + len(over)

    def _rung(self) -> list[Rung]:
        """Return the shops whose webhooks are waited for."""
        return [
            Rung(
                shop=name,
                after=settings.no_webhook_after,
                listed=settings.sync
                and any(one.kind == "order" for one in self._brand.shops[name].adapter.streams),
            )
            for name, settings in self._brand.settings.shops.items()
            if settings.secrets and settings.no_webhook_after is not None
        ]

    def _reporters(self) -> list[Reporter]:
        """Return the channels whose outcomes are waited for."""
        return [
            Reporter(channel=name, after=config.no_outcome_after)
            for name, config in self._brand.settings.channels.items()
            if config.no_outcome_after is not None
        ]

    def _lasting(
        self, connection: Connection, now: datetime, since: datetime
    ) -> dict[tuple[str, str], Condition]:
        seen = Seen(
            beats=beats.everything(connection),
            parked_plugins=parked.plugins(connection),
            parked_shops=parked.shops(connection),
            off=control.plugins_off(connection),
            rests=rests.ends(connection, Resting.PLUGIN),
            disconnected=connections.all_ended(connection),
            requests=privacy.still_open(connection),
            unapproved=approvals.steps_held(connection),
            paused=sorted(pauses.standing(connection)),
        )
        found = conditions(
            seen,
            now,
            rung=self._rung(),
            reporters=self._reporters(),
            no_run_after=self._brand.settings.alerts.no_run_after,
            watching_since=since,
        )
        return {(one.kind, one.key): one for one in found}
