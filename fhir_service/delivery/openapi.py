"""openapi.yaml, written from the registries that route requests: what is not routed cannot be described.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from fhir_service.bodies import JSON_PATCH
from fhir_service.delivery import (
    openapi_auth,
    openapi_cds_hooks,
    openapi_infobutton,
    openapi_operations,
    openapi_packages,
    openapi_pages,
)
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.delivery.fhir.routes import PREFIX
from fhir_service.exchange import Interaction, Parameter, Route
from fhir_service.formats import FORMATS
from fhir_service.releases import R4, Release
from fhir_service.search.definitions import SearchParameter, SearchParameters
from fhir_service.served_types import ABSENCE, served_types
from fhir_service.version import NAME, VERSION

Json = dict[str, Any]

FILE = Path(__file__).resolve().parents[2] / "openapi.yaml"

_DESCRIPTION = f"""\
Patient education topics as FHIR resources, the same content in R4, R4B and R5.

{ABSENCE}

Every GET answers HEAD too. Each failure is an OperationOutcome. A search parameter may be given several times
(all must match), may hold several values separated by commas (one must match), and takes the modifiers of its
type after a colon. Writing is done where the operator allows it (`FHIR_SERVICE_WRITES`), else it answers 405.
At `{PREFIX}` the `fhirVersion` parameter of Accept chooses the release; without it, R4
answers.
"""

_STATUS = {
    400: "The request is malformed, or names a parameter that is not supported",
    401: "An access token is needed, or the one that was sent is refused",
    403: "The access token does not allow this",
    404: "There is no such resource, or its type is not served here",
    405: "Nothing can be written here",
    406: "No format or release that is offered fits Accept or _format",
    409: "The resource belongs to a package, or another request wrote it at the same time",
    410: "The resource was deleted",
    412: "A condition of the request does not hold, or its criteria match several resources",
    413: "The body is too large",
    415: "The body has a media type that is not taken here",
    422: "The body is no valid resource, or a rule of the service forbids it",
    503: "The database does not answer in time; try again later",
}
_FAILURES_OF_ANY = (400, 401, 403, 404, 406)
_FAILURES_OF_SEARCH_BODY = (413, 415)
_FAILURES_OF_READS = (412,)
_FAILURES_OF_WRITES = (405, 503)

_PATH_PARAMETERS: Mapping[str, Json] = {
    "id": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
    "version": {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
}
_DATE = r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
_VALUES: Mapping[str, Json] = {"date": {"type": "string", "pattern": _DATE}}
_TEXT: Json = {"type": "string", "minLength": 1}


def document(
    interactions: Sequence[Interaction],
    releases: Mapping[str, Release],
    types: Mapping[str, frozenset[str]],
    search_parameters: Mapping[str, SearchParameters],
) -> Json:
    """The OpenAPI document of what these registries answer; the mappings are by release name."""
    paths = {
        **_health_paths(),
        **openapi_auth.paths(_fhir_content("OperationOutcome")),
        **openapi_packages.paths(),
        **openapi_cds_hooks.paths(_reference("schemas", "OperationOutcome")),
        **openapi_pages.paths(),
        **openapi_infobutton.paths(),
    }
    called = [interaction for interaction in interactions if interaction.operation]
    interactions = [interaction for interaction in interactions if not interaction.operation]
    own = [parameter for interaction in interactions for parameter in interaction.parameters]
    parameters = {parameter.name: _own_parameter(parameter) for parameter in own} | _common_parameters()
    parameters |= openapi_operations.components(called, releases.values())
    parameters |= openapi_infobutton.components()
    every_type = sorted(frozenset[str]().union(*types.values()))
    for interaction in interactions:
        for route in interaction.routes:
            operation = _operation(interaction, route, "the release that Accept asks for")
            _add(paths, PREFIX, route, operation, every_type)
    _add_operations(paths, PREFIX, called, None, every_type)
    for name, release in releases.items():
        _add_operations(paths, f"{PREFIX}/{name}", called, release, sorted(types[name]))
        for interaction in interactions:
            for route in interaction.routes:
                operation = _operation(interaction, route, f"FHIR {release.label}")
                # A path for each type, for each has search parameters of its own.
                each = sorted(types[name]) if route.path == "{type}" else ["Resource"]
                for type_name in each:
                    references = [
                        _component(parameters, release, parameter)
                        for parameter in search_parameters[name].for_type(type_name).values()
                        if interaction.searches and route.method == "GET"
                    ]
                    concrete = Route(route.method, type_name) if route.path == "{type}" else route
                    described = {**operation, "parameters": [*references, *operation["parameters"]]}
                    _add(paths, f"{PREFIX}/{name}", concrete, described, sorted(types[name]))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": NAME,
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "parameters": parameters,
            "headers": _headers(),
            "requestBodies": _request_bodies([*interactions, *called]),
            "responses": _responses([*interactions, *called]),
            "schemas": _schemas() | openapi_infobutton.schemas(),
        },
    }


def _add_operations(
    paths: Json, base: str, called: Sequence[Interaction], release: Release | None, types: Sequence[str]
) -> None:
    where = f"FHIR {release.label}" if release else "the release that Accept asks for"
    for interaction, route, queries in openapi_operations.described(called, release, types):
        operation = _operation(interaction, route, where)
        _add(paths, base, route, {**operation, "parameters": [*queries, *operation["parameters"]]}, types)


def _add(paths: Json, base: str, route: Route, operation: Json, types: Sequence[str]) -> None:
    """Put the operation at its path, with a path parameter for each placeholder."""
    segments = [segment[1:-1] for segment in route.path.split("/") if segment.startswith("{")]
    # The compartments are the same ones in every release.
    known = {
        **_PATH_PARAMETERS,
        "compartment": {"type": "string", "enum": sorted(R4.compartments)},
        "type": {"type": "string", "enum": list(types)},
    }
    named = [{"name": name, "in": "path", "required": True, "schema": known[name]} for name in segments]
    paths.setdefault(f"{base}/{route.path}".rstrip("/"), {})[route.method.lower()] = {
        **operation,
        "parameters": named + operation["parameters"],
    }


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
        str(status): _reference("responses", _success_name(interaction, status))
        for status in interaction.successes
    }
    if route.method == "GET":
        responses["304"] = _reference("responses", "NotModified")
    responses |= {str(status): _reference("responses", _status_name(status)) for status in sorted(failures)}
    headers = ["Prefer", *_headers_of(interaction, route)]
    described: Json = {
        "summary": f"{interaction.summary} ({where})",
        "tags": [interaction.code],
        "parameters": [
            *(_reference("parameters", parameter.name) for parameter in interaction.parameters),
            *(_reference("parameters", name) for name in ("_format", "_pretty", *headers)),
        ],
        "responses": responses,
    }
    if media_types:
        described["requestBody"] = _request_body(interaction, media_types)
    return described


def _headers_of(interaction: Interaction, route: Route) -> Sequence[str]:
    if route.method == "GET":
        return ("If-Match", "If-None-Match", "If-Modified-Since")
    if interaction.code == "create":
        return ("If-None-Exist",)
    return ("If-Match", "If-None-Match") if interaction.writes else ()


def _request_body(interaction: Interaction, media_types: Sequence[str]) -> Json:
    """The specification says what a resource is; here only what tells one body from another."""
    if media_types == (FORM,):
        return {"content": {FORM: {"schema": {"type": "object"}}}}
    return _reference("requestBodies", _BODIES.get(interaction.code, "Written"))


_BODIES = {"patch": "Patch", "batch": "Batch", "operation": "Invocation"}


def _request_bodies(interactions: Sequence[Interaction]) -> Json:
    bodies: Json = {}
    for interaction in interactions:
        if interaction.media_types and interaction.routes:
            name = _request_body(interaction, interaction.media_types)["$ref"].rpartition("/")[2]
            content = {media_type: _body_schema(media_type, name) for media_type in interaction.media_types}
            # An operation may have all its parameters in the query.
            bodies[name] = {"required": name != "Invocation", "content": content}
    return bodies


def _body_schema(media_type: str, name: str) -> Json:
    if media_type == JSON_PATCH:
        return {"schema": {"type": "array", "items": {"type": "object"}}}
    if "json" not in media_type:
        return {"schema": {"type": "string"}}
    resource_type: Json = {"Patch": {"const": "Parameters"}, "Batch": {"const": "Bundle"}}.get(name, _TEXT)
    properties = {"resourceType": resource_type}
    if name == "Batch":
        properties["type"] = {"enum": ["batch", "transaction"]}
    return {"schema": {"type": "object", "required": list(properties), "properties": properties}}


def _own_parameter(parameter: Parameter) -> Json:
    schema: Json = {"type": "string", "enum": list(parameter.allowed)} if parameter.allowed else dict(_TEXT)
    return {"name": parameter.name, "in": "query", "description": parameter.documentation, "schema": schema}


def _component(parameters: Json, release: Release, parameter: SearchParameter) -> Json:
    """A reference to the parameter's entry; types that share a definition share the entry."""
    key = f"{release.name}.{parameter.url.rpartition('/')[2]}"
    parameters.setdefault(
        key,
        {
            "name": parameter.code,
            "in": "query",
            "description": f"{parameter.type}, {parameter.url}",
            "schema": {"type": "array", "items": _VALUES.get(parameter.type, _TEXT)},
        },
    )
    return _reference("parameters", key)


def _common_parameters() -> Json:
    return {
        "_format": {
            "name": "_format",
            "in": "query",
            "description": "The format of the answer; overrides Accept",
            "schema": {"type": "string", "enum": [f.CODE for f in FORMATS] + _media_types()},
        },
        "_pretty": {
            "name": "_pretty",
            "in": "query",
            "description": "Whether the answer is broken into lines",
            "schema": {"type": "string", "enum": ["true", "false"]},
        },
        "Prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "`handling=lenient` ignores unknown parameters of a search, and says so in the "
            "answer; `return` says what a write answers",
            "schema": {
                "type": "string",
                "enum": [
                    "handling=strict",
                    "handling=lenient",
                    "respond-async",
                    "return=minimal",
                    "return=representation",
                    "return=OperationOutcome",
                ],
            },
        },
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "ETags that the client has; `*` with a write: only if there is none",
            "schema": {"type": "string", "examples": ['W/"1"']},
        },
        "If-Match": {
            "name": "If-Match",
            "in": "header",
            "description": "ETags of which one must be the current version's",
            "schema": {"type": "string", "examples": ['W/"1"']},
        },
        "If-None-Exist": {
            "name": "If-None-Exist",
            "in": "header",
            "description": "A search: nothing is created when it has a match",
            "schema": {"type": "string", "examples": ["identifier=urn:system|value"]},
        },
        "If-Modified-Since": {
            "name": "If-Modified-Since",
            "in": "header",
            "description": "When the client last asked; only looked at without If-None-Match",
            "schema": {"type": "string"},
        },
    }


def _headers() -> Json:
    return {
        "ETag": {"description": "The version, as a weak validator", "schema": {"type": "string"}},
        "Last-Modified": {"description": "When the version was made", "schema": {"type": "string"}},
    }


def _validators() -> Json:
    return {name: _reference("headers", name) for name in _headers()}


def _success_name(interaction: Interaction, status: int) -> str:
    """The schema of the interaction's answer, which is also the name of its response."""
    if status == 204:
        return "Deleted"
    if status == 202:
        return "Accepted"
    if interaction.writes:
        return "Created" if status == 201 else "Written"
    return _ANSWERS.get(interaction.code, "Resource")


_ANSWERS = {
    "search-type": "Bundle",
    "search-system": "Bundle",
    "search-compartment": "Bundle",
    "history-instance": "History",
    "history-type": "History",
    "history-system": "History",
    "batch": "Responses",
    "capabilities": "CapabilityStatement",
    "operation": "Answer",
    "export-status": "Manifest",
    "export-output": "Ndjson",
    "export-deleted": "Ndjson",
}


def _success(name: str) -> Json:
    if name == "Deleted":
        return {"description": "There is no such resource, or no more"}
    if name in ("Created", "Written"):
        told = "created" if name == "Created" else "written, or an OperationOutcome about it"
        # Without a schema: with `Prefer: return=minimal` there is no body.
        return {"description": f"The resource that was {told}", "headers": _validators()}
    if name == "Accepted":
        return {"description": "It is being done; Content-Location and X-Progress say more"}
    if name == "Manifest":
        content = {"application/json": {"schema": _reference("schemas", name)}}
        return {"description": "What an export holds, and where", "content": content}
    if name == "Ndjson":
        return {"description": "One resource a line", "content": {"application/fhir+ndjson": {}}}
    content = _fhir_content(name)
    if name == "Resource":
        content["*/*"] = {
            "schema": {"description": "A Binary's own content, unless a FHIR type is asked for"}
        }
    return {"description": f"A {name}", "headers": _validators(), "content": content}


def _responses(interactions: Sequence[Interaction]) -> Json:
    names = {_success_name(one, status): None for one in interactions for status in one.successes}
    successes = {name: _success(name) for name in names}
    unchanged = {"description": "The client has the current version", "headers": _validators()}
    failures = {_status_name(status): _failure(status) for status in sorted(_STATUS)}
    return {**successes, "NotModified": unchanged, **failures}


def _failure(status: int) -> Json:
    return {"description": _STATUS[status], "content": _fhir_content("OperationOutcome")}


def _fhir_content(schema: str) -> Json:
    return {media_type: {"schema": _reference("schemas", schema)} for media_type in _media_types()}


def _media_types() -> list[str]:
    return [media_type for format in FORMATS for media_type in format.MEDIA_TYPES]


def _schemas() -> Json:
    """Enough of FHIR to tell the answers apart; the specification's own schemas say the rest."""

    def resource(name: str, required: Sequence[str], properties: Json) -> Json:
        properties = {"resourceType": {"const": name}, **properties}
        return {"type": "object", "required": ["resourceType", *required], "properties": properties}

    texts = {"type": "string", "minLength": 1}
    issue = {
        "type": "object",
        "required": ["severity", "code", "diagnostics"],
        "properties": {
            "severity": {"enum": ["fatal", "error", "warning", "information"]},
            "code": texts,
            "diagnostics": texts,
            "expression": {"type": "array", "items": texts},
        },
    }
    return {
        "Resource": {
            "type": "object",
            "required": ["resourceType", "id"],
            "properties": {"resourceType": texts, "id": texts},
        },
        "Answer": {
            "type": "object",
            "description": "A Parameters, or the one resource that the operation gives",
            "required": ["resourceType"],
            "properties": {"resourceType": texts},
        },
        "Manifest": {
            "type": "object",
            "required": ["transactionTime", "request", "requiresAccessToken", "output", "error"],
            "properties": {
                "transactionTime": texts,
                "request": texts,
                "requiresAccessToken": {"type": "boolean"},
                "output": {"type": "array", "items": {"type": "object"}},
                "deleted": {"type": "array", "items": {"type": "object"}},
                "error": {"type": "array", "items": {"type": "object"}},
            },
        },
        "Bundle": resource(
            "Bundle",
            ["type", "link"],
            {
                "type": {"const": "searchset"},
                "total": {"type": "integer", "minimum": 0},
                "link": {"type": "array", "minItems": 1, "items": {"type": "object"}},
                "entry": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            },
        ),
        "History": resource(
            "Bundle",
            ["type", "link", "total"],
            {"type": {"const": "history"}, "entry": {"type": "array", "minItems": 1}},
        ),
        "Responses": resource(
            "Bundle",
            ["type"],
            {
                "type": {"enum": ["batch-response", "transaction-response"]},
                "entry": {"type": "array", "minItems": 1},
            },
        ),
        "CapabilityStatement": resource(
            "CapabilityStatement",
            ["status", "date", "kind", "fhirVersion", "format", "rest"],
            {"fhirVersion": texts, "rest": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
        ),
        "OperationOutcome": resource(
            "OperationOutcome", ["issue"], {"issue": {"type": "array", "minItems": 1, "items": issue}}
        ),
    }


def _health_paths() -> Json:
    def probe(summary: str, statuses: Mapping[str, str]) -> Json:
        content = {
            "application/json": {"schema": {"type": "object", "properties": {"status": {"type": "string"}}}}
        }
        responses = {status: {"description": text, "content": content} for status, text in statuses.items()}
        return {"get": {"summary": summary, "tags": ["health"], "responses": responses}}

    return {
        "/livez": probe("Whether the process lives", {"200": "It does"}),
        "/readyz": probe(
            "Whether it can answer",
            {"200": "It can", "503": "The database does not answer, or its index is not built yet"},
        ),
    }


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _status_name(status: int) -> str:
    return f"Status{status}"


class _Plain(yaml.SafeDumper):
    """Without anchors: a reader of the file should not have to look for what `*id001` is."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _write_text)


def to_yaml(content: Json) -> str:
    """The document as text, with the line that says where it comes from."""
    body = yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    return f"# Written by `fhir-service openapi`; do not edit.\n{body}"


def current_document() -> Json:
    """The document of the service as it is: what `openapi.yaml` must hold."""
    from fhir_service.content.published import search_parameters
    from fhir_service.interactions import INTERACTIONS
    from fhir_service.operations import OPERATIONS, export_status
    from fhir_service.operations.routing import interactions_of
    from fhir_service.releases import RELEASES

    types = {name: served_types(release, "content") for name, release in RELEASES.items()}
    interactions = (*INTERACTIONS, *interactions_of(OPERATIONS), *export_status.INTERACTIONS)
    return document(interactions, RELEASES, types, search_parameters())


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the file is what would be written.")
def openapi(check: bool) -> None:
    """Write openapi.yaml from the registries that route requests."""
    text = to_yaml(current_document())
    if not check:
        FILE.write_text(text, encoding="utf-8")
        click.echo(f"{FILE.name}: written")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{FILE.name} is stale: run `make openapi` and commit it")
