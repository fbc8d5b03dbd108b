"""A resolver over resources that a test gives, which forgets nothing and keeps nothing."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from fhir_service.fhir.canonicals import latest_order
from fhir_service.terminology.code_system import CodeSystem, compile_code_system
from fhir_service.terminology.concept_map import ConceptMap, compile_concept_map
from fhir_service.terminology.resolver import Kept
from fhir_service.terminology.value_set import ValueSet, compile_value_set

COMPILERS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "CodeSystem": compile_code_system,
    "ValueSet": compile_value_set,
    "ConceptMap": compile_concept_map,
}


class GivenResources:
    def __init__(self, resources: Sequence[dict[str, Any]]) -> None:
        self._held = resources

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        found: CodeSystem | None = self._find("CodeSystem", url, version)
        return found

    def value_set(self, url: str, version: str | None = None) -> ValueSet | None:
        found: ValueSet | None = self._find("ValueSet", url, version)
        return found

    def concept_map(self, url: str, version: str | None = None) -> ConceptMap | None:
        found: ConceptMap | None = self._find("ConceptMap", url, version)
        return found

    def concept_maps(self, system: str, *, as_target: bool) -> Sequence[ConceptMap]:
        maps = [
            compile_concept_map(one, one["url"]) for one in self._held if one["resourceType"] == "ConceptMap"
        ]
        return [
            one
            for one in maps
            if any(system == (group.target if as_target else group.source) for group in one.groups)
        ]

    def kept(self, key: Hashable, weight: Callable[[Kept], int], make: Callable[[], Kept]) -> Kept:
        return make()

    def _find(self, type_name: str, url: str, version: str | None) -> Any:
        found = [
            one
            for one in self._held
            if one["resourceType"] == type_name
            and one["url"] == url
            and version in (None, one.get("version"))
        ]
        if not found:
            return None
        latest = max(found, key=lambda one: latest_order(one.get("status"), one.get("version"), None))
        return COMPILERS[type_name](latest, f"{url}|{latest.get('version')}")
