"""The codes of a value set, when it lists them: without a filter, and without all of a code system.

https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fhir_service.reasoning.form import Json

Code = tuple[str, str]
"""(system, code)"""


def listed_codes(
    canonical: str, find: Callable[[str], Json | None], within: frozenset[str] = frozenset()
) -> frozenset[Code] | None:
    """None when only a terminology service could tell, or when the value set is not here."""
    value_set = None if canonical in within else find(canonical)
    if value_set is None:
        return None
    expansion = value_set.get("expansion", {}).get("contains")
    if expansion:
        return frozenset(_contained(expansion))
    compose = value_set.get("compose", {})
    found: frozenset[Code] = frozenset()
    for include in compose.get("include", ()):
        codes = _of_include(include, find, within | {canonical})
        if codes is None:
            return None
        found |= codes
    for exclude in compose.get("exclude", ()):
        codes = _of_include(exclude, find, within | {canonical})
        if codes is None:
            return None
        found -= codes
    return found


def _of_include(
    include: Json, find: Callable[[str], Json | None], within: frozenset[str]
) -> frozenset[Code] | None:
    """An include means what all of its parts hold: its concepts, and each value set that it names."""
    parts: list[frozenset[Code] | None] = [
        listed_codes(canonical, find, within) for canonical in include.get("valueSet", ())
    ]
    if "concept" in include:
        parts.append(frozenset((include.get("system", ""), one["code"]) for one in include["concept"]))
    elif "system" in include:
        return None
    listed = [one for one in parts if one is not None]
    if not listed or len(listed) < len(parts):
        return None
    return frozenset.intersection(*listed)


def _contained(contains: list[Json]) -> Iterator[Code]:
    for one in contains:
        if "code" in one and not one.get("abstract"):
            yield one.get("system", ""), one["code"]
        yield from _contained(one.get("contains", []))
