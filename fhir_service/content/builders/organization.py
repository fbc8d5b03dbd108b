"""Organization: the publisher, author of every text served.

https://hl7.org/fhir/R4/organization.html
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import paragraph
from .artifact import finished, head
from .context import Context
from .datatypes import Element, Resource, reference


def publisher_reference(context: Context) -> Element:
    return reference("Organization", context.publisher.id, context.publisher.name)


def build_common(context: Context) -> Iterable[Resource]:
    publisher = context.publisher
    organization = head(context, "Organization", publisher.id)
    organization |= {"active": True, "name": publisher.name}
    if context.is_r5:
        organization["description"] = publisher.description
    blocks = [paragraph(publisher.name), paragraph(publisher.description)]
    yield finished(context, organization, blocks)
