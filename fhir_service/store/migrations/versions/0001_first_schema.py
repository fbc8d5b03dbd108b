"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The words are folded before they are kept, so that both databases see the same ones.
FULL_TEXT = {
    "sqlite": ["CREATE VIRTUAL TABLE full_text USING fts5 (narrative, content, tokenize = 'unicode61')"],
    "postgresql": [
        "CREATE TABLE full_text"
        " (rowid BIGINT PRIMARY KEY, narrative TSVECTOR NOT NULL, content TSVECTOR NOT NULL)",
        "CREATE INDEX full_text_narrative ON full_text USING gin (narrative)",
        "CREATE INDEX full_text_content ON full_text USING gin (content)",
    ],
}


def upgrade() -> None:
    op.create_table(
        "index_date",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("low", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "low", "resource", "high", "element"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_date_by_end", "index_date", ["parameter", "high", "resource", "low"], unique=False)
    op.create_index("index_date_by_resource", "index_date", ["resource"], unique=False)
    op.create_table(
        "index_number",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("low", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "low", "resource", "high", "element"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "index_number_by_end", "index_number", ["parameter", "high", "resource", "low"], unique=False
    )
    op.create_index("index_number_by_resource", "index_number", ["resource"], unique=False)
    op.create_table(
        "index_quantity",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("low", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("system_hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "code",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "unit",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "parameter", "low", "resource", "high", "system_hash", "code", "unit", "element"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "index_quantity_by_end", "index_quantity", ["parameter", "high", "resource", "low"], unique=False
    )
    op.create_index("index_quantity_by_resource", "index_quantity", ["resource"], unique=False)
    op.create_table(
        "index_reference",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "target",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "target_type",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("version_hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "target", "resource", "target_type", "version_hash", "element"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_reference_by_resource", "index_reference", ["resource"], unique=False)
    op.create_table(
        "index_string",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "folded",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value_hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "folded_rest",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "value",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("parameter", "folded", "resource", "value_hash", "element"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_string_by_resource", "index_string", ["resource"], unique=False)
    op.create_table(
        "index_token",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "code",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("system_hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "code", "resource", "system_hash", "element"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_token_by_resource", "index_token", ["resource"], unique=False)
    op.create_table(
        "index_uri",
        sa.Column("parameter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "uri",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("resource", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("element", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("parameter", "uri", "resource", "element"),
        sqlite_with_rowid=False,
    )
    op.create_index("index_uri_by_resource", "index_uri", ["resource"], unique=False)
    op.create_table(
        "load",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("canonical", "release"),
    )
    op.create_table(
        "property",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "search_parameter",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("release", "type", "code"),
    )
    op.create_table(
        "token_use",
        sa.Column("assertion", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("assertion"),
    )
    op.create_index(op.f("ix_token_use_until"), "token_use", ["until"], unique=False)
    op.create_table(
        "type",
        sa.Column("number", sa.SmallInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("release", "name"),
    )
    op.create_table(
        "loaded_resource",
        sa.Column("resource", sa.BigInteger(), nullable=False),
        sa.Column("load", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["load"],
            ["load.number"],
        ),
        sa.PrimaryKeyConstraint("resource"),
    )
    op.create_index("loaded_resource_by_load", "loaded_resource", ["load"], unique=False)
    op.create_table(
        "resource",
        sa.Column("serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.SmallInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "logical_id", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("current_version", sa.BigInteger(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["type"],
            ["type.number"],
        ),
        sa.PrimaryKeyConstraint("serial"),
        sa.UniqueConstraint("type", "logical_id"),
    )
    op.create_index("resource_by_last_update", "resource", ["type", "last_updated", "serial"], unique=False)
    op.create_index("resource_in_order", "resource", ["type", "is_deleted", "serial"], unique=False)
    op.create_table(
        "version",
        sa.Column("serial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.SmallInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("resource", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["type"],
            ["type.number"],
        ),
        sa.PrimaryKeyConstraint("serial"),
        sa.UniqueConstraint("resource", "version_id"),
    )
    op.create_index("version_by_type", "version", ["type", "serial"], unique=False)
    for statement in FULL_TEXT[op.get_bind().dialect.name]:
        op.execute(statement)
