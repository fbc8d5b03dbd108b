"""What comes along with a page's matches: `_include` and `_revinclude`.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fhir_service.errors import NotSupported
from fhir_service.search.includes import Include
from fhir_service.search.query import Query
from fhir_service.store.contract import StoredVersion
from fhir_service.store.sql import Names, Sql

# A page is bounded also by what comes along.
MAXIMUM_INCLUDED = 5_000

# Values of one IN list: below every database's limit on parameters.
_CHUNK = 500

Run = Callable[[Sql], list[tuple[Any, ...]]]


def include(run: Run, names: Names, query: Query, matches: list[int]) -> list[StoredVersion]:
    """Every resource once, none that is a match itself, in the order in which they are met."""
    known = set(matches)
    found: list[int] = []
    # Without `:iterate` a reference is followed from the matches only.
    fresh, includes = matches, list(query.includes)
    while fresh and includes:
        reached = dict.fromkeys(
            serial for one in includes for serial in _follow(run, names, one, fresh) if serial not in known
        )
        fresh = list(reached)
        known |= reached.keys()
        found += fresh
        if len(found) > MAXIMUM_INCLUDED:
            raise NotSupported(
                f"More than {MAXIMUM_INCLUDED} resources come along with this page:"
                " ask for fewer with `_count`",
                issue_code="too-costly",
                expression=["http._include"],
            )
        includes = [one for one in includes if one.iterate]
    return _read(run, names, found)


def _follow(run: Run, names: Names, one: Include, serials: list[int]) -> Iterable[int]:
    parameter = names.parameters.get(one.parameter)
    if parameter is None:
        return
    for chunk in _chunks(serials):
        statement = (
            _reverse(names, one, parameter, chunk) if one.reverse else _forward(names, one, parameter, chunk)
        )
        yield from (row[0] for row in run(statement))


def _forward(names: Names, one: Include, parameter: int, chunk: list[int]) -> Sql:
    wanted, values = _type_condition(names, one.target, "t")
    text = (
        "SELECT DISTINCT t.serial FROM index_reference AS i JOIN type AS k ON k.name = i.target_type"
        " JOIN resource AS t ON t.type = k.number AND t.logical_id = i.target"
        f" WHERE i.resource IN ({_marks(chunk)}) AND i.parameter = ? AND t.is_deleted = ? AND {wanted}"
    )
    bound = [*chunk, parameter, False, *values]
    urls = _url_parameters(names, one.target) if one.is_canonical else []
    if urls:
        text += (
            " UNION SELECT t.serial FROM index_reference AS i"
            " JOIN index_uri AS u ON u.uri = i.target JOIN resource AS t ON t.serial = u.resource"
            f" WHERE i.resource IN ({_marks(chunk)}) AND i.parameter = ? AND i.target_type = ''"
            f" AND u.parameter IN ({_marks(urls)})"
        )
        bound += [*chunk, parameter, *urls]
    return Sql(text, bound)


def _reverse(names: Names, one: Include, parameter: int, chunk: list[int]) -> Sql:
    wanted, values = _type_condition(names, one.target, "t")
    text = (
        "SELECT DISTINCT i.resource FROM resource AS t JOIN type AS k ON k.number = t.type"
        " JOIN index_reference AS i ON i.target = t.logical_id AND i.target_type = k.name"
        f" WHERE t.serial IN ({_marks(chunk)}) AND i.parameter = ? AND {wanted}"
    )
    bound = [*chunk, parameter, *values]
    if one.is_canonical:
        text += (
            " UNION SELECT i.resource FROM index_uri AS u"
            " JOIN search_parameter AS p ON p.number = u.parameter"
            " JOIN index_reference AS i ON i.target = u.uri"
            f" WHERE u.resource IN ({_marks(chunk)}) AND p.code = 'url' AND i.parameter = ?"
            " AND i.target_type = ''"
        )
        bound += [*chunk, parameter]
    return Sql(text, bound)


def _type_condition(names: Names, target: str | None, alias: str) -> tuple[str, list[int]]:
    """Of this release always: the same name may stand in several."""
    numbers = [number for name, number in names.types.items() if target in (None, name)]
    return (f"{alias}.type IN ({_marks(numbers)})", numbers) if numbers else ("1 = 0", [])


def _url_parameters(names: Names, target: str | None) -> list[int]:
    keys = names.parameters.items()
    return [number for (type_name, code), number in keys if code == "url" and target in (None, type_name)]


def _read(run: Run, names: Names, serials: list[int]) -> list[StoredVersion]:
    type_names = {number: name for name, number in names.types.items()}
    found: dict[int, StoredVersion] = {}
    for chunk in _chunks(serials):
        rows = run(
            Sql(
                "SELECT r.serial, r.type, r.logical_id, v.version_id, v.last_updated, v.body"
                " FROM resource AS r JOIN version AS v ON v.serial = r.current_version"
                f" WHERE r.serial IN ({_marks(chunk)})",
                chunk,
            )
        )
        found |= {row[0]: StoredVersion(type_names[row[1]], *row[2:]) for row in rows}
    return [found[serial] for serial in serials if serial in found]


def _chunks(serials: list[int]) -> Iterable[list[int]]:
    return (serials[start : start + _CHUNK] for start in range(0, len(serials), _CHUNK))


def _marks(values: list[int]) -> str:
    return ", ".join("?" * len(values))
