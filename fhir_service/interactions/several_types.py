"""One search over several types: a query for each, and one page of matches, type after type.

https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from fhir_service.errors import Invalid, Issue, NotSupported
from fhir_service.exchange import Pairs
from fhir_service.search.criteria import UnknownParameter
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.paging import Cursor, decode_cursor, encode_cursor
from fhir_service.search.query import Query
from fhir_service.store.contract import Page, StoredVersion

Read = Callable[[str, Pairs], Query]
"""Reads the pairs as a query of one type, unknown parameters being errors."""

Search = Callable[[Query], Page]

# In a cursor's place of the driver: its position is a type and the cursor within that type, if any.
_IN_TYPE = -5


def read_queries(
    pairs: Pairs, types: Sequence[str], parameters: SearchParameters, read: Read, *, lenient: bool
) -> list[Query]:
    """One query for each type; `applied` and `issues` are the same in all of them.

    Every type must have every parameter: one that a type lacks is refused, or when lenient dropped from all.
    And it must be of one kind: `location` is a reference here and a token there.
    """
    if any(name == "_sort" for name, _ in pairs):
        raise NotSupported(
            "`_sort` is not supported across types: name a single one, in the path or with `_type`.",
            expression=("http._sort",),
        )
    issues: list[Issue] = []
    if lenient:
        pairs = tuple(pair for pair in pairs if _is_shared(pair, types, read, issues))
    for name, _ in pairs:
        _require_one_kind(name.partition(":")[0].partition(".")[0], types, parameters)
    queries = [read(name, tuple(_of_type(name, types, pairs))) for name in types]
    applied = tuple(dict.fromkeys(pair for query in queries for pair in query.applied))
    return [replace(query, applied=applied, issues=tuple(issues)) for query in queries]


def search(queries: Sequence[Query], find: Search) -> Page:
    """The page that the queries, which differ in nothing but the type, ask for together."""
    count, cursor = queries[0].count, queries[0].cursor
    if count == 0:
        return Page((), None, _total(queries, find))
    start, within = _start(queries, cursor)
    matches: list[StoredVersion] = []
    included: dict[tuple[str, str], StoredVersion] = {}
    next_cursor = None
    for query in queries[start:]:
        room = count - len(matches)
        if not room:
            # Only whether there is more: a page never ends with a link to an empty one.
            if find(replace(query, cursor=None, count=1, total="none", includes=())).matches:
                next_cursor = encode_cursor(Cursor(_IN_TYPE, (query.type_name, None)))
                break
            continue
        page = find(replace(query, cursor=within, count=room, total="none"))
        within = None
        matches.extend(page.matches)
        included |= {_name(one): one for one in page.included}
        if page.next_cursor is not None:
            next_cursor = encode_cursor(Cursor(_IN_TYPE, (query.type_name, page.next_cursor)))
            break
    total = len(matches) if next_cursor is None and cursor is None else None
    if total is None and queries[0].total == "accurate":
        total = _total(queries, find)
    for one in matches:
        included.pop(_name(one), None)
    return Page(matches, next_cursor, total, tuple(included.values()))


def _is_shared(pair: tuple[str, str], types: Sequence[str], read: Read, issues: list[Issue]) -> bool:
    try:
        for name in types:
            read(name, tuple(_of_type(name, types, (pair,))))
    except UnknownParameter as unknown:
        told = unknown.issues[0]
        issues.append(replace(told, severity="warning", diagnostics=f"{told.diagnostics} It was ignored."))
        return False
    return True


def _require_one_kind(code: str, types: Sequence[str], parameters: SearchParameters) -> None:
    found: dict[str, str] = {}
    for type_name in types:
        known = parameters.for_type(type_name).get(code)
        if known is not None:
            found.setdefault(known.type, type_name)
    if len(found) > 1:
        told = ", ".join(f"of type {kind} in {type_name}" for kind, type_name in found.items())
        raise Invalid(f"`{code}` is not one parameter: it is {told}.", expression=(f"http.{code}",))


def _of_type(type_name: str, types: Sequence[str], pairs: Pairs) -> Iterator[tuple[str, str]]:
    """The pairs without the `_include` of another type that is searched."""
    for name, text in pairs:
        source = text.partition(":")[0]
        if name != "_include" or source == type_name or source not in types:
            yield name, text


def _start(queries: Sequence[Query], cursor: Cursor | None) -> tuple[int, Cursor | None]:
    """The place of the query with which the page begins, and where in its matches."""
    if cursor is None:
        return 0, None
    if cursor.driver == _IN_TYPE:
        for place, query in enumerate(queries):
            match cursor.position:
                case (query.type_name, None):
                    return place, None
                case (query.type_name, str(within)):
                    return place, decode_cursor(within)
    raise Invalid("The page link does not fit its search: follow the `next` link as it stands")


def _total(queries: Sequence[Query], find: Search) -> int:
    return sum(find(replace(query, cursor=None, count=0)).total or 0 for query in queries)


def _name(version: StoredVersion) -> tuple[str, str]:
    return version.type_name, version.logical_id
