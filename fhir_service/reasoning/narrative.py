"""The narrative of what was made: the definition's own words, and none besides.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from fhir_service.reasoning.application import Json

XHTML = "http://www.w3.org/1999/xhtml"
_TAG = re.compile("<[^>]*>")

# Where a request says what it is for, in order.
_SUBJECT_MATTER = (
    "description", "medicationCodeableConcept", "medication", "codeCodeableConcept", "code",
    "itemCodeableConcept", "item", "title",
)  # fmt: skip


def with_narrative(resource: Json, blocks: Iterable[str]) -> Json:
    """The resource with its words as XHTML, in the language that it says."""
    language = escape(resource.get("language", ""), quote=True)
    said = f' xml:lang="{language}" lang="{language}"' if language else ""
    content = "".join(blocks)
    if not _TAG.sub("", content).strip():  # a narrative says something
        content = paragraph(resource["resourceType"])
    div = f'<div xmlns="{XHTML}"{said}>{content}</div>'
    head: Json = {
        name: resource[name] for name in ("resourceType", "id", "meta", "language") if name in resource
    }
    return {**head, "text": {"status": "generated", "div": div}, **resource}


def paragraph(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"


def action_list(actions: Iterable[Json]) -> str:
    """The actions as a list in a list."""
    items = "".join(f"<li>{_action(action)}</li>" for action in actions)
    return f"<ul>{items}</ul>" if items else ""


def subject_matter(resource: Json) -> str:
    """What a request is for, in a few words; its type when it has none."""
    for name in _SUBJECT_MATTER:
        value = resource.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            words = concept_words(value.get("concept", value))
            if words:
                return words
    return str(resource["resourceType"])


def concept_words(concept: Json) -> str:
    """The words of a CodeableConcept, or its first code."""
    if "text" in concept:
        return str(concept["text"])
    codings = concept.get("coding", ())
    shown = [coding[name] for name in ("display", "code") for coding in codings if name in coding]
    return str(shown[0]) if shown else ""


def action_words(action: Json) -> str:
    """What an action says of itself."""
    for name in ("textEquivalent", "description", "title"):
        if action.get(name):
            return str(action[name])
    codes = action.get("code", [])
    listed = codes if isinstance(codes, list) else [codes]  # R5's plans have one code, its groups a list
    return next(filter(None, map(concept_words, listed)), "")


def _action(action: Json) -> str:
    title, words = action.get("title"), action_words(action)
    shown = escape(words, quote=False)
    if title and title != words:
        shown = f"<b>{escape(title, quote=False)}:</b> {shown}"
    return shown + action_list(action.get("action", ()))
