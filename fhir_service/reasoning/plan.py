"""Applies a PlanDefinition to a subject.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html and
https://hl7.org/fhir/R5/plandefinition.html#12.23.4.3

    1. a RequestGroup (R5: RequestOrchestration): draft, `proposal`, about the subject, following the plan
    2. a Goal for each goal of the plan
    3. each action in order: action.py
         a plan within the plan: 1 to 3 for it, as a group of its own with the intent `option`
    4. relations to actions that were left out go, too
    5. R4, R4B: a CarePlan that contains all of it; R5: a Bundle, the RequestOrchestration first
"""

from __future__ import annotations

import copy

from fhir_service.errors import Unprocessable
from fhir_service.reasoning.action import PERTAINS_TO_GOAL, PlanContext, keep_related, make_actions
from fhir_service.reasoning.application import (
    Application,
    Inputs,
    Json,
    canonical_of,
    describe_standing,
    name_of,
    refuse_unsupported,
    require_subject_type,
)
from fhir_service.reasoning.goals import make_goals
from fhir_service.reasoning.results import bundle_of, care_plan_of
from fhir_service.reasoning.words import Words

DEEPEST = 10
"""Plans within plans."""


def apply_plan(plan: Json, inputs: Inputs) -> Json:
    """What a PlanDefinition proposes for a subject: R4 and R4B a CarePlan, R5 a Bundle.

    :raises Unprocessable: it cannot be applied; the message names what stands in the way
    """
    application = Application(inputs)
    words = Words(plan, application)
    _make_group(plan, words, "proposal", (), application)
    if application.is_bundled:
        return bundle_of(application)
    return care_plan_of(plan, words, application)


def _make_group(
    plan: Json, words: Words, intent: str, chain: tuple[str, ...], application: Application
) -> str:
    """Add the group of a plan with everything that it leads to, and return the reference to the group."""
    where = "PlanDefinition"
    plan = copy.deepcopy(plan)  # dynamic values change what is carried over
    chain = _extended(chain, plan)
    refuse_unsupported(plan, where)
    require_subject_type(plan, application, where)
    describe_standing(plan, application)
    group_type = "RequestOrchestration" if application.is_bundled else "RequestGroup"
    group: Json = {"resourceType": group_type}
    reference = application.add(group)
    if canonical := canonical_of(plan):
        group["instantiatesCanonical"] = [canonical]
    group.update({"status": "draft", "intent": intent})
    group.update(application.subject_of(group_type))
    group.update(application.refer(group_type, ("encounter",), ("encounter",)))
    group.update(application.refer(group_type, ("author",), ("practitioner",)))
    goals = make_goals(plan, application)
    _name_goals(group, goals, application)

    def apply_nested(nested: Json, nested_chain: tuple[str, ...]) -> str:
        return _make_group(nested, Words(nested, application), "option", nested_chain, application)

    context = PlanContext(plan, words, goals, group_type, chain, apply_nested)
    actions = make_actions(plan.get("action", []), where, context, application)
    if actions:
        group["action"] = keep_related(actions, application.release, group_type)
    if words.language:
        group["language"] = words.language
    return reference


def _extended(chain: tuple[str, ...], plan: Json) -> tuple[str, ...]:
    name = name_of(plan)
    if name in chain:
        raise Unprocessable(
            f"The plans lead back to each other: {' -> '.join((*chain, name))}.",
            issue_code="business-rule",
            expression=("PlanDefinition.action.definition",),
        )
    if len(chain) == DEEPEST:
        raise Unprocessable(
            f"There are more than {DEEPEST} plans within each other: {' -> '.join((*chain, name))}.",
            issue_code="too-costly",
            expression=("PlanDefinition.action.definition",),
        )
    return (*chain, name)


def _name_goals(group: Json, goals: dict[str, str], application: Application) -> None:
    """R5 has an element for the goals of a group; before it, the group pertains to them."""
    references = [{"reference": reference} for reference in goals.values()]
    if not references:
        return
    if application.is_bundled:
        group["goal"] = references
    else:
        group["extension"] = [{"url": PERTAINS_TO_GOAL, "valueReference": one} for one in references]
