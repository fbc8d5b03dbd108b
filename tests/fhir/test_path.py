"""FHIRPath, case by case, and what the compiler promises beside its answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from fhir_service.fhir.dates import to_microseconds
from fhir_service.fhir.path import (
    EvaluationError,
    Path,
    Unavailable,
    UnavailableData,
    UnsupportedExpression,
    compile_path,
)
from fhir_service.fhir.path.simple import simple_path
from fhir_service.releases import R4, R5, RELEASES

from .path_cases import Case, read_cases

CASES = read_cases()
ANSWERED = [case for case in CASES if case.result is not None and not case.unsupported]


def evaluated(case: Case) -> tuple[Path, list[tuple[str, Any]]]:
    release = RELEASES[case.release]
    if case.now is None:
        path = compile_path(case.expression, case.type_name, release)
        return path, path(case.node, resource=case.subject)
    path = compile_path(case.expression, case.type_name, release, has_clock=True)
    context = [(case.type_name, case.node, None)]
    now = to_microseconds(datetime.fromisoformat(case.now))
    items = path.evaluate_with(context, {}, lambda reference: None, now=now)
    return path, [(name, value) for name, value, _ in items]


@pytest.mark.parametrize("case", ANSWERED, ids=str)
def test_expression_gives_the_result_of_the_case(case: Case) -> None:
    path, found = evaluated(case)
    assert [value for _, value in found] == case.result
    if case.types is not None:
        assert sorted({name for name, _ in found}) == case.types
        assert path.types is None or path.types >= set(case.types)


@pytest.mark.parametrize("case", [case for case in CASES if case.unsupported], ids=str)
def test_expression_is_refused_when_it_is_compiled(case: Case) -> None:
    with pytest.raises(UnsupportedExpression):
        compile_path(case.expression, case.type_name, RELEASES[case.release])


@pytest.mark.parametrize("case", [case for case in CASES if case.fails], ids=str)
def test_expression_fails_on_data_that_it_is_not_for(case: Case) -> None:
    path = compile_path(case.expression, case.type_name, RELEASES[case.release])
    with pytest.raises(EvaluationError):
        path(case.node)


def test_every_case_says_what_it_expects() -> None:
    silent = [str(case) for case in CASES if case.result is None and not case.unsupported and not case.fails]
    assert silent == []


def test_types_are_known_ahead() -> None:
    assert compile_path("Condition.onset", "Condition", R5).types == frozenset(
        ("dateTime", "Age", "Period", "Range", "string")
    )
    assert compile_path("Bundle.entry.resource", "Bundle", R4).types is None


def test_a_branch_for_another_type_has_no_types() -> None:
    assert compile_path("Condition.code | List.code", "Patient", R4).types == frozenset()


def test_a_branch_for_another_type_may_name_elements_this_release_lacks() -> None:
    path = compile_path("Condition.nonsense | Patient.active", "Patient", R4)
    assert path({"resourceType": "Patient", "active": True}) == [("boolean", True)]


def test_resolve_asks_the_resolver_when_there_is_one() -> None:
    path = compile_path("Observation.subject.resolve().name.family", "Observation", R4)
    observation = {"resourceType": "Observation", "subject": {"reference": "Patient/1"}}
    asked: list[str] = []

    def resolver(reference: str) -> dict[str, Any]:
        asked.append(reference)
        return {"resourceType": "Patient", "name": [{"family": "Chalmers"}]}

    assert path(observation, resolver) == [("string", "Chalmers")]
    assert asked == ["Patient/1"]


def test_a_primitive_with_extensions_alone_has_no_value_but_exists() -> None:
    patient = {
        "resourceType": "Patient",
        "_birthDate": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]},
    }
    assert compile_path("Patient.birthDate", "Patient", R4)(patient) == []
    assert compile_path("Patient.birthDate.exists()", "Patient", R4)(patient) == [("boolean", True)]
    assert compile_path("Patient.birthDate.hasValue()", "Patient", R4)(patient) == [("boolean", False)]


def test_siblings_of_a_list_keep_their_places() -> None:
    name = {"given": ["Peter", None, "Jim"], "_given": [None, {"id": "second"}]}
    path = compile_path("Patient.name.given.where(hasValue().not()).id", "Patient", R4)
    assert path({"resourceType": "Patient", "name": [name]}) == [("string", "second")]


@pytest.mark.parametrize(
    "wrong", [{"name": "Chalmers"}, {"name": ["Chalmers"]}, {"name": None}, {"name": [None]}]
)
def test_data_of_the_wrong_shape_gives_nothing(wrong: dict[str, Any]) -> None:
    assert compile_path("Patient.name.family", "Patient", R4)({"resourceType": "Patient", **wrong}) == []


def test_an_evaluation_leaves_no_state_behind() -> None:
    path = compile_path("name.where(given.exists($this = 'Jim')).family", "Patient", R4)
    jim = {"resourceType": "Patient", "name": [{"family": "A", "given": ["Jim"]}]}
    ann = {"resourceType": "Patient", "name": [{"family": "B", "given": ["Ann"]}]}
    assert [path(one) for one in (jim, ann, jim)] == [[("string", "A")], [], [("string", "A")]]


def test_a_variable_stands_for_what_it_is_given() -> None:
    path = compile_path("%who.name.given", "Patient", R4, frozenset(("who",)))
    patient = {"resourceType": "Patient", "name": [{"given": ["Eva"]}]}
    found = path.evaluate_with([], {"who": [("Patient", patient, None)]}, lambda reference: None)
    assert found == [("string", "Eva", None)]


def test_a_variable_that_nobody_declared_is_refused() -> None:
    with pytest.raises(UnsupportedExpression, match="%who"):
        compile_path("%who.name", "Patient", R4, frozenset(("whom",)))


@pytest.mark.parametrize(
    "expression",
    [
        "%who",
        "%who.name",
        "%who.exists()",
        "%who.empty()",
        "%who.name.exists().not()",
        "%who.active = true",
        "%who | {}",
        "({} | %who).empty()",
        "{}.combine(%who).count()",
        "%who is Patient",
        "%who.where(active).count()",
        "iif(%who.active, 1, 2)",
        "active.exists()",
        "%who[0]",
        "$this",
        "%who.ofType(Patient)",
        "%resource.active",
        "1 in %who",
        "repeat(children())",
        "descendants().count()",
    ],
)
def test_whoever_looks_into_what_is_unavailable_fails(expression: str) -> None:
    path = compile_path(expression, "Patient", R4, frozenset(("who",)))
    missing = Unavailable("the patient")
    with pytest.raises(UnavailableData, match="the patient is not available"):
        list(path.evaluate_with(missing, {"who": missing}, lambda reference: None))


@pytest.mark.parametrize(
    "expression", ["false and %who.active", "true or active", "iif(true, 1, %who.active)"]
)
def test_what_does_not_look_into_it_has_an_answer(expression: str) -> None:
    path = compile_path(expression, "Patient", R4, frozenset(("who",)))
    missing = Unavailable("the patient")
    assert path.evaluate_with(missing, {"who": missing}, lambda reference: None)


@pytest.mark.parametrize(
    ("expression", "root", "steps"),
    [
        ("code", "", [("code", None)]),
        ("dosageInstruction[1].text", "", [("dosageInstruction", 1), ("text", None)]),
        ("%action.title", "%action", [("title", None)]),
        ("`code`.coding[0].code", "", [("code", None), ("coding", 0), ("code", None)]),
    ],
)
def test_a_simple_path_is_its_steps(expression: str, root: str, steps: list[tuple[str, int | None]]) -> None:
    path = simple_path(expression)
    assert (path.root, [(step.name, step.index) for step in path.steps]) == (root, steps)


@pytest.mark.parametrize("expression", ["a.where(b)", "first()", "a + b", "a[b]", "a[0][1]", "'text'", "a."])
def test_what_is_no_place_is_no_simple_path(expression: str) -> None:
    with pytest.raises(UnsupportedExpression):
        simple_path(expression)


def test_variables_and_the_resource_of_a_node_are_what_the_caller_says() -> None:
    response = {"resourceType": "QuestionnaireResponse", "id": "r", "item": [{"linkId": "a"}]}
    path = compile_path("%resource.id & %own & linkId", "QuestionnaireResponse.item", R4, frozenset(("own",)))
    found = path.evaluate_with(
        [("QuestionnaireResponse.item", response["item"][0], None)],
        {"own": [("string", "-", None)]},
        lambda reference: None,
        resource=[("QuestionnaireResponse", response, None)],
    )
    assert [value for _, value, _ in found] == ["r-a"]
    with pytest.raises(UnsupportedExpression):
        compile_path("%own", "QuestionnaireResponse.item", R4)


def test_an_expression_that_asks_for_the_time_fails_when_nobody_tells_it() -> None:
    path = compile_path("today()", "Patient", R4, has_clock=True)
    with pytest.raises(EvaluationError, match="what time it is"):
        path({"resourceType": "Patient"})
