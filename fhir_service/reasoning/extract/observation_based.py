"""Observation-based extraction: an Observation for each answer whose item says so and has a code.

https://build.fhir.org/ig/HL7/sdc/extraction.html#observation-based-extraction

`observationExtract` stands on the root (for every item with a code), on an item or on one of its codes; the
nearest one counts. Skipped questions make nothing; nothing is ever updated or deleted, as no Observation is
kept here. Observations that belong together (`member`, `component`, one for a group) are refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Item
from fhir_service.reasoning.extract.entry import Extracted
from fhir_service.reasoning.extract.template_based import NewId
from fhir_service.reasoning.form import (
    SDC,
    UNIT,
    Json,
    all_items,
    answered_below,
    by_link_id,
    extensions,
    member,
    named,
    place,
    unsupported,
    value_of,
    values,
)
from fhir_service.reasoning.form_expressions import Scope

EXTRACT = f"{SDC}observationExtract"
CATEGORY = f"{SDC}observation-extract-category"

MARKS = (EXTRACT,)

# Observation.performer does not take these.
_NO_PERFORMERS = ("Device",)
_CONVERTED = {"date": "dateTime", "uri": "string"}


def extract(scope: Scope, new_id: NewId) -> Iterator[Extracted]:
    """The Observations of the response, in the order of its items."""
    _refuse(scope.questionnaire, None)
    for item in all_items(scope.questionnaire):
        _refuse(item, item)
        if _says(item) and (item["type"] == "group" or "code" not in item):
            raise unsupported("observationExtract is done for a question that has a `code`.", item)
        for code in item.get("code", ()):
            _refuse(code, item)
    form = scope.questionnaire
    yield from _of_items(form, scope.response, bool(_says(form)), _categories(form), scope, new_id)


def _of_items(
    definition: Json, holder: Json, inherited: bool, categories: Sequence[Json], scope: Scope, new_id: NewId
) -> Iterator[Extracted]:
    answered = by_link_id(answered_below(holder))
    for item in definition.get("item", ()):
        own = _says(item)
        is_extracted = inherited if own is None else own
        nearer = _categories(item) or categories
        codes = _codes(item, is_extracted)
        for given in answered.get(item["linkId"], ()):
            for answer in values(given) if codes else ():
                resource = _observation(item, codes, answer, nearer, scope.at(item))
                yield Extracted(resource=resource, full_url=f"urn:uuid:{new_id()}", origin=item)
            yield from _of_items(item, given, inherited, nearer, scope, new_id)


def _says(element: Json) -> bool | None:
    """What the extension on an element says; None when it has none."""
    for extension in extensions(element, EXTRACT):
        return bool(extension.get("valueBoolean"))
    return None


def _codes(item: Json, is_extracted: bool) -> list[Json]:
    """The codings that name the Observation; none for an item that makes none."""
    codes = [one for one in item.get("code", ()) if _says(one) is not False]
    marked = [one for one in codes if _says(one)]
    if not is_extracted:
        codes = marked
    return [{name: value for name, value in one.items() if name != "extension"} for one in codes]


def _refuse(element: Json, item: Json | None) -> None:
    """Refuse an Observation that belongs to another one."""
    for extension in extensions(element, EXTRACT):
        if "valueBoolean" not in extension:
            raise unsupported(
                f"observationExtract is `{extension.get('valueCode', '')}`; only `true` and `false` are done"
                " here: an Observation by itself.",
                item,
            )


def _categories(element: Json) -> list[Json]:
    found = (one.get("valueCodeableConcept") for one in extensions(element, CATEGORY))
    return [one for one in found if one]


def _observation(
    item: Json, codes: Sequence[Json], answer: Json, categories: Sequence[Json], scope: Scope
) -> Json:
    response = scope.response
    observation: Json = {"resourceType": "Observation"}
    for name in ("basedOn", "partOf"):
        if name in response:
            observation[name] = response[name]
    observation["status"] = "final"
    if categories:
        observation["category"] = list(categories)
    observation["code"] = {"coding": list(codes)}
    for name in ("subject", "encounter"):
        if name in response:
            observation[name] = response[name]
    authored = response.get("authored", "")
    if authored:
        observation["effectiveDateTime"] = authored
    if "T" in authored:
        observation["issued"] = authored  # an instant, which a date alone is not
    author = response.get("author", {})
    if author and not author.get("reference", "").startswith(tuple(f"{name}/" for name in _NO_PERFORMERS)):
        observation["performer"] = [author]
    kind, value = _value(item, answer, scope)
    observation[member("value", kind)] = value
    if "id" in response:
        observation["derivedFrom"] = [{"reference": f"QuestionnaireResponse/{response['id']}"}]
    return observation


def _value(item: Json, answer: Json, scope: Scope) -> tuple[str, Any]:
    """The type and value of Observation.value for an answer."""
    given: Item | None = value_of(answer, scope.release)
    assert given is not None  # an answer without one says nothing, and makes nothing
    kind, value, _ = given
    unit = next((one.get("valueCoding") for one in extensions(item, UNIT)), None)
    if kind in ("decimal", "integer") and (unit is not None or kind == "decimal"):
        return "Quantity", {"value": value, **_of_unit(unit or {})}
    if kind == "Coding":
        return "CodeableConcept", {"coding": [value]}
    kind = _CONVERTED.get(kind, kind)
    element = scope.release.type_definition("Observation").elements["value"]
    if kind not in element.types:
        raise Unprocessable(
            f"{named(item)}: an Observation of {scope.release.label} has no value of type {kind}.",
            issue_code="not-supported",
            expression=(place(item),),
        )
    return kind, value


def _of_unit(unit: Json) -> Json:
    told = {
        "unit": unit.get("display") or unit.get("code"),
        "system": unit.get("system"),
        "code": unit.get("code"),
    }
    return {name: value for name, value in told.items() if value}
