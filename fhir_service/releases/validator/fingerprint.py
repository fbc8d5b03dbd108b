"""Names this build's gate: whatever it accepted once, a gate of the same name accepts again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from .. import DATA, Release

_PACKAGE = Path(__file__).parents[2]
# All that decides: the parser, FHIRPath and the validator, and what the release defines.
_CODE = ("fhir", "formats", "releases")


@cache
def gate_fingerprint(release: Release) -> str:
    """SHA-256 of the code and the definitions that judge a release's resources."""
    digest = hashlib.sha256()
    files = [file for folder in _CODE for file in (_PACKAGE / folder).rglob("*.py")]
    for file in sorted([*files, *(DATA / release.name).glob("*.json")]):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(_PACKAGE)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
