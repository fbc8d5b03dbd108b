"""The answer to a knowledge request as plain values: a feed with an entry for each page and each section.

https://www.rfc-editor.org/rfc/rfc4287

    entry of the page         what it is about, how it begins, where it is, and its FHIR forms
      entry of a section      its words; `source` names the entry that it is a part of

The chosen section follows its page at once, the others in the order of the page. An id names content, never
what was asked, so that it is the same for everybody and tells nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fhir_service.age import MESH
from fhir_service.content.narrative import escaped, heading, paragraph
from fhir_service.content.page import section_blocks
from fhir_service.content.publisher import PageWords, Publisher, review_line
from fhir_service.content.topic import Coding, FinderEntry, Section, Text, Topic
from fhir_service.context import Asked
from fhir_service.delivery.atom import moment, tag
from fhir_service.delivery.languages import Choice
from fhir_service.delivery.pages.links import FHIR_JSON
from fhir_service.delivery.pages.topic_page import fallback_line
from fhir_service.finder import Hit
from fhir_service.releases import RELEASES
from fhir_service.topics import BuiltTopic

from .audience import about_ages
from .code_systems import system_name, system_title
from .knowledge_request import KnowledgeRequest
from .parameters import MAIN, SUBTOPIC

_HTML = "text/html"
_MOST_WRITTEN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    href: str
    rel: str
    type: str
    language: str
    title: str


@dataclass(frozen=True, slots=True)
class Category:
    scheme: str
    term: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`summary` is HTML."""

    id: str
    language: str
    title: str
    updated: str
    links: tuple[Link, ...]
    summary: str
    categories: tuple[Category, ...]
    part_of: Entry | None = None
    """the entry of its page, where this is one of a section"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    base: str
    language: str
    id: str
    title: str
    subtitle: str
    author: str
    author_uri: str
    updated: str
    rights: str
    categories: tuple[Category, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A topic that answers, in the language that was chosen for it."""

    built: BuiltTopic
    hit: Hit
    choice: Choice

    @property
    def topic(self) -> Topic:
        return self.built.topic


def feed_of(asked: KnowledgeRequest, shown: Sequence[Shown], publisher: Publisher, base: str) -> Feed:
    """The feed; `base` is the address of this service."""
    language = shown[0].choice.text.language if shown else publisher.notices[0].language
    words = publisher.words(language)
    released = max((one.topic.released for one in shown), default=publisher.released)
    return Feed(
        base=f"{base}/",
        language=language,
        id=tag(publisher, "infobutton", *(one.built.slug for one in shown)),
        title=words.site_title,
        subtitle=_subtitle(asked, len(shown), words),
        author=publisher.name,
        author_uri=f"{base}/",
        updated=moment(released),
        rights=" ".join(_rights(shown, publisher)),
        categories=tuple(_used(asked, shown)),
        entries=tuple(entry for one in shown for entry in _entries(one, publisher, base)),
    )


def _rights(shown: Sequence[Shown], publisher: Publisher) -> Iterator[str]:
    """Whose the words and the codes in the feed are."""
    yield publisher.copyright
    yield from (one.topic.trademarks for one in shown if one.topic.trademarks)
    systems = {system for one in shown for system in _written(one.built, one.choice.text.language).systems}
    yield from (one.notice for one in publisher.code_systems if one.notice and one.url in systems)


def _is_shown(entry: FinderEntry) -> bool:
    """Whether a code tells what the page is about, or which subtopic a section answers."""
    if entry.coding is None:
        return False
    if entry.role == "about":
        return not (entry.broader or entry.mapped)
    return entry.section is not None and entry.coding.system == MESH


# --- the entries of a topic -----------------------------------------------------------------------------


def _entries(shown: Shown, publisher: Publisher, base: str) -> Iterator[Entry]:
    text, address = shown.choice.text, f"{base}/topics/{shown.built.slug}"
    written = _written(shown.built, text.language)
    said_first = "".join(_said_first(shown, publisher))
    page = Entry(
        id=tag(publisher, "topics", shown.built.slug, text.language),
        language=text.language,
        title=text.title,
        updated=moment(shown.topic.released),
        links=(_page_link(address, text, shown.hit.section, text.title), *_fhir_links(shown, base)),
        summary=said_first + written.beginning + paragraph(publisher.notice(text.language).service),
        categories=written.about,
    )
    yield page
    # A part of a section is never shown alone: the late side effects without "others are possible" would say
    # less than the facts.
    for part in sorted(written.parts, key=lambda part: shown.hit.section not in part.codes):
        yield Entry(
            id=f"{page.id}/{part.code}",
            language=text.language,
            title=part.title,
            updated=page.updated,
            links=(_page_link(address, text, part.code, part.title),),
            summary=said_first + part.words,
            categories=part.aspects,
            part_of=page,
        )


def _said_first(shown: Shown, publisher: Publisher) -> Iterator[str]:
    """What nobody may miss, whichever entry is read: language, translation, review, and whom it is about."""
    text, notices = shown.choice.text, publisher.notice(shown.choice.text.language)
    fallback = fallback_line(publisher, shown.choice)
    if fallback:
        yield f'<p lang="{fallback.language}">{escaped(fallback.words)}</p>'
    if text.is_draft:
        yield paragraph(notices.draft_translation)
    yield paragraph(review_line(shown.topic, notices))
    ages = about_ages(shown.topic, shown.hit, publisher.words(text.language))
    if ages:
        yield paragraph(ages)


@dataclass(frozen=True, slots=True)
class _Part:
    """What the entry of a section says."""

    code: str
    title: str
    words: str
    codes: frozenset[str]
    """its own and those of the sections in it"""
    aspects: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """What the entries of a topic say in one language, whoever asks."""

    beginning: str
    about: tuple[Category, ...]
    parts: tuple[_Part, ...]
    systems: frozenset[str]
    """of the codes in them"""


@lru_cache(_MOST_WRITTEN)
def _written(built: BuiltTopic, language: str) -> _Written:
    """Kept, since rendering the words takes longer than all else that makes a feed."""
    topic = built.topic
    text = topic.text_in(language) or topic.text
    parts = (
        _Part(one.code, one.title, "".join(_words(one)), _codes(one), tuple(_aspects(topic, one)))
        for one in text.sections
    )
    beginning = paragraph(text.description) + "".join(_words(text.sections[0]))
    codings = (entry.coding for entry in topic.finder if _is_shown(entry))
    systems = frozenset(coding.system for coding in codings if coding)
    return _Written(beginning, tuple(_about(topic)), tuple(parts), systems)


def _words(section: Section, level: int = 3) -> Iterator[str]:
    """A section with the sections in it; its own title is that of the entry."""
    yield from section_blocks(section)
    for part in section.sections:
        yield heading(part.title, level)
        yield from _words(part, level + 1)


def _page_link(address: str, text: Text, section: str | None, title: str) -> Link:
    fragment = f"#{section}" if section else ""
    return Link(
        href=f"{address}?lang={text.language}{fragment}",
        rel="alternate",
        type=_HTML,
        language=text.language,
        title=title,
    )


def _fhir_links(shown: Shown, base: str) -> Iterator[Link]:
    """The same words as FHIR, in each release in which they were built."""
    text = shown.choice.text
    for name, release in RELEASES.items():
        for type_name in ("Composition", "DocumentReference"):
            logical_id = f"{shown.built.slug}-education-{text.language}"
            if f"{name}/{type_name}-{logical_id}.json" in shown.built.files:
                yield Link(
                    href=f"{base}/fhir/{name}/{type_name}/{logical_id}",
                    rel="related",
                    type=FHIR_JSON,
                    language=text.language,
                    title=f"{type_name}, FHIR {release.label}",
                )


def _about(topic: Topic) -> Iterator[Category]:
    """The codes that the page is about."""
    for entry in topic.finder:
        if entry.coding and entry.role == "about" and _is_shown(entry):
            yield from _coded(MAIN, entry.coding)


def _aspects(topic: Topic, section: Section) -> Iterator[Category]:
    """The subtopics that a section answers; MeSH names them."""
    codes = _codes(section)
    for entry in topic.finder:
        if entry.coding and entry.section in codes and _is_shown(entry):
            yield from _coded(SUBTOPIC, entry.coding)


def _coded(stem: str, coding: Coding) -> Iterator[Category]:
    yield Category(f"{stem}.c", coding.code)
    yield Category(f"{stem}.cs", system_name(coding.system))
    yield Category(f"{stem}.dn", coding.display or "")


def _codes(section: Section) -> frozenset[str]:
    return frozenset(part.code for part in section.walk())


# --- what the feed says of the request ------------------------------------------------------------------


def _subtitle(asked: KnowledgeRequest, number: int, words: PageWords) -> str:
    sentence = {0: words.found_none, 1: words.found_one}.get(number, words.found_several)
    told = ", ".join(_in_words(one) for one in asked.context.asked)
    return sentence.replace("{number}", str(number)).replace("{asked}", told)


def _in_words(asked: Asked) -> str:
    codes = (f"{system_title(coding.system)} {coding.code}" for coding in asked.codings)
    return ", ".join(codes) if asked.codings else ", ".join(asked.words)


def _used(asked: KnowledgeRequest, shown: Sequence[Shown]) -> Iterator[Category]:
    """The parts of the request that this answer depends on."""
    told = [*asked.told.main, *asked.told.recipient]
    if asked.context.subtopic and any(_is_answered(asked.context.subtopic, one) for one in shown):
        told += asked.told.subtopic
    if any(use.kind == "age" for one in shown for use in one.topic.use_contexts):
        told += asked.told.age
    if shown and not any(one.choice.refused for one in shown):
        told += asked.told.language
    return (Category(scheme, term) for scheme, term in told)


def _is_answered(subtopic: Asked, shown: Shown) -> bool:
    """Whether the section that was chosen is that of the subtopic."""
    if not subtopic.codings:
        return shown.hit.section is not None
    codes = {(coding.system, coding.code) for coding in subtopic.codings}
    chosen = (entry.coding for entry in shown.topic.finder if entry.section == shown.hit.section)
    return any(coding and (coding.system, coding.code) in codes for coding in chosen)
