"""PlanDefinition: premedication, the steps of the infusion, medicines for home, whom to tell.

https://hl7.org/fhir/R4/plandefinition.html and https://hl7.org/fhir/R5/plandefinition.html

No action has a timing, a priority, a trigger or a dose: the page gives none. Conditions stay in the words
of the action; a condition element, where wanted, has no expression (no invented logic).
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import bullet_blocks, labelled, paragraph, titled
from ..topic import Participant, PlanAction, Premedication
from .activity_definition import premedication_id
from .artifact import derived_from, finished, mark_derived, topic_metadata, topics, use_contexts
from .context import TopicContext
from .datatypes import Element, Resource, coding, concept_of
from .questionnaire import questionnaire_id

PLAN_TYPE = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
GOAL_ID = "goal"
CARE_TEAM = {"text": "care team"}

# R5 has a code for a care team and writes relatedperson without the hyphen.
_PARTICIPANT_TYPE: dict[bool, dict[Participant, str]] = {
    False: {"care-team": "practitioner", "patient": "patient", "related-person": "related-person"},
    True: {"care-team": "careteam", "patient": "patient", "related-person": "relatedperson"},
}


def build(context: TopicContext) -> Iterable[Resource]:
    topic, plan = context.topic, context.topic.plan
    if plan is None:
        return
    resource = topic_metadata(
        context,
        "PlanDefinition",
        context.id("plan"),
        title=f"{plan.title} (derived from the page “{topic.source.title}”)",
        description=plan.text,
    )
    mark_derived(context, resource)
    kind = {"system": PLAN_TYPE, "code": "workflow-definition", "display": "Workflow Definition"}
    resource |= {
        "type": {"coding": [kind]},
        "useContext": use_contexts(context),
        "topic": topics(),
        "relatedArtifact": [derived_from(context)],
    }
    if plan.goal:
        resource["goal"] = [{"id": GOAL_ID, "description": concept_of(plan.goal)}]
    resource["action"] = [_action(context, action) for action in plan.actions]
    yield finished(context, resource, _blocks(resource))


def _action(context: TopicContext, action: PlanAction) -> Element:
    element: Element = {"id": action.id}
    if context.is_r5:
        element["linkId"] = action.id
    element |= {"title": action.title, "description": action.text, "textEquivalent": action.text}
    code = {"coding": _action_codings(context, action), "text": action.title}
    element["code"] = code if context.is_r5 else [code]
    if action.reason:
        element["reason"] = [{"text": action.reason}]
    documentation = _documentation(context, action)
    if documentation:
        element["documentation"] = documentation
    plan = context.topic.plan
    if action.reason and plan and plan.goal:
        element["goalId"] = [GOAL_ID]
    if action.condition:
        element["condition"] = [{"kind": "applicability"}]
    element |= _relations(context, action) | _behaviour(action) | _definition(context, action)
    if action.actions:
        element["action"] = [_action(context, child) for child in action.actions]
    return element


def _action_codings(context: TopicContext, action: PlanAction) -> list[Element]:
    local = {"system": context.code_system, "code": action.id, "display": action.title}
    return [*(coding(value) for value in action.codings), local]


def _documentation(context: TopicContext, action: PlanAction) -> list[Element]:
    """Key points that say the same in other words."""
    points = [point for point in context.topic.key_points if point.id in action.documentation]
    return [{"type": "documentation", "display": point.text} for point in points]


def _relations(context: TopicContext, action: PlanAction) -> Element:
    target = "targetId" if context.is_r5 else "actionId"
    related = [
        {target: relation.target, "relationship": relation.relationship} for relation in action.related
    ]
    participants = [_participant(context, participant) for participant in action.participants]
    named = {"relatedAction": related, "participant": participants}
    return {name: value for name, value in named.items() if value}


def _participant(context: TopicContext, participant: Participant) -> Element:
    element: Element = {"type": _PARTICIPANT_TYPE[context.is_r5][participant]}
    return element | {"role": CARE_TEAM} if participant == "care-team" else element


def _behaviour(action: PlanAction) -> Element:
    named = {
        "groupingBehavior": "logical-group" if action.actions else None,
        "selectionBehavior": action.selection,
        "requiredBehavior": action.required,
    }
    return {name: value for name, value in named.items() if value}


def _definition(context: TopicContext, action: PlanAction) -> Element:
    if action.questionnaire:
        return {"definitionCanonical": context.canonical("Questionnaire", questionnaire_id(context))}
    if action.premedication:
        medicine = _premedication(context, action.premedication)
        return {
            "definitionCanonical": context.canonical(
                "ActivityDefinition", premedication_id(context, medicine)
            )
        }
    return {}


def _premedication(context: TopicContext, medicine_id: str) -> Premedication:
    return next(medicine for medicine in context.topic.premedications if medicine.id == medicine_id)


def _blocks(resource: Resource) -> list[str]:
    blocks = [paragraph(resource["title"]), paragraph(resource["description"])]
    blocks += [labelled("Goal", goal["description"]["text"]) for goal in resource.get("goal", ())]
    return [*blocks, _steps(resource["action"])]


def _steps(actions: list[Element]) -> str:
    return bullet_blocks(
        titled(action["title"], action["description"]) + _steps(action.get("action", []))
        for action in actions
    )
