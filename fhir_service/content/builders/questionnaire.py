"""Questionnaire: what to tell the doctor or nurse, made from the side effects; it ranks nothing.

https://hl7.org/fhir/R4/questionnaire.html

Only boolean, group, display and text items: R4, R4B and R5 agree on them. The service notice stands first,
and appears again at once when any part of a reaction is ticked. Until a clinician has reviewed it, the form
is a draft and experimental. Each question says by which template its answer becomes an AdverseEvent.
"""

from __future__ import annotations

from collections.abc import Iterable

from fhir_service.reasoning.extract.template_based import EXTRACT

from ..narrative import bullet_blocks, escaped, paragraph
from ..topic import Bullet, SideEffect, Symptom
from .artifact import finished, mark_derived, topic_metadata, use_contexts
from .clinical_use_definition import symptom_concept
from .context import TopicContext
from .datatypes import Element, Resource
from .extract_templates import ANSWERS, SYMPTOM, UNLISTED, templates


def questionnaire_id(context: TopicContext) -> str:
    return context.id("side-effect-check")


def build(context: TopicContext) -> Iterable[Resource]:
    topic = context.topic
    if not topic.side_effects:
        return
    resource = topic_metadata(
        context,
        "Questionnaire",
        questionnaire_id(context),
        title=f"{topic.short_title}: what to tell the doctor or nurse (derived from the page "
        f"“{topic.source.title}”)",
        description=f"The possible side effects that the page “{topic.source.title}” lists, as a form to "
        "take to the doctor or nurse. Made from the facts of the page, which itself has no "
        "form. It does not rank or score.",
    )
    mark_derived(context, resource)
    resource |= {
        "contained": templates(context),
        "extension": [_extracted(ANSWERS)],
        "experimental": topic.experimental or not context.reviewed,
        "subjectType": ["Patient"],
        "useContext": use_contexts(context),
        "item": list(_items(context)),
    }
    yield finished(context, resource, _blocks(resource))


def _items(context: TopicContext) -> Iterable[Element]:
    topic = context.topic
    yield _display("notice", context.notices.service)
    for warning in topic.warnings:
        if warning.code is None:
            yield _display(f"tell-{warning.id}", warning.text)
    for window_id in topic.windows:
        window = context.publisher.window(window_id)
        bullets = [_bullet(context, window.short, bullet) for bullet in topic.bullets(window_id)]
        yield {"linkId": window.short, "text": window.display, "type": "group", "item": bullets}
    for warning in topic.warnings:
        if warning.code:
            yield {
                "extension": [_extracted(UNLISTED)],
                "linkId": warning.code,
                "code": [_code(context, warning.code, warning.title)],
                "text": warning.title,
                "type": "text",
            }


def _bullet(context: TopicContext, prefix: str, bullet: Bullet) -> Element:
    """A bullet of the page: one question, or a group of them."""
    if bullet.group:
        return {
            "linkId": f"{prefix}-{bullet.group.id}",
            "code": [_code(context, bullet.group.id, bullet.group.text)],
            "text": _sentence(bullet.group.text),
            "type": "group",
            "item": [_question(context, prefix, effect) for effect in bullet.effects],
        }
    effect = bullet.effects[0]
    return _reaction(context, prefix, effect) if effect.parts else _question(context, prefix, effect)


def _reaction(context: TopicContext, prefix: str, effect: SideEffect) -> Element:
    """A reaction and its parts; the notice appears again when anything of it is ticked."""
    reaction = context.topic.symptom(effect.symptom)
    link_id = f"{prefix}-{reaction.id}"
    whole = _boolean(context, link_id, reaction)
    parts = [
        _boolean(context, f"{link_id}-{part.id}", part)
        for part in (context.topic.symptom(part_id) for part_id in effect.parts)
    ]
    ticked = [
        {"question": item["linkId"], "operator": "=", "answerBoolean": True} for item in (whole, *parts)
    ]
    notice = _display(f"{link_id}-notice", context.notices.service)
    notice |= {"enableWhen": ticked, "enableBehavior": "any"}
    return {
        "linkId": f"{link_id}-group",
        "text": _sentence(effect.text),
        "type": "group",
        "item": [whole, *parts, notice],
    }


def _question(context: TopicContext, prefix: str, effect: SideEffect) -> Element:
    symptom = context.topic.symptom(effect.symptom)
    return _boolean(context, f"{prefix}-{symptom.id}", symptom)


def _boolean(context: TopicContext, link_id: str, symptom: Symptom) -> Element:
    """A symptom to tick; its codes are those of the education, as an AdverseEvent takes them from here."""
    return {
        "extension": [_extracted(SYMPTOM)],
        "linkId": link_id,
        "code": symptom_concept(context, symptom)["coding"],
        "text": _sentence(symptom.question or symptom.text),
        "type": "boolean",
    }


def _extracted(template_id: str) -> Element:
    """The extension that says by which template an answer becomes a resource."""
    return {
        "extension": [{"url": "template", "valueReference": {"reference": f"#{template_id}"}}],
        "url": EXTRACT,
    }


def _display(link_id: str, text: str) -> Element:
    return {"linkId": link_id, "text": text, "type": "display"}


def _code(context: TopicContext, code: str, display: str) -> Element:
    return {"system": context.code_system, "code": code, "display": display}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _blocks(resource: Resource) -> list[str]:
    return [paragraph(resource["title"]), paragraph(resource["description"]), _tree(resource["item"])]


def _tree(items: list[Element]) -> str:
    return bullet_blocks(f"{escaped(item['text'])}{_tree(item.get('item', []))}" for item in items)
