"""What a resource loses on its way through the formats: it must come back as the same JSON value.

Numbers are compared by their text, so 1.0 is not 1.00; the order of members does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from fhir_service.errors import ServiceError
from fhir_service.formats import fhir_json, fhir_xml
from fhir_service.releases import Release


def problems(body: bytes, release: Release) -> Iterator[str]:
    """What is lost on the way through JSON, and through XML."""
    try:
        value = fhir_json.parse(body)
        in_json = fhir_json.parse(fhir_json.dump(value))
        in_xml = fhir_xml.decode(fhir_xml.encode(body, False, release), release)
    except ServiceError as error:
        yield str(error)
        return
    for format, returned in (("JSON", in_json), ("XML", in_xml)):
        found = difference(value, returned)
        if found is not None:
            yield f"{format}: {found}"


def difference(value: Any, other: Any, path: str = "") -> str | None:
    """Where two JSON values differ first."""
    if isinstance(value, dict) and isinstance(other, dict):
        if value.keys() != other.keys():
            return f"{path} has {sorted(value)}, not {sorted(other)}"
        pairs = [(f"{path}.{key}", value[key], other[key]) for key in value]
    elif isinstance(value, list) and isinstance(other, list):
        if len(value) != len(other):
            return f"{path} has {len(value)} items, not {len(other)}"
        pairs = [(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(value, other, strict=True))]
    else:
        return None if _is_same(value, other) else f"{path} is {value!r}, not {other!r}"
    return next((found for at, a, b in pairs if (found := difference(a, b, at)) is not None), None)


def _is_same(value: Any, other: Any) -> bool:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return isinstance(other, (int, Decimal)) and not isinstance(other, bool) and str(value) == str(other)
    return type(value) is type(other) and bool(value == other)
