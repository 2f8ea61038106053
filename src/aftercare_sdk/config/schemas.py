"""Every key of aftercare.toml. What follows # is the default, or that there must be one.

    [brand]
    name = "Hibi Coffee"                    # required
    locale = "ja"                           # "en"
    country = "JP"                          # unknown
    zone = "Asia/Tokyo"                     # the zone of a country that has one only, else "UTC"

    [brand.legal]                           # none; without it nothing that advertises is sent (LAW-01)
    name = "Hibi Coffee K.K."               # required; so are the next two
    address = "1-2-3 Jingumae, Shibuya-ku, Tokyo 150-0001"
    contact = "help@hibi.example"           # where complaints are taken
    refusal = ["Newsletter abmelden"]       # []; how your own footers say that one may refuse

    [shops.main]                            # one at least; named with a to z, 0 to 9 and hyphens
    adapter = "woocommerce"                 # required; `aftercare plugins` lists those installed
    secrets = [{ env = "WOO_SECRET" }]      # required; the first signs; [] for a shop without webhooks;
                                            # or, if there is one only: secret = { env = "WOO_SECRET" }
    country = "JP"                          # the brand's; so are locale and zone
    currency = "JPY"                        # unknown: as each order says
    assume_delivered = { after_shipment = "5 days" }    # as in [defaults]; false: never
    no_webhook_after = "3 days"             # as in [alerts]; false: never told
    url = "https://shop.example"            # all other keys are options of the adapter

    [channels.email]                        # named like shops; without any, nothing is sent
    kind = "smtp"                           # required
    sender = "hello@shop.example"           # required
    sender_name = "Hibi Coffee"             # the brand's name
    outcome_secrets = [{ env = "MAIL_HOOK" }]   # none; the first of those that sign POST /outcomes/email
    no_outcome_after = "3 days"             # as in [alerts]; false: never told
    password = { env = "SMTP_PASSWORD" }    # all other keys are options of the kind

    [plugins]
    disabled = []                           # these are not loaded
    order = []                              # these come first, the rest by name

    [plugins.flows]
    starts_at = 2026-11-01T00:00:00+09:00   # facts before it send nothing; a time without offset, or
                                            # a bare date, is meant in the brand's zone
    backfill = false                        # true: facts before it count after all
    thank-you.delay = "1h"                  # all other keys are the plugin's own

    [consent]
    review_request_is_service = { JP = "…" }    # {}; why asking for reviews needs no consent in a place

    [privacy]
    automatic = true                        # false: nobody is erased on a platform's request without a person

    [quiet_hours]                           # by the customer's clock; nothing but transactional mail leaves
    email = "22:00-08:00"                   # or "none"
    sms = "21:00-09:00"                     # so are line and push
    holidays = false                        # true: nor on public holidays where the customer is

    [budget]                                # over all programs; what a purchase brings with it is not counted
    caps = [{ channel = "email", most = 1, within = "24 hours" }]   # "each" channel; without: "all" together;
                                            # or those that have a name: preset = "default" ("klaviyo", …)
    cool_down = "14 days"                   # so long a complaint pauses what advertises
    priorities = ["refill", "flows/vip"]    # []; programs that go first, in this order

    [approvals]
    marketing = true                        # false: nobody is asked before marketing leaves

    [templates]
    folder = "templates"                    # none; what is in it comes before the shipped templates

    [database]
    url = "sqlite:///aftercare.db"          # or "postgresql://user@host/name", or { env = "DATABASE_URL" }
    password = { env = "DATABASE_PASSWORD" }

    [server]
    host = "127.0.0.1"
    port = 8000                             # 0: a free one
    body_limit = 5_000_000                  # bytes
    public_url = "https://aftercare.example"    # none; where customers reach this server
    metrics = false                         # true: GET /metrics tells the counters, to whoever asks

    [alerts]                                # what the shop's staff must know
    urls = [{ env = "ALERT_URL" }]          # none; addresses as apprise writes them
    lang = "ja"                             # the brand's; or "en"
    no_webhook_after = "24 hours"           # orders were made in the shop that no webhook has told
    no_outcome_after = "24 hours"           # no outcome is reported of mails that were accepted
    no_run_after = "15 minutes"             # nobody decides, or nobody sends, any more

    [doctor]
    dns = true                              # false: `aftercare doctor` asks DNS nothing
    resolver = "192.0.2.53"                 # those of the machine; with a port "192.0.2.53:5353"

    [retention]                             # how long is kept what goes in time (LAW-11)
    bodies = "90 days"                      # raw webhooks
    copies = "365 days"                     # the words of messages that left
    alerts = "365 days"                     # that are over
    privacy_requests = "1095 days"          # that are done
    decisions = "1095 days"                 # why something was sent or not, of messages that are final

    [defaults]                              # all of `settings.Defaults`
    hook_budget = "2 seconds"
    window = "7 days"
    assume_delivered = { after_shipment = "3 days", without_shipment = "7 days" }

Paths are relative to the folder of the file. Options are checked by the schemas of those whose options
they are, see `sections`; a table `{ env = … }` or `{ file = … }` among them is a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validates_schema

from aftercare_sdk.config import readers
from aftercare_sdk.config.problems import MUST_BE_TABLE, SCHEMA_KEY
from aftercare_sdk.model.budgets import Cap


def _key(
    read: Callable[[Any], Any], *, missing: str = "", below: type[Schema] | None = None
) -> fields.Function:
    """Return a field that `read` reads. `missing`: the cure if a required one is not there."""
    told = missing.replace("{", "{{").replace("}", "}}")  # marshmallow formats what it says
    return fields.Function(
        deserialize=read,
        required=bool(missing),
        error_messages={"required": f"missing; {told}"} if missing else None,
        metadata={SCHEMA_KEY: below} if below else None,
    )


class LegalSchema(Schema):
    """`[brand.legal]`: who the sender is, as the law of mail advertising wants it shown (LAW-01)."""

    name = _key(readers.line, missing='add name = "…", the name of the company')
    address = _key(readers.line, missing='add address = "…", where the company can be written to')
    contact = _key(readers.line, missing='add contact = "…", an address, number or page for complaints')
    refusal = _key(readers.lines)


class BrandSchema(Schema):
    """`[brand]`."""

    name = _key(readers.line, missing='add name = "…", the name that customers know')
    locale = _key(readers.locale)
    zone = _key(readers.zone)
    country = _key(readers.country)
    legal = fields.Nested(LegalSchema)


class ConsentSchema(Schema):
    """`[consent]`."""

    review_request_is_service = _key(readers.reasons_by_place)


class PrivacySchema(Schema):
    """`[privacy]`."""

    automatic = _key(readers.flag)


class QuietHoursSchema(Schema):
    """`[quiet_hours]`."""

    email = _key(readers.quiet)
    sms = _key(readers.quiet)
    line = _key(readers.quiet)
    push = _key(readers.quiet)
    holidays = _key(readers.flag)


class CapSchema(Schema):
    """One cap of `[budget]`."""

    channel = _key(readers.medium)
    most = _key(readers.whole(1, 1_000), missing="add most = 1, how many messages at most")
    within = _key(readers.positive_duration, missing='add within = "24 hours", in what span of time')

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Cap:
        return Cap(**data)


class BudgetSchema(Schema):
    """`[budget]`."""

    preset = _key(readers.preset)
    caps = fields.List(fields.Nested(CapSchema), metadata={SCHEMA_KEY: CapSchema})
    cool_down = _key(readers.duration)
    priorities = _key(readers.programs)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "caps": tuple(data["caps"])} if "caps" in data else data


class ApprovalsSchema(Schema):
    """`[approvals]`."""

    marketing = _key(readers.flag)


class DatabaseSchema(Schema):
    """`[database]`."""

    url = _key(readers.database_url)
    password = _key(readers.secret)


class TemplatesSchema(Schema):
    """`[templates]`."""

    folder = _key(readers.line)


class ServerSchema(Schema):
    """`[server]`."""

    host = _key(readers.line)
    port = _key(readers.whole(0, 65_535))
    body_limit = _key(readers.whole(1, 1_000_000_000))
    public_url = _key(readers.public_url)
    metrics = _key(readers.flag)


class AlertsSchema(Schema):
    """`[alerts]`."""

    urls = _key(readers.secrets)
    lang = _key(readers.language)
    no_webhook_after = _key(readers.positive_duration)
    no_outcome_after = _key(readers.positive_duration)
    no_run_after = _key(readers.positive_duration)


class DoctorSchema(Schema):
    """`[doctor]`."""

    dns = _key(readers.flag)
    resolver = _key(readers.resolver)


class AssumeDeliveredSchema(Schema):
    """`assume_delivered`, of the brand or of a shop."""

    after_shipment = _key(readers.duration)
    without_shipment = _key(readers.duration)


def _duration_or_never(value: Any) -> timedelta | None:
    return None if value is False else readers.positive_duration(value)


def _assume_delivered(value: Any) -> Mapping[str, Any] | None:
    if value is False:
        return None
    if not isinstance(value, Mapping):
        raise ValidationError('must be a table or false; write { after_shipment = "3 days" }')
    read: Mapping[str, Any] = AssumeDeliveredSchema().load(value)
    return read


class DefaultsSchema(Schema):
    """`[defaults]`."""

    hook_budget = _key(readers.positive_duration)
    stall = _key(readers.positive_duration)
    lease = _key(readers.positive_duration)
    read_debounce = _key(readers.duration)
    window = _key(readers.positive_duration)
    marketing_window = _key(readers.positive_duration)
    assume_delivered = _key(_assume_delivered, below=AssumeDeliveredSchema)


class RetentionSchema(Schema):
    """`[retention]`."""

    bodies = _key(readers.positive_duration)
    copies = _key(readers.positive_duration)
    alerts = _key(readers.positive_duration)
    privacy_requests = _key(readers.positive_duration)
    decisions = _key(readers.positive_duration)


class ShopSchema(Schema):
    """`[shops.<name>]`."""

    class Meta:
        unknown = INCLUDE

    adapter = _key(readers.plugin_name, missing='add adapter = "…"; `aftercare plugins` lists them')
    secret = _key(readers.secret)
    secrets = _key(readers.secrets)
    country = _key(readers.country)
    locale = _key(readers.locale)
    zone = _key(readers.zone)
    currency = _key(readers.currency)
    assume_delivered = _key(_assume_delivered, below=AssumeDeliveredSchema)
    sync = _key(readers.flag)
    sync_from = _key(readers.moment)
    no_webhook_after = _key(_duration_or_never)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _one_of_two(self, _read: Any, original: Any, **_: Any) -> None:
        if not isinstance(original, Mapping):
            return  # told already
        given = {"secret", "secrets"} & set(original)
        if not given:
            raise ValidationError(
                'missing; add secrets = [{ env = "NAME" }] with the secret that signs webhooks, '
                "or secrets = [] for a shop that sends none",
                "secrets",
            )
        if len(given) > 1:
            raise ValidationError("stands beside secrets; move it into that list", "secret")


class ChannelSchema(Schema):
    """`[channels.<name>]`."""

    class Meta:
        unknown = INCLUDE

    kind = _key(readers.plugin_name, missing='add kind = "smtp", or another kind that a plugin offers')
    sender = _key(readers.sender, missing='add sender = "…", the address that messages come from')
    sender_name = _key(readers.line)
    outcome_secrets = _key(readers.secrets)
    no_outcome_after = _key(_duration_or_never)


class PluginSchema(Schema):
    """`[plugins.<name>]`."""

    class Meta:
        unknown = INCLUDE

    starts_at = _key(readers.moment)
    backfill = _key(readers.flag)


class PluginsSchema(Schema):
    """`[plugins]`, in which the tables of the plugins stand as well."""

    class Meta:
        unknown = INCLUDE

    disabled = _key(readers.plugin_names)
    order = _key(readers.plugin_names)


def _tables(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError(MUST_BE_TABLE)
    return value


def _shops(value: Any) -> Mapping[str, Any]:
    if not _tables(value):
        raise ValidationError('names no shop; add [shops.main] with adapter = "…"')
    return _tables(value)


class FileSchema(Schema):
    """The whole file. What stands below shops, channels and plugins is read table by table, by name."""

    brand = fields.Nested(
        BrandSchema, required=True, error_messages={"required": 'missing; add [brand] with name = "…"'}
    )
    shops = _key(_shops, missing='add [shops.main] with adapter = "…" and secrets = [{ env = "…" }]')
    channels = _key(_tables)
    plugins = _key(_tables, below=PluginsSchema)
    templates = fields.Nested(TemplatesSchema)
    consent = fields.Nested(ConsentSchema)
    privacy = fields.Nested(PrivacySchema)
    quiet_hours = fields.Nested(QuietHoursSchema)
    budget = fields.Nested(BudgetSchema)
    approvals = fields.Nested(ApprovalsSchema)
    database = fields.Nested(DatabaseSchema)
    server = fields.Nested(ServerSchema)
    alerts = fields.Nested(AlertsSchema)
    defaults = fields.Nested(DefaultsSchema)
    retention = fields.Nested(RetentionSchema)
    doctor = fields.Nested(DoctorSchema)


def keys(schema: type[Schema]) -> frozenset[str]:
    """Return the keys that the SDK itself reads in a table where others stand beside them."""
    return frozenset(schema().load_fields)


SHOP_KEYS = keys(ShopSchema)
CHANNEL_KEYS = keys(ChannelSchema)
PLUGIN_KEYS = keys(PluginSchema)
PLUGINS_KEYS = keys(PluginsSchema)
