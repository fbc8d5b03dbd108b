"""The FHIR packages of what is served, in the form of the npm registry that FHIR package clients ask.

https://confluence.hl7.org/display/FHIR/NPM+Package+Specification and
https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md

    GET /packages/{name}                             every version, with its checksums and where it is
    GET /packages/{name}/{version}                   the tarball, as the registry of FHIR has it
    GET /packages/{name}/-/{name}-{version}.tgz      the tarball, as npm's registry has it

Errors are the registry's, `{"error": "..."}`. Nothing can be published here: what is built is what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from flask import Blueprint, Response, jsonify, request

from fhir_service.content.package import NpmPackage
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT, kept
from fhir_service.delivery.cors import add_cors, answer_options
from fhir_service.delivery.failures import failure_of
from fhir_service.delivery.mounting import below, mount
from fhir_service.errors import MethodNotAllowed, NotFound
from fhir_service.security.guard import Guard, authorise
from fhir_service.settings import Settings

PREFIX = "/packages"
_METHODS = ("GET", "HEAD", "OPTIONS")
_TARBALL = "application/gzip"


def create_blueprint(settings: Settings, guard: Guard, packages: Callable[[], list[NpmPackage]]) -> Blueprint:
    """Every URL below /packages; the packages are made when the first client asks, and then kept."""
    blueprint = Blueprint("packages", __name__)

    @cache
    def by_name() -> Mapping[str, NpmPackage]:
        return {package.name: package for package in packages()}

    def answer(rest: str = "") -> Response:
        if request.method not in _METHODS:
            raise MethodNotAllowed("Nothing can be published here: allowed are GET and HEAD.", _METHODS)
        if request.method == "OPTIONS":
            return answer_options(request, _METHODS)
        authorise(request.headers.get("Authorization"), guard, "read")
        name, _, version = rest.strip("/").partition("/")
        package = by_name().get(name)
        if package is None:
            known = ", ".join(by_name()) or "none"
            raise NotFound(f"There is no package `{name}`; there are: {known}.")
        if not version:
            return kept(jsonify(document_of(package, base_url(request.environ, settings))))
        if version not in (package.version, f"-/{package.file_name}"):
            raise NotFound(f"There is no version `{version}` of {name}; there is: {package.version}.")
        response = Response(package.tarball, content_type=_TARBALL)
        response.headers["Content-Disposition"] = f'attachment; filename="{package.file_name}"'
        return kept(response)

    def finish(response: Response) -> Response:
        add_cors(response, request, settings)
        if guard.reads == "token":
            response.headers["Cache-Control"] = "private, no-cache"
            response.vary.add("Authorization")
        return response

    mount(blueprint, answer, *below(PREFIX))
    blueprint.register_error_handler(Exception, _failed)
    blueprint.after_request(finish)
    return blueprint


def document_of(package: NpmPackage, base: str) -> dict[str, Any]:
    """What npm calls a packument: the package with all its versions, of which there is one."""
    address = f"{base}{PREFIX}/{package.name}"
    dist = {
        "shasum": package.shasum,
        "integrity": package.integrity,
        "tarball": f"{address}/{package.version}",
    }
    version = {"_id": f"{package.name}@{package.version}", **package.manifest, "dist": dist}
    return {
        "_id": package.name,
        "name": package.name,
        "description": package.manifest["description"],
        "dist-tags": {"latest": package.version},
        "versions": {package.version: version},
    }


def _failed(error: Exception) -> Response:
    """Any failure in the registry's form."""
    failure = failure_of(error)
    response = jsonify(error=failure.text)
    response.status_code = failure.status
    response.headers.update(failure.headers)
    response.headers["Cache-Control"] = NOT_KEPT
    return response
