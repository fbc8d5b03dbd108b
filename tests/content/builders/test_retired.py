"""A retired topic stays readable as FHIR, and each resource says so as far as its type has a word for it.

https://hl7.org/fhir/R4/valueset-publication-status.html and https://hl7.org/fhir/R5/valueset-composition-status.html
"""

from dataclasses import replace
from typing import Any

import pytest

from fhir_service.content.builders import build_drafts
from fhir_service.content.notices import read_notices
from fhir_service.content.page import education_page
from fhir_service.content.rules import Material, evaluate
from fhir_service.content.source import Sources
from fhir_service.content.words import words_sha256
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from tests.content.retired import RETIREMENT, build_retired, retired

Resource = dict[str, Any]
Built = dict[str, list[Resource]]

OTHERS = {"Binary": None, "Provenance": None, "Medication": None, "MedicationKnowledge": None}
OTHERS |= {"MedicinalProductIndication": None, "MedicinalProductUndesirableEffect": None}


@pytest.fixture(scope="module", params=[False, True], ids=["never reviewed", "reviewed before"])
def reviewed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def built(sources: Sources, reviewed: bool) -> Built:
    return build_retired(sources, reviewed=reviewed)


def status(resource: Resource) -> Any:
    found = resource.get("status")
    return found["coding"][0]["code"] if isinstance(found, dict) else found


def test_each_resource_says_so_in_the_words_of_its_type(built: Built, reviewed: bool) -> None:
    finished = "final" if reviewed else "preliminary"
    for release, resources in built.items():
        for resource in resources:
            kind = resource["resourceType"]
            if kind == "Composition":
                assert status(resource) == ("deprecated" if release == "r5" else finished)
            elif kind == "DocumentReference" and resource["id"] == "ivig-itp-source-page":
                assert status(resource) == "current"
            elif kind == "DocumentReference":
                assert status(resource) == "superseded"
                assert resource["docStatus"] == ("deprecated" if release == "r5" else finished)
            else:
                assert status(resource) == OTHERS.get(kind, "retired"), kind


def test_the_gate_and_every_rule_accept_it(
    built: Built, sources: Sources, material: Material, reviewed: bool
) -> None:
    drafts = build_retired(sources, reviewed=reviewed, build=build_drafts)
    for release, resources in built.items():
        gate = validator(RELEASES[release])
        every = [*resources, *drafts[release]]
        assert [issue for resource in every for issue in gate.validate(resource)] == []
    topic = retired(sources.topic("ivig-itp"), reviewed=reviewed)
    assert evaluate(replace(material, topic=topic, built=built, drafts=drafts)) == []


def test_the_library_names_what_replaces_it(built: Built) -> None:
    for resources in built.values():
        (library,) = (one for one in resources if one["resourceType"] == "Library")
        assert [one for one in library["relatedArtifact"] if one["type"] == "successor"] == [
            {"type": "successor", "resource": "https://education.test/fhir/Library/ivig-itp-library"}
        ]


def test_every_narrative_says_so_and_why(built: Built) -> None:
    for resources in built.values():
        for resource in resources:
            if resource["resourceType"] != "Binary" and resource["language"] == "en":
                assert "This page was retired on 2026-11-25." in resource["text"]["div"]
                assert RETIREMENT.reason in resource["text"]["div"]


def test_the_reason_stands_in_no_other_language(sources: Sources) -> None:
    topic = retired(sources.topic("ivig-itp"))
    page = education_page(topic, topic.text, sources.publisher)
    assert page.index("This page was retired") < page.index("Not yet reviewed")
    other = education_page(topic, replace(topic.text, language="es"), sources.publisher)
    assert "Esta página se retiró el 2026-11-25." in other
    assert RETIREMENT.reason not in other


def test_retiring_needs_no_new_review(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    assert words_sha256(retired(topic)) == words_sha256(topic)


def test_the_rule_wants_the_status_of_a_retired_topic(sources: Sources, material: Material) -> None:
    told = [str(finding) for finding in evaluate(replace(material, topic=retired(material.topic)))]
    assert any("the status is `draft`, and the topic is retired; allowed: `retired`" in line for line in told)


def test_notices_without_the_words_for_it_are_refused(sources: Sources) -> None:
    findings: list[Any] = []
    assert read_notices("# Notices\n", "notices.en.md", "en", findings) is None
    assert any("notice `retired` is missing" in str(finding) for finding in findings)
