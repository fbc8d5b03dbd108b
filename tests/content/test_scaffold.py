"""A new topic. https://hl7.org/fhir/R4/composition.html"""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from fhir_service.content.finding import SourceError
from fhir_service.content.lint import check
from fhir_service.content.scaffold import scaffold

TODAY = datetime.date(2026, 11, 23)


def test_a_new_topic_lints_and_builds_as_it_is(resources: Path) -> None:
    paths = scaffold(resources, "asthma-inhaler", TODAY)
    assert [path.name for path in paths] == ["facts.csv", "text.en.md", "topic.yaml"]
    checked = check(resources)
    assert checked.findings == ()
    built = next(m.built for m in checked.materials() if m.topic.slug == "asthma-inhaler")
    assert {resource["id"] for resource in built["r4"]} >= {
        "asthma-inhaler-library",
        "asthma-inhaler-education-en",
    }


@pytest.mark.parametrize("slug", ["Asthma", "1st", "a_b", "a" * 33, "../x", ""])
def test_a_name_that_is_none_is_refused(slug: str, resources: Path) -> None:
    with pytest.raises(SourceError):
        scaffold(resources, slug, TODAY)
    assert [path.name for path in (resources / "topics").iterdir()] == ["ivig-itp"]


def test_a_topic_that_is_there_is_left_alone(resources: Path) -> None:
    before = (resources / "topics" / "ivig-itp" / "topic.yaml").read_bytes()
    with pytest.raises(SourceError, match="`ivig-itp` is there already; allowed: a new name"):
        scaffold(resources, "ivig-itp", TODAY)
    assert (resources / "topics" / "ivig-itp" / "topic.yaml").read_bytes() == before
