"""What every part of openapi.yaml is put together from.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string", "minLength": 1}


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def object_of(properties: Json, required: Sequence[str] | None = None) -> Json:
    """An object with these members; all of them must be there unless `required` says which."""
    needed = list(properties if required is None else required)
    return {"type": "object", **({"required": needed} if needed else {}), "properties": properties}


def json_content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def in_path(*names: str) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def failures(told: Mapping[str, str], content: Json) -> Json:
    """The responses for these statuses, all with the same content."""
    return {status: {"description": text, "content": content} for status, text in told.items()}


def get(
    tag: str,
    summary: str,
    content: Json,
    failures: Json,
    parameters: Sequence[Json] = (),
    *,
    is_kept: bool = True,
) -> Json:
    """A path that is only read.

    :param is_kept: whether a client that has the answer is told so
    """
    unchanged = {"304": {"description": "The client has it already"}} if is_kept else {}
    responses = {"200": {"description": summary, "content": content}, **unchanged, **failures}
    described = {"summary": summary, "tags": [tag], "parameters": list(parameters), "responses": responses}
    return {"get": described}
