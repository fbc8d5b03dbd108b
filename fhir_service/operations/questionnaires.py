"""The Questionnaire that a call of $populate or $extract is about.

https://build.fhir.org/ig/HL7/sdc/OperationDefinition-Questionnaire-populate.html

The parameter `questionnaire` is a canonical, a reference or the resource itself.
"""

from __future__ import annotations

from typing import Any

from fhir_service.errors import NotFound
from fhir_service.operations.declaration import ANY, Input
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.stored import Stored

TYPE = "Questionnaire"
_CANONICAL_TYPES = frozenset(("canonical", "uri", "url", "string"))


def questionnaire_input(documentation: str, levels: tuple[str, ...] = ()) -> Input:
    return Input(
        "questionnaire",
        ANY,
        f"{documentation} A canonical, a reference, or the Questionnaire itself.",
        levels=levels,
        also=("questionnaireRef",),
    )


def require_form(invocation: Invocation) -> None:
    """
    :raises Invalid: what was given as the form can be none
    """
    given = invocation.arguments.argument("questionnaire")
    if given is not None and given.type not in (TYPE, "Reference", *_CANONICAL_TYPES):
        raise invocation.refusal(
            "questionnaire",
            f"it is of type {given.type}; allowed: a canonical, a Reference or a {TYPE}.",
            issue_code="structure",
        )


def given_questionnaire(invocation: Invocation, stored: Stored) -> dict[str, Any] | None:
    """The Questionnaire of the parameter; None when it was not given."""
    require_form(invocation)
    given = invocation.arguments.argument("questionnaire")
    if given is None:
        return None
    if given.type == TYPE:
        found: dict[str, Any] | None = given.value
    elif given.type in _CANONICAL_TYPES:
        found = stored.canonical(TYPE, given.value)
    else:
        found = stored.reference(given.value.get("reference", ""))
    if found is None or found["resourceType"] != TYPE:
        named = given.value.get("reference") if isinstance(given.value, dict) else given.value
        raise invocation.refusal(
            "questionnaire", f"there is no {TYPE} `{named}` here.", issue_code="not-found", error=NotFound
        )
    return found
