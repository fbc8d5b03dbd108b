"""What comes along with a page's matches: `_include` and `_revinclude`.

https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fhir_service.errors import NotSupported
from fhir_service.search.contained import MARK
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


def _follow(run: Run, names: Names, one: Include, serials: list[int]) -> Iterator[int]:
    """In two steps, each a seek: joined, a database might start from the wrong end."""
    parameter = names.parameters.get(one.parameter)
    if parameter is not None:
        step = _referring if one.reverse else _referred
        yield from step(run, names, one, parameter, serials)


def _referred(run: Run, names: Names, one: Include, parameter: int, serials: list[int]) -> Iterator[int]:
    asked = (
        "SELECT DISTINCT target_type, target, version_hash FROM index_reference"
        " WHERE parameter = ? AND resource IN"
    )
    targets: dict[str, list[str]] = {}
    named: set[tuple[str, int]] = set()
    for type_name, target, version in _all(run, asked, [parameter], serials):
        targets.setdefault(type_name, []).append(target)
        named.add((target, version))
    urls = targets.pop("", [])
    for type_name, ids in targets.items():
        number = names.types.get(type_name)
        is_other = not type_name.startswith(MARK)  # what is contained is there already
        if number is not None and is_other and one.target in (None, type_name):
            found = "SELECT serial FROM resource WHERE type = ? AND NOT is_deleted AND logical_id IN"
            yield from (row[0] for row in _all(run, found, [number], ids))
    for number in _url_parameters(names, one.target) if one.is_canonical else ():
        found = (
            "SELECT resource, target, version_hash FROM index_reference"
            " WHERE parameter = ? AND target_type = '' AND target IN"
        )
        for serial, url, version in _all(run, found, [number], list(dict.fromkeys(urls))):
            if (url, 0) in named or (url, version) in named:
                yield serial


def _referring(run: Run, names: Names, one: Include, parameter: int, serials: list[int]) -> Iterator[int]:
    type_names = {number: name for name, number in names.types.items()}
    ids: dict[str, list[str]] = {}
    for number, logical_id in _all(run, "SELECT type, logical_id FROM resource WHERE serial IN", [], serials):
        if one.target in (None, type_names[number]):
            ids.setdefault(type_names[number], []).append(logical_id)
    for type_name, targets in ids.items():
        found = "SELECT resource FROM index_reference WHERE parameter = ? AND target_type = ? AND target IN"
        yield from (row[0] for row in _all(run, found, [parameter, type_name], targets))
    if one.is_canonical:
        yield from _referring_by_url(run, names, one, parameter, serials)


def _referring_by_url(
    run: Run, names: Names, one: Include, parameter: int, serials: list[int]
) -> Iterator[int]:
    """A reference without a version leads to every version."""
    own: set[tuple[str, int]] = set()
    for number in _url_parameters(names, one.target):
        asked = "SELECT target, version_hash FROM index_reference WHERE parameter = ? AND resource IN"
        own.update((row[0], row[1]) for row in _all(run, asked, [number], serials))
    found = (
        "SELECT resource, target, version_hash FROM index_reference"
        " WHERE parameter = ? AND target_type = '' AND target IN"
    )
    for serial, url, version in _all(run, found, [parameter], list({url for url, _ in own})):
        if version == 0 or (url, version) in own:
            yield serial


def _url_parameters(names: Names, target: str | None) -> list[int]:
    keys = names.parameters.items()
    return [number for (type_name, code), number in keys if code == "url" and target in (None, type_name)]


def _all(run: Run, text: str, first: list[Any], values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows for every one of the values, which end the statement as a list."""
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        yield from run(Sql(f"{text} ({', '.join('?' * len(chunk))})", [*first, *chunk]))


def _read(run: Run, names: Names, serials: list[int]) -> list[StoredVersion]:
    type_names = {number: name for name, number in names.types.items()}
    asked = (
        "SELECT r.serial, r.type, r.logical_id, v.version_id, v.last_updated, v.body FROM resource AS r"
        " JOIN version AS v ON v.serial = r.current_version WHERE r.serial IN"
    )
    rows = _all(run, asked, [], serials)
    found = {row[0]: StoredVersion(type_names[row[1]], *row[2:]) for row in rows}
    return [found[serial] for serial in serials if serial in found]
