"""Every fact that has a place in structured data stands there, in each release.

https://hl7.org/fhir/R4/clinicalusedefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..finding import Finding, at
from ..topic import Coding, Fact, InData
from .rule import TEXT_TYPES, Material, Resource, Rule
from .walk import held_codes, plain, strings


def check(material: Material) -> Iterator[Finding]:
    for release, resources in material.built.items():
        data = held_data(resources)
        for fact in material.topic.facts:
            for wanted in fact.in_data:
                if not any(held.has(wanted) for held in data):
                    yield at(fact.where, _message(material, release, fact, wanted))


def held_data(resources: Sequence[Resource]) -> list[Held]:
    """What each resource holds that is not the education text itself."""
    return [Held(resource) for resource in resources if resource["resourceType"] not in TEXT_TYPES]


class Held:
    """What a resource holds, looked up once."""

    def __init__(self, resource: Resource) -> None:
        self.id = resource.get("id")
        self.name = f"{resource['resourceType']}/{self.id}"
        self.codes = held_codes(resource)
        self.words = [plain(words) for key, words in strings(resource) if key != "div"]

    def has(self, wanted: InData) -> bool:
        codes = {(coding.system, coding.code) for coding in wanted.codings}
        return (
            (wanted.resource is None or wanted.resource == self.id)
            and codes <= self.codes
            and (wanted.window is None or any(code == wanted.window for _, code in self.codes))
            and (
                not wanted.words or any(all(plain(w) in words for w in wanted.words) for words in self.words)
            )
        )


def _message(material: Material, release: str, fact: Fact, wanted: InData) -> str:
    needs = [f"the id `{wanted.resource}`"] if wanted.resource else []
    needs += [f"`{_named(material, coding)}`" for coding in wanted.codings]
    needs += [f"the window `{wanted.window}`"] if wanted.window else []
    needs += [f"the words `{'`, `'.join(wanted.words)}` in one string"] if wanted.words else []
    return f"fact `{fact.id}`: no resource of {release} has all of this; allowed: one with {', '.join(needs)}"


def _named(material: Material, coding: Coding) -> str:
    """The code as authors write it."""
    systems = {url: alias for alias, url in material.codes.aliases.items()}
    return f"{systems.get(coding.system, 'local')} {coding.code}"


RULE = Rule(
    "facts_in_data", "Every fact stands in the coded resources of each release as its entry says.", check
)
