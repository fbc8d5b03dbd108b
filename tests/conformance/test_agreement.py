"""A seeded sample of `make agreement`: the gate and the official validator agree, and say so again."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from fhir_service.releases import RELEASES
from tests.conformance.agreement import (
    OUTSIDE,
    PUBLISHED,
    SAMPLE,
    TERMINOLOGY,
    Comparison,
    RawError,
    agreement,
    cases,
    compare,
    dumped,
    held_out,
    is_unread,
    judge,
    key_of,
    read_sample,
)
from tests.conformance.agreement_report import BROKEN, cause, held_out_part, held_out_report, report
from tests.conformance.hl7_examples import Example
from tests.conformance.mutants import MUTATIONS, Mutator
from tests.conformance.official_validator import Job, OfficialValidator

ALL = pytest.mark.parametrize("release", RELEASES)


def compared(release: str) -> list[Comparison]:
    return compare(*read_sample(release))


@ALL
def test_the_sample_has_each_kind(release: str) -> None:
    kinds = Counter(case.kind for case in read_sample(release)[0])
    assert set(kinds) == {PUBLISHED, *MUTATIONS}
    assert kinds.total() == SAMPLE


@ALL
def test_structure_types_and_required_bindings_agree(release: str) -> None:
    found = [one for one in compared(release) if one.case.kind not in (PUBLISHED, BROKEN)]
    assert agreement(found) >= 99, [cause(one) for one in found if not one.agrees]


@ALL
def test_all_agrees_with_invariants(release: str) -> None:
    found = compared(release)
    assert agreement(found) >= 95, [cause(one) for one in found if not one.agrees]
    broken = [one for one in found if one.case.kind == BROKEN]
    assert agreement(broken) >= 95, [cause(one) for one in broken if not one.agrees]


@ALL
def test_every_disagreement_has_a_cause(release: str) -> None:
    causes = [cause(one) for one in compared(release) if not one.agrees]
    assert [one for one in causes if one.startswith("UNEXPLAINED")] == []


@ALL
def test_the_official_validator_still_says_what_the_sample_records(
    release: str, official_validator: OfficialValidator
) -> None:
    """Whether it accepts is compared, not each message; what its harness cannot read is left out.

    Every fifth is asked again, as all take the official validator minutes.
    """
    cases, recorded = read_sample(release)
    before = {str(number): recorded[number] for number in range(0, len(cases), 5)}
    before = {number: errors for number, errors in before.items() if not is_unread(errors)}
    jobs = [Job(release, name, json.loads(dumped(cases[int(name)].resource))) for name in before]
    now: dict[str, list[RawError]] = {name: [] for name in before}
    for one in official_validator.validate_all(jobs):
        if one.is_error:
            now[one.name].append((one.message_id, one.location, one.message))
    changed = [
        f"{cases[int(name)].name} ({cases[int(name)].kind})"
        for name, errors in before.items()
        if bool(judge(release, errors).errors) != bool(judge(release, now[name]).errors)
    ]
    assert changed == []


def test_what_is_outside_the_gate_is_told_by_the_message() -> None:
    unit = ("Terminology_PassThrough_TX_Message", "x", "Error processing unit 'drop'")
    assert judge("r4", [unit]).outside == [TERMINOLOGY] == sorted({OUTSIDE["Terminology_PassThrough"]})
    base = "minimum required = 1, but only found 0 (from http://hl7.org/fhir/StructureDefinition"
    for element, profile, is_inside in (
        ("CodeSystem.publisher", "shareablecodesystem", False),
        ("CodeSystem.status", "shareablecodesystem", True),
        ("CodeSystem.status", "CodeSystem", True),
    ):
        error = ("Validation_VAL_Profile_Minimum", "x", f"{element}: {base}/{profile}|4.0.1)")
        assert bool(judge("r4", [error]).errors) is is_inside


def test_a_mutant_is_the_same_each_time_and_leaves_its_original_alone() -> None:
    patient = {
        "resourceType": "Patient",
        "gender": "male",
        "link": [{"other": {"display": "x"}, "type": "refer"}],
    }
    mutator = Mutator(RELEASES["r4"])
    for kind in MUTATIONS:
        first, second = mutator.mutant(patient, kind, "a"), mutator.mutant(patient, kind, "a")
        assert first == second != patient
    assert patient["gender"] == "male"
    dropped = mutator.mutant(patient, "required element dropped", "a")
    assert dropped is not None and set(dropped["link"][0]) < {"other", "type"}


def test_what_is_held_out_was_not_looked_at() -> None:
    resource = {"resourceType": "Patient", "gender": "male", "birthDate": "2001-01-01", "active": True}
    examples = [Example("r4", str(number), 100, {**resource, "id": f"p{number}"}) for number in range(8)]
    looked_at = {key_of(one) for one in cases("r4", examples)}
    held = held_out("r4", examples, "a fresh seed")
    assert held == held_out("r4", examples, "a fresh seed") != held_out("r4", examples, "another")
    assert held and looked_at.isdisjoint(map(key_of, held))


def test_the_parts_of_the_table_are_written_apart() -> None:
    found = [one for one in compared("r4") if one.case.kind != PUBLISHED]
    part = held_out_report(found, "a-seed")
    assert held_out_part(report(found) + part) == part
    assert held_out_part(report(found)) == ""
    assert "`a-seed`" in part and PUBLISHED not in part


def test_the_table_counts_each_case_once() -> None:
    found = compared("r4")
    table = report(found)
    assert f"| R4 | as published | {sum(one.case.kind == PUBLISHED for one in found)} |" in table
    assert "UNEXPLAINED" not in table
