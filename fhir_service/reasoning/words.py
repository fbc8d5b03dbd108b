"""The words of a definition in the language of the user.

https://hl7.org/fhir/R4/languages.html and https://hl7.org/fhir/R4/extension-translation.html
"""

from __future__ import annotations

from fhir_service.reasoning.application import Application, Json, name_of

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"


class Words:
    """Reads the texts of one definition, and knows afterwards which language they were in."""

    def __init__(self, definition: Json, application: Application) -> None:
        self._name = name_of(definition)
        self._own = definition.get("language", "")
        self._wanted = application.inputs.language
        self._application = application
        self._translated = 0
        self._missing = 0

    @property
    def language(self) -> str:
        """What the result is written in: the user's language only when all of it is."""
        return self._wanted if self._translated and not self._missing else self._own

    def read(self, holder: Json, name: str) -> str | None:
        """A text of the definition: a translation into the user's language, or as it is."""
        own: str | None = holder.get(name)
        if own is None or not self._wanted:
            return own
        texts = _translations(holder.get("_" + name, {}))
        translated = texts.get(self._wanted.lower())
        if translated is None and _serves(self._own, self._wanted):
            return own
        if translated is None:
            translated = next((text for tag, text in texts.items() if _serves(tag, self._wanted)), None)
        if translated is None:
            self._missing += 1
            self._application.note(f"{self._name} is not wholly translated into {self._wanted}.")
            return own
        self._translated += 1
        return translated

    def copy(self, holder: Json, *names: str) -> Json:
        """Those of the named texts that the holder has."""
        found = {name: self.read(holder, name) for name in names}
        return {name: text for name, text in found.items() if text is not None}


def _translations(sibling: Json) -> dict[str, str]:
    texts = {}
    for extension in sibling.get("extension", ()):
        if extension.get("url") == TRANSLATION:
            parts = {part.get("url"): part for part in extension.get("extension", ())}
            language = parts.get("lang", {}).get("valueCode")
            content = parts.get("content", {})
            text = content.get("valueString", content.get("valueMarkdown"))
            if language and text:
                texts[str(language).lower()] = str(text)
    return texts


def _serves(language: str, wanted: str) -> bool:
    """Whether a text in one language serves who wants the other: their first subtags are the same."""
    return bool(language) and language.lower().split("-")[0] == wanted.lower().split("-")[0]
