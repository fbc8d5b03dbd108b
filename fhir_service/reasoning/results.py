"""What an application of a plan returns, in each release's shape.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html: a CarePlan whose activity is the RequestGroup
https://hl7.org/fhir/R5/plandefinition-operation-apply.html: a Bundle that the RequestOrchestration opens
"""

from __future__ import annotations

from fhir_service.errors import Unprocessable
from fhir_service.reasoning import narrative
from fhir_service.reasoning.application import Application, Json, canonical_of
from fhir_service.reasoning.contained import lift_contained
from fhir_service.reasoning.words import Words

_MOST_ERRORS = 20


def bundle_of(application: Application) -> Json:
    """R5: a Bundle of everything that was made; the first is the plan's RequestOrchestration."""
    (reference, first), *others = application.produced
    if application.notes:
        first["note"] = [{"text": note} for note in application.notes]
    entries = [
        {"fullUrl": name, "resource": narrative.with_narrative(resource, _blocks(resource))}
        for name, resource in ((reference, first), *others)
    ]
    return require_valid({"resourceType": "Bundle", "type": "collection", "entry": entries}, application)


def care_plan_of(plan: Json, words: Words, application: Application) -> Json:
    """R4 and R4B: a CarePlan that contains everything that was made; its one activity is the RequestGroup."""
    texts = words.copy(plan, "title", "description")
    made: Json = {"resourceType": "CarePlan"}
    if words.language:
        made["language"] = words.language
    made["contained"] = _contained(application)
    if canonical := canonical_of(plan):
        made["instantiatesCanonical"] = [canonical]
    made.update({"status": "draft", "intent": "proposal", **texts})
    made.update(application.subject_of("CarePlan"))
    made.update(application.refer("CarePlan", ("encounter",), ("encounter",)))
    made.update(application.refer("CarePlan", ("author",), ("practitioner", "organization")))
    goals = [name for name, resource in application.produced if resource["resourceType"] == "Goal"]
    if goals:
        made["goal"] = [{"reference": name} for name in goals]
    group_reference, group = application.produced[0]
    made["activity"] = [{"reference": {"reference": group_reference}}]
    if application.notes:
        made["note"] = [{"text": note} for note in application.notes]
    blocks = [narrative.paragraph(text) for text in texts.values()]
    blocks.append(narrative.action_list(group.get("action", ())))
    return require_valid(narrative.with_narrative(made, blocks), application)


def require_valid(result: Json, application: Application) -> Json:
    """The result, if it is valid FHIR: a definition can ask for what no resource can hold.

    :raises Unprocessable: it is not; each error is named
    """
    errors = [issue for issue in application.inputs.validate(result) if issue.severity in ("error", "fatal")]
    if errors:
        first, *more = errors[:_MOST_ERRORS]
        raise Unprocessable(
            f"What the definition describes is not valid FHIR: {first.diagnostics}",
            issue_code="invariant",
            expression=first.expression,
            more=more,
        )
    return result


def _contained(application: Application) -> list[Json]:
    contained = []
    for reference, resource in application.produced:
        name = reference[1:]
        lifted = lift_contained(resource, name)
        head = {"resourceType": resource["resourceType"], "id": name}
        contained.extend([{**head, **resource}, *lifted])
    return contained


def _blocks(resource: Json) -> list[str]:
    if "action" not in resource:
        return [narrative.paragraph(narrative.subject_matter(resource))]
    return [narrative.action_list(resource["action"])]
