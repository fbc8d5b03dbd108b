"""$translate: what a code is called in another code system, by the concept maps that are known.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html and
https://hl7.org/fhir/R5/conceptmap-operation-translate.html

    maps      the one that is named, or all that have a group for the system
    groups    those between the systems that are asked for
    mappings  of the code, in the map's direction or against it; else what the group says of unmapped codes
    check     what a mapping depends on must not be contradicted by what the client says

R4 and R4B tell how what is found relates to what was asked, so that against the direction of the map its
equivalences are turned around; R5 tells how the map's source relates to its target, whichever was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_service.fhir.canonicals import split_canonical
from fhir_service.terminology.concept_map import Coded, ConceptMap, Group, Mapping
from fhir_service.terminology.members import members_of
from fhir_service.terminology.resolver import Resolver, require_value_set

NO_MATCH = frozenset(("unmatched", "disjoint", "not-related-to"))

_TURNED = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}

# How far a map may send a code on to other maps.
_MOST_MAPS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """`scope` limits the codes that are asked about, `other_scope` and `other_system` those that are found.

    `dependencies` are (attribute, codes or texts) that the client knows.
    """

    codings: tuple[Coded, ...]
    against: bool = False
    scope: str | None = None
    other_scope: str | None = None
    other_system: str | None = None
    dependencies: tuple[tuple[str, frozenset[str]], ...] = ()
    turns_equivalence: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    concept: Coded | None
    relation: str
    mapping: Mapping
    origin: ConceptMap


@dataclass(frozen=True, slots=True)
class Translation:
    """`matches` may say that there is none; `withheld` counts those with conditions that are not known."""

    matches: tuple[Match, ...]
    maps: int
    withheld: int = 0

    @property
    def result(self) -> bool:
        return any(one.relation not in NO_MATCH for one in self.matches)


def translate(asked: Asked, maps: Sequence[ConceptMap], resolver: Resolver) -> Translation:
    """The matches of every map, each once.

    :raises NotFound: a value set that limits it is not known
    """
    if asked.scope is not None and not _is_scope_of_a_map(asked, maps):
        asked = replace(asked, codings=tuple(_within(asked.codings, asked.scope, resolver)))
    found: dict[tuple[Any, ...], Match] = {}
    withheld = 0
    for concept_map in maps:
        for coding in asked.codings:
            for match in _matches(coding, concept_map, asked, resolver, _MOST_MAPS):
                if _contradicts(match, asked):
                    continue
                if _lacks_condition(match, asked):
                    withheld += 1
                    if asked.turns_equivalence:
                        continue
                code = (match.concept.system, match.concept.code) if match.concept else None
                found.setdefault((code, match.relation, match.origin.canonical), match)
    matches: Iterable[Match] = found.values()
    if asked.other_scope is not None:
        matches = _in_scope(matches, asked.other_scope, resolver, asked.against)
    return Translation(tuple(matches), len(maps), withheld)


def _is_scope_of_a_map(asked: Asked, maps: Sequence[ConceptMap]) -> bool:
    """A map that is written for that very value set need not have it expanded."""
    scopes = [one.target_scope if asked.against else one.source_scope for one in maps]
    return bool(scopes) and all(_same(scope, asked.scope) for scope in scopes)


def _same(held: str | None, wanted: str | None) -> bool:
    if held is None or wanted is None:
        return False
    (url, version), (other, other_version) = split_canonical(held), split_canonical(wanted)
    return url == other and (version is None or other_version is None or version == other_version)


def _within(codings: Iterable[Coded], scope: str, resolver: Resolver) -> Iterator[Coded]:
    members = members_of(require_value_set(resolver, *split_canonical(scope)), resolver)
    return (one for one in codings if members.find(one.system, one.code))


def _in_scope(matches: Iterable[Match], scope: str, resolver: Resolver, against: bool) -> Iterator[Match]:
    members = None
    for one in matches:
        held = one.origin.source_scope if against else one.origin.target_scope
        if not _same(held, scope):
            if members is None:
                members = members_of(require_value_set(resolver, *split_canonical(scope)), resolver)
            if one.concept is None or members.find(one.concept.system, one.concept.code) is None:
                continue
        yield one


# In one map


def _matches(
    coding: Coded, concept_map: ConceptMap, asked: Asked, resolver: Resolver, depth: int
) -> Iterator[Match]:
    for group in concept_map.groups:
        if not _is_between(group, coding, asked):
            continue
        if asked.against:
            yield from (_turned(one, concept_map, asked) for one in group.by_target.get(coding.code, ()))
            continue
        mappings = group.by_source.get(coding.code)
        if mappings is None:
            yield from _unmapped(coding, group, concept_map, asked, resolver, depth)
            continue
        for one in mappings:
            yield Match(one.target, one.relation, one, concept_map)


def _is_between(group: Group, coding: Coded, asked: Asked) -> bool:
    ends = ((group.source, group.source_version), (group.target, group.target_version))
    (system, version), (other, other_version) = reversed(ends) if asked.against else ends
    if coding.system != system or (coding.version and version and coding.version != version):
        return False
    if asked.other_system is None:
        return True
    url, wanted = split_canonical(asked.other_system)
    return other == url and (wanted is None or other_version in (None, wanted))


def _turned(mapping: Mapping, concept_map: ConceptMap, asked: Asked) -> Match:
    relation = mapping.relation
    if asked.turns_equivalence:
        relation = _TURNED.get(relation, relation)
    return Match(mapping.source, relation, mapping, concept_map)


def _unmapped(
    coding: Coded, group: Group, concept_map: ConceptMap, asked: Asked, resolver: Resolver, depth: int
) -> Iterator[Match]:
    """`provided` or `use-source-code`, `fixed`, `other-map`."""
    rule = group.unmapped or {}
    mode = rule.get("mode")
    relation = rule.get("relationship") or ("inexact" if asked.turns_equivalence else "related-to")
    target: Coded | None = None
    if mode in ("provided", "use-source-code"):
        relation = rule.get("relationship") or "equivalent"
        target = Coded(group.target or coding.system, group.target_version, coding.code, coding.display)
    elif mode == "fixed" and "code" in rule:
        target = Coded(group.target or "", group.target_version, rule["code"], rule.get("display"))
    elif mode == "other-map" and depth:
        url = rule.get("otherMap") or rule.get("url")
        other = resolver.concept_map(*split_canonical(url)) if url else None
        if other is not None:
            yield from _matches(coding, other, asked, resolver, depth - 1)
    if target is not None:
        yield Match(target, relation, Mapping(coding, target, relation), concept_map)


# Conditions


def _contradicts(match: Match, asked: Asked) -> bool:
    """Whether the client said something else than what the mapping depends on."""
    known = dict(asked.dependencies)
    for one in match.mapping.depends_on:
        name, values = _condition(one, match.origin)
        if name in known and known[name].isdisjoint(values):
            return True
    return False


def _lacks_condition(match: Match, asked: Asked) -> bool:
    known = dict(asked.dependencies)
    return any(_condition(one, match.origin)[0] not in known for one in match.mapping.depends_on)


def _condition(depends_on: dict[str, Any], origin: ConceptMap) -> tuple[str, frozenset[str]]:
    """What a mapping depends on. R4: property, system, value; R5: attribute and value[x] or valueSet."""
    name = depends_on.get("attribute") or depends_on.get("property") or ""
    name = origin.attributes.get(name) or name
    value = depends_on.get("value")
    if value is None:
        value = next((held for key, held in depends_on.items() if key.startswith("value")), None)
    return name, texts_of(value)


def texts_of(value: Any) -> frozenset[str]:
    """A value as the texts by which it can be compared: a code with and without its system, or words."""
    match value:
        case {"coding": [*codings]}:
            words = frozenset(filter(None, (value.get("text"),)))
            return words.union(*(texts_of(one) for one in codings))
        case {"code": str(code)}:
            system = value.get("system")
            return frozenset((code, f"{system}|{code}") if system else (code,))
        case None:
            return frozenset()
        case bool():
            return frozenset((str(value).lower(),))
    return frozenset((str(value),))
