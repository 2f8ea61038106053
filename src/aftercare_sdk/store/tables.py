"""The tables. Personal data live in `objects.person`, `identities.value`, `journal.body` and `copies`.

Everything else holds internal ids only, so that a person can be erased while the books stay whole.
Instants are stored as microseconds since 1970 UTC: exact, and ordered alike on both databases.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

LONGEST_NAME = 200
"""What `plugins.fields` lets plugins name things."""
LONGEST_TOPIC = 100
LONGEST_DELIVERY = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return an instant as it is stored. Raises TypeError for a naive datetime."""
    return (at - _EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since 1970 UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store an instant; a naive datetime is a bug of the caller: TypeError, which SQLAlchemy wraps."""
        del dialect
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Load an instant as UTC."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


# SQLite numbers rows by itself only for INTEGER, PostgreSQL wants 64 bits.
Serial = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _partial(name: str, where: str, *columns: Column[Any]) -> Index:
    """Return an index over the few rows that are still to be worked on, so that history costs nothing."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

decider = Table(
    "decider",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("shop", String(64), nullable=False),
    Column("topic", String(LONGEST_TOPIC), nullable=False),
    Column("delivery", String(LONGEST_DELIVERY), nullable=False),
    Column("hints", Text, nullable=False),
    Column("body", LargeBinary),
    Column("dedupe", String(64), unique=True),
    Column("received_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("processed_at", Instant),
    Column("copies", Integer, nullable=False, server_default="0"),
    Column("weight", Integer, nullable=False),
    Column("found", Text),
)
# `state` is in both because SQLite else takes the one between them, whose first column is compared with `=`.
_partial("ix_journal_new", "state = 'new'", journal.c.state, journal.c.shop, journal.c.kind, journal.c.seq)
Index("ix_journal_state", journal.c.state, journal.c.seq)
_partial("ix_journal_parked", "state = 'parked'", journal.c.state, journal.c.shop)
_partial("ix_journal_found", "found IS NOT NULL", journal.c.seq)

objects = Table(
    "objects",
    metadata,
    Column("shop", String(64), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("id", String(100), primary_key=True),
    Column("record", Text, nullable=False),
    Column("person", Text),
    Column("identity", BigInteger),
    Column("contact_identity", BigInteger),
    Column("changed_at", Instant, nullable=False),
    Column("seen_at", Instant),
)
Index("ix_objects_seen", objects.c.shop, objects.c.kind, objects.c.seen_at)
Index("ix_objects_identity", objects.c.identity)
Index("ix_objects_contact_identity", objects.c.contact_identity)

customers = Table(
    "customers",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("created_at", Instant, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(12), nullable=False),
    Column("shop", String(64), nullable=False),
    Column("value", String(400), nullable=False),
    Column("customer", BigInteger, ForeignKey("customers.id"), nullable=False),
    Column("erased_at", Instant),
    UniqueConstraint("kind", "shop", "value"),
)
Index("ix_identities_customer", identities.c.customer)

tombstones = Table(
    "tombstones",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("identity", BigInteger, ForeignKey("identities.id"), primary_key=True),
    Column("kind", String(20), nullable=False),
)
Index("ix_tombstones_identity", tombstones.c.identity)

links = Table(
    "links",
    metadata,
    Column("one", BigInteger, ForeignKey("identities.id"), primary_key=True),
    Column("other", BigInteger, ForeignKey("identities.id"), primary_key=True),
)

splits = Table(
    "splits",
    metadata,
    Column("one", BigInteger, ForeignKey("identities.id"), primary_key=True),
    Column("other", BigInteger, ForeignKey("identities.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("identity", BigInteger, ForeignKey("identities.id"), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", Instant),
    Column("channel", String(LONGEST_NAME), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("word", String(12), nullable=False),
    Column("basis", String(12), nullable=False),
    Column("by_person", Integer, nullable=False),
    Column("source", String(100), nullable=False),
    Column("form", String(100), nullable=False),
    Column("form_hash", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("ordered", String(250), nullable=False),
    Column("refusal_offered", Integer, nullable=False),
    Column("categories", Text, nullable=False),
    Column("actor", String(100), nullable=False),
)
Index("ix_consents_identity", consents.c.identity)

events = Table(
    "events",
    metadata,
    Column("id", String(250), primary_key=True),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("kind", String(30), nullable=False),
    Column("shop", String(64), nullable=False),
    Column("object_kind", String(20), nullable=False),
    Column("object", String(100), nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("data", Text, nullable=False),
)
Index("ix_events_identity", events.c.identity)

units = Table(
    "units",
    metadata,
    Column("event", String(250), primary_key=True),
    Column("plugin", String(100), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("customer", BigInteger, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("error", Text, nullable=False),
)
_partial("ix_units_pending", "state = 'pending'", units.c.plugin, units.c.due_at, units.c.seq)
_partial("ix_units_pending_customer", "state = 'pending'", units.c.customer, units.c.plugin, units.c.seq)
_partial("ix_units_parked_customer", "state = 'parked'", units.c.customer)
_partial("ix_units_parked", "state = 'parked'", units.c.plugin)
_partial("ix_units_trouble", "error <> ''", units.c.seq)

messages = Table(
    "messages",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("plugin", String(100), nullable=False),
    Column("event", String(250), nullable=False),
    Column("shop", String(64), nullable=False),
    Column("object_kind", String(20), nullable=False),
    Column("object", String(100), nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("label", String(LONGEST_NAME), nullable=False),
    Column("template", String(LONGEST_NAME), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("channel", String(LONGEST_NAME), nullable=False),
    Column("anchor", String(1_000), nullable=False),
    Column("delay", BigInteger, nullable=False),
    Column("window", BigInteger, nullable=False),
    Column("premises", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("next_at", Instant),
    Column("expires_at", Instant),
    Column("state", String(12), nullable=False),
    Column("code", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("lease", String(36), nullable=False),
    Column("lease_until", Instant),
    Column("recipient", BigInteger),
    Column("submitted_at", Instant),
    Column("final_at", Instant),
    Column("reference", Text, nullable=False),
    Column("called_off", Text, nullable=False),
    Column("merge_group", String(LONGEST_NAME), nullable=False),
    Column("host", String(64), nullable=False),
    Column("version", String(LONGEST_NAME), nullable=False),
    Column("sender", String(253), nullable=False),
)
_partial("ix_messages_open", "state IN ('planned', 'held', 'deferred', 'claimed')", messages.c.identity)
_partial("ix_messages_left", "submitted_at IS NOT NULL", messages.c.identity, messages.c.submitted_at)
_partial("ix_messages_left_to", "submitted_at IS NOT NULL", messages.c.recipient, messages.c.submitted_at)
_partial("ix_messages_host", "host <> ''", messages.c.host)
_partial("ix_messages_waiting", "state IN ('planned', 'held', 'deferred')", messages.c.next_at)
_partial("ix_messages_held", "state = 'held'", messages.c.code, messages.c.plugin, messages.c.label)
_partial("ix_messages_leased", "state IN ('claimed', 'submitted')", messages.c.lease_until)
_partial("ix_messages_unknown", "state = 'unknown'", messages.c.submitted_at)
Index("ix_messages_anchor", messages.c.anchor)
Index("ix_messages_object", messages.c.shop, messages.c.object)
Index("ix_messages_identity", messages.c.identity, messages.c.plugin, messages.c.label)
Index("ix_messages_recipient", messages.c.recipient)
_partial("ix_messages_sender", "sender <> ''", messages.c.sender, messages.c.submitted_at)
_partial("ix_messages_reference", "reference <> ''", messages.c.reference)

approvals = Table(
    "approvals",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("plugin", String(100), nullable=False),
    Column("label", String(LONGEST_NAME), nullable=False),
    Column("template", String(LONGEST_NAME), nullable=False),
    Column("sources", String(64), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("channel", String(LONGEST_NAME), nullable=False),
    Column("version", String(LONGEST_NAME), nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("state", String(12), nullable=False),
    Column("decided_at", Instant),
    Column("by", String(100), nullable=False),
    Column("note", Text, nullable=False),
    Column("lapsed", BigInteger, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("domain", String(253), nullable=False),
    Column("at", Instant, nullable=False),
    Column("cause", String(12), nullable=False),
    Column("mails", BigInteger, nullable=False),
    Column("complaints", BigInteger, nullable=False),
    Column("bounces", BigInteger, nullable=False),
    Column("resumed_at", Instant),
    Column("resumed_by", String(100), nullable=False),
    Column("note", Text, nullable=False),
)
Index("ix_pauses_domain", pauses.c.domain, pauses.c.resumed_at)
_partial("ix_pauses_standing", "resumed_at IS NULL", pauses.c.domain)

outcomes = Table(
    "outcomes",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("message", String(64), nullable=False),
    Column("channel", String(LONGEST_NAME), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("bounce", String(4), nullable=False),
    Column("at", Instant, nullable=False),
)
Index("ix_outcomes_message", outcomes.c.message)
_partial("ix_outcomes_complaints", "kind = 'complained'", outcomes.c.at, outcomes.c.message)
_partial("ix_outcomes_bounces", "bounce = 'hard'", outcomes.c.at, outcomes.c.message)

suppressions = Table(
    "suppressions",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("reason", String(20), primary_key=True),
    Column("purpose", String(20), primary_key=True),
    Column("identity", BigInteger),
    Column("source", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", String(100), nullable=False),
)
_partial("ix_suppressions_identity", "identity IS NOT NULL", suppressions.c.identity)

complaints = Table(
    "complaints",
    metadata,
    Column("key", String(250), primary_key=True),
    Column("identity", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
)
Index("ix_complaints_identity", complaints.c.identity, complaints.c.at)

copies = Table(
    "copies",
    metadata,
    Column("message", String(64), primary_key=True),
    Column("locale", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
)
Index("ix_copies_written_at", copies.c.written_at)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("plugin", String(100), nullable=False),
    Column("event", String(250), nullable=False),
    Column("message", String(64), nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("code", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("checks", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("last_at", Instant),
)
Index("ix_decisions_identity", decisions.c.identity)
Index("ix_decisions_message", decisions.c.message)
_partial("ix_decisions_declined", "verdict = 'declined'", decisions.c.event)

commands = Table(
    "commands",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("plugin", String(100), nullable=False),
    Column("event", String(250), nullable=False),
    Column("shop", String(64), nullable=False),
    Column("object_kind", String(20), nullable=False),
    Column("object", String(100), nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("label", String(LONGEST_NAME), nullable=False),
    Column("payload", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("state", String(12), nullable=False),
    Column("code", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease", String(36), nullable=False),
    Column("final_at", Instant),
    Column("reference", Text, nullable=False),
)
_partial("ix_commands_planned", "state = 'planned'", commands.c.next_at)
Index("ix_commands_identity", commands.c.identity)

lots = Table(
    "lots",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("identity", BigInteger, nullable=False),
    Column("plugin", String(100), nullable=False),
    Column("label", String(LONGEST_NAME), nullable=False),
    Column("event", String(250), nullable=False),
    Column("shop", String(64), nullable=False),
    Column("object_kind", String(20), nullable=False),
    Column("object", String(100), nullable=False),
    Column("follows", Integer, nullable=False),
    Column("lines", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("rounding", String(12), nullable=False),
    Column("expiry", Text, nullable=False),
    Column("idle_months", Integer, nullable=False),
    Column("write_off", BigInteger, nullable=False),
    Column("rule", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("awarded_at", Instant, nullable=False),
    Column("available", Integer, nullable=False),
    Column("available_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("earned", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("forgiven", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
)
_partial("ix_lots_usable", "available = 1 AND remaining > 0", lots.c.identity, lots.c.expires_at, lots.c.key)
_partial("ix_lots_due", "available = 1 AND remaining > 0", lots.c.expires_at)
_partial("ix_lots_owing", "debt > 0", lots.c.identity)
_partial("ix_lots_idle", "idle_months > 0 AND remaining > 0", lots.c.identity)
_partial("ix_lots_followed", "follows = 1", lots.c.shop, lots.c.object)
Index("ix_lots_identity", lots.c.identity, lots.c.plugin)

payments = Table(
    "payments",
    metadata,
    Column("payer", String(64), primary_key=True),
    Column("debtor", String(64), primary_key=True),
    Column("points", BigInteger, nullable=False),
)
Index("ix_payments_debtor", payments.c.debtor)

entries = Table(
    "entries",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("lot", String(64), nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
    Column("event", String(250), nullable=False),
    Column("plugin", String(100), nullable=False),
    Column("rule", String(64), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("posting", String(64), nullable=False),
    Column("reverses", BigInteger),
    Column("other", String(64)),
    Column("note", Text, nullable=False),
)
Index("ix_entries_identity", entries.c.identity, entries.c.seq)
Index("ix_entries_lot", entries.c.lot)
_partial("ix_entries_posting", "posting <> ''", entries.c.posting)

balances = Table(
    "balances",
    metadata,
    Column("identity", BigInteger, primary_key=True, autoincrement=False),
    Column("available", BigInteger, nullable=False),
    Column("pending", BigInteger, nullable=False),
    Column("debt", BigInteger, nullable=False),
)

redemptions = Table(
    "redemptions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("plugin", String(100), nullable=False),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("reward", Text, nullable=False),
    Column("shop", String(64), nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("code", String(40), nullable=False),
    Column("told", String(12), nullable=False),
    Column("state", String(12), nullable=False),
    Column("spent", Integer, nullable=False),
    Column("uses", Text, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("redeemed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("look_at", Instant),
    Column("reference", Text, nullable=False),
    Column("known_as", Text, nullable=False),
    Column("changed_at", Instant),
    Column("stale", Integer, nullable=False),
)
Index("ix_redemptions_identity", redemptions.c.identity)
Index("ix_redemptions_code", redemptions.c.code)
_partial("ix_redemptions_reference", "reference <> ''", redemptions.c.reference)
_partial("ix_redemptions_stale", "stale = 1", redemptions.c.key)
_partial("ix_redemptions_open", "state IN ('ordered', 'issued')", redemptions.c.ends_at)
_partial("ix_redemptions_look", "look_at IS NOT NULL", redemptions.c.look_at)

timers = Table(
    "timers",
    metadata,
    Column("plugin", String(100), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("name", String(LONGEST_NAME), primary_key=True),
    Column("event", String(250), nullable=False),
    Column("anchor", String(1_000), nullable=False),
    Column("delay", BigInteger, nullable=False),
    Column("due_at", Instant),
    Column("shop", String(64), nullable=False),
    Column("object_kind", String(20), nullable=False),
    Column("object", String(100), nullable=False),
    Column("identity", BigInteger, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("data", Text, nullable=False),
)
Index("ix_timers_due", timers.c.plugin, timers.c.due_at)
Index("ix_timers_anchor", timers.c.anchor)

memory = Table(
    "memory",
    metadata,
    Column("plugin", String(100), primary_key=True),
    Column("identity", BigInteger, primary_key=True),
    Column("name", String(LONGEST_NAME), primary_key=True),
    Column("value", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
Index("ix_memory_identity", memory.c.identity)

reads = Table(
    "reads",
    metadata,
    Column("shop", String(64), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("id", String(100), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("lease", String(36), nullable=False),
)
Index("ix_reads_due", reads.c.due_at)

streams = Table(
    "streams",
    metadata,
    Column("shop", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("since", Instant),
    Column("position", Text, nullable=False),
    Column("began_at", Instant),
    Column("due_at", Instant, nullable=False),
    Column("listed", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("closed", BigInteger, nullable=False),
    Column("finished_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("lease", String(36), nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("shop", String(64), nullable=False),
    Column("format", String(30), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("exported_at", Instant, nullable=False),
    Column("groups", BigInteger, nullable=False),
    Column("finished_at", Instant),
)

plugins = Table(
    "plugins",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("distribution", String(100), nullable=False),
    Column("version", String(50), nullable=False),
    Column("off", Text, nullable=False),
)

rests = Table(
    "rests",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("until", Instant, nullable=False),
)

beats = Table(
    "beats",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("at", Instant, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", String(40), nullable=False),
    Column("key", String(100), nullable=False),
    Column("told", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("sent_at", Instant),
    Column("end_sent_at", Instant),
    Column("next_at", Instant),
    Column("reached", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("lease", String(36), nullable=False),
)
Index(
    "uq_alerts_open",
    alerts.c.kind,
    alerts.c.key,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
_partial("ix_alerts_ended", "ended_at IS NOT NULL", alerts.c.ended_at)
_partial("ix_alerts_next", "next_at IS NOT NULL", alerts.c.next_at)

counters = Table(
    "counters",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", String(40), nullable=False),
    Column("label", String(100), nullable=False),
    Column("value", BigInteger, nullable=False),
)

connections = Table(
    "connections",
    metadata,
    Column("shop", String(64), primary_key=True),
    Column("ended_at", Instant),
    Column("reconnected_at", Instant),
    Column("reason", Text, nullable=False),
)

privacy_requests = Table(
    "privacy_requests",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("shop", String(64), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("reference", String(LONGEST_DELIVERY), nullable=False),
    Column("customer", String(100), nullable=False),
    Column("orders", Text, nullable=False),
    Column("identities", Text, nullable=False),
    Column("journal", BigInteger, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("note", Text, nullable=False),
)
_partial("ix_privacy_requests_settled", "settled_at IS NOT NULL", privacy_requests.c.settled_at)
_partial("ix_privacy_requests_open", "settled_at IS NULL", privacy_requests.c.due_at)

configurations = Table(
    "configurations",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("effective_from", Instant, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
)
