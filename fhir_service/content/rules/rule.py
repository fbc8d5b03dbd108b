"""What a rule is, and what it looks at.

https://hl7.org/fhir/R4/validation.html (rules beyond what FHIR's own validation can say)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..build import DRAFTS
from ..finding import Finding
from ..publisher import Publisher
from ..tables import CodeTable
from ..topic import Text, Topic

Resource = dict[str, Any]

TEXT_TYPES = frozenset(["Composition", "DocumentReference", "Binary"])
"""What is built for each language: where the education text itself stands."""


@dataclass(frozen=True)
class Material:
    """One topic, with what was built from it: release name -> resources. Empty where nothing is built yet."""

    topic: Topic
    publisher: Publisher
    codes: CodeTable
    built: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    common: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    """what all topics share, by release: there to be referred to"""
    drafts: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    """the translations that nobody has reviewed, by release: kept apart, and nothing may refer to them"""

    @property
    def file(self) -> str:
        return f"topics/{self.topic.slug}/topic.yaml"

    def resources(self) -> Iterator[tuple[str, Resource]]:
        """(release, resource) for all that was built from the topic, drafts included."""
        for parts in (self.built, self.drafts):
            for release, resources in parts.items():
                for resource in resources:
                    yield release, resource

    def text_of(self, resource: Resource) -> Text | None:
        """The text that a resource is the document of; None for what is no language's document."""
        if resource["resourceType"] not in TEXT_TYPES:
            return None
        language = str(resource.get("language"))
        is_document = resource.get("id") == f"{self.topic.slug}-education-{language}"
        return self.topic.text_in(language) if is_document else None

    def fault(self, release: str, resource: Resource, message: str) -> Finding:
        """A finding in a built resource, on the first line of its file."""
        name = f"{resource['resourceType']}-{resource.get('id', '')}.json"
        below = f"{DRAFTS}/" if any(one is resource for one in self.drafts.get(release, ())) else ""
        return Finding(f"topics/{self.topic.slug}/fhir/{release}/{below}{name}", 1, message)


@dataclass(frozen=True)
class Rule:
    """A demand on content: `name` is its file, `demands` the sentence that authors read."""

    name: str
    demands: str
    check: Callable[[Material], Iterable[Finding]]
