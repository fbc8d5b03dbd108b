"""Predicates as SQL: plain text and values, the same for both databases.

A page is a walk along one index (the driver) in the index's own order; whatever else is asked for is checked
on each row that the walk meets. So a page costs what it holds, wherever it begins, and not what the store
holds. Where several conditions could drive, the store asks each for its first few hundred rows and takes
the shortest.

Placeholders are written `?`; no other question mark and no percent sign stands in any statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from fhir_service.search.predicates import (
    And,
    AnyOf,
    Compare,
    Condition,
    Everything,
    Indexed,
    Not,
    Nothing,
    Or,
    Own,
    Predicate,
    Together,
)

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

_OPERATORS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Sql(NamedTuple):
    """A piece of a statement and the values of its placeholders, in order."""

    text: str
    values: list[Any]


# The number of a search parameter, by its code; a code without a number has no rows at all.
ParameterNumbers: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Driver:
    """A walk over a superset of the matches, in the order of (`sort`, resource), or of resource alone.

    `table` is an index table or `resource`; `branches` are alternatives, each a list of conditions on a row.
    `part` is the predicate that the walk satisfies by itself, or None where it must still be checked.
    """

    table: str
    branches: tuple[tuple[Condition, ...], ...]
    sort: str | None
    parameter: int | None = None
    part: Predicate | None = None

    @property
    def resource(self) -> str:
        return "serial" if self.table == "resource" else "resource"


def drivers(predicate: Predicate, numbers: ParameterNumbers) -> list[Driver]:
    """Every condition of the query that could drive a walk; none means that the whole type is walked."""
    found = (_driver(part, numbers) for part in _conjuncts(predicate))
    return [driver for driver in found if driver is not None]


WHOLE_TYPE = Driver("resource", ((),), None, None, Everything())


def _conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    return predicate.items if isinstance(predicate, And) else (predicate,)


def _driver(predicate: Predicate, numbers: ParameterNumbers) -> Driver | None:
    match predicate:
        case Own(tests):
            sort = "last_updated" if tests[0].column == "last_updated" else None
            return Driver("resource", (tests,), sort, None, predicate)
        case Indexed():
            return _index_driver((predicate,), predicate, numbers)
        case Together(parts):
            return _index_driver(parts[:1], None, numbers)
        case Or(items):
            if all(isinstance(item, Own) for item in items):
                owns = tuple(item.tests for item in items if isinstance(item, Own))
                if all(tests[0].column == "logical_id" for tests in owns):
                    return Driver("resource", owns, None, None, predicate)
            leaves = tuple(item for item in items if isinstance(item, Indexed))
            if len(leaves) == len(items) and len({(leaf.table, leaf.parameter) for leaf in leaves}) == 1:
                return _index_driver(leaves, predicate, numbers)
    return None


def _index_driver(
    leaves: tuple[Indexed, ...], part: Predicate | None, numbers: ParameterNumbers
) -> Driver | None:
    firsts = [_first_tests(leaf) for leaf in leaves]
    columns = {test.column for tests in firsts for test in tests[:1]}
    number = numbers.get(leaves[0].parameter)
    if number is None or len(columns) != 1 or not all(firsts):
        return None
    is_exact = all(tests[0].operator == "eq" for tests in firsts)
    return Driver(
        f"index_{leaves[0].table}",
        tuple(leaf.tests for leaf in leaves),
        None if is_exact else columns.pop(),
        number,
        part,
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


def _first_tests(leaf: Indexed) -> list[Compare]:
    return [
        test
        for test in leaf.tests
        if isinstance(test, Compare) and test.column in _LEADING[leaf.table] and test.operator != "in"
    ][:1]


def walk(
    driver: Driver,
    predicate: Predicate,
    type_number: int,
    numbers: ParameterNumbers,
    *,
    after: tuple[Any, ...] | None = None,
    limit: int | None = None,
) -> Sql:
    """SELECT of (sort, resource) or (resource) of every match, each once, in order.

    `after` is the position of the last match of the page before; `limit` bounds each branch.
    """
    rest = _rest(driver, predicate)
    branches = [
        _branch(driver, conditions, rest, type_number, numbers, after, limit)
        for conditions in driver.branches
    ]
    if len(branches) == 1:
        return branches[0]
    columns = _columns(driver, "")
    # Each branch is bounded by itself, so that a long one is not walked to its end to be sorted.
    union = " UNION ".join(f"SELECT * FROM ({branch.text}) AS b{n}" for n, branch in enumerate(branches))
    text = f"SELECT {columns} FROM ({union}) AS b ORDER BY {columns}{_limit(limit)}"
    return Sql(text, [value for branch in branches for value in branch.values])


def _rest(driver: Driver, predicate: Predicate) -> list[Predicate]:
    """What the walk itself does not already make sure of."""
    if driver.part is None:
        return [predicate]
    return [part for part in _conjuncts(predicate) if part != driver.part]


def _branch(
    driver: Driver,
    conditions: tuple[Condition, ...],
    rest: list[Predicate],
    type_number: int,
    numbers: ParameterNumbers,
    after: tuple[Any, ...] | None,
    limit: int | None,
) -> Sql:
    where: list[Sql] = []
    if driver.table == "resource":
        where.append(Sql("d.type = ? AND d.is_deleted = ?", [type_number, False]))
    else:
        where.append(Sql("d.parameter = ?", [driver.parameter]))
    where.extend(_conditions(conditions, "d"))
    if after is not None:
        columns = _columns(driver, "d.").replace(" AS resource", "")
        where.append(Sql(f"({columns}) > ({', '.join('?' * len(after))})", list(after)))
    if driver.sort and driver.table != "resource":
        where.append(_is_first(driver))
    where.extend(_holds(part, f"d.{driver.resource}", numbers) for part in rest)
    condition = _join(where, " AND ")
    order = _columns(driver, "d.").replace(" AS resource", "")
    text = (
        f"SELECT DISTINCT {_columns(driver, 'd.')} FROM {driver.table} AS d"
        f" WHERE {condition.text} ORDER BY {order}{_limit(limit)}"
    )
    return Sql(text, condition.values)


def _columns(driver: Driver, prefix: str) -> str:
    resource = f"{prefix}{driver.resource} AS resource" if prefix else "resource"
    return f"{prefix}{driver.sort}, {resource}" if driver.sort else resource


def _limit(limit: int | None) -> str:
    return "" if limit is None else f" LIMIT {int(limit)}"


def _is_first(driver: Driver) -> Sql:
    """A resource with several matching rows counts where the walk meets it first."""
    groups = _join([_join(_conditions(branch, "e"), " AND ") for branch in driver.branches], " OR ")
    return Sql(
        f"NOT EXISTS (SELECT 1 FROM {driver.table} AS e WHERE e.resource = d.resource AND e.parameter = ?"
        f" AND e.{driver.sort} < d.{driver.sort} AND ({groups.text}))",
        [driver.parameter, *groups.values],
    )


def _holds(predicate: Predicate, resource: str, numbers: ParameterNumbers) -> Sql:
    """The condition that the resource in the column `resource` satisfies the predicate."""
    match predicate:
        case Everything():
            return Sql("1 = 1", [])
        case Nothing():
            return Sql("1 = 0", [])
        case And(items):
            return _join([_holds(item, resource, numbers) for item in items], " AND ")
        case Or(items):
            return _join([_holds(item, resource, numbers) for item in items], " OR ")
        case Not(item):
            inner = _holds(item, resource, numbers)
            return Sql(f"NOT ({inner.text})", inner.values)
        case Own(tests):
            own = _join(_conditions(tests, "o"), " AND ")
            return Sql(
                f"EXISTS (SELECT 1 FROM resource AS o WHERE o.serial = {resource} AND {own.text})", own.values
            )
        case Indexed():
            return _rows_exist((predicate,), resource, numbers)
        case Together(parts):
            return _rows_exist(parts, resource, numbers)


def _rows_exist(leaves: tuple[Indexed, ...], resource: str, numbers: ParameterNumbers) -> Sql:
    if any(leaf.parameter not in numbers for leaf in leaves):
        return Sql("1 = 0", [])
    tables, where = [], []
    for position, leaf in enumerate(leaves):
        alias = f"i{position}"
        tables.append(f"index_{leaf.table} AS {alias}")
        where.append(Sql(f"{alias}.resource = {resource}", []))
        where.append(Sql(f"{alias}.parameter = ?", [numbers[leaf.parameter]]))
        if position:
            where.append(Sql(f"{alias}.element = i0.element", []))
        where.extend(_conditions(leaf.tests, alias))
    condition = _join(where, " AND ")
    return Sql(f"EXISTS (SELECT 1 FROM {', '.join(tables)} WHERE {condition.text})", condition.values)


def _conditions(conditions: tuple[Condition, ...], alias: str) -> Iterator[Sql]:
    for condition in conditions:
        if isinstance(condition, AnyOf):
            groups = [_join(list(_conditions(group, alias)), " AND ") for group in condition.groups]
            yield _join(groups, " OR ")
        elif isinstance(condition.value, tuple):
            marks = ", ".join("?" * len(condition.value))
            yield Sql(f"{alias}.{condition.column} IN ({marks})", list(condition.value))
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


def probe(driver: Driver, type_number: int, numbers: ParameterNumbers, limit: int) -> Sql:
    """The driver's first rows, without the other conditions of the query."""
    return walk(driver, driver.part or Everything(), type_number, numbers, limit=limit)


def page(walk_sql: Sql, driver: Driver) -> Sql:
    """The walk's matches with what is served of each: type is known, so it is not read."""
    sort, order = (
        (f"m.{driver.sort}", f"m.{driver.sort}, m.resource") if driver.sort else ("NULL", "m.resource")
    )
    return Sql(
        f"SELECT {sort}, m.resource, r.logical_id, v.version_id, v.last_updated, v.body"
        f" FROM ({walk_sql.text}) AS m JOIN resource AS r ON r.serial = m.resource"
        f" JOIN version AS v ON v.serial = r.current_version ORDER BY {order}",
        walk_sql.values,
    )


def count(walk_sql: Sql) -> Sql:
    return Sql(f"SELECT count(*) FROM ({walk_sql.text}) AS m", walk_sql.values)
