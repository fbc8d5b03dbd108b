"""The vocabulary of string and URI parameters, with its trigrams, made of what is indexed already."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_PLAIN = (
    "JOIN search_parameter AS p ON p.number = i.parameter"
    " WHERE replace(replace(p.code, ':', ''), '$', '') = p.code"
)
_FILL = [
    "INSERT INTO vocabulary (parameter, key, value_hash, text)"
    f" SELECT DISTINCT i.parameter, i.folded, 0, i.folded FROM index_string AS i {_PLAIN}",
    "INSERT INTO vocabulary (parameter, key, value_hash, text)"
    " SELECT DISTINCT i.parameter, i.folded, i.value_hash, i.folded_rest"
    f" FROM index_string AS i {_PLAIN} AND i.folded_rest <> ''",
    "INSERT INTO vocabulary (parameter, key, value_hash, text)"
    f" SELECT DISTINCT i.parameter, i.uri, 0, i.uri FROM index_uri AS i {_PLAIN}",
]

# Columns are taken for independent of each other: a code that thousands carry would be taken for a rare one.
_COMMON_CODES = "CREATE STATISTICS index_token_codes (mcv) ON parameter, code FROM index_token"

# No positions: a search asks for all trigrams of a text and looks at the values themselves afterwards.
_TRIGRAMS = [
    "CREATE VIRTUAL TABLE vocabulary_text USING fts5 (text, content = 'vocabulary',"
    " content_rowid = 'number', tokenize = 'trigram', detail = none, columnsize = 0)",
    "CREATE TRIGGER vocabulary_added AFTER INSERT ON vocabulary BEGIN"
    " INSERT INTO vocabulary_text (rowid, text) VALUES (new.number, new.text); END",
]


def upgrade() -> None:
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "vocabulary",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parameter", sa.Integer(), nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value_hash", sa.BigInteger(), nullable=False),
        sa.Column("text", text, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("parameter", "key", "value_hash"),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in _TRIGRAMS:
            op.execute(statement)
    else:
        op.execute(_COMMON_CODES)
        if _has_trigrams(connection):
            op.execute("CREATE INDEX vocabulary_text ON vocabulary USING gin (text gin_trgm_ops)")
    for statement in _FILL:
        connection.exec_driver_sql(statement)


def _has_trigrams(connection: sa.Connection) -> bool:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError as refusal:
        logging.getLogger(__name__).warning(
            "PostgreSQL gives no trigrams (%s): `:contains` reads all different values of a parameter."
            " docs/search.md says how to add them later.",
            str(refusal.orig).strip().partition("\n")[0],
        )
        return False
    return True
