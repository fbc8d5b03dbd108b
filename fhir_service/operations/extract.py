"""$extract: the answers to a form as resources, in a transaction for the client to send.

https://build.fhir.org/ig/HL7/sdc/OperationDefinition-QuestionnaireResponse-extract.html

The answers are checked against the Questionnaire first, and what is extracted by the gate. Nothing is stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fhir_service.errors import Issue, Unprocessable
from fhir_service.exchange import Services
from fhir_service.fhir.outcome import outcome
from fhir_service.operations.declaration import Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.questionnaires import TYPE, given_questionnaire, questionnaire_input
from fhir_service.operations.stored import Stored
from fhir_service.reasoning.answers import check_answers
from fhir_service.reasoning.extract import Extracted, extract, result
from fhir_service.reasoning.form import named
from fhir_service.reasoning.form_expressions import Scope

_RESPONSE = "QuestionnaireResponse"
_FINISHED = ("completed", "amended")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    stored = Stored.of(invocation, services)
    response = _response(invocation, stored)
    questionnaire = _questionnaire(invocation, response, stored)
    _require_finished(response)
    scope = Scope(
        release=invocation.release, response=response, questionnaire=questionnaire, now=services.now()
    )
    _refuse(check_answers(scope, lambda canonical: stored.canonical("ValueSet", canonical)))
    extracted = extract(scope, services.new_id)
    if not extracted:
        return outcome([Issue("warning", "informational", "The answers hold nothing to extract.")])
    answer = result(extracted)
    _refuse([_located(issue, extracted) for issue in services.validate(invocation.release, answer)])
    return answer


def _response(invocation: Invocation, stored: Stored) -> dict[str, Any]:
    if invocation.level == "instance":
        return stored.instance(invocation.request)
    given: dict[str, Any] | None = invocation.arguments.one("questionnaire-response")
    if given is None:
        raise invocation.refusal(
            "questionnaire-response",
            f"it is needed at type level: the {_RESPONSE} to extract from.",
            issue_code="required",
        )
    return given


def _questionnaire(invocation: Invocation, response: dict[str, Any], stored: Stored) -> dict[str, Any]:
    """The one that was given, else the one that the response names."""
    given = given_questionnaire(invocation, stored)
    canonical = str(response.get("questionnaire", ""))
    if given is not None:
        _require_same(given, canonical)
        return given
    found = _contained(response, canonical) if canonical[:1] == "#" else stored.canonical(TYPE, canonical)
    if found is None:
        told = f"there is no {TYPE} `{canonical}` here" if canonical else f"it does not name its {TYPE}"
        raise Unprocessable(
            f"The response cannot be read: {told}. The parameter `questionnaire` takes one.",
            issue_code="not-found" if canonical else "required",
            expression=(f"{_RESPONSE}.questionnaire" if canonical else _RESPONSE,),
        )
    return found


def _contained(response: dict[str, Any], reference: str) -> dict[str, Any] | None:
    contained = response.get("contained", ())
    return next(
        (one for one in contained if (one["resourceType"], one.get("id")) == (TYPE, reference[1:])), None
    )


def _require_same(given: dict[str, Any], canonical: str) -> None:
    """A Questionnaire fits that has the URL which the response names, or derives from it."""
    url, _, version = canonical.partition("|")
    derived = [one.partition("|")[0] for one in given.get("derivedFrom", ())]
    if not url or "url" not in given or url in derived:
        return
    if given["url"] != url or (version and given.get("version", version) != version):
        shown = "|".join(filter(None, (given["url"], given.get("version"))))
        raise Unprocessable(
            f"The response answers `{canonical}`, and the {TYPE} given is `{shown}`.",
            issue_code="conflict",
            expression=(f"{_RESPONSE}.questionnaire",),
        )


def _require_finished(response: dict[str, Any]) -> None:
    status = response.get("status")
    if status not in _FINISHED:
        raise Unprocessable(
            f"The response is `{status}`; only a finished one is extracted from: {' or '.join(_FINISHED)}.",
            issue_code="business-rule",
            expression=(f"{_RESPONSE}.status",),
        )


def _located(issue: Issue, extracted: Sequence[Extracted]) -> Issue:
    """The issue with the item whose template, or answer, led to it."""
    entry = _ENTRY.match(issue.expression[0]) if issue.expression else None
    one = extracted[int(entry[1]) if entry else 0]
    told = f"{named(one.origin)}: what is extracted is not valid: {issue.diagnostics}"
    return replace(issue, diagnostics=told)


def _refuse(issues: Sequence[Issue]) -> None:
    errors = [issue for issue in issues if issue.severity in ("error", "fatal")]
    if errors:
        raise Unprocessable.of(errors)


OPERATION = Operation(
    code="extract",
    canonical="http://hl7.org/fhir/uv/sdc/OperationDefinition/QuestionnaireResponse-extract",
    title="Extract resources from answers",
    documentation="What the answers to a form say, as the form lays it down (template-based and "
    "observation-based): a single resource, or a transaction Bundle for the client to send. The answers are "
    "checked against the Questionnaire first; codes from a value set only when it lists its codes. "
    "Nothing is stored. Stored answers are extracted from, at instance level, only where the service holds "
    "patients' data (FHIR_SERVICE_TYPES=all).",
    levels=("type", "instance"),
    types=(_RESPONSE,),
    handle=handle,
    inputs=(
        Input(
            "questionnaire-response",
            _RESPONSE,
            "The finished answers, at type level. It may also be the body itself.",
            levels=("type",),
        ),
        questionnaire_input("The form that was answered, when it is not the one that the response names."),
    ),
    outputs=(
        Output("return", "Resource", "What is extracted, or a transaction Bundle of it."),
        Output("issues", "OperationOutcome", "Given alone when there is nothing to extract."),
    ),
    personal=True,
    unserved=True,
    failures=(410,),
)
