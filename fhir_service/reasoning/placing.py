"""Puts values where a resource has room for them: choice types, lists, and the few conversions FHIR means.

https://hl7.org/fhir/R4/activitydefinition-definitions.html#ActivityDefinition.dynamicValue.path

    string, code, uri, ...   into each other
    date, instant            into dateTime
    integer                  into decimal, positiveInt, unsignedInt
    Coding                   into CodeableConcept
    CodeableConcept,
    Coding, Reference        into CodeableReference
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from fhir_service.fhir.path import Items
from fhir_service.fhir.path.simple import Step
from fhir_service.reasoning.application import Json
from fhir_service.releases import Element, Release

_TEXTS = frozenset(("string", "code", "uri", "id", "markdown", "canonical", "url", "oid", "uuid"))
_WIDER = {
    "date": ("dateTime",),
    "instant": ("dateTime",),
    "integer": ("decimal", "positiveInt", "unsignedInt", "integer64"),
}


class Misfit(Exception):
    """A value that has no room there; the message says why."""


def place(resource: Json, type_name: str, steps: Sequence[Step], items: Items, release: Release) -> None:
    """Set the element at the end of the steps to the items, in place of what is there; no items, no element.

    :raises Misfit: there is no such element, or it cannot hold them
    """
    if len(steps) == 1:
        _set(resource, type_name, steps[0], [item for item in items if item[1] is not None], release)
        return
    element, json_name, kind = _inner(resource, type_name, steps[0], release)
    child = _child(resource, element, json_name, steps[0], create=bool(items))
    if child is None:
        return
    place(child, kind, steps[1:], items, release)
    if not child:  # FHIR has no empty objects
        _drop(resource, json_name, child)


def _inner(holder: Json, type_name: str, step: Step, release: Release) -> tuple[Element, str, str]:
    element, names = _element(type_name, step.name, release)
    if len(names) > 1:
        names = [(name, kind) for name, kind in names if name in holder]
    if len(names) != 1:
        raise Misfit(f"`{step.name}` can be of several types: name one, as in `{step.name}Quantity`")
    json_name, kind = names[0]
    if release.type_definition(kind).kind == "primitive-type":
        raise Misfit(f"`{step.name}` is a {kind} and has no elements to set")
    return element, json_name, kind


def _element(type_name: str, name: str, release: Release) -> tuple[Element, list[tuple[str, str]]]:
    """The element of that name, or of that JSON name (`occurrenceDateTime`), and the types it may have."""
    definition = release.type_definition(type_name)
    element = definition.elements.get(name)
    if element is not None:
        return element, list(element.json_names)
    found = definition.json_names.get(name)
    if found is None:
        raise Misfit(f"{type_name} has no element `{name}`")
    return found[0], [(name, found[1])]


def _child(holder: Json, element: Element, json_name: str, step: Step, *, create: bool) -> Json | None:
    if not element.repeats:
        if step.index not in (None, 0):
            raise Misfit(f"`{step.name}` does not repeat, so that there is no [{step.index}]")
        if json_name not in holder and not create:
            return None
        child: Json = holder.setdefault(json_name, {})
        return child
    children = holder.get(json_name, [])
    index = step.index or 0
    if step.index is None and len(children) > 1:
        raise Misfit(f"`{step.name}` has {len(children)} items: say which, as in `{step.name}[0]`")
    if index > len(children):
        raise Misfit(f"`{step.name}` has {len(children)} items, so that there is no [{index}]")
    if index == len(children):
        if not create:
            return None
        holder[json_name] = [*children, {}]
    found: Json = holder[json_name][index]
    return found


def _drop(holder: Json, json_name: str, child: Json) -> None:
    kept = (
        [one for one in holder[json_name] if one is not child] if isinstance(holder[json_name], list) else []
    )
    if kept:
        holder[json_name] = kept
    else:
        del holder[json_name]


def _set(holder: Json, type_name: str, step: Step, items: Items, release: Release) -> None:
    element, names = _element(type_name, step.name, release)
    if len(items) > 1 and (not element.repeats or step.index is not None):
        raise Misfit(f"`{step.name}` holds one value, not {len(items)}")
    fitted = [_fit(kind, value, names, step.name, release) for kind, value, _ in items]
    if len({name for name, _ in fitted}) > 1:
        raise Misfit(f"`{step.name}` cannot hold values of different types")
    values = [value for _, value in fitted]
    if step.index is None:
        for name, _ in element.json_names:
            holder.pop(name, None)
            holder.pop("_" + name, None)
        if values:
            holder[fitted[0][0]] = values if element.repeats else values[0]
        return
    if not element.repeats:
        raise Misfit(f"`{step.name}` does not repeat, so that there is no [{step.index}]")
    there = holder.get(names[0][0], [])
    if step.index > len(there):
        raise Misfit(f"`{step.name}` has {len(there)} items, so that there is no [{step.index}]")
    changed = [*there[: step.index], *values, *there[step.index + 1 :]]
    if changed:
        holder[names[0][0]] = changed
    else:
        holder.pop(names[0][0], None)


def _fit(
    kind: str, value: Any, names: Sequence[tuple[str, str]], element: str, release: Release
) -> tuple[str, Any]:
    for name, wanted in names:
        if wanted == kind:
            return name, copy.deepcopy(value)
    for name, wanted in names:
        converted = _converted(kind, value, wanted, release)
        if converted is not None:
            return name, copy.deepcopy(converted)
    allowed = ", ".join(wanted for _, wanted in names)
    raise Misfit(f"`{element}` holds {allowed}, not a {kind}")


def _converted(kind: str, value: Any, wanted: str, release: Release) -> Any:
    if release.is_a(kind, wanted) or (kind in _TEXTS and wanted in _TEXTS) or wanted in _WIDER.get(kind, ()):
        return value
    if kind == "Coding":
        value, kind = {"coding": [value]}, "CodeableConcept"
        if wanted == kind:
            return value
    if wanted == "CodeableReference" and kind in ("CodeableConcept", "Reference"):
        return {"concept" if kind == "CodeableConcept" else "reference": value}
    return None
