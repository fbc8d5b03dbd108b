"""The part of openapi.yaml that describes Infobutton, from the table of its parameters.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.delivery.infobutton import APPLICATION, PREFIX, SERVICE
from fhir_service.delivery.infobutton.parameters import LONGEST_VALUE, MAIN, PARAMETERS, Parameter
from fhir_service.delivery.infobutton.value_lists import FORMS

from .parts import Json, failures, reference

_SUMMARIES = {
    "": "Topics for a code or words: a page for browsers, data for others",
    f"/{SERVICE}": "Topics for a code or words, as data: Atom unless another type is asked for",
    f"/{APPLICATION}": "Topics for a code or words, as a page",
}
_FAILURES = {
    "400": "A parameter is missing, given twice, or has a value that is not understood",
    "413": "The form is too large",
    "415": "The type that is asked for, or that of the body, is not supported",
}
_WORDS: Json = {
    "type": "object",
    "required": ["_value"],
    "properties": {"_value": {"type": "string"}, "type": {"type": "string"}},
}
_CATEGORY: Json = {
    "type": "object",
    "required": ["scheme", "term"],
    "properties": {"scheme": {"type": "string"}, "term": {"type": "string"}},
}
_ENTRY: Json = {
    "type": "object",
    "required": ["title", "link", "id", "summary", "updated"],
    "properties": {
        "title": _WORDS,
        "link": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["href", "rel"]}},
        "id": _WORDS,
        "summary": _WORDS,
        "updated": _WORDS,
    },
}
_FEED: Json = {
    "type": "object",
    "required": ["feed"],
    "properties": {
        "feed": {
            "type": "object",
            "required": ["base", "lang", "title", "subtitle", "updated", "id", "category", "entry"],
            "properties": {
                "title": _WORDS,
                "subtitle": _WORDS,
                "updated": _WORDS,
                "id": _WORDS,
                "category": {"type": "array", "items": _CATEGORY},
                "entry": {"type": "array", "items": _ENTRY},
            },
        }
    },
}
_ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["status", "message"],
            "properties": {"status": {"type": "integer"}, "message": {"type": "string"}},
        }
    },
}
_OTHERS = ", ".join(one.stem for one in PARAMETERS if not (one.is_used or one.is_credential))
_DESCRIPTION = f"""\
What repeats is numbered: {MAIN}.c, {MAIN}.c1, each with the .cs and .dn of the same number.
Unknown parameters are ignored. Those that are known and change nothing here: {_OTHERS}.
"""


def components() -> Json:
    """The parameters that an answer depends on, by the names that `paths` refers to."""
    return {
        _key(name): {"name": name, "in": "query", **described} for name, described in _parameters().items()
    }


def schemas() -> Json:
    return {
        "KnowledgeRequest": {
            "type": "object",
            "properties": {
                name: {**described["schema"], "description": described["description"]}
                for name, described in _parameters().items()
            },
        },
        "KnowledgeResponse": _FEED,
        "KnowledgeError": _ERROR,
    }


def paths() -> Json:
    """The three doors, each by GET and by POST."""
    parameters = [reference("parameters", _key(name)) for name in _parameters()]
    body = {"content": {FORM: {"schema": reference("schemas", "KnowledgeRequest")}}}
    return {
        f"{PREFIX}{path}": {
            "get": _operation(path, summary) | {"parameters": parameters},
            "post": _operation(path, summary) | {"requestBody": body},
        }
        for path, summary in _SUMMARIES.items()
    }


def _operation(path: str, summary: str) -> Json:
    forms = ["text/html"] if path == f"/{APPLICATION}" else list(FORMS)
    responses: Json = {
        "200": {
            "description": "What was found, which may be nothing",
            "content": _content(forms, "KnowledgeResponse"),
        },
        "304": {"description": "The client has it already"},
    }
    responses |= failures(_FAILURES, _content(forms, "KnowledgeError"))
    return {"summary": summary, "description": _DESCRIPTION, "tags": ["infobutton"], "responses": responses}


def _content(forms: Sequence[str], name: str) -> Json:
    """The schema is that of JSON; the others are text here."""
    json, text = {"schema": reference("schemas", name)}, {"schema": {"type": "string"}}
    return {media_type: json if FORMS[media_type] == "json" else text for media_type in forms}


@cache
def _parameters() -> Mapping[str, Json]:
    """Name -> description and schema."""
    return {
        name: {"description": parameter.meaning, "schema": _values(parameter, piece)}
        for parameter in PARAMETERS
        if parameter.is_used
        for piece, name in zip(parameter.pieces, parameter.names, strict=True)
    }


def _values(parameter: Parameter, piece: str) -> Json:
    if piece in parameter.allowed:  # a portal's template may leave one empty, which asks for nothing
        return {"type": "string", "enum": ["", *parameter.allowed[piece]]}
    return {"type": "string", "maxLength": LONGEST_VALUE}


def _key(name: str) -> str:
    return f"infobutton.{name}"
