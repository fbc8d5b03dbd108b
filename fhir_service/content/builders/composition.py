"""Composition: the education text of one language, section by section, each with its own narrative.

https://hl7.org/fhir/R4/composition.html and https://hl7.org/fhir/R5/composition.html

A section's entries are the resources that rest on the facts the section states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..narrative import bullets, narrative, paragraph
from ..page import section_blocks
from ..topic import Section, Text
from .artifact import finished, head, machine_name, use_contexts
from .context import TopicContext
from .datatypes import Element, Resource, reference
from .document_reference import kind_of_document
from .languages import coded_only, draft_line, translations
from .organization import publisher_reference
from .questionnaire import questionnaire_id

ATTESTATION_MODE = "http://hl7.org/fhir/composition-attestation-mode"


def build(context: TopicContext) -> Iterable[Resource]:
    for text in context.texts:
        yield _composition(context, text)


def _composition(context: TopicContext, text: Text) -> Resource:
    topic, resource_id = context.topic, context.education_id(text)
    url = context.canonical("Composition", resource_id)
    resource = head(context, "Composition", resource_id) | {"language": text.language}
    identifier = {"system": "urn:ietf:rfc:3986", "value": url}
    if context.is_r5:
        resource |= {
            "url": url,
            "identifier": [identifier],
            "version": topic.version,
            "name": machine_name(resource_id),
        }
    else:
        resource["identifier"] = identifier
    resource |= {
        "status": context.document_status(text),
        **kind_of_document(context, text),
        "date": topic.released,
    }
    if context.is_r5:
        resource["useContext"] = [coded_only(context, text, use) for use in use_contexts(context)]
    resource |= {"author": [publisher_reference(context)], "title": text.title}
    resource |= translations(context, text, "title", lambda other: other.title)
    resource |= _attester(context, text) | {"custodian": publisher_reference(context)}
    resource |= _translates(context, text) | {"event": [_event(context)]}
    resource["section"] = [_section(context, section, text) for section in text.sections]
    notices = context.publisher.notice(text.language)
    if text.is_draft:
        _open_with(resource["section"][0], notices.draft_translation, text)
    blocks = [
        *draft_line(context, text),
        paragraph(text.title),
        bullets(section.title for section in text.sections),
        paragraph(notices.absence),
        paragraph(notices.service),
    ]
    return finished(context, resource, blocks)


def _event(context: TopicContext) -> Element:
    """R4 and R4B have no useContext here: the topic's Library has it in all releases."""
    library = reference("Library", context.id("library"))
    return {"detail": [{"reference": library} if context.is_r5 else library]}


def _translates(context: TopicContext, text: Text) -> Element:
    """Which document a translation was made from: https://hl7.org/fhir/R4/valueset-document-relationship-type.html"""
    if text is context.topic.text:
        return {}
    original = reference("Composition", context.education_id(context.topic.text))
    if context.is_r5:
        return {"relatesTo": [{"type": "transforms", "resourceReference": original}]}
    return {"relatesTo": [{"code": "transforms", "targetReference": original}]}


def _attester(context: TopicContext, text: Text) -> Element:
    review = context.review(text)
    if review is None:
        return {}
    professional = {"system": ATTESTATION_MODE, "code": "professional", "display": "Professional"}
    mode = {"coding": [professional], "text": review.role} if context.is_r5 else "professional"
    return {"attester": [{"mode": mode, "time": review.date}]}


def _section(context: TopicContext, section: Section, text: Text) -> Element:
    code = {"system": context.code_system, "code": section.code, "display": _display(context, section)}
    element: Element = {"title": section.title, "code": {"coding": [code]}}
    blocks = section_blocks(section)
    if blocks:
        element["text"] = narrative(blocks, text.language, "additional")
    entries = [coded_only(context, text, entry) for entry in _entries(context, set(section.facts))]
    if entries:
        element["entry"] = entries
    if section.sections:
        element["section"] = [_section(context, part, text) for part in section.sections]
    return element


def _open_with(section: Element, line: str, text: Text) -> None:
    """Put a line before a section's words: who shows the sections alone must show it too."""
    words = section_blocks(text.sections[0])
    section["text"] = narrative([paragraph(line), *words], text.language, "additional")


def _display(context: TopicContext, section: Section) -> str:
    """The display of the code is that of the code system, whatever the language of the text."""
    own = context.topic.text.section(section.code)
    return own.title if own else section.title


def _entries(context: TopicContext, facts: set[str]) -> Iterator[Element]:
    topic, product = context.topic, context.topic.product
    if product:
        if facts & set(product.facts):
            yield reference("MedicationKnowledge", product.id, product.name)
        for resource_id, item in zip(context.indication_ids(product), topic.indications, strict=True):
            if facts & set(item.facts):
                yield reference(context.indication_type, resource_id, item.text)
        for resource_id, effect in zip(context.effect_ids(product), topic.side_effects, strict=True):
            if facts & set(effect.facts):
                yield reference(context.effect_type, resource_id, effect.text)
        for resource_id, warning in zip(context.warning_ids(product), topic.warnings, strict=False):
            if facts & set(warning.facts):
                yield reference("ClinicalUseDefinition", resource_id, warning.title)
    actions = [action for action in (topic.plan.walk() if topic.plan else ()) if facts & set(action.facts)]
    if actions and topic.plan:
        yield reference("PlanDefinition", context.id("plan"), topic.plan.title)
    if any(action.questionnaire for action in actions):
        yield reference("Questionnaire", questionnaire_id(context))
