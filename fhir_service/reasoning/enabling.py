"""Whether an item is enabled by the answers to others.

https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen

Where a question repeats, its nearest answers count: those within the same repetition of a group. What cannot
be decided (a date that is not precise enough) counts as enabled, as the specification says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_service.fhir.path import Item, PathError
from fhir_service.fhir.path.values import compare, equal
from fhir_service.reasoning.form import SDC, Json, answered_below, by_link_id, extensions, value_of, values
from fhir_service.reasoning.form_expressions import Scope, evaluate
from fhir_service.releases import Release

_EXPRESSION = f"{SDC}enableWhenExpression"
_ORDERS = {">": (1,), "<": (-1,), ">=": (0, 1), "<=": (0, -1)}


class Given:
    """The items of a response by linkId, as they stand at any depth below one that holds them."""

    def __init__(self) -> None:
        self._below: dict[int, dict[str, list[Json]]] = {}

    def below(self, holder: Json) -> dict[str, list[Json]]:
        found = self._below.get(id(holder))
        if found is None:
            found = self._below[id(holder)] = by_link_id(_at_any_depth(holder))
        return found


def is_enabled(item: Json, holders: Sequence[Json], scope: Scope, given: Given) -> bool:
    """Say whether it is, by its conditions and by its enableWhenExpression.

    :param holders: the response, and the items and answers that it would stand in, the innermost last
    :param given: made for this response, which outlives it
    """
    for extension in extensions(item, _EXPRESSION):
        holder = holders[-1]
        kind = "QuestionnaireResponse"
        if len(holders) > 1:
            kind += ".item" if "linkId" in holder else ".item.answer"
        found = evaluate(
            extension.get("valueExpression", {}), (kind, holder, None), scope.at(item), "enableWhenExpression"
        )
        if [one[1] for one in found] != [True]:
            return False
    conditions = item.get("enableWhen", ())
    if not conditions:
        return True
    met = (_is_met(one, holders, scope.release, given) for one in conditions)
    return any(met) if item.get("enableBehavior") == "any" else all(met)


def _is_met(condition: Json, holders: Sequence[Json], release: Release, given: Given) -> bool:
    answers = list(_answers(condition["question"], holders, release, given))
    expected = value_of(condition, release, "answer")
    operator = condition["operator"]
    if expected is None:
        return False
    if operator == "exists":
        return bool(answers) is expected[1]
    if operator == "!=":
        return not any(is_same(one, expected) for one in answers)
    if operator == "=":
        return any(is_same(one, expected) for one in answers)
    return any(_is_ordered(one, expected, operator) for one in answers)


def _answers(link_id: str, holders: Sequence[Json], release: Release, given: Given) -> Iterator[Item]:
    for holder in reversed(holders):
        found = given.below(holder).get(link_id)
        if found:
            for item in found:
                for answer in values(item):
                    value = value_of(answer, release)
                    if value is not None:
                        yield value
            return


def _at_any_depth(holder: Json) -> Iterator[Json]:
    for item in answered_below(holder):
        yield item
        yield from _at_any_depth(item)


def is_same(one: Item, other: Item) -> bool:
    """Whether two answers are the same; a Coding is its system and code, whatever it is displayed as."""
    if one[0] == other[0] == "Coding":
        return all(one[1].get(name) == other[1].get(name) for name in ("system", "code"))
    if one[0] == other[0] == "Reference" and "reference" in one[1]:
        return bool(one[1]["reference"] == other[1].get("reference"))
    return equal(one, other) is not False


def _is_ordered(one: Item, other: Item, operator: str) -> bool:
    try:
        order = compare(one, other)
    except PathError:
        return False
    return order is None or order in _ORDERS[operator]
