"""Extraction: the resources that the answers to a form say, as the form itself lays down.

https://build.fhir.org/ig/HL7/sdc/extraction.html

One mechanism of SDC per file. Those that are not done are refused by name: a part of what a form asks for
would be a wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_service.errors import Unprocessable
from fhir_service.reasoning.extract import observation_based, template_based
from fhir_service.reasoning.extract.entry import Extracted
from fhir_service.reasoning.extract.template_based import NewId
from fhir_service.reasoning.form import SDC, Json, all_items, extensions, unsupported
from fhir_service.reasoning.form_expressions import Scope

__all__ = ["MECHANISMS", "Extracted", "extract", "result"]

MECHANISMS = (template_based, observation_based)

_REFUSED = {
    f"{SDC}definitionExtract": "definition-based extraction",
    f"{SDC}definitionExtractValue": "definition-based extraction",
    f"{SDC}itemExtractionContext": "definition-based extraction",
    f"{SDC}targetStructureMap": "extraction by a StructureMap",
}


def extract(scope: Scope, new_id: NewId) -> list[Extracted]:
    """What the response of the scope gives, in the order of the Questionnaire, one mechanism after the other.

    :raises Unprocessable: the Questionnaire says nothing of extraction, or asks for what is not done
    """
    places = list(_places(scope.questionnaire))
    for element, item in places:
        for url, mechanism in _REFUSED.items():
            if extensions(element, url):
                raise unsupported(
                    f"{mechanism} ({url.rpartition('/')[2]}) is not done here; allowed: template-based and"
                    " observation-based.",
                    item,
                )
    if not any(extensions(element, url) for element, _ in places for one in MECHANISMS for url in one.MARKS):
        raise Unprocessable(
            "The Questionnaire does not say how anything is extracted from its answers.",
            expression=("QuestionnaireResponse.questionnaire",),
        )
    return [one for mechanism in MECHANISMS for one in mechanism.extract(scope, new_id)]


def result(extracted: Sequence[Extracted]) -> Json:
    """A single resource, or a transaction of several; also of one, when its request says more than itself."""
    if len(extracted) == 1 and extracted[0].is_plain:
        return extracted[0].resource
    return {"resourceType": "Bundle", "type": "transaction", "entry": [one.entry() for one in extracted]}


def _places(questionnaire: Json) -> Iterator[tuple[Json, Json | None]]:
    """Every element that an extension can stand on, with the item that it belongs to."""
    yield questionnaire, None
    for item in all_items(questionnaire):
        yield item, item
        for code in item.get("code", ()):
            yield code, item
