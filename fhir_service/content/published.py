"""The search parameters of each release: HL7's, and those that the built content itself defines.

https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

from pathlib import Path

from fhir_service.content.load import find_packages, published_parameters
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters

RESOURCES = Path(__file__).resolve().parents[2] / "resources"


def search_parameters(resources: Path = RESOURCES) -> dict[str, SearchParameters]:
    """By release name. The loader, the service and openapi.yaml must all see the same ones."""
    packages = list(find_packages(resources))
    return {
        name: SearchParameters(release, published_parameters(packages, name))
        for name, release in RELEASES.items()
    }
