"""Everything that an artifact depends on, as far as it is in the store: the artifact first, then by distance.

https://hl7.org/fhir/R4/metadatatypes.html#RelatedArtifact and https://hl7.org/fhir/R4/references.html

    canonical     relatedArtifact.resource, definitionCanonical, valueSet ...: the definition of that URL
    Reference     the resource, where it is one of this service
    uri, url      a code system or an extension: its CodeSystem or StructureDefinition

What links lead to elsewhere is not known here and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.links import change_links
from fhir_service.operations.stored import Stored
from fhir_service.search.definitions import SearchParameters

Resource = dict[str, Any]

# Beyond this a package is no answer of one request.
MOST = 2_000

_NAMED_BY_URI = ("CodeSystem", "StructureDefinition")


@dataclass(frozen=True)
class ArtifactGraph:
    """Resolves the links of one artifact; `versions` says which version a URL without one means."""

    stored: Stored
    parameters: SearchParameters
    versions: Mapping[str, str]
    own_base: str
    """What the artifact's URL starts with: its publisher may name a resource without `url` by it too."""

    def walk(self, artifact: Resource) -> list[Resource]:
        """Breadth first, each resource once; raises Unprocessable when there are too many."""
        found = {_key(artifact): artifact}
        waiting = [artifact]
        asked: set[tuple[str, str]] = set()
        while waiting:
            for link in _links(waiting.pop(0), self.stored):
                if link in asked:
                    continue
                asked.add(link)
                target = self._resolve(*link)
                if target is not None and _key(target) not in found:
                    found[_key(target)] = target
                    waiting.append(target)
            if len(found) > MOST:
                raise Unprocessable(f"The package has more than {MOST} resources.", issue_code="too-costly")
        return list(found.values())

    def _resolve(self, kind: str, link: str) -> Resource | None:
        if kind == "reference":
            return self.stored.reference(link)
        url = link.partition("#")[0]
        if "|" not in url and url in self.versions:
            url = f"{url}|{self.versions[url]}"
        types = _NAMED_BY_URI if kind == "url" else self._types_of(url)
        for type_name in types:
            found = self.stored.canonical(type_name, url)
            if found is not None:
                return found
        return self._without_url(url) if kind == "canonical" else None

    def _types_of(self, url: str) -> tuple[str, ...]:
        """The one type that the URL names, or every type that has URLs."""
        named = url.partition("|")[0].rpartition("/")[0].rpartition("/")[2]
        return (named,) if named in self.stored.release.resource_types else self._with_url

    @cached_property
    def _with_url(self) -> tuple[str, ...]:
        types = sorted(self.stored.release.resource_types)
        return tuple(name for name in types if "url" in self.parameters.for_type(name))

    def _without_url(self, url: str) -> Resource | None:
        """R4's relatedArtifact knows URLs only, and a Medication has none: `[own base]/Medication/[id]`."""
        local = url.partition("|")[0].removeprefix(f"{self.own_base}/") if self.own_base else url
        return self.stored.reference(local) if "://" not in local else None


def _links(resource: Resource, stored: Stored) -> Iterator[tuple[str, str]]:
    """(kind, link) of every link in the elements; those in the narrative are for readers."""
    links: dict[tuple[str, str], None] = {}

    def note(kind: str, link: str) -> str:
        if kind != "narrative":
            links[kind, link] = None
        return link

    change_links(resource, stored.release, note)
    yield from links


def _key(resource: Resource) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]
