"""The media types of an answer, and the form that each of them asks for.

https://www.rfc-editor.org/rfc/rfc4287 (Atom)
"""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MIMEAccept

from fhir_service.errors import UnsupportedMediaType
from fhir_service.fhir.media_types import split_media_type

from .parameters import RESPONSE_TYPE
from .value_lists import FORMS, Form


@dataclass(frozen=True, slots=True)
class ResponseType:
    """What the client gets; `media_type` is the one it asked for."""

    form: Form
    media_type: str

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8"


ATOM = ResponseType("atom", "text/xml")
JSON = ResponseType("json", "application/json")
HTML = ResponseType("html", "text/html")


def response_type(asked: str) -> ResponseType:
    """What `knowledgeResponseType` names.

    :raises UnsupportedMediaType: it is none of those that are made here
    """
    media_type, parameters = split_media_type(asked)
    # In a query a plus stands for a space: application/atom+xml arrives as application/atom xml.
    media_type = media_type.replace(" ", "+")
    is_utf8 = parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
    if media_type not in FORMS or not is_utf8:
        raise UnsupportedMediaType(
            f"`{RESPONSE_TYPE}` names a type that is not made here; allowed: {', '.join(FORMS)}, in UTF-8.",
            expression=(f"http.{RESPONSE_TYPE}",),
        )
    return ResponseType(FORMS[media_type], media_type)


def preferred(accept: MIMEAccept) -> ResponseType:
    """HTML where the header prefers it, as that of a browser does; else Atom."""
    data = [media_type for media_type, form in FORMS.items() if form == "atom"]
    return HTML if accept.best_match([*data, HTML.media_type]) == HTML.media_type else ATOM
