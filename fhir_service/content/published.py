"""What the built content defines that the service then offers: search parameters, and its operations.

https://hl7.org/fhir/R4/searchparameter.html and https://hl7.org/fhir/R4/operationdefinition.html
"""

from __future__ import annotations

from pathlib import Path

from fhir_service.content.load import find_packages, published
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters

RESOURCES = Path(__file__).resolve().parents[2] / "resources"


def search_parameters(resources: Path = RESOURCES) -> dict[str, SearchParameters]:
    """HL7's and our own by release name; the loader, the service and openapi.yaml must all see the same."""
    packages = list(find_packages(resources))
    return {
        name: SearchParameters(release, published(packages, name, "SearchParameter"))
        for name, release in RELEASES.items()
    }


def operation_definitions(resources: Path = RESOURCES) -> dict[str, dict[str, str]]:
    """By release name: the id of each built OperationDefinition, and its canonical URL."""
    packages = list(find_packages(resources))
    return {
        name: {one["id"]: one["url"] for one in published(packages, name, "OperationDefinition")}
        for name in RELEASES
    }
