"""StructureDefinition: the extensions onset and reaction-part, and an AdverseEvent profile for each topic.

https://hl7.org/fhir/R4/structuredefinition.html

Each has a differential and a snapshot. An extension has one URL in all releases; what differs is the
element that it may stand on: R4 has no ClinicalUseDefinition, so there it stands on
MedicinalProductUndesirableEffect itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import bullets, paragraph
from ..snapshot import snapshot
from .artifact import finished, metadata, topic_metadata
from .context import Context, TopicContext
from .datatypes import Element, Resource

ONSET_ID = "onset"
REACTION_PART_ID = "reaction-part"
ONSET_WINDOW_ID = "onset-window"
WINDOW, QUALIFIER, DELAY = "window", "qualifier", "delayAfterTreatment"

_CONTEXT = {
    "r4": "MedicinalProductUndesirableEffect",
    "r4b": "ClinicalUseDefinition.undesirableEffect",
    "r5": "ClinicalUseDefinition.undesirableEffect",
}


def build_common(context: Context) -> Iterable[Resource]:
    yield _onset(context)
    yield _reaction_part(context)


def build(context: TopicContext) -> Iterable[Resource]:
    """The profile that a client's AdverseEvent may follow; none is served as an instance."""
    if context.topic.product and context.topic.side_effects:
        yield _adverse_event(context, context.topic.product.short_name)


def _onset(context: Context) -> Resource:
    value_set = context.canonical("ValueSet", ONSET_WINDOW_ID)
    definition = metadata(
        context,
        "StructureDefinition",
        ONSET_ID,
        title="When a side effect can start",
        description="When a possible side effect can start, seen from the treatment: a window, and for a "
        "window that usually begins later, how long after the treatment. No release of FHIR has "
        "an element for it.",
    )
    binding = {
        "strength": "required",
        "description": "The onset windows of this service.",
        "valueSet": value_set,
    }
    differential = [
        _root("Extension", "When a side effect can start", definition["description"]) | {"max": "1"},
        {"id": "Extension.extension", "path": "Extension.extension", "min": 1},
        *_part(WINDOW, "The window, seen from the treatment", "CodeableConcept", binding=binding, least=1),
        *_part(QUALIFIER, "The hedge of the source, for instance “usually”", "string"),
        *_part(DELAY, "How long after the treatment, as a quantity with a comparator", "Quantity"),
        _url(definition["url"]),
        {"id": "Extension.value[x]", "path": "Extension.value[x]", "max": "0"},
    ]
    return _extension(context, definition, differential)


def _reaction_part(context: Context) -> Resource:
    definition = metadata(
        context,
        "StructureDefinition",
        REACTION_PART_ID,
        title="Part of a reaction",
        description="A symptom that can be part of the reaction, for instance itching as part of an "
        "allergic reaction. It is not a side effect of its own.",
    )
    value = {
        "id": "Extension.value[x]",
        "path": "Extension.value[x]",
        "short": "The symptom",
        "min": 1,
        "type": [{"code": "CodeableConcept"}],
    }
    differential = [
        _root("Extension", "A symptom that can be part of the reaction", definition["description"]),
        {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
        _url(definition["url"]),
        value,
    ]
    return _extension(context, definition, differential)


def _adverse_event(context: TopicContext, product: str) -> Resource:
    resource_id = context.id("adverse-event")
    definition = topic_metadata(
        context,
        "StructureDefinition",
        resource_id,
        title=f"Adverse event seen with {product}",
        description=f"An adverse event whose code comes from the possible side effects of {product} in "
        "patient education. The binding is extensible: an effect that is not listed is valid "
        "too.",
    )
    code = "AdverseEvent.code" if context.is_r5 else "AdverseEvent.event"
    differential = [
        _root("AdverseEvent", f"Adverse event seen with {product}", definition["description"]),
        {
            "id": code,
            "path": code,
            "short": "What happened",
            "min": 1,
            "binding": {
                "strength": "extensible",
                "description": f"The possible side effects of {product} that the page lists, and “unlisted”.",
                "valueSet": context.canonical("ValueSet", context.id("vs-ae-all")),
            },
        },
    ]
    return _constraint(context, definition, "resource", "AdverseEvent", differential)


def _extension(context: Context, definition: Resource, differential: list[Element]) -> Resource:
    used_on = {"type": "element", "expression": _CONTEXT[context.release.name]}
    return _constraint(context, definition, "complex-type", "Extension", differential, used_on)


def _constraint(
    context: Context,
    definition: Resource,
    kind: str,
    type_name: str,
    differential: list[Element],
    used_on: Element | None = None,
) -> Resource:
    definition |= {"fhirVersion": context.release.fhir_version, "kind": kind, "abstract": False}
    if used_on:
        definition["context"] = [used_on]
    definition |= {
        "type": type_name,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{type_name}",
        "derivation": "constraint",
        "snapshot": {"element": snapshot(context.release.name, type_name, differential)},
        "differential": {"element": differential},
    }
    return finished(context, definition, _blocks(definition))


def _blocks(definition: Resource) -> list[str]:
    """What the definition says, in the order of its differential."""
    elements = definition["differential"]["element"][1:]
    said = [
        f"{element.get('sliceName') or element['path'].rpartition('.')[2]}: {element['short']}"
        for element in elements
        if "short" in element
    ]
    return [paragraph(definition["title"]), paragraph(definition["description"]), bullets(said)]


def _root(type_name: str, short: str, definition: str) -> Element:
    return {
        "id": type_name,
        "path": type_name,
        "short": short,
        "definition": definition,
        "min": 0,
        "max": "*",
    }


def _url(url: str) -> Element:
    return {"id": "Extension.url", "path": "Extension.url", "fixedUri": url}


def _part(
    name: str, short: str, type_name: str, *, binding: Element | None = None, least: int = 0
) -> list[Element]:
    """A part of a complex extension: a slice of Extension.extension with one value."""
    slice_id, path = f"Extension.extension:{name}", "Extension.extension"
    value: Element = {
        "id": f"{slice_id}.value[x]",
        "path": f"{path}.value[x]",
        "min": 1,
        "type": [{"code": type_name}],
    }
    if binding:
        value["binding"] = binding
    return [
        {"id": slice_id, "path": path, "sliceName": name, "short": short, "min": least, "max": "1"},
        {"id": f"{slice_id}.extension", "path": f"{path}.extension", "max": "0"},
        {"id": f"{slice_id}.url", "path": f"{path}.url", "fixedUri": name},
        value,
    ]
