"""MedicationKnowledge and Medication: the product in the words of the page."""

from __future__ import annotations

from tests.content.builders.picking import Resource, by_id, of_type


def test_how_ivig_is_given_is_words_alone(resources: list[Resource], release: str) -> None:
    knowledge = by_id(resources, "MedicationKnowledge/ivig")
    if release == "r5":
        guideline = knowledge["indicationGuideline"][0]["dosingGuideline"][0]
    else:
        guideline = knowledge["administrationGuidelines"][0]
    (dosage,) = guideline["dosage"][0]["dosage"]
    assert dosage.keys() == {"text"}


def test_r5_links_the_product_to_its_effects(resources: list[Resource], release: str) -> None:
    issues = by_id(resources, "MedicationKnowledge/ivig").get("clinicalUseIssue", [])
    assert len(issues) == (20 if release == "r5" else 0)


def test_a_medicine_is_named_by_its_generic_name_first(resources: list[Resource]) -> None:
    names = [m["code"]["text"] for m in of_type(resources, "Medication")]
    assert names[1:] == ["acetaminophen (Tylenol)", "diphenhydramine (Benadryl)"]
