"""What each shape of search looks into, on both databases, with 100,000 resources: indexes, no whole table.

https://sqlite.org/eqp.html and https://www.postgresql.org/docs/15/using-explain.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
import yaml

from fhir_service.search.query import parse_query
from fhir_service.store import open_store, parameters
from fhir_service.store.contract import Page
from fhir_service.store.parameters import while_state_is
from fhir_service.store.postgres import gathered, numbered
from fhir_service.store.postgres_arrays import array
from fhir_service.store.reading import Reading
from fhir_service.store.relational import RelationalStore
from fhir_service.store.schema import metadata
from fhir_service.store.sql import Sql
from fhir_service.store.sqlite import written
from tests.databases import new_postgres_database
from tests.store import many_resources
from tests.store_fixtures import new_database

CASES = yaml.safe_load((Path(__file__).parent / "query_plans.yaml").read_text())

# Those that grow with what is stored.
TABLES = {"resource", "version", "vocabulary", "vocabulary_text", "full_text"} | {
    name for name in metadata.tables if name.startswith("index_")
}


class Look(NamedTuple):
    """A look into a table: by which index, and what is sought in it. If nothing is, all of it is read."""

    table: str
    by: str = ""
    sought: frozenset[str] = frozenset()


class Recording(Reading):
    """Reads as the store does, and notes the statements."""

    def __init__(self, store: RelationalStore) -> None:
        super().__init__()
        self.store = store
        self.statements: list[Sql] = []

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        self.statements.append(statement)
        return self.store.rows(statement.text, *statement.values)


@pytest.fixture(scope="module")
def sqlite_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    filled = open_store(new_database(request, "sqlite", tmp_path_factory.mktemp("plans")))
    many_resources.fill(filled)
    filled.close()
    return Path(str(filled.database.engine.url.database))


@pytest.fixture(scope="module", params=("sqlite", "sqlite after ANALYZE", "postgresql"))
def store(request: pytest.FixtureRequest) -> Iterator[RelationalStore]:
    """On SQLite nothing but ANALYZE tells the planner what is stored; PostgreSQL sees to it by itself."""
    if request.param == "postgresql":
        opened = open_store(new_postgres_database(*map(request.getfixturevalue, _EMPTY)))
        many_resources.fill(opened)
    else:
        opened = open_store(f"sqlite:///{request.getfixturevalue('sqlite_file')}")
        if "ANALYZE" in request.param:
            with opened.write() as transaction:
                transaction.execute("ANALYZE")
            opened.close()  # a connection goes by the statistics that it found
    yield opened
    opened.close()


_EMPTY = ("postgres", "postgresql_template")


def looks(store: RelationalStore, search: str) -> list[Look]:
    """All that a search looks into."""
    return [look for statement in statements(store, search) for look in of_statement(store, statement)]


def statements(store: RelationalStore, search: str) -> list[Sql]:
    first, *others = recorded(store, search)[1]
    return [first if store.database.engine.name == "sqlite" else while_state_is([], first), *others]


def recorded(store: RelationalStore, search: str) -> tuple[Page, list[Sql]]:
    """The page that a search finds, and how."""
    type_name, _, query = search.partition("?")
    recording = Recording(store)
    pairs = parse_qsl(query, keep_blank_values=True)
    page = recording.search("r4", parse_query(pairs, type_name, many_resources.PARAMETERS))
    return page, recording.statements


def of_statement(store: RelationalStore, statement: Sql) -> list[Look]:
    explain = _of_sqlite if store.database.engine.name == "sqlite" else _of_postgresql
    return [*explain(store, statement)]


def sorting_steps(store: RelationalStore, search: str) -> list[str]:
    """Where what was found is put in order, which a walk must not need: it ends when the page is full."""
    return [step for statement in statements(store, search) for step in _sorting_steps(store, statement)]


def _sorting_steps(store: RelationalStore, statement: Sql) -> list[str]:
    return [step for step in _steps(store, statement) if "TEMP B-TREE" in step or "Sort" in step]


def _steps(store: RelationalStore, statement: Sql) -> list[str]:
    if store.database.engine.name == "sqlite":
        rows = store.rows(f"EXPLAIN QUERY PLAN {statement.text}", *statement.values)
    else:
        rows = _explained(store, statement, "EXPLAIN")
    return [row[-1] for row in rows]


_SQLITE_STEP = re.compile(
    r"(?P<verb>SEARCH|SCAN) (?P<alias>\w+)"
    r"(?: USING (?:COVERING )?(?P<key>INDEX \w+|INTEGER PRIMARY KEY|PRIMARY KEY)(?: \((?P<sought>.*)\))?)?"
    r"(?: VIRTUAL TABLE INDEX \d+:(?P<words>M\d))?"
)


def _of_sqlite(store: RelationalStore, statement: Sql) -> Iterator[Look]:
    aliases = _aliases(written(statement.text))
    for *_, step in store.rows(f"EXPLAIN QUERY PLAN {statement.text}", *statement.values):
        found = _SQLITE_STEP.match(step)
        if found is None or (table := aliases.get(found["alias"])) is None:
            continue
        if found["words"]:
            yield _WORDS[table, found["words"]]
        elif found["verb"] == "SEARCH":
            key = (found["key"] or "").removeprefix("INDEX ")
            index = f"{table}_pkey" if "PRIMARY KEY" in key else key
            yield Look(table, _UNIQUE.get(index, index), _columns(found["sought"] or ""))
        else:
            yield Look(table)


# The full text (M2 is the whole of its two columns) and the trigrams, by the names of PostgreSQL's indexes.
_WORDS = {
    ("full_text", "M0"): Look("full_text", "full_text_narrative", frozenset(("narrative",))),
    ("full_text", "M2"): Look("full_text", "full_text_content", frozenset(("content",))),
    ("vocabulary_text", "M1"): Look("vocabulary_text", "vocabulary_text", frozenset(("text",))),
}

# SQLite numbers the indexes of constraints, PostgreSQL names them.
_UNIQUE = {
    "sqlite_autoindex_resource_1": "resource_type_logical_id_key",
    "sqlite_autoindex_vocabulary_1": "vocabulary_parameter_key_value_hash_key",
}


def _of_postgresql(store: RelationalStore, statement: Sql) -> Iterator[Look]:
    ((plans,),) = _explained(store, statement, "EXPLAIN (FORMAT JSON)")
    yield from _of_plan(plans[0]["Plan"], "")


def _explained(store: RelationalStore, statement: Sql, explain: str) -> list[tuple[Any, ...]]:
    """By the one plan for all values, or where words are asked for, by that for these."""
    if numbered(statement.text).has_words:
        return store.rows(f"{explain} {statement.text}", *statement.values)
    found = store.rows(f"{explain} EXECUTE {_prepared(store, statement)}")
    store.rows("DEALLOCATE explained")
    return found


def _prepared(store: RelationalStore, statement: Sql) -> str:
    """Its name, with the values to execute it with."""
    text, lists, _ = numbered(statement.text)
    values = gathered(statement.values, lists)
    if not values:
        store.rows(f"PREPARE explained AS {text}")
        return "explained"
    types = ["bigint" if type(value) is int else "unknown" for value in values]
    store.rows(f"PREPARE explained ({', '.join(types)}) AS {text}")
    told = [f"'{array(value) if isinstance(value, list) else value}'" for value in values]
    return f"explained ({', '.join(told)})"


def _of_plan(plan: dict[str, Any], around: str) -> Iterator[Look]:
    table = plan.get("Relation Name", around)
    if "Index Name" in plan:
        yield Look(table, plan["Index Name"], _columns(plan.get("Index Cond", "")))
    elif plan["Node Type"] == "Seq Scan":
        yield Look(table)
    for part in plan.get("Plans", ()):
        yield from _of_plan(part, table)


def _aliases(text: str) -> dict[str, str]:
    named = {alias: table for table, alias in re.findall(r"(\w+) AS (\w+)", text) if table in TABLES}
    return named | {table: table for table in TABLES}


def _columns(condition: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", re.sub(r"'[^']*'", "", condition)))


def is_whole(look: Look) -> bool:
    return look.table in TABLES and not look.sought


@pytest.mark.parametrize("case", CASES["seeks"], ids=lambda case: case["shape"])
def test_it_seeks_in_indexes(store: RelationalStore, case: dict[str, Any]) -> None:
    found = looks(store, case["search"])
    assert [look for look in found if is_whole(look)] == []
    for index, columns in case["seeks"].items():
        assert any(look.by == index and look.sought >= set(columns) for look in found), found


@pytest.mark.parametrize("case", CASES["in_order"], ids=lambda case: case["shape"])
def test_the_walk_meets_matches_in_the_order_of_its_index(
    store: RelationalStore, case: dict[str, Any]
) -> None:
    assert sorting_steps(store, case["search"]) == []


def test_postgresql_finds_what_is_served_without_the_row_of_the_resource(store: RelationalStore) -> None:
    found = {look.table for look in looks(store, "Observation?code=http://corpus.test/finding|F0003")}
    assert TABLES & found >= {"index_token", "version"}
    assert ("resource" in found) == (store.database.engine.name == "sqlite")


def test_later_pages_of_a_list_go_from_value_to_value_too(store: RelationalStore) -> None:
    """Not through all values from the last one on."""
    search = "ValueSet?url:contains=ValueSet/155-1&_count=3"
    cursor = recorded(store, search)[0].next_cursor
    walk = statements(store, f"{search}&_page={cursor}")[-1]
    assert any(re.search(r"\buri(=\?|(\)::text)? = ANY)", step) for step in _sought(store, walk))


def _sought(store: RelationalStore, statement: Sql) -> list[str]:
    steps = [step.strip() for step in _steps(store, statement)]
    return [step for step in steps if step.startswith(("SEARCH", "Index Cond"))]


@pytest.mark.parametrize("case", CASES["walks"], ids=lambda case: case["shape"])
def test_what_no_index_leads_to_walks_along_the_type_and_stops(
    store: RelationalStore, case: dict[str, Any]
) -> None:
    found = looks(store, case["search"])
    assert [look for look in found if is_whole(look)] == []
    assert any(look.by == "resource_in_order" and "type" in look.sought for look in found), found


def test_definitions_are_found_without_a_look_at_every_resource(store: RelationalStore) -> None:
    """Each process asks for them before its first search, and whenever one has changed."""
    (number,) = store.rows("SELECT max(number) FROM type")[0]
    found = of_statement(store, Sql(parameters.CURRENT, [number, False]))
    assert [look for look in found if look.table == "resource" and "type" not in look.sought] == []
    assert any(look.by == "resource_in_order" for look in found), found
