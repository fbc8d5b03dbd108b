"""Bindings of a profile: which codes are asked for, and what it means that one is not in the value set.

https://hl7.org/fhir/R4/terminologies.html#strength

    required     an error            extensible   a warning: another code is right where none of these fits
    preferred    an information      example      nothing
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_service.releases import Release
from fhir_service.releases.validator.bindings import form_of

from .findings import ERROR, INFORMATION, WARNING, Findings
from .instance import Node
from .tree import Definition

IsMember = Callable[[str, Mapping[str, Any]], bool | None]
"""(canonical of a value set, Coding) -> whether it is in it; None: cannot tell. A `code` has no system."""

_SEVERITY = {"required": ERROR, "extensible": WARNING, "preferred": INFORMATION}
_MAXIMUM = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"


def cannot_tell(value_set: str, coding: Mapping[str, Any]) -> bool | None:
    """The terminology of who has none."""
    return None


def bindings_of(definition: Definition) -> list[tuple[str, str]]:
    """(strength, canonical of the value set) of an element, its maximum value set among them."""
    binding = definition.get("binding")
    if type(binding) is not dict or type(binding.get("valueSet")) is not str:
        return []
    found = [(str(binding.get("strength")), binding["valueSet"])]
    for extension in binding.get("extension", ()):
        maximum = extension.get("valueCanonical") or extension.get("valueUri")
        if extension.get("url") == _MAXIMUM and maximum:
            found.append(("required", maximum))
    return [one for one in found if one[0] in _SEVERITY]


def membership(
    value_set: str, coding: Mapping[str, Any], is_member: IsMember, release: Release
) -> bool | None:
    """Whether a Coding or a bare code is in a value set: asked of the terminology, then the definitions."""
    answer = is_member(value_set, coding)
    if answer is not None:
        return answer
    if "system" not in coding:
        form, codes = form_of(value_set), release.required_codes(value_set)
        if form is not None:
            return form.fullmatch(str(coding.get("code"))) is not None
        return None if codes is None else coding.get("code") in codes
    codings = release.required_codings(value_set)
    return None if codings is None else coding.get("code") in codings.get(str(coding["system"]), ())


def codings_of(node: Node) -> list[Mapping[str, Any]] | None:
    """The codings that an element's value has; None when it is of a type without any."""
    value = node.value
    if type(value) is str:
        return [{"code": value}]
    if type(value) is not dict:
        return None
    if node.type == "CodeableReference":
        value = value.get("concept", {})
    if node.type in ("CodeableConcept", "CodeableReference"):
        return [one for one in value.get("coding", ()) if type(one) is dict and "code" in one]
    return [value] if "code" in value else []


def check_binding(
    node: Node, strength: str, value_set: str, is_member: IsMember, release: Release,
    findings: Findings, source: str,
) -> None:  # fmt: skip
    """Demand that one of the value's codings is in the value set, as strongly as the binding does."""
    codings = codings_of(node)
    if codings is None or (node.type == "CodeableReference" and "concept" not in node.value):
        return
    severity = _SEVERITY[strength]
    if not codings:
        if node.type == "Quantity":
            return  # its unit may be in words alone
        if strength != "preferred" and not (strength == "required" and "extension" in node.members):
            asked = f"the {strength} value set {value_set}"
            findings.add(severity, "code-invalid", f"there is no code of {asked}", node, source)
        return
    answers = [membership(value_set, coding, is_member, release) for coding in codings]
    if True in answers:
        return
    told = ", ".join(f"{one['system']}#{one.get('code')}" if "system" in one else str(one.get("code"))
                     for one in codings)  # fmt: skip
    if None in answers:
        severity = INFORMATION if strength == "preferred" else WARNING
        message = f"whether {told} is in the {strength} value set {value_set} cannot be told here"
        findings.add(severity, "not-supported", message, node, source)
        return
    message = f"{told} is not in the {strength} value set {value_set}"
    findings.add(severity, "code-invalid", message, node, source)
