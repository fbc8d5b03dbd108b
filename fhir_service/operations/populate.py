"""$populate: a response to a form with the answers that are known already, for a person to go through.

https://build.fhir.org/ig/HL7/sdc/OperationDefinition-Questionnaire-populate.html

What is known comes with the call: no patient's record is looked through here. Nothing is stored.
"""

from __future__ import annotations

from typing import Any

from fhir_service.errors import Invalid, NotFound, NotSupported, ServiceError
from fhir_service.exchange import Services
from fhir_service.fhir.outcome import outcome
from fhir_service.fhir.path import Item, Items
from fhir_service.operations.arguments import Argument, Arguments
from fhir_service.operations.declaration import ANY, Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.questionnaires import (
    TYPE,
    given_questionnaire,
    questionnaire_input,
    require_form,
)
from fhir_service.operations.stored import Stored
from fhir_service.reasoning.populate import Launch, populate


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    stored = Stored.of(invocation, services)
    questionnaire = _questionnaire(invocation, stored)
    if invocation.arguments.one("local"):
        raise invocation.refusal(
            "local",
            "no record of a subject is kept here; allowed: `false`, and what is known as `context`.",
            issue_code="not-supported",
            error=NotSupported,
        )
    subject = invocation.arguments.one("subject")
    given = _contexts(invocation, questionnaire, stored)
    response, warnings = populate(questionnaire, subject, given, invocation.release, services.now())
    return invocation.parameters({"response": response, "issues": outcome(warnings) if warnings else None})


def _questionnaire(invocation: Invocation, stored: Stored) -> dict[str, Any]:
    if invocation.level == "instance":  # where the parameter is ignored, says the specification
        require_form(invocation)
        return stored.instance(invocation.request)
    given = given_questionnaire(invocation, stored)
    if given is None:
        raise invocation.refusal(
            "questionnaire", "it is needed at type level: the form to answer.", issue_code="required"
        )
    return given


def _contexts(invocation: Invocation, questionnaire: dict[str, Any], stored: Stored) -> dict[str, Items]:
    """The resources that were given, by the names that the form has for them."""
    launch = Launch(questionnaire)
    found: dict[str, Items] = {}
    for context in invocation.arguments.by_name.get("context", ()):
        parts: Arguments = context.value
        name = parts.one("name")
        if name not in launch.types:
            known = ", ".join(sorted(launch.types)) or "none"
            raise _wrong(context, f"the form has no launch context or variable `{name}`; it has: {known}.")
        if name in found:
            raise _wrong(context, f"`{name}` is given twice; give all its content at once.")
        found[name] = [_content(one, name, launch, stored) for one in parts.by_name["content"]]
        if len(found[name]) > 1 and name not in launch.repeats:
            raise _wrong(context, f"`{name}` takes one resource, not {len(found[name])}.")
    return found


def _content(argument: Argument, name: str, launch: Launch, stored: Stored) -> Item:
    resource = argument.value
    if argument.type == "Reference":
        reference = resource.get("reference", "")
        resource = stored.reference(reference)
        if resource is None:
            told = f"`{reference}` is not here; send the resource itself."
            raise _wrong(argument, told, issue_code="not-found", error=NotFound)
    if not isinstance(resource, dict) or "resourceType" not in resource:
        raise _wrong(argument, f"`{name}` takes a resource or a Reference, not a {argument.type}.")
    kind = resource["resourceType"]
    if launch.types[name] and kind not in launch.types[name]:
        raise _wrong(argument, f"`{name}` takes a {' or '.join(launch.types[name])}, not a {kind}.")
    return kind, resource, None


def _wrong(
    argument: Argument, text: str, *, issue_code: str = "value", error: type[ServiceError] = Invalid
) -> ServiceError:
    return error(f"Parameter `context`: {text}", issue_code=issue_code, expression=(argument.expression,))


OPERATION = Operation(
    code="populate",
    canonical="http://hl7.org/fhir/uv/sdc/OperationDefinition/Questionnaire-populate",
    title="Populate a form",
    documentation="A response to a form: an item for each of its items, with the answers that follow from "
    "what is sent with the call (expressions in FHIRPath, and the form's own initial values). A person goes "
    "through them before they are used. Nothing is stored.",
    levels=("type", "instance"),
    types=(TYPE,),
    handle=handle,
    inputs=(
        Input(
            "identifier",
            "Identifier",
            "Name the form by `questionnaire`.",
            supported=False,
        ),
        questionnaire_input("The form, at type level."),
        Input("subject", "Reference", "Whom the response is about."),
        Input(
            "context",
            "",
            "What is known, for a launch context or a variable of the form.",
            maximum=None,
            parts=(
                Input("name", "string", "The name that the form has for it.", minimum=1),
                Input("content", ANY, "A resource, or a Reference to one here.", minimum=1, maximum=None),
            ),
        ),
        Input("local", "boolean", "Only `false`: no record of a subject is kept here."),
    ),
    outputs=(
        Output("response", "QuestionnaireResponse", "The response, still in progress.", minimum=1),
        Output("issues", "OperationOutcome", "What could not be filled in, and why."),
    ),
    personal=True,
    failures=(410,),
)
