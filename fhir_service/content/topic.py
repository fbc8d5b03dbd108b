"""The neutral topic: everything the builders know, in no release of FHIR.

https://hl7.org/fhir/R4/resourcelist.html

`source.py` reads these objects from `resources/`; `builders/` make the resources of each release.
Every clinical item names the facts (F01...) it rests on and the line it was written on. Parts a topic may
lack (a product, side effects, a plan) are None or empty. What all topics share stands in `publisher.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["about", "mentions", "excludes"]
"""`about` selects the topic; `mentions` never does: it only chooses a section of a topic already selected;
`excludes` forbids to select it by words, and its product by any code."""

Subject = Literal["product", "condition"]
"""What of the topic an `about` entry means: what is given, or what it is given for."""

Relation = Literal["equivalent", "wider", "narrower", "inexact", "relatedto"]
"""R4's ConceptMap words, said of the target: `wider` means that the target is wider than our concept."""


@dataclass(frozen=True)
class Where:
    """A line of a source file; the file is relative to the resources folder."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Where("", 0)


@dataclass(frozen=True)
class Coding:
    """A code of the verified table; `display` is None where the table has seen none."""

    system: str
    code: str
    display: str | None = None


@dataclass(frozen=True, kw_only=True)
class CodedText:
    """Words with the codes that mean the same: a CodeableConcept. May have no codes."""

    text: str
    codings: tuple[Coding, ...] = ()
    facts: tuple[str, ...] = ()
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """One row of a ConceptMap from one of our own concepts to a code."""

    coding: Coding
    relation: Relation
    comment: str | None = None


@dataclass(frozen=True)
class Statement:
    """A run of plain words and the facts it states (none for a lead-in)."""

    text: str
    facts: tuple[str, ...]
    where: Where


@dataclass(frozen=True)
class Paragraph:
    statements: tuple[Statement, ...]

    @property
    def text(self) -> str:
        return " ".join(statement.text for statement in self.statements)


@dataclass(frozen=True)
class BulletList:
    """A list; each item is written like a paragraph."""

    items: tuple[Paragraph, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the education text; `code` is the same in every language and in the topic's CodeSystem."""

    code: str
    title: str
    blocks: tuple[Paragraph | BulletList, ...] = ()
    sections: tuple[Section, ...] = ()
    where: Where = NOWHERE

    def walk(self) -> Iterator[Section]:
        """This section, then the sections in it, in the order of the page."""
        yield self
        for section in self.sections:
            yield from section.walk()

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """The paragraphs and list items of this section alone, in order."""
        found: list[Paragraph] = []
        for block in self.blocks:
            found.extend(block.items if isinstance(block, BulletList) else (block,))
        return tuple(found)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts stated in this section alone."""
        stated = (statement.facts for paragraph in self.paragraphs for statement in paragraph.statements)
        return tuple(dict.fromkeys(fact for facts in stated for fact in facts))


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review of these words by a person; `words_sha256` ties it to the words that were read."""

    role: str
    date: str
    words_sha256: str
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Readability:
    """How easy a text is to read, by the formula that is in use for its language."""

    formula: str
    """Flesch-Kincaid (years of school) or Fernández-Huerta (0 to 100, the higher the easier)"""
    value: float


def nearest_language(tag: str, offered: Collection[str]) -> str | None:
    """The language of that tag, or the nearest wider one: es-MX is answered by es.

    https://www.rfc-editor.org/rfc/rfc4647#section-3.4
    """
    by_tag = {language.lower(): language for language in offered}
    parts = tag.lower().split("-")
    wider = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((by_tag[one] for one in wider if one in by_tag), None)


@dataclass(frozen=True, kw_only=True)
class Text:
    """The education text in one language (`text.<language>.md`)."""

    language: str
    title: str
    title_facts: tuple[str, ...]
    sections: tuple[Section, ...]
    short_title: str = ""
    description: str = ""
    """what the topic is, for listings in this language"""
    readability: Readability | None = None
    """None: there is no formula for the language"""
    review: Review | None = None
    """of a translation alone; that of the topic's own words is `Topic.clinical_review`"""
    is_draft: bool = False
    """a translation that nobody has reviewed: no door may serve or name it unless the operator says so"""
    where: Where = NOWHERE

    def walk(self) -> Iterator[Section]:
        for section in self.sections:
            yield from section.walk()

    def section(self, code: str) -> Section | None:
        return next((section for section in self.walk() if section.code == code), None)


@dataclass(frozen=True, kw_only=True)
class Administration:
    """How the product is given, as words only: no dose, rate or timing element may be made of it."""

    text: str
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Product:
    """What is given. `id` starts every id made for it (`ivig`, `ivig-ae-during-fever`)."""

    id: str
    name: str
    short_name: str
    synonyms: tuple[str, ...]
    codings: tuple[Coding, ...]
    """The product's own codes, the preferred one first."""
    ingredient: CodedText
    route: CodedText
    appearance: CodedText | None
    classification: CodedText | None
    """The class (ATC)."""
    population: CodedText | None
    """Who the page is about, e.g. a child; an age group in words and codes, never a number."""
    administration: Administration | None
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Indication:
    """When the product might be given. Resource id: `{product}-ind-{id}`."""

    id: str
    text: str
    disease: CodedText
    """indication.diseaseSymptomProcedure"""
    status: CodedText
    """indication.diseaseStatus; words alone where a code would say more than the page"""
    intended_effect: CodedText | None
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Mechanism:
    """How the product works: words for the topic's CodeSystem; the section holds the full text."""

    id: str
    title: str
    text: str
    section: str
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word the text explains (platelet, spleen): a concept of its CodeSystem with a definition."""

    id: str
    text: str
    definition: str
    maps: tuple[Mapping, ...]
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """A symptom, written once, however many windows or reactions it stands in; `id` is its local code."""

    id: str
    text: str
    question: str | None
    """How the Questionnaire asks, where the plain words are not what a parent can see."""
    severity: Literal["mild", "severe"] | None
    """Only where the page has the word."""
    maps: tuple[Mapping, ...]
    where: Where = NOWHERE

    @property
    def codings(self) -> tuple[Coding, ...]:
        """The codes that stand beside our own in a resource: those at least as wide as our concept."""
        return tuple(
            m.coding for m in self.maps if m.relation in ("equivalent", "wider") and _served(m.coding)
        )

    @property
    def equivalent(self) -> Coding | None:
        """The SNOMED CT code that means exactly this, for the ValueSets."""
        exact = (m.coding for m in self.maps if m.relation == "equivalent" and _served(m.coding))
        return next(exact, None)


def _served(coding: Coding) -> bool:
    return coding.system == "http://snomed.info/sct"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Symptoms that the page joins in one bullet ("Fever and chills"): a concept of its own."""

    id: str
    text: str
    severity: Literal["mild", "severe"] | None
    maps: tuple[Mapping, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class SideEffect:
    """One symptom in one onset window. Resource id: `{product}-ae-{id}`, e.g. `ivig-ae-during-fever`."""

    id: str
    symptom: str
    """id of a Symptom"""
    window: str
    """id of an OnsetWindow"""
    text: str
    """One plain sentence with the hedge of the fact ("can", "usually")."""
    group: str | None
    """id of the Group whose bullet it stands in; None: a bullet by itself"""
    parts: tuple[str, ...]
    """ids of the Symptoms that make up a reaction; never side effects of their own"""
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True)
class Bullet:
    """One bullet of the page's list: a group with its side effects, or a single side effect."""

    group: Group | None
    effects: tuple[SideEffect, ...]


@dataclass(frozen=True, kw_only=True)
class Warning:
    """A warning or request to the reader. Resource id: `{product}-warn-{id}`."""

    id: str
    code: str | None
    """A local code where something else refers to it (`unlisted`)."""
    title: str
    text: str
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Premedication:
    """A medicine the page names as an example. Resource id: `{topic}-{id}` and `{topic}-{id}-premed`."""

    id: str
    name: str
    brand: str | None
    codings: tuple[Coding, ...]
    facts: tuple[str, ...]
    where: Where = NOWHERE

    @property
    def text(self) -> str:
        """Generic name first, the brand beside it."""
        return f"{self.name} ({self.brand})" if self.brand else self.name


@dataclass(frozen=True, kw_only=True)
class HomeMedicine:
    """Medicines for home. The page may name none: then there is no product and no resource for it."""

    text: str
    facts: tuple[str, ...]
    where: Where = NOWHERE


Participant = Literal["care-team", "patient", "related-person"]


@dataclass(frozen=True)
class RelatedAction:
    target: str
    relationship: str
    """action-relationship-type: before-start, after-end, concurrent ..."""


@dataclass(frozen=True, kw_only=True)
class PlanAction:
    """A step. What the page does not say (timing, dose, priority, trigger) has no field here on purpose."""

    id: str
    title: str
    text: str
    """description and textEquivalent: conditions and hedges stay in these words"""
    condition: str | None = None
    """the condition in words, when a condition element is wanted (kind applicability, no expression)"""
    reason: str | None = None
    codings: tuple[Coding, ...] = ()
    participants: tuple[Participant, ...] = ()
    related: tuple[RelatedAction, ...] = ()
    selection: str | None = None
    """action-selection-behavior: any, all, one-or-more ..."""
    required: str | None = None
    """action-required-behavior: must, could ..."""
    premedication: str | None = None
    """id of the Premedication whose ActivityDefinition is the action's definition"""
    questionnaire: bool = False
    """True: the action's definition is the topic's side-effect Questionnaire"""
    documentation: tuple[str, ...] = ()
    """ids of key points that say the same in other words (K4): relatedArtifact documentation"""
    actions: tuple[PlanAction, ...] = ()
    facts: tuple[str, ...] = ()
    where: Where = NOWHERE

    def walk(self) -> Iterator[PlanAction]:
        yield self
        for action in self.actions:
            yield from action.walk()


@dataclass(frozen=True, kw_only=True)
class Plan:
    title: str
    text: str
    goal: CodedText | None
    """e.g. "decrease side effects"; only the purpose the page gives"""
    actions: tuple[PlanAction, ...]
    where: Where = NOWHERE

    def walk(self) -> Iterator[PlanAction]:
        for action in self.actions:
            yield from action.walk()


@dataclass(frozen=True, kw_only=True)
class KeyPoint:
    """A key point; its words are those of the item in the text that states the same facts."""

    id: str
    text: str
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class SourcePage:
    """The page that the facts come from: cited, never copied; it has no URL because none is known."""

    title: str
    site: str
    about: str
    """what the site says it is, in our words"""
    reviewed: str
    """a partial date as the page gives it: 2022-09"""
    facts: tuple[str, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Translation:
    """What topic.yaml says of a text in another language: names for listings, key words, its review."""

    short_title: str
    description: str
    key_words: dict[str, tuple[str, ...]]
    """fact id -> the words that tell it in this language"""
    review: Review | None
    """None until a person has reviewed these very words: then it is no draft any more"""
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Retirement:
    """Why a topic is no longer shown. What was built of it stays readable, with the status `retired`."""

    date: str
    reason: str
    replaced_by: str | None = None
    """slug of the topic to show instead"""
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class UseContext:
    """One useContext; `kind` is a code of usage-context-type (age, focus, task, user)."""

    kind: Literal["age", "focus", "task", "user"]
    value: CodedText


@dataclass(frozen=True, kw_only=True)
class FinderEntry:
    """A code or a word by which a request may find the topic, with its role. No reader sees it."""

    coding: Coding | None
    word: str | None
    """a phrase of whole words; with ` … ` between two parts a few other words may stand there"""
    role: Role
    of: Subject | None = None
    """of an `about` entry; None where the topic has neither a product nor a condition"""
    broader: bool = False
    """an `about` code wider than the topic: selects with a lower rank and the reason "broader" """
    mapped: bool = False
    """a code of the topic's own; it has the role of the code that its ConceptMap calls equivalent"""
    section: str | None = None
    """the section a `mentions` entry chooses"""
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class InText:
    """All words stand in one paragraph or list item of a section (its heading counts), or in the title."""

    section: str
    words: tuple[str, ...]
    """those of the topic's own language"""
    translated: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """those of the other languages"""

    def words_in(self, language: str) -> tuple[str, ...]:
        return self.translated.get(language, self.words)


@dataclass(frozen=True, kw_only=True)
class InData:
    """One resource besides the education text holds all the codes, the window, all words in one string."""

    resource: str | None = None
    """its logical id, where the rest would fit another resource too"""
    codings: tuple[Coding, ...] = ()
    window: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A fact of the page, and how it is recognised in what is served."""

    id: str
    statement: str
    """the fact itself, of facts.csv"""
    in_text: InText
    in_data: tuple[InData, ...]
    where: Where = NOWHERE


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic. `slug` starts the ids of everything that is not the product's."""

    slug: str
    version: str
    title: str
    short_title: str
    description: str
    """what the topic is, for Library.description and listings"""
    purpose: str
    released: str
    """the only clock of the build: YYYY-MM-DD"""
    experimental: bool
    source: SourcePage
    clinical_review: Review | None
    """of topic.yaml and of the text in the topic's own language; translations have reviews of their own"""
    trademarks: str | None
    use_contexts: tuple[UseContext, ...]
    texts: tuple[Text, ...]
    """one for each language, the language of topic.yaml first"""
    facts: tuple[Fact, ...]
    product: Product | None = None
    indications: tuple[Indication, ...] = ()
    mechanism: Mechanism | None = None
    terms: tuple[Term, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    groups: tuple[Group, ...] = ()
    side_effects: tuple[SideEffect, ...] = ()
    """in the order of the page"""
    any_side_effect: Term | None = None
    """the parent of the symptoms, with what is said of side effects in general"""
    warnings: tuple[Warning, ...] = ()
    premedications: tuple[Premedication, ...] = ()
    home_medicine: HomeMedicine | None = None
    plan: Plan | None = None
    key_points: tuple[KeyPoint, ...] = ()
    finder: tuple[FinderEntry, ...] = ()
    retired: Retirement | None = None
    where: Where = NOWHERE

    @property
    def language(self) -> str:
        return self.texts[0].language

    @property
    def text(self) -> Text:
        """The text in the topic's own language."""
        return self.texts[0]

    def text_in(self, language: str) -> Text | None:
        return next((text for text in self.texts if text.language == language), None)

    def symptom(self, symptom_id: str) -> Symptom:
        return next(symptom for symptom in self.symptoms if symptom.id == symptom_id)

    def bullets(self, window: str) -> tuple[Bullet, ...]:
        """The bullets of one window as the page lists them, grouped symptoms together."""
        effects = [effect for effect in self.side_effects if effect.window == window]
        grouped: dict[str, list[SideEffect]] = {}
        for effect in effects:
            grouped.setdefault(effect.group or effect.id, []).append(effect)
        by_id = {group.id: group for group in self.groups}
        return tuple(Bullet(by_id.get(str(members[0].group)), tuple(members)) for members in grouped.values())

    @property
    def windows(self) -> tuple[str, ...]:
        """The onset windows in use, in the order of the page."""
        return tuple(dict.fromkeys(effect.window for effect in self.side_effects))
