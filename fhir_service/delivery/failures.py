"""Whatever was raised, as the status, the words and the headers that a door writes in its own form.

https://www.rfc-editor.org/rfc/rfc9110#section-15
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request
from werkzeug.exceptions import HTTPException

from fhir_service.failures import told


@dataclass(frozen=True, slots=True)
class Failure:
    status: int
    text: str
    headers: Mapping[str, str]


def failure_of(error: Exception, *, is_personal: bool = False) -> Failure:
    """What the client is told; what nobody foresaw is logged.

    :param is_personal: the request is about somebody, so that the log gets none of the exception's own words
    """
    if isinstance(error, HTTPException):
        return Failure(error.code or 500, error.description or error.name, {})
    known = told(error, request.method, request.path, is_personal=is_personal)
    return Failure(known.status, known.issues[0].diagnostics, known.headers)
