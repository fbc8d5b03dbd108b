"""One search: choose the walk, read the page, fetch what comes along.

https://hl7.org/fhir/R4/search.html

    resolve   links to other resources that few satisfy become plain conditions
    choose    the condition with the fewest rows drives the walk
    walk      along its index, or along the sort parameter's, from where the last page ended
    include   what the matches refer to, and what refers to them
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, TypeAlias

from fhir_service.errors import Invalid
from fhir_service.search.paging import Cursor, encode_cursor
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
    Referred,
    Refers,
    TextMatch,
    all_of,
    any_of,
    contained_text,
)
from fhir_service.search.query import Query
from fhir_service.search.sorting import SortKey
from fhir_service.store import sql, vocabulary
from fhir_service.store.contract import Page, StoredVersion
from fhir_service.store.including import include
from fhir_service.store.sql import Driver, Names, Sql

# How far a driver is looked at before another one is preferred.
PROBE_LIMIT = 500

# One that is so short is taken without a look at the others.
SHORT_ENOUGH = 20

# A link that at most so many resources satisfy is resolved before the search; else each match is checked.
LINK_LIMIT = 500

# Up to so many matches are sorted as a whole; of more, the sort parameter's own index gives the order.
SORT_LIMIT = 2_000

# Places in a cursor that are no condition of the query.
_WHOLE_TYPE, _SORTED, _WITHOUT_SORT_VALUE, _SORTED_AS_A_WHOLE = -1, -2, -3, -4

# How the rows of `sql.page` begin.
_BY_SORT_VALUE, _BY_RESOURCE = itemgetter(0, 1), itemgetter(1)

Run: TypeAlias = Callable[[Sql], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Searcher:
    """Searches of one release.

    :param run: executes a statement on this thread's connection
    :param length: what a statement counts, or counted in the same data
    """

    run: Run
    names: Names
    length: Callable[[Sql], int]

    def page(self, query: Query) -> Page:
        if query.type_name not in self.names.types:
            return Page((), None, 0)
        resolved = self.resolve(query.predicate)
        if resolved is not query.predicate:
            query = replace(query, predicate=resolved)
        choices = sql.drivers(query.predicate, self.names)
        if query.count == 0:
            return Page((), None, self._count(self._shortest(choices, query)[1], query))
        found, next_cursor = self._sorted(query, choices) if query.sort else self._plain(query, choices)
        matches = [
            StoredVersion(query.type_name, logical_id, version_id, last_updated, body)
            for _, _, logical_id, version_id, last_updated, body in found
        ]
        total = len(matches) if next_cursor is None and query.cursor is None else None
        if total is None and query.total == "accurate":
            total = self._count(self._shortest(choices, query)[1], query)
        included = include(self.run, self.names, query, [row[1] for row in found]) if query.includes else ()
        return Page(matches, next_cursor, total, included)

    # In the order of a driver

    def _plain(self, query: Query, choices: dict[int, Driver]) -> tuple[list[tuple[Any, ...]], str | None]:
        if query.cursor:
            place, driver = query.cursor.driver, _driver_of(query.cursor, choices)
        else:
            place, driver = self._shortest(choices, query)
        rows = self._walk(driver, query, query.cursor, query.count + 1)
        return _cut(rows, query.count, place, driver)

    def _walk(self, driver: Driver, query: Query, cursor: Cursor | None, limit: int) -> list[tuple[Any, ...]]:
        """Each resource once, where the walk along its values meets it first."""
        if cursor or not driver.sort or driver.is_listed:
            return self._rows(driver, query, cursor.position if cursor else None, limit, once=True)
        # From its beginning on, all that the walk has met stands on the page, and hardly ever twice.
        rows = self._rows(driver, query, None, limit, once=False)
        first: dict[int, tuple[Any, ...]] = {}
        for row in rows:
            first.setdefault(row[1], row)
        if len(first) < len(rows) == limit:
            more = self._rows(driver, query, rows[-1][:2], limit - len(first), once=True)
            return [*first.values(), *more]
        return [*first.values()]

    def _rows(
        self, driver: Driver, query: Query, after: tuple[Any, ...] | None, limit: int, *, once: bool
    ) -> list[tuple[Any, ...]]:
        asked = (driver, query.predicate, self._type(query), self.names)
        found = sql.walk(*asked, after=after, limit=limit, once=once)
        rows = self.run(sql.page(found, driver, query.type_name))
        # They mostly are in order; SQLite would copy their bodies to make sure.
        rows.sort(key=_BY_SORT_VALUE if driver.sort else _BY_RESOURCE, reverse=driver.descending)
        return rows

    def _shortest(self, choices: dict[int, Driver], query: Query) -> tuple[int, Driver]:
        """The driver with the fewest rows; a later page goes on along the one that the first page took."""
        if not choices:
            return _WHOLE_TYPE, sql.WHOLE_TYPE
        if len(choices) == 1:
            return next(iter(choices.items()))
        shortest, limit = None, PROBE_LIMIT + 1
        # Of two that are as long, one that is in the order of resources.
        for place, driver in sorted(choices.items(), key=lambda one: one[1].sort is not None):
            if limit <= SHORT_ENOUGH:
                break
            # Always to the same limit: another one would be another statement, which is planned anew.
            length = self._length(driver, query, PROBE_LIMIT + 1)
            if length < limit or shortest is None:
                shortest, limit = (place, driver), length
        assert shortest is not None, "there are several to choose from"
        return shortest

    def _length(self, driver: Driver, query: Query, limit: int) -> int:
        return self.length(sql.length(driver, self._type(query), limit))

    def _number(self, statement: Sql) -> int:
        number: int = self.run(statement)[0][0]
        return number

    def _count(self, driver: Driver, query: Query) -> int:
        return self._number(sql.count_matches(driver, query.predicate, self._type(query), self.names))

    def _type(self, query: Query) -> int:
        return self.names.types[query.type_name]

    # In the order of `_sort`

    def _sorted(self, query: Query, choices: dict[int, Driver]) -> tuple[list[tuple[Any, ...]], str | None]:
        cursor = query.cursor
        as_a_whole = (
            cursor.driver == _SORTED_AS_A_WHOLE
            if cursor
            else len(query.sort) > 1 or self._are_few(query, self._shortest(choices, query)[1])
        )
        if as_a_whole:
            return self._sorted_as_a_whole(query, choices)
        key = query.sort[0]
        first = _sort_driver(key, self.names)
        rows: list[tuple[Any, ...]] = []
        if first is not None and (cursor is None or cursor.driver == _SORTED):
            rows = self._walk(first, query, _fitting(cursor, 2), query.count + 1)
            if len(rows) > query.count or key.table == "resource":
                return _cut(rows, query.count, _SORTED, first)
        # Those without a value come last, in the order in which they were written.
        without = replace(query, predicate=all_of((query.predicate, _has_no_value(key))))
        rest_cursor = _fitting(cursor, 1) if cursor and cursor.driver == _WITHOUT_SORT_VALUE else None
        rest = self._walk(sql.WHOLE_TYPE, without, rest_cursor, query.count + 1 - len(rows))
        return _cut([*rows, *rest], query.count, _WITHOUT_SORT_VALUE, sql.WHOLE_TYPE, first, len(rows))

    def _are_few(self, query: Query, driver: Driver) -> bool:
        if self._length(driver, query, SORT_LIMIT + 1) <= SORT_LIMIT:
            return True
        asked = (driver, query.predicate, self._type(query), self.names)
        found = sql.every_match(*asked, limit=SORT_LIMIT + 1)
        return self.length(sql.count(found)) <= SORT_LIMIT

    def _sorted_as_a_whole(
        self, query: Query, choices: dict[int, Driver]
    ) -> tuple[list[tuple[Any, ...]], str | None]:
        _, driver = self._shortest(choices, query)
        found = sql.every_match(driver, query.predicate, self._type(query), self.names)
        position = query.cursor.position if query.cursor else None
        if position is not None and len(position) != len(query.sort) + 1:
            raise _does_not_fit()
        asked = (query.sort, self.names, position, query.count + 1, query.type_name)
        rows = self.run(sql.sorted_page(found, *asked))
        keys = len(query.sort)
        next_cursor = None
        if len(rows) > query.count:
            last = rows[query.count - 1]
            next_cursor = encode_cursor(Cursor(_SORTED_AS_A_WHOLE, (*last[:keys], last[keys])))
        return [(None, *row[keys:]) for row in rows[: query.count]], next_cursor

    # Links

    def resolve(self, predicate: Predicate) -> Predicate:
        """Put the resources that a link leads to in its place, where they are few."""
        match predicate:
            case And(items):
                return all_of(self.resolve(item) for item in items)
            case Or(items):
                return any_of(self.resolve(item) for item in items)
            case Not(item):
                return _negated(self.resolve(item))
            case Refers():
                return self._resolve_reference(predicate)
            case Referred():
                return self._resolve_reverse(predicate)
            case TextMatch():
                return self._resolve_text(predicate)
            case Indexed():
                return self._resolve_contains(predicate)
            case _:
                return predicate

    def _resolve_reference(self, link: Refers) -> Predicate:
        if link.parameter not in self.names.parameters or link.target not in self.names.types:
            return Nothing()
        link = replace(link, item=self.resolve(link.item))
        found = self._first_matches(link.target, link.item)
        ids = self.run(sql.logical_ids(found))
        if len(ids) > LINK_LIMIT:
            return link
        by_id = (Compare("target", "in", tuple(row[0] for row in ids)), _local_to(link.target))
        leaves = [Indexed("reference", link.parameter, by_id)] if ids else []
        url = self.names.parameters.get(link.canonical) if link.canonical else None
        if url is not None and (named := self.run(sql.canonicals(found, url))):
            leaves.append(Indexed("reference", link.parameter, _by_canonical(named)))
        return any_of(leaves)

    def _resolve_reverse(self, link: Referred) -> Predicate:
        link = replace(link, item=self.resolve(link.item))
        parameter = self.names.parameters.get(link.parameter)
        if parameter is None:
            return Nothing()
        found = self._first_matches(link.source, link.item)
        if self._number(sql.count(found)) > LINK_LIMIT:
            return link
        rows = self.run(sql.referred_ids(found, parameter, link.target, LINK_LIMIT + 1))
        url = self.names.parameters.get(link.canonical) if link.canonical else None
        by_url = (
            self.run(sql.referred_by_url(found, parameter, url, LINK_LIMIT + 1)) if url is not None else []
        )
        if max(len(rows), len(by_url)) > LINK_LIMIT:
            return link
        columns = {"logical_id": rows, "serial": by_url}
        return any_of(
            Own((Compare(column, "in", tuple(row[0] for row in some)),))
            for column, some in columns.items()
            if some
        )

    def _resolve_text(self, text: TextMatch) -> Predicate:
        type_number = self.names.types.get(text.type_name)
        if type_number is None:
            return Nothing()
        rows = self.run(sql.text_matches(text, type_number, LINK_LIMIT + 1))
        if len(rows) > LINK_LIMIT:
            return text
        return Own((Compare("serial", "in", tuple(row[0] for row in rows)),)) if rows else Nothing()

    def _resolve_contains(self, leaf: Indexed) -> Predicate:
        """Look for the values that hold a text before the resources that have them."""
        text = contained_text(leaf.tests)
        number = self.names.parameters.get(leaf.parameter)
        if text is None or number is None or not vocabulary.is_kept(leaf.parameter[1]):
            return leaf
        keys = self.run(sql.keys_with(text, number, LINK_LIMIT + 1))
        if len(keys) > LINK_LIMIT:
            return leaf
        found = Compare(vocabulary.KEYS[leaf.table], "in", tuple(row[0] for row in keys))
        return replace(leaf, tests=(found, *leaf.tests)) if keys else Nothing()

    def _first_matches(self, type_name: str, predicate: Predicate) -> Sql:
        """The statement that gives the matches of the other end: all where they are few, else one more."""
        type_number = self.names.types.get(type_name)
        if type_number is None or isinstance(predicate, Nothing):
            return Sql("SELECT serial AS resource FROM resource WHERE 1 = 0", [])
        query = Query(type_name, predicate)
        _, driver = self._shortest(sql.drivers(predicate, self.names), query)
        return sql.every_match(driver, predicate, type_number, self.names, limit=LINK_LIMIT + 1)


def _negated(predicate: Predicate) -> Predicate:
    if isinstance(predicate, Nothing):
        return Everything()
    return Nothing() if isinstance(predicate, Everything) else Not(predicate)


def _local_to(type_name: str) -> Compare:
    return Compare("target_type", "eq", type_name)


def _by_canonical(named: list[tuple[Any, ...]]) -> tuple[Condition, ...]:
    """References to these URLs: without a version, or with the one that stands beside the URL."""
    versions: dict[str, set[int]] = {}
    for url, version in named:
        versions.setdefault(url, {0}).add(version)
    # Most resources have the version of what published them: a few groups hold them all.
    urls: dict[tuple[int, ...], list[str]] = {}
    for url, hashes in versions.items():
        urls.setdefault(tuple(sorted(hashes)), []).append(url)
    groups = tuple(
        (Compare("target", "in", tuple(some)), Compare("version_hash", "in", hashes))
        for hashes, some in urls.items()
    )
    every = (Compare("target", "in", tuple(versions)), _local_to(""))
    return (*every, AnyOf(groups))


def _sort_driver(key: SortKey, names: Names) -> Driver | None:
    if key.table == "resource":
        return Driver("resource", ((),), key.column, None, None, key.descending)
    number = names.parameters.get(key.parameter)
    if number is None:
        return None
    return Driver(f"index_{key.table}", (key.tests,), key.column, number, None, key.descending)


def _has_no_value(key: SortKey) -> Predicate:
    return Not(Indexed(key.table, key.parameter, key.tests))


def _driver_of(cursor: Cursor, choices: dict[int, Driver]) -> Driver:
    driver = sql.WHOLE_TYPE if cursor.driver == _WHOLE_TYPE else choices.get(cursor.driver)
    if driver is None or len(cursor.position) != (2 if driver.sort else 1):
        raise _does_not_fit()
    return driver


def _fitting(cursor: Cursor | None, length: int) -> Cursor | None:
    if cursor is not None and len(cursor.position) != length:
        raise _does_not_fit()
    return cursor


def _does_not_fit() -> Invalid:
    return Invalid("The page link does not fit its search: follow the `next` link as it stands")


def _cut(
    rows: list[tuple[Any, ...]],
    count: int,
    place: int,
    driver: Driver,
    sorted_by: Driver | None = None,
    sorted_rows: int = 0,
) -> tuple[list[tuple[Any, ...]], str | None]:
    """The page's rows, and where the next one begins if there are more.

    The first `sorted_rows` of them came from the walk along `sorted_by`.
    """
    if len(rows) <= count:
        return rows, None
    sort, resource = rows[count - 1][:2]
    if count <= sorted_rows and sorted_by is not None:
        place, driver = _SORTED, sorted_by
    position = (sort, resource) if driver.sort else (resource,)
    return rows[:count], encode_cursor(Cursor(place, position))
