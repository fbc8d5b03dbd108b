"""Predicates as SQL: plain text and values, the same for both databases.

A page is a walk along one index (the driver) in the index's own order; whatever else is asked for is checked
on each row that the walk meets. So a page costs what it holds, wherever it begins, and not what the store
holds. Where several conditions could drive, the store counts the first few hundred rows of each and takes
the shortest; what was counted is remembered while nothing is committed (lengths.py).

Placeholders are written `?`; no other question mark and no percent sign stands in any statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple

from fhir_service.search.contained import MARK
from fhir_service.search.predicates import (
    And,
    AnyOf,
    Compare,
    Condition,
    Everything,
    Indexed,
    Key,
    Not,
    Nothing,
    Or,
    Own,
    Predicate,
    Referred,
    Refers,
    TextMatch,
    Together,
    pattern,
)
from fhir_service.search.sorting import SortKey

READ = (
    "SELECT v.version_id, v.last_updated, v.body FROM resource AS r"
    " JOIN version AS v ON v.serial = r.current_version"
    " WHERE r.type = ? AND r.logical_id = ?"
)
VREAD = (
    "SELECT v.version_id, v.last_updated, v.body FROM resource AS r"
    " JOIN version AS v ON v.resource = r.serial"
    " WHERE r.type = ? AND r.logical_id = ? AND v.version_id = ?"
)

# Value by value: one seek each, however many rows hold the same.
NEXT_URI = "SELECT min(uri) FROM index_uri WHERE parameter = ? AND uri > ? AND uri < ?"

# The version that the row of a resource names, and the newest version of a resource: the same one, unless the
# resource is contained in another. To the newest one each database has its own shortest way.
CURRENT_VERSION = (
    "JOIN resource AS r ON r.serial = m.resource JOIN version AS v ON v.serial = r.current_version"
)
NEWEST_VERSION = "JOIN NEWEST version AS v OF m.resource"

# Entries in which a text stands: each database has its own way to the trigrams.
VOCABULARY = "vocabulary AS v WITHIN ?"
TRIGRAM = 3

_PATTERNS = ("like", "contains")
_OPERATORS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Sql(NamedTuple):
    """A piece of a statement and the values of its placeholders, in order."""

    text: str
    values: list[Any]


@dataclass(frozen=True, slots=True)
class Within:
    """A text that stands anywhere in another: each database puts its own pattern for it in."""

    text: str


@dataclass(frozen=True, slots=True)
class Names:
    """The numbers of one release's types and search parameters; what has no number has no rows at all."""

    types: Mapping[str, int]
    parameters: Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class Driver:
    """A walk over a superset of the matches, in the order of (`sort`, resource), or of resource alone.

    `table` is an index table or `resource`; `branches` are alternatives, each a list of conditions on a row.
    `part` is the predicate that the walk satisfies by itself, or None where it must still be checked;
    `is_listed` tells that the walk goes from value to value of a list.
    """

    table: str
    branches: tuple[tuple[Condition, ...], ...]
    sort: str | None
    parameter: int | None = None
    part: Predicate | None = None
    descending: bool = False
    is_listed: bool = False

    @property
    def resource(self) -> str:
        return "serial" if self.table == "resource" else "resource"


WHOLE_TYPE = Driver("resource", ((),), None, None, Everything())


def drivers(predicate: Predicate, names: Names) -> dict[int, Driver]:
    """Every condition of the query that could drive a walk, by its place in the conjunction."""
    found = {place: _driver(part, names) for place, part in enumerate(conjuncts(predicate))}
    return {place: driver for place, driver in found.items() if driver is not None}


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    return predicate.items if isinstance(predicate, And) else (predicate,)


def _driver(predicate: Predicate, names: Names) -> Driver | None:
    match predicate:
        case Own(tests):
            sort = "last_updated" if tests[0].column == "last_updated" else None
            return Driver("resource", (tests,), sort, None, predicate)
        case Indexed():
            return _index_driver((predicate,), predicate, names)
        case Together(parts):
            return _index_driver(parts[:1], None, names)
        case Or(items):
            if all(isinstance(item, Own) for item in items):
                owns = tuple(item.tests for item in items if isinstance(item, Own))
                if all(tests[0].column == "logical_id" for tests in owns):
                    return Driver("resource", owns, None, None, predicate)
            leaves = tuple(item for item in items if isinstance(item, Indexed))
            if len(leaves) == len(items) and len({(leaf.table, leaf.parameter) for leaf in leaves}) == 1:
                return _index_driver(leaves, predicate, names)
    return None


def _index_driver(leaves: tuple[Indexed, ...], part: Predicate | None, names: Names) -> Driver | None:
    leading = [test for test in map(_leading, leaves) if test is not None]
    number = names.parameters.get(leaves[0].parameter)
    columns = {test.column for test in leading}
    if number is None or len(columns) != 1 or len(leading) < len(leaves):
        return None
    is_exact = all(test.operator == "eq" for test in leading)
    return Driver(
        f"index_{leaves[0].table}",
        tuple(leaf.tests for leaf in leaves),
        None if is_exact else columns.pop(),
        number,
        part,
        is_listed=any(test.operator == "in" for test in leading),
    )


# The columns that a b-tree of each index table begins with, after the parameter.
_LEADING = {
    "token": ("code",),
    "string": ("folded",),
    "uri": ("uri",),
    "reference": ("target",),
    "date": ("low", "high"),
    "number": ("low", "high"),
    "quantity": ("low", "high"),
}


def _leading(leaf: Indexed) -> Compare | None:
    """The test that a walk along the index can follow; a pattern may stand anywhere in a value."""
    tests = (test for test in leaf.tests if isinstance(test, Compare) and test.operator not in _PATTERNS)
    return next((test for test in tests if test.column in _LEADING[leaf.table]), None)


def walk(
    driver: Driver,
    predicate: Predicate,
    type_number: int,
    names: Names,
    *,
    after: tuple[Any, ...] | None,
    limit: int,
    once: bool,
) -> Sql:
    """SELECT of (sort, resource) or (resource) of matches, in order.

    `after` is the position of the last match of the page before; `limit` bounds each branch. Unless each
    shall come `once`, a resource comes with each of its values: to look for those before costs more than the
    walk.
    """
    rest = _rest(driver, predicate)
    branches = [
        _branch(driver, conditions, rest, type_number, names, after, limit, once)
        for conditions in driver.branches
    ]
    if len(branches) == 1:
        return branches[0]
    columns, order = _columns(driver, ""), _order(driver, "")
    # Each branch is bounded by itself, so that a long one is not walked to its end to be sorted.
    union = " UNION ".join(f"SELECT * FROM ({branch.text}) AS b{n}" for n, branch in enumerate(branches))
    text = f"SELECT {columns} FROM ({union}) AS b ORDER BY {order}{_limit(limit)}"
    return Sql(text, [value for branch in branches for value in branch.values])


def every_match(
    driver: Driver, predicate: Predicate, type_number: int, names: Names, *, limit: int | None = None
) -> Sql:
    """SELECT of (resource) of every match, each once, in any order."""
    found = _unordered(driver, predicate, type_number, names)
    text = " UNION ".join(f"SELECT DISTINCT d.{driver.resource} AS resource {one.text}" for one in found)
    return Sql(text + _limit(limit), [value for one in found for value in one.values])


def count_matches(driver: Driver, predicate: Predicate, type_number: int, names: Names) -> Sql:
    """How many there are: what is counted need not be in order."""
    first, *others = _unordered(driver, predicate, type_number, names)
    if others:
        return count(every_match(driver, predicate, type_number, names))
    return Sql(f"SELECT count(DISTINCT d.{driver.resource}) {first.text}", first.values)


def _unordered(driver: Driver, predicate: Predicate, type_number: int, names: Names) -> list[Sql]:
    """From FROM on, for each branch."""
    rest = [holds(part, f"d.{driver.resource}", names) for part in _rest(driver, predicate)]
    branches = [_join([*_met(driver, one, type_number), *rest], " AND ") for one in driver.branches]
    return [Sql(f"FROM {driver.table} AS d WHERE {one.text}", one.values) for one in branches]


def _rest(driver: Driver, predicate: Predicate) -> list[Predicate]:
    """What the walk itself does not already make sure of."""
    if driver.part is None:
        return [predicate]
    return [part for part in conjuncts(predicate) if part is not driver.part and part != driver.part]


def _branch(
    driver: Driver,
    conditions: tuple[Condition, ...],
    rest: list[Predicate],
    type_number: int,
    names: Names,
    after: tuple[Any, ...] | None,
    limit: int,
    once: bool,
) -> Sql:
    where = _met(driver, conditions, type_number)
    if after is not None:
        where.append(_behind(driver, after))
    if once and driver.sort and driver.table != "resource":
        where.append(_is_first(driver))
    where.extend(holds(part, f"d.{driver.resource}", names) for part in rest)
    condition = _join(where, " AND ")
    text = (
        f"SELECT DISTINCT {_columns(driver, 'd.')} FROM {driver.table} AS d"
        f" WHERE {condition.text} ORDER BY {_order(driver, 'd.', driver.resource)}{_limit(limit)}"
    )
    return Sql(text, condition.values)


def _behind(driver: Driver, after: tuple[Any, ...]) -> Sql:
    beyond, resource = "<" if driver.descending else ">", f"d.{driver.resource}"
    if not driver.sort:
        return Sql(f"{resource} {beyond} ?", list(after))
    sort = f"d.{driver.sort}"
    if driver.is_listed:  # not as a range, which both databases would walk instead of the values
        return Sql(f"{sort} {beyond} ? OR {sort} = ? AND {resource} {beyond} ?", [after[0], *after])
    return Sql(f"({sort}, {resource}) {beyond} (?, ?)", list(after))


def _met(driver: Driver, conditions: tuple[Condition, ...], type_number: int) -> list[Sql]:
    """What holds for every row of the walk."""
    if driver.table != "resource":
        within = Sql("d.parameter = ?", [driver.parameter])
    elif conditions or driver.sort:
        within = Sql(f"d.type = ? AND {_exists_still('d')}", [type_number])
    else:
        within = Sql("d.type = ? AND d.is_deleted = ?", [type_number, False])
    return [within, *_conditions(conditions, "d")]


def _exists_still(alias: str) -> str:
    """As `is_deleted = ?`, but SQLite does not walk a whole type because of it."""
    return f"NOT {alias}.is_deleted"


def _columns(driver: Driver, prefix: str) -> str:
    resource = f"{prefix}{driver.resource} AS resource" if prefix else "resource"
    return f"{prefix}{driver.sort}, {resource}" if driver.sort else resource


def _order(driver: Driver, prefix: str, resource: str = "resource") -> str:
    direction = " DESC" if driver.descending else ""
    columns = [driver.sort, resource] if driver.sort else [resource]
    return ", ".join(f"{prefix}{column}{direction}" for column in columns)


def _limit(limit: int | None) -> str:
    return "" if limit is None else f" LIMIT {int(limit)}"


def _is_first(driver: Driver) -> Sql:
    """A resource with several matching rows counts where the walk meets it first."""
    groups = _join([_join(_conditions(branch, "e"), " AND ") for branch in driver.branches], " OR ")
    before = ">" if driver.descending else "<"
    met_before = Sql(
        f"e.resource = d.resource AND e.parameter = ? AND e.{driver.sort} {before} d.{driver.sort}"
        f" AND ({groups.text})",
        [driver.parameter, *groups.values],
    )
    exists = _exists(f"{driver.table} AS e", met_before)
    return Sql(f"NOT {exists.text}", exists.values)


def holds(predicate: Predicate, resource: str, names: Names, level: int = 0) -> Sql:
    """The condition that the resource in the column `resource` satisfies the predicate.

    `level` tells the aliases of nested chains apart.
    """
    match predicate:
        case Everything():
            return Sql("1 = 1", [])
        case Nothing():
            return _NEVER
        case And(items):
            return _join([holds(item, resource, names, level) for item in items], " AND ")
        case Or(items):
            return _join([holds(item, resource, names, level) for item in items], " OR ")
        case Not(item):
            inner = holds(item, resource, names, level)
            return Sql(f"NOT ({inner.text})", inner.values)
        case Own(tests):
            alias = f"o{level}"
            own = _join(_conditions(tests, alias), " AND ")
            return _exists(f"resource AS {alias}", Sql(f"{alias}.serial = {resource}", []), own)
        case Indexed():
            return _rows_exist((predicate,), resource, names, level)
        case Together(parts):
            return _rows_exist(parts, resource, names, level)
        case TextMatch():
            return _exists(
                f"full_text AS f{level}", Sql(f"f{level}.rowid = {resource}", []), matches(predicate, level)
            )
        case Refers():
            return _refers(predicate, resource, names, level + 1)
        case Referred():
            return _referred(predicate, resource, names, level + 1)


_NEVER = Sql("1 = 0", [])


def matches(text: TextMatch, level: int = 0) -> Sql:
    """The condition on `full_text AS f<level>`; each database puts its own query for the words in.

    SQLite looks for those of the content in the whole table (schema.py).
    """
    return Sql(f"f{level}.{text.column} MATCH ?", [text])


def text_matches(text: TextMatch, type_number: int, limit: int) -> Sql:
    condition = matches(text)
    return Sql(
        # SQLite begins a CROSS JOIN where it is told to: with the words, not with all resources of the type.
        "SELECT r.serial FROM full_text AS f0 CROSS JOIN resource AS r"
        f" WHERE {condition.text} AND r.serial = f0.rowid AND r.type = ?{_limit(limit)}",
        [*condition.values, type_number],
    )


def keys_with(text: str, parameter: int, limit: int) -> Sql:
    """The keys of the parameter's values in which the text stands (vocabulary.py), and perhaps of others."""
    entries, values = VOCABULARY, [Within(text)]
    if len(text) < TRIGRAM:  # then all values of the parameter are read
        condition, values = _holds_text("v.text", text)
        entries = f"vocabulary AS v WHERE {condition}"
    return Sql(
        f"SELECT DISTINCT v.key FROM {entries} AND v.parameter = ?{_limit(limit)}", [*values, parameter]
    )


def _holds_text(column: str, text: str) -> Sql:
    """The text stands anywhere in the column, in small letters or capitals: LIKE minds them on PostgreSQL."""
    return Sql(f"lower({column}) LIKE ? ESCAPE '!'", [f"%{pattern(text.translate(_SMALL_LETTERS))}%"])


# Those of ASCII, as `lower` has it on both databases: texts are folded already, and URIs have no others.
_SMALL_LETTERS = str.maketrans(ascii_uppercase, ascii_lowercase)


def _exists(tables: str, *conditions: Sql) -> Sql:
    """A look from each row that a walk meets.

    OFFSET keeps PostgreSQL from turning it around, into a collection of all rows that would satisfy it
    (simplify_EXISTS_query in its planner): it may not know how many those are.
    """
    condition = _join(list(conditions), " AND ")
    return Sql(f"EXISTS (SELECT 1 FROM {tables} WHERE {condition.text} LIMIT 1 OFFSET 0)", condition.values)


def _rows_exist(leaves: tuple[Indexed, ...], resource: str, names: Names, level: int) -> Sql:
    if any(leaf.parameter not in names.parameters for leaf in leaves):
        return _NEVER
    first = f"i{level}_0"
    tables, where = [], []
    for position, leaf in enumerate(leaves):
        alias = f"i{level}_{position}"
        tables.append(f"index_{leaf.table} AS {alias}")
        where.append(Sql(f"{alias}.resource = {resource}", []))
        where.append(Sql(f"{alias}.parameter = ?", [names.parameters[leaf.parameter]]))
        if position:
            where.append(Sql(f"{alias}.element = {first}.element", []))
        where.extend(_conditions(leaf.tests, alias))
    return _exists(", ".join(tables), *where)


def _refers(link: Refers, resource: str, names: Names, level: int) -> Sql:
    parameter, target = names.parameters.get(link.parameter), names.types.get(link.target)
    if parameter is None or target is None:
        return _NEVER
    reference, leads = f"l{level}", f"t{level}"
    refers = Sql(f"{reference}.resource = {resource} AND {reference}.parameter = ?", [parameter])
    current = Sql(f"{leads}.type = ? AND {_exists_still(leads)}", [target])
    holds_there = holds(link.item, f"{leads}.serial", names, level)
    local = Sql(f"{reference}.target_type = ? AND {leads}.logical_id = {reference}.target", [link.target])
    tables = f"index_reference AS {reference}, resource AS {leads}"
    ways = [_exists(tables, refers, current, local, holds_there)]
    url = names.parameters.get(link.canonical) if link.canonical else None
    if url is not None:
        # A way of its own: joined by OR with the local one, neither could be sought.
        own = f"u{level}"
        names_it = f"{own}.parameter = ? AND {_names_canonical(reference, own)}"
        by_url = Sql(f"{names_it} AND {leads}.serial = {own}.resource", [url])
        ways.append(_exists(f"{tables}, index_reference AS {own}", refers, by_url, holds_there))
    return _join(ways, " OR ")


def _names_canonical(reference: str, own: str) -> str:
    """The reference is to the URL of the row `own` (index.py), and to its version if it names one."""
    return (
        f"{own}.target = {reference}.target AND {own}.target_type = '' AND {reference}.target_type = ''"
        f" AND ({reference}.version_hash = 0 OR {reference}.version_hash = {own}.version_hash)"
    )


def _referred(link: Referred, resource: str, names: Names, level: int) -> Sql:
    parameter = names.parameters.get(link.parameter)
    if parameter is None:
        return _NEVER
    reference, here, own = f"l{level}", f"t{level}", f"u{level}"
    holds_there = holds(link.item, f"{reference}.resource", names, level)
    local = _exists(
        f"index_reference AS {reference}, resource AS {here}",
        Sql(f"{here}.serial = {resource} AND {reference}.parameter = ?", [parameter]),
        Sql(f"{reference}.target = {here}.logical_id AND {reference}.target_type = ?", [link.target]),
        holds_there,
    )
    url = names.parameters.get(link.canonical) if link.canonical else None
    if url is None:
        return local
    by_url = _exists(
        f"index_reference AS {reference}, index_reference AS {own}",
        Sql(f"{own}.resource = {resource} AND {own}.parameter = ?", [url]),
        Sql(f"{reference}.parameter = ? AND {_names_canonical(reference, own)}", [parameter]),
        holds_there,
    )
    return _join([local, by_url], " OR ")


def _conditions(conditions: tuple[Condition, ...], alias: str) -> Iterator[Sql]:
    for condition in conditions:
        if isinstance(condition, AnyOf):
            groups = [_join(list(_conditions(group, alias)), " AND ") for group in condition.groups]
            yield _join(groups, " OR ")
        elif isinstance(condition.value, tuple):
            marks = ", ".join("?" * len(condition.value))
            yield Sql(f"{alias}.{condition.column} IN ({marks})", list(condition.value))
        elif condition.operator == "like":
            yield Sql(f"{alias}.{condition.column} LIKE ? ESCAPE '!'", [condition.value])
        elif condition.operator == "contains":
            yield _holds_text(f"{alias}.{condition.column}", str(condition.value))
        else:
            operator = _OPERATORS[condition.operator]
            yield Sql(f"{alias}.{condition.column} {operator} ?", [condition.value])


def _join(pieces: Iterator[Sql] | list[Sql], word: str) -> Sql:
    parts = list(pieces)
    if not parts:
        return Sql("1 = 1", [])
    if len(parts) == 1:
        return parts[0]
    text = word.join(f"({part.text})" if " OR " in part.text else part.text for part in parts)
    return Sql(text, [value for part in parts for value in part.values])


def length(driver: Driver, type_number: int, limit: int) -> Sql:
    """How many rows the walk would meet, counted up to `limit` in each branch.

    Neither the other conditions of the query nor that a resource may have several rows are looked at.
    """
    branches = [_join(_met(driver, conditions, type_number), " AND ") for conditions in driver.branches]
    rows = [
        f"SELECT 1 FROM (SELECT 1 AS met FROM {driver.table} AS d WHERE {branch.text}{_limit(limit)}) AS b{n}"
        for n, branch in enumerate(branches)
    ]
    text = f"SELECT count(*) FROM ({' UNION ALL '.join(rows)}) AS m"
    return Sql(text, [value for branch in branches for value in branch.values])


def page(found: Sql, driver: Driver, type_name: str) -> Sql:
    """The walk's matches with what is served of each, in any order."""
    sort = f"m.{driver.sort}" if driver.sort else "NULL"
    return Sql(
        f"SELECT {sort}, m.resource, {_columns_served(type_name)}"
        f" FROM ({found.text}) AS m {_version_served(type_name)}",
        found.values,
    )


def _columns_served(type_name: str) -> str:
    """Of the version `v`, but for the place of a contained resource, which has none of its own."""
    whose = "r" if type_name.startswith(MARK) else "v"
    return f"{whose}.logical_id, v.version_id, v.last_updated, v.body"


def _version_served(type_name: str) -> str:
    """What joins each match `m` with its version."""
    return CURRENT_VERSION if type_name.startswith(MARK) else NEWEST_VERSION


def count(found: Sql) -> Sql:
    return Sql(f"SELECT count(*) FROM ({found.text}) AS m", found.values)


def logical_ids(found: Sql) -> Sql:
    text = f"SELECT r.logical_id FROM ({found.text}) AS m JOIN resource AS r ON r.serial = m.resource"
    return Sql(text, found.values)


def canonicals(found: Sql, url: int) -> Sql:
    """The canonical URLs of matches, with the hashes of their versions."""
    text = f"SELECT u.target, u.version_hash FROM ({found.text}) AS m JOIN index_reference AS u"
    return Sql(f"{text} ON u.resource = m.resource AND u.parameter = ?", [*found.values, url])


def referred_ids(found: Sql, parameter: int, target: str, limit: int) -> Sql:
    """The logical ids, of one type, that matches refer to."""
    text = (
        f"SELECT DISTINCT i.target FROM ({found.text}) AS m"
        " JOIN index_reference AS i ON i.resource = m.resource AND i.parameter = ? AND i.target_type = ?"
    )
    return Sql(text + _limit(limit), [*found.values, parameter, target])


def referred_by_url(found: Sql, parameter: int, url: int, limit: int) -> Sql:
    """The resources that matches refer to by canonical URLs; `url` tells their type."""
    text = (
        f"SELECT DISTINCT u.resource FROM ({found.text}) AS m"
        " JOIN index_reference AS i ON i.resource = m.resource AND i.parameter = ?"
        f" JOIN index_reference AS u ON u.parameter = ? AND {_names_canonical('i', 'u')}"
    )
    return Sql(text + _limit(limit), [*found.values, parameter, url])


def sorted_page(
    found: Sql,
    keys: Sequence[SortKey],
    names: Names,
    after: tuple[Any, ...] | None,
    limit: int,
    type_name: str,
) -> Sql:
    """Matches with their sort keys first, in the order of the keys and then of the resources.

    A missing key stands last in both directions.
    """
    columns: list[str] = []
    values: list[Any] = []
    order: list[str] = []
    for n, key in enumerate(keys):
        column = _sort_value(key, names)
        columns.append(f"{column.text} AS k{n}")
        values += column.values
        # Not `k IS NULL, k`: PostgreSQL would look the key up for each.
        order.append(f"k{n}{' DESC' if key.descending else ''} NULLS LAST")
    inner = f"SELECT {', '.join(columns)}, m.resource FROM ({found.text}) AS m"
    beyond = _beyond(keys, after) if after is not None else Sql("1 = 1", [])
    in_order = f"ORDER BY {', '.join(order)}, resource"
    # Sorted without their bodies: those of the page alone are read.
    matches = f"(SELECT * FROM ({inner}) AS k WHERE {beyond.text} {in_order}{_limit(limit)}) AS m"
    columns_served, version_served = _columns_served(type_name), _version_served(type_name)
    text = f"SELECT m.*, {columns_served} FROM {matches} {version_served} {in_order}"
    return Sql(text, [*values, *found.values, *beyond.values])


def _sort_value(key: SortKey, names: Names) -> Sql:
    if key.table == "resource":
        return Sql(f"(SELECT r.{key.column} FROM resource AS r WHERE r.serial = m.resource)", [])
    number = names.parameters.get(key.parameter)
    if number is None:
        return Sql("NULL", [])
    extreme = "max" if key.descending else "min"
    own = [Sql("x.resource = m.resource AND x.parameter = ?", [number]), *_conditions(key.tests, "x")]
    condition = _join(own, " AND ")
    return Sql(
        f"(SELECT {extreme}(x.{key.column}) FROM index_{key.table} AS x WHERE {condition.text})",
        condition.values,
    )


def _beyond(keys: Sequence[SortKey], after: tuple[Any, ...]) -> Sql:
    """Rows that come after a position: the first key that differs decides."""
    alternatives: list[Sql] = []
    same: list[Sql] = []
    for n, key in enumerate(keys):
        value = after[n]
        if value is not None:
            operator = "<" if key.descending else ">"
            later = Sql(f"(k{n} {operator} ? OR k{n} IS NULL)", [value])
            alternatives.append(_join([*same, later], " AND "))
        same.append(Sql(f"k{n} IS NULL", []) if value is None else Sql(f"k{n} = ?", [value]))
    alternatives.append(_join([*same, Sql("resource > ?", [after[-1]])], " AND "))
    return _join(alternatives, " OR ")
