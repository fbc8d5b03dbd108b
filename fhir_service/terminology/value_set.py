"""A ValueSet, compiled: what its compose includes and excludes, checked; or the expansion that it carries.

https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.terminology.designations import Designation, designations_of
from fhir_service.terminology.problems import broken_value_set

SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"


@dataclass(frozen=True, slots=True)
class Listed:
    """A concept that the value set names itself, with its own words for it."""

    code: str
    display: str | None
    designations: tuple[Designation, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    property: str
    operator: str
    value: str
    path: str


@dataclass(frozen=True, slots=True)
class Part:
    """One include or exclude; `path` is where it stands: `ValueSet.compose.include[0]`."""

    path: str
    system: str | None
    version: str | None
    concepts: tuple[Listed, ...] | None
    filters: tuple[Filter, ...]
    value_sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueSet:
    """`key` names this very content. Without a compose the members are those of the stored expansion."""

    key: str
    url: str
    version: str | None
    resource: dict[str, Any] = field(repr=False)
    includes: tuple[Part, ...] = ()
    excludes: tuple[Part, ...] = ()
    has_compose: bool = False
    leaves_out_inactive: bool = False
    supplements: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()

    @property
    def canonical(self) -> str:
        return f"{self.url}|{self.version}" if self.version else self.url

    @property
    def name(self) -> str:
        """What to call it in a message; one that was sent along may have no URL."""
        return self.canonical or "the value set that was sent"


def compile_value_set(resource: dict[str, Any], key: str) -> ValueSet:
    """The compiled form of a ValueSet resource.

    :raises Unprocessable: it has neither a definition nor an expansion, or a part of it makes no sense
    """
    compose = resource.get("compose")
    url = resource.get("url", "")
    if compose is None and "expansion" not in resource:
        raise Unprocessable(
            f"The value set `{url or resource.get('id', '')}` has no compose and no expansion: nothing says"
            " what is in it.",
            expression=("ValueSet.compose",),
        )
    compose = compose or {}
    extensions = [*resource.get("extension", ()), *compose.get("extension", ())]
    return ValueSet(
        key=key,
        url=url,
        version=resource.get("version"),
        resource=resource,
        includes=tuple(_parts(compose, "include")),
        excludes=tuple(_parts(compose, "exclude")),
        has_compose=bool(compose),
        properties=tuple(compose.get("property", ())),
        leaves_out_inactive=compose.get("inactive") is False,
        supplements=tuple(
            value
            for one in extensions
            if one.get("url") == SUPPLEMENT and (value := one.get("valueCanonical"))
        ),
    )


def _parts(compose: dict[str, Any], kind: str) -> Iterable[Part]:
    for place, source in enumerate(compose.get(kind, ())):
        path = f"ValueSet.compose.{kind}[{place}]"
        part = Part(
            path=path,
            system=source.get("system"),
            version=source.get("version"),
            concepts=_listed(source["concept"]) if "concept" in source else None,
            filters=tuple(_filters(source, path)),
            value_sets=tuple(source.get("valueSet", ())),
        )
        _check(part)
        yield part


def _listed(concepts: Iterable[dict[str, Any]]) -> tuple[Listed, ...]:
    return tuple(
        Listed(one["code"], one.get("display"), designations_of(one)) for one in concepts if "code" in one
    )


def _filters(source: dict[str, Any], path: str) -> Iterable[Filter]:
    for place, one in enumerate(source.get("filter", ())):
        here = f"{path}.filter[{place}]"
        for name in ("property", "op", "value"):
            if not one.get(name):
                raise broken_value_set(f"The filter needs a {name}.", here)
        yield Filter(one["property"], one["op"], one["value"], here)


def _check(part: Part) -> None:
    """vsd-1 to vsd-3 of https://hl7.org/fhir/R4/valueset.html#invs."""
    if part.system is None and not part.value_sets:
        raise broken_value_set("It needs a system or a value set.", part.path)
    if part.system is None and (part.concepts is not None or part.filters):
        raise broken_value_set("It has concepts or filters, so it needs a system.", part.path)
    if part.concepts is not None and part.filters:
        raise broken_value_set("It has both concepts and filters; one of them is allowed.", part.path)
