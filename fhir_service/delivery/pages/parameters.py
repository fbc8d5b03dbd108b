"""What a page can be asked for in its URL: a topic, and `lang`, `section`, `theme`.

https://www.rfc-editor.org/rfc/rfc5646 (language tags)

A portal's template may leave one empty, which asks for nothing. Other parameters are the portal's own, such
as where a visitor came from, and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from fhir_service.content.topic import Text
from fhir_service.delivery.languages import is_language_tag
from fhir_service.errors import Invalid, NotFound
from fhir_service.topics import BuiltTopic

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Asked:
    """The parameters of one request; `lang` and `section` are None where they are not given."""

    lang: str | None = None
    section: str | None = None
    theme: str = "auto"

    def query(self, **changed: str | None) -> str:
        """These parameters as the query of a link, some of them changed; empty when there is none."""
        theme = None if self.theme == "auto" else self.theme
        given = {"lang": self.lang, "section": self.section, "theme": theme} | changed
        pairs = [(name, value) for name, value in given.items() if value]
        return f"?{urlencode(pairs)}" if pairs else ""


def read_asked(query: MultiDict[str, str]) -> Asked:
    """The parameters of a query; Invalid names the one that cannot be read."""
    lang, section, theme = (_single(query, name) for name in ("lang", "section", "theme"))
    if lang and not is_language_tag(lang):
        raise _refused("lang", "`lang` is no language tag; allowed: a tag such as en, es or es-MX.")
    if theme and theme not in THEMES:
        raise _refused("theme", f"`theme` is not known; allowed: {', '.join(THEMES)}.")
    return Asked(lang or None, section or None, theme or "auto")


def find_topic(topics: Mapping[str, BuiltTopic], slug: str) -> BuiltTopic:
    """The topic that is asked for; NotFound names those there are."""
    if slug not in topics:
        raise NotFound(f"There is no topic `{slug}`; there are: {', '.join(topics) or 'none'}.")
    return topics[slug]


def require_section(asked: Asked, text: Text) -> None:
    """Refuse a section that the text does not have."""
    codes = [section.code for section in text.walk()]
    if asked.section and asked.section not in codes:
        raise _refused("section", f"This page has no such `section`; allowed: {', '.join(codes)}.")


def _single(query: MultiDict[str, str], name: str) -> str:
    values = query.getlist(name)
    if len(values) > 1:
        raise _refused(name, f"`{name}` is given {len(values)} times; allowed: once.")
    return values[0] if values else ""


def _refused(name: str, told: str) -> Invalid:
    return Invalid(told, expression=(f"http.{name}",))
