"""One call of an operation, and what it answers.

https://hl7.org/fhir/R4/operations.html#executing
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_service.errors import Invalid, ServiceError
from fhir_service.exchange import Request, Response
from fhir_service.formats import fhir_json
from fhir_service.operations.arguments import Arguments
from fhir_service.operations.declaration import ANY, Operation, Output
from fhir_service.releases import Release

Given = Mapping[str, Any]
"""Output name -> its value, or a list of values; of a parameter with parts, a Given; of ANY, a Typed."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A value of a parameter that may have any type: `Typed("Coding", {...})`."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """`readable` are the resource types that the caller may read and search."""

    operation: Operation
    level: str
    request: Request
    arguments: Arguments
    readable: frozenset[str]

    @property
    def release(self) -> Release:
        return self.request.release

    def name(self, name: str) -> str:
        """What the client's release calls the parameter."""
        found = next(one for one in self.operation.inputs if one.name == name)
        return found.name_for(self.release.name)

    def refusal(
        self,
        name: str,
        text: str,
        *,
        issue_code: str = "invalid",
        error: type[ServiceError] = Invalid,
    ) -> ServiceError:
        """An error about one parameter, to be raised: "Parameter `url`: ..."."""
        shown = self.name(name)
        expression = self.arguments.expression(name) or (f"http.{shown}",)
        return error(f"Parameter `{shown}`: {text}", issue_code=issue_code, expression=expression)

    def parameters(self, given: Given) -> dict[str, Any]:
        """A Parameters of the outputs, under the names of the client's release; None is left out.

        An output that the release does not define is left out too.
        """
        listed = list(_parameters(given, self.operation.outputs, self.release.name))
        answer: dict[str, Any] = {"resourceType": "Parameters"}
        return answer | {"parameter": listed} if listed else answer


def _parameters(given: Given, outputs: Sequence[Output], release: str) -> Iterator[dict[str, Any]]:
    declared = {one.name: one for one in outputs}
    for name, value in given.items():
        output = declared[name]
        shown = output.name_in(release)
        if value is None or shown is None:
            continue
        for one in value if isinstance(value, list) else [value]:
            yield {"name": shown, **_content(one, output, release)}


def _content(value: Any, output: Output, release: str) -> dict[str, Any]:
    if output.parts:
        return {"part": list(_parameters(value, output.parts, release))}
    if isinstance(value, dict) and "resourceType" in value:
        return {"resource": value}
    type_name = output.type
    if type_name == ANY:
        type_name, value = value.type, value.value
    return {f"value{type_name[:1].upper()}{type_name[1:]}": value}


def answered(operation: Operation, resource: dict[str, Any], made_at: str = "") -> Response:
    """The resource as a response; its own bytes tell whether it changed, but for when it was made."""
    body = fhir_json.dump(resource)
    lasting = body.replace(made_at.encode(), b"", 1) if made_at else body
    etag = hashlib.blake2b(lasting, digest_size=12).hexdigest()
    return Response(body=body, etag=etag, is_personal=operation.personal)
