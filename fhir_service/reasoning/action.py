"""Processes one action of a plan: the action of the group that stands for it, and what it leads to.

https://hl7.org/fhir/R5/plandefinition.html#12.23.4.3 and https://hl7.org/fhir/R4/plandefinition.html#12.18.4.3

    1. applicability: false, empty or undecidable leaves the action out
    2. its words in the user's language; code, documentation, timing, behaviours as they are
    3. conditions to start and to stop, and those in words only, as they are
    4. its definition, when it has one
         ActivityDefinition   the request it describes, with the intent `option`
         PlanDefinition       a group of its own, with the intent `option`
         anything else        a Task to fulfill it
    5. its dynamic values, on the request or on the action itself (`%action`)
    6. the actions within it, in the same way; a group none of whose actions applies is left out
    7. with neither, the action stays words: `resource` holds them and no reference, since the invariant rqg-1
       demands a resource or actions
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fhir_service.errors import Unprocessable
from fhir_service.reasoning.activity import make_request
from fhir_service.reasoning.application import Application, Json, refuse_unsupported, unsupported
from fhir_service.reasoning.application import require_subject_type as require_subject
from fhir_service.reasoning.conditions import carried_conditions, is_applicable
from fhir_service.reasoning.dynamic_values import Target, set_dynamic_values
from fhir_service.reasoning.expressions import refuse_expressions
from fhir_service.reasoning.narrative import action_words, concept_words
from fhir_service.reasoning.words import Words
from fhir_service.releases import Release

DAYS_OF_CYCLE = "http://hl7.org/fhir/StructureDefinition/timing-daysOfCycle"
PERTAINS_TO_GOAL = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"
FULFILL = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}

_TEXTS = ("prefix", "title", "description", "textEquivalent")
_AS_IT_IS = (
    "priority", "code", "documentation", "input", "output", "timing", "location", "type",
    "groupingBehavior", "selectionBehavior", "requiredBehavior", "precheckBehavior", "cardinalityBehavior",
)  # fmt: skip

# How R4 refers to participants of a type, when nobody knows who they are.
_TYPES_OF_PARTICIPANTS = {
    "patient": "Patient",
    "practitioner": "Practitioner",
    "related-person": "RelatedPerson",
    "device": "Device",
}


@dataclass(frozen=True)
class PlanContext:
    """What the actions of one plan share."""

    plan: Json
    words: Words
    goals: dict[str, str]
    """References to the Goals, by the ids of the plan's goals."""
    group_type: str
    chain: tuple[str, ...]
    """The plans that led here, the innermost last."""
    apply_nested: Callable[[Json, tuple[str, ...]], str]
    """Applies a plan within this one, and returns the reference to its group."""


def make_actions(
    actions: list[Json], where: str, context: PlanContext, application: Application
) -> list[Json]:
    """The actions of a group that stand for those of a plan that apply."""
    made = []
    for index, action in enumerate(actions):
        found = _make_action(action, f"{where}.action[{index}]", context, application)
        if found is not None:
            made.append(found)
    return made


def _make_action(action: Json, where: str, context: PlanContext, application: Application) -> Json | None:
    application.step(where)
    with _named(action):
        refuse_unsupported(action, where)
        require_subject(action, application, where)
        if not is_applicable(action, where, application):
            return None
        made = _described(action, where, context, application)
        target = Target(made, f"{context.group_type}.action")
        request = _realised(action, where, context, application, made)
        set_dynamic_values(action, where, request or target, application, target)
    if "action" in action:
        made["action"] = make_actions(action["action"], where, context, application)
        if not made["action"]:
            application.note(f"{where} is left out: none of the actions within it applies.")
            return None
    elif "resource" not in made:
        made["resource"] = {"display": action_words(made) or str(made.get("id", where))}
    return made


@contextmanager
def _named(action: Json) -> Iterator[None]:
    """Say in a refusal which action it is about, in the words that its author knows."""
    try:
        yield
    except Unprocessable as refusal:
        name = action.get("title") or action.get("linkId") or action.get("id") or action_words(action)
        if not name:
            raise
        first, *more = refusal.issues
        raise Unprocessable(
            f"Action `{name}`: {first.diagnostics}",
            issue_code=first.code,
            expression=first.expression,
            more=more,
        ) from None


def _described(action: Json, where: str, context: PlanContext, application: Application) -> Json:
    release = application.release
    made: Json = {}
    name = action.get("linkId", action.get("id"))
    if "id" in action:
        made["id"] = action["id"]
    if name and "linkId" in release.type_definition(f"{context.group_type}.action").elements:
        made["linkId"] = name
    _carry_extensions(action, made, where, application)
    made.update(context.words.copy(action, *_TEXTS))
    for element in _AS_IT_IS:
        made.update(_as_it_is(action, element, where, context, release))
    _carry_links(action, made)
    if conditions := carried_conditions(action):
        made["condition"] = conditions
    if "relatedAction" in action:
        made["relatedAction"] = action["relatedAction"]
    if participants := [_participant(one, context, application) for one in action.get("participant", ())]:
        made["participant"] = participants
    _carry_goals(action, made, where, context, application)
    return made


def _as_it_is(action: Json, name: str, where: str, context: PlanContext, release: Release) -> Json:
    """An element that both have, with its type; a single one becomes a list where the group has lists."""
    own = release.type_definition("PlanDefinition.action").elements.get(name)
    other = release.type_definition(f"{context.group_type}.action").elements.get(name)
    if own is None or other is None:
        return {}
    found: Json = {}
    for json_name, _ in own.json_names:
        for key in (json_name, "_" + json_name):
            if key in action:
                refuse_expressions(action[key], f"{where}.{json_name}")
                value = action[key]
                found[key] = [value] if other.repeats and not own.repeats else value
    return found


def _carry_extensions(action: Json, made: Json, where: str, application: Application) -> None:
    for extension in action.get("extension", ()):
        if extension.get("url") == DAYS_OF_CYCLE:
            made.setdefault("extension", []).append(extension)
        else:
            application.note(f"The extension {extension.get('url')} of {where} is not carried over.")


def _carry_links(action: Json, made: Json) -> None:
    """Reasons, and definitions that no resource here stands for, as documentation of the action."""
    links = [{"type": "justification", "display": concept_words(one)} for one in action.get("reason", ())]
    if "definitionUri" in action:
        links.append({"type": "documentation", "display": action["definitionUri"]})
    if links:
        made["documentation"] = [*made.get("documentation", ()), *links]


def _carry_goals(
    action: Json, made: Json, where: str, context: PlanContext, application: Application
) -> None:
    references = []
    for name in action.get("goalId", ()):
        if name not in context.goals:
            raise Unprocessable(
                f"{where}.goalId is `{name}`, which no goal is.", expression=(f"{where}.goalId",)
            )
        references.append({"reference": context.goals[name]})
    if references and "goal" in application.release.type_definition(f"{context.group_type}.action").elements:
        made["goal"] = references


def _participant(participant: Json, context: PlanContext, application: Application) -> Json:
    """Who takes part: in R5 as the plan says it, in R4 a reference that may hold words only."""
    is_subject = participant.get("type") == "patient" and application.inputs.subject_type == "Patient"
    subject = {"reference": application.inputs.subject}
    elements = application.release.type_definition(f"{context.group_type}.action").elements
    if elements["participant"].types != ("Reference",):
        made = {**_actor(participant, context, application), **participant}
        made.pop("actorId", None)
        return {**made, "actorReference": subject} if is_subject else made
    if is_subject:
        return subject
    words = concept_words(participant.get("role", {}))
    kind = _TYPES_OF_PARTICIPANTS[participant["type"]]
    return {"type": kind, "display": words or participant["type"]}


def _actor(participant: Json, context: PlanContext, application: Application) -> Json:
    """What the plan says of the actor that a participant is, when it leaves no choice."""
    name = participant.get("actorId")
    if name is None:
        return {}
    options = [
        option
        for actor in context.plan.get("actor", ())
        if actor.get("id") == name
        for option in actor.get("option", ())
    ]
    if len(options) == 1:
        return {key: value for key, value in options[0].items() if key != "id"}
    application.note(f"The actor `{name}` is one of {len(options)}: who it is, the plan leaves open.")
    return {}


# What an action leads to


def _realised(
    action: Json, where: str, context: PlanContext, application: Application, made: Json
) -> Target | None:
    """Make what the action's definition describes, and refer to it; returns what was made."""
    canonical = action.get("definitionCanonical")
    if canonical is None:
        return None
    if "action" in action:
        raise unsupported(f"{where} has a definition and actions within it", where)
    definition, holder = _find(canonical, where, context, application)
    if definition["resourceType"] == "PlanDefinition":
        reference = context.apply_nested(definition, context.chain)
        made["resource"] = {"reference": reference}
        group = dict(application.produced)[reference]
        return Target(group, group["resourceType"])
    if definition["resourceType"] == "ActivityDefinition":
        request = make_request(
            definition, holder, application, overrides=_overrides(action, definition), intent="option"
        )
    else:
        request = _task(definition, canonical, made, context, application)
    _pertain_to_goals(action, request, context, application)
    made["resource"] = {"reference": application.add(request)}
    return Target(request, request["resourceType"])


def _find(canonical: str, where: str, context: PlanContext, application: Application) -> tuple[Json, Json]:
    """The definition, and the resource that holds what it refers to by `#`."""
    if canonical.startswith("#"):
        for contained in context.plan.get("contained", ()):
            if contained.get("id") == canonical[1:]:
                return contained, context.plan
        found = None
    else:
        found = application.inputs.find(canonical)
    if found is None:
        raise Unprocessable(
            f"{where}.definitionCanonical is {canonical}, which is not here.",
            issue_code="not-found",
            expression=(f"{where}.definitionCanonical",),
        )
    return found, found


def _overrides(action: Json, definition: Json) -> Json:
    """What the plan says of the request itself, which counts more than what the activity says."""
    found: Json = {name: action[name] for name in ("priority", "reason") if name in action}
    if any(name.startswith("timing") for name in definition):
        found.update({name: value for name, value in action.items() if name.startswith("timing")})
    return found


def _task(
    definition: Json, canonical: str, made: Json, context: PlanContext, application: Application
) -> Json:
    task: Json = {"resourceType": "Task"}
    if context.words.language:
        task["language"] = context.words.language
    task.update({"status": "draft", "intent": "option", "code": FULFILL})
    if words := action_words(made):
        task["description"] = words
    task["focus"] = {"reference": f"{definition['resourceType']}/{definition['id']}"}
    if "title" in definition:
        task["focus"]["display"] = definition["title"]
    task.update(application.subject_of("Task"))
    task.update(application.refer("Task", ("encounter",), ("encounter",)))
    task.update(application.refer("Task", ("requester",), ("practitioner", "organization")))
    return task


def _pertain_to_goals(action: Json, request: Json, context: PlanContext, application: Application) -> None:
    """Where actions have no goals, the request itself says which it is for."""
    if application.is_bundled:
        return
    for name in action.get("goalId", ()):
        extension = {"url": PERTAINS_TO_GOAL, "valueReference": {"reference": context.goals[name]}}
        request.setdefault("extension", []).append(extension)


def keep_related(actions: list[Json], release: Release, group_type: str) -> list[Json]:
    """The actions without relations to actions that were left out."""
    element = release.type_definition(f"{group_type}.action.relatedAction").elements
    target = "targetId" if "targetId" in element else "actionId"
    names = set(_names(actions))
    return [_with_present(action, target, names) for action in actions]


def _with_present(action: Json, target: str, names: set[str]) -> Json:
    kept = dict(action)
    related = [one for one in action.get("relatedAction", ()) if one.get(target) in names]
    if related:
        kept["relatedAction"] = related
    else:
        kept.pop("relatedAction", None)
    if "action" in action:
        kept["action"] = [_with_present(one, target, names) for one in action["action"]]
    return kept


def _names(actions: list[Json]) -> list[str]:
    found: list[str] = []
    for action in actions:
        found.extend(str(action[key]) for key in ("id", "linkId") if key in action)
        found.extend(_names(action.get("action", [])))
    return found
