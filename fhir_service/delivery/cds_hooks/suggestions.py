"""The medicines that a topic names as examples, as drafts beside an order; a site decides to have them.

https://cds-hooks.hl7.org/2.0/#suggestion and https://hl7.org/fhir/R5/medicationrequest.html

Offered are all of them or none: to a provider, beside an order of the topic's product, for a child who has
the topic's condition by code and for certain, when no allergy to one of them and no order of one is known,
and both lists are whole. What cannot be read in a list could be one of them, so it forbids the offer too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fhir_service.content.topic import Coding, Premedication, Topic
from fhir_service.context import Asked
from fhir_service.delivery.cds_hooks.chart import allergies
from fhir_service.delivery.cds_hooks.deciding import Decision, Finding, is_for_children
from fhir_service.delivery.cds_hooks.resources import spoken
from fhir_service.delivery.cds_hooks.services import ALLERGIES, MEDICATIONS
from fhir_service.phrases import words_of

NOTE = (
    "From a patient-education page, not an order set. Whether to give it, the dose and the route are the "
    "prescriber's decision."
)

_ATC = "http://www.whocc.no/atc"


@dataclass(frozen=True, slots=True)
class Named:
    """All codes and words that mean one of a topic's examples."""

    codes: frozenset[tuple[str, str]]
    phrases: tuple[str, ...]
    others: frozenset[tuple[str, str]]
    """codes that are known to mean something else: what the topic is about"""

    def may_be(self, asked: Asked) -> bool:
        """Whether something is one of the examples, or a class that holds one, or nobody can say."""
        if any(self._holds(coding) for coding in asked.codings):
            return True
        words = spoken(asked)
        if not words:
            # A code alone may be a product, a brand or a class that holds one; only its name could tell.
            return not any((coding.system, coding.code) in self.others for coding in asked.codings)
        return any(phrase in _padded(text) for text in words for phrase in self.phrases)

    def _holds(self, coding: Coding) -> bool:
        if (coding.system, coding.code) in self.codes:
            return True
        # In ATC the class is the beginning of the code.
        return coding.system == _ATC and any(
            system == _ATC and code.startswith(coding.code) for system, code in self.codes
        )


def named(topic: Topic) -> Named:
    """The codes and names of the examples, and whatever else the finder knows for the section about them."""
    section = _section_of(topic)
    mentioned = [entry for entry in topic.finder if entry.role == "mentions" and entry.section == section]
    codings = [coding for medicine in topic.premedications for coding in medicine.codings]
    codings += [entry.coding for entry in mentioned if entry.coding]
    words = [word for medicine in topic.premedications for word in (medicine.name, medicine.brand)]
    words += [coding.display for coding in codings] + [entry.word for entry in mentioned]
    about = [entry.coding for entry in topic.finder if entry.role == "about" and entry.coding]
    return Named(
        codes=frozenset((coding.system, coding.code) for coding in codings),
        phrases=tuple(dict.fromkeys(_padded(_bare(word)) for word in words if word)),
        others=frozenset((coding.system, coding.code) for coding in about),
    )


def _section_of(topic: Topic) -> str | None:
    """The section that states the facts of the examples."""
    facts = {fact for medicine in topic.premedications for fact in medicine.facts}
    sections = (section for section in topic.text.walk() if facts.intersection(section.facts))
    return next((section.code for section in sections), None)


def _bare(display: str) -> str:
    """A display without its semantic tag: `Diphenhydramine (substance)`."""
    return re.sub(r"\s*\([^)]*\)\s*$", "", display)


def _padded(text: str) -> str:
    """Words between spaces, so that one is found as a whole."""
    return f" {' '.join(words_of(text))} "


def offered(decision: Decision, finding: Finding) -> tuple[Premedication, ...]:
    """The examples of the finding's topic, or none of them."""
    topic, order, known = finding.topic, finding.order, finding.known
    if not (decision.call.is_by_provider and decision.service.has_drafts and topic.premedications):
        return ()
    if order is None or order.shape is None or not is_for_children(topic):
        return ()
    if known is None or not known.is_beyond_doubt:
        return ()
    if not (decision.is_known(ALLERGIES) and decision.is_known(MEDICATIONS)):
        return ()
    examples = named(topic)
    return () if any(examples.may_be(asked) for asked in _known(decision)) else topic.premedications


def _known(decision: Decision) -> Iterator[Asked]:
    """Each allergy, and each thing that is ordered, or that is not to be given."""
    yield from allergies(decision.call.prefetch[ALLERGIES].entries)
    for order in (*decision.drafts, *decision.recorded):
        yield order.asked


def suggestion(
    medicine: Premedication, finding: Finding, patient_id: str, new_uuid: Callable[[], str]
) -> dict[str, Any]:
    """One suggestion with one action; not recommended, as the page only gives an example."""
    action = {
        "type": "create",
        "description": f"Creates a draft for {medicine.text} without dose, route or time.",
        "resource": draft(medicine, finding, patient_id),
    }
    return {"label": f"Draft: {medicine.text}", "uuid": new_uuid(), "actions": [action]}


def draft(medicine: Premedication, finding: Finding, patient_id: str) -> dict[str, Any]:
    """The MedicationRequest, in the form of the order that it stands beside."""
    coded = {"coding": [_coding(coding) for coding in medicine.codings], "text": medicine.text}
    is_r5 = finding.order is not None and finding.order.shape == "r5"
    return {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        **({"medication": {"concept": coded}} if is_r5 else {"medicationCodeableConcept": coded}),
        "subject": {"reference": f"Patient/{patient_id}"},
        "note": [{"text": NOTE}],
    }


def _coding(coding: Coding) -> dict[str, str]:
    plain = {"system": coding.system, "code": coding.code}
    return {**plain, "display": coding.display} if coding.display else plain
