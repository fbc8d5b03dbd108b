"""The report of facts. https://hl7.org/fhir/R4/provenance.html"""

from __future__ import annotations

from fhir_service.content.report import report
from fhir_service.content.rules import Material


def test_every_fact_has_a_line_with_its_section_and_resources(material: Material) -> None:
    lines = report(material).splitlines()
    assert lines[0] == "ivig-itp: 40 facts, each in en, es (draft)"
    assert lines[2].split() == ["fact", "section", "of", "the", "text", "r4", "r4b", "r5"]
    assert [line.split()[0] for line in lines[3:]] == [f"F{number:02}" for number in range(1, 41)]
    fever = next(line for line in lines if line.startswith("F19")).split()
    assert fever == [
        "F19",
        "side-effects-during",
        "MedicinalProductUndesirableEffect/ivig-ae-during-fever",
        "ClinicalUseDefinition/ivig-ae-during-fever",
        "ClinicalUseDefinition/ivig-ae-during-fever",
    ]
    assert next(line for line in lines if line.startswith("F34")).split()[2:] == ["text", "only"] * 3
