"""A resource as the bytes of its file: UTF-8, two spaces, the order of the builder, a newline at the end.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
from typing import Any


def dump(resource: dict[str, Any]) -> bytes:
    return (json.dumps(resource, indent=2, ensure_ascii=False) + "\n").encode()
