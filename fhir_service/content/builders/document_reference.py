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
from .artifact import absence, finished, head, source_citation
from .binary import CONTENT_TYPE, page_bytes
from .context import TopicContext
from .datatypes import Element, Resource
from .organization import publisher_reference

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
    for text in context.topic.texts:
        yield _page(context, text)
    yield _source_page(context)


def source_page_id(context: TopicContext) -> str:
    return context.id("source-page")


def _page(context: TopicContext, text: Text) -> Resource:
    resource_id = context.education_id(text)
    resource = head(context, "DocumentReference", resource_id) | {
        "language": text.language,
        **({"version": context.topic.version} if context.is_r5 else {}),
        "status": "current",
        "docStatus": context.document_status,
        "type": EDUCATION_NOTE,
        "category": [PATIENT_EDUCATION],
        "author": [publisher_reference(context)],
        "custodian": publisher_reference(context),
        "description": f"{text.title}: the finished page, ready to show.",
        "content": [{"attachment": _attachment(context, text)}],
    }
    said = [paragraph(resource["description"]), labelled("Language", text.language), absence(context)]
    return finished(context, resource, said)


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
        "creation": context.topic.released,
    }


def _source_page(context: TopicContext) -> Resource:
    source = context.topic.source
    resource = head(context, "DocumentReference", source_page_id(context)) | {
        "status": "current",
        "description": f"Stands for the page that the facts come from: {source_citation(context)}",
        "content": [{"attachment": {"language": context.language, "title": source.title}}],
    }
    said = [paragraph(resource["description"]), labelled("About the site", source.about)]
    return finished(context, resource, said)
