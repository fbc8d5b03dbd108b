"""The paths of FHIR in openapi.yaml: each interaction and operation at each base.

https://hl7.org/fhir/R4/http.html and https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fhir_service.delivery.fhir.bases import PREFIX
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.exchange import Interaction, Route
from fhir_service.releases import R4, Release
from fhir_service.search.definitions import SearchParameters

from . import operations
from .answers import status_name, success_name
from .bodies import request_body
from .parameters import search_key
from .parts import Json, reference

_FAILURES_OF_ANY = (400, 401, 403, 404, 406)
_FAILURES_OF_SEARCH_BODY = (413, 415)
_FAILURES_OF_READS = (412,)
_FAILURES_OF_WRITES = (405, 503)

_PATH_PARAMETERS: Mapping[str, Json] = {
    "id": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
    "version": {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
    # The compartments are the same ones in every release.
    "compartment": {"type": "string", "enum": sorted(R4.compartments)},
}


def paths(
    interactions: Sequence[Interaction],
    releases: Mapping[str, Release],
    types: Mapping[str, frozenset[str]],
    search_parameters: Mapping[str, SearchParameters],
) -> Json:
    """The common base, then that of each release; the mappings are by release name."""
    found: Json = {}
    every_type = sorted(frozenset[str]().union(*types.values()))
    for interaction, route in _routes(interactions):
        _add(found, PREFIX, route, _operation(interaction, route, _told(None)), every_type)
    _add_operations(found, PREFIX, interactions, None, every_type)
    for name, release in releases.items():
        base, served = f"{PREFIX}/{name}", sorted(types[name])
        _add_operations(found, base, interactions, release, served)
        for interaction, route in _routes(interactions):
            operation = _operation(interaction, route, _told(release))
            # A path for each type, for each has search parameters of its own.
            each = served if route.path == "{type}" else ["Resource"]
            for type_name in each:
                references = [
                    reference("parameters", search_key(release, parameter))
                    for parameter in search_parameters[name].for_type(type_name).values()
                    if interaction.searches and route.method == "GET"
                ]
                concrete = Route(route.method, type_name) if route.path == "{type}" else route
                _add(found, base, concrete, _asked(operation, references), served)
    return found


def _routes(interactions: Sequence[Interaction]) -> Iterator[tuple[Interaction, Route]]:
    """Of all but operations, which have query parameters of their own."""
    for interaction in interactions:
        if not interaction.operation:
            for route in interaction.routes:
                yield interaction, route


def _add_operations(
    paths: Json, base: str, interactions: Sequence[Interaction], release: Release | None, types: Sequence[str]
) -> None:
    for interaction, route, queries in operations.described(interactions, release, types):
        operation = _operation(interaction, route, _told(release))
        _add(paths, base, route, _asked(operation, queries), types)


def _told(release: Release | None) -> str:
    return f"FHIR {release.label}" if release else "the release that Accept asks for"


def _asked(operation: Json, parameters: Sequence[Json]) -> Json:
    """The operation with these parameters before its own."""
    return {**operation, "parameters": [*parameters, *operation["parameters"]]}


def _add(paths: Json, base: str, route: Route, operation: Json, types: Sequence[str]) -> None:
    """Put the operation at its path, with a path parameter for each placeholder."""
    segments = [segment[1:-1] for segment in route.path.split("/") if segment.startswith("{")]
    known = {**_PATH_PARAMETERS, "type": {"type": "string", "enum": list(types)}}
    named = [{"name": name, "in": "path", "required": True, "schema": known[name]} for name in segments]
    paths.setdefault(f"{base}/{route.path}".rstrip("/"), {})[route.method.lower()] = _asked(operation, named)


def _operation(interaction: Interaction, route: Route, where: str) -> Json:
    media_types = interaction.media_types or ((FORM,) if route.method == "POST" else ())
    failures = {*_FAILURES_OF_ANY, *interaction.failures}
    if media_types == (FORM,):
        failures.update(_FAILURES_OF_SEARCH_BODY)
    if route.method == "GET":
        failures.update(_FAILURES_OF_READS)
    if interaction.writes:
        failures.update(_FAILURES_OF_WRITES)
    responses: Json = {
        str(status): reference("responses", success_name(interaction, status))
        for status in interaction.successes
    }
    if route.method == "GET":
        responses["304"] = reference("responses", "NotModified")
    responses |= {str(status): reference("responses", status_name(status)) for status in sorted(failures)}
    headers = ["Prefer", *_headers_of(interaction, route)]
    described: Json = {
        "summary": f"{interaction.summary} ({where})",
        "tags": [interaction.code],
        "parameters": [
            *(reference("parameters", parameter.name) for parameter in interaction.parameters),
            *(reference("parameters", name) for name in ("_format", "_pretty", *headers)),
        ],
        "responses": responses,
    }
    if media_types:
        described["requestBody"] = request_body(interaction, media_types)
    return described


def _headers_of(interaction: Interaction, route: Route) -> Sequence[str]:
    if route.method == "GET":
        return ("If-Match", "If-None-Match", "If-Modified-Since")
    if interaction.code == "create":
        return ("If-None-Exist",)
    return ("If-Match", "If-None-Match") if interaction.writes else ()
