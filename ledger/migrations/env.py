"""Run the migrations on the connection `ledger.database` has opened and begun."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
