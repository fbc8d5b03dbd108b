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
        self._translated_into: set[str] = set()
        self._is_missing_one = False

    @property
    def language(self) -> str:
        """What the result is written in: another language only when all of it is."""
        if not self._translated_into or self._is_missing_one:
            return str(self._own)
        return next(iter(self._translated_into)) if len(self._translated_into) == 1 else self._wanted

    def read(self, holder: Json, name: str) -> str | None:
        """A text of the definition: a translation into the user's language, or as it is."""
        own: str | None = holder.get(name)
        if own is None or not self._wanted:
            return own
        texts = _translations(holder.get("_" + name, {}))
        tag = next((tag for tag in texts if tag.lower() == self._wanted.lower()), None)
        if tag is None and _serves(self._own, self._wanted):
            return own
        tag = tag or next((tag for tag in texts if _serves(tag, self._wanted)), None)
        if tag is None:
            self._is_missing_one = True
            self._application.note(f"{self._name} is not wholly translated into {self._wanted}.")
            return own
        self._translated_into.add(tag)
        return texts[tag]

    def copy(self, holder: Json, *names: str) -> Json:
        """Those of the named texts that the holder has."""
        found = {name: self.read(holder, name) for name in names}
        return {name: text for name, text in found.items() if text is not None}


def _translations(sibling: Json) -> dict[str, str]:
    """The translations beside a text, by language tag."""
    texts = {}
    for extension in sibling.get("extension", ()):
        if extension.get("url") == TRANSLATION:
            parts = {part.get("url"): part for part in extension.get("extension", ())}
            language = parts.get("lang", {}).get("valueCode")
            content = parts.get("content", {})
            text = content.get("valueString", content.get("valueMarkdown"))
            if language and text:
                texts[str(language)] = str(text)
    return texts


def _serves(language: str, wanted: str) -> bool:
    """Whether a text in one language serves who wants the other: their first subtags are the same."""
    return bool(language) and language.lower().split("-")[0] == wanted.lower().split("-")[0]
