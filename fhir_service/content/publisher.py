"""Who publishes the topics, the base of every canonical URL, and what all topics share.

https://hl7.org/fhir/R4/references.html#canonical

The values come from `resources/publisher.yaml`, `common.yaml` and `notices.<language>.md`. No other file has
the base, so a rebuild changes it everywhere.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field

from .topic import NOWHERE, Topic, Where


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
    service: str
    """the service notice: first in the Questionnaire, at the foot of every page"""
    absence: str
    """what is missing here means nothing"""
    not_reviewed: str
    """until a clinical review is recorded; `review_line` fills in the source's month"""
    reviewed: str


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
    notices: tuple[Notices, ...] = ()

    def canonical(self, resource_type: str, resource_id: str) -> str:
        """The canonical URL of one artifact; the same in every release."""
        return f"{self.base}/{resource_type}/{resource_id}"

    def window(self, window_id: str) -> OnsetWindow:
        return next(window for window in self.windows if window.id == window_id)

    def notice(self, language: str) -> Notices:
        """The notices in this language, or else in the first one."""
        return next((notices for notices in self.notices if notices.language == language), self.notices[0])


def review_line(topic: Topic, notices: Notices) -> str:
    """Whether a clinician has reviewed the words, and when the source page was reviewed."""
    source_month = _in_words(topic.source.reviewed)
    review = topic.clinical_review
    if review is None:
        return notices.not_reviewed.replace("{source_month}", source_month)
    filled = notices.reviewed.replace("{role}", review.role).replace("{date}", review.date)
    return filled.replace("{source_month}", source_month)


def _in_words(partial_date: str) -> str:
    """A partial date as a reader says it: 2022-09 is September 2022."""
    year, _, month = partial_date.partition("-")
    return f"{calendar.month_name[int(month[:2])]} {year}" if month else year
