"""What FHIR adds to FHIRPath: extension, hasValue, resolve, htmlChecks, boundaries.

https://hl7.org/fhir/R4/fhirpath.html#functions and https://hl7.org/fhir/R5/fhirpath.html#functions
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from ..errors import EvaluationError
from ..runtime import EMPTY, Environment, Items, singleton, text, truth
from ..values import is_quantity

# [base/]Type/id, with a version or a query (a conditional reference) behind it.
_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)(?:/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]+)?|\?.*)")


def extension(environment: Environment, items: Items, url: Items) -> Items:
    wanted = text(url)
    found: Items = []
    for _, value, sibling in items:
        holder = value if type(value) is dict else sibling
        if type(holder) is dict:
            for one in holder.get("extension", ()):
                if type(one) is dict and one.get("url") == wanted:
                    found.append(("Extension", one, None))
    return found


def has_extension(environment: Environment, items: Items, url: Items) -> Items:
    return truth(bool(extension(environment, items, url)))


def has_value(environment: Environment, items: Items) -> Items:
    """Whether there is exactly one item and it is a primitive with a value."""
    return truth(len(items) == 1 and items[0][1] is not None and type(items[0][1]) is not dict)


def get_value(environment: Environment, items: Items) -> Items:
    return items if has_value(environment, items)[0][1] else EMPTY


def resolve(environment: Environment, items: Items) -> Items:
    """Give what references point to; where nothing is fetched, an empty resource of the type they name.

    https://hl7.org/fhir/R4/search.html#reference asks no more of `resolve() is Patient` in an index.
    """
    found = [_resolved(environment, value) for _, value, _ in items]
    return [(_type_of(resource), resource, None) for resource in found if resource is not None]


def referring_to(environment: Environment, items: Items, matches: Callable[[str], bool]) -> Items:
    """What `where(resolve() is Patient)` gives, which is what search parameters ask of references."""
    found: Items = []
    for item in items:
        resource = _resolved(environment, item[1])
        if resource is not None and matches(_type_of(resource)):
            found.append(item)
    return found


def member_of(environment: Environment, items: Items, value_set: Items) -> Items:
    """Whether a code, Coding or CodeableConcept has a code of the value set; nothing when it is not known."""
    item, url = singleton(items), text(value_set)
    codes = environment.schema.required_codes(url) if url else None
    if item is None or codes is None:
        return EMPTY
    value = item[1]
    codings = value.get("coding", [value]) if type(value) is dict else [{"code": value}]
    return truth(any(coding.get("code") in codes for coding in codings))


def html_checks(environment: Environment, items: Items) -> Items:
    """Say true: the gate's narrative rules check XHTML, and say where it is wrong."""
    return truth(True)


def comparable(environment: Environment, items: Items, other: Items) -> Items:
    """Whether two quantities have the same unit, and so an order."""
    left, right = singleton(items), singleton(other)
    if left is None or right is None:
        return EMPTY
    if not is_quantity(left) or not is_quantity(right):
        raise EvaluationError("comparable() is of quantities")
    units = [(item[1].get("system"), item[1].get("code") or item[1].get("unit")) for item in (left, right)]
    return truth(units[0] == units[1])


def low_boundary(environment: Environment, items: Items, precision: Items | None = None) -> Items:
    """Give the earliest moment of a partial date; other values are taken as exact."""
    return _boundary(items, "0001-01-01T00:00:00.000", last=False)


def high_boundary(environment: Environment, items: Items, precision: Items | None = None) -> Items:
    """Give the latest moment of a partial date; other values are taken as exact."""
    return _boundary(items, "9999-12-31T23:59:59.999", last=True)


def _boundary(items: Items, filler: str, *, last: bool) -> Items:
    item = singleton(items)
    if item is None or item[1] is None:
        return EMPTY
    kind, value, _ = item
    if kind not in ("date", "dateTime", "instant") or type(value) is not str or len(value) > 19:
        return [item]
    zone = re.search(r"(?:Z|[+-]\d\d:\d\d)$", value[10:])
    moment = value[: 10 + zone.start()] if zone else value
    completed = moment + filler[len(moment) :]
    if last and len(moment) < 10:
        completed = completed[:8] + _last_day(completed[:7]) + completed[10:]
    # A dateTime without a time zone may be in any of them: https://hl7.org/fhirpath/#lowboundary.
    anywhere = ("-12:00" if last else "+14:00") if kind == "dateTime" else ""
    return [("dateTime", completed + (zone[0] if zone else anywhere), None)]


def _last_day(month: str) -> str:
    for day in ("31", "30", "29", "28"):
        if _is_date(f"{month}-{day}"):
            return day
    return "28"


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _find(environment: Environment, reference: str) -> dict[str, Any] | None:
    if reference.startswith("#"):
        for holder in (environment.resource, environment.root):
            for _, resource, _ in holder:
                for contained in resource.get("contained", ()):
                    if type(contained) is dict and contained.get("id") == reference[1:]:
                        return contained
        return None
    return environment.resolve(reference) if environment.resolve else None


def _resolved(environment: Environment, value: Any) -> dict[str, Any] | None:
    is_element = type(value) is dict
    reference = value.get("reference") if is_element else value
    if type(reference) is str:
        resource = _find(environment, reference)
        if resource is not None:
            return resource
        match = _REFERENCE.fullmatch(reference)
        if match:
            return {"resourceType": match[1]}
    declared = value.get("type") if is_element else None
    return {"resourceType": declared.rpartition("/")[2]} if type(declared) is str else None


def _type_of(resource: dict[str, Any]) -> str:
    name: str = resource.get("resourceType", "Resource")
    return name
