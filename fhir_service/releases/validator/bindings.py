"""Required bindings: the codes an element may hold.

https://hl7.org/fhir/R4/terminologies.html#required

A value set that cannot be listed from HL7's packages (UCUM, MIME types, languages) is not checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from .. import Element, Release
from .findings import CODE_INVALID, Findings

Codings = Mapping[str, frozenset[str]]

_SHOWN = 12
_FORMS = {
    "http://hl7.org/fhir/ValueSet/currencies": re.compile("[A-Z]{3}"),
    # https://www.rfc-editor.org/rfc/rfc5646#section-2.1
    "http://hl7.org/fhir/ValueSet/all-languages": re.compile(
        r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
        r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
        r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]+",
        re.IGNORECASE,
    ),
}


def required_codes(element: Element, release: Release) -> frozenset[str] | None:
    """Return the codes that a `code` may be, or None when any will do."""
    if element.binding is None or element.binding.strength != "required":
        return None
    return release.required_codes(element.binding.value_set)


def required_form(element: Element) -> re.Pattern[str] | None:
    """Return what the codes of a required value set look like whose list is not in HL7's packages."""
    if element.binding is None or element.binding.strength != "required":
        return None
    return form_of(element.binding.value_set)


def form_of(value_set: str) -> re.Pattern[str] | None:
    """Return what the codes of such a value set look like, required or not."""
    return _FORMS.get(value_set.partition("|")[0])


def required_codings(element: Element, release: Release) -> Codings | None:
    """Return the same by system, for a Coding or CodeableConcept."""
    if element.binding is None or element.binding.strength != "required":
        return None
    return release.required_codings(element.binding.value_set)


def unknown_code(value: str, codes: frozenset[str]) -> str:
    """Say which code is not allowed, which is nearest, and what else there is."""
    names = sorted(codes)
    near = get_close_matches(value, names, n=1)
    hint = f"did you mean `{near[0]}`? " if near else ""
    more = f" ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return f"`{value}` is not a code of this element; {hint}allowed: {', '.join(names[:_SHOWN])}{more}"


def check_codings(
    value: Any, codings: Codings, findings: Findings, holder: dict[str, Any], name: str, index: int | None
) -> None:
    """Demand that a Coding, or one coding of a CodeableConcept, is in the value set."""
    if type(value) is not dict:
        return
    given = value.get("coding", ()) if "system" not in value and "code" not in value else (value,)
    for one in given if isinstance(given, (list, tuple)) else ():
        if type(one) is dict and _is_in(one.get("system"), one.get("code"), codings):
            return
    if not given and "extension" in value:
        return  # such as data-absent-reason
    shown = ", ".join(f"{one.get('system')}#{one.get('code')}" for one in given if type(one) is dict)
    allowed = sorted(f"{system}#{code}" for system, codes in codings.items() for code in codes)
    more = f" ... ({len(allowed)} in all)" if len(allowed) > _SHOWN else ""
    findings.add(
        CODE_INVALID,
        f"`{name}` has {shown or 'no coding'}; one of these is required: {', '.join(allowed[:_SHOWN])}{more}",
        holder,
        name,
        index,
    )


def _is_in(system: Any, code: Any, codings: Codings) -> bool:
    return type(system) is str and type(code) is str and code in codings.get(system, ())
