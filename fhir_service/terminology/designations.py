"""The words for a concept: which of them is shown, in which language, and which match a text.

https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.concept.designation

Languages are compared as RFC 4647 looks them up: who asks for `de-CH` is served `de`, and who asks for `de`
is served `de-CH` where there is nothing nearer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_service.search.keys import fold

LANGUAGES = "urn:ietf:bcp:47"


@dataclass(frozen=True, slots=True)
class Designation:
    """One way of saying it; `source` is the canonical of the supplement that it comes from."""

    value: str
    language: str | None = None
    use: dict[str, Any] | None = None
    additional_use: tuple[dict[str, Any], ...] = ()
    source: str | None = None


def designations_of(concept: dict[str, Any], source: str | None = None) -> tuple[Designation, ...]:
    """Those that a CodeSystem's or a ValueSet's concept lists."""
    return tuple(
        Designation(
            one["value"],
            one.get("language"),
            one.get("use"),
            tuple(one.get("additionalUse", ())),
            source,
        )
        for one in concept.get("designation", ())
        if "value" in one
    )


def languages_of(text: str) -> tuple[str, ...]:
    """Language tags, dearest first: `de-CH`, or as Accept-Language has it, `de;q=0.5, en`."""
    weighted = []
    for place, part in enumerate(text.split(",")):
        tag, _, weight = part.partition(";")
        number = re.fullmatch(r"\s*q=(\d(?:\.\d*)?)\s*", weight)
        if tag.strip():
            weighted.append((-float(number[1]) if number else -1.0, place, tag.strip()))
    return tuple(tag for weight, _, tag in sorted(weighted) if weight < 0)


def display_in(
    languages: Sequence[str],
    display: str | None,
    display_language: str | None,
    designations: Iterable[Designation],
) -> str | None:
    """The display in the first of the languages that it is known in; else the display as it is."""
    held = list(designations)
    for wanted in languages:
        if wanted == "*":
            return display
        if display is not None and display_language and _fit(display_language, wanted) == 2:
            return display
        best = max(held, key=lambda one: _rank(one, wanted), default=None)
        if best is not None and _rank(best, wanted)[0]:
            return best.value
        if display is not None and display_language and _fit(display_language, wanted):
            return display
    return display


def _rank(designation: Designation, wanted: str) -> tuple[int, bool]:
    """How near the language is, and whether the words are meant to be shown."""
    use = (designation.use or {}).get("code")
    return _fit(designation.language or "", wanted), use in (None, "display", "preferredForLanguage")


def _fit(held: str, wanted: str) -> int:
    """2 for the same language, 1 for one that stands for it, 0 for another."""
    held, wanted = held.lower(), wanted.lower()
    if not held:
        return 0
    if held == wanted:
        return 2
    return int(held.startswith(f"{wanted}-") or wanted.startswith(f"{held}-"))


def is_in(language: str | None, wanted: str) -> bool:
    return bool(language) and _fit(language or "", wanted) > 0


def as_words(text: str) -> str:
    """Folded, and with one space before each word: `Zoë's X-ray` becomes ` zoe s x ray`."""
    return "".join(f" {word}" for word in re.findall(r"[^\W_]+", fold(text)))
