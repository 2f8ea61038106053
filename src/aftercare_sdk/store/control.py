"""What the engine keeps about itself: mode, fencing, plugins and versions of the configuration."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from aftercare_sdk.errors import Fenced
from aftercare_sdk.store.database import insert_into
from aftercare_sdk.store.tables import configurations, decider, plugins, settings


def setting(connection: Connection, name: str) -> str | None:
    """Return a setting of this database."""
    return connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()


def put_setting(connection: Connection, name: str, value: str) -> None:
    """Keep a setting of this database."""
    connection.execute(
        insert_into(connection, settings)
        .values(name=name, value=value)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )


def known_secret(connection: Connection, name: str) -> str | None:
    """Return a secret of this database; None: nobody has asked for it yet."""
    return setting(connection, f"secret.{name}")


def secret(connection: Connection, name: str) -> str:
    """Return a secret of this database, made when it is first asked for.

    Of several that ask first at the same moment all get the same one.
    """
    known = known_secret(connection, name)
    if known is not None:
        return known
    connection.execute(
        insert_into(connection, settings)
        .values(name=f"secret.{name}", value=secrets.token_hex(32))
        .on_conflict_do_nothing()
    )
    made = select(settings.c.value).where(settings.c.name == f"secret.{name}")
    return str(connection.execute(made).scalar_one())


def take_token(connection: Connection) -> int:
    """Return a new fencing token; whoever holds an older one can no longer change anything."""
    connection.execute(
        insert_into(connection, decider)
        .values(id=1, token=1, events=0)
        .on_conflict_do_update(index_elements=["id"], set_={"token": decider.c.token + 1})
    )
    return int(connection.execute(select(decider.c.token)).scalar_one())


def check_token(connection: Connection, token: int) -> None:
    """Raise Fenced if another decider has taken over since `token` was given out."""
    held = connection.execute(select(decider.c.token).with_for_update()).scalar_one()
    if held != token:
        message = f"another decider has taken over (token {held}, this one holds {token})"
        raise Fenced(message)


def hold(connection: Connection) -> None:
    """Make the decider wait for the end of this transaction, or wait for the end of its own."""
    connection.execute(select(decider.c.token).with_for_update())


def number_events(connection: Connection, count: int) -> int:
    """Return the first of `count` fresh sequence numbers for events. Whoever else wants some waits."""
    raised = (
        insert_into(connection, decider)
        .values(id=1, token=0, events=count)  # something may be told before anybody has ever decided
        .on_conflict_do_update(index_elements=["id"], set_={"events": decider.c.events + count})
        .returning(decider.c.events)
    )
    return int(connection.execute(raised).scalar_one()) - count + 1


def plugin_starts(connection: Connection) -> Mapping[str, datetime]:
    """Return since when each plugin takes part."""
    rows = connection.execute(select(plugins.c.name, plugins.c.started_at))
    return {row[0]: row[1] for row in rows}


def plugins_off(connection: Connection) -> Mapping[str, str]:
    """Return the plugins that were switched off because of what they did, with the reason."""
    rows = connection.execute(select(plugins.c.name, plugins.c.off).where(plugins.c.off != ""))
    return {row[0]: row[1] for row in rows}


def note_plugin(connection: Connection, name: str, distribution: str, version: str, now: datetime) -> None:
    """Remember a plugin; its start is the first time it is seen."""
    values = {"distribution": distribution, "version": version}
    connection.execute(
        insert_into(connection, plugins)
        .values(name=name, started_at=now, off="", **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def switch_plugin(connection: Connection, name: str, reason: str) -> None:
    """Switch a plugin off for `reason`, or on again with an empty one."""
    connection.execute(update(plugins).where(plugins.c.name == name).values(off=reason))


def configuration_versions(connection: Connection) -> list[tuple[datetime, str, str]]:
    """Return (effective from, digest, body) of every version, oldest first."""
    rows = connection.execute(
        select(configurations.c.effective_from, configurations.c.digest, configurations.c.body).order_by(
            configurations.c.seq
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


def add_configuration(connection: Connection, effective_from: datetime, digest: str, body: str) -> None:
    """Keep a version of the configuration."""
    connection.execute(insert(configurations).values(effective_from=effective_from, digest=digest, body=body))
