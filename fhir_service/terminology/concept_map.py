"""A ConceptMap, compiled: its mappings by source code and by target code.

https://hl7.org/fhir/R4/conceptmap.html and https://hl7.org/fhir/R5/conceptmap.html

R4 and R4B say how the target relates to the source (`equivalence`), R5 how the source relates to the target
(`relationship`); a mapping keeps the word of its own release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class Coded:
    """One end of a mapping."""

    system: str
    version: str | None
    code: str
    display: str | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """`target` is None where the map says that there is none; the dictionaries are as it writes them."""

    source: Coded
    target: Coded | None
    relation: str
    comment: str | None = None
    depends_on: tuple[dict[str, Any], ...] = ()
    products: tuple[dict[str, Any], ...] = ()
    properties: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Group:
    """`unmapped` is what to do with a code that has no mapping, as the map writes it."""

    source: str
    source_version: str | None
    target: str | None
    target_version: str | None
    mappings: tuple[Mapping, ...] = field(repr=False)
    unmapped: dict[str, Any] | None = None

    @cached_property
    def by_source(self) -> dict[str, list[Mapping]]:
        return _grouped((one.source.code, one) for one in self.mappings)

    @cached_property
    def by_target(self) -> dict[str, list[Mapping]]:
        return _grouped((one.target.code, one) for one in self.mappings if one.target)


@dataclass(frozen=True)
class ConceptMap:
    """`source_scope` and `target_scope` are the canonicals of the value sets that it maps between."""

    key: str
    url: str
    version: str | None
    status: str
    source_scope: str | None
    target_scope: str | None
    groups: tuple[Group, ...]
    properties: dict[str, str | None]
    """The uri of each property of a mapping, by its code; `attributes` likewise."""
    attributes: dict[str, str | None]

    @property
    def canonical(self) -> str:
        return f"{self.url}|{self.version}" if self.version else self.url

    @property
    def size(self) -> int:
        return sum(len(group.mappings) for group in self.groups)


def compile_concept_map(resource: dict[str, Any], key: str) -> ConceptMap:
    return ConceptMap(
        key=key,
        url=resource.get("url", ""),
        version=resource.get("version"),
        status=resource.get("status", "unknown"),
        source_scope=_scope(resource, "source"),
        target_scope=_scope(resource, "target"),
        groups=tuple(_group(one) for one in resource.get("group", ())),
        properties=_uris(resource.get("property", ())),
        attributes=_uris(resource.get("additionalAttribute", ())),
    )


def _uris(definitions: Iterable[dict[str, Any]]) -> dict[str, str | None]:
    return {one["code"]: one.get("uri") for one in definitions if "code" in one}


def _scope(resource: dict[str, Any], end: str) -> str | None:
    """R4: sourceUri, sourceCanonical; R5: sourceScopeUri, sourceScopeCanonical."""
    names = (f"{end}Uri", f"{end}Canonical", f"{end}ScopeUri", f"{end}ScopeCanonical")
    return next((resource[name] for name in names if name in resource), None)


def _group(group: dict[str, Any]) -> Group:
    source, source_version = _system(group, "source")
    target, target_version = _system(group, "target")
    mappings = [
        one
        for element in group.get("element", ())
        if "code" in element
        for one in _mappings(element, (source or "", source_version), (target or "", target_version))
    ]
    return Group(source or "", source_version, target, target_version, tuple(mappings), group.get("unmapped"))


def _system(group: dict[str, Any], end: str) -> tuple[str | None, str | None]:
    """R4 has the version beside the uri, R5 in the canonical."""
    url, _, version = group.get(end, "").partition("|")
    return url or None, version or group.get(f"{end}Version")


def _mappings(
    element: dict[str, Any], source: tuple[str, str | None], target: tuple[str, str | None]
) -> Iterable[Mapping]:
    start = Coded(*source, element["code"], element.get("display"))
    if element.get("noMap") is True:
        yield Mapping(start, None, "not-related-to")
    for one in element.get("target", ()):
        yield Mapping(
            source=start,
            target=Coded(*target, one["code"], one.get("display")) if "code" in one else None,
            relation=one.get("relationship") or one.get("equivalence") or "relatedto",
            comment=one.get("comment"),
            depends_on=tuple(one.get("dependsOn", ())),
            products=tuple(one.get("product", ())),
            properties=tuple(one.get("property", ())),
        )


def _grouped(pairs: Iterable[tuple[str, Mapping]]) -> dict[str, list[Mapping]]:
    found: dict[str, list[Mapping]] = {}
    for code, one in pairs:
        found.setdefault(code, []).append(one)
    return found
