"""$document: a Composition with all that it refers to, as one document Bundle.

https://hl7.org/fhir/R4/composition-operation-document.html and https://hl7.org/fhir/R4/documents.html

    1 the Composition
    2 what it refers to, save for other documents (`relatesTo`): all of it must be here, or there is none
    3 what those refer to, and so on, as far as it is here

The order is that of the references. Identifier and timestamp follow from the versions that are gathered, so
that the same content is the same document, with the same ETag.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Gone, NotFound, NotSupported, Unprocessable
from fhir_service.exchange import Response, Services
from fhir_service.fhir import bundle
from fhir_service.fhir.dates import to_instant
from fhir_service.fhir.links import change_links
from fhir_service.operations.declaration import Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.stored import Stored
from fhir_service.releases import Release
from fhir_service.store.contract import StoredVersion

MOST = 1000
"""Resources of one document."""

Resource = dict[str, Any]
Key = tuple[str, str]


def handle(invocation: Invocation, services: Services) -> Response:
    if invocation.arguments.one("persist"):
        raise invocation.refusal(
            "persist", "documents are not stored here.", issue_code="not-supported", error=NotSupported
        )
    stored = Stored.of(invocation, services)
    gathered = _gathered(_composition(invocation, services, stored), invocation, stored)
    return _answer(gathered, invocation, stored)


def _composition(invocation: Invocation, services: Services, stored: Stored) -> StoredVersion:
    if invocation.level == "instance":
        return _read(f"Composition/{invocation.request.logical_id}", invocation, services)
    wanted = invocation.arguments.one("id")
    if wanted is None:
        raise invocation.refusal("id", "it says which Composition is meant.", issue_code="required")
    reference = wanted if "/" in wanted else f"Composition/{wanted}"
    if stored.is_gone(reference):
        raise invocation.refusal("id", f"`{reference}` was deleted.", issue_code="deleted", error=Gone)
    found = stored.referred(reference)
    if found is None or found.type_name != "Composition":
        raise invocation.refusal(
            "id", f"`{wanted}` is no Composition of this server.", issue_code="not-found", error=NotFound
        )
    return found


def _read(name: str, invocation: Invocation, services: Services) -> StoredVersion:
    request = invocation.request
    found = services.store.read(request.release.name, "Composition", request.logical_id)
    if found is None:
        raise NotFound(f"Resource `{name}` is not known.")
    if found.is_deleted:
        raise Gone(f"Resource `{name}` was deleted.")
    return found


def _gathered(composition: StoredVersion, invocation: Invocation, stored: Stored) -> list[StoredVersion]:
    """The Composition and, breadth first, what can be reached from it."""
    found: dict[Key, StoredVersion] = {_key(composition): composition}
    waiting = [composition]
    for one in waiting:  # which grows
        for reference in _references(stored.resource(one), invocation.release):
            target = stored.referred(reference)
            if target is None and one is composition:
                raise _missing(reference)
            if target is not None and _is_new(target, found):
                found[_key(target)] = target
                waiting.append(target)
        if len(found) > MOST:
            raise Unprocessable(
                f"The document would hold more than {MOST} resources.", issue_code="too-costly"
            )
    return waiting


def _is_new(target: StoredVersion, found: dict[Key, StoredVersion]) -> bool:
    """Whether it is not gathered yet; two versions of it would leave open which one a reference means."""
    known = found.get(_key(target))
    if known is not None and known.version_id != target.version_id:
        name = f"{target.type_name}/{target.logical_id}"
        raise Unprocessable(
            f"The document cannot be made: it refers to the versions {known.version_id} and"
            f" {target.version_id} of `{name}`.",
            issue_code="conflict",
            expression=("Composition",),
        )
    return known is None


def _references(resource: Resource | None, release: Release) -> Iterator[str]:
    """The literal references of a resource, in their order, save for those to what is contained."""
    if resource is None:
        return
    found: list[str] = []

    def collect(kind: str, link: str) -> str:
        if kind == "reference" and not link.startswith("#"):
            found.append(link)
        return link

    change_links({name: value for name, value in resource.items() if name != "relatesTo"}, release, collect)
    yield from found


def _missing(reference: str) -> Unprocessable:
    return Unprocessable(
        f"The document cannot be made: it refers to `{reference}`, which is not here or may not be read.",
        issue_code="not-found",
        expression=("Composition",),
    )


def _answer(gathered: list[StoredVersion], invocation: Invocation, stored: Stored) -> Response:
    base = invocation.request.base
    urls = [f"{base}/{one.type_name}/{one.logical_id}" for one in gathered]
    entries = [bundle.Entry(url, one.body) for url, one in zip(urls, gathered, strict=True)]
    versions = [
        f"{url}/_history/{one.version_id} {one.last_updated}" for url, one in zip(urls, gathered, strict=True)
    ]
    document_id = uuid.uuid5(uuid.NAMESPACE_URL, " ".join(versions))
    last_updated = max(one.last_updated for one in gathered)
    body = bundle.document(
        {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{document_id}"},
        to_instant(last_updated),
        entries,
        _security(gathered, stored),
    )
    return Response(body=body, etag=document_id.hex, last_modified=last_updated)


def _security(gathered: list[StoredVersion], stored: Stored) -> list[Resource]:
    """The labels of all that is in the document, each once: a reader must heed them all."""
    found: dict[tuple[Any, Any], Resource] = {}
    for one in gathered:
        for label in (stored.resource(one) or {}).get("meta", {}).get("security", ()):
            found.setdefault((label.get("system"), label.get("code")), label)
    return list(found.values())


def _key(version: StoredVersion) -> Key:
    return version.type_name, version.logical_id


OPERATION = Operation(
    code="document",
    canonical="http://hl7.org/fhir/OperationDefinition/Composition-document",
    title="Generate a document",
    documentation="The Composition with all that it refers to, directly or not, as a document Bundle; what"
    " the Composition itself refers to must be here. The same content is the same document.",
    levels=("type", "instance"),
    types=("Composition",),
    handle=handle,
    inputs=(
        Input(
            "id",
            "uri",
            "The Composition: its id, or its URL on this server.",
            levels=("type",),
            names={"r5": None},
        ),
        Input("persist", "boolean", "Only `false` is supported: documents are not stored."),
        Input("graph", "uri", "GraphDefinitions are not followed.", supported=False),
    ),
    outputs=(Output("return", "Bundle", "The document.", minimum=1, names={"r4": None, "r4b": None}),),
    needs="r",
    failures=(404, 410, 422),
)
