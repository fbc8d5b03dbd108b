"""Applies an ActivityDefinition: the one draft request that it describes.

https://hl7.org/fhir/R4/activitydefinition-operation-apply.html and
https://hl7.org/fhir/R5/activitydefinition.html#12.21.4.1

    1. refuse what cannot be done: no kind, a StructureMap, a computed value, another type of subject
    2. a resource of the kind: status draft, the intent, whom it is about, who asks for it
    3. what the definition says, each where the request has room for it; the rest is noted
    4. what the plan's action says of the request overrides it
    5. dynamic values, the activity's own
    6. the contained resources that it refers to
"""

from __future__ import annotations

from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Items
from fhir_service.fhir.path.simple import simple_path
from fhir_service.reasoning import narrative
from fhir_service.reasoning.application import (
    Application,
    Inputs,
    Json,
    canonical_of,
    describe_standing,
    name_of,
    refuse_unsupported,
    require_subject_type,
    unsupported,
)
from fhir_service.reasoning.contained import carry_contained
from fhir_service.reasoning.dynamic_values import Target, set_dynamic_values
from fhir_service.reasoning.expressions import refuse_expressions
from fhir_service.reasoning.placing import Misfit, place
from fhir_service.reasoning.request_places import CARRIED, CODE_FOR_PRODUCT, places
from fhir_service.reasoning.results import require_valid
from fhir_service.reasoning.words import Words
from fhir_service.releases import Release

INSTANTIATES = "http://hl7.org/fhir/StructureDefinition/workflow-instantiatesCanonical"
_INSTANTIATES_CONTEXTS = ("CommunicationRequest", "SupplyRequest")

# Who a participant is when it has no role: its type, as the release writes that code.
_PARTICIPANT_TYPES = {
    "r4": "http://terminology.hl7.org/CodeSystem/action-participant-type",
    "r4b": "http://terminology.hl7.org/CodeSystem/action-participant-type",
    "r5": "http://hl7.org/fhir/action-participant-type",
}


def apply_activity(definition: Json, inputs: Inputs) -> Json:
    """The request that an ActivityDefinition, applied by itself, proposes.

    :raises Unprocessable: it cannot be applied; the message names what stands in the way
    """
    application = Application(inputs)
    request = make_request(definition, definition, application)
    if application.notes:
        _tell(request, application)
    finished = narrative.with_narrative(request, [narrative.paragraph(narrative.subject_matter(request))])
    return require_valid(finished, application)


def make_request(
    definition: Json,
    holder: Json,
    application: Application,
    *,
    overrides: Json | None = None,
    intent: str = "",
) -> Json:
    """The request that an ActivityDefinition describes.

    :param holder: the definition, or the one that contains it
    :param overrides: elements of an ActivityDefinition that the plan sets otherwise, and `reason`
    :param intent: what to say instead of the definition's own
    """
    where = "ActivityDefinition"
    kind = _kind(definition, application.release)
    refuse_unsupported(definition, where)
    require_subject_type(definition, application, where)
    if holder is definition:
        describe_standing(definition, application)
    request = _skeleton(definition, holder, kind, intent, application)
    carried = _carried(definition, application.release)
    for name in (name for name in definition if name.lstrip("_").startswith(CARRIED)):
        refuse_expressions(definition[name], f"{where}.{name.lstrip('_')}")
    carried.update(_carried(overrides or {}, application.release))
    _place_all(request, kind, carried, definition, application)
    set_dynamic_values(definition, where, Target(request, kind), application)
    carry_contained(request, holder)
    return request


def _kind(definition: Json, release: Release) -> str:
    kind = definition.get("kind")
    if kind is None:
        raise unsupported(
            f"{name_of(definition)} has no `kind`: it makes no request", "ActivityDefinition.kind"
        )
    if kind not in release.resource_types:
        raise unsupported(f"{name_of(definition)} has the kind `{kind}`", "ActivityDefinition.kind")
    return str(kind)


def _skeleton(definition: Json, holder: Json, kind: str, intent: str, application: Application) -> Json:
    elements = application.release.type_definition(kind).elements
    request: Json = {"resourceType": kind}
    words = Words(definition, application)
    texts: Json = {}
    if kind == "CarePlan":
        texts = words.copy(definition, "title", "description")
    elif kind == "Task":
        texts = words.copy(definition, "description")
    if language := words.language if texts else definition.get("language"):
        request["language"] = language
    if "profile" in definition:
        request["meta"] = {"profile": [definition["profile"]]}
    _say_what_it_follows(
        request, canonical_of(definition, None if definition is holder else holder), application
    )
    if "status" in elements:
        request["status"] = _code(kind, "status", ("draft", "proposed"), application.release)
    if "intent" in elements:
        given = intent or definition.get("intent", "proposal")
        request["intent"] = _code(kind, "intent", (given,), application.release)
    request.update(texts)
    request.update(application.subject_of(kind))
    request.update(application.refer(kind, ("encounter",), ("encounter",)))
    who = ("practitioner", "organization")
    request.update(application.refer(kind, ("requester", "orderer", "prescriber", "author"), who))
    return request


def _code(kind: str, name: str, wanted: tuple[str, ...], release: Release) -> str:
    binding = release.type_definition(kind).elements[name].binding
    allowed = release.required_codes(binding.value_set) if binding else None
    for code in wanted:
        if allowed is None or code in allowed:
            return code
    raise unsupported(f"a {kind} with the {name} `{wanted[0]}`", f"ActivityDefinition.{name}")


def _say_what_it_follows(request: Json, canonical: str | None, application: Application) -> None:
    if canonical is None:
        return
    kind = request["resourceType"]
    element = application.release.type_definition(kind).elements.get("instantiatesCanonical")
    if element is not None:
        request["instantiatesCanonical"] = [canonical] if element.repeats else canonical
    elif kind in _INSTANTIATES_CONTEXTS:
        request["extension"] = [{"url": INSTANTIATES, "valueCanonical": canonical}]
    else:
        application.note(f"A {kind} follows {canonical}.")


def _carried(definition: Json, release: Release) -> dict[str, Items]:
    """What a definition says about its request, each with its FHIR type."""
    elements = release.type_definition("ActivityDefinition").elements
    found: dict[str, Items] = {}
    for name in CARRIED:
        element = elements.get(name)
        for json_name, kind in element.json_names if element else ():
            if json_name in definition:
                value = definition[json_name]
                found[name] = [(kind, one, None) for one in (value if isinstance(value, list) else [value])]
    if "participant" in found:
        found["participant"] = [_participant(one, release) for _, one, _ in found["participant"]]
    if "reason" in definition:
        found["reason"] = [("CodeableConcept", one, None) for one in definition["reason"]]
    return found


def _participant(participant: Json, release: Release) -> tuple[str, Any, None]:
    """Who is to do it, as a reference, a role or a type of participant."""
    if "typeReference" in participant:
        return "Reference", participant["typeReference"], None
    role = participant.get("role")
    if role is None:
        coding = {"system": _PARTICIPANT_TYPES[release.name], "code": participant.get("type")}
        role = {"coding": [coding]}
    return "CodeableConcept", role, None


def _place_all(
    request: Json, kind: str, carried: dict[str, Items], definition: Json, application: Application
) -> None:
    rows = places(kind)
    if "product" not in carried and kind in CODE_FOR_PRODUCT:
        rows["code"] = (CODE_FOR_PRODUCT[kind],)
    if "dosage" in carried and kind == "MedicationRequest":
        rows["timing"] = ()
    if kind == "SupplyRequest" and "product" in carried and "code" in carried:
        rows["code"] = ()
    for name, items in carried.items():
        if not _place(request, kind, rows.get(name, ()), items, application.release):
            _refuse_negation(name, items, kind)
            application.note(f"A {kind} has no place for `{name}` of {name_of(definition)}.")


def _place(request: Json, kind: str, paths: tuple[str, ...], items: Items, release: Release) -> bool:
    for path in paths:
        for attempt in (items, _as_text(items)):
            try:
                place(request, kind, simple_path(path).steps, attempt, release)
                return True
            except Misfit:
                continue
    return False


def _as_text(items: Items) -> Items:
    """Concepts as their words, for where a release has only room for words."""
    return [
        ("string", narrative.concept_words(value), None) if kind == "CodeableConcept" else (kind, value, None)
        for kind, value, _ in items
    ]


def _refuse_negation(name: str, items: Items, kind: str) -> None:
    if name == "doNotPerform" and items[0][1] is True:
        raise unsupported(f"a {kind} not to be done", "ActivityDefinition.doNotPerform")


def _tell(request: Json, application: Application) -> None:
    """Put the notes on a request that stands by itself.

    :raises Unprocessable: it has no room for notes, and without them it would mislead
    """
    if "note" not in application.release.type_definition(request["resourceType"]).elements:
        raise Unprocessable(" ".join(application.notes), expression=("ActivityDefinition",))
    request.setdefault("note", []).extend({"text": note} for note in application.notes)
