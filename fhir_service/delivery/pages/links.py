"""Where a topic's page leads: its own other forms, and the same content as FHIR.

https://www.rfc-editor.org/rfc/rfc8288 (the Link header), https://www.rfc-editor.org/rfc/rfc6596 (canonical),
https://www.rfc-editor.org/rfc/rfc5829 (links between versions)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_service.content.publisher import Publisher
from fhir_service.content.topic import Text, Topic
from fhir_service.delivery.languages import served_texts
from fhir_service.delivery.pages.parameters import Asked
from fhir_service.releases import RELEASES

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True)
class Link:
    href: str
    name: str = ""
    language: str = ""


@dataclass(frozen=True)
class TopicLinks:
    """The links of one page; every address is absolute."""

    base: str
    topic: Topic
    text: Text
    asked: Asked
    drafts: bool
    publisher: Publisher
    place: str = "topics"
    """below which address this page stands: `topics`, or `embed`"""

    @property
    def page(self) -> str:
        """The education page, wherever this one stands."""
        return f"{self.base}/topics/{self.topic.slug}"

    @property
    def own(self) -> str:
        return f"{self.base}/{self.place}/{self.topic.slug}"

    @property
    def canonical(self) -> str:
        return self._in_language(self.page, self.text)

    @property
    def permanent(self) -> str:
        """The page of this version, which says the same for good."""
        return self._in_language(f"{self.page}/v/{self.topic.version}", self.text)

    @property
    def whole(self) -> str:
        """This page with all its sections."""
        return self.own + self.asked.query(section=None)

    @property
    def alternates(self) -> tuple[Link, ...]:
        """The reviewed languages, when there are several; a draft is named to nobody who does not ask."""
        texts = served_texts(self.topic, drafts=False)
        if len(texts) < 2:
            return ()
        found = tuple(Link(self._in_language(self.page, text), language=text.language) for text in texts)
        return (*found, Link(self.page, language="x-default"))

    @property
    def languages(self) -> tuple[Link, ...]:
        """The same page in each language that is served."""
        return tuple(
            Link(
                self.own + self.asked.query(lang=text.language),
                self.publisher.notice(text.language).language_name,
                text.language,
            )
            for text in served_texts(self.topic, drafts=self.drafts)
        )

    @property
    def fhir(self) -> tuple[Link, ...]:
        """The text as a Composition of each release; a draft that is shown is loaded, too."""
        return tuple(Link(href, label) for label, href in self._resources("Composition"))

    def header(self) -> str:
        """The value of `Link`."""
        links = [f'<{self.canonical}>; rel="canonical"', f'<{self.permanent}>; rel="bookmark"']
        for type_name in ("Composition", "DocumentReference", "Library"):
            links += [
                f'<{href}>; rel="alternate"; type="{FHIR_JSON}"; title="{type_name}, FHIR {label}"'
                for label, href in self._resources(type_name)
            ]
        return ", ".join(links)

    def _resources(self, type_name: str) -> Iterator[tuple[str, str]]:
        end = "library" if type_name == "Library" else f"education-{self.text.language}"
        for name, release in RELEASES.items():
            yield release.label, f"{self.base}/fhir/{name}/{type_name}/{self.topic.slug}-{end}"

    def _in_language(self, href: str, text: Text) -> str:
        """The topic's own language needs no parameter."""
        return href if text.language == self.topic.language else f"{href}?lang={text.language}"
