"""$subsumes: whether one code is a kind of another.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from __future__ import annotations

from fhir_service.errors import Unprocessable
from fhir_service.terminology.code_system import CodeSystem, ancestors
from fhir_service.terminology.lookup import unknown_code


def subsumes(system: CodeSystem, code_a: str, code_b: str) -> str:
    """`equivalent`, `subsumes` (A is the wider one), `subsumed-by` or `not-subsumed`.

    :raises NotFound: one of the codes is not in the code system
    :raises Unprocessable: its hierarchy does not say what is a kind of what
    """
    a, b = system.find(code_a), system.find(code_b)
    if a is None or b is None:
        raise unknown_code(system, code_a if a is None else code_b)
    if a is b:
        return "equivalent"
    require_kinds(system)
    if a.code in ancestors(b):
        return "subsumes"
    return "subsumed-by" if b.code in ancestors(a) else "not-subsumed"


def require_kinds(system: CodeSystem) -> None:
    """:raises Unprocessable: the hierarchy does not say what is a kind of what"""
    if not system.subsumes:
        raise Unprocessable(
            f"The hierarchy of `{system.canonical}` means {system.hierarchy_meaning}: it does not say what is"
            " a kind of what.",
            issue_code="not-supported",
        )
