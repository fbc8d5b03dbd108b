"""Binary: the finished page of each language as bytes. It is no DomainResource and has no narrative.

https://hl7.org/fhir/R4/binary.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from ..page import education_page
from ..topic import Text
from .context import TopicContext
from .datatypes import Resource

CONTENT_TYPE = "text/html"


def build(context: TopicContext) -> Iterable[Resource]:
    for text in context.texts:
        yield {
            "resourceType": "Binary",
            "id": context.education_id(text),
            "language": text.language,
            "contentType": CONTENT_TYPE,
            "data": base64.b64encode(page_bytes(context, text)).decode(),
        }


def page_bytes(context: TopicContext, text: Text) -> bytes:
    """The same bytes in every release and on every host."""
    return education_page(context.topic, text, context.publisher).encode()
