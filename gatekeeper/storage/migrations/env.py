"""Where Alembic starts. `gatekeeper.storage.migrate` hands over an open transaction; nothing else runs this."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=True)
context.run_migrations()
