"""What all artifacts have in common."""

from __future__ import annotations

from fhir_service.content.source import Sources
from tests.content.builders.picking import Resource, by_id, of_type


def test_what_is_made_from_the_page_is_marked(resources: list[Resource]) -> None:
    types = ("CodeSystem", "ValueSet", "ConceptMap", "Questionnaire", "PlanDefinition", "ActivityDefinition")
    for resource in of_type(resources, *types):
        assert resource["meta"]["tag"][0]["code"] == "derived", resource["id"]


def test_the_owners_of_the_codes_get_the_line_they_ask_for(
    resources: list[Resource], sources: Sources
) -> None:
    lines = {system.alias: system.notice or "" for system in sources.publisher.code_systems}
    snomed = by_id(resources, "ConceptMap/ivig-itp-cm-snomed")["copyright"]
    assert lines["snomed"] in snomed
    assert lines["rxnorm"] not in snomed
    assert lines["rxnorm"] in by_id(resources, "ValueSet/ivig-itp-vs-premed-examples")["copyright"]


def test_the_index_carries_the_lines_of_all_that_it_lists(
    resources: list[Resource], sources: Sources
) -> None:
    text = by_id(resources, "Library/ivig-itp-library")["copyright"]
    for system in sources.publisher.code_systems:
        if system.alias in ("snomed", "loinc", "rxnorm", "atc", "mesh"):
            assert system.notice and system.notice in text
