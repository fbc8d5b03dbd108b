"""AdverseEvent: the templates by which answers to a topic's form become reports of what was seen.

https://hl7.org/fhir/R4/adverseevent.html and
https://build.fhir.org/ig/HL7/sdc/extraction.html#template-based-extraction

They are contained in the Questionnaire; the service holds no AdverseEvent. One says that something was seen,
with the code and the words of the item that was ticked, who was asked, and when it was written down. It is
the report of whoever gave the answers: it says nothing of severity, seriousness or cause, not when it began,
and in R5, which asks for a status, not whether it is over.
"""

from __future__ import annotations

from fhir_service.reasoning.extract.template import CONTEXT, VALUE

from .context import TopicContext
from .datatypes import Element, Resource

ANSWERS, SYMPTOM, UNLISTED = "answers", "symptom", "unlisted"

# Without a subject there is nobody to whom it happened: then the answers stay answers.
_KNOWN_SUBJECT = "%resource.subject.exists()"
# A device or an organization cannot be the recorder of an AdverseEvent.
_NO_RECORDER = "reference.contains('Device/') or reference.contains('Organization/')"
_RECORDER = f"%resource.author.exclude(%resource.author.where({_NO_RECORDER}))"


def templates(context: TopicContext) -> list[Resource]:
    """The response itself, an effect that the form names, and one in the words of whoever answers."""
    return [
        _answers(context),
        _event(context, SYMPTOM, f"answer.where(value = true and {_KNOWN_SUBJECT})", "%qitem.text"),
        _event(context, UNLISTED, f"answer.where({_KNOWN_SUBJECT})", "value"),
    ]


def _answers(context: TopicContext) -> Resource:
    resource: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": ANSWERS,
        "extension": [_mark(VALUE, "%resource")],
    }
    if context.is_r5:  # which asks for it
        resource["_questionnaire"] = _computed("%resource.questionnaire")
    return resource | {"status": "completed"}


def _event(context: TopicContext, template_id: str, found_in: str, words: str) -> Resource:
    resource: Resource = {
        "resourceType": "AdverseEvent",
        "id": template_id,
        "meta": {"profile": [context.canonical("StructureDefinition", context.id("adverse-event"))]},
        "extension": [_mark(CONTEXT, found_in)],
    }
    if context.is_r5:
        resource["status"] = "unknown"
    concept = {"coding": [_computed("%qitem.code")], "_text": _computed(words)}
    return resource | {
        "actuality": "actual",
        "code" if context.is_r5 else "event": concept,
        "subject": _computed("%resource.subject", display="Whom the answers are about"),
        "encounter": _computed("%resource.encounter", display="Where the answers were given"),
        "_recordedDate": _computed("%resource.authored"),
        "recorder": _computed(_RECORDER, display="Who wrote the answers down"),
    }


def _computed(expression: str, *, display: str = "") -> Element:
    """An element in whose place the value of the expression comes; a reference shows until then what to."""
    element: Element = {"extension": [_mark(VALUE, expression)]}
    return element | {"display": display} if display else element


def _mark(url: str, expression: str) -> Element:
    return {"url": url, "valueString": expression}
