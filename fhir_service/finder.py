"""The finder: a context becomes ranked topics and sections, each with the reason it was found for.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208

A code or word of a topic has a role (design, decision 13):

    about      selects the topic, as its product or its condition; a broader code does so with a lower rank
    excludes   words that forbid to select it by words, and its product by any code
    mentions   never selects: it only chooses the section of a topic that something else selected

For each thing that is asked about:

    a code that a topic is about                                -> "code", or "broader"
    a code that means the same as one, by a ConceptMap of the
    topics or of the site                                       -> "mapped code", or "broader"
    no code of it selects any topic: words, whole ones          -> "words"
        but not the topic that one of its codes is mentioned in: what the code says counts
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from fhir_service.age import Age, population
from fhir_service.content.topic import Coding, FinderEntry, Role, Subject, Topic
from fhir_service.context import Asked, Context
from fhir_service.phrases import Phrase, Phrases, Spoken

Reason = Literal["code", "mapped code", "broader", "words"]
"""Why a topic was found, the best reason first."""

SiteCodes = Mapping[tuple[str, str], tuple[Coding, ...]]
"""(system, code) of a site -> the codes that mean the same; see `site_codes.py`."""

_RANK: dict[Reason, int] = {"code": 0, "mapped code": 1, "broader": 2, "words": 3}

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One reason to show a topic."""

    asked: int
    """index of what was asked about in the context"""
    reason: Reason
    matched: Coding | str
    """the code of the request, or its words as they are compared, that selected the topic"""
    of: Subject | None
    """whether that is the topic's product or its condition, where the topic says so"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A topic that was found, and the section that answers best; the best hit comes first."""

    slug: str
    matches: tuple[Match, ...]
    """every reason, the best first"""
    section: str | None = None
    """code of the section to open; None: from the beginning"""
    outside: Literal["younger", "older"] | None = None
    """the age of the context lies wholly outside of what the topic is about: on which side"""

    @property
    def reason(self) -> Reason:
        return self.matches[0].reason

    @property
    def matched(self) -> Coding | str:
        return self.matches[0].matched

    @property
    def of(self) -> Subject | None:
        return self.matches[0].of

    @property
    def asked(self) -> int:
        return self.matches[0].asked

    @property
    def answers(self) -> tuple[int, ...]:
        """Indexes of everything asked about that selected this topic."""
        return tuple(sorted({match.asked for match in self.matches}))


class _About(NamedTuple):
    """What a code or phrase selects."""

    slug: str
    of: Subject | None
    reason: Reason


class _Indexed(NamedTuple):
    """What is looked at only once something has selected the topic, or might."""

    codes: Mapping[_Key, str]
    """mentioned code -> section"""
    words: tuple[tuple[Phrase, str], ...]
    """mentioned phrase, section"""
    about: tuple[Phrase, ...]
    excludes: Phrases
    age: Age


class Finder:
    """An index over the topics that are shown, made once."""

    def __init__(self, topics: Iterable[Topic], site_codes: SiteCodes | None = None) -> None:
        self._site_codes = site_codes or {}
        self._topics: dict[str, _Indexed] = {}
        self._codes: dict[_Key, tuple[_About, ...]] = {}
        self._words: dict[str, dict[Phrase, tuple[_About, ...]]] = {}
        for topic in sorted(topics, key=lambda topic: topic.slug):
            if topic.retired is None:
                self._add(topic)

    def find(self, context: Context) -> tuple[Hit, ...]:
        """The topics for a context, the best first; each once, with all that selected it."""
        read = [_Read(asked, self._site_codes) for asked in context.asked]
        found: dict[str, list[Match]] = {}
        for number, one in enumerate(read):
            for slug, match in self._matches(number, one):
                found.setdefault(slug, []).append(match)
        subtopic = _Read(context.subtopic or Asked(), self._site_codes)
        wanted = _Wanted(
            subtopic=subtopic,
            codes=tuple(key for one in read for key, *_ in one.codes),
            words=tuple(one.own_words for one in read if one.asked.words),
        )
        hits = [self._hit(slug, matches, context, wanted) for slug, matches in found.items()]
        return tuple(sorted(hits, key=lambda hit: (_RANK[hit.reason], hit.slug)))

    def excludes(self, slug: str) -> Phrases:
        """The words that forbid to take something for the topic's product, other routes among them."""
        return self._topics[slug].excludes

    # --- selecting --------------------------------------------------------------------------------------

    def _matches(self, number: int, read: _Read) -> Iterator[tuple[str, Match]]:
        by_code = list(self._by_code(read))
        for about, reason, coding in by_code:
            if about.of != "product" or not self._is_excluded(about.slug, read):
                yield about.slug, Match(asked=number, reason=reason, matched=coding, of=about.of)
        if not by_code:
            for about, words in self._by_words(read):
                yield about.slug, Match(asked=number, reason="words", matched=words, of=about.of)

    def _by_code(self, read: _Read) -> Iterator[tuple[_About, Reason, Coding]]:
        for key, coding, is_mapped in read.codes:
            for about in self._codes.get(key, ()):
                reason = "mapped code" if is_mapped and about.reason == "code" else about.reason
                yield about, reason, coding

    def _by_words(self, read: _Read) -> Iterator[tuple[_About, str]]:
        spoken = read.spoken
        for head in spoken.phrases:  # in the order of the text
            for phrase, selected in self._words.get(head, {}).items():
                said = next(phrase.spans(spoken), None)
                if said is None:
                    continue
                for about in selected:
                    if not self._is_mentioned(about.slug, read) and not self._is_excluded(about.slug, read):
                        yield about, spoken.said(said)

    def _is_mentioned(self, slug: str, read: _Read) -> bool:
        return any(key in self._topics[slug].codes for key, *_ in read.codes)

    def _is_excluded(self, slug: str, read: _Read) -> bool:
        excludes = self._topics[slug].excludes
        return bool(excludes) and excludes.is_any_said(read.spoken)

    # --- the section ------------------------------------------------------------------------------------

    def _hit(self, slug: str, matches: list[Match], context: Context, wanted: _Wanted) -> Hit:
        topic = self._topics[slug]
        return Hit(
            slug=slug,
            matches=_best_first(matches),
            section=next((section for section in _sections(topic, wanted) if section), None),
            outside=_outside(context.age, topic.age),
        )

    # --- the index --------------------------------------------------------------------------------------

    def _add(self, topic: Topic) -> None:
        for entry in topic.finder:
            if entry.role == "about":
                self._add_about(topic.slug, entry)
        self._topics[topic.slug] = _Indexed(
            codes={_key(entry.coding): entry.section or "" for entry in _mentions(topic) if entry.coding},
            words=tuple(
                (Phrase.of(entry.word), entry.section or "") for entry in _mentions(topic) if entry.word
            ),
            about=tuple(map(Phrase.of, _words(topic, "about"))),
            excludes=Phrases(_words(topic, "excludes")),
            age=population(topic),
        )

    def _add_about(self, slug: str, entry: FinderEntry) -> None:
        if entry.coding:
            reason: Reason = "broader" if entry.broader else "mapped code" if entry.mapped else "code"
            key = _key(entry.coding)
            self._codes[key] = (*self._codes.get(key, ()), _About(slug, entry.of, reason))
        if entry.word:
            phrase = Phrase.of(entry.word)
            selected = self._words.setdefault(phrase.head, {})
            selected[phrase] = (*selected.get(phrase, ()), _About(slug, entry.of, "words"))


def codes_of(topics: Iterable[Topic]) -> frozenset[tuple[str, str]]:
    """(system, code) of all that have a role in a topic."""
    return frozenset(
        (entry.coding.system, entry.coding.code) for topic in topics for entry in topic.finder if entry.coding
    )


class _Read:
    """One thing that is asked about, made ready once: its codes, those of the site's map, and its words."""

    def __init__(self, asked: Asked, site_codes: SiteCodes) -> None:
        self.asked = asked
        self.codes = tuple(_codes(asked, site_codes))

    @cached_property
    def own_words(self) -> Spoken:
        """Without the displays of the codes."""
        return Spoken.of(self.asked.words)

    @cached_property
    def spoken(self) -> Spoken:
        displays = tuple(coding.display for coding in self.asked.codings if coding.display)
        return Spoken.of((*self.asked.words, *displays)) if displays else self.own_words


class _Wanted(NamedTuple):
    """What may choose a section."""

    subtopic: _Read
    codes: tuple[_Key, ...]
    """of everything that is asked about"""
    words: tuple[Spoken, ...]


def _codes(asked: Asked, site_codes: SiteCodes) -> Iterator[tuple[_Key, Coding, bool]]:
    """(key, the code of the request, whether the site's map led to it)"""
    for coding in asked.codings:
        yield _key(coding), coding, False
        for target in site_codes.get((coding.system, coding.code), ()):
            yield _key(target), coding, True


def _key(coding: Coding) -> _Key:
    """No code system of a topic tells codes apart by case alone."""
    return coding.system, coding.code.strip().casefold()


def _mentions(topic: Topic) -> list[FinderEntry]:
    """The first entry of a code counts."""
    return [entry for entry in reversed(topic.finder) if entry.role == "mentions"]


def _words(topic: Topic, role: Role) -> Iterator[str]:
    return (entry.word for entry in topic.finder if entry.role == role and entry.word)


# --- what a hit says ------------------------------------------------------------------------------------


def _best_first(matches: list[Match]) -> tuple[Match, ...]:
    """One match for each thing that was asked and each of product and condition."""
    ranked = sorted(matches, key=lambda match: (_RANK[match.reason], match.asked))
    first: dict[tuple[int, Subject | None], Match] = {}
    for match in ranked:
        first.setdefault((match.asked, match.of), match)
    return tuple(first.values())


def _sections(topic: _Indexed, wanted: _Wanted) -> Iterator[str | None]:
    """The sections that might be meant, the best first: by the subtopic, by other codes, by words."""
    yield from (topic.codes.get(key) for key, *_ in wanted.subtopic.codes)
    yield _section_said(topic, wanted.subtopic.spoken)
    yield from (topic.codes.get(key) for key in wanted.codes)
    yield from (_section_said(topic, spoken) for spoken in wanted.words)


def _section_said(topic: _Indexed, spoken: Spoken) -> str | None:
    """By the longest phrase, of those the first; not by a word of what selects the topic ("IV")."""
    if not spoken.phrases:
        return None
    selecting = [span for phrase in topic.about if phrase.is_said(spoken) for span in phrase.spans(spoken)]
    said = [
        (span.start - span.end, span.start, section)
        for phrase, section in topic.words
        if phrase.is_said(spoken)
        for span in phrase.spans(spoken)
        if not any(other.start <= span.start and span.end <= other.end for other in selecting)
    ]
    return min(said)[2] if said else None


def _outside(age: Age | None, population: Age) -> Literal["younger", "older"] | None:
    """Only where the whole range is outside: what may fit does."""
    if age is None:
        return None
    if age.low is not None and population.high is not None and age.low >= population.high:
        return "older"
    if age.high is not None and population.low is not None and age.high <= population.low:
        return "younger"
    return None
