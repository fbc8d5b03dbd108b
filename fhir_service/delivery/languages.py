"""Which language of a topic is shown, and what must be said when it is not the one that was asked for.

https://www.rfc-editor.org/rfc/rfc4647#section-3.4 (lookup) and
https://www.rfc-editor.org/rfc/rfc9110#field.accept-language

    explicit choice     a language that is served; a draft translation only this way, and only when the
                        site serves drafts
    Accept-Language     a reviewed language
    the topic's own     with the language that was refused, so that the page can say so in it
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from fhir_service.content.topic import Text, Topic, nearest_language

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}")


@dataclass(frozen=True)
class Choice:
    """The text to show; `refused` is the language asked for explicitly that is not served."""

    text: Text
    refused: str | None = None


def is_language_tag(value: str) -> bool:
    """Whether it has the form of a language tag: https://www.rfc-editor.org/rfc/rfc5646#section-2.1"""
    return _TAG.fullmatch(value) is not None


def served_texts(topic: Topic, *, drafts: bool) -> tuple[Text, ...]:
    """The texts that may be shown and named, the topic's own language first."""
    return tuple(text for text in topic.texts if drafts or not text.is_draft)


def choose(topic: Topic, *, explicit: str | None = None, accept: str = "", drafts: bool = False) -> Choice:
    """The text for whoever asks; `accept` is the value of an Accept-Language header."""
    if explicit:
        found = _lookup(explicit, served_texts(topic, drafts=drafts))
        return Choice(found) if found else Choice(topic.text, refused=explicit)
    reviewed = served_texts(topic, drafts=False)
    # In the order of the header: the nearest wider language of a wish comes before the next wish.
    wishes = (tag for tag, quality in parse_accept_header(accept, LanguageAccept) if quality > 0)
    return Choice(next((text for wish in wishes if (text := _lookup(wish, reviewed))), topic.text))


def _lookup(tag: str, texts: tuple[Text, ...]) -> Text | None:
    by_language = {text.language: text for text in texts}
    nearest = nearest_language(tag, by_language)
    return by_language[nearest] if nearest else None
