"""docs/search.md names every search parameter that is left out, and no other."""

import re
from collections.abc import Iterator

from fhir_service.releases import R5, RELEASES
from fhir_service.search.definitions import SearchParameters
from tests.checkout import PROJECT

PAGE = (PROJECT / "docs" / "search.md").read_text()

DONE_ELSEWHERE = {"_has", "_in", "_list", "_type"}
"""Search reads them, but not as parameters of a type."""


def test_the_table_names_all_that_is_left_out_and_why() -> None:
    left_out: dict[tuple[str, str], dict[str, set[str]]] = {}
    for release in RELEASES.values():
        parameters = SearchParameters(release)
        for type_name in release.resource_types:
            for code, reason in parameters.unsupported(type_name).items():
                if code not in DONE_ELSEWHERE:
                    found = left_out.setdefault((code, reason), {})
                    found.setdefault(release.label, set()).add(type_name)
    assert rows("What is left out") == [
        [f"`{code}`", types_of(found), ", ".join(found), reason]
        for (code, reason), found in sorted(left_out.items())
    ]


def test_the_table_names_all_composites_with_parts_that_are_not_defined() -> None:
    parameters = SearchParameters(R5)
    defined = {data["url"] for data in R5.search_parameter_data}
    assert rows("Composites whose parts HL7 does not define") == [
        [
            type_name,
            f"`{code}`",
            ", ".join(parameters.component(one, place).type for place in range(len(parts))),
        ]
        for type_name in sorted(R5.resource_types)
        for code, one in parameters.for_type(type_name).items()
        if (parts := one.components) and not {part.definition for part in parts} <= defined
    ]


def test_a_client_must_define_the_parts_of_a_composite() -> None:
    composite = {
        "url": "https://education.test/fhir/SearchParameter/mine",
        "code": "mine",
        "type": "composite",
        "base": ["ResearchStudy"],
        "expression": "ResearchStudy.progressStatus",
        "component": [
            {"definition": "https://education.test/fhir/SearchParameter/none", "expression": "state"}
        ],
    }
    reason = SearchParameters(R5).reason(composite, "ResearchStudy")
    assert reason == "its component https://education.test/fhir/SearchParameter/none is not defined"


def test_the_parts_of_a_composite_must_be_understood() -> None:
    composite = {
        "url": "https://education.test/fhir/SearchParameter/mine",
        "code": "mine",
        "type": "composite",
        "base": ["ResearchStudy"],
        "expression": "ResearchStudy.progressStatus",
        "component": [
            {
                "definition": "http://hl7.org/fhir/SearchParameter/ResearchStudy-phase",
                "expression": "state.nothing(",
            }
        ],
    }
    assert (
        SearchParameters(R5).reason(composite, "ResearchStudy").startswith("its component `state.nothing(`: ")
    )


def types_of(found: dict[str, set[str]]) -> str:
    """`every type` where each release has it for all of its types."""
    every = {release.label: set(release.resource_types) for release in RELEASES.values()}
    if all(types == every[label] for label, types in found.items()):
        return "every type"
    return ", ".join(sorted(set().union(*found.values())))


def rows(title: str) -> list[list[str]]:
    return list(cells(PAGE.split(f"## {title}\n")[1].split("\n## ")[0]))


def cells(section: str) -> Iterator[list[str]]:
    for line in re.findall(r"^\| (.*) \|$", section, re.MULTILINE)[1:]:
        yield line.split(" | ")
