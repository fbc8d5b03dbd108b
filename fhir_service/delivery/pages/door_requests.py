"""What the page for integrators asks of each door: requests made of a topic and of what the doors declare.

https://curl.se/docs/manpage.html

No request is written for one topic: a new topic, section or language is in the forms by itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote, urlencode

from fhir_service.age import MESH
from fhir_service.content.publisher import Publisher
from fhir_service.content.topic import Coding
from fhir_service.delivery.cds_hooks.services import SERVICES
from fhir_service.delivery.infobutton.code_systems import CODE_SYSTEMS
from fhir_service.delivery.infobutton.parameters import (
    AGE_GROUP,
    MAIN,
    RECIPIENT,
    RECIPIENT_LANGUAGE,
    RESPONSE_TYPE,
    SUBTOPIC,
    TASK,
)
from fhir_service.delivery.infobutton.value_lists import FORMS
from fhir_service.delivery.languages import served_texts
from fhir_service.delivery.pages.example_calls import example_call
from fhir_service.delivery.pages.parameters import THEMES
from fhir_service.releases import RELEASES
from fhir_service.topics import BuiltTopic

Shown = Literal["curl", "address", "frame"]
"""How a request is written: as a line for a shell, alone, as the element of a portal's page."""

Kind = Literal["parameter", "pairs", "path", "accept"]
"""What a field is of the request: one parameter, several at once, all that follows the base, the header."""

# What reads better as it is, and may stand in a query: https://www.rfc-editor.org/rfc/rfc3986#section-3.4
_PLAIN = ":/$,"
FRAME = '<iframe src="{address}" title="{title}" data-education style="height: 40rem; width: 100%"></iframe>'
_FHIR_TYPES = ("application/fhir+json", "application/fhir+xml")
# As Infobutton clients name them.
_OIDS = {known.uri: known.oids[0] for known in CODE_SYSTEMS if known.oids}
# Resources that a topic has once in each release, and what they are.
_ONCE = {
    "Library": "All that belongs to the topic",
    "PlanDefinition": "The steps of the treatment",
    "Questionnaire": "The side effects as a form",
    "Binary": "The page as one HTML file",
}
_EFFECTS = ("ClinicalUseDefinition", "MedicinalProductUndesirableEffect")


@dataclass(frozen=True)
class Option:
    """One choice of a field; `body` is what is sent with it, to a door that takes one."""

    value: str
    name: str
    group: str = ""
    body: str = ""


_NONE = Option("", "not said")


@dataclass(frozen=True)
class Field:
    """What a reader of the page chooses; the first option is chosen at the beginning."""

    label: str
    options: tuple[Option, ...]
    name: str = ""
    kind: Kind = "parameter"


@dataclass(frozen=True)
class Form:
    """A request that is made up of choices."""

    id: str
    fields: tuple[Field, ...]
    path: str = ""
    shown: Shown = "curl"

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"

    @property
    def body(self) -> str:
        return next((field.options[0].body for field in self.fields if field.options[0].body), "")

    @property
    def target(self) -> str:
        """All that follows the base, as it is at the beginning."""
        path = next(iter(self._first("path")), self.path)
        parameters = [(field.name, field.options[0].value) for field in self.fields if field.name]
        query = "&".join([*self._first("pairs"), *filter(None, [encoded(parameters)])])
        return f"{path}?{query}" if query else path

    def line(self, base: str, title: str) -> str:
        """The request as it is at the beginning, as the reader copies it."""
        address = base + self.target
        if self.shown == "address":
            return address
        if self.shown == "frame":
            return FRAME.replace("{address}", escape(address)).replace("{title}", escape(title))
        headers = [f"Accept: {value}" for value in self._first("accept")]
        headers += ["Content-Type: application/json"] if self.body else []
        options = [f"-H {shell_quoted(header)}" for header in headers]
        sent = [f"-d {shell_quoted(self.body)}"] if self.body else []
        return " ".join(["curl -s", *options, shell_quoted(address), *sent])

    def _first(self, kind: Kind) -> list[str]:
        values = (field.options[0].value for field in self.fields if field.kind == kind)
        return [value for value in values if value]


def encoded(parameters: Iterable[tuple[str, str]]) -> str:
    """A query without what is empty."""
    return urlencode([pair for pair in parameters if pair[1]], safe=_PLAIN, quote_via=quote)


def shell_quoted(word: str) -> str:
    """In quotes in any case, so that the line reads the same whatever is in it."""
    quoted = shlex.quote(word)
    return quoted if quoted.startswith("'") else f"'{quoted}'"


def fhir_form(built: BuiltTopic, publisher: Publisher, *, drafts: bool) -> Form:
    hidden = {
        text.language for text in built.topic.texts if text not in served_texts(built.topic, drafts=drafts)
    }
    asked = tuple(
        option for release in RELEASES for option in _fhir_options(built, publisher, release, hidden)
    )
    types = tuple(Option(one, one.rpartition("+")[2].upper()) for one in _FHIR_TYPES)
    return Form("fhir", (Field("What", asked, kind="path"), Field("Format", types, kind="accept")))


def _fhir_options(
    built: BuiltTopic, publisher: Publisher, release: str, hidden: Collection[str]
) -> Iterator[Option]:
    """The requests of one release, for what the topic has in it; nothing in a hidden language."""
    topic, base, group = built.topic, f"/fhir/{release}", f"FHIR {release.upper()}"
    names = sorted(file.removesuffix(".json") for file in built.files if file.startswith(f"{release}/"))
    resources = [name.partition("/")[2].partition("-")[::2] for name in names]
    if topic.product and topic.product.codings:
        coding = topic.product.codings[0]
        query = encoded([("code", f"{coding.system}|{coding.code}")])
        name = f"The medicine by its code ({_coded(coding, publisher)})"
        yield Option(f"{base}/MedicationKnowledge?{query}", name, group)
    for kind in sorted({kind for kind, _ in resources if kind in _EFFECTS}):
        for window in map(publisher.window, topic.windows):
            yield Option(
                f"{base}/{kind}?{encoded([('onset', window.id)])}", f"Effects: {window.display}", group
            )
    for kind, logical_id in resources:
        if logical_id.rpartition("-")[2] in hidden:
            continue
        if kind == "Composition":
            yield Option(
                f"{base}/{kind}/{logical_id}/$document", f"The page as a document ({logical_id})", group
            )
        if kind in _ONCE:
            yield Option(f"{base}/{kind}/{logical_id}", f"{_ONCE[kind]} ({kind})", group)


def infobutton_form(built: BuiltTopic, publisher: Publisher, *, drafts: bool) -> Form:
    doors = (
        ("/infobutton/service", "data"),
        ("/infobutton/application", "the page"),
        ("/infobutton", "either"),
    )
    texts = served_texts(built.topic, drafts=drafts)
    fields = (
        Field("Address", tuple(Option(path, f"{path} ({name})") for path, name in doors), kind="path"),
        Field("About", tuple(asked_about(built, publisher)), kind="pairs"),
        Field("Who reads", _optional([("PAT", "the patient"), ("PROV", "a provider")]), RECIPIENT),
        Field(
            "Language", _optional([(one.language, one.language) for one in texts]), f"{RECIPIENT_LANGUAGE}.c"
        ),
        Field("Aspect", (_NONE, *_aspects(publisher)), kind="pairs"),
        Field("Age group", (_NONE, *_code_options(AGE_GROUP, _age_groups(built), publisher)), kind="pairs"),
        Field("Task", (_NONE, *_code_options(TASK, _contexts(built, "task"), publisher)), kind="pairs"),
        Field("Answer as", _optional(_answers()), RESPONSE_TYPE),
    )
    return Form("infobutton", tuple(field for field in fields if field.options))


def cds_form(built: BuiltTopic) -> Form:
    options = [
        Option(f"/cds-services/{service.id}", service.hook, body=example_call(service, built.topic))
        for service in SERVICES.values()
    ]
    return Form("cds-hooks", (Field("Hook", tuple(options), kind="path"),))


def embed_form(built: BuiltTopic, *, drafts: bool) -> Form:
    return Form("embed", _page_fields(built, drafts=drafts), f"/embed/{built.slug}", "frame")


def link_form(built: BuiltTopic, *, drafts: bool) -> Form:
    """For a portal that can only open an address."""
    return Form("link", _page_fields(built, drafts=drafts), f"/topics/{built.slug}", "address")


def packages_form(publisher: Publisher) -> Form:
    options = []
    for release, name in publisher.packages.items():
        path, group = f"/packages/{name}", f"FHIR {release.upper()}"
        options.append(Option(path, f"the versions of {name}", group))
    return Form("packages", (Field("Package", tuple(options), kind="path"),))


def asked_about(built: BuiltTopic, publisher: Publisher) -> Iterator[Option]:
    """What finds the topic, as parameters: codes, the narrower ones first, and words.

    Not the codes of the topic's own CodeSystem: no record has them.
    """
    about = [entry for entry in built.topic.finder if entry.role == "about"]
    for entry in sorted(about, key=lambda entry: entry.broader):
        if entry.coding and not entry.coding.system.startswith(publisher.base):
            yield Option(_coded_pairs(MAIN, entry.coding), _coded(entry.coding, publisher), "Codes")
    for entry in about:
        if entry.word and "…" not in entry.word:  # one with a gap fits the text of orders
            yield Option(encoded([(f"{MAIN}.dn", entry.word)]), entry.word, "Words")


def _optional(choices: Iterable[tuple[str, str]]) -> tuple[Option, ...]:
    return (_NONE, *(Option(value, name) for value, name in choices))


def _page_fields(built: BuiltTopic, *, drafts: bool) -> tuple[Field, ...]:
    texts = served_texts(built.topic, drafts=drafts)
    sections = [(section.code, section.title) for section in built.topic.text.walk()]
    return (
        Field("Language", _optional([(text.language, text.language) for text in texts]), "lang"),
        Field("Section", _optional(sections), "section"),
        Field("Colours", _optional([(theme, theme) for theme in THEMES]), "theme"),
    )


def _code_options(stem: str, codings: Iterable[Coding], publisher: Publisher) -> Iterator[Option]:
    for coding in codings:
        yield Option(_coded_pairs(stem, coding), _coded(coding, publisher))


def _coded_pairs(stem: str, coding: Coding) -> str:
    system = _OIDS.get(coding.system, coding.system)
    return encoded([(f"{stem}.c", coding.code), (f"{stem}.cs", system)])


def _coded(coding: Coding, publisher: Publisher) -> str:
    """The name of the code system, the code, and what it means."""
    titles = {one.url: one.title for one in publisher.code_systems}
    meaning = f" ({coding.display})" if coding.display else ""
    return f"{titles.get(coding.system, coding.system)} {coding.code}{meaning}"


def _aspects(publisher: Publisher) -> Iterator[Option]:
    for subtopic in publisher.subtopics:
        yield Option(_coded_pairs(SUBTOPIC, subtopic.codings[0]), subtopic.words[0])


def _answers() -> Iterator[tuple[str, str]]:
    """Not JSONP: a callback is for a page of the portal alone."""
    return ((media_type, f"{media_type} ({form})") for media_type, form in FORMS.items() if form != "jsonp")


def _age_groups(built: BuiltTopic) -> Sequence[Coding]:
    """Infobutton takes those of MeSH alone."""
    return [coding for coding in _contexts(built, "age") if coding.system == MESH]


def _contexts(built: BuiltTopic, kind: str) -> Sequence[Coding]:
    return [
        code for context in built.topic.use_contexts if context.kind == kind for code in context.value.codings
    ]
