"""DocumentReference: the finished page of each language, and the source page itself (cited, with no address).

https://hl7.org/fhir/R4/documentreference.html

The attachment's URL is relative, so that bytes and hash are the same on every host.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from ..narrative import labelled, paragraph
from ..topic import Text
from .artifact import finished, head, source_citation
from .binary import CONTENT_TYPE, page_bytes
from .context import TopicContext
from .datatypes import Element, Resource, reference
from .languages import coded_only, draft_line, translations
from .organization import publisher_reference

RELATIONSHIP_TYPE = "http://hl7.org/fhir/document-relationship-type"

EDUCATION_NOTE: Element = {
    "coding": [{"system": "http://loinc.org", "code": "34895-3", "display": "Education note"}],
    "text": "Patient education",
}
PATIENT_EDUCATION: Element = {
    "coding": [
        {"system": "http://snomed.info/sct", "code": "311401005", "display": "Patient education (procedure)"}
    ],
    "text": "Patient education",
}


def build(context: TopicContext) -> Iterable[Resource]:
    for text in context.texts:
        yield _page(context, text)


def kind_of_document(context: TopicContext, text: Text) -> Element:
    """What Composition and DocumentReference both say of themselves."""
    kind = {"type": EDUCATION_NOTE, "category": [PATIENT_EDUCATION]}
    return {name: coded_only(context, text, value) for name, value in kind.items()}


def source_page_id(context: TopicContext) -> str:
    return context.id("source-page")


def _page(context: TopicContext, text: Text) -> Resource:
    resource_id, notices = context.education_id(text), context.publisher.notice(text.language)
    described = notices.page_description.replace("{title}", text.title)
    resource = head(context, "DocumentReference", resource_id) | {
        "language": text.language,
        **({"version": context.topic.version} if context.is_r5 else {}),
        "status": "superseded" if context.retired else "current",
        "docStatus": context.document_status(text),
        **kind_of_document(context, text),
        "author": [publisher_reference(context)],
        "custodian": publisher_reference(context),
        **_translates(context, text),
        # A listing shows this line alone.
        "description": f"{notices.draft_translation} {described}" if text.is_draft else described,
        "content": [{"attachment": _attachment(context, text)}],
    }
    blocks = [*draft_line(context, text), paragraph(described), paragraph(notices.absence)]
    return finished(context, resource, blocks)


def _translates(context: TopicContext, text: Text) -> Element:
    """Which document a translation was made from: https://hl7.org/fhir/R4/valueset-document-relationship-type.html"""
    if text is context.topic.text:
        return {}
    target = reference("DocumentReference", context.education_id(context.topic.text))
    transforms = {"system": RELATIONSHIP_TYPE, "code": "transforms", "display": "Transforms"}
    code = {"coding": [transforms]} if context.is_r5 else "transforms"
    return {"relatesTo": [{"code": code, "target": target}]}


def _attachment(context: TopicContext, text: Text) -> Element:
    page = page_bytes(context, text)
    return {
        "contentType": CONTENT_TYPE,
        "language": text.language,
        "url": f"Binary/{context.education_id(text)}",
        # integer64 is a string in R5's JSON: https://hl7.org/fhir/R5/json.html#primitive
        "size": str(len(page)) if context.is_r5 else len(page),
        # FHIR's Attachment.hash is SHA-1: https://hl7.org/fhir/R4/datatypes.html#Attachment
        "hash": base64.b64encode(hashlib.sha1(page, usedforsecurity=False).digest()).decode(),
        "title": text.title,
        **translations(context, text, "title", lambda other: other.title),
        "creation": context.topic.released,
    }


def build_source_page(context: TopicContext) -> Iterable[Resource]:
    source = context.topic.source
    resource = head(context, "DocumentReference", source_page_id(context)) | {
        "status": "current",
        "description": f"Stands for the page that the facts come from: {source_citation(context)}",
        "content": [{"attachment": {"language": context.language, "title": source.title}}],
    }
    said = [paragraph(resource["description"]), labelled("About the site", source.about)]
    yield finished(context, resource, said)
