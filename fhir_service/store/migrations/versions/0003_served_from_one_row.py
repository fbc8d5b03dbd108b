"""What is served of a version stands in its row: its logical id, and on PostgreSQL nearly every body."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_ID = "(SELECT r.logical_id FROM resource AS r WHERE r.serial = version.resource)"

# Up to 8 kB a body stays in its row, as it is. Else it would be compressed, by a quarter, and what is above
# 2 kB even then would stand in another table. What was written before stays as it was.
_BODIES_IN_ROWS = "ALTER TABLE version SET (toast_tuple_target = 8160)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _copy_rows()
        return
    op.add_column("version", sa.Column("logical_id", _TEXT, nullable=True))
    op.execute(_BODIES_IN_ROWS)
    op.execute(f"UPDATE version SET logical_id = {_ID}")
    op.alter_column("version", "logical_id", nullable=False)


def _copy_rows() -> None:
    """SQLite adds no column that must have a value, unless there is one that it has without being given."""
    op.drop_index("version_by_type", "version")
    op.rename_table("version", "version_before")
    op.create_table(
        "version",
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("resource", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("logical_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["type"], ["type.number"]),
        sa.PrimaryKeyConstraint("serial"),
        sa.UniqueConstraint("resource", "version_id"),
    )
    columns = "serial, type, resource, version_id, last_updated, method, body"
    op.execute(
        f"INSERT INTO version ({columns}, logical_id)"
        f" SELECT {columns}, {_ID} FROM version_before AS version ORDER BY serial"
    )
    op.drop_table("version_before")
    op.create_index("version_by_type", "version", ["type", "serial"], unique=False)
