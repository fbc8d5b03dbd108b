"""Side effects by window, parts of reactions, all of them."""

from __future__ import annotations

from tests.content.builders.picking import Resource, by_id

LOCAL = "https://education.test/fhir/CodeSystem/ivig-itp-cs"
SNOMED = "http://snomed.info/sct"


def members(value_set: Resource) -> list[tuple[str, str]]:
    return [
        (include["system"], concept["code"])
        for include in value_set["compose"]["include"]
        for concept in include.get("concept", ())
    ]


def test_value_sets_hold_the_effects_of_their_window(resources: list[Resource]) -> None:
    assert len(members(by_id(resources, "ValueSet/ivig-itp-vs-ae-during"))) == 13
    assert len(members(by_id(resources, "ValueSet/ivig-itp-vs-ae-after"))) == 5
    assert len(members(by_id(resources, "ValueSet/ivig-itp-vs-ae-allergic"))) == 8


def test_a_value_set_has_snomed_where_it_means_the_same_and_our_code_elsewhere(
    resources: list[Resource],
) -> None:
    during = members(by_id(resources, "ValueSet/ivig-itp-vs-ae-during"))
    assert (SNOMED, "386661006") in during
    assert (LOCAL, "mild-chest-pain") in during
    assert (SNOMED, "29857009") not in during  # chest pain is wider than mild chest pain


def test_the_words_of_a_patient_are_the_designation(resources: list[Resource]) -> None:
    after = by_id(resources, "ValueSet/ivig-itp-vs-ae-after")
    (nausea,) = (c for c in after["compose"]["include"][0]["concept"] if c["code"] == "422587007")
    assert nausea["designation"] == [{"language": "en", "value": "feeling sick to the stomach (nausea)"}]


def test_all_effects_are_the_three_lists_and_the_unlisted(resources: list[Resource]) -> None:
    everything = by_id(resources, "ValueSet/ivig-itp-vs-ae-all")
    imported = [url for include in everything["compose"]["include"] for url in include.get("valueSet", ())]
    base = "https://education.test/fhir/ValueSet/ivig-itp-vs-ae-"
    assert imported == [f"{base}during", f"{base}after", f"{base}allergic"]
    assert members(everything) == [(LOCAL, "unlisted")]
