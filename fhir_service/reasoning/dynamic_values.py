"""Dynamic values: elements of the result that an expression of the definition computes.

https://hl7.org/fhir/R4/plandefinition-definitions.html#PlanDefinition.action.dynamicValue and, for `%action`,
https://hl7.org/fhir/R5/plandefinition.html#12.23.4.3
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Items, UnavailableData, UnsupportedExpression
from fhir_service.fhir.path.simple import SimplePath, simple_path
from fhir_service.reasoning.application import Application, Json, unsupported
from fhir_service.reasoning.expressions import evaluate
from fhir_service.reasoning.placing import Misfit, place


@dataclass(frozen=True, slots=True)
class Target:
    """An object to set elements of, with its type (a resource type or a backbone path)."""

    value: Json
    type_name: str


def set_dynamic_values(
    definition: Json, where: str, target: Target, application: Application, action: Target | None = None
) -> None:
    """Set the dynamic values of a definition, in their order.

    An expression that gives nothing leaves nothing there: a default that was to be replaced must not stay.

    :param target: what a path starts from
    :param action: what `%action` is
    """
    for index, dynamic in enumerate(definition.get("dynamicValue", ())):
        place_of = f"{where}.dynamicValue[{index}]"
        if "expression" not in dynamic or "path" not in dynamic:
            raise unsupported(f"{place_of} without a path and an expression", place_of)
        path, start = _start(dynamic["path"], place_of, target, action)
        items = _items(dynamic["expression"], dynamic["path"], place_of, application)
        try:
            place(start.value, start.type_name, path.steps, items, application.release)
        except Misfit as misfit:
            raise Unprocessable(
                f"{place_of} cannot set `{dynamic['path']}`: {misfit}.", expression=(f"{place_of}.path",)
            ) from None


def _start(written: str, place_of: str, target: Target, action: Target | None) -> tuple[SimplePath, Target]:
    where = f"{place_of}.path"
    try:
        path = simple_path(written)
    except UnsupportedExpression as failure:
        raise unsupported(f"{where} is `{written}`: {failure}", where) from None
    if path.root == "%action" and action is not None:
        start = action
    elif not path.root:
        start = target
        if path.steps[0].name == target.type_name and path.steps[0].index is None:
            path = SimplePath("", path.steps[1:])
    else:
        raise unsupported(f"{where} is `{written}`: a path starts from an element or %action", where)
    if not path.steps:
        raise unsupported(f"{where} is `{written}`, the whole of it", where)
    return path, start


def _items(expression: Json, path: str, place_of: str, application: Application) -> Items:
    try:
        return evaluate(expression, f"{place_of}.expression", application)
    except UnavailableData as missing:
        application.note(f"{place_of} could not be computed, and `{path}` is left out: {missing}.")
        return []
