"""The whole check: sources, builds and rules in one. https://hl7.org/fhir/R4/validation.html"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from fhir_service.content.lint import check, judge
from fhir_service.content.source import Sources

from .conftest import TOPICS, Edit


def test_the_repositorys_sources_have_no_finding(resources: Path) -> None:
    assert check(resources).findings == ()


def test_nothing_is_built_from_a_faulty_source(resources: Path, edit: Edit) -> None:
    edit("topics/ivig-itp/topic.yaml", "short_title:", "short:")
    checked = check(resources)
    assert [finding.message.split(";")[0] for finding in checked.findings] == [
        "`short_title` is missing",
        "unknown field `short`",
    ]
    assert checked.folders == ()


def test_a_topic_with_neither_product_nor_plan_nor_side_effects_is_good(resources: Path) -> None:
    shutil.copytree(TOPICS / "hand-washing", resources / "topics" / "hand-washing")
    checked = check(resources)
    assert checked.findings == ()
    assert [material.topic.slug for material in checked.materials()] == ["hand-washing", "ivig-itp"]
    types = {resource["resourceType"] for resource in checked.materials()[0].built["r5"]}
    assert "PlanDefinition" in types
    assert not types & {"Medication", "MedicationKnowledge", "ClinicalUseDefinition", "ActivityDefinition"}


def test_an_id_that_two_topics_build_is_a_finding(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    assert topic.product is not None
    # Another topic's product whose side effects get the ids of this one's.
    other = replace(topic, slug="other", product=replace(topic.product, id="ivig"))
    found = judge(replace(sources, topics=(topic, other))).findings
    messages = [finding.message for finding in found if finding.file.endswith("Medication-ivig.json")]
    assert messages == ["duplicate id `ivig`: topics/ivig-itp has it too; allowed: an id of its own"] * 3
