"""Side effects, indications and warnings."""

from __future__ import annotations

from typing import Any

from tests.content.builders.picking import Resource, by_id, codings, of_type

ONSET = "https://education.test/fhir/StructureDefinition/onset"
REACTION_PART = "https://education.test/fhir/StructureDefinition/reaction-part"
LOCAL = "https://education.test/fhir/CodeSystem/ivig-itp-cs"
SNOMED = "http://snomed.info/sct"


def effects(resources: list[Resource]) -> list[Resource]:
    return [r for r in resources if "-ae-" in r["id"] and "vs-ae" not in r["id"]]


def block(resource: Resource) -> dict[str, Any]:
    """Where R4B and R5 have a backbone element, R4 has the resource itself."""
    found: dict[str, Any] = resource.get("undesirableEffect", resource)
    return found


def symptom(resource: Resource) -> dict[str, Any]:
    concept: dict[str, Any] = block(resource)["symptomConditionEffect"]
    inner: dict[str, Any] = concept.get("concept", concept)
    return inner


def extensions(resource: Resource, url: str) -> list[dict[str, Any]]:
    return [extension for extension in block(resource)["extension"] if extension["url"] == url]


def onset(resource: Resource) -> dict[str, Any]:
    (extension,) = extensions(resource, ONSET)
    parts: dict[str, Any] = {part["url"]: part for part in extension["extension"]}
    return parts


def window(resource: Resource) -> str:
    code: str = onset(resource)["window"]["valueCodeableConcept"]["coding"][0]["code"]
    return code


def test_thirteen_effects_can_start_during_treatment_and_five_after(resources: list[Resource]) -> None:
    windows = [window(effect) for effect in effects(resources)]
    assert len(windows) == 18
    assert windows.count("during-treatment") == 13
    assert windows.count("after-more-than-1-day") == 5


def test_an_effect_after_treatment_has_its_delay_as_a_quantity_with_a_comparator(
    resources: list[Resource],
) -> None:
    for effect in effects(resources):
        parts = onset(effect)
        if window(effect) == "during-treatment":
            assert parts.keys() == {"window"}
            continue
        assert parts["qualifier"]["valueString"] == "usually"
        assert parts["delayAfterTreatment"]["valueQuantity"] == {
            "value": 1,
            "comparator": ">",
            "unit": "day",
            "system": "http://unitsofmeasure.org",
            "code": "d",
        }


def test_can_and_usually_stay_in_the_words(resources: list[Resource]) -> None:
    for effect in effects(resources):
        words = onset(effect)["window"]["valueCodeableConcept"]["text"]
        assert ("can start" if window(effect) == "during-treatment" else "usually starts") in words


def test_a_symptom_in_both_windows_is_two_resources(resources: list[Resource]) -> None:
    nausea = [e for e in effects(resources) if (SNOMED, "422587007") in codings(symptom(e))]
    assert sorted(map(window, nausea)) == ["after-more-than-1-day", "during-treatment"]


def test_snomed_comes_first_and_our_own_code_second(resources: list[Resource]) -> None:
    for effect in effects(resources):
        assert [coding["system"] for coding in symptom(effect)["coding"]] == [SNOMED, LOCAL]


def test_mild_is_said_of_five_pains_and_of_no_other(resources: list[Resource]) -> None:
    mild = [e["id"] for e in effects(resources) if "mild" in symptom(e)["text"]]
    assert len(mild) == 5
    assert all(effect.startswith("ivig-ae-during-mild-") for effect in mild)


def test_the_allergic_reaction_alone_has_parts(resources: list[Resource]) -> None:
    with_parts = {e["id"]: extensions(e, REACTION_PART) for e in effects(resources)}
    parts = with_parts.pop("ivig-ae-during-allergic-reaction")
    assert len(parts) == 8
    assert not any(with_parts.values())
    found = codings(parts)
    assert {
        (SNOMED, "230145002"),
        (SNOMED, "418290006"),
        (SNOMED, "444827008"),
        (LOCAL, "side-pain"),
    } <= found


def test_the_second_indication_has_no_code_for_low_platelets(resources: list[Resource]) -> None:
    """A disorder code there would make IVIG indicated for every cause of low platelets."""
    indications = [r for r in resources if "-ind-" in r["id"]]
    assert len(indications) == 2
    second = indications[1].get("indication", indications[1])
    status = second["diseaseStatus"].get("concept", second["diseaseStatus"])
    assert status == {"text": "very low platelet counts"}


def test_warnings_are_two_and_r4_has_no_type_for_them(resources: list[Resource], release: str) -> None:
    warnings = [r for r in resources if "-warn-" in r["id"]]
    assert len(warnings) == (0 if release == "r4" else 2)


def test_each_has_one_of_the_five_blocks(resources: list[Resource]) -> None:
    """cud-1: https://hl7.org/fhir/R5/clinicalusedefinition.html#invs"""
    blocks = {"contraindication", "indication", "interaction", "undesirableEffect", "warning"}
    for resource in of_type(resources, "ClinicalUseDefinition"):
        assert len(blocks & resource.keys()) == 1


def test_the_subject_is_the_medication(resources: list[Resource]) -> None:
    product = by_id(resources, "Medication/ivig")
    for resource in effects(resources):
        assert resource["subject"] == [
            {"reference": f"Medication/{product['id']}", "display": product["code"]["text"]}
        ]
