"""The different values of each string and URI parameter, for searches that look anywhere within one.

https://hl7.org/fhir/R4/search.html#modifiers (`:contains`),
https://sqlite.org/fts5.html#the_trigram_tokenizer and https://www.postgresql.org/docs/15/pgtrgm.html

    vocabulary        parameter, key (what an index row is sought by), and a text to look into: the key
                      itself, and of a long value also the rest of it
    vocabulary_text   the trigrams of those texts, a table on SQLite and an index on PostgreSQL

It grows with the number of different values, not with that of resources, and nothing is taken out of it: a
value that no resource has any more leads to no row. What an index row keeps under a suffixed code
(`code:text`) is not looked into this way, and not here.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

# The kinds of index rows that are looked into, with the column that they are sought by.
KEYS = {"string": "folded", "uri": "uri"}

Entry: TypeAlias = tuple[int, str, int, str]

# A walk along the index's own order: it has each value once, however many rows have it.
_WITHIN = "FROM index_{kind} AS i JOIN search_parameter AS p ON p.number = i.parameter WHERE {plain}"
_PLAIN = "replace(replace(p.code, ':', ''), '$', '') = p.code"


def is_kept(code: str) -> bool:
    """Whether the values of a parameter are here: no suffixed one, and no part of a composite."""
    return ":" not in code and "$" not in code


def entries(rows: Mapping[str, Sequence[Sequence[Any]]], without: Container[int]) -> list[Entry]:
    """Those of index rows by table, without those of some parameters.

    Always in the same order: two writers do not wait for each other in a circle.
    """
    found: set[Entry] = set()
    for kind in KEYS:
        for parameter, _, _, key, *more in rows.get(f"index_{kind}", ()):
            if parameter in without:
                continue
            found.add((parameter, key, 0, key))
            if kind == "string" and more[1]:
                found.add((parameter, key, more[0], more[1]))
    return sorted(found)


def fill(kind: str) -> Iterator[str]:
    """The statements that enter what an index table holds."""
    if kind not in KEYS:
        return
    key = KEYS[kind]
    pieces = [(f"DISTINCT i.parameter, i.{key}, 0, i.{key}", "")]
    if kind == "string":
        rest = "DISTINCT i.parameter, i.folded, i.value_hash, i.folded_rest"
        pieces.append((rest, " AND i.folded_rest <> ''"))
    for columns, condition in pieces:
        within = _WITHIN.format(kind=kind, plain=_PLAIN)
        yield (
            f"INSERT INTO vocabulary (parameter, key, value_hash, text) SELECT {columns} {within}{condition}"
            " ON CONFLICT DO NOTHING"
        )


def missing(kind: str) -> str:
    """The statement that finds what a resource is indexed by and the vocabulary does not have."""
    within = _WITHIN.format(kind=kind, plain=_PLAIN)
    return (
        f"SELECT p.code {within} AND i.resource = ? AND NOT EXISTS (SELECT 1 FROM vocabulary AS v"
        f" WHERE v.parameter = i.parameter AND v.key = i.{KEYS[kind]})"
    )
