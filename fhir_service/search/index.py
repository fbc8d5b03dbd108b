"""The index rows of one resource: every search parameter evaluated and normalised, at write time.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from fhir_service.fhir.path import compile_path
from fhir_service.search.contained import HOLDS, MARK, Container, Held, contained_in
from fhir_service.search.definitions import SearchParameter, SearchParameters
from fhir_service.search.full_text import text_columns
from fhir_service.search.keys import exact_key, hash_key
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


def _own_rows(
    resource: dict[str, Any], parameters: SearchParameters, container: Container
) -> Iterator[IndexRow]:
    elements = _Elements()
    for parameter in parameters.evaluated(resource["resourceType"]):
        values = parameter.path(resource)
        if not values:
            continue
        found = (
            _composite_rows(resource, values, parameter, parameters, elements)
            if parameter.type == "composite"
            else _plain_rows(values, parameter, elements)
        )
        for row in found:
            yield _placed(row, container) if row.table == "reference" else row
    yield from _own_canonical(resource, parameters)
    # No search parameter evaluates the full text; see full_text.py.
    yield IndexRow("text", "", 0, text_columns(resource))


class _Elements:
    """What the elements of one resource come to, each made once: `code` is also what `combo-code` finds."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], tuple[Any, list[OtherRow]]] = {}

    def rows(self, parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
        """(suffix of the code, table, row) of all that a parameter of this type keeps of an element."""
        key = (parameter.type, type_name, id(value))
        known = self._known.get(key)
        if known is None:
            kind = kind_of(parameter)
            found = [("", parameter.table, columns) for columns in kind.rows(type_name, value)]
            found.extend(kind.other_rows(parameter, type_name, value))
            # Kept with its value, so that no other one gets its id.
            known = self._known[key] = (value, found)
        return known[1]


def _own_canonical(resource: dict[str, Any], parameters: SearchParameters) -> Iterator[IndexRow]:
    """What canonical references name, in the shape in which those are kept: the URL and the version."""
    url, version = resource.get("url"), resource.get("version")
    if isinstance(url, str) and url and "url" in parameters.indexed(resource["resourceType"]):
        version_hash = hash_key(version) if isinstance(version, str) else 0
        yield IndexRow("reference", "url", 0, (exact_key(url), "", version_hash))


def _placed(row: IndexRow, container: Container) -> IndexRow:
    """A reference within the container as one to the place that it names."""
    fragment, mark, version = row.columns
    if mark != MARK:
        return row
    # One that names nothing is still there: a value that no search finds.
    return row._replace(columns=(*(container.target(str(fragment)) or ("", "")), version))


def _plain_rows(values: Values, parameter: SearchParameter, elements: _Elements) -> Iterator[IndexRow]:
    code = parameter.code
    for type_name, value in values:
        if parameter.type == "reference" and "resourceType" in value and type_name not in parameter.targets:
            continue  # the first entry of a Bundle: a Composition or a MessageHeader, as the parameter says
        for suffix, table, columns in elements.rows(parameter, type_name, value):
            yield IndexRow(table, code + suffix, 0, columns)


def _composite_rows(
    resource: dict[str, Any],
    values: Values,
    composite: SearchParameter,
    parameters: SearchParameters,
    elements: _Elements,
) -> Iterator[IndexRow]:
    """Rows of the elements that have a value of every component: the others, no value `a$b` can match."""
    components = [parameters.component(composite, n) for n in range(len(composite.components))]
    for number, (type_name, value) in enumerate(values):
        # The element's type is known only now: a composite may stand on several.
        paths = [compile_path(one.expression, type_name, one.release) for one in components]
        found = [path(value, resource=resource) for path in paths]
        if all(found):
            parts = [
                _part_rows(part, component, number, elements)
                for part, component in zip(found, components, strict=True)
            ]
            if all(parts):
                yield from chain.from_iterable(parts)


def _part_rows(
    values: Values, component: SearchParameter, number: int, elements: _Elements
) -> list[IndexRow]:
    # A composite takes no modifiers, so that of the other rows only these are asked for.
    takes_all = component.type == "quantity"
    return [
        IndexRow(table, component.code + suffix, number, columns)
        for type_name, value in values
        for suffix, table, columns in elements.rows(component, type_name, value)
        if takes_all or not suffix
    ]
