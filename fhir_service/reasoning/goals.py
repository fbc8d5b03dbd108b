"""Goals: each goal of a plan as a proposed Goal of the subject.

https://hl7.org/fhir/R4/plandefinition.html#12.18.4.3 and https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from fhir_service.reasoning.application import Application, Json
from fhir_service.reasoning.expressions import refuse_expressions
from fhir_service.reasoning.narrative import concept_words


def make_goals(plan: Json, application: Application) -> dict[str, str]:
    """Add a Goal for each goal of the plan; returns the references by the goals' ids (or numbers)."""
    references = {}
    for index, goal in enumerate(plan.get("goal", ())):
        where = f"PlanDefinition.goal[{index}]"
        refuse_expressions(goal, where)
        references[str(goal.get("id", index))] = application.add(
            _goal(goal, where, plan.get("language"), application)
        )
    return references


def _goal(goal: Json, where: str, language: str | None, application: Application) -> Json:
    made: Json = {"resourceType": "Goal"}
    if language:
        made["language"] = language
    made["lifecycleStatus"] = "proposed"
    if "category" in goal:
        made["category"] = [goal["category"]]
    if "priority" in goal:
        made["priority"] = goal["priority"]
    made["description"] = goal["description"]
    made.update(application.subject_of("Goal"))
    if "start" in goal:
        made["startCodeableConcept"] = goal["start"]
    if "target" in goal:
        made["target"] = [_target(target) for target in goal["target"]]
    if "addresses" in goal:
        # A Goal refers to conditions of the subject; a plan only knows which they would be.
        made["addresses"] = [{"display": concept_words(concept)} for concept in goal["addresses"]]
    if "documentation" in goal:
        application.note(f"A Goal has no place for {where}.documentation.")
    return made


def _target(target: Json) -> Json:
    return {"dueDuration" if name == "due" else name: value for name, value in target.items()}
