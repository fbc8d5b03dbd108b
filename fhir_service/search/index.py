"""The index rows of one resource: every search parameter evaluated and normalised, at write time.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from fhir_service.fhir.path import Environment, Items, Path, environment_of
from fhir_service.search.contained import HOLDS, MARK, Container, Held, contained_in
from fhir_service.search.definitions import SearchParameter, SearchParameters
from fhir_service.search.full_text import text_columns
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.looks import Look
from fhir_service.search.param_types import OtherRow, Row, kind_of
from fhir_service.search.param_types.quantity import CANONICAL

# Raised by one whenever rows are made differently, so that existing stores are indexed anew.
INDEX_VERSION = 7

MadeOf = Callable[[SearchParameter, str, Any], list[OtherRow]]


IndexRow: TypeAlias = tuple[str, str, int, Row, Held | None]
"""(table, search parameter, element, columns, held): plain, for there are some 24 of them a resource.

The element numbers a composite's elements, so that its parts are matched within one; else it is 0. `held`
names the contained resource that the row is of; without it, it is the resource's own.
"""


def index_rows(resource: dict[str, Any], parameters: SearchParameters) -> list[IndexRow]:
    """Every row of a resource (parsed JSON), each once, in a stable order; then those of what it contains."""
    inside = contained_in(resource) if "id" in resource else []
    held = {one["id"]: one["resourceType"] for one in inside}
    container = Container(resource["resourceType"], resource.get("id", ""), held)
    rows = _own_rows(resource, parameters, container)
    for one in inside:
        if one["resourceType"] not in parameters.release.resource_types:
            continue
        name = Held(one["resourceType"], one["id"])
        target = container.target(MARK + one["id"])
        rows.append(("reference", HOLDS, 0, (*(target or ()), 0), None))
        rows.append(("token", "_id", 0, (one["id"], 0), name))
        rows += [(*row[:4], name) for row in _own_rows(one, parameters, container)]
    return list(dict.fromkeys(rows)) if inside else rows


def _own_rows(resource: dict[str, Any], parameters: SearchParameters, container: Container) -> list[IndexRow]:
    """No row twice."""
    looks, evaluation = parameters.looks, _Evaluation(resource, parameters, container)
    rows: list[IndexRow] = []
    for look in looks.of(resource):
        key = looks.key(look, resource)
        found = looks.kept(key) if key else None
        if found is None:
            found = evaluation.rows(look)
            if key:
                looks.keep(key, found)
        rows += found
    rows += _own_canonical(resource, parameters)
    rows = list(dict.fromkeys(rows))
    # No search parameter evaluates the full text; see full_text.py.
    rows.append(("text", "", 0, text_columns(resource), None))
    return rows


class _Evaluation:
    """Search parameters evaluated on one resource.

    What its elements come to is made once for each: `code` is also what `combo-code` finds.
    """

    def __init__(self, resource: dict[str, Any], parameters: SearchParameters, container: Container) -> None:
        self._resource = resource
        self._parameters = parameters
        self._container = container
        self._environment = environment_of(resource, resource["resourceType"], parameters.release)
        self._known: dict[tuple[str, str | Path, int], tuple[Any, list[OtherRow]]] = {}

    def rows(self, look: Look) -> list[IndexRow]:
        rows: list[IndexRow] = []
        # What one search parameter alone looks at is not asked for again.
        made_of = self._made_once if len(look.parameters) > 1 else _made_of
        for parameter in look.parameters:
            items = parameter.path.found_in(self._environment)
            if items and parameter.type == "composite":
                rows += self._composite(items, parameter)
            elif items:
                rows += self._plain(items, parameter, made_of)
        return rows

    def _plain(self, items: Items, parameter: SearchParameter, made_of: MadeOf) -> list[IndexRow]:
        code = parameter.code
        if parameter.type != "reference":
            return [
                (table, code + suffix, 0, columns, None)
                for type_name, value, _ in items
                if value is not None
                for suffix, table, columns in made_of(parameter, type_name, value)
            ]
        return [
            (table, code + suffix, 0, self._placed(columns) if table == "reference" else columns, None)
            for type_name, value, _ in items
            # The first entry of a Bundle is a Composition or a MessageHeader, as the parameter says.
            if value is not None and ("resourceType" not in value or type_name in parameter.targets)
            for suffix, table, columns in made_of(parameter, type_name, value)
        ]

    def _placed(self, columns: Row) -> Row:
        """A reference within the container as one to the place that it names."""
        fragment, mark, version = columns
        if mark != MARK:
            return columns
        # One that names nothing is still there: a value that no search finds.
        return (*(self._container.target(str(fragment)) or ("", "")), version)

    def _composite(self, items: Items, composite: SearchParameter) -> list[IndexRow]:
        """Of elements that have a value of every component: the others, no value `a$b` can match."""
        rows: list[IndexRow] = []
        elements = [(type_name, value) for type_name, value, _ in items if value is not None]
        for number, (type_name, value) in enumerate(elements):
            found: list[IndexRow] = []
            # The element's type is known only now: a composite may stand on several.
            for component, path in self._parameters.parts(composite, type_name):
                part = self._part(component, path, type_name, value)
                if not part:
                    break
                code = component.code
                found += [(table, code + suffix, number, columns, None) for suffix, table, columns in part]
            else:
                rows += found
        return rows

    def _part(self, component: SearchParameter, path: Path, type_name: str, value: Any) -> list[OtherRow]:
        """Once for all composites of the same parts. They take no modifiers, so that no other rows count."""
        key = (component.type, path, id(value))
        known = self._known.get(key)
        if known is None:
            items = path.found_in(self._environment_of(type_name, value))
            found = [
                row
                for name, part, _ in items
                if part is not None
                for row in self._made_once(component, name, part)
                if row[0] == "" or row[0] == CANONICAL
            ]
            known = self._known[key] = (value, found)
        return known[1]

    def _environment_of(self, type_name: str, value: Any) -> Environment:
        if value is self._resource:
            return self._environment
        return environment_of(value, type_name, self._parameters.release, resource=self._resource)

    def _made_once(self, parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
        key = (parameter.type, type_name, id(value))
        known = self._known.get(key)
        if known is None:
            # Kept with its value, so that no other one gets its id.
            known = self._known[key] = (value, _made_of(parameter, type_name, value))
        return known[1]


def _made_of(parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
    """(suffix of the code, table, row) of all that a parameter of this type keeps of an element."""
    kind, table = kind_of(parameter), parameter.table
    found = [("", table, columns) for columns in kind.rows(type_name, value)]
    found += kind.other_rows(parameter, type_name, value)
    return found


def _own_canonical(resource: dict[str, Any], parameters: SearchParameters) -> Iterator[IndexRow]:
    """What canonical references name, in the shape in which those are kept: the URL and the version."""
    url, version = resource.get("url"), resource.get("version")
    if isinstance(url, str) and url and parameters.is_indexed(resource["resourceType"], "url"):
        version_hash = hash_key(version) if isinstance(version, str) else 0
        yield "reference", "url", 0, (exact_key(url), "", version_hash), None
