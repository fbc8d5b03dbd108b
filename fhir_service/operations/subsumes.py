"""$subsumes: whether one code is a kind of another.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from __future__ import annotations

from typing import Any

from fhir_service.exchange import Services
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.operations.declaration import Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.terminology import (
    CODE_SYSTEM,
    TX_RESOURCE,
    coding_of,
    one_of,
    required,
    resolver_of,
    subject_of,
)
from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.problems import unknown_code_system
from fhir_service.terminology.resolver import Resolver, require_code_system
from fhir_service.terminology.subsumes import subsumes
from fhir_service.terminology.validate_code import Coding


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    a, b = _code(invocation, "A"), _code(invocation, "B")
    system = _system(invocation, services, resolver_of(invocation, services), (a, b))
    return invocation.parameters({"outcome": subsumes(system, a.code, b.code)})


def _code(invocation: Invocation, letter: str) -> Coding:
    if one_of(invocation, (f"code{letter}", f"coding{letter}")).startswith("coding"):
        return coding_of(invocation, f"coding{letter}")
    return Coding(invocation.arguments.one(f"code{letter}"))


def _system(
    invocation: Invocation, services: Services, resolver: Resolver, codes: tuple[Coding, Coding]
) -> CodeSystem:
    """The one code system that both codes are of."""
    if invocation.level == "instance":
        system: CodeSystem = subject_of(invocation, services, resolver, CODE_SYSTEM)
        for letter, coding in zip("AB", codes, strict=True):
            if coding.system and split_canonical(coding.system)[0] != system.url:
                raise invocation.refusal(f"coding{letter}", f"it is not of the code system `{system.url}`.")
        if not system.has_content:
            raise unknown_code_system(system.canonical, status_404=True)
        return system
    named = {one.system for one in codes if one.system}
    versions = {one.version for one in codes if one.version}
    if "system" in invocation.arguments:
        named.add(invocation.arguments.one("system"))
    if "version" in invocation.arguments:
        versions.add(invocation.arguments.one("version"))
    if not named:
        required(invocation, "system")
    for what, found in (("code system", named), ("version", versions)):
        if len(found) > 1:
            told = ", ".join(f"`{one}`" for one in sorted(found))
            raise invocation.refusal(
                "codingB" if "codingB" in invocation.arguments else "system",
                f"both codes are of one {what}, not of {told}.",
            )
    url, version = split_canonical(named.pop())
    return require_code_system(resolver, url, versions.pop() if versions else version)


OPERATION = Operation(
    code="subsumes",
    canonical="http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes",
    title="Compare two codes",
    documentation="Whether code A is a kind of code B, the other way round, the same, or neither.",
    levels=("type", "instance"),
    types=("CodeSystem",),
    handle=handle,
    inputs=(
        Input("codeA", "code", "The one code; it needs `system` too."),
        Input("codeB", "code", "The other code; it needs `system` too."),
        Input("system", "uri", "The code system of both codes.", levels=("type",)),
        Input("version", "string", "Its version; without it, the latest.", levels=("type",)),
        Input("codingA", "Coding", "The one code with its system."),
        Input("codingB", "Coding", "The other code with its system."),
        TX_RESOURCE,
    ),
    outputs=(Output("outcome", "code", "equivalent, subsumes, subsumed-by or not-subsumed.", minimum=1),),
    failures=(410,),
)
