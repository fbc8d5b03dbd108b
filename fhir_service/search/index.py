"""The index rows of one resource: every search parameter evaluated and normalised, at write time.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from fhir_service.fhir.path import Path, environment_of
from fhir_service.search.contained import HOLDS, MARK, Container, Held, contained_in
from fhir_service.search.definitions import SearchParameter, SearchParameters
from fhir_service.search.full_text import text_columns
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.looks import Look
from fhir_service.search.param_types import OtherRow, Row, kind_of

# Raised by one whenever rows are made differently, so that existing stores are indexed anew.
INDEX_VERSION = 7

Values = list[tuple[str, Any]]
"""What an expression gives: (FHIR type, JSON value) each."""


class IndexRow(NamedTuple):
    """`element` numbers a composite's elements, so that its parts are matched within one; else it is 0.

    `held` names the contained resource that the row is of; without it, it is the resource's own.
    """

    table: str
    parameter: str
    element: int
    columns: Row
    held: Held | None = None


PlainRow: TypeAlias = tuple[str, str, int, Row, Held | None]
"""An IndexRow on its way from one process to another, where a plain tuple costs less."""


def index_rows(resource: dict[str, Any], parameters: SearchParameters) -> list[IndexRow]:
    """Every row of a resource (parsed JSON), each once, in a stable order; then those of what it contains."""
    inside = contained_in(resource) if "id" in resource else []
    held = {one["id"]: one["resourceType"] for one in inside}
    container = Container(resource["resourceType"], resource.get("id", ""), held)
    rows = dict.fromkeys(_own_rows(resource, parameters, container))
    for one in inside:
        if one["resourceType"] not in parameters.release.resource_types:
            continue
        name = Held(one["resourceType"], one["id"])
        target = container.target(MARK + one["id"])
        rows[IndexRow("reference", HOLDS, 0, (*(target or ()), 0))] = None
        rows[IndexRow("token", "_id", 0, (one["id"], 0), name)] = None
        rows.update(dict.fromkeys(row._replace(held=name) for row in _own_rows(one, parameters, container)))
    return list(rows)


def _own_rows(resource: dict[str, Any], parameters: SearchParameters, container: Container) -> list[IndexRow]:
    """No row twice: those of one search parameter come from one look."""
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
    # No search parameter evaluates the full text; see full_text.py.
    rows.append(IndexRow("text", "", 0, text_columns(resource)))
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
        self._known: dict[tuple[str, str, int, bool], tuple[Any, list[OtherRow]]] = {}

    def rows(self, look: Look) -> list[IndexRow]:
        rows: list[IndexRow] = []
        for parameter in look.parameters:
            values = parameter.path.found_in(self._environment)
            if values:
                made = self._composite if parameter.type == "composite" else self._plain
                found = made(values, parameter)
                rows += found if len(found) < 2 else dict.fromkeys(found)
        return rows

    def _plain(self, values: Values, parameter: SearchParameter) -> list[IndexRow]:
        code = parameter.code
        if parameter.type != "reference":
            return [
                IndexRow(table, code + suffix, 0, columns)
                for type_name, value in values
                for suffix, table, columns in self._made_of(parameter, type_name, value)
            ]
        return [
            IndexRow(table, code + suffix, 0, self._placed(columns) if table == "reference" else columns)
            for type_name, value in values
            # The first entry of a Bundle is a Composition or a MessageHeader, as the parameter says.
            if "resourceType" not in value or type_name in parameter.targets
            for suffix, table, columns in self._made_of(parameter, type_name, value)
        ]

    def _placed(self, columns: Row) -> Row:
        """A reference within the container as one to the place that it names."""
        fragment, mark, version = columns
        if mark != MARK:
            return columns
        # One that names nothing is still there: a value that no search finds.
        return (*(self._container.target(str(fragment)) or ("", "")), version)

    def _composite(self, values: Values, composite: SearchParameter) -> list[IndexRow]:
        """Of elements that have a value of every component: the others, no value `a$b` can match."""
        rows: list[IndexRow] = []
        for number, (type_name, value) in enumerate(values):
            # The element's type is known only now: a composite may stand on several.
            parts = self._parameters.parts(composite, type_name)
            if any(path.is_empty_for(value) for _, path in parts):
                continue
            found = [self._part(component, path, value, number) for component, path in parts]
            if all(found):
                rows += chain.from_iterable(found)
        return rows

    def _part(self, component: SearchParameter, path: Path, value: Any, number: int) -> list[IndexRow]:
        of_resource = value is self._resource
        values = path.found_in(self._environment) if of_resource else path(value, resource=self._resource)
        # A composite takes no modifiers, so that of the other rows only these are asked for.
        made_of = self._made_of if component.type == "quantity" else self._rows_of
        return [
            IndexRow(table, component.code + suffix, number, columns)
            for type_name, part in values
            for suffix, table, columns in made_of(component, type_name, part)
        ]

    def _made_of(self, parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
        """(suffix of the code, table, row) of all that a parameter of this type keeps of an element."""
        key = (parameter.type, type_name, id(value), True)
        known = self._known.get(key)
        if known is None:
            others = kind_of(parameter).other_rows(parameter, type_name, value)
            found = [*self._rows_of(parameter, type_name, value), *others]
            known = self._known[key] = (value, found)
        return known[1]

    def _rows_of(self, parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
        """Without those for modifiers."""
        key = (parameter.type, type_name, id(value), False)
        known = self._known.get(key)
        if known is None:
            table = parameter.table
            found = [("", table, columns) for columns in kind_of(parameter).rows(type_name, value)]
            # Kept with its value, so that no other one gets its id.
            known = self._known[key] = (value, found)
        return known[1]


def _own_canonical(resource: dict[str, Any], parameters: SearchParameters) -> Iterator[IndexRow]:
    """What canonical references name, in the shape in which those are kept: the URL and the version."""
    url, version = resource.get("url"), resource.get("version")
    if isinstance(url, str) and url and "url" in parameters.indexed(resource["resourceType"]):
        version_hash = hash_key(version) if isinstance(version, str) else 0
        yield IndexRow("reference", "url", 0, (exact_key(url), "", version_hash))
