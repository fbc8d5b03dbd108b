"""Cards: each links a page. Their words are the topic's, in sentences that say nothing clinical of their own.

https://cds-hooks.hl7.org/2.0/#card-attributes

Every card is `info`. The card for a provider says why it is shown; the one for a patient, or for a relative,
is in plain words and has no codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fhir_service.content.publisher import Publisher, review_line
from fhir_service.content.topic import Premedication, Section, Topic
from fhir_service.delivery.cds_hooks.calls import Call
from fhir_service.delivery.cds_hooks.deciding import Finding, is_for_children
from fhir_service.delivery.cds_hooks.suggestions import NOTE, suggestion
from fhir_service.delivery.languages import choose

LONGEST_SUMMARY = 139

_EDUCATION = {
    "system": "http://terminology.hl7.org/CodeSystem/definition-topic",
    "code": "education",
    "display": "Education",
}
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every card of one answer is written with."""

    call: Call
    publisher: Publisher
    base: str
    """the address of this service"""
    language: str | None
    """what the patient prefers"""
    drafts: bool
    """whether translations that nobody has reviewed are served"""
    new_uuid: Callable[[], str]


def card(finding: Finding, examples: tuple[Premedication, ...], desk: Desk) -> dict[str, Any]:
    """The card for one topic, with a suggestion for each example that is offered."""
    topic = finding.topic
    section = delayed_section(topic, desk.publisher) if finding.ends_encounter else None
    for_provider = desk.call.is_by_provider
    source: dict[str, Any] = {"label": desk.publisher.name, "url": f"{desk.base}/"}
    made: dict[str, Any] = {
        "uuid": desk.new_uuid(),
        "summary": _shortened(("Patient education: " if for_provider else "A page to read: ") + topic.title),
        "detail": "\n\n".join(_detail(finding, section, examples, desk)),
        "indicator": "info",
        "source": {**source, "topic": _EDUCATION} if for_provider else source,
        "links": [_link(topic, section, desk)],
    }
    if examples:
        made["suggestions"] = [
            suggestion(medicine, finding, desk.call.patient_id, desk.new_uuid) for medicine in examples
        ]
        made["selectionBehavior"] = "any"
    return made


def delayed_section(topic: Topic, publisher: Publisher) -> Section | None:
    """The section about side effects that start some time after the treatment; None where there is none."""
    delayed = [effect for effect in topic.side_effects if publisher.window(effect.window).delay]
    facts = {fact for effect in delayed for fact in effect.facts}
    return next((one for one in topic.text.walk() if facts.intersection(one.facts)), None)


def _detail(
    finding: Finding, section: Section | None, examples: tuple[Premedication, ...], desk: Desk
) -> list[str]:
    topic, notices = finding.topic, desk.publisher.notice(finding.topic.language)
    reviewed = _escaped(review_line(topic, notices))
    if not desk.call.is_by_provider:
        opening = topic.text.sections[0].paragraphs[:1]
        return [*(_escaped(paragraph.text) for paragraph in opening), *_about(section), reviewed]
    return [
        _escaped(topic.description),
        *_reasons(finding),
        *_about(section),
        *([_escaped(NOTE)] if examples else []),
        _escaped(notices.absence),
        reviewed,
    ]


def _reasons(finding: Finding) -> list[str]:
    """Why the card is shown; and for whom the page is, where the record does not say: for this patient."""
    topic, told = finding.topic, []
    disease = _escaped(topic.indications[0].disease.text) if topic.indications else None
    is_on_record = finding.known is not None and finding.known.is_the_condition
    if finding.order is not None and topic.product:
        told.append(f"Shown because this is ordered: {_escaped(topic.product.short_name)}.")
    elif is_on_record and disease:
        told.append(f"Shown because this is an active condition: {disease}.")
    elif finding.known is not None:
        told.append("Shown because a wider condition is active.")
    if disease and not is_on_record:
        whom = " in children" if is_for_children(topic) else ""
        told.append(f"The page is about this condition{whom}: {disease}.")
        told.append("It is not among the active conditions that were sent.")
    return told


def _about(section: Section | None) -> list[str]:
    return [f"The link opens the section “{_escaped(section.title)}”."] if section else []


def _link(topic: Topic, section: Section | None, desk: Desk) -> dict[str, Any]:
    label = f"{topic.title}: {section.title}" if section else topic.title
    return {"label": label, "url": page_url(topic, section, desk), "type": "absolute"}


def page_url(topic: Topic, section: Section | None, desk: Desk) -> str:
    """The page in the patient's language, opened at a section.

    A draft translation is for those who ask for it themselves; the record of a patient does not.
    """
    chosen = choose(topic, explicit=desk.language, drafts=desk.drafts)
    language = None if chosen.text.is_draft else desk.language
    asked = {"lang": language, "section": section.code if section else None}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{desk.base}/topics/{topic.slug}" + (f"?{query}" if query else "")


def _shortened(summary: str) -> str:
    return summary if len(summary) <= LONGEST_SUMMARY else f"{summary[: LONGEST_SUMMARY - 1].rstrip()}…"


def _escaped(words: str) -> str:
    """Plain words in Markdown: https://github.github.com/gfm/#backslash-escapes"""
    return _MARKUP.sub(r"\\\1", words)
