"""What a builder is given: the publisher, the release, and (for a topic's resources) the topic.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..publisher import Notices, Publisher, review_of
from ..topic import Product, Review, Text, Topic


class FhirRelease(Protocol):
    """The little that builders ask of a release."""

    @property
    def name(self) -> str: ...

    @property
    def fhir_version(self) -> str: ...


@dataclass(frozen=True)
class Context:
    """Enough to build what all topics share."""

    publisher: Publisher
    release: FhirRelease

    @property
    def language(self) -> str:
        return self.publisher.notices[0].language

    @property
    def notices(self) -> Notices:
        return self.publisher.notice(self.language)

    @property
    def is_r4(self) -> bool:
        return self.release.name == "r4"

    @property
    def is_r5(self) -> bool:
        return self.release.name == "r5"

    def canonical(self, resource_type: str, resource_id: str) -> str:
        return self.publisher.canonical(resource_type, resource_id)


@dataclass(frozen=True)
class TopicContext(Context):
    """Enough to build one topic, or (`of_drafts`) the translations of it that nobody has reviewed."""

    topic: Topic
    of_drafts: bool = False

    @property
    def texts(self) -> tuple[Text, ...]:
        """The texts to build: what is a draft stays apart from what is not."""
        return tuple(text for text in self.topic.texts if text.is_draft == self.of_drafts)

    @property
    def language(self) -> str:
        return self.topic.language

    @property
    def reviewed(self) -> bool:
        """Whether a clinician has reviewed these words; statuses and dates follow from it."""
        return self.topic.clinical_review is not None

    @property
    def retired(self) -> bool:
        return self.topic.retired is not None

    @property
    def status(self) -> str:
        if self.retired:
            return "retired"
        return "active" if self.reviewed else "draft"

    def review(self, text: Text) -> Review | None:
        """The review that the document of one language may claim."""
        return review_of(self.topic, text)

    def document_status(self, text: Text) -> str:
        """Before R5 a document has no status for what is out of date: it stays as finished as it was."""
        if self.retired and self.is_r5:
            return "deprecated"
        return "final" if self.review(text) else "preliminary"

    @property
    def in_use(self) -> bool:
        """Whether a medicine's status says so. Otherwise it has none: no word means draft, and `inactive`
        would say of the medicine what is true of the page alone."""
        return self.reviewed and not self.retired

    def id(self, suffix: str) -> str:
        """The logical id of something of this topic."""
        return f"{self.topic.slug}-{suffix}"

    def education_id(self, text: Text) -> str:
        """The id that Composition, DocumentReference and Binary of one language share."""
        return self.id(f"education-{text.language}")

    @property
    def code_system(self) -> str:
        return self.canonical("CodeSystem", self.id("cs"))

    @property
    def effect_type(self) -> str:
        """R4 has no ClinicalUseDefinition: https://hl7.org/fhir/R4/medicinalproductundesirableeffect.html"""
        return "MedicinalProductUndesirableEffect" if self.is_r4 else "ClinicalUseDefinition"

    @property
    def indication_type(self) -> str:
        """R4 has no ClinicalUseDefinition: https://hl7.org/fhir/R4/medicinalproductindication.html"""
        return "MedicinalProductIndication" if self.is_r4 else "ClinicalUseDefinition"

    def effect_ids(self, product: Product) -> list[str]:
        return [f"{product.id}-ae-{effect.id}" for effect in self.topic.side_effects]

    def indication_ids(self, product: Product) -> list[str]:
        return [f"{product.id}-ind-{indication.id}" for indication in self.topic.indications]

    def warning_ids(self, product: Product) -> list[str]:
        """R4 has no type for a warning: there it stays in the text, the plan and the form."""
        return [] if self.is_r4 else [f"{product.id}-warn-{warning.id}" for warning in self.topic.warnings]
