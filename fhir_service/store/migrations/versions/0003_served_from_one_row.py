"""What is served of a version stands in its row: its logical id, and on PostgreSQL nearly every body."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Up to 8 kB a body stays in its row, as it is. Else it would be compressed, by a quarter, and what is above
# 2 kB even then would stand in another table. What was written before stays as it was.
_BODIES_IN_ROWS = "ALTER TABLE version SET (toast_tuple_target = 8160)"

_FILL = (
    "UPDATE version SET logical_id ="
    " (SELECT r.logical_id FROM resource AS r WHERE r.serial = version.resource)"
)


def upgrade() -> None:
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.add_column("version", sa.Column("logical_id", text, nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("version", "logical_id", server_default=None)
        op.execute(_BODIES_IN_ROWS)
    op.execute(_FILL)
