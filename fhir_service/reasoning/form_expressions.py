"""Evaluates the expressions of a form: FHIRPath, and what SDC lets it see.

https://build.fhir.org/ig/HL7/sdc/expressions.html

    %resource        the QuestionnaireResponse
    %context, $this  what the expression starts from: an item of the response, or what a context found
    %questionnaire   the Questionnaire
    %qitem           the item of the Questionnaire
    %<name>          variables, launch contexts, allocated ids
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Item, Items, PathError, UnsupportedExpression, compile_path
from fhir_service.reasoning.form import FHIRPATH, Json, named, place, unsupported
from fhir_service.releases import Release

LONGEST = 10_000
"""Characters of an expression."""


def resolves_nothing(reference: str) -> Json | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression sees where it stands; `item` is the Questionnaire's, None at its root."""

    release: Release
    response: Json
    questionnaire: Json
    now: int
    """The moment that expressions know, in microseconds since 1970."""
    item: Json | None = None
    variables: Mapping[str, Items] = field(default_factory=dict)

    def at(self, item: Json) -> Scope:
        return replace(self, item=item)

    def having(self, name: str, items: Items) -> Scope:
        return replace(self, variables={**self.variables, name: items})


def evaluate(expression: str | Json, focus: Item, scope: Scope, where: str) -> Items:
    """The items of an expression, which is a string or an Expression.

    :param where: what holds it, for messages
    :raises Unprocessable: another language, no FHIRPath, or it does not fit the data; the item is named
    """
    written = _written(expression, scope, where)
    known: dict[str, Items] = {
        **scope.variables,
        "questionnaire": [("Questionnaire", scope.questionnaire, None)],
        "qitem": [("Questionnaire.item", scope.item, None)] if scope.item else [],
    }
    resource: Items = [("QuestionnaireResponse", scope.response, None)]
    try:
        path = compile_path(written, focus[0], scope.release, frozenset(known), has_clock=True)
        return path.evaluate_with([focus], known, resolves_nothing, resource=resource, now=scope.now)
    except UnsupportedExpression as failure:
        raise unsupported(f"{where} is `{_short(written)}`: {failure}.", scope.item) from None
    except (PathError, RecursionError) as failure:
        raise Unprocessable(
            f"{named(scope.item)}: {where}, `{_short(written)}`, cannot be evaluated: {failure}.",
            expression=(place(scope.item),),
        ) from None


def _written(expression: str | Json, scope: Scope, where: str) -> str:
    written = expression
    if not isinstance(expression, str):
        language = expression.get("language", FHIRPATH)
        if language != FHIRPATH:
            raise unsupported(f"{where} is in `{language}`; allowed: {FHIRPATH}.", scope.item)
        written = expression.get("expression", "")
    if not isinstance(written, str) or not written:
        raise unsupported(f"{where} has no expression, only a reference to one.", scope.item)
    if len(written) > LONGEST:
        raise unsupported(f"{where} has more than {LONGEST} characters.", scope.item)
    return written


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:100] + "…"
