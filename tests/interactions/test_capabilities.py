import json
from dataclasses import replace
from typing import Any

from fhir_service.dispatch import dispatch
from fhir_service.exchange import Request, Services
from fhir_service.interactions import INTERACTIONS, read
from fhir_service.releases import RELEASES
from fhir_service.served_types import ABSENCE


def metadata(services: Services, release: str, base: str = "http://localhost/fhir") -> dict[str, Any]:
    request = Request(release=RELEASES[release], base=base, method="GET", path="metadata")
    statement: dict[str, Any] = json.loads(dispatch(request, services).body)
    return statement


def test_it_names_software_release_and_the_base_that_was_asked(services: Services, release: str) -> None:
    statement = metadata(services, release, "https://education.test/fhir")
    assert statement["kind"] == "instance"
    assert statement["fhirVersion"] == RELEASES[release].fhir_version
    assert statement["implementation"]["url"] == "https://education.test/fhir"
    assert statement["software"]["version"]
    assert statement["format"] == ["application/fhir+json", "json"]
    assert ABSENCE in statement["description"]


def test_it_lists_the_served_types_once_each(services: Services, release: str) -> None:
    (rest,) = metadata(services, release)["rest"]
    names = [resource["type"] for resource in rest["resource"]]
    assert names == sorted(services.types[release])


def test_it_lists_the_interactions_that_are_routed_and_no_other(services: Services, release: str) -> None:
    def codes(statement: dict[str, Any]) -> set[str]:
        (rest,) = statement["rest"]
        return {i["code"] for resource in rest["resource"] for i in resource["interaction"]}

    routed = {interaction.code for interaction in INTERACTIONS if interaction.level != "system"}
    assert codes(metadata(services, release)) == routed
    assert codes(metadata(replace(services, interactions=(read.INTERACTION,)), release)) == {"read"}


def test_it_lists_the_search_parameters_that_work(services: Services, release: str) -> None:
    (rest,) = metadata(services, release)["rest"]
    for resource in rest["resource"]:
        listed = {found["name"]: found for found in resource["searchParam"]}
        assert listed.keys() == services.search_parameters[release].for_type(resource["type"]).keys()
        assert "_id" in listed
        for found in listed.values():
            assert found["definition"].startswith("http")
            assert found["type"]


def test_it_lists_what_can_be_included_in_both_directions(services: Services) -> None:
    (rest,) = metadata(services, "r5")["rest"]
    by_type = {resource["type"]: resource for resource in rest["resource"]}
    assert "ClinicalUseDefinition:subject" in by_type["ClinicalUseDefinition"]["searchInclude"]
    assert "ClinicalUseDefinition:subject" in by_type["Medication"]["searchRevInclude"]
    assert "ClinicalUseDefinition:subject" not in by_type["Questionnaire"].get("searchRevInclude", [])


def test_its_etag_changes_with_its_content(services: Services) -> None:
    request = Request(release=RELEASES["r4"], base="http://localhost/fhir", method="GET", path="metadata")
    first, again = dispatch(request, services).etag, dispatch(request, services).etag
    other = dispatch(request, replace(services, interactions=(read.INTERACTION,))).etag
    assert first == again != other
