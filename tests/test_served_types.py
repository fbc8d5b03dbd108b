import re

import pytest

from fhir_service.content.published import RESOURCES
from fhir_service.releases import RELEASES
from fhir_service.served_types import ABSENCE, CONTENT_TYPES, served_types

CONFORMANCE_TYPES = {
    "CapabilityStatement",
    "ImplementationGuide",
    "OperationDefinition",
    "SearchParameter",
    "StructureDefinition",
}


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_what_is_built_is_what_is_served(release: str) -> None:
    built = {path.stem.partition("-")[0] for path in RESOURCES.glob(f"**/fhir/{release}/*.json")}
    assert served_types(RELEASES[release], "content") == built | CONFORMANCE_TYPES


def test_every_content_type_exists_in_some_release() -> None:
    assert frozenset().union(*(release.resource_types for release in RELEASES.values())) >= CONTENT_TYPES


def test_all_means_every_type_of_the_release() -> None:
    assert "Patient" in served_types(RELEASES["r5"], "all")
    assert "ClinicalUseDefinition" not in served_types(RELEASES["r4"], "all")


def test_no_content_type_holds_patient_data() -> None:
    assert not CONTENT_TYPES & {"Patient", "AdverseEvent", "Observation", "QuestionnaireResponse"}


def test_the_absence_statement_is_the_one_in_the_notices() -> None:
    notices = (RESOURCES / "notices.en.md").read_text(encoding="utf-8")
    assert ABSENCE in re.sub(r"\s+", " ", notices)
