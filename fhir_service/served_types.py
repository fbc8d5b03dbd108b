"""Which resource types are served in each release.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_service.releases import Release

# Said wherever a reader could take silence for an answer.
ABSENCE = (
    "From patient education. Not a complete list of effects; holds no dose, contraindication or interaction; "
    "their absence here means nothing. Not for prescribing decisions."
)

# What builders make, Binary, and the conformance types; a test keeps this equal to what is built.
CONTENT_TYPES = frozenset(
    {
        "ActivityDefinition",
        "Binary",
        "CapabilityStatement",
        "ClinicalUseDefinition",
        "CodeSystem",
        "Composition",
        "ConceptMap",
        "DocumentReference",
        "ImplementationGuide",
        "Library",
        "Medication",
        "MedicationKnowledge",
        "MedicinalProductIndication",
        "MedicinalProductUndesirableEffect",
        "OperationDefinition",
        "Organization",
        "PlanDefinition",
        "Provenance",
        "Questionnaire",
        "SearchParameter",
        "StructureDefinition",
        "ValueSet",
    }
)


def served_types(release: Release, choice: str) -> frozenset[str]:
    """The types served at a release when FHIR_SERVICE_TYPES is `choice`."""
    if choice == "all":
        return release.resource_types
    return release.resource_types & CONTENT_TYPES
