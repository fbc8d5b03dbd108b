"""The parameters of a Parameters as they came, before anything is known of them.

https://hl7.org/fhir/R4/parameters.html

Each has a name and one value, one resource or parts. A member that FHIR does not know is refused: it may be
the misspelt name of one that it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_service.errors import Invalid, NotSupported
from fhir_service.releases import Release


@dataclass(frozen=True, slots=True)
class Sent:
    """`type` is a FHIR type, or "" for one with parts (or a text of a query, which has no type yet)."""

    name: str
    type: str
    value: Any
    expression: str


def sent_in(body: Mapping[str, Any], release: Release) -> Iterator[Sent]:
    """The parameters of a Parameters.

    :raises Invalid: it has not the shape of one
    """
    known = {"resourceType", *release.type_definition("Parameters").elements}
    for member in body:
        if member.removeprefix("_") not in known:
            raise _malformed(f"`{member}` is no member of a Parameters; it holds `parameter`.", "Parameters")
    if "parameter" in body:
        yield from _listed(body["parameter"], "Parameters.parameter", "", release)


def _listed(listed: Any, path: str, holder: str, release: Release) -> Iterator[Sent]:
    """`holder` is the parameter whose parts these are, "" for those of the Parameters itself."""
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        told = f"Parameter `{holder}`: its `part`" if holder else f"`{path}`"
        raise _malformed(f"{told} is a list of objects, at least one.", path)
    for place, one in enumerate(listed):
        here = f"{path}[{place}]"
        name = one.get("name")
        if not isinstance(name, str) or not name:
            raise Invalid("A parameter has no `name`.", issue_code="required", expression=(here,))
        _require_known_members(one, here, release)
        yield Sent(name, *_content(one, here, release), here)


def _require_known_members(one: Mapping[str, Any], here: str, release: Release) -> None:
    if "modifierExtension" in one:
        raise NotSupported(
            f"Parameter `{one['name']}`: a modifierExtension may change what it means; none is known here.",
            expression=(here,),
        )
    known = release.type_definition("Parameters.parameter").elements
    for member in one:
        bare = member.removeprefix("_")
        if bare not in known and not bare.startswith("value"):
            raise _malformed(f"Parameter `{one['name']}`: `{member}` is no member of a parameter.", here)


def _content(one: dict[str, Any], here: str, release: Release) -> tuple[str, Any]:
    """The type and the value of a parameter: the one member that is a value, a resource or parts."""
    told = [key for key in one if key in ("resource", "part") or key.startswith("value")]
    if len(told) != 1:
        raise _malformed(
            f"Parameter `{one['name']}` has one value, one resource or parts;"
            f" it has {', '.join(told) or 'none of them'}.",
            here,
        )
    key = told[0]
    value = one[key]
    if key == "part":
        return "", list(_listed(value, f"{here}.part", one["name"], release))
    if key == "resource":
        kind = value.get("resourceType") if isinstance(value, dict) else None
        return str(kind or "Resource"), value
    name = key.removeprefix("value")
    type_name = name if name in release.type_names else name[:1].lower() + name[1:]
    if type_name not in release.type_names:
        raise _malformed(f"Parameter `{one['name']}`: `{key}` is no member of a parameter.", here)
    return type_name, value


def _malformed(text: str, path: str) -> Invalid:
    return Invalid(text, issue_code="structure", expression=(path,))
