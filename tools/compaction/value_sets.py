"""The codes of every value set that some element is bound to with strength `required`.

https://hl7.org/fhir/R4/terminologies.html#required and https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .packages import Resource

Row = dict[str, Any]
Codes = dict[str, set[str]]


class NotEnumerable(Exception):
    """A value set's codes cannot be listed from the packages (languages, MIME types, UCUM ...)."""


def required_value_sets(types: Row) -> list[str]:
    """Return the URLs of the value sets that the elements of these types are bound to as required."""
    return sorted(
        {
            element["binding"][1]
            for row in types.values()
            for element in row["elements"].values()
            if element.get("binding", [""])[0] == "required"
        }
    )


def compact_required_bindings(
    urls: list[str], resources: list[Resource], fallback: list[Resource]
) -> tuple[Row, list[Row]]:
    """Return value set -> system -> codes, and the value sets that cannot be listed with the reason."""
    terminology = _Terminology(resources, fallback)
    listed: Row = {}
    open_ended: list[Row] = []
    for url in urls:
        try:
            codes = terminology.expand(url)
        except NotEnumerable as reason:
            open_ended.append({"url": url, "reason": str(reason)})
        else:
            listed[url] = {system: sorted(codes[system]) for system in sorted(codes)}
    return listed, open_ended


class _Terminology:
    """The code systems and value sets of one release; what it refers to but lacks comes from R4's package."""

    def __init__(self, resources: list[Resource], fallback: list[Resource]) -> None:
        self._found: dict[tuple[str, str], Resource] = {}
        for resource in [*fallback, *resources]:
            kind = resource["resourceType"]
            # A system without codes here (content: not-present) must not hide the one that has them.
            if kind in ("ValueSet", "CodeSystem") and resource.get("content", "complete") == "complete":
                self._found[kind, resource["url"]] = resource

    def expand(self, url: str) -> Codes:
        value_set = self._found.get(("ValueSet", url.partition("|")[0]))
        if value_set is None:
            raise NotEnumerable("the value set is not in HL7's packages")
        codes: Codes = {}
        for part in value_set.get("compose", {}).get("include", []):
            _add(codes, self._part(part))
        for part in value_set.get("compose", {}).get("exclude", []):
            for system, excluded in self._part(part).items():
                codes[system] = codes.get(system, set()) - excluded
        if not any(codes.values()):
            raise NotEnumerable("the value set has no compose that lists codes")
        return codes

    def _part(self, part: Row) -> Codes:
        if "filter" in part:
            raise NotEnumerable(f"filter on {part['system']}")
        result: Codes | None = None
        if "system" in part:
            if "concept" in part:
                result = {part["system"]: {concept["code"] for concept in part["concept"]}}
            else:
                result = {part["system"]: self._all_codes(part["system"])}
        for url in part.get("valueSet", []):
            other = self.expand(url)
            if result is None:
                result = other
            else:
                result = {system: codes & other.get(system, set()) for system, codes in result.items()}
        return result or {}

    def _all_codes(self, system: str) -> set[str]:
        code_system = self._found.get(("CodeSystem", system))
        if code_system is None:
            raise NotEnumerable(f"the codes of {system} are not in HL7's packages")
        return set(_walk(code_system.get("concept", [])))


def _walk(concepts: list[Row]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _walk(concept.get("concept", []))


def _add(codes: Codes, more: Codes) -> None:
    for system, added in more.items():
        codes[system] = codes.get(system, set()) | added
