"""What terminology asks for: code systems, value sets and concept maps by their canonical.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeVar

from fhir_service.errors import NotFound, Unprocessable
from fhir_service.fhir.canonicals import join_canonical, split_canonical
from fhir_service.terminology.code_system import CodeSystem, supplemented
from fhir_service.terminology.concept_map import ConceptMap
from fhir_service.terminology.problems import unknown_code_system, unknown_value_set
from fhir_service.terminology.value_set import ValueSet

Kept = TypeVar("Kept")


class Resolver(Protocol):
    """Without a version the latest is meant, an active one before a draft."""

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None: ...

    def value_set(self, url: str, version: str | None = None) -> ValueSet | None: ...

    def concept_map(self, url: str, version: str | None = None) -> ConceptMap | None: ...

    def concept_maps(self, system: str, *, as_target: bool) -> Sequence[ConceptMap]:
        """Those with a group from (or to) the code system, of each URL the latest version."""

    def kept(self, key: Hashable, weight: Callable[[Kept], int], make: Callable[[], Kept]) -> Kept:
        """What `make` makes, or made before from resources that are still the same."""


def require_value_set(resolver: Resolver, url: str, version: str | None = None) -> ValueSet:
    found = resolver.value_set(url, version)
    if found is None:
        raise unknown_value_set(join_canonical(url, version))
    return found


def require_code_system(
    resolver: Resolver, url: str, version: str | None = None, supplements: Sequence[str] = ()
) -> CodeSystem:
    """The code system with its content, and with those of the supplements that are about it.

    :raises NotFound: there is none, or only its name is here
    """
    found = resolver.code_system(url, version)
    if found is None or not found.has_content:
        known = known_version(resolver, url, version)
        raise unknown_code_system(join_canonical(url, version), known_version=known, status_404=True)
    return with_supplements(resolver, found, supplements)


def known_version(resolver: Resolver, url: str, version: str | None) -> str | None:
    """The version that is here of a code system of which another one is asked for."""
    found = resolver.code_system(url) if version else None
    return found.version if found is not None and found.has_content else None


def with_supplements(resolver: Resolver, system: CodeSystem, canonicals: Sequence[str]) -> CodeSystem:
    """The code system with the supplements that are about it; each must be known and be a supplement."""
    fitting = [
        one for canonical in canonicals if (one := _supplement(resolver, canonical, system)) is not None
    ]
    if not fitting:
        return system
    key = ("supplemented", system.key, *(one.key for one in fitting))
    return resolver.kept(key, lambda made: len(made.concepts), lambda: supplemented(system, fitting))


def _supplement(resolver: Resolver, canonical: str, system: CodeSystem) -> CodeSystem | None:
    url, version = split_canonical(canonical)
    found = resolver.code_system(url, version)
    if found is None:
        raise NotFound(f"The supplement `{canonical}` is not known here.")
    if found.content != "supplement":
        raise Unprocessable(f"`{canonical}` is no supplement but a code system of content `{found.content}`.")
    url, version = split_canonical(found.supplemented_system or "")
    return found if url == system.url and version in (None, system.version) else None
