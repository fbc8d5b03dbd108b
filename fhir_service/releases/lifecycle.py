"""What was published stays published: a status that may not become another.

https://hl7.org/fhir/R4/codesystem-publication-status.html
"""

from __future__ import annotations

from typing import Any

from . import Release

_PUBLICATION_STATUS = "http://hl7.org/fhir/ValueSet/publication-status"


def becomes_draft(before: dict[str, Any], after: dict[str, Any], release: Release) -> bool:
    """Active never returns to draft."""
    return _has_lifecycle(after, release) and (before.get("status"), after.get("status")) == (
        "active",
        "draft",
    )


def leaves_retirement(before: dict[str, Any], after: dict[str, Any], release: Release) -> bool:
    """What is retired stays so."""
    return (
        _has_lifecycle(after, release)
        and before.get("status") == "retired"
        and after.get("status") != "retired"
    )


def _has_lifecycle(resource: dict[str, Any], release: Release) -> bool:
    element = release.type_definition(resource["resourceType"]).elements.get("status")
    return bool(element and element.binding and element.binding.value_set == _PUBLICATION_STATUS)
