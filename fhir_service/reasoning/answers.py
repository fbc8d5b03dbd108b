"""Checks a QuestionnaireResponse against its Questionnaire: each fault is named with the item's linkId.

https://hl7.org/fhir/R4/questionnaireresponse.html#link and https://hl7.org/fhir/R4/questionnaire.html

    items      known, in their place and order, repeated only where the form says so
    required   a question has an answer, a group has one below it, when it is enabled
    enabled    what is not enabled has no answer
    answers    type, length, one of the options; of a value set when its codes are listed
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fhir_service.errors import Issue
from fhir_service.fhir.path import Item
from fhir_service.reasoning.enabling import Given, is_enabled, is_same
from fhir_service.reasoning.form import Json, all_items, is_answered, member, value_of, values
from fhir_service.reasoning.form_expressions import Scope
from fhir_service.reasoning.listed_codes import listed_codes

FindValueSet = Callable[[str], Json | None]
"""The ValueSet of a canonical, when it is here."""

ANSWER_TYPES: dict[str, tuple[str, ...]] = {
    "boolean": ("boolean",),
    "decimal": ("decimal",),
    "integer": ("integer",),
    "date": ("date",),
    "dateTime": ("dateTime",),
    "time": ("time",),
    "string": ("string",),
    "text": ("string",),
    "url": ("uri",),
    "choice": ("Coding",),
    "open-choice": ("Coding", "string"),
    "coding": ("Coding",),
    "attachment": ("Attachment",),
    "reference": ("Reference",),
    "quantity": ("Quantity",),
}
"""By the type of the item: R5's coding is the choice of R4 and R4B."""


def check_answers(scope: Scope, find_value_set: FindValueSet) -> list[Issue]:
    """Everything that is wrong with the response of the scope."""
    check = _Check(scope, find_value_set)
    return [
        *check.of_subject(),
        *check.of_items(scope.questionnaire, [scope.response], "QuestionnaireResponse"),
    ]


class _Check:
    def __init__(self, scope: Scope, find_value_set: FindValueSet) -> None:
        self._scope = scope
        self._find_value_set = find_value_set
        self._given = Given()
        self._known = {item["linkId"] for item in all_items(scope.questionnaire)}

    def of_subject(self) -> Iterator[Issue]:
        allowed = self._scope.questionnaire.get("subjectType", ())
        subject = self._scope.response.get("subject", {})
        kind = subject.get("type") or _type_of(subject.get("reference", ""))
        if allowed and kind in self._scope.release.resource_types and kind not in allowed:
            yield _issue(
                "structure",
                f"The subject is a {kind}; allowed by the Questionnaire: {', '.join(allowed)}.",
                "QuestionnaireResponse.subject",
            )

    def of_items(self, definition: Json, holders: Sequence[Json], path: str) -> Iterator[Issue]:
        """What is wrong with the items of one holder, given the items that it may have."""
        defined = definition.get("item", ())
        order = {item["linkId"]: place for place, item in enumerate(defined)}
        found: dict[str, list[tuple[Json, str]]] = {}
        last = -1
        for index, item in enumerate(holders[-1].get("item", ())):
            link_id, where = item["linkId"], f"{path}.item[{index}]"
            place = order.get(link_id)
            if place is None:
                told = "does not belong here" if link_id in self._known else "is not in the Questionnaire"
                yield _issue("invalid", f"Item `{link_id}` {told}.", f"{where}.linkId")
                continue
            if place < last:
                yield _issue("structure", f"Item `{link_id}` stands out of the Questionnaire's order.", where)
            last = max(last, place)
            found.setdefault(link_id, []).append((item, where))
        for item in defined:
            yield from self._of_item(item, found.get(item["linkId"], []), holders, path)

    def _of_item(
        self, item: Json, found: Sequence[tuple[Json, str]], holders: Sequence[Json], path: str
    ) -> Iterator[Issue]:
        link_id, kind = item["linkId"], item["type"]
        answered = [where for given, where in found if is_answered(given)]
        if not is_enabled(item, holders, self._scope, self._given):
            for where in answered:
                yield _issue("business-rule", f"Item `{link_id}` is answered but not enabled.", where)
            return
        if item.get("required") and kind != "display" and not self._is_complete(item, found):
            told = "a group that needs an answer" if kind == "group" else "a question that needs an answer"
            yield _issue("required", f"Item `{link_id}` is {told}.", found[0][1] if found else path)
        if len(found) > 1 and not (kind == "group" and item.get("repeats")):
            advice = (
                "give its answers in one item" if kind not in ("group", "display") else "it does not repeat"
            )
            yield _issue("structure", f"Item `{link_id}` is there {len(found)} times: {advice}.", found[1][1])
        for given, where in found:
            yield from self._of_content(item, given, where, [*holders, given])

    def _is_complete(self, item: Json, found: Sequence[tuple[Json, str]]) -> bool:
        if item["type"] == "group":
            return any(is_answered(given) for given, _ in found)
        return any(values(given) for given, _ in found)

    def _of_content(self, item: Json, given: Json, where: str, holders: Sequence[Json]) -> Iterator[Issue]:
        link_id, kind = item["linkId"], item["type"]
        if kind in ("group", "display"):
            if "answer" in given:
                yield _issue(
                    "structure", f"Item `{link_id}` is a {kind} and has no answer.", f"{where}.answer"
                )
            yield from self.of_items(item, holders, where)
            return
        if "item" in given:
            told = f"Item `{link_id}` is a question: what is nested in it stands in its answer."
            yield _issue("structure", told, f"{where}.item")
        answers = given.get("answer", [])
        if len(answers) > 1 and not item.get("repeats"):
            told = f"Item `{link_id}` takes one answer, not {len(answers)}."
            yield _issue("structure", told, f"{where}.answer[1]")
        for index, answer in enumerate(answers):
            here = f"{where}.answer[{index}]"
            value = value_of(answer, self._scope.release)
            if value is not None:
                yield from self._of_value(item, value, f"{here}.value")
            yield from self.of_items(item, [*holders, answer], here)

    def _of_value(self, item: Json, value: Item, where: str) -> Iterator[Issue]:
        link_id = item["linkId"]
        options = [
            one for one in (value_of(o, self._scope.release) for o in item.get("answerOption", ())) if one
        ]
        allowed = _allowed_types(item, options)
        if allowed and value[0] not in allowed:
            names = " or ".join(member("value", name) for name in allowed)
            told = f"Item `{link_id}` is answered with {names}, not {member('value', value[0])}."
            yield _issue("structure", told, where)
            return
        longest = item.get("maxLength")
        if longest is not None and isinstance(value[1], str) and len(value[1]) > longest:
            told = f"Item `{link_id}` takes at most {longest} characters, not {len(value[1])}."
            yield _issue("too-long", told, where)
        if not _is_open(item, value[0]):
            yield from self._of_choice(item, value, options, where)

    def _of_choice(self, item: Json, value: Item, options: Sequence[Item], where: str) -> Iterator[Issue]:
        link_id = item["linkId"]
        if options and not any(is_same(value, option) for option in options):
            known = ", ".join(f"`{_shown(option)}`" for option in options)
            yield _issue(
                "code-invalid", f"Item `{link_id}`: `{_shown(value)}` is no option; allowed: {known}.", where
            )
        value_set = item.get("answerValueSet")
        if value_set and value[0] == "Coding":
            codes = listed_codes(value_set, self._find)
            if codes is not None and (value[1].get("system", ""), value[1].get("code", "")) not in codes:
                told = f"Item `{link_id}`: `{_shown(value)}` is not in the value set {value_set}."
                yield _issue("code-invalid", told, where)

    def _find(self, canonical: str) -> Json | None:
        if canonical.startswith("#"):
            contained = self._scope.questionnaire.get("contained", ())
            return next((one for one in contained if one.get("id") == canonical[1:]), None)
        return self._find_value_set(canonical)


def _allowed_types(item: Json, options: Sequence[Item]) -> tuple[str, ...]:
    """The types of an answer; none for a type of item that is not known."""
    allowed = ANSWER_TYPES.get(item["type"], ())
    if item.get("answerConstraint") == "optionsOrString":
        allowed = (*allowed, "string")
    return tuple(dict.fromkeys((*allowed, *(option[0] for option in options)))) if allowed else ()


def _is_open(item: Json, type_name: str) -> bool:
    """Whether an answer of this type need not be one of the options."""
    if item.get("answerConstraint") == "optionsOrType":
        return True
    in_words = item["type"] == "open-choice" or item.get("answerConstraint") == "optionsOrString"
    return in_words and type_name == "string"


def _shown(value: Item) -> str:
    if value[0] == "Coding":
        return f"{value[1].get('system', '')}|{value[1].get('code', '')}"
    return str(value[1].get("reference", "")) if value[0] == "Reference" else str(value[1])


def _type_of(reference: str) -> str:
    parts = reference.split("/")
    return parts[-2] if len(parts) > 1 else ""


def _issue(code: str, diagnostics: str, where: str) -> Issue:
    return Issue("error", code, diagnostics, (where,))
