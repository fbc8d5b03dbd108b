"""From a request to the interaction that answers it; HTTP, batch entries and the command line enter here.

https://hl7.org/fhir/R4/http.html

    find        the route that fits path and method    404 (unknown path), 405 (known path, other methods)
    authorise   reading is open                        nothing to refuse while nothing can be written
    check       type served here, id well formed       404, 400
    call        the interaction's own file
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from fhir_service.errors import Invalid, MethodNotAllowed, NotFound, NotSupported
from fhir_service.exchange import Interaction, Pairs, Request, Response, Services
from fhir_service.guidance import require_served
from fhir_service.interactions import INTERACTIONS

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_SEGMENTS = {
    "{type}": "(?P<type>[A-Z][A-Za-z]*)",
    "{id}": "(?P<id>[^/_$][^/]*)",
    "{version}": "(?P<version>[^/]+)",
}


def dispatch(request: Request, services: Services) -> Response:
    """Answer the request, or raise the ServiceError that says why not."""
    interaction, request = find(request)
    if request.type_name:
        require_served(request.type_name, request.release, services)
    if request.logical_id and not _ID.fullmatch(request.logical_id):
        raise Invalid(
            f"`{request.logical_id}` is not a logical id; allowed: 1 to 64 of A-Z a-z 0-9 - .",
            issue_code="value",
            expression=("http.id",),
        )
    if not interaction.searches:
        request = replace(request, parameters=known_parameters(request, interaction))
    return interaction.handle(request, services)


def find(request: Request) -> tuple[Interaction, Request]:
    """The interaction that fits, and the request with what its path names filled in."""
    allowed = allowed_methods(request.path)
    if not allowed:
        raise _unknown_path(request)
    for interaction, method, pattern in _routes():
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            named = match.groupdict()
            return interaction, replace(
                request,
                type_name=named.get("type", ""),
                logical_id=named.get("id", ""),
                version_id=named.get("version", ""),
            )
    raise MethodNotAllowed(
        f"{request.method} is not allowed on {request.path}; allowed: {', '.join(allowed)}.", allowed
    )


def allowed_methods(path: str) -> tuple[str, ...]:
    """Every method that a path below the base answers; none when no route has it."""
    methods = {method for _, method, pattern in _routes() if pattern.fullmatch(path)}
    return _with_companions(methods) if methods else ()


def known_parameters(request: Request, interaction: Interaction) -> Pairs:
    """The parameters that a non-search interaction takes; others are refused, or dropped when lenient."""
    known = {parameter.name: parameter for parameter in interaction.parameters}
    kept = []
    for name, value in request.parameters:
        if name in known:
            allowed = known[name].allowed
            if allowed and value not in allowed:
                raise NotSupported(
                    f"{name}={value} is not supported; allowed: {', '.join(allowed)}.",
                    expression=(f"http.{name}",),
                )
            kept.append((name, value))
        elif not request.lenient:
            names = ", ".join((*known, "_format", "_pretty"))
            raise NotSupported(
                f"The parameter `{name}` is not supported by {interaction.code}; allowed: {names}.",
                expression=(f"http.{name}",),
            )
    return tuple(kept)


def _with_companions(methods: Iterable[str]) -> tuple[str, ...]:
    order = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    found = {*methods, "OPTIONS"}
    if "GET" in found:
        found.add("HEAD")
    return tuple(method for method in order if method in found)


@cache
def _routes() -> tuple[tuple[Interaction, str, re.Pattern[str]], ...]:
    return tuple(
        (interaction, route.method, _pattern(route.path))
        for interaction in INTERACTIONS
        for route in interaction.routes
    )


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/".join(_SEGMENTS.get(segment, re.escape(segment)) for segment in path.split("/")))


def _unknown_path(request: Request) -> NotFound:
    """A path without a route; what FHIR defines but is not done here is `not-supported`."""
    path = request.path
    last = path.rpartition("/")[2]
    if last.startswith("$"):
        return NotFound(f"The operation `{last}` is not supported.", issue_code="not-supported")
    if path == "":
        return NotFound(
            "System-level search, batch and transaction are not supported; /metadata lists what is.",
            issue_code="not-supported",
        )
    if last == "_history":
        return NotFound(
            "history is not supported; one version is read at [type]/[id]/_history/[version].",
            issue_code="not-supported",
        )
    return NotFound(
        f"There is nothing at `{path}`; paths are metadata, [type], [type]/[id] and "
        "[type]/[id]/_history/[version], with the type's capital letters."
    )
