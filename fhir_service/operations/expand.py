"""$expand: all codes of a value set, those whose words fit a filter, or a page of them.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_service.errors import NotSupported
from fhir_service.exchange import Response, Services
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.fhir.dates import to_instant
from fhir_service.operations.declaration import Input, Operation, Output
from fhir_service.operations.invocation import Invocation, answered
from fhir_service.operations.terminology import (
    DATE,
    DISPLAY_LANGUAGE,
    TX_RESOURCE,
    USE_SUPPLEMENT,
    VALUE_SET,
    WHICH_VALUE_SET,
    languages,
    resolver_of,
    subject_of,
    supplements,
)
from fhir_service.terminology.expand import Wish, expand
from fhir_service.terminology.members import Choices
from fhir_service.terminology.value_set import ValueSet


def handle(invocation: Invocation, services: Services) -> Response:
    resolver = resolver_of(invocation, services)
    value_set: ValueSet | None = subject_of(invocation, services, resolver, VALUE_SET)
    if value_set is None:
        raise invocation.refusal("url", "it or `valueSet` is needed.", issue_code="required")
    made_at = to_instant(services.now())
    return answered(OPERATION, expand(value_set, resolver, _wish(invocation), made_at), made_at)


def choices(invocation: Invocation) -> Choices:
    """How code systems are to be chosen.

    :raises Invalid: a version parameter has no version
    """
    arguments = invocation.arguments
    for name in ("system-version", "check-system-version", "force-system-version"):
        for canonical in arguments.all(name):
            if split_canonical(canonical)[1] is None:
                raise invocation.refusal(name, f"`{canonical}` has no version: write `system|version`.")
    return Choices(
        default=tuple(arguments.all("system-version")),
        check=tuple(arguments.all("check-system-version")),
        force=tuple(arguments.all("force-system-version")),
        supplements=supplements(invocation),
    )


def _wish(invocation: Invocation) -> Wish:
    arguments = invocation.arguments
    for name in ("offset", "count"):
        if (arguments.one(name) or 0) < 0:
            raise invocation.refusal(name, "it is not negative.", issue_code="value")
    if "property" in arguments and invocation.release.name != "r5":
        raise invocation.refusal(
            "property",
            f"an expansion of FHIR {invocation.release.label} holds no properties; R5's does.",
            issue_code="not-supported",
            error=NotSupported,
        )
    return Wish(
        filter=arguments.one("filter") or "",
        offset=arguments.one("offset") or 0,
        count=arguments.one("count"),
        active_only=arguments.one("activeOnly") is True,
        include_designations=arguments.one("includeDesignations") is True,
        designations=tuple(arguments.all("designation")),
        include_definition=arguments.one("includeDefinition") is True,
        exclude_nested=arguments.one("excludeNested") is True,
        exclude_not_for_ui=arguments.one("excludeNotForUI") is True,
        exclude_systems=tuple(arguments.all("exclude-system")),
        languages=languages(invocation),
        properties=tuple(arguments.all("property")),
        choices=choices(invocation),
        parameters=tuple(_echoed(invocation)),
        with_r5_elements=invocation.release.name == "r5",
    )


# In an expansion a parameter has fewer types than in a request.
_ECHOED = {"boolean": "valueBoolean", "integer": "valueInteger", "code": "valueCode", "string": "valueString"}


def _echoed(invocation: Invocation) -> Iterator[tuple[str, str, Any]]:
    """What was asked for, as the expansion says it."""
    for declared in OPERATION.inputs:
        if declared.name in ("url", "valueSetVersion") or not declared.type[:1].islower():
            continue
        for value in invocation.arguments.all(declared.name):
            yield declared.name_for(invocation.release.name), _ECHOED.get(declared.type, "valueUri"), value


CONTEXT = (
    Input("context", "uri", "Bindings of profiles are not looked up.", supported=False, levels=("type",)),
    Input("contextDirection", "code", "It goes with `context`.", supported=False, levels=("type",)),
)
SYSTEM_VERSIONS = tuple(
    Input(name, "canonical", documentation, maximum=None)
    for name, documentation in (
        ("system-version", "`system|version` to use where the value set names no version."),
        ("check-system-version", "`system|version` that the value set must use, else it is an error."),
        ("force-system-version", "`system|version` to use whatever the value set says."),
    )
)

OPERATION = Operation(
    code="expand",
    canonical="http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
    title="Expand a value set",
    documentation=(
        "The codes of a value set. `filter` keeps those in whose code, display or designations every word of"
        " it begins a word; `offset` and `count` give a page, which is never nested."
    ),
    levels=("type", "instance"),
    types=("ValueSet",),
    handle=handle,
    inputs=(
        *WHICH_VALUE_SET,
        *CONTEXT,
        Input("filter", "string", "The beginnings of words that must be in the code's words."),
        DATE,
        Input("offset", "integer", "How many codes to leave out at the start."),
        Input("count", "integer", "How many codes to give; 0 asks for the total alone."),
        Input("includeDesignations", "boolean", "Whether designations are given."),
        Input(
            "designation",
            "string",
            "`system|code` of a language or use, to give such designations.",
            maximum=None,
        ),
        Input("includeDefinition", "boolean", "Whether the value set's compose is given."),
        Input("activeOnly", "boolean", "Whether inactive codes are left out."),
        USE_SUPPLEMENT,
        Input("excludeNested", "boolean", "Whether all codes stand in one flat list."),
        Input("excludeNotForUI", "boolean", "Whether codes that only group others are left out."),
        Input("excludePostCoordinated", "boolean", "There are no post-coordinated codes here."),
        DISPLAY_LANGUAGE,
        Input(
            "property",
            "string",
            "The code or URI of a property to give with each code; `*` for all.",
            maximum=None,
            names={"r4": None, "r4b": None},
        ),
        Input("exclude-system", "canonical", "A code system to leave out.", maximum=None),
        *SYSTEM_VERSIONS,
        TX_RESOURCE,
    ),
    outputs=(Output("return", "ValueSet", "The value set with its expansion.", minimum=1),),
    failures=(410,),
)
