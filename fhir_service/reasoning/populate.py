"""Population: a response with an item for every item of a form, and the answers that are known already.

https://build.fhir.org/ig/HL7/sdc/populate.html#expression-based-population

    initialExpression       FHIRPath; sees launch contexts and variables by their names
    initial, initialSelected   fixed answers, where no expression finds one
    itemPopulationContext   FHIRPath; the group is there once for each that it finds
    variable                FHIRPath; on the root or on an item

Every other way, and every other language, is refused by name. What does not fit an item is left out with a
warning: it is never bent into an answer. Whether an item is enabled does not matter: a person goes through
the answers before they are used.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_service.errors import Issue, Unprocessable
from fhir_service.fhir.path import Item, Items
from fhir_service.reasoning.answers import ANSWER_TYPES
from fhir_service.reasoning.form import (
    SDC,
    VARIABLE,
    Json,
    all_items,
    extensions,
    member,
    named,
    part,
    place,
    unsupported,
    value_of,
)
from fhir_service.reasoning.form_expressions import Scope, evaluate
from fhir_service.releases import Release

LAUNCH_CONTEXT = f"{SDC}launchContext"
INITIAL_EXPRESSION = f"{SDC}initialExpression"
POPULATION_CONTEXT = f"{SDC}itemPopulationContext"

_REFUSED = {
    f"{SDC}sourceStructureMap": "population by a StructureMap",
    f"{SDC}sourceQueries": "population by queries",
    f"{SDC}observationLinkPeriod": "population from Observations",
}

MOST_ITEMS = 20_000
"""Groups within groups can repeat without end."""

_TEXTS = frozenset(("string", "code", "uri", "url", "canonical", "id", "markdown", "oid", "uuid"))


class Launch:
    """The launch contexts and root variables that a form names, and what a caller may give for them."""

    def __init__(self, questionnaire: Json) -> None:
        self.types: dict[str, tuple[str, ...]] = {}
        self.repeats: set[str] = set()
        for extension in extensions(questionnaire, LAUNCH_CONTEXT):
            name = (part(extension, "name") or {}).get("valueCoding", {}).get("code", "")
            kinds = (one for one in extension.get("extension", ()) if one.get("url") == "type")
            self.types[name] = tuple(one.get("valueCode", "") for one in kinds)
            if (part(extension, "multiplesAllowed") or {}).get("valueBoolean"):
                self.repeats.add(name)
        for extension in extensions(questionnaire, VARIABLE):
            name = extension.get("valueExpression", {}).get("name", "")
            self.types.setdefault(name, ())
            self.repeats.add(name)


def populate(
    questionnaire: Json, subject: Json | None, given: Mapping[str, Items], release: Release, now: int
) -> tuple[Json, list[Issue]]:
    """The response, still to be finished, and warnings about what could not be filled in.

    :param given: resources by the name of their launch context or variable
    :param now: the moment that expressions know, in microseconds since 1970
    :raises Unprocessable: the form asks for what is not done, or an expression is not FHIRPath
    """
    _refuse(questionnaire)
    response = _head(questionnaire, subject)
    variables = {name: given.get(name, []) for name in Launch(questionnaire).types}
    scope = Scope(
        release=release,
        response=response,
        questionnaire=questionnaire,
        now=now,
        variables={**variables, **given},
    )
    population = _Population(response)
    scope = population.with_variables(questionnaire, scope, frozenset(given))
    response_items = list(population.items(questionnaire, scope))
    if response_items:
        response["item"] = response_items
    return response, population.warnings


def _head(questionnaire: Json, subject: Json | None) -> Json:
    url = questionnaire.get("url")
    if not url:
        raise Unprocessable(
            "The Questionnaire has no `url`, which its response would have to name.",
            issue_code="required",
            expression=("Questionnaire.url",),
        )
    canonical = "|".join(filter(None, (url, questionnaire.get("version"))))
    response: Json = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": canonical,
        "status": "in-progress",
    }
    return response | ({"subject": subject} if subject else {})


def _refuse(questionnaire: Json) -> None:
    for element in (questionnaire, *all_items(questionnaire)):
        item = None if element is questionnaire else element
        for url, mechanism in _REFUSED.items():
            if extensions(element, url):
                raise unsupported(
                    f"{mechanism} ({url.rpartition('/')[2]}) is not done here; allowed: expressions.", item
                )


class _Population:
    def __init__(self, response: Json) -> None:
        self.warnings: list[Issue] = []
        self._start: Item = ("QuestionnaireResponse", response, None)
        self._made = 0

    def with_variables(self, element: Json, scope: Scope, given: frozenset[str] = frozenset()) -> Scope:
        """The variables of an element, each known to the next; what a caller gave is not computed."""
        for extension in extensions(element, VARIABLE):
            expression = extension.get("valueExpression", {})
            name = expression.get("name", "")
            if name not in given:
                scope = scope.having(name, evaluate(expression, self._start, scope, f"variable `{name}`"))
        return scope

    def items(self, definition: Json, scope: Scope) -> Iterator[Json]:
        """The items of a response for those of a Questionnaire, or of one of its items."""
        for item in definition.get("item", ()):
            here = self.with_variables(item, scope.at(item))
            for repetition in self._repetitions(item, here):
                yield self._item(item, repetition)

    def _repetitions(self, item: Json, scope: Scope) -> Sequence[Scope]:
        """Once, or once for each that the context of a group finds."""
        marks = extensions(item, POPULATION_CONTEXT)
        if not marks:
            return [scope]
        expression = marks[0].get("valueExpression", {})
        name = expression.get("name", "")
        found = evaluate(expression, self._start, scope, "itemPopulationContext")
        if not found:
            return [scope.having(name, [])]
        if item["type"] == "group" and item.get("repeats"):
            return [scope.having(name, [one]) for one in found]
        return [scope.having(name, found)]

    def _item(self, item: Json, scope: Scope) -> Json:
        self._count(item)
        made: Json = {name: item[name] for name in ("linkId", "definition", "text") if name in item}
        if item["type"] in ("group", "display"):
            nested = list(self.items(item, scope))
            return made | ({"item": nested} if nested else {})
        answers = [self._answer(value, item, scope) for value in self._values(item, scope)]
        return made | ({"answer": answers} if answers else {})

    def _answer(self, value: Item, item: Json, scope: Scope) -> Json:
        """An answer, with what is nested in its question; without an answer that has no place to stand."""
        nested = list(self.items(item, scope))
        answer = {member("value", value[0]): copy.deepcopy(value[1])}
        return answer | ({"item": nested} if nested else {})

    def _values(self, item: Json, scope: Scope) -> list[Item]:
        found: list[Item] = []
        for extension in extensions(item, INITIAL_EXPRESSION):
            expression = extension.get("valueExpression", {})
            items = evaluate(expression, self._start, scope, "initialExpression")
            found += self._fitting(item, items, scope.release)
        found = found or _fixed(item, scope.release)
        if len(found) > 1 and not item.get("repeats"):
            self._warn(
                item, "multiple-matches", f"takes one answer, and {len(found)} were found: none is given."
            )
            return []
        return found

    def _fitting(self, item: Json, items: Items, release: Release) -> list[Item]:
        fitting = []
        for one in items:
            value = _fitted(one, item, release)
            if value is None:
                self._warn(item, "value", f"what was found is of type {one[0]}, and the item {item['type']}.")
            else:
                fitting.append(value)
        return fitting

    def _warn(self, item: Json, code: str, text: str) -> None:
        self.warnings.append(Issue("warning", code, f"{named(item)}: {text}", (place(item),)))

    def _count(self, item: Json) -> None:
        self._made += 1
        if self._made > MOST_ITEMS:
            raise Unprocessable(
                f"{named(item)}: more than {MOST_ITEMS} items come of its form.",
                issue_code="too-costly",
                expression=(place(item),),
            )


def _fixed(item: Json, release: Release) -> list[Item]:
    """The answers that the form itself gives."""
    initial = [value_of(one, release) for one in item.get("initial", ())]
    initial += [value_of(one, release) for one in item.get("answerOption", ()) if one.get("initialSelected")]
    return [one for one in initial if one is not None]


def _fitted(found: Item, item: Json, release: Release) -> Item | None:
    """What was found as an answer to the item; None when it cannot be one."""
    kind, value, _ = found
    if value is None:
        return None
    options = [one for one in (value_of(each, release) for each in item.get("answerOption", ())) if one]
    for wanted in ANSWER_TYPES.get(item["type"], ()):
        fitted = _as(kind, value, wanted, options, release)
        if fitted is not None:
            return wanted, fitted, None
    return None


def _as(kind: str, value: Any, wanted: str, options: Sequence[Item], release: Release) -> Any:
    """The value as one of the wanted type, where that means the same."""
    if kind == wanted or release.is_a(kind, wanted):
        return value
    if wanted in ("string", "uri") and kind in _TEXTS:
        return value
    if wanted == "decimal" and kind in ("integer", "positiveInt", "unsignedInt"):
        return value
    if wanted == "dateTime" and kind in ("date", "instant"):
        return value
    if wanted == "date" and kind in ("dateTime", "instant"):
        return value[:10]
    if wanted == "Reference" and kind in release.resource_types and "id" in value:
        return {"reference": f"{kind}/{value['id']}"}
    if wanted == "Coding":
        return _coding(kind, value, options)
    return None


def _coding(kind: str, value: Any, options: Sequence[Item]) -> Json | None:
    """The coding of a concept, or the option that has its code: where there are options, one of them."""
    codings = value.get("coding", []) if kind == "CodeableConcept" else []
    if kind in _TEXTS:
        codings = [{"code": value}]
    known = [option[1] for option in options if option[0] == "Coding"]
    for coding in codings:
        for option in known:
            if option.get("code") == coding.get("code") and coding.get("system") in (
                None,
                option.get("system"),
            ):
                found: Json = option
                return found
    is_open = kind == "CodeableConcept" and len(codings) == 1 and not known
    return codings[0] if is_open else None
