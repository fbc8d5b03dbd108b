"""Operations as interactions: so they are routed, authorised, advertised and done in a batch as those are.

https://hl7.org/fhir/R4/operations.html#executing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_service.bodies import FHIR_MEDIA_TYPES, read_resource
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.operations.arguments import read_arguments
from fhir_service.operations.declaration import EVERY_TYPE, Operation
from fhir_service.operations.invocation import Invocation, answered
from fhir_service.security.guard import authorise
from fhir_service.security.scopes import covered_types

CODE = "operation"

_PATHS = {"system": "${code}", "type": "{type}/${code}", "instance": "{type}/{{id}}/${code}"}


def interactions_of(operations: Iterable[Operation]) -> tuple[Interaction, ...]:
    """An interaction for each level and resource type of each operation."""
    return tuple(
        _interaction(operation, level, type_name)
        for operation in operations
        for level, type_name in operation.routed()
    )


def _interaction(operation: Operation, level: str, type_name: str) -> Interaction:
    any_type = (type_name,) == EVERY_TYPE
    path = _PATHS[level].format(code=operation.code, type="{type}" if any_type else type_name)
    methods = ("GET", "POST") if operation.takes_get else ("POST",)

    def handle(request: Request, services: Services) -> Response:
        return invoke(operation, level, request, services)

    return Interaction(
        code=CODE,
        level=level,
        routes=tuple(Route(method, path) for method in methods),
        summary=operation.title,
        handle=handle,
        successes=operation.successes,
        failures=(405, 413, 415, 422, *operation.failures),
        media_types=FHIR_MEDIA_TYPES,
        operation=operation,
        type_name="" if any_type else type_name,
        needs=operation.needs,
    )


def invoke(operation: Operation, level: str, request: Request, services: Services) -> Response:
    """Read the arguments, call the operation, and make its resource the answer."""
    allowed = authorise(request.authorization, services.guard, CODE, request.type_name, needs=operation.needs)
    arguments = read_arguments(
        operation.inputs_at(level), request.release, request.parameters, _body(request), services.validate
    )
    invocation = Invocation(
        operation=operation,
        level=level,
        request=request,
        arguments=arguments,
        readable=covered_types(allowed, services.types[request.release.name], "r"),
    )
    result: dict[str, Any] | Response = operation.handle(invocation, services)
    return result if isinstance(result, Response) else answered(operation, result)


def _body(request: Request) -> dict[str, Any] | None:
    """The resource that was sent; a POST may also have its parameters in the query alone."""
    content = request.content
    if content is None or (content.resource is None and not content.data):
        return None
    return read_resource(request)


def unserved_types(interactions: Iterable[Interaction]) -> frozenset[str]:
    """The types of which there is at least an operation, whether or not they are served."""
    return frozenset(
        one.type_name for one in interactions if one.operation and one.operation.takes_unserved(one.level)
    )


def offered(
    interactions: Iterable[Interaction], type_name: str, *, is_served: bool = True
) -> Iterator[Operation]:
    """The operations on a resource type, or with "" those of the system, each once."""
    seen: dict[str, Operation] = {}
    for one in interactions:
        if one.operation is None or (one.level == "system") != (type_name == ""):
            continue
        if not is_served and not one.operation.takes_unserved(one.level):
            continue
        if one.type_name in ("", type_name):
            seen.setdefault(one.operation.code, one.operation)
    yield from seen.values()
