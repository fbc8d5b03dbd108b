"""What a rule is, and what it looks at.

https://hl7.org/fhir/R4/validation.html (rules beyond what FHIR's own validation can say)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..finding import Finding
from ..publisher import Publisher
from ..tables import CodeTable
from ..topic import Topic

Resource = dict[str, Any]


@dataclass(frozen=True)
class Material:
    """One topic, with what was built from it: release name -> resources. Empty where nothing is built yet."""

    topic: Topic
    publisher: Publisher
    codes: CodeTable
    built: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    common: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    """what all topics share, by release: there to be referred to"""

    @property
    def file(self) -> str:
        return f"topics/{self.topic.slug}/topic.yaml"

    def resources(self) -> Iterator[tuple[str, Resource]]:
        """(release, resource) for all that was built from the topic."""
        for release, resources in self.built.items():
            for resource in resources:
                yield release, resource

    def fault(self, release: str, resource: Resource, message: str) -> Finding:
        """A finding in a built resource, on the first line of its file."""
        name = f"{resource['resourceType']}-{resource.get('id', '')}.json"
        return Finding(f"topics/{self.topic.slug}/fhir/{release}/{name}", 1, message)


@dataclass(frozen=True)
class Rule:
    """A demand on content: `name` is its file, `demands` the sentence that authors read."""

    name: str
    demands: str
    check: Callable[[Material], Iterable[Finding]]
