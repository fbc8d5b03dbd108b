"""$validate-code of CodeSystem: whether a code system has a code, and whether its display is right.

https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fhir_service.exchange import Services
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.operations.declaration import Input, Operation
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.terminology import (
    ABSTRACT,
    CODE_SYSTEM,
    DATE,
    DISPLAY_LANGUAGE,
    TX_RESOURCE,
    USE_SUPPLEMENT,
    VERDICT,
    WHICH_CODE,
    coding_of,
    codings_of,
    judged,
    languages,
    one_of,
    resolver_of,
    subject_of,
    supplements,
)
from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.members import Choices
from fhir_service.terminology.resolver import with_supplements
from fhir_service.terminology.validate_code import (
    Coding,
    Verdict,
    Wish,
    in_any_code_system,
    in_code_system,
    of_another_system,
)


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    arguments = invocation.arguments
    name = one_of(invocation, ("code", "coding", "codeableConcept"))
    resolver = resolver_of(invocation, services)
    system: CodeSystem | None = subject_of(invocation, services, resolver, CODE_SYSTEM)
    url, version = split_canonical(arguments.one("url") or "")
    version = version or arguments.one("version")
    choices = Choices(supplements=supplements(invocation))
    wish = Wish(languages(invocation), arguments.one("abstract") is not False, choices=choices)
    if system is not None:
        url, version = system.url, system.version
        system = with_supplements(resolver, system, supplements(invocation))
    elif name == "code" and not url:
        raise invocation.refusal("url", "it is needed beside `code`.", issue_code="required")

    def judge(coding: Coding) -> Verdict:
        is_of_it = coding.system in (None, url)
        if is_of_it and system is not None and system.has_content and coding.version in (None, version):
            return in_code_system(coding, system, wish)
        if url and not is_of_it:
            return of_another_system(coding, url)
        asked = replace(coding, system=coding.system or url, version=coding.version or version)
        if not asked.system:
            raise invocation.refusal(name, "the coding has no system.", issue_code="required")
        return in_any_code_system(asked, resolver, wish)

    if name == "code":
        codings = [Coding(arguments.one("code"), None, None, arguments.one("display"))]
    elif name == "coding":
        codings = [coding_of(invocation, "coding", path="Coding")]
    else:
        codings = codings_of(invocation, name)
    return judged(invocation, codings, judge, name)


OPERATION = Operation(
    code="validate-code",
    canonical="http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code",
    title="Validate a code in a code system",
    documentation=(
        "Whether a code system has a code, and whether a display is one of its own. A code system that is not"
        " known here is no error: the result is false, and x-caused-by-unknown-system names it."
    ),
    levels=("type", "instance"),
    types=("CodeSystem",),
    handle=handle,
    inputs=(
        Input("url", "uri", "The code system.", levels=("type",), also=("system",)),
        Input("codeSystem", "CodeSystem", "The code system itself.", levels=("type",)),
        Input("code", "code", "The code; it needs `url` too."),
        Input(
            "version", "string", "The version of the code system; without it, the latest.", levels=("type",)
        ),
        *WHICH_CODE,
        DATE,
        ABSTRACT,
        DISPLAY_LANGUAGE,
        USE_SUPPLEMENT,
        TX_RESOURCE,
    ),
    outputs=VERDICT,
    failures=(410,),
)
