"""What to say about a resource type that is not served here: where a client finds what it looks for.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fhir_service.errors import TypeNotServed
from fhir_service.exchange import Services
from fhir_service.releases import Release
from fhir_service.search.predicates import Everything
from fhir_service.search.query import MAXIMUM_COUNT, Query
from fhir_service.served_types import ABSENCE

# The same content has another type in another release.
_CLINICAL_USE = {
    "MedicinalProductContraindication": "ClinicalUseDefinition?type=contraindication",
    "MedicinalProductIndication": "ClinicalUseDefinition?type=indication",
    "MedicinalProductInteraction": "ClinicalUseDefinition?type=interaction",
    "MedicinalProductUndesirableEffect": "ClinicalUseDefinition?type=undesirable-effect",
}
_INSTEAD: Mapping[str, Mapping[str, str]] = {
    "r4": {
        "ClinicalUseDefinition": "MedicinalProductUndesirableEffect for side effects and "
        "MedicinalProductIndication for indications"
    },
    "r4b": _CLINICAL_USE,
    "r5": _CLINICAL_USE,
}

# Where an AdverseEvent says what happened: the element whose codes education can give.
_EVENT_ELEMENTS = ("AdverseEvent.event", "AdverseEvent.code")


def require_served(type_name: str, release: Release, services: Services) -> None:
    """Raise TypeNotServed, saying where to look instead, unless the type is served at this release."""
    if type_name not in services.types[release.name]:
        raise TypeNotServed(_guidance(type_name, release, services))


def _guidance(type_name: str, release: Release, services: Services) -> str:
    if type_name not in release.resource_types:
        instead = _INSTEAD[release.name].get(type_name)
        advice = f"use {instead}" if instead else "/metadata lists the types served here"
        return f"FHIR {release.label} has no resource type {type_name}; {advice}."
    if type_name == "AdverseEvent":
        return _adverse_event(release, services)
    if type_name in _CLINICAL_USE:
        return f"{type_name} is not served. {ABSENCE}"
    return (
        f"Resource type {type_name} is not served: FHIR_SERVICE_TYPES=content serves patient education only; "
        "/metadata lists the types."
    )


def _adverse_event(release: Release, services: Services) -> str:
    has_clinical_use = "ClinicalUseDefinition" in release.resource_types
    kind = "MedicinalProductUndesirableEffect"
    search = _CLINICAL_USE[kind] if has_clinical_use else kind
    told = (
        "AdverseEvent is not served: it records what happened to one person, and only what can happen is "
        f"known here. Search {search} for possible side effects."
    )
    bindings = sorted(_event_bindings(release, services))
    if bindings:
        element, value_sets = bindings[0][0], ", ".join(value_set for _, value_set in bindings)
        told += f" For {element} use the codes of the ValueSet {value_sets}."
    return told


def _event_bindings(release: Release, services: Services) -> Iterator[tuple[str, str]]:
    """The AdverseEvent profiles say which ValueSets hold a topic's side effects."""
    profiles = services.store.search(
        release.name, Query("StructureDefinition", Everything(), count=MAXIMUM_COUNT)
    )
    for found in profiles.matches:
        profile: Any = json.loads(found.body or b"{}")
        if profile.get("type") != "AdverseEvent":
            continue
        for element in profile.get("differential", {}).get("element", ()):
            value_set = element.get("binding", {}).get("valueSet")
            if element["path"] in _EVENT_ELEMENTS and value_set:
                yield element["path"], value_set
