"""Conditions of an action: whether it applies, and what is carried on to the one who does it.

https://hl7.org/fhir/R4/plandefinition-definitions.html#PlanDefinition.action.condition

    applicability, with an expression   evaluated now: all must be true
    applicability, in words only        carried on: nobody but a person can tell
    start, stop                         carried on, whatever their language
"""

from __future__ import annotations

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import UnavailableData
from fhir_service.reasoning.application import Application, Json
from fhir_service.reasoning.expressions import evaluate


def is_applicable(action: Json, where: str, application: Application) -> bool:
    """Whether every applicability condition is true; false, empty and unknown are not."""
    return all(
        _holds(condition["expression"], f"{where}.condition[{index}].expression", application)
        for index, condition in enumerate(action.get("condition", ()))
        if condition.get("kind") == "applicability" and "expression" in condition
    )


def carried_conditions(action: Json) -> list[Json]:
    """The conditions that the resulting action has, too."""
    return [
        condition
        for condition in action.get("condition", ())
        if condition.get("kind") != "applicability" or "expression" not in condition
    ]


def _holds(expression: Json, where: str, application: Application) -> bool:
    try:
        items = evaluate(expression, where, application)
    except UnavailableData as missing:
        application.note(f"{where} could not be decided, and its action is left out: {missing}.")
        return False
    if not items:
        return False
    if len(items) > 1 or type(items[0][1]) is not bool:
        raise Unprocessable(
            f"{where} gives {len(items)} of type {items[0][0]}; a condition gives one boolean.",
            expression=(where,),
        )
    return items[0][1] is True
