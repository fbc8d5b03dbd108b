"""$apply: what a plan, or an activity, proposes for a subject.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html,
https://hl7.org/fhir/R4/activitydefinition-operation-apply.html and
https://hl7.org/fhir/R5/plandefinition-operation-apply.html

The answer is made for the client and not stored. R4 and R4B answer one CarePlan, so that one subject can be
asked about; R5 a Parameters with a Bundle for each subject. `data` is the clinical practice guidelines' way
to bring what this service does not keep: https://hl7.org/fhir/uv/cpg/OperationDefinition-cpg-plandefinition-apply.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fhir_service.errors import NotFound
from fhir_service.exchange import Services
from fhir_service.operations.declaration import ANY, Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.stored import Stored
from fhir_service.reasoning import Inputs, apply_activity, apply_plan
from fhir_service.reasoning.application import CONTEXT_NAMES

Json = dict[str, Any]

NOT_IN_R4 = {"r4": None, "r4b": None}
ONLY_R4 = {"r5": None}


def apply_plan_definition(invocation: Invocation, services: Services) -> Json:
    plan, now = _definition(invocation, services), services.now()
    if invocation.release.name != "r5":
        return apply_plan(plan, _inputs(_one_subject(invocation), invocation, services, now))
    bundles = [
        apply_plan(plan, _inputs(subject, invocation, services, now))
        for subject in invocation.arguments.all("subject")
    ]
    return invocation.parameters({"bundles": bundles})


def apply_activity_definition(invocation: Invocation, services: Services) -> Json:
    activity = _definition(invocation, services)
    return apply_activity(activity, _inputs(_one_subject(invocation), invocation, services, services.now()))


def _one_subject(invocation: Invocation) -> str:
    subjects = invocation.arguments.all("subject")
    if len(subjects) > 1:
        raise invocation.refusal("subject", f"one can be answered at a time, not {len(subjects)}.")
    subject: str = subjects[0]
    return subject


def _definition(invocation: Invocation, services: Services) -> Json:
    """The definition to apply: that of the path, the one sent, or the one whose canonical was sent."""
    type_name = invocation.operation.types[0]
    stored = Stored.of(invocation, services)
    if invocation.level == "instance":
        return stored.instance(invocation.request)
    sent = invocation.arguments.one(_sent_as(type_name))
    url, version = invocation.arguments.one("url"), invocation.arguments.one("version")
    if (sent is None) == (url is None):
        raise invocation.refusal(
            _sent_as(type_name), "either it or `url` is needed, and not both.", issue_code="required"
        )
    if sent is not None:
        if version is not None:
            raise invocation.refusal("version", "it goes with `url`.")
        return dict(sent)
    canonical = f"{url}|{version}" if version and "|" not in url else url
    found = stored.canonical(type_name, canonical)
    if found is None:
        raise invocation.refusal(
            "url", f"there is no {type_name} `{canonical}` here.", issue_code="not-found", error=NotFound
        )
    return found


def _inputs(subject: str, invocation: Invocation, services: Services, now: int) -> Inputs:
    arguments, stored = invocation.arguments, Stored.of(invocation, services)
    context = {name: arguments.one(name) for name in CONTEXT_NAMES if name in arguments}
    return Inputs(
        release=invocation.release,
        subject=subject,
        find=definition_finder(stored),
        read=_reader(arguments.one("data"), stored),
        new_id=services.new_id,
        now=now,
        encounter=arguments.one("encounter") or "",
        practitioner=arguments.one("practitioner") or "",
        organization=arguments.one("organization") or "",
        context=context,
        validate=partial(services.validate, invocation.release),
    )


def definition_finder(stored: Stored) -> Callable[[str], Json | None]:
    """Finds what an action can have as its definition, by canonical or by relative reference."""
    element = stored.release.type_definition("PlanDefinition.action").elements["definition"]

    def find(canonical: str) -> Json | None:
        for type_name in element.canonical_targets:
            found = stored.canonical(type_name, canonical)
            if found is not None:
                return found
        return stored.reference(canonical)

    return find


def _reader(data: Json | None, stored: Stored) -> Callable[[str], Json | None]:
    """Reads what the client brought, and else what is stored."""
    brought: dict[str, Json] = {}
    for entry in (data or {}).get("entry", ()):
        resource = entry.get("resource")
        if resource is not None:
            brought[entry.get("fullUrl", "")] = resource
            brought[f"{resource['resourceType']}/{resource.get('id', '')}"] = resource

    def read(reference: str) -> Json | None:
        current = reference.partition("/_history/")[0]
        return brought.get(current) or stored.reference(reference)

    return read


def _sent_as(type_name: str) -> str:
    return type_name[0].lower() + type_name[1:]


def _common(what: str) -> tuple[Input, ...]:
    return (
        Input(
            "subject",
            "string",
            f"A reference such as `Patient/123` to whom the {what} is applied to. R4 and R4B, and an "
            "ActivityDefinition in every release, take one.",
            minimum=1,
            maximum=None,
        ),
        Input("encounter", "string", "A reference to the encounter in which it is applied."),
        Input("practitioner", "string", f"A reference to the practitioner who applies the {what}."),
        Input("organization", "string", f"A reference to the organization that applies the {what}."),
        Input("userType", "CodeableConcept", "Who uses the system; `%userType` in expressions."),
        Input(
            "userLanguage",
            "CodeableConcept",
            "The user's language (BCP 47): which translations are taken; `%userLanguage` in expressions.",
        ),
        Input("userTaskContext", "CodeableConcept", "What the user is doing; `%userTaskContext`."),
        Input("setting", "CodeableConcept", "Where it is done (inpatient, home ...); `%setting`."),
        Input("settingContext", "CodeableConcept", "More about the setting; `%settingContext`."),
        Input(
            "data",
            "Bundle",
            "Resources that expressions may read: the subject, for instance. They are not stored.",
        ),
    )


PLAN = Operation(
    code="apply",
    canonical="http://hl7.org/fhir/OperationDefinition/PlanDefinition-apply",
    title="Apply a plan",
    documentation=(
        "What a PlanDefinition proposes for a subject, as drafts that are not stored: in R4 and R4B a "
        "CarePlan that contains a RequestGroup, in R5 for each subject a Bundle that a RequestOrchestration "
        "opens."
    ),
    levels=("type", "instance"),
    types=("PlanDefinition",),
    handle=apply_plan_definition,
    inputs=(
        Input("planDefinition", "PlanDefinition", "The plan itself, instead of `url`.", levels=("type",)),
        Input("url", "canonical", "The canonical URL of the plan.", levels=("type",), names=NOT_IN_R4),
        Input("version", "string", "The business version of `url`.", levels=("type",), names=NOT_IN_R4),
        *_common("plan"),
    ),
    outputs=(
        Output("return", "CarePlan", "What the plan proposes.", minimum=1, names=ONLY_R4),
        Output(
            "bundles",
            "Bundle",
            "What the plan proposes for one subject.",
            maximum=None,
            names={**NOT_IN_R4, "r5": "return"},
        ),
    ),
    personal=True,
    failures=(404, 410),
)

ACTIVITY = Operation(
    code="apply",
    canonical="http://hl7.org/fhir/OperationDefinition/ActivityDefinition-apply",
    title="Apply an activity",
    documentation="The draft request that an ActivityDefinition describes, for a subject; it is not stored.",
    levels=("type", "instance"),
    types=("ActivityDefinition",),
    handle=apply_activity_definition,
    inputs=(
        Input(
            "activityDefinition",
            "ActivityDefinition",
            "The activity itself, instead of `url`.",
            levels=("type",),
        ),
        Input(
            "url",
            "canonical",
            "The canonical URL of the activity.",
            levels=("type",),
        ),
        Input("version", "string", "The business version of `url`.", levels=("type",)),
        *_common("activity"),
    ),
    outputs=(
        Output("return", ANY, "The request that the activity describes.", minimum=1, names=ONLY_R4),
        Output(
            "request",
            "Resource",
            "The request that the activity describes.",
            minimum=1,
            names={**NOT_IN_R4, "r5": "return"},
        ),
    ),
    personal=True,
    failures=(404, 410),
)
