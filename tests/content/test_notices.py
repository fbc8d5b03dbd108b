"""The service's own words. https://hl7.org/fhir/R4/safety.html"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fhir_service.content.finding import Finding
from fhir_service.content.notices import read_notices
from fhir_service.content.publisher import review_line
from fhir_service.content.source import Sources, read_sources
from fhir_service.content.topic import Review

from .conftest import Edit


def test_a_missing_or_unknown_notice_is_a_finding() -> None:
    findings: list[Finding] = []
    found = read_notices("## A {#service}\n\nWords.\n\n## B {#absense}\n\nWords.\n", "n.md", "en", findings)
    assert found is None
    missing = ["absence", "draft-translation", "fallback", "language-name", "months", "not-reviewed"]
    missing += ["page-description", "retired", "reviewed"]
    assert [str(finding) for finding in sorted(findings)] == [
        *(
            f"n.md:1: notice `{code}` is missing or empty; allowed: `## Heading {{#{code}}}` and words"
            for code in missing
        ),
        "n.md:5: unknown notice `absense`; did you mean `absence`? "
        f"allowed: {', '.join([*missing, 'service'])}",
    ]


def test_a_year_has_twelve_months(resources: Path, edit: Edit) -> None:
    edit("notices.es.md", "enero de {year}, ", "")
    assert [str(finding) for finding in read_sources(resources)[1]] == [
        "notices.es.md:1: notice `months` has 11 parts; allowed: twelve with commas between them"
    ]


def test_the_service_notice_has_the_words_of_the_content_model(sources: Sources) -> None:
    assert sources.publisher.notice("en").service == (
        "This page is for learning. It does not replace your care team. No one is watching what you enter. "
        "If you are worried about your child now, do not use this page: "
        "call your care team or your local emergency number."
    )


def test_the_review_line_names_the_source_month_or_the_review(sources: Sources) -> None:
    topic, notices = sources.topic("ivig-itp"), sources.publisher.notice("en")
    assert review_line(topic, notices) == (
        "Not yet reviewed by a clinician. Based on a page reviewed in September 2022."
    )
    review = Review(role="pediatric nurse", date="2026-12-01", words_sha256="0" * 64)
    assert review_line(replace(topic, clinical_review=review), notices) == (
        "Reviewed by a clinician (pediatric nurse) on 2026-12-01. Based on a page reviewed in September 2022."
    )


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "September 2022"), ("es", "septiembre de 2022")],
)
def test_a_month_is_said_in_the_language(language: str, said: str, sources: Sources) -> None:
    notices = sources.publisher.notice(language)
    assert notices.partial_date("2022-09") == notices.partial_date("2022-09-30") == said
    assert notices.partial_date("2022") == "2022"


def test_another_language_falls_back_to_the_first(sources: Sources) -> None:
    assert sources.publisher.notice("fr") is sources.publisher.notice("en")
