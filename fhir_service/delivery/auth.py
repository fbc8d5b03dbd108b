"""The token endpoint, and what tells clients where it is.

https://hl7.org/fhir/smart-app-launch/backend-services.html and
https://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known

Errors of the token endpoint are OAuth's, not OperationOutcomes: RFC 6749 section 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, jsonify, request

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT, REVALIDATED
from fhir_service.delivery.cors import add_cors, answer_options
from fhir_service.delivery.fhir.bases import PREFIX
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.delivery.wsgi import body_of
from fhir_service.errors import NotFound
from fhir_service.releases import RELEASES
from fhir_service.security.client_credentials import GRANT_TYPE, grant
from fhir_service.security.configuration import Security
from fhir_service.security.errors import OAuthError
from fhir_service.security.keys import ASSERTION_ALGORITHMS
from fhir_service.security.scopes import ACTIONS, every_type, written
from fhir_service.settings import Settings

TOKEN_PATH = "/auth/token"
WELL_KNOWN = ".well-known/smart-configuration"

_READING = ("GET", "HEAD", "OPTIONS")
_MOST_PARAMETERS = 20
_LARGEST_FORM = 1_000_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is routed here and told in openapi.yaml; `answers` says what each status means."""

    paths: tuple[str, ...]
    methods: tuple[str, ...]
    summary: str
    answers: Mapping[int, str]


TOKEN = Endpoint(
    (TOKEN_PATH,),
    ("POST",),
    "An access token for a client that signs an assertion (SMART Backend Services)",
    {
        200: "The access token",
        400: "The request, the assertion or the scope is refused",
        401: "An Authorization header was sent; the client proves who it is by its assertion",
        404: "This service issues no tokens",
        413: "The body is too large",
        503: "The database does not answer in time; try again later",
    },
)
SMART_CONFIGURATION = Endpoint(
    tuple(f"{base}/{WELL_KNOWN}" for base in (PREFIX, *(f"{PREFIX}/{name}" for name in RELEASES))),
    _READING,
    "Where tokens are issued, and for what",
    {
        200: "The SMART configuration",
        404: "No token is of use here",
    },
)


def create_blueprint(settings: Settings, security: Security) -> Blueprint:
    """`/auth/token`, and the SMART configuration below each FHIR base; both only where tokens are in use."""
    blueprint = Blueprint("auth", __name__)

    def token() -> Response:
        if security.authority is None:
            raise NotFound("This service issues no tokens.", issue_code="not-supported")
        try:
            granted = grant(_form(), base_url(request.environ, settings) + TOKEN_PATH, security.authority)
        except OAuthError as error:
            return _refused(error)
        return _never_stored(jsonify(asdict(granted)))

    def smart_configuration() -> Response:
        if request.method == "OPTIONS":
            response = answer_options(request, _READING)
        else:
            response = jsonify(smart_configuration_of(security, base_url(request.environ, settings)))
            response.headers["Cache-Control"] = REVALIDATED
        add_cors(response, request, settings)
        return response

    for path in TOKEN.paths:
        blueprint.add_url_rule(path, view_func=token, methods=TOKEN.methods)
    for path in SMART_CONFIGURATION.paths:
        blueprint.add_url_rule(
            path,
            view_func=smart_configuration,
            methods=SMART_CONFIGURATION.methods,
            provide_automatic_options=False,
        )
    return blueprint


def smart_configuration_of(security: Security, base: str) -> dict[str, Any]:
    """https://hl7.org/fhir/smart-app-launch/conformance.html#metadata; NotFound where no token is of use."""
    endpoints = [issuer.token_endpoint for issuer in security.issuers if issuer.token_endpoint]
    if security.authority is not None:
        endpoints.insert(0, base + TOKEN_PATH)
    if not endpoints:
        raise NotFound("There is no token endpoint for this service.", issue_code="not-supported")
    writable = security.guard.writes != "off"
    return {
        "token_endpoint": endpoints[0],
        "grant_types_supported": [GRANT_TYPE],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "scopes_supported": [written(every_type(ACTIONS if writable else "rs"))],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def _form() -> Mapping[str, str]:
    """The parameters of a token request; OAuthError for what is no plain form, or has a parameter twice."""
    if "Authorization" in request.headers:
        raise OAuthError("invalid_client", "Allowed: a client_assertion, and no Authorization header")
    if request.mimetype != FORM:
        raise OAuthError("invalid_request", f"Allowed Content-Type: {FORM}")
    try:
        pairs = parse_qsl(
            body_of(request.environ, _LARGEST_FORM).decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError:  # of which UnicodeDecodeError is one
        raise OAuthError("invalid_request", "The form cannot be read") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthError("invalid_request", "A parameter was given more than once")
    return form


def _refused(error: OAuthError) -> Response:
    response = jsonify(error=error.error, error_description=error.description)
    response.status_code = 400
    if "Authorization" in request.headers:
        # RFC 6749 section 5.2 asks for both, in the scheme that the client tried.
        response.status_code = 401
        response.headers["WWW-Authenticate"] = 'Basic realm="use private_key_jwt"'
    return _never_stored(response)


def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = NOT_KEPT
    response.headers["Pragma"] = "no-cache"
    return response
