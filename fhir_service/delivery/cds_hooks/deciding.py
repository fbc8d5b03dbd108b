"""From a call to the topics that a card is shown for.

https://cds-hooks.hl7.org/2.0/#cds-service-response

    orders       the ones that this hook is about; withdrawn ones and "do not give" do not count
    reason       an order of the topic's product, by its route or by none
                 or, for providers on opening a record, an active condition of the topic
    patient      fits the topic's ages for certain, and is alive
    on record?   for providers: whether the condition of the topic is among the active ones
    missing      only where nothing could be decided: 412, with every prefetch key that would have helped

An order list proves nothing, so nothing is concluded from what is not ordered.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from fhir_service.age import Age, population
from fhir_service.content.topic import Coding, Product, Subject, Topic
from fhir_service.context import Asked, Context, Recipient
from fhir_service.delivery.cds_hooks.calls import Call
from fhir_service.delivery.cds_hooks.chart import Patient, active_conditions, read_patient
from fhir_service.delivery.cds_hooks.orders import Order, read_orders
from fhir_service.delivery.cds_hooks.resources import spoken
from fhir_service.delivery.cds_hooks.services import CONDITIONS, MEDICATIONS, PATIENT, Service
from fhir_service.delivery.cds_hooks.supplied import Supplied
from fhir_service.errors import Issue, PreconditionFailed
from fhir_service.finder import Finder, Hit, Match, Reason
from fhir_service.phrases import Phrases, Spoken, words_of
from fhir_service.topics import BuiltTopic

# Childhood as a whole, where MeSH has its parts; it ends with the eighteenth birthday:
# https://www.ohchr.org/en/instruments-mechanisms/instruments/convention-rights-child, article 1.
_CHILDHOOD = ("http://snomed.info/sct", "68433009")
_CHILD = Age(low=0, high=18)
_REASONS: tuple[Reason, ...] = ("code", "mapped code", "words", "broader")
_SEMANTIC_TAG = re.compile(r"\([^)]*\)\s*$")


@dataclass(frozen=True, slots=True)
class Known:
    """A topic's condition on the record: what it was recognised by, and whether it is confirmed."""

    reason: Reason
    is_certain: bool

    def rank(self) -> tuple[int, bool]:
        return _REASONS.index(self.reason), not self.is_certain

    @property
    def is_the_condition(self) -> bool:
        """Not just a broader one."""
        return self.reason != "broader"

    @property
    def is_beyond_doubt(self) -> bool:
        """Confirmed, and by a code; words may be about a family history."""
        return self.is_certain and self.reason in ("code", "mapped code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A topic to show, and why."""

    built: BuiltTopic
    order: Order | None
    """the order of its product; None: shown for a condition"""
    known: Known | None
    """how the topic's condition stands on the record; for providers only"""
    ends_encounter: bool

    @property
    def topic(self) -> Topic:
        return self.built.topic


@dataclass
class Decision:
    """One call, and what it is decided with."""

    call: Call
    service: Service
    topics: Mapping[str, BuiltTopic]
    finder: Finder
    today: datetime.date
    _hits: dict[Asked, tuple[Hit, ...]] = field(default_factory=dict)

    def findings(self) -> tuple[Finding, ...]:
        """The topics to show, in the order of their slugs; PreconditionFailed where data is missing."""
        if self.patient is not None and self.patient.is_deceased:
            return ()
        shown = (built for built in self.topics.values() if built.topic.retired is None)
        suitable = [built for built in shown if self._suits(built.topic) is not False]
        if not suitable:
            return ()
        missing = set(self._unseen())
        found: list[Finding] = []
        for built in suitable:
            if self._has_reason(built.slug):
                lacking = set(self._lacking(built))
                missing |= lacking
                if not lacking:
                    found.append(self._finding(built))
        if missing and not found:
            ages = {PATIENT} if any(self._suits(built.topic) is None for built in suitable) else set[str]()
            raise _without(self.service, missing | ages)
        return tuple(found)

    @cached_property
    def patient(self) -> Patient | None:
        supplied = self.call.prefetch.get(PATIENT)
        return None if supplied is None else read_patient(supplied.entries, self.today)

    @cached_property
    def drafts(self) -> tuple[Order, ...]:
        """All orders of the session."""
        return tuple(read_orders(self.call.drafts, self.call))

    @cached_property
    def recorded(self) -> tuple[Order, ...]:
        """The orders of the prefetch, carried out or not."""
        return tuple(read_orders(self._supplied(MEDICATIONS).entries, self.call))

    @cached_property
    def ordered(self) -> Mapping[str, Order]:
        """The topics whose product is ordered, each with the first such order."""
        found: dict[str, Order] = {}
        for order in self._orders_that_count():
            for slug, _ in self._matches(order.asked, "product"):
                product = self.topics[slug].topic.product
                if product and goes_in_by_route(order, product, self.finder.excludes(slug)):
                    found.setdefault(slug, order)
        return found

    @cached_property
    def conditions(self) -> Mapping[str, Known]:
        """The topics whose condition is active, each with the condition that fits best."""
        found: dict[str, Known] = {}
        for condition in active_conditions(self._supplied(CONDITIONS).entries, self.call):
            for slug, match in self._matches(condition.asked, "condition"):
                known = Known(match.reason, condition.is_certain)
                found[slug] = min(found.get(slug, known), known, key=Known.rank)
        return found

    def _matches(self, asked: Asked, of: Subject) -> Iterator[tuple[str, Match]]:
        """The topics whose product (or condition) this is, each with its best match; looked up once."""
        if asked not in self._hits:
            recipient: Recipient = "provider" if self.call.is_by_provider else "patient"
            self._hits[asked] = self.finder.find(Context(asked=(asked,), recipient=recipient))
        for hit in self._hits[asked]:
            match = next((match for match in hit.matches if match.of == of), None)
            if match is not None:
                yield hit.slug, match

    def is_known(self, key: str) -> bool:
        """Whether all there is for a prefetch key was sent."""
        supplied = self.call.prefetch.get(key)
        return supplied is not None and supplied.is_complete

    def _supplied(self, key: str) -> Supplied:
        return self.call.prefetch.get(key, Supplied())

    def _orders_that_count(self) -> Iterator[Order]:
        orders: Iterator[Order]
        match self.service.ordered:
            case "selected":
                chosen = frozenset(self.call.selections)
                orders = (order for order in self.drafts if order.addresses & chosen)
            case "drafts":
                orders = iter(self.drafts)
            case "current":
                orders = (order for order in self.recorded if not order.is_over)
            case "encounter":
                encounter_id = self.call.encounter_id
                orders = (order for order in self.recorded if order.encounter_id == encounter_id)
        return (order for order in orders if not order.is_refusal)

    def _has_reason(self, slug: str) -> bool:
        if slug in self.ordered:
            return True
        return self._looks_at_conditions and slug in self.conditions

    @property
    def _looks_at_conditions(self) -> bool:
        return self.service.reads_conditions_first and self.call.is_by_provider

    def _unseen(self) -> Iterator[str]:
        """The keys that hold a reason for a card, perhaps."""
        if not self.service.has_drafts and not self.is_known(MEDICATIONS):
            yield MEDICATIONS
        if self._looks_at_conditions and not self.is_known(CONDITIONS):
            yield CONDITIONS

    def _lacking(self, built: BuiltTopic) -> Iterator[str]:
        """The keys without which a card that has a reason cannot be written."""
        if self._suits(built.topic) is None:
            yield PATIENT
        tells_conditions = self.call.is_by_provider and built.topic.indications
        if tells_conditions and built.slug not in self.conditions and not self.is_known(CONDITIONS):
            yield CONDITIONS

    def _suits(self, topic: Topic) -> bool | None:
        """Whether the patient is of the topic's ages; None: the patient was not sent."""
        wanted = ages_of(topic)
        if wanted is None:
            return True
        if self.patient is None:
            return None
        return self.patient.age is not None and _is_within(self.patient.age, wanted)

    def _finding(self, built: BuiltTopic) -> Finding:
        return Finding(
            built=built,
            order=self.ordered.get(built.slug),
            known=self.conditions.get(built.slug) if self.call.is_by_provider else None,
            ends_encounter=self.service.ordered == "encounter",
        )


def goes_in_by_route(order: Order, product: Product, excludes: Phrases) -> bool:
    """Whether an order names the product's route among its routes, or none at all.

    A route in free text counts unless it names another one, too: "subcutaneous (not IV)".
    """
    if not product.route.codings:
        return True
    if not order.routes:
        return not excludes.is_any_said(Spoken.of(order.directions))
    codes = {(coding.system, coding.code) for coding in product.route.codings}
    words = _route_words(product.route.codings)
    return any(
        any((coding.system, coding.code) in codes for coding in route.codings)
        or any(
            words.intersection(words_of(text)) and not excludes.is_any_said(Spoken.of((text,)))
            for text in spoken(route)
        )
        for route in order.routes
    )


def _route_words(codings: Iterable[Coding]) -> frozenset[str]:
    """What the displays of the route's codes have in common, and codes that are words: intravenous, iv."""
    displays = [words_of(_SEMANTIC_TAG.sub("", coding.display)) for coding in codings if coding.display]
    common = frozenset(displays[0]).intersection(*displays[1:]) if displays else frozenset()
    codes = frozenset(coding.code.casefold() for coding in codings if coding.code.isalpha())
    return (common | codes) - {"route"}


def ages_of(topic: Topic) -> Age | None:
    """The ages that a topic is for; None: for all."""
    contexts = (context.value for context in topic.use_contexts if context.kind == "age")
    codings = (coding for context in contexts for coding in context.codings)
    if any((coding.system, coding.code) == _CHILDHOOD for coding in codings):
        return _CHILD
    ages = population(topic)
    return None if ages == Age() else ages


def is_for_children(topic: Topic) -> bool:
    return ages_of(topic) == _CHILD


def _is_within(age: Age, wanted: Age) -> bool:
    """Whether an age, however vaguely it is known, is one of those that are wanted."""
    if age.low is None or age.high is None:
        return False
    return age.low >= (wanted.low or 0) and (wanted.high is None or age.high <= wanted.high)


def _without(service: Service, keys: Iterable[str]) -> PreconditionFailed:
    """https://cds-hooks.hl7.org/2.0/#http-status-codes_1"""
    queries = service.prefetch(suggestions=False)
    issues = [
        Issue(
            "error",
            "required",
            f"Prefetch key `{key}` is needed, whole ({queries[key]}); null where there is nothing.",
            (f"prefetch.{key}",),
        )
        for key in queries
        if key in keys
    ]
    return PreconditionFailed.of(issues)
