"""Run by Alembic: migrates the connection that `store.schema` hands over."""

from __future__ import annotations

from alembic import context

from aftercare_sdk.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter tables in place
)
with context.begin_transaction():
    context.run_migrations()
