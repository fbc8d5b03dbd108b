"""The tables, the same on SQLite and PostgreSQL.

    type               a number for each release and resource type
    resource           one row a logical id: its current version, its last update, whether it is deleted;
                       and one for each contained resource (contained.py)
    version            one row a version, with all that is served of it: id, version id, last update, and the
                       bytes, of which a deletion has none
    search_parameter   a number for each release, type and code: what index rows start with
    index_<type>       one table a search parameter type; rows of current versions only
    full_text          the words of each current resource; each database has its own kind of table for it
    vocabulary         the different values of string and URI parameters, with their trigrams (vocabulary.py)
    load               packages that were loaded: canonical, version and content hash
    loaded_resource    which resources each loaded package owns
    property           what the store says of itself: the index definitions its rows were made with
    token_use          client assertions that were used, until they have expired

Of the full text, PostgreSQL's `content` has the narrative's words in it, for what a query asks for may stand
partly here and partly there. An FTS5 table can be asked as a whole, so on SQLite they stand in `narrative`
alone, and a phrase is found within one of the two. Rows written before that have them in both, and are found
as well.

The key of an index row is its search parameter, the first of its own columns, the resource, and the rest:
matches come in the order of (first column, resource), so that a page costs the same wherever it begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from fhir_service.search.param_types import PARAM_TYPES

metadata = MetaData()

# SQLite numbers rows by itself only where the column is declared INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")
# Code point order on both databases: a prefix search is a range of the b-tree.
_Text = String().with_variant(String(collation="C"), "postgresql")

TYPE = Table(
    "type",
    metadata,
    Column("number", SmallInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("release", String, nullable=False),
    Column("name", String, nullable=False),
    UniqueConstraint("release", "name"),
)

RESOURCE = Table(
    "resource",
    metadata,
    Column("serial", _Serial, primary_key=True),
    Column("type", ForeignKey("type.number"), nullable=False),
    Column("logical_id", _Text, nullable=False),
    Column("current_version", BigInteger, nullable=False),
    Column("last_updated", BigInteger, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    UniqueConstraint("type", "logical_id"),
    Index("resource_in_order", "type", "is_deleted", "serial"),
    Index("resource_by_last_update", "type", "last_updated", "serial"),
)

VERSION = Table(
    "version",
    metadata,
    Column("serial", _Serial, primary_key=True),
    Column("type", ForeignKey("type.number"), nullable=False),
    Column("resource", BigInteger, nullable=False),
    Column("version_id", Integer, nullable=False),
    Column("last_updated", BigInteger, nullable=False),
    # What made it: POST, PUT, PATCH or DELETE, as history says it.
    Column("method", String, nullable=False),
    Column("body", LargeBinary),
    # That of the resource: who has found its version need not look for its row.
    Column("logical_id", _Text, nullable=False),
    UniqueConstraint("resource", "version_id"),
    Index("version_by_type", "type", "serial"),
)

SEARCH_PARAMETER = Table(
    "search_parameter",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("release", String, nullable=False),
    Column("type", String, nullable=False),
    Column("code", String, nullable=False),
    Column("url", String, nullable=False),
    # Always `ready`: which definitions are not, a property tells (parameters.py).
    Column("state", String, nullable=False),
    UniqueConstraint("release", "type", "code"),
)

PROPERTY = Table(
    "property",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

VOCABULARY = Table(
    "vocabulary",
    metadata,
    Column("number", _Serial, primary_key=True),
    Column("parameter", Integer, nullable=False),
    Column("key", _Text, nullable=False),
    Column("value_hash", BigInteger, nullable=False),
    Column("text", _Text, nullable=False),
    UniqueConstraint("parameter", "key", "value_hash"),
)

TOKEN_USE = Table(
    "token_use",
    metadata,
    Column("assertion", String, primary_key=True),
    Column("until", BigInteger, nullable=False, index=True),
)

LOAD = Table(
    "load",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("canonical", String, nullable=False),
    Column("release", String, nullable=False),
    Column("version", String, nullable=False),
    Column("content_hash", String, nullable=False),
    # `built` of the resources folder, which removes it too, or a `file` that somebody loaded.
    Column("origin", String, nullable=False),
    UniqueConstraint("canonical", "release"),
)

LOADED_RESOURCE = Table(
    "loaded_resource",
    metadata,
    Column("resource", BigInteger, primary_key=True),
    Column("load", ForeignKey("load.number"), nullable=False),
    # What the package holds, before `meta` is stamped: tells whether a later load changes the resource.
    Column("content_hash", String, nullable=False),
    Index("loaded_resource_by_load", "load"),
)

_COLUMN_TYPES: dict[str, TypeEngine[Any]] = {
    "low": BigInteger(),
    "high": BigInteger(),
    "system_hash": BigInteger(),
    "value_hash": BigInteger(),
    "version_hash": BigInteger(),
}
_DOUBLES: dict[tuple[str, str], TypeEngine[Any]] = {
    (kind, end): Double() for kind in ("number", "quantity") for end in ("low", "high")
}

# Compared after the seek, and of any length: they stay out of the key.
NOT_IN_KEY = {"folded_rest", "value"}


def _index_table(kind: str) -> Table:
    first, *rest = PARAM_TYPES[kind].COLUMNS

    def column(name: str, in_key: bool) -> Column[Any]:
        column_type = _DOUBLES.get((kind, name)) or _COLUMN_TYPES.get(name, _Text)
        return Column(name, column_type, primary_key=in_key, autoincrement=False, nullable=False)

    table = Table(
        f"index_{kind}",
        metadata,
        Column("parameter", Integer, primary_key=True, autoincrement=False),
        column(first, True),
        Column("resource", BigInteger, primary_key=True, autoincrement=False),
        *(column(name, True) for name in rest if name not in NOT_IN_KEY),
        Column("element", SmallInteger, primary_key=True, autoincrement=False),
        *(column(name, False) for name in rest if name in NOT_IN_KEY),
        sqlite_with_rowid=False,
    )
    Index(f"index_{kind}_by_resource", table.c.resource)
    if "high" in rest:
        # Searches that look at the end of a range: ge, gt, eb.
        Index(f"index_{kind}_by_end", table.c.parameter, table.c.high, table.c.resource, table.c.low)
    return table


INDEX_TABLES = {kind: _index_table(kind) for kind in PARAM_TYPES}


# What is written together, in this order: the columns of the values of each row. MOVED are new states of rows
# of `resource`, found by the first.
MOVED = "moved"
WRITTEN: Mapping[str, tuple[str, ...]] = {
    "resource": ("serial", "type", "logical_id", "current_version", "last_updated", "is_deleted"),
    MOVED: ("serial", "current_version", "last_updated", "is_deleted"),
    "version": ("serial", "type", "resource", "version_id", "last_updated", "method", "body", "logical_id"),
    **{
        table.name: ("parameter", "resource", "element", *PARAM_TYPES[kind].COLUMNS)
        for kind, table in INDEX_TABLES.items()
    },
    "full_text": ("rowid", "narrative", "content"),
    "vocabulary": ("parameter", "key", "value_hash", "text"),
}
NEEDED_ONCE = frozenset(("vocabulary", *(table.name for table in INDEX_TABLES.values())))
"""Tables whose rows may be there already, and then stay."""
