import json
from dataclasses import replace
from typing import Any

from fhir_service.dispatch import dispatch
from fhir_service.exchange import Interaction, Request, Services
from fhir_service.interactions import INTERACTIONS, capabilities, read, switched
from fhir_service.releases import RELEASES
from fhir_service.served_types import ABSENCE


def metadata(services: Services, release: str, base: str = "http://localhost/fhir") -> dict[str, Any]:
    request = Request(release=RELEASES[release], base=base, method="GET", path="metadata")
    statement: dict[str, Any] = json.loads(dispatch(request, services).body or b"")
    return statement


def test_it_names_software_release_and_the_base_that_was_asked(services: Services, release: str) -> None:
    statement = metadata(services, release, "https://education.test/fhir")
    assert statement["kind"] == "instance"
    assert statement["fhirVersion"] == RELEASES[release].fhir_version
    assert statement["implementation"]["url"] == "https://education.test/fhir"
    assert statement["software"]["version"]
    assert statement["format"] == ["application/fhir+json", "json", "application/fhir+xml", "xml"]
    assert ABSENCE in statement["description"]


def test_it_lists_the_served_types_once_each(services: Services, release: str) -> None:
    (rest,) = metadata(services, release)["rest"]
    names = [resource["type"] for resource in rest["resource"]]
    assert names == sorted(services.types[release])


def test_it_lists_the_interactions_that_are_routed_and_no_other(services: Services, release: str) -> None:
    def codes(statement: dict[str, Any]) -> set[str]:
        (rest,) = statement["rest"]
        return {i["code"] for resource in rest["resource"] for i in resource["interaction"]}

    def routed(offered: tuple[Interaction, ...]) -> set[str]:
        return {interaction.code for interaction in offered if interaction.level in ("instance", "type")}

    for offered in (INTERACTIONS, switched("off")[0], (capabilities.INTERACTION, read.INTERACTION)):
        assert codes(metadata(replace(services, interactions=offered), release)) == routed(offered)


def test_it_says_which_conditional_forms_there_are(services: Services, release: str) -> None:
    def described(offered: tuple[Interaction, ...]) -> dict[str, Any]:
        (rest,) = metadata(replace(services, interactions=offered), release)["rest"]
        resource: dict[str, Any] = rest["resource"][0]
        return resource

    writable = described(INTERACTIONS)
    assert writable["conditionalCreate"] and writable["conditionalUpdate"] and writable["updateCreate"]
    assert writable["conditionalDelete"] == "single"
    assert writable.get("conditionalPatch") == (True if release == "r5" else None)
    readable = described(switched("off")[0])
    assert not (readable["conditionalCreate"] or readable["conditionalUpdate"] or readable["updateCreate"])
    assert readable["conditionalDelete"] == "not-supported"
    assert readable["conditionalRead"] == "full-support"


def test_it_says_what_the_whole_system_takes(services: Services, release: str) -> None:
    def system(offered: tuple[Interaction, ...]) -> set[str]:
        (rest,) = metadata(replace(services, interactions=offered), release)["rest"]
        return {found["code"] for found in rest["interaction"]}

    writing = {"transaction"}
    assert system(INTERACTIONS) - system(switched("off")[0]) == writing
    assert {"batch", "history-system", "search-system"} <= system(switched("off")[0])


def test_it_lists_the_parameters_that_every_type_has(services: Services, release: str) -> None:
    (rest,) = metadata(services, release)["rest"]
    listed = {found["name"] for found in rest["searchParam"]}
    assert {"_id", "_lastUpdated", "_tag"} <= listed
    for resource in rest["resource"]:
        assert listed <= {found["name"] for found in resource["searchParam"]}


def test_it_lists_the_compartments_whose_own_type_is_served(services: Services, release: str) -> None:
    def compartments(types: frozenset[str], offered: tuple[Interaction, ...]) -> list[str] | None:
        these = replace(services, types={**services.types, release: types}, interactions=offered)
        (rest,) = metadata(these, release)["rest"]
        found: list[str] | None = rest.get("compartment")
        return found

    url = "http://hl7.org/fhir/CompartmentDefinition/patient"
    assert compartments(services.types[release], INTERACTIONS) is None
    assert compartments(frozenset({"Patient", "Observation"}), INTERACTIONS) == [url]
    assert compartments(frozenset({"Patient"}), (capabilities.INTERACTION, read.INTERACTION)) is None


def test_it_lists_the_patch_formats_where_something_can_be_patched(services: Services, release: str) -> None:
    patching = metadata(replace(services, interactions=INTERACTIONS), release)["patchFormat"]
    assert patching[:2] == ["application/json-patch+json", "application/fhir+json"]
    assert "patchFormat" not in metadata(services, release)


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
    fewer = (capabilities.INTERACTION, read.INTERACTION)
    other = dispatch(request, replace(services, interactions=fewer)).etag
    assert first == again != other
