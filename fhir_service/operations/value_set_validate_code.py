"""$validate-code of ValueSet: whether a code is in a value set, and whether its display is right.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fhir_service.exchange import Services
from fhir_service.operations.declaration import Input, Operation
from fhir_service.operations.expand import CONTEXT, SYSTEM_VERSIONS, choices
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.terminology import (
    ABSTRACT,
    DATE,
    DISPLAY_LANGUAGE,
    TX_RESOURCE,
    USE_SUPPLEMENT,
    VALUE_SET,
    VERDICT,
    WHICH_CODE,
    WHICH_VALUE_SET,
    coding_of,
    codings_of,
    judged,
    languages,
    one_of,
    resolver_of,
    subject_of,
)
from fhir_service.terminology.validate_code import Coding, Wish, in_value_set
from fhir_service.terminology.value_set import ValueSet


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    arguments = invocation.arguments
    name = one_of(invocation, ("code", "coding", "codeableConcept"))
    resolver = resolver_of(invocation, services)
    value_set: ValueSet | None = subject_of(invocation, services, resolver, VALUE_SET)
    if value_set is None:
        raise invocation.refusal("url", "it or `valueSet` is needed.", issue_code="required")
    wish = Wish(
        languages=languages(invocation),
        allow_abstract=arguments.one("abstract") is not False,
        lenient_display=arguments.one("lenient-display-validation") is True,
        infer_system=arguments.one("inferSystem") is True,
        choices=choices(invocation),
    )
    codings = _codings(invocation, name)
    if name == "code" and codings[0].system is None and not wish.infer_system:
        raise invocation.refusal("system", "it is needed beside `code`.", issue_code="required")
    return judged(invocation, codings, lambda coding: in_value_set(coding, value_set, resolver, wish), name)


def _codings(invocation: Invocation, name: str) -> list[Coding]:
    arguments = invocation.arguments
    if name == "codeableConcept":
        return codings_of(invocation, name)
    if name == "coding":
        return [coding_of(invocation, name, path="Coding")]
    coding = Coding(arguments.one("code"), arguments.one("system"), arguments.one("systemVersion"))
    return [replace(coding, display=arguments.one("display"))]


OPERATION = Operation(
    code="validate-code",
    canonical="http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code",
    title="Validate a code in a value set",
    documentation=(
        "Whether a code is in a value set, and whether a display is one of its own. A code system that is not"
        " known here is no error: the result is false, and x-caused-by-unknown-system names it."
    ),
    levels=("type", "instance"),
    types=("ValueSet",),
    handle=handle,
    inputs=(
        *WHICH_VALUE_SET,
        *CONTEXT[:1],
        Input("code", "code", "The code; it needs `system` too, or `inferSystem`."),
        Input("system", "uri", "The code system of `code`."),
        Input("systemVersion", "string", "The version of the code system."),
        *WHICH_CODE,
        DATE,
        ABSTRACT,
        DISPLAY_LANGUAGE,
        USE_SUPPLEMENT,
        Input(
            "inferSystem",
            "boolean",
            "true: the system of `code` is that of the one code in the value set that is the same.",
            names={"r4": None, "r4b": None, "r5": None},
        ),
        Input(
            "lenient-display-validation",
            "boolean",
            "true: a wrong display is a warning.",
            names={"r4": None, "r4b": None, "r5": None},
        ),
        *SYSTEM_VERSIONS,
        TX_RESOURCE,
    ),
    outputs=VERDICT,
    failures=(410,),
)
