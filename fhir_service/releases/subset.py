"""Parts of a resource: `_summary` and `_elements`, by what the definitions mark.

https://hl7.org/fhir/R4/search.html#summary and https://hl7.org/fhir/R4/search.html#elements

    true   elements marked as summary, and what must be there
    text   narrative, id, meta and what must be there
    data   everything but the narrative
    _elements   what is named, and what must be there or changes the meaning of the rest

What is cut says so: `meta.tag` holds SUBSETTED, so that nobody writes it back as if it were whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from fhir_service.releases import Element, Release

SUMMARIES = ("true", "text", "data", "count", "false")

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "Resource encoded in summary mode",
}

_ALWAYS = frozenset(("resourceType", "id", "meta"))

Keep = Callable[[Element], bool]


def summary(resource: dict[str, Any], mode: str, release: Release) -> dict[str, Any]:
    """The resource as `_summary=mode` asks for it; `mode` is true, text or data."""
    if mode == "data":
        return _tagged({name: value for name, value in resource.items() if name != "text"})
    if mode == "text":
        return _tagged(_pick(resource, release, lambda element: element.name == "text" or element.min > 0))
    return _tagged(_summarise(resource, resource["resourceType"], release))


def elements(resource: dict[str, Any], names: Collection[str], release: Release) -> dict[str, Any]:
    """The resource with the named elements; a path below one (`name.given`) keeps only that of it."""
    top: dict[str, list[str]] = {}
    for name in names:
        first, _, rest = name.partition(".")
        top.setdefault(first, []).append(rest)
    kept = _pick(
        resource, release, lambda element: element.name in top or element.min > 0 or element.modifier
    )
    for first, rests in top.items():
        if all(rests) and first in kept:
            kept[first] = _below(kept[first], rests)
    return _tagged(kept)


def known_elements(type_name: str, release: Release) -> Collection[str]:
    """The names that `_elements` may list for a type."""
    return release.type_definition(type_name).elements.keys()


def _pick(resource: dict[str, Any], release: Release, keep: Keep) -> dict[str, Any]:
    known = release.type_definition(resource["resourceType"]).json_names
    picked = {}
    for name, value in resource.items():
        element = known.get(name.removeprefix("_"))
        if name in _ALWAYS or (element is not None and keep(element[0])):
            picked[name] = value
    return picked


def _below(value: Any, rests: list[str]) -> Any:
    """Of each item only the members that the paths begin with."""
    if isinstance(value, list):
        return [_below(item, rests) for item in value]
    if not isinstance(value, dict):
        return value
    wanted = {rest.partition(".")[0] for rest in rests}
    return {name: member for name, member in value.items() if name.removeprefix("_") in wanted}


def _summarise(value: dict[str, Any], type_name: str, release: Release) -> dict[str, Any]:
    definition = release.type_definition(type_name)
    if not any(element.summary for element in definition.elements.values()):
        return value
    known = definition.json_names
    kept: dict[str, Any] = {}
    for name, member in value.items():
        element, kind = known.get(name.removeprefix("_"), (None, ""))
        if name in _ALWAYS:
            kept[name] = member
        elif element is not None and (element.summary or element.min > 0):
            kept[name] = member if name.startswith("_") else _inside(member, kind, release)
    return kept


def _inside(value: Any, type_name: str, release: Release) -> Any:
    if isinstance(value, list):
        return [_inside(item, type_name, release) for item in value]
    if not isinstance(value, dict):
        return value
    return _summarise(value, value.get("resourceType", type_name), release)


def _tagged(resource: dict[str, Any]) -> dict[str, Any]:
    meta = dict(resource.get("meta", {}))
    meta["tag"] = [*meta.get("tag", ()), SUBSETTED]
    first: dict[str, Any] = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    return {**first, "meta": meta, **{name: value for name, value in resource.items() if name != "meta"}}
