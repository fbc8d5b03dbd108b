"""$package: an artifact with everything it depends on, as one Bundle.

https://hl7.org/fhir/uv/crmi/OperationDefinition-crmi-package.html

    find the artifact     by id, url (and version) or identifier
    follow its links      as far as they lead to what is here; a manifest says which versions are meant
    include               keep the kinds that were asked for
    page                  none: a transaction that puts all of it; count or offset: a collection;
                          count=0: a searchset that only says how many there are
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fhir_service.errors import Gone, Invalid, NotFound
from fhir_service.exchange import Services
from fhir_service.operations.artifact_graph import ArtifactGraph
from fhir_service.operations.declaration import Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.stored import Stored
from fhir_service.search.param_types import Context
from fhir_service.search.query import parse_query

Resource = dict[str, Any]

TYPES = (
    "ActivityDefinition",
    "CodeSystem",
    "ConceptMap",
    "Library",
    "PlanDefinition",
    "Questionnaire",
    "StructureDefinition",
    "ValueSet",
)
_TERMINOLOGY = ("CodeSystem", "ConceptMap", "NamingSystem", "ValueSet")
_CONFORMANCE = (
    ("CapabilityStatement", "CompartmentDefinition", "GraphDefinition", "ImplementationGuide")
    + ("OperationDefinition", "SearchParameter", "StructureDefinition", "StructureMap")
)  # fmt: skip
_KNOWLEDGE = ("ActivityDefinition", "Library", "Measure", "PlanDefinition", "Questionnaire")


def _is_extension(resource: Resource) -> bool:
    return resource["resourceType"] == "StructureDefinition" and resource.get("type") == "Extension"


def _is_profile(resource: Resource) -> bool:
    return (
        resource["resourceType"] == "StructureDefinition"
        and resource.get("derivation") == "constraint"
        and not _is_extension(resource)
    )


_KINDS: Mapping[str, Callable[[Resource, Resource], bool]] = {
    "all": lambda one, artifact: True,
    "artifact": lambda one, artifact: one is artifact,
    "canonical": lambda one, artifact: "url" in one,
    "terminology": lambda one, artifact: one["resourceType"] in _TERMINOLOGY,
    "conformance": lambda one, artifact: one["resourceType"] in _CONFORMANCE,
    "profiles": lambda one, artifact: _is_profile(one),
    "extensions": lambda one, artifact: _is_extension(one),
    "knowledge": lambda one, artifact: one["resourceType"] in _KNOWLEDGE,
}
"""The values of `include`: whether a resource is of that kind, seen from the artifact."""


def handle(invocation: Invocation, services: Services) -> Resource:
    stored = Stored.of(invocation, services)
    artifact = _artifact(invocation, stored, services)
    graph = ArtifactGraph(
        stored,
        services.search_parameters[invocation.release.name],
        _versions(invocation, stored),
        own_base=str(artifact.get("url", "")).partition(f"/{artifact['resourceType']}/")[0],
    )
    kinds = invocation.arguments.all("include") or ["all"]
    packaged = [one for one in graph.walk(artifact) if any(_KINDS[kind](one, artifact) for kind in kinds)]
    return _bundle(invocation, packaged)


def _artifact(invocation: Invocation, stored: Stored, services: Services) -> Resource:
    """The one artifact that is meant."""
    request, arguments = invocation.request, invocation.arguments
    if invocation.level == "instance":
        return stored.instance(request)
    given = [name for name in ("id", "url", "identifier") if name in arguments]
    if len(given) != 1:
        raise Invalid(
            "The artifact is named by one of the parameters `id`, `url` (with or without `version`) and"
            " `identifier`.",
            issue_code="required",
            expression=("http.url",),
        )
    version = arguments.one("version")
    if version is not None and "url" not in arguments:
        raise invocation.refusal("version", "it goes with `url`.")
    named = arguments.one(given[0])
    if given == ["id"]:
        reference = f"{request.type_name}/{named}"
        if stored.is_gone(reference):
            raise invocation.refusal("id", f"`{reference}` was deleted.", issue_code="deleted", error=Gone)
        found = stored.resource(stored.read(request.type_name, named))
    elif given == ["url"]:
        named = f"{named}|{version}" if version else named
        found = stored.canonical(request.type_name, named)
    else:
        found = _identified(invocation, stored, services)
    if found is None:
        raise invocation.refusal(
            given[0],
            f"there is no {request.type_name} `{named}` here.",
            issue_code="not-found",
            error=NotFound,
        )
    return found


def _identified(invocation: Invocation, stored: Stored, services: Services) -> Resource | None:
    request = invocation.request
    if request.type_name not in invocation.readable:
        return None
    parameters = services.search_parameters[request.release.name]
    pairs = (("identifier", invocation.arguments.one("identifier")), ("_count", "2"))
    query = parse_query(pairs, request.type_name, parameters, context=Context(now=services.now()))
    matches = services.store.search(request.release.name, query).matches
    if len(matches) > 1:
        raise invocation.refusal(
            "identifier",
            f"several {request.type_name} resources have it; name one by `url` or `id`.",
            issue_code="multiple-matches",
        )
    return stored.resource(matches[0]) if matches else None


def _versions(invocation: Invocation, stored: Stored) -> dict[str, str]:
    """URL -> version, of the manifest and of `artifactVersion`, which goes before it."""
    versions: dict[str, str] = {}
    canonical = invocation.arguments.one("manifest")
    if canonical:
        manifest = stored.canonical("Library", canonical)
        if manifest is None:
            raise invocation.refusal(
                "manifest", f"there is no Library `{canonical}` here.", issue_code="not-found", error=NotFound
            )
        depended = (one for one in manifest.get("relatedArtifact", ()) if one.get("type") == "depends-on")
        versions.update(_pinned(one.get("resource", "") for one in depended))
    versions.update(_pinned(iter(invocation.arguments.all("artifactVersion"))))
    return versions


def _pinned(canonicals: Iterator[str]) -> Iterator[tuple[str, str]]:
    for canonical in canonicals:
        url, _, version = canonical.partition("|")
        if version:
            yield url, version


def _bundle(invocation: Invocation, packaged: Sequence[Resource]) -> Resource:
    arguments, base = invocation.arguments, invocation.request.base
    offset, count = arguments.one("offset") or 0, arguments.one("count")
    for name in ("offset", "count"):
        if (arguments.one(name) or 0) < 0:
            raise invocation.refusal(name, "it is a whole number from 0.", issue_code="value")
    if count == 0:
        link = [{"relation": "self", "url": f"{base}/{invocation.request.path}"}]
        return {"resourceType": "Bundle", "type": "searchset", "total": len(packaged), "link": link}
    is_page = "offset" in arguments or count is not None
    page = packaged[offset : None if count is None else offset + count]
    entries = []
    for resource in page:
        name = f"{resource['resourceType']}/{resource['id']}"
        entry = {"fullUrl": f"{base}/{name}", "resource": resource}
        entries.append(entry if is_page else entry | {"request": {"method": "PUT", "url": name}})
    bundle: Resource = {"resourceType": "Bundle", "type": "collection" if is_page else "transaction"}
    return bundle | {"entry": entries} if entries else bundle


def _not_here(name: str, type_name: str, documentation: str, *, repeats: bool = False) -> Input:
    return Input(name, type_name, documentation, supported=False, maximum=None if repeats else 1)


_AT_TYPE = ("type",)

OPERATION = Operation(
    code="package",
    canonical="http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-package",
    title="Package an artifact",
    documentation="The artifact with everything it depends on that is here, as one Bundle.",
    levels=("type", "instance"),
    types=TYPES,
    handle=handle,
    inputs=(
        Input("id", "string", "The logical id of the artifact.", levels=_AT_TYPE),
        Input("url", "uri", "The canonical URL of the artifact.", levels=_AT_TYPE),
        Input("version", "string", "The version of the artifact, with `url`.", levels=_AT_TYPE),
        Input("identifier", "string", "A business identifier of it, as a token.", levels=_AT_TYPE),
        Input(
            "artifactVersion",
            "canonical",
            "url|version: the version that is meant where an artifact names this URL without one.",
            maximum=None,
            also=("canonicalVersion",),
        ),
        Input(
            "manifest", "canonical", "A Library whose depends-on artifacts say which versions are meant."
        ),
        Input("offset", "integer", "How many resources to leave out; the answer is then a collection."),
        Input("count", "integer", "How many resources to give at most; 0 asks how many there are."),
        Input(
            "include", "string", "Which kinds of resources to give.", maximum=None, allowed=tuple(_KINDS)
        ),
        _not_here("capability", "string", "Resources are given as they are stored.", repeats=True),
        _not_here("terminologyCapabilities", "canonical", "Value sets are given as they are stored."),
        _not_here("checkArtifactVersion", "canonical", "Use artifactVersion or a manifest.", repeats=True),
        _not_here("forceArtifactVersion", "canonical", "Use artifactVersion or a manifest.", repeats=True),
        _not_here("includeUri", "uri", "Use `include`.", repeats=True),
        _not_here("exclude", "string", "Use `include`.", repeats=True),
        _not_here("excludeUri", "uri", "Use `include`.", repeats=True),
        _not_here("packageOnly", "boolean", "Everything that is here is given."),
        _not_here("artifactEndpointConfiguration", "", "Only what is here is given.", repeats=True),
        _not_here("contentEndpoint", "Endpoint", "Only what is here is given."),
        _not_here("terminologyEndpoint", "Endpoint", "Only what is here is given."),
    ),
    outputs=(Output("return", "Bundle", "The artifact and what it depends on.", minimum=1),),
    failures=(410, 422),
)  # fmt: skip
