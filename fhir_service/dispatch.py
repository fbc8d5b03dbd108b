"""From a request to the interaction that answers it; HTTP, batch entries and the command line enter here.

https://hl7.org/fhir/R4/http.html

    find        the route that fits path and method    404 (unknown path), 405 (known path, other methods)
    authorise   who may do this                        401, 403
    check       type served here, id well formed       404, 400
    call        the interaction's own file, again when another writer was in the way
    compare     not the version it asks for, or one that it has    412, 304
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace

from fhir_service.errors import (
    Contended,
    Invalid,
    MethodNotAllowed,
    NotFound,
    NotSupported,
)
from fhir_service.exchange import Interaction, Pairs, Request, Response, Services
from fhir_service.fhir.etags import is_unchanged, require_current
from fhir_service.guidance import require_served
from fhir_service.routing import Routes
from fhir_service.security.guard import authorise

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)

# Two writers who met once seldom meet again, when each waits for a moment of its own choice.
_ATTEMPTS = 6
_LONGEST_WAIT = 0.05


def dispatch(request: Request, services: Services) -> Response:
    """Answer the request, or raise the ServiceError that says why not."""
    interaction, request = find(request, services)
    authorise(
        request.authorization, services.guard, interaction.code, request.type_name, needs=interaction.needs
    )
    request = check(request, interaction, services)
    conditions = request.conditions
    if interaction.writes and conditions.untold:
        header = conditions.untold[0]
        raise Invalid(f"{header} is empty, or not in ASCII.", expression=(f"http.{header}",))
    response = _call(request, interaction, services)
    if request.method != "GET":
        return response
    require_current(
        response.etag, response.last_modified, conditions.if_match, conditions.if_unmodified_since
    )
    if is_unchanged(
        response.etag, response.last_modified, conditions.if_none_match, conditions.if_modified_since
    ):
        return replace(response, status=304, body=None, media_type=None)
    return response


def find(request: Request, services: Services) -> tuple[Interaction, Request]:
    """The interaction that fits, and the request with what its path names filled in."""
    found = services.routes.find(request.method, request.path)
    if found is not None:
        interaction, named = found
        return interaction, request._replace(
            compartment=named.get("compartment", ""),
            type_name=named.get("type", interaction.type_name),
            logical_id=named.get("id", ""),
            version_id=named.get("version", ""),
        )
    allowed = services.routes.methods(request.path)
    if Routes(services.switched_off).find(request.method, request.path):
        raise MethodNotAllowed(
            "Nothing can be written here: the operator has set FHIR_SERVICE_WRITES=off.",
            allowed or ("OPTIONS",),
        )
    if not allowed:
        raise _unknown_path(request)
    raise MethodNotAllowed(
        f"{request.method} is not allowed on {request.path or '[base]'}; allowed: {', '.join(allowed)}.",
        allowed,
    )


def check(request: Request, interaction: Interaction, services: Services) -> Request:
    """The request with the parameters that count, if its type is served and its id is one."""
    operation = interaction.operation
    if operation is None or not operation.takes_unserved(interaction.level):
        for name in filter(None, (request.compartment, request.type_name)):
            require_served(name, request.release, services)
    if request.logical_id and not _ID.fullmatch(request.logical_id):
        raise Invalid(
            f"`{request.logical_id}` is not a logical id; allowed: 1 to 64 of A-Z a-z 0-9 - .",
            issue_code="value",
            expression=("http.id",),
        )
    if interaction.searches or operation or not request.parameters:
        return request  # searches and operations read their parameters themselves
    parameters = known_parameters(request, interaction)
    return request if parameters == request.parameters else request._replace(parameters=parameters)


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
        elif not request.lenient or interaction.writes:
            names = ", ".join((*known, "_format", "_pretty"))
            raise NotSupported(
                f"The parameter `{name}` is not supported by {interaction.code}; allowed: {names}.",
                expression=(f"http.{name}",),
            )
    return tuple(kept)


def _call(request: Request, interaction: Interaction, services: Services) -> Response:
    for attempt in range(1, _ATTEMPTS):
        try:
            return interaction.handle(request, services)
        except Contended:
            time.sleep(random.uniform(0, _LONGEST_WAIT * attempt))
    return interaction.handle(request, services)


def _unknown_path(request: Request) -> NotFound:
    """A path without a route; what FHIR defines but is not done here is `not-supported`."""
    path = request.path
    last = path.rpartition("/")[2]
    if last.startswith("$"):
        code = last[1:]
        defined = any(one["code"] == code for one in request.release.operations.values())
        told = "FHIR's operation `{}` is not done" if defined else "There is no operation `{}`"
        return NotFound(
            f"{told.format(last)} at `{path}`; /metadata lists those there are.", issue_code="not-supported"
        )
    return NotFound(
        f"There is nothing at `{path}`; paths are metadata, [type], [type]/[id], [type]/[id]/[type], "
        "[type]/[id]/_history/[version] and _history after any of them, with the type's capital letters."
    )
