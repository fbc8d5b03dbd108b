"""Which search parameters a resource type has, and how each is evaluated.

https://hl7.org/fhir/R4/searchparameter.html

They come from the release's own definitions, from the SearchParameter resources that the service itself
publishes, and from those that clients wrote. One whose expression cannot be evaluated is not offered
(`unsupported` says why).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from fhir_service.fhir.path import Path, UnsupportedExpression, compile_path
from fhir_service.releases import Release
from fhir_service.search.bindings import BOOLEAN_SYSTEMS, WITHOUT_SYSTEM, holds_media_types, implied_systems
from fhir_service.search.looks import Looks
from fhir_service.search.predicates import Key

# Search parameter types this service indexes: the names of the files in `param_types/`.
INDEXED_TYPES = ("token", "string", "reference", "date", "number", "quantity", "uri", "composite", "special")

# They are columns of the resource itself, so nothing is evaluated for them.
OWN_COLUMNS = {"_id": "logical_id", "_lastUpdated": "last_updated"}

# They look into the words of the whole resource (full_text.py), so they have no expression either.
FULL_TEXT = ("_text", "_content")

# What names a resource that holds others: by its type, the search parameter under which it holds them.
MEMBERSHIPS: Mapping[str, Mapping[str, str]] = {
    "_list": {"List": "item"},
    "_in": {"CareTeam": "participant", "Group": "member", "List": "item"},
}

# HL7 defines some composites of R5 by components that it does not define. What they look at tells their type
# all the same: what the search chapter uses for elements of these types.
IMPLIED_TYPES: Mapping[str, str] = {
    "CodeableConcept": "token",
    "Period": "date",
    "Quantity": "quantity",
    "boolean": "token",
    "canonical": "reference",
    "string": "string",
}

# Why special parameters and those without an expression are not offered; others of that kind are not HL7's.
_REASONS = {
    "_filter": "filter expressions are not read; the other search parameters can be combined",
    "_query": "there are no named queries here",
    "_type": "it belongs into a search over several types, `GET [base]?_type=…`",
    "_has": "it is written `_has:Type:reference:parameter=value`",
    "near": "distances between positions are not computed",
    "contains": "positions within boundaries are not computed",
}


# `Type.path`, and of a choice `(Type.element as dateTime)` or `Type.element.ofType(dateTime)`.
_OF_TYPE = re.compile(r"\(?(?P<type>\w+)\.(?P<path>[^|]+)", re.ASCII)
_ONE_ELEMENT = re.compile(r"(\w+)(?: as \w+\)|\.ofType\(\w+\))", re.ASCII)


@dataclass(frozen=True)
class Component:
    """One part of a composite parameter: the definition it borrows its type from, and where to look."""

    definition: str
    expression: str


@dataclass(frozen=True)
class SearchParameter:
    """A parameter as it applies to one resource type."""

    url: str
    code: str
    type: str
    type_name: str
    expression: str
    targets: tuple[str, ...] = ()
    comparators: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    documentation: str = ""
    starts: tuple[str, ...] = ()
    """Of a part of a composite: the types of the elements that it is evaluated on."""
    release: Release = field(repr=False, compare=False, kw_only=True)

    @cached_property
    def table(self) -> str:
        """Whose index table holds its rows: the words that a special parameter looks for are strings."""
        return "string" if self.type == "special" else self.type

    @property
    def key(self) -> Key:
        """What its index rows are kept under."""
        return (self.type_name, self.code)

    @property
    def _starts(self) -> tuple[str, ...]:
        return self.starts or (self.type_name,)

    @cached_property
    def path(self) -> Path:
        """The compiled expression; raises UnsupportedExpression."""
        return compile_path(self.expression, self.type_name, self.release)

    @cached_property
    def is_canonical(self) -> bool:
        """Whether the references are canonical URLs (some old elements are plain URIs)."""
        types = self.path.types or ()
        return "canonical" in types or "uri" in types

    @cached_property
    def implied_systems(self) -> frozenset[str] | None:
        """The systems of code and boolean elements, which have none in the data: their bindings imply them.

        None when the definitions do not tell; then any system fits.
        """
        types = value_types(self)
        if "" in types:
            return None
        if "code" in types:
            return implied_systems(self.expression, self._starts, self.release)
        return BOOLEAN_SYSTEMS if "boolean" in types else frozenset()

    @cached_property
    def finds_systems(self) -> bool:
        """Of tokens: whether a value may come with a system of its own."""
        return not value_types(self) <= WITHOUT_SYSTEM

    @cached_property
    def ignores_case(self) -> bool:
        """Of tokens: "if the underlying data type is string then the search is not case sensitive"."""
        return self.type == "token" and value_types(self) == {"string"}

    @cached_property
    def holds_media_types(self) -> bool:
        """Whether it looks at codes such as `text/xml; charset=UTF-8`."""
        return holds_media_types(self.expression, self._starts, self.release)

    @cached_property
    def is_single(self) -> bool:
        """Whether a resource has one value at most: it looks at one element, which does not repeat."""
        parts = [_OF_TYPE.match(part.strip()) for part in self.expression.split("|")]
        if not all(part and part["type"] in self.release.resource_types for part in parts):
            return False
        own = {part["path"] for part in parts if part and part["type"] == self.type_name}
        names = {_ONE_ELEMENT.sub(r"\1", path) for path in own}
        elements = self.release.type_definition(self.type_name).elements
        return len(names) == 1 and all(name in elements and not elements[name].repeats for name in names)

    @cached_property
    def unsupported(self) -> str | None:
        """Why this parameter is not offered, or None."""
        if self.code in OWN_COLUMNS or self.code in FULL_TEXT:
            return None
        if self.code in MEMBERSHIPS:
            return "it asks for a membership, which criteria.py reads"
        if self.code in _REASONS and (self.type == "special" or not self.expression):
            return _REASONS[self.code]
        if self.type not in INDEXED_TYPES:
            return f"search parameters of type {self.type} are not indexed"
        if not self.expression:
            return "it has no expression"
        try:
            types = self.path.types
        except UnsupportedExpression as reason:
            return str(reason)
        if self.type == "special" and types != frozenset(("Narrative",)):
            return "of special parameters only those that look into narratives are indexed"
        return "its expression never matches anything" if types == frozenset() else None


def value_types(parameter: SearchParameter) -> set[str]:
    """The types of what it finds; an empty one stands for those that are not known."""
    paths = (compile_path(parameter.expression, start, parameter.release) for start in parameter._starts)
    return {type_name for path in paths for type_name in path.types or ("",)}


class SearchParameters:
    """The parameters of one release: `for_type("Library")["context"]`.

    `pending` are those by which resources are indexed from now on, but not all of them are yet.
    """

    def __init__(
        self,
        release: Release,
        published: Iterable[Mapping[str, Any]] = (),
        pending: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self.release = release
        self.data = [*release.search_parameter_data, *published]
        self.pending_data = [*pending]
        self._by_type: dict[str, dict[str, SearchParameter]] = {}
        self._pending_by_type: dict[str, dict[str, SearchParameter]] = {}
        self._evaluated_by_type: dict[str, tuple[SearchParameter, ...]] = {}
        self._components: dict[tuple[Key, int], SearchParameter] = {}
        self._parts: dict[tuple[str, str, str], tuple[tuple[SearchParameter, Path], ...]] = {}
        self.looks = Looks(self)

    @cached_property
    def _data_by_url(self) -> dict[str, Mapping[str, Any]]:
        return {data["url"]: data for data in (*self.pending_data, *self.data)}

    def for_type(self, type_name: str) -> Mapping[str, SearchParameter]:
        """Every parameter that can be searched, by code, sorted."""
        found = self._by_type.get(type_name)
        if found is None:
            found = self._by_type[type_name] = self._working(type_name, self.data)
        return found

    def pending(self, type_name: str) -> Mapping[str, SearchParameter]:
        """Every parameter that can be searched once all resources are indexed by it."""
        found = self._pending_by_type.get(type_name)
        if found is None:
            found = self._pending_by_type[type_name] = self._working(type_name, self.pending_data)
        return found

    def indexed(self, type_name: str) -> Mapping[str, SearchParameter]:
        """Every parameter that a resource is indexed by when it is written."""
        return {**self.for_type(type_name), **self.pending(type_name)}

    def is_indexed(self, type_name: str, code: str) -> bool:
        return code in self.for_type(type_name) or code in self.pending(type_name)

    def evaluated(self, type_name: str) -> tuple[SearchParameter, ...]:
        """Those of them that are evaluated; the others are columns, or words of the whole resource."""
        found = self._evaluated_by_type.get(type_name)
        if found is None:
            indexed = self.indexed(type_name).values()
            found = tuple(one for one in indexed if one.code not in OWN_COLUMNS and one.code not in FULL_TEXT)
            self._evaluated_by_type[type_name] = found
        return found

    def unsupported(self, type_name: str) -> Mapping[str, str]:
        """The release's parameters that are not offered, with the reason for each."""
        applying = self._applying_to(type_name, self.data)
        return {
            code: self._reason(parameter) for code, parameter in applying.items() if self._reason(parameter)
        }

    def why_not(self, type_name: str, code: str) -> str:
        """Why a parameter that FHIR defines is not offered; R4 describes some that it has no resource for."""
        described = _REASONS.get(code, "") if code.startswith("_") else ""
        return self.unsupported(type_name).get(code, described)

    def component(self, parameter: SearchParameter, position: int) -> SearchParameter:
        """The component of a composite as a parameter of its own, evaluated on the composite's element."""
        found = self._components.get((parameter.key, position))
        if found is None:
            found = self._components[parameter.key, position] = self._component(parameter, position)
        return found

    def parts(self, parameter: SearchParameter, type_name: str) -> tuple[tuple[SearchParameter, Path], ...]:
        """The components of a composite, each with its path from an element of this type."""
        key = (parameter.type_name, parameter.code, type_name)
        found = self._parts.get(key)
        if found is None:
            components = [self.component(parameter, n) for n in range(len(parameter.components))]
            found = tuple((one, compile_path(one.expression, type_name, self.release)) for one in components)
            self._parts[key] = found
        return found

    def _component(self, parameter: SearchParameter, position: int) -> SearchParameter:
        part = parameter.components[position]
        data = self._data_by_url.get(part.definition, {})
        found = SearchParameter(
            url=part.definition,
            code=f"{parameter.code}${position + 1}",
            type=data.get("type", ""),
            type_name=parameter.type_name,
            expression=part.expression,
            targets=tuple(data.get("target", ())),
            starts=tuple(sorted(parameter.path.types or ())),
            release=self.release,
        )
        return found if found.type else replace(found, type=self._implied_type(parameter, found))

    def reason(self, data: Mapping[str, Any], type_name: str) -> str:
        """Why a definition could not be searched on this type; empty when it could."""
        return self._reason(self._parameter(data, type_name))

    def _working(self, type_name: str, among: Iterable[Mapping[str, Any]]) -> dict[str, SearchParameter]:
        candidates = self._applying_to(type_name, among)
        return {code: candidates[code] for code in sorted(candidates) if not self._reason(candidates[code])}

    def _reason(self, parameter: SearchParameter) -> str:
        if parameter.unsupported:
            return parameter.unsupported
        for place, part in enumerate(parameter.components):
            component = self._component(parameter, place)
            kind = component.type
            if not kind:
                return f"its component {part.definition} is not defined"
            if kind not in INDEXED_TYPES or kind == "composite":
                return f"its component {part.definition} is of type {kind}"
            try:
                value_types(component)
            except UnsupportedExpression as reason:
                return f"its component `{part.expression}`: {reason}"
        return ""

    def _implied_type(self, composite: SearchParameter, part: SearchParameter) -> str:
        """The type of a part that HL7 does not define; empty where it is not clear, or not HL7's."""
        if composite.url not in self._own_urls:
            return ""
        found = {IMPLIED_TYPES.get(type_name, "") for type_name in value_types(part)}
        return found.pop() if len(found) == 1 else ""

    @cached_property
    def _own_urls(self) -> frozenset[str]:
        return frozenset(data["url"] for data in self.release.search_parameter_data)

    def _applying_to(self, type_name: str, among: Iterable[Mapping[str, Any]]) -> dict[str, SearchParameter]:
        ancestry = self._ancestry(type_name)
        definitions = list(among)
        return {
            data["code"]: self._parameter(data, type_name)
            for base in reversed(ancestry)
            for data in definitions
            if base in data["base"]
        }

    def _ancestry(self, type_name: str) -> list[str]:
        names = []
        current: str | None = type_name
        while current:
            names.append(current)
            current = self.release.type_definition(current).base
        return names

    def _parameter(self, data: Mapping[str, Any], type_name: str) -> SearchParameter:
        return SearchParameter(
            url=data["url"],
            code=data["code"],
            type=data["type"],
            type_name=type_name,
            expression=data.get("expression") or "",
            targets=tuple(data.get("target", ())),
            comparators=tuple(data.get("comparator", ())),
            components=tuple(
                Component(part["definition"], part["expression"])
                for part in data.get("components", data.get("component", ()))
            ),
            documentation=data.get("description", ""),
            release=self.release,
        )
