"""Codes that belong together, as search asks for them: those of a value set, those below or above a code.

https://hl7.org/fhir/R4/search.html#modifiers (`:in`, `:not-in`, `:below`, `:above` of tokens)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from fhir_service.fhir.canonicals import split_canonical
from fhir_service.terminology.code_system import CodeSystem, Concept, ancestors, descendants
from fhir_service.terminology.lookup import unknown_code
from fhir_service.terminology.members import members_of, require_whole
from fhir_service.terminology.problems import unknown_value_set
from fhir_service.terminology.resolver import Resolver, require_code_system, require_value_set
from fhir_service.terminology.subsumes import require_kinds
from fhir_service.terminology.value_set import ValueSet

_LOCAL = re.compile(r"ValueSet/(?P<id>[A-Za-z0-9\-.]{1,64})", re.ASCII)


class LocalResolver(Resolver, Protocol):
    def read_value_set(self, logical_id: str) -> ValueSet | None: ...


class CodeSets:
    def __init__(self, resolver: LocalResolver) -> None:
        self._resolver = resolver

    def in_value_set(self, reference: str) -> Mapping[str, Sequence[str]]:
        """The codes of a value set, by its canonical or by `ValueSet/id`, each with its code system."""
        members = members_of(self._value_set(reference), self._resolver)
        require_whole(members, self._resolver)
        found: dict[str, list[str]] = {}
        for one in members.members:
            found.setdefault(one.system, []).append(one.code)
        return found

    def below(self, system: str, code: str) -> Mapping[str, Sequence[str]]:
        known, concept = self._concept(system, code)
        return {known.url: [concept.code, *sorted(descendants(concept) - {concept.code})]}

    def above(self, system: str, code: str) -> Mapping[str, Sequence[str]]:
        known, concept = self._concept(system, code)
        return {known.url: [concept.code, *sorted(ancestors(concept) - {concept.code})]}

    def _value_set(self, reference: str) -> ValueSet:
        local = _LOCAL.fullmatch(reference)
        if local is None:
            return require_value_set(self._resolver, *split_canonical(reference))
        found = self._resolver.read_value_set(local["id"])
        if found is None:
            raise unknown_value_set(reference)
        return found

    def _concept(self, system: str, code: str) -> tuple[CodeSystem, Concept]:
        known = require_code_system(self._resolver, *split_canonical(system))
        concept = known.find(code)
        if concept is None:
            raise unknown_code(known, code)
        require_kinds(known)
        return known, concept
