"""What the three releases say of their types, searches, bindings and invariants."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fhir_service.releases import R4, R4B, R5, RELEASES, Release

ALL = pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)


def test_releases_are_named_as_urls_and_media_types_name_them() -> None:
    found = [(one.name, one.label, one.fhir_version, one.media_version) for one in RELEASES.values()]
    assert found == [
        ("r4", "R4", "4.0.1", "4.0"),
        ("r4b", "R4B", "4.3.0", "4.3"),
        ("r5", "R5", "5.0.0", "5.0"),
    ]


def test_resource_types_are_those_with_instances() -> None:
    assert [len(release.resource_types) for release in (R4, R4B, R5)] == [146, 141, 158]
    assert "MedicinalProductUndesirableEffect" in R4.resource_types
    assert "ClinicalUseDefinition" in R4B.resource_types & R5.resource_types
    for release in RELEASES.values():
        assert not release.resource_types & {"Resource", "DomainResource", "CanonicalResource"}


def test_elements_keep_the_order_of_the_specification() -> None:
    assert list(R4.type_definition("Coding").elements) == [
        "id", "extension", "system", "version", "code", "display", "userSelected",
    ]  # fmt: skip
    assert list(R5.type_definition("Organization").elements)[:10] == [
        "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension",
        "identifier", "active",
    ]  # fmt: skip


def test_an_element_has_what_the_definition_gives_it() -> None:
    status = R4.type_definition("PlanDefinition").elements["status"]
    assert (status.types, status.min, status.max) == (("code",), 1, 1)
    assert status.summary and status.modifier and not status.repeats
    assert status.binding == ("required", "http://hl7.org/fhir/ValueSet/publication-status")
    subject = R4.type_definition("Observation").elements["subject"]
    assert subject.targets == ("Device", "Group", "Location", "Patient")
    instantiates = R4.type_definition("CarePlan").elements["instantiatesCanonical"]
    assert "PlanDefinition" in instantiates.canonical_targets and instantiates.max is None


def test_a_choice_has_a_json_name_for_each_type() -> None:
    deceased = R4.type_definition("Patient").elements["deceased"]
    assert deceased.is_choice
    assert deceased.json_names == (("deceasedBoolean", "boolean"), ("deceasedDateTime", "dateTime"))
    definition = R4.type_definition("Patient")
    assert definition.json_names["deceasedDateTime"] == (deceased, "dateTime")
    assert "deceased" not in definition.json_names


def test_a_backbone_is_a_type_and_content_defined_elsewhere_names_it() -> None:
    action = R5.type_definition("PlanDefinition.action")
    assert action.kind == "backbone" and action.base == "BackboneElement"
    inner = action.elements["action"]
    assert inner.is_reused and inner.types == ("PlanDefinition.action",)
    assert list(action.elements)[:3] == ["id", "extension", "modifierExtension"]


def test_xml_attributes_are_marked() -> None:
    extension = R4B.type_definition("Extension")
    marked = [name for name, element in extension.elements.items() if element.is_xml_attribute]
    assert marked == ["id", "url"]
    assert not R4B.type_definition("Patient").elements["id"].is_xml_attribute


def test_a_resource_id_is_an_id_in_every_release() -> None:
    for release in RELEASES.values():
        for name in release.resource_types:
            assert release.type_definition(name).elements["id"].types == ("id",)


def test_types_derive_from_each_other() -> None:
    assert R4.is_a("Age", "Quantity") and R4.is_a("code", "string") and R4.is_a("Patient", "Resource")
    assert R5.is_a("Account.balance", "BackboneElement")
    assert not R4.is_a("Patient", "Observation") and not R4.is_a("Nonsense", "Resource")


def test_an_unknown_type_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        R4.type_definition("ClinicalUseDefinition")


def test_required_codes_are_listed_with_and_without_their_system() -> None:
    url = "http://hl7.org/fhir/ValueSet/publication-status"
    expected = frozenset(("draft", "active", "retired", "unknown"))
    assert R4.required_codes(url) == expected
    assert R4.required_codes(f"{url}|4.0.1") == expected
    codings = R5.required_codings("http://hl7.org/fhir/ValueSet/condition-clinical")
    assert codings is not None
    assert "remission" in codings["http://terminology.hl7.org/CodeSystem/condition-clinical"]


def test_codes_that_cannot_be_listed_are_none() -> None:
    assert R4.required_codes("http://hl7.org/fhir/ValueSet/mimetypes") is None
    assert R4.required_codings("http://hl7.org/fhir/ValueSet/ucum-units") is None


def test_an_invariant_stands_where_it_is_declared() -> None:
    assert [rule.key for rule in R4.invariants("Patient.contact")] == ["pat-1"]
    assert [rule.key for rule in R4.invariants("Period")] == ["per-1"]
    of_resources = [rule.key for rule in R4.invariants("DomainResource")]
    assert of_resources == ["dom-2", "dom-3", "dom-4", "dom-5", "dom-6"]
    assert R4.invariants("Patient.name") == ()


def test_compartments_name_the_parameters_that_place_a_resource_in_them() -> None:
    assert set(R4.compartments) == {"Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"}
    assert R4.compartments["Patient"]["members"]["Observation"] == ["subject", "performer"]


@ALL
def test_every_element_type_is_a_type_of_the_release(release: Release) -> None:
    for name in release.type_names:
        for element in release.type_definition(name).elements.values():
            assert set(element.types) <= release.type_names, f"{name}.{element.name}"


@ALL
def test_every_regex_of_a_primitive_is_a_pattern(release: Release) -> None:
    import re

    for name in release.type_names:
        regex = release.type_definition(name).regex
        if regex is not None:
            re.compile(regex)


def test_opening_the_releases_parses_nothing_and_imports_no_models() -> None:
    program = (
        "import sys, builtins, pathlib\n"
        "read = []\n"
        "real = pathlib.Path.read_bytes\n"
        "pathlib.Path.read_bytes = lambda path: (read.append(path.name), real(path))[1]\n"
        "from fhir_service.releases import R4\n"
        "assert read == [], read\n"
        "R4.resource_types\n"
        "assert read == ['resource-types.json'], read\n"
        "assert not any(name.startswith(('fhir.resources', 'pydantic')) for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
