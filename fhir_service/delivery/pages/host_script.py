"""The script that a portal puts beside its frames, so that each gets the height of its page.

https://www.w3.org/TR/SRI/ (docs/embedding.md has its hash)

Its bytes never change: a portal names them by their hash. What does something else gets another number.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from flask import Response

from fhir_service.delivery.cache_control import FOR_GOOD, kept

HOST_SCRIPT = "education-height-1.js"

_BYTES = Path(__file__).with_name(HOST_SCRIPT).read_bytes()

INTEGRITY = f"sha384-{base64.b64encode(hashlib.sha384(_BYTES).digest()).decode()}"


def host_script() -> Response:
    response = Response(_BYTES, content_type="text/javascript; charset=utf-8")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return kept(response, FOR_GOOD)
