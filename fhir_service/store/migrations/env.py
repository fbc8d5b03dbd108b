"""Runs migrations on the connection that `migration.py` hands over."""

from alembic import context

from fhir_service.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
