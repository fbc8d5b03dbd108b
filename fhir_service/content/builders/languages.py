"""What the resources of a topic say in more than one language, and what they keep silent about.

https://hl7.org/fhir/R4/languages.html and https://hl7.org/fhir/R4/extension-translation.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..narrative import paragraph
from ..topic import Text
from .context import TopicContext
from .datatypes import Element

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"

_OWN_WORDS = ("text", "display")


def translations(
    context: TopicContext, text: Text | None, element: str, words: Callable[[Text], str]
) -> Element:
    """The same title in the languages that somebody has reviewed, on the one in the topic's own language.

    For titles alone; a narrative has one language. Nothing for a resource that is itself a translation.
    """
    if text is not None and text is not context.topic.text:
        return {}
    said = [
        {
            "extension": [
                {"url": "lang", "valueCode": other.language},
                {"url": "content", "valueString": words(other)},
            ],
            "url": TRANSLATION,
        }
        for other in context.topic.texts[1:]
        if not other.is_draft
    ]
    return {f"_{element}": {"extension": said}} if said else {}


def coded_only(context: TopicContext, text: Text, value: Any) -> Any:
    """A value of topic.yaml for a translation: its codes and references, without words of another language.

    The display of a code stays: it is the code system's own.
    """
    if text is context.topic.text:
        return value
    if isinstance(value, list):
        return [coded_only(context, text, item) for item in value]
    if not isinstance(value, dict):
        return value
    is_coding = "code" in value and "system" in value
    kept = {key: one for key, one in value.items() if is_coding or key not in _OWN_WORDS}
    return {key: coded_only(context, text, one) for key, one in kept.items()}


def draft_line(context: TopicContext, text: Text) -> list[str]:
    """The block that stands first in what is a draft; nothing in anything else."""
    return [paragraph(context.publisher.notice(text.language).draft_translation)] if text.is_draft else []
