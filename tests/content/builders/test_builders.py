"""What is built for a topic, in each release."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest

from fhir_service.content.builders import build_topic
from fhir_service.content.serialize import dump
from fhir_service.content.source import Sources
from fhir_service.operations import OPERATIONS
from fhir_service.releases import R4B, R5, RELEASES
from fhir_service.releases.models import model_class
from tests.content.builders.picking import Resource, by_id, of_type, properties, walk

SET = {
    "ActivityDefinition": 2,
    "Binary": 1,
    "CodeSystem": 1,
    "Composition": 1,
    "ConceptMap": 2,
    "DocumentReference": 2,
    "Library": 1,
    "Medication": 3,
    "MedicationKnowledge": 1,
    "PlanDefinition": 1,
    "Provenance": 2,
    "Questionnaire": 1,
    "StructureDefinition": 1,
    "ValueSet": 5,
}
EFFECTS_AND_INDICATIONS = {
    "r4": {"MedicinalProductUndesirableEffect": 18, "MedicinalProductIndication": 2},
    "r4b": {"ClinicalUseDefinition": 22},
    "r5": {"ClinicalUseDefinition": 22},
}


def test_the_set_of_resources_is_that_of_the_content_model(resources: list[Resource], release: str) -> None:
    assert Counter(r["resourceType"] for r in resources) == SET | EFFECTS_AND_INDICATIONS[release]


def test_common_artifacts_are_shared_by_all_topics(common: list[Resource], release: str) -> None:
    found = {f"{r['resourceType']}/{r['id']}" for r in common}
    expected = {
        *(f"OperationDefinition/{operation.definition_id}" for operation in OPERATIONS),
        "Organization/publisher",
        "StructureDefinition/onset",
        "StructureDefinition/reaction-part",
        "SearchParameter/onset",
        "SearchParameter/effect-part",
        "CodeSystem/onset-window",
        "CodeSystem/origin",
        "ValueSet/onset-window",
    }
    assert found == expected | ({"SearchParameter/effect"} if release == "r4" else set())


def test_every_type_exists_in_its_release(resources: list[Resource], release: str) -> None:
    assert {r["resourceType"] for r in resources} <= RELEASES[release].resource_types


def test_r4_refers_to_no_clinical_use_definition(sources: Sources) -> None:
    built = build_topic(sources.topic("ivig-itp"), sources.publisher, RELEASES["r4"])
    assert b"ClinicalUseDefinition" not in b"".join(dump(r) for r in built if r["resourceType"] != "Binary")


def test_the_same_things_have_the_same_ids_in_all_releases(sources: Sources) -> None:
    topic, publisher = sources.topic("ivig-itp"), sources.publisher
    r4, r4b, r5 = ({r["id"] for r in build_topic(topic, publisher, release)} for release in RELEASES.values())
    assert r4b == r5
    assert r5 - r4 == {"ivig-warn-1", "ivig-warn-2"}
    assert not r4 - r5


def test_ids_start_with_the_topic_or_its_product(resources: list[Resource]) -> None:
    assert not [r["id"] for r in resources if not re.match(r"ivig(-|$)", r["id"])]


def test_two_builds_are_the_same_to_the_byte(sources: Sources, release: str) -> None:
    topic, publisher = sources.topic("ivig-itp"), sources.publisher
    first, second = ([dump(r) for r in build_topic(topic, publisher, RELEASES[release])] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("typed", [R4B, R5], ids=["r4b", "r5"])
def test_the_typed_models_accept_every_resource(sources: Sources, typed: Any) -> None:
    for resource in build_topic(sources.topic("ivig-itp"), sources.publisher, typed):
        model_class(typed, resource["resourceType"]).model_validate(json.loads(dump(resource)))


def test_every_element_is_one_that_the_release_defines(resources: list[Resource], release: str) -> None:
    for resource in resources:
        known = RELEASES[release].type_definition(resource["resourceType"]).json_names
        assert resource.keys() <= known.keys() | {"resourceType"}, resource["id"]


# --- what every resource says of itself -----------------------------------------------------------------


def test_every_narrative_is_valid_xhtml_in_a_language(
    resources: list[Resource], common: list[Resource]
) -> None:
    for resource in resources + common:
        if resource["resourceType"] == "Binary":
            continue
        div = ElementTree.fromstring(resource["text"]["div"])
        assert div.tag == "{http://www.w3.org/1999/xhtml}div"
        assert div.get("lang") == div.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
        assert "".join(div.itertext()).strip()
        tags = {element.tag.partition("}")[2] for element in div.iter()}
        assert tags <= {"div", "p", "b", "ul", "li"}


def test_every_narrative_says_that_no_clinician_has_reviewed_it(resources: list[Resource]) -> None:
    words = "Not yet reviewed by a clinician. Based on a page reviewed in September 2022."
    for resource in resources:
        if resource["resourceType"] != "Binary":
            assert words in resource["text"]["div"], resource["id"]


def test_absence_means_nothing_is_said_where_a_list_could_be_taken_as_complete(
    resources: list[Resource], sources: Sources
) -> None:
    types = (
        "Library", "Composition", "Medication", "MedicationKnowledge", "ClinicalUseDefinition",
        "MedicinalProductUndesirableEffect", "MedicinalProductIndication",
    )  # fmt: skip
    for resource in of_type(resources, *types):
        assert sources.publisher.notices[0].absence in resource["text"]["div"], resource["id"]


def test_nothing_claims_a_review_that_is_not_on_record(resources: list[Resource]) -> None:
    for resource in resources:
        assert not properties(resource) & {"lastReviewDate", "approvalDate", "attester"}, resource["id"]
        status = resource.get("status")
        assert status in (None, "draft", "preliminary", {"coding": [DRAFT]}) or is_current(resource)


DRAFT = {"system": "http://hl7.org/fhir/publication-status", "code": "draft", "display": "Draft"}


def is_current(resource: Resource) -> bool:
    """A DocumentReference has no draft: its docStatus says it, and the source page is not ours."""
    return (resource["resourceType"], resource["status"]) == ("DocumentReference", "current")


def test_a_review_on_record_makes_the_same_build_active(
    reviewed: dict[str, list[Resource]], release: str
) -> None:
    built = reviewed[release]
    assert {r["status"] for r in built if isinstance(r.get("status"), str)} == {"active", "final", "current"}
    assert by_id(built, "Composition/ivig-itp-education-en")["status"] == "final"
    assert by_id(built, "DocumentReference/ivig-itp-education-en")["docStatus"] == "final"
    assert by_id(built, "Medication/ivig")["status"] == "active"
    for resource in of_type(built, "Library", "PlanDefinition", "ActivityDefinition", "Questionnaire"):
        assert resource["lastReviewDate"] == "2026-12-01"
    for resource in of_type(built, "CodeSystem", "ValueSet", "ConceptMap"):
        assert review_date(resource) == "2026-12-01"
    for resource in built:
        if resource["resourceType"] != "Binary":
            assert "Reviewed by a clinician (pediatric hematologist) on 2026-12-01" in resource["text"]["div"]


def review_date(resource: Resource) -> str:
    """The element of R5, or the extension that stands for it before."""
    if "lastReviewDate" in resource:
        return str(resource["lastReviewDate"])
    (extension,) = resource["extension"]
    assert extension["url"] == "http://hl7.org/fhir/StructureDefinition/resource-lastReviewDate"
    return str(extension["valueDate"])


def test_every_date_is_the_release_date_or_the_month_of_the_source(resources: list[Resource]) -> None:
    dates: set[str] = set()

    def visit(name: str, value: Any) -> None:
        if name in ("date", "recorded", "creation", "occurredDateTime"):
            dates.add(value)

    for resource in resources:
        walk(resource, visit)
    assert dates == {"2026-11-23", "2026-11-23T00:00:00Z", "2022-09"}


def test_nothing_has_a_dose_a_rate_or_a_time(resources: list[Resource]) -> None:
    forbidden = {
        "amount", "asNeededBoolean", "doseAndRate", "frequencyOfOccurrence", "maxDosePerPeriod",
        "offsetDuration", "priority", "quantity", "strength", "timing", "timingAge", "timingDateTime",
        "timingDuration", "timingPeriod", "timingRange", "timingTiming", "trigger",
    }  # fmt: skip
    for resource in resources:
        if resource["resourceType"] != "StructureDefinition":
            assert not properties(resource) & forbidden, resource["id"]


def test_canonical_urls_start_with_the_publishers_base(
    resources: list[Resource], common: list[Resource], sources: Sources
) -> None:
    for resource in resources + common:
        if "url" in resource:
            expected = f"{sources.publisher.base}/{resource['resourceType']}/{resource['id']}"
            assert resource["url"] == expected


def test_every_reference_leads_to_a_resource_of_the_same_release(
    resources: list[Resource], common: list[Resource]
) -> None:
    known = {f"{r['resourceType']}/{r['id']}" for r in resources + common}

    def check(value: Any, contained: set[str]) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                assert value["reference"] in known | contained
            for member in value.values():
                check(member, contained)
        elif isinstance(value, list):
            for member in value:
                check(member, contained)

    for resource in resources:
        check(resource, {f"#{one['id']}" for one in resource.get("contained", ())})
