"""How an operation's parameters are read: from a query, from a Parameters, from a resource."""

from typing import Any

import pytest

from fhir_service.errors import ServiceError
from fhir_service.exchange import Pairs
from fhir_service.operations.arguments import Arguments, read_arguments
from fhir_service.operations.declaration import ANY, Input
from fhir_service.releases import R4, R5
from fhir_service.releases.validator import validator

INPUTS = (
    Input("url", "uri", "The value set."),
    Input("valueSet", "ValueSet", "The value set itself."),
    Input("sourceCode", "code", "The code.", names={"r4": "code"}, also=("theCode",)),
    Input("coding", "Coding", "The code with its system."),
    Input("count", "integer", "How many."),
    Input("activeOnly", "boolean", "Only active ones."),
    Input("property", "code", "Properties to give.", maximum=None),
    Input("date", "dateTime", "When."),
    Input("anything", ANY, "Whatever."),
    Input("mode", "code", "How.", allowed=("fast",)),
    Input("old", "string", "It is slow.", supported=False),
    Input(
        "dependsOn",
        "",
        "What it depends on.",
        parts=(Input("attribute", "uri", "Which.", minimum=1), Input("note", "string", "Why.")),
        maximum=None,
    ),
)


def read(
    pairs: Pairs = (), body: dict[str, Any] | None = None, inputs: tuple[Input, ...] = INPUTS
) -> Arguments:
    return read_arguments(inputs, R4, pairs, body, lambda release, one: validator(release).validate(one))


def parameters(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(listed)}


def test_a_query_gives_values_of_the_declared_types() -> None:
    found = read(
        (("url", "http://a"), ("count", "3"), ("activeOnly", "true"), ("property", "x"), ("property", "y"))
    )
    assert [found.one(name) for name in ("url", "count", "activeOnly")] == ["http://a", 3, True]
    assert found.all("property") == ["x", "y"]
    assert "coding" not in found


def test_every_name_of_a_parameter_means_it() -> None:
    for name in ("code", "sourceCode", "theCode"):
        assert read(((name, "c"),)).one("sourceCode") == "c"


def test_a_body_and_a_query_are_taken_together() -> None:
    coding = {"system": "http://s", "code": "c"}
    found = read((("url", "http://a"),), parameters({"name": "coding", "valueCoding": coding}))
    assert (found.one("url"), found.one("coding")) == ("http://a", coding)
    assert found.expression("coding") == ("Parameters.parameter[0]",)
    assert found.expression("url") == ("http.url",)


def test_a_resource_as_the_body_is_the_parameter_that_takes_it() -> None:
    value_set = {"resourceType": "ValueSet", "status": "draft"}
    assert read((("count", "1"),), value_set).one("valueSet") == value_set


def test_one_kind_of_text_may_be_written_for_another_if_it_has_its_form() -> None:
    assert read(body=parameters({"name": "url", "valueString": "http://a"})).one("url") == "http://a"
    with pytest.raises(ServiceError, match="`date`"):
        read(body=parameters({"name": "date", "valueString": "yesterday"}))


def test_parts_are_arguments_of_their_own() -> None:
    part = {"name": "attribute", "valueUri": "http://p"}
    found = read(body=parameters({"name": "dependsOn", "part": [part]}))
    assert [one.one("attribute") for one in found.all("dependsOn")] == ["http://p"]


def test_what_has_any_type_keeps_the_one_that_was_sent() -> None:
    argument = read(body=parameters({"name": "anything", "valueCode": "c"})).argument("anything")
    assert argument is not None
    assert (argument.type, argument.value) == ("code", "c")


@pytest.mark.parametrize(
    ("pairs", "body", "issue_code", "expression", "words"),
    [
        ((("urk", "x"),), None, "not-supported", "http.urk", "allowed: activeOnly"),
        ((("old", "x"),), None, "not-supported", "http.old", "It is slow"),
        ((("mode", "slow"),), None, "not-supported", "http.mode", "allowed: fast"),
        ((("url", "a b"),), None, "value", "http.url", "Parameter `url`"),
        ((("url", ""),), None, "invalid", "http.url", "is empty"),
        ((("url", "http://a"), ("url", "http://b")), None, "invalid", "http.url", "once, not 2 times"),
        ((("count", "many"),), None, "value", "http.count", "Parameter `count`"),
        ((("activeOnly", "1"),), None, "value", "http.activeOnly", "Parameter `activeOnly`"),
        ((("coding", "s|c"),), None, "invalid", "http.coding", "send it by POST"),
        ((), {"resourceType": "Patient"}, "structure", "Patient", "not a Patient"),
        ((), parameters({"valueCode": "c"}), "required", "Parameters.parameter[0]", "no `name`"),
        ((), parameters({"name": "url"}), "structure", "Parameters.parameter[0]", "`url` has one value"),
        (
            (),
            parameters({"name": "url", "valueUri": "http://a", "part": []}),
            "structure",
            "Parameters.parameter[0]",
            "valueUri, part",
        ),
        (
            (),
            parameters({"name": "url", "valueUri": {"resourceType": "ValueSet", "status": "draft"}}),
            "structure",
            "Parameters.parameter[0]",
            "Parameter `url`",
        ),
        (
            (),
            parameters({"name": "anything", "resource": "ValueSet"}),
            "structure",
            "Parameters.parameter[0]",
            "Parameter `anything`",
        ),
        (
            (),
            parameters({"name": "url", "valueNonsense": 1}),
            "structure",
            "Parameters.parameter[0]",
            "`valueNonsense`",
        ),
        (
            (),
            parameters({"name": "url", "valueCoding": {"code": "c"}}),
            "structure",
            "Parameters.parameter[0]",
            "takes a uri, not a Coding",
        ),
        (
            (),
            parameters({"name": "coding", "valueCoding": {"cod": "c"}}),
            "structure",
            "Parameters.parameter[0]",
            "Parameter `coding`",
        ),
        (
            (),
            parameters({"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "odd"}}),
            "code-invalid",
            "Parameters.parameter[0].resource.status",
            "Parameter `valueSet`",
        ),
        (
            (),
            parameters({"name": "valueSet", "resource": {"resourceType": "Patient"}}),
            "structure",
            "Parameters.parameter[0]",
            "takes a ValueSet, not a Patient",
        ),
        (
            (),
            parameters({"name": "dependsOn", "part": [{"name": "note", "valueString": "x"}]}),
            "required",
            "Parameters.parameter[0]",
            "`attribute` is needed",
        ),
        (
            (),
            parameters({"name": "dependsOn", "valueString": "x"}),
            "structure",
            "Parameters.parameter[0]",
            "takes parts",
        ),
        ((), {"resourceType": "Parameters", "parameter": {}}, "structure", "Parameters.parameter", "a list"),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    pairs: Pairs, body: dict[str, Any] | None, issue_code: str, expression: str, words: str
) -> None:
    with pytest.raises(ServiceError) as refused:
        read(pairs, body)
    issue = refused.value.issues[0]
    assert words in issue.diagnostics
    assert (issue.code, issue.expression[0].partition(".value")[0]) == (issue_code, expression)
    assert refused.value.status == 400


def test_a_parameter_that_is_needed_is_called_as_the_release_calls_it() -> None:
    needed = (Input("sourceCode", "code", "The code.", names={"r4": "code"}, minimum=1),)
    with pytest.raises(ServiceError, match="`code` is needed"):
        read(inputs=needed)
    with pytest.raises(ServiceError, match="`sourceCode` is needed"):
        read_arguments(needed, R5, (), None, lambda release, one: ())


def test_what_is_to_be_judged_is_not_refused_beforehand() -> None:
    judged = (Input("resource", "Resource", "What to judge.", checked=False),)
    bad = {"resourceType": "ValueSet", "status": "odd"}
    assert read(body=parameters({"name": "resource", "resource": bad}), inputs=judged).one("resource") == bad
