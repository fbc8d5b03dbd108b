"""ValueSet: side effects by window, parts of reactions, all of them; example medicines; onset windows.

https://hl7.org/fhir/R4/valueset.html

A symptom stands in a value set with its SNOMED CT code where that means exactly the same, else with our own
code; the words of a patient are its designation.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import bullets, paragraph
from ..topic import Coding, Symptom
from .artifact import derived_from, finished, mark_derived, metadata, topic_metadata
from .context import Context, TopicContext
from .datatypes import Element, Resource
from .structure_definition import ONSET_WINDOW_ID


def build_common(context: Context) -> Iterable[Resource]:
    resource = metadata(
        context,
        "ValueSet",
        ONSET_WINDOW_ID,
        title="Onset windows of side effects",
        description="The windows that the onset extension may hold.",
    )
    resource["compose"] = {"include": [{"system": context.canonical("CodeSystem", ONSET_WINDOW_ID)}]}
    blocks = [paragraph(resource["title"]), paragraph(resource["description"])]
    blocks.append(bullets(window.display for window in context.publisher.windows))
    yield finished(context, resource, blocks)


def build(context: TopicContext) -> Iterable[Resource]:
    if context.topic.side_effects:
        yield from _side_effects(context)
    if context.topic.premedications:
        yield _premedications(context)


def _side_effects(context: TopicContext) -> Iterable[Resource]:
    topic = context.topic
    ids = []
    for window_id in topic.windows:
        window = context.publisher.window(window_id)
        symptoms = [
            topic.symptom(effect.symptom) for effect in topic.side_effects if effect.window == window_id
        ]
        ids.append(context.id(f"vs-ae-{window.short}"))
        yield _value_set(
            context,
            ids[-1],
            f"side effects: {window.display}",
            f"The side effects that the page lists for this window: {window.display}.",
            _includes(context, symptoms),
        )
    for reaction in (effect for effect in topic.side_effects if effect.parts):
        whole = topic.symptom(reaction.symptom)
        ids.append(context.id(f"vs-ae-{reaction_suffix(whole)}"))
        yield _value_set(
            context,
            ids[-1],
            f"parts of one reaction: {whole.text}",
            f"The symptoms that the page names as parts of one reaction: {whole.text}. They are not side "
            "effects of their own.",
            _includes(context, [topic.symptom(part) for part in reaction.parts]),
        )
    yield _all_effects(context, ids)


def reaction_suffix(reaction: Symptom) -> str:
    """`allergic-reaction` -> `allergic`"""
    return reaction.id.removesuffix("-reaction")


def _all_effects(context: TopicContext, ids: list[str]) -> Resource:
    includes: list[Element] = [{"valueSet": [context.canonical("ValueSet", part)]} for part in ids]
    unlisted = [
        {"code": warning.code, "display": warning.title} for warning in context.topic.warnings if warning.code
    ]
    if unlisted:
        includes.append({"system": context.code_system, "concept": unlisted})
    return _value_set(
        context,
        context.id("vs-ae-all"),
        "all side effects",
        "Every possible side effect that the page lists, the parts of its reactions, and a code for one "
        "that is not listed. For the code of an AdverseEvent.",
        includes,
        said=[symptom.text for symptom in context.topic.symptoms]
        + [concept["display"] for concept in unlisted],
    )


def _premedications(context: TopicContext) -> Resource:
    members = [
        (medicine.codings[0], medicine.text) for medicine in context.topic.premedications if medicine.codings
    ]
    return _value_set(
        context,
        context.id("vs-premed-examples"),
        "medicines named as examples",
        "The medicines that the page names as examples of those given before the treatment. There can be "
        "others. No dose is given.",
        _coded(context, members),
    )


def _includes(context: TopicContext, symptoms: Iterable[Symptom]) -> list[Element]:
    local = context.code_system
    return _coded(
        context,
        [
            (symptom.equivalent or Coding(local, symptom.id, symptom.text), symptom.text)
            for symptom in symptoms
        ],
    )


def _coded(context: TopicContext, members: Iterable[tuple[Coding, str]]) -> list[Element]:
    """One include for each code system; a code that stands for two phrases has both as designations."""
    systems: dict[str, dict[str, Element]] = {}
    for value, words in members:
        concept = systems.setdefault(value.system, {}).setdefault(value.code, {"code": value.code})
        if value.display:
            concept["display"] = value.display
        designation = {"language": context.language, "value": words}
        if words != value.display and designation not in concept.get("designation", []):
            concept.setdefault("designation", []).append(designation)
    return [{"system": system, "concept": list(concepts.values())} for system, concepts in systems.items()]


def _value_set(
    context: TopicContext,
    resource_id: str,
    what: str,
    description: str,
    includes: list[Element],
    said: list[str] | None = None,
) -> Resource:
    topic = context.topic
    resource = topic_metadata(
        context,
        "ValueSet",
        resource_id,
        title=f"{topic.short_title}, {what} (derived from the page “{topic.source.title}”)",
        description=description,
    )
    mark_derived(context, resource)
    if context.is_r5:
        resource["relatedArtifact"] = [derived_from(context)]
    resource["compose"] = {"include": includes}
    blocks = [paragraph(resource["title"]), paragraph(description), bullets(said or _words(includes))]
    return finished(context, resource, blocks)


def _words(includes: list[Element]) -> list[str]:
    """What a patient reads: the designations, else the display."""
    concepts = [concept for include in includes for concept in include.get("concept", ())]
    return [
        words
        for concept in concepts
        for words in [designation["value"] for designation in concept.get("designation", ())]
        or [concept["display"]]
    ]
