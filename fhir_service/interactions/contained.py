"""`_contained` and `_containedType`: the searches that go into contained resources.

https://hl7.org/fhir/R4/search.html#contained

    _contained=true   only contained resources, both: the others as well
    container         what holds them is answered, of whatever type it is
    contained         they are answered themselves, at the address of their place
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fhir_service.errors import NotSupported
from fhir_service.formats import fhir_json
from fhir_service.search.contained import MARK, contained_in, holds, is_within, of_contained
from fhir_service.search.predicates import Everything, Predicate, all_of, any_of
from fhir_service.search.query import Query
from fhir_service.store.contract import StoredVersion


def expand(
    queries: Sequence[Query], readable: frozenset[str], every: frozenset[str], *, in_compartment: bool
) -> Sequence[Query]:
    """The queries that these, which differ in nothing but the type, stand for.

    `readable` are the types that may be answered: nothing comes out of a container of another one; `every`
    are the types of the release.
    """
    one = queries[0]
    if one.contained == "false":
        return queries
    if in_compartment:
        raise _not_together("a compartment")
    if one.includes:
        raise _not_together("`_include` and `_revinclude`")
    answers_containers = one.contained_type == "container"
    if one.sort and (one.contained == "both" or answers_containers):
        raise _not_together("`_sort`, unless `_contained=true&_containedType=contained` answers them alone")
    if answers_containers:
        return _of_containers(queries, readable)
    within = Everything() if readable >= every else is_within(readable)
    inside = [_of_contained(query, within) for query in queries]
    return [*queries, *inside] if one.contained == "both" else inside


def _not_together(other: str) -> NotSupported:
    return NotSupported(
        f"A search of contained resources is not supported together with {other}.",
        expression=("http._contained",),
    )


def _of_containers(queries: Sequence[Query], readable: frozenset[str]) -> list[Query]:
    """Each container once, however many it holds; type after type, those of the search first."""
    asked = {query.type_name: query.predicate for query in queries}
    types = [*asked, *sorted(readable - asked.keys())]
    found = []
    for type_name in types:
        ways: list[Predicate] = [holds(type_name, held, predicate) for held, predicate in asked.items()]
        if queries[0].contained == "both" and type_name in asked:
            ways.append(asked[type_name])
        found.append(replace(queries[0], type_name=type_name, predicate=any_of(ways)))
    return found


def _of_contained(query: Query, within: Predicate) -> Query:
    sort = tuple(replace(key, parameter=(MARK + key.parameter[0], key.parameter[1])) for key in query.sort)
    predicate = all_of((of_contained(query.predicate, query.type_name), within))
    return replace(query, type_name=MARK + query.type_name, predicate=predicate, sort=sort)


def taken_out(found: StoredVersion) -> StoredVersion:
    """A match that is contained, without its container; any other as it is. Its id is its place.

    What it refers to within the container comes along inside it, so that no reference is left hanging.
    """
    if not found.type_name.startswith(MARK) or found.body is None:
        return found
    place, _, logical_id = found.logical_id.partition(MARK)
    inside = {held["id"]: held for held in contained_in(fhir_json.parse(found.body))}
    # `#` alone is the container; outside it, that is this resource.
    new_names = {MARK: place, MARK + logical_id: MARK}
    resource, *others = (_renamed(inside[name], new_names) for name in _reached(inside, logical_id))
    if others:
        resource = _with_contained(resource, others)
    return found._replace(body=fhir_json.dump(resource))


def _with_contained(resource: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """`contained` stands before the elements of the type, as the definitions have it."""
    before = ("resourceType", "id", "implicitRules", "language", "text")
    first: dict[str, Any] = {name: resource[name] for name in before if name in resource}
    return {**first, "contained": others, **resource}


def _reached(inside: Mapping[str, Any], start: str) -> list[str]:
    """The ids of a contained resource and of all that it leads to in the same container."""
    reached = [start]
    for name in reached:
        reached += [other for other in _fragments(inside[name]) if other in inside and other not in reached]
    return reached


def _fragments(value: Any) -> dict[str, None]:
    found: dict[str, None] = {}
    if isinstance(value, str) and value.startswith(MARK):
        found[value.removeprefix(MARK)] = None
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            found |= _fragments(member)
    return found


def _renamed(value: Any, new_names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, new_names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: new_names.get(member, member)
        if name == "reference" and isinstance(member, str)
        else _renamed(member, new_names)
        for name, member in value.items()
    }
