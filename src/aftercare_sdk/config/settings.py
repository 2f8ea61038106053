"""The settings of one brand, checked: what `load` and `parse` return. `schemas` says how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aftercare_sdk.config.database import normalise, with_password
from aftercare_sdk.config.secrets import Secret
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.budgets import COOL_DOWN, PRESETS, Cap


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Legal:
    """Who the sender is in the eyes of the law: shown below whatever advertises (LAW-01, LAW-16).

    `refusal` are words by which the shop's own templates say that one may refuse.
    """

    name: str
    address: str
    contact: str
    refusal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Who speaks to the customers. `locale` is in Babel's form (`pt_BR`); `country` may be unknown.

    `legal` None: nothing that advertises is sent.
    """

    name: str
    locale: str = "en"
    zone: str = "UTC"
    country: str = ""
    legal: Legal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where everything is kept. `url` is in SQLAlchemy's form, unless it is kept as a secret."""

    url: str | Secret = "sqlite:///aftercare.db"
    password: Secret | None = None

    def resolve(self, environ: Mapping[str, str]) -> str:
        """Return the address with its password in it.

        Raises SettingsError if a secret is missing or the address in one cannot be used.
        """
        setting = "database.url"
        try:
            url = self.url
            if isinstance(url, Secret):
                url = normalise(url.resolve(environ), password=True)
            if self.password is None:
                return url
            setting = "database.password"
            return with_password(url, self.password.resolve(environ))
        except ValueError as error:
            raise SettingsError("the configuration", (f"{setting}: {error}",)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The built-in endpoint. `port` 0 takes a free one; `body_limit` counts bytes.

    `public_url` is where customers reach it, without a slash at the end; empty: they do not. `metrics`:
    whoever reaches it may read the counters.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    body_limit: int = 5_000_000
    public_url: str = ""
    metrics: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """What `aftercare doctor` asks of others: DNS or not, and which resolver, by IP address and port.

    `resolver` None: those of the machine.
    """

    dns: bool = True
    resolver: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """How staff are told what they must know. `urls` are addresses as apprise writes them; they hold secrets.

    `lang` empty: the brand's. `no_webhook_after` is for shops that do not say it themselves, and
    `no_outcome_after` for such channels; after `no_run_after` nobody decides, or nobody sends, any more.
    """

    urls: tuple[Secret, ...] = ()
    lang: str = ""
    no_webhook_after: timedelta = timedelta(hours=24)
    no_outcome_after: timedelta = timedelta(hours=24)
    no_run_after: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumeDelivered:
    """How long after its shipment, or for orders without one after the order, a delivery is assumed."""

    after_shipment: timedelta = timedelta(days=3)
    without_shipment: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Limits, patience and periods that hold for the whole brand.

    `hook_budget` is for one call, `stall` for an interpreter that no longer answers. `lease`: after which
    another worker takes over. `read_debounce`: how long doubts about an object gather before it is read.
    `window` and `marketing_window` bound how late a message may leave, unless its plugin says otherwise.
    """

    hook_budget: timedelta = timedelta(seconds=2)
    stall: timedelta = timedelta(seconds=10)
    lease: timedelta = timedelta(seconds=60)
    read_debounce: timedelta = timedelta(seconds=5)
    window: timedelta = timedelta(days=7)
    marketing_window: timedelta = timedelta(days=3)
    assume_delivered: AssumeDelivered | None = AssumeDelivered()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long is kept what is thrown away in time (LAW-11); `store.retention` says what that is.

    `bodies` are raw webhooks, `copies` the words of messages that left, `decisions` why they did or did not.
    Alerts go after they are over, requests after they were done.
    """

    bodies: timedelta = timedelta(days=90)
    copies: timedelta = timedelta(days=365)
    alerts: timedelta = timedelta(days=365)
    privacy_requests: timedelta = timedelta(days=1_095)
    decisions: timedelta = timedelta(days=1_095)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    """One shop. `options` are the adapter's own, not yet checked by its schema, with `Secret` in them.

    `assume_delivered` None: the shop reports its deliveries, so none is assumed. `currency` may be unknown.
    `sync`: what webhooks lost is looked for; the first time from `sync_from` on, None: from the beginning.
    `no_webhook_after`: how long webhooks may fail to come before staff are told; None: that is never told.
    """

    name: str
    adapter: str
    country: str = ""
    locale: str = "en"
    zone: str = "UTC"
    currency: str = ""
    assume_delivered: AssumeDelivered | None = AssumeDelivered()
    sync: bool = True
    sync_from: datetime | None = None
    no_webhook_after: timedelta | None = Alerts().no_webhook_after
    secrets: tuple[Secret, ...] = ()
    options: Mapping[str, Any] = field(default_factory=_empty, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One channel. `options` are those of its kind, not yet checked by its schema, with `Secret` in them.

    `outcome_secrets` sign what is posted of outcomes; without any nothing is taken. `no_outcome_after`: how
    long reports may fail to come before staff are told; None: that is never told.
    """

    name: str
    kind: str
    sender: str
    sender_name: str = ""
    outcome_secrets: tuple[Secret, ...] = ()
    no_outcome_after: timedelta | None = Alerts().no_outcome_after
    options: Mapping[str, Any] = field(default_factory=_empty, repr=False)

    @property
    def sender_domain(self) -> str:
        """The domain that mailbox providers judge its mails by."""
        return self.sender.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """One plugin's section, not yet checked by its schema. Facts before `starts_at` count with `backfill`."""

    starts_at: datetime | None = None
    backfill: bool = False
    section: Mapping[str, Any] = field(default_factory=_empty, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the shop holds of consent. `reclassified`: by place, why review requests are service there."""

    reclassified: Mapping[str, str] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often one person is contacted at most, over all programs.

    `priorities`: programs that go first, `plugin` or `plugin/label`, in this order. A complaint pauses what
    advertises for `cool_down`.
    """

    caps: tuple[Cap, ...] = PRESETS["default"]
    cool_down: timedelta = COOL_DOWN
    priorities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """`automatic`: what a platform asks to be erased is erased without a person (LAW-20)."""

    automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When nothing is to reach customers, by their own clock.

    `open`: by medium, from when until before when messages may leave; what is not named has the hours of its
    kind (LAW-22). `holidays`: nothing leaves on public holidays of the customer's country.
    """

    open: Mapping[str, tuple[time, time]] = field(default_factory=_empty)
    holidays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """What a person is asked before it leaves. `marketing`: each version of whatever sends marketing."""

    marketing: bool = True


NO_QUIET_HOURS = QuietHours(
    open=MappingProxyType({name: (time(), time()) for name in ("email", "sms", "line", "push")})
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that aftercare.toml says. `source` is the file, absolute; None if there was none.

    `disabled` plugins are not loaded; those in `order` come first, the rest by name.
    """

    brand: Brand
    source: Path | None = None
    database: Database = Database()
    shops: Mapping[str, ShopSettings] = field(default_factory=_empty)
    channels: Mapping[str, ChannelConfig] = field(default_factory=_empty)
    plugins: Mapping[str, PluginSettings] = field(default_factory=_empty)
    disabled: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    templates: Path | None = None
    consent: Consent = Consent()
    privacy: Privacy = Privacy()
    quiet_hours: QuietHours = QuietHours()
    budget: Budget = Budget()
    approvals: Approvals = Approvals()
    server: Server = Server()
    alerts: Alerts = Alerts()
    defaults: Defaults = Defaults()
    retention: Retention = Retention()
    doctor: Doctor = Doctor()

    def plugin(self, name: str) -> PluginSettings:
        """Return the settings of a plugin, also of one that the file does not mention."""
        return self.plugins.get(name) or PluginSettings()
