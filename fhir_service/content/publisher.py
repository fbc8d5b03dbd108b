"""Who publishes the topics, the base of every canonical URL, and what all topics share.

https://hl7.org/fhir/R4/references.html#canonical

The values come from `resources/publisher.yaml`, `common.yaml`, `notices.<language>.md` and
`pages.<language>.yaml`. No other file has the base, so a rebuild changes it everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .topic import NOWHERE, Coding, Review, Text, Topic, Where


@dataclass(frozen=True, kw_only=True)
class Delay:
    """A plain Quantity with a comparator (Range and SimpleQuantity forbid comparators)."""

    comparator: str
    value: int
    unit: str
    code: str
    """UCUM"""
    qualifier: str


@dataclass(frozen=True, kw_only=True)
class OnsetWindow:
    """When a side effect can start, seen from the treatment; a concept of the service's own CodeSystem."""

    id: str
    short: str
    """stands in ids: `during`, `after`"""
    display: str
    definition: str
    delay: Delay | None
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Subtopic:
    """An aspect that a request may ask for, such as adverse effects; a topic names the section for it."""

    id: str
    codings: tuple[Coding, ...]
    words: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class CodeSystemNotice:
    """A code system that topics may use: its short name in the sources, its URL, and what its owner asks."""

    alias: str
    url: str
    title: str
    clinical: bool
    """its codes must stand in codes.csv"""
    notice: str | None


@dataclass(frozen=True, kw_only=True)
class Notices:
    """The service's own words in one language (`notices.<language>.md`); a site may replace them."""

    language: str
    language_name: str
    """what the language calls itself"""
    service: str
    """the service notice: first in the Questionnaire, at the foot of every page"""
    absence: str
    """what is missing here means nothing"""
    draft_translation: str
    """the first line of a translation that nobody has reviewed"""
    fallback: str
    """said to who asked for this language, on a page in the topic's own: the page is not there in this one"""
    not_reviewed: str
    """until a clinical review is recorded; `review_line` fills in the source's month"""
    reviewed: str
    retired: str
    """of a topic that is no longer kept up to date, since `{date}`"""
    months: tuple[str, ...]
    """`September {year}`, January first"""
    page_description: str
    """of the finished page with this `{title}`, for listings"""

    def partial_date(self, value: str) -> str:
        """A partial date as a reader says it: 2022-09 is September 2022."""
        year, _, month = value.partition("-")
        return self.months[int(month[:2]) - 1].replace("{year}", year) if month else year


@dataclass(frozen=True, kw_only=True)
class PageWords:
    """The words around a topic's page, in one language (`pages.<language>.yaml`); none may be missing."""

    language: str
    site_title: str
    site_about: str
    skip: str
    """the link that jumps over what stands above the page"""
    contents: str
    """above the table of contents"""
    language_switch: str
    not_there: str
    """to who asked for a language `{tag}` in which the service has no notice of its own"""
    all_topics: str
    one_part: str
    """on a page that shows one section"""
    whole_page: str
    about_page: str
    """above the version, the reading grade and the links"""
    version: str
    """`{version}`, `{date}`"""
    permanent: str
    kept: str
    """on the page of one `{version}`, of `{date}`"""
    unpublished: str
    """on the page of a version whose words may still change"""
    current: str
    """the link from there to the page of today"""
    readability: str
    """`{value}`, `{formula}`"""
    accessibility: str
    for_systems: str
    """above the links to the FHIR forms"""
    no_topics: str
    instead: str
    """above what replaces a retired topic"""
    found_one: str
    """the answer to a knowledge request: one topic for what was `{asked}`"""
    found_several: str
    """`{number}` topics for what was `{asked}`"""
    found_none: str
    """no topic for what was `{asked}`"""
    no_page: str
    """in place of a page about what was asked"""
    of_children: str
    """said to who asked about an adult"""
    of_older_children: str
    """said to who asked about a younger child"""
    of_other_ages: str


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """The publishing organization, and the business version and date of what it shares between topics."""

    base: str
    """no slash at the end"""
    id: str
    """logical id of the Organization"""
    name: str
    version: str
    released: str
    description: str
    """what the organization is, for Organization and package"""
    copyright: str
    """who wrote the text; the code systems' own lines are in `code_systems`"""
    packages: Mapping[str, str] = field(default_factory=dict)
    """release name -> npm package id"""
    windows: tuple[OnsetWindow, ...] = ()
    code_systems: tuple[CodeSystemNotice, ...] = ()
    subtopics: tuple[Subtopic, ...] = ()
    notices: tuple[Notices, ...] = ()
    page_words: tuple[PageWords, ...] = ()
    """for each language of the notices"""

    def canonical(self, resource_type: str, resource_id: str) -> str:
        """The canonical URL of one artifact; the same in every release."""
        return f"{self.base}/{resource_type}/{resource_id}"

    def window(self, window_id: str) -> OnsetWindow:
        return next(window for window in self.windows if window.id == window_id)

    def notice(self, language: str) -> Notices:
        """The notices in this language, or else in the first one."""
        return next((notices for notices in self.notices if notices.language == language), self.notices[0])

    def words(self, language: str) -> PageWords:
        """The words around a page in this language, or else in the first one."""
        return next((words for words in self.page_words if words.language == language), self.page_words[0])


def review_of(topic: Topic, text: Text) -> Review | None:
    """The review that a text may claim: a translation has its own, and none before the topic has one."""
    if topic.clinical_review is None or text.is_draft:
        return None
    return text.review or topic.clinical_review


def review_line(topic: Topic, notices: Notices) -> str:
    """Whether the words in the language of these notices are reviewed, and when the source page was."""
    source_month = notices.partial_date(topic.source.reviewed)
    review = review_of(topic, topic.text_in(notices.language) or topic.text)
    if review is None:
        return notices.not_reviewed.replace("{source_month}", source_month)
    filled = notices.reviewed.replace("{role}", review.role).replace("{date}", review.date)
    return filled.replace("{source_month}", source_month)


def standing(topic: Topic, notices: Notices) -> tuple[str, ...]:
    """What a reader must know of the words before reading them: whether they are retired, and reviewed."""
    review = review_line(topic, notices)
    if topic.retired is None:
        return (review,)
    retired = notices.retired.replace("{date}", topic.retired.date)
    # The reason is written in the topic's own language alone.
    return (retired, *((topic.retired.reason,) if notices.language == topic.language else ()), review)
