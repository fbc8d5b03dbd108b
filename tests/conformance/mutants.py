"""Seeded mutants of valid resources: each differs from its original in one thing that a rule forbids.

https://hl7.org/fhir/R4/validation.html

The definitions say where a mutation fits; nothing here knows how the gate checks, so that the comparison
with the official validator is not bent towards what the gate can do.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from fhir_service.releases import Element, Release

Resource = dict[str, Any]


class Place(NamedTuple):
    """A property of an object somewhere in a resource."""

    node: Resource
    type_name: str
    name: str
    element: Element
    kind: str
    """The FHIR type of the value."""


class Mutator:
    """Makes mutants of one release's resources."""

    def __init__(self, release: Release) -> None:
        self.release = release

    def mutant(self, resource: Resource, kind: str, seed: str) -> Resource | None:
        """Return a changed copy, or None when this resource offers no place for that kind of mutation."""
        chosen = random.Random(f"{seed} {kind}")
        changed = copy.deepcopy(resource)
        return changed if MUTATIONS[kind](self, changed, chosen) else None

    def places(self, resource: Resource) -> list[Place]:
        """Every property that the definitions know, outermost first; narrative and extensions not entered."""
        return list(self._walk(resource, resource["resourceType"]))

    def _walk(self, node: Resource, type_name: str) -> Iterator[Place]:
        known = self.release.type_definition(type_name).json_names
        for name, value in node.items():
            if name not in known:
                continue
            element, kind = known[name]
            yield Place(node, type_name, name, element, kind)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, dict):
                    held = child.get("resourceType", kind)
                    if held in self.release.type_names:
                        yield from self._walk(child, held)

    def is_primitive(self, kind: str) -> bool:
        return self.release.type_definition(kind).kind == "primitive-type"

    def error_invariants(self, type_name: str) -> list[str]:
        rules = self.release.invariants(type_name)
        return [rule.expression for rule in rules if rule.severity == "error"]


def pick(chosen: random.Random, places: list[Place]) -> Place | None:
    return chosen.choice(places) if places else None


def drop_required(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(chosen, [one for one in mutator.places(resource) if one.element.min > 0])
    if place is None:
        return False
    del place.node[place.name]
    place.node.pop("_" + place.name, None)
    return True


def wrong_type(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(chosen, mutator.places(resource))
    if place is None:
        return False
    value = place.node[place.name]
    first = value[0] if isinstance(value, list) else value
    if isinstance(first, dict):
        wrong: Any = chosen.choice(["text", 5, True])
    elif isinstance(first, bool):
        wrong = chosen.choice(["true", 1, {"value": first}])
    elif isinstance(first, str):
        wrong = chosen.choice([17, False, {"value": first}])
    else:
        wrong = chosen.choice([str(first), True, {"value": first}])
    place.node[place.name] = [wrong, *value[1:]] if isinstance(value, list) else wrong
    return True


def wrong_cardinality(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(chosen, mutator.places(resource))
    if place is None:
        return False
    value = place.node[place.name]
    if isinstance(value, list):
        place.node[place.name] = [] if chosen.random() < 0.3 else value[0]
    elif place.element.is_choice and chosen.random() < 0.5:
        others = [name for name, _ in place.element.json_names if name not in place.node]
        if "valueString" in others:
            place.node["valueString"] = "another"
        elif "valueBoolean" in others:
            place.node["valueBoolean"] = True
        else:
            place.node[place.name] = [value]
    else:
        place.node[place.name] = [value, value] if chosen.random() < 0.5 else [value]
    return True


def bad_code(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(
        chosen,
        [
            one
            for one in mutator.places(resource)
            if one.kind == "code" and one.element.binding and one.element.binding.strength == "required"
        ],
    )
    if place is None:
        return False
    value = place.node[place.name]
    good = str(value[0] if isinstance(value, list) else value)
    bad = chosen.choice(["no-such-code", "", f" {good}", good.upper() + "X", good.title() + "-"])
    place.node[place.name] = [bad, *value[1:]] if isinstance(value, list) else bad
    return True


BAD_DATES = ["2020-13-01", "2021-02-30", "20200101", "2020-1-1", "yesterday", "2020-00", "01-01-2020", ""]
BAD_TIMES = ["2020-01-01T25:00:00Z", "2020-01-01T10:00:00", "2020-01-01T10:00Z", "2021-02-29T10:00:00Z"]


def bad_date(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    kinds = ("date", "dateTime", "instant")
    place = pick(chosen, [one for one in mutator.places(resource) if one.kind in kinds])
    if place is None:
        return False
    bad = chosen.choice(BAD_DATES if place.kind == "date" else BAD_DATES + BAD_TIMES)
    place.node[place.name] = [bad] if isinstance(place.node[place.name], list) else bad
    return True


BAD_PRIMITIVES: dict[str, list[Any]] = {
    "id": ["has space", "x" * 65, "under_score", ""],
    "uri": ["has space", ""],
    "url": ["has space", ""],
    "canonical": ["has space", ""],
    "oid": ["1.2.3", "urn:oid:x"],
    "uuid": ["urn:uuid:1234", "no"],
    "positiveInt": [0, -1, 2147483648],
    "unsignedInt": [-1, 2147483648],
    "integer": [2147483648, 1.5],
    "integer64": ["9223372036854775808", "one"],
    "base64Binary": ["a", "####"],
    "time": ["24:00:00", "10:00", "noon"],
    "string": [""],
    "markdown": [""],
}


def bad_primitive(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(chosen, [one for one in mutator.places(resource) if one.kind in BAD_PRIMITIVES])
    if place is None:
        return False
    bad = chosen.choice(BAD_PRIMITIVES[place.kind])
    value = place.node[place.name]
    place.node[place.name] = [bad, *value[1:]] if isinstance(value, list) else bad
    return True


def bad_reference(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    places = [
        one
        for one in mutator.places(resource)
        if one.kind == "Reference" and one.element.targets and "Resource" not in one.element.targets
    ]
    place = pick(chosen, places)
    if place is None:
        return False
    # Contained, so that the official validator finds it; of a type that needs nothing but an id and a name.
    wrong = chosen.choice(
        [one for one in ("Location", "Organization", "Person") if one not in place.element.targets]
    )
    if not mutator.release.is_a(resource["resourceType"], "DomainResource"):
        return False
    resource.setdefault("contained", []).append(wrong_target(wrong))
    reference = {"reference": "#wrong"}
    place.node[place.name] = [reference] if isinstance(place.node[place.name], list) else reference
    return True


def wrong_target(type_name: str) -> Resource:
    name: Any = [{"text": "x"}] if type_name == "Person" else "x"
    return {"resourceType": type_name, "id": "wrong", "name": name}


def unknown_element(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    nodes = [one.node for one in mutator.places(resource)]
    node = chosen.choice(nodes or [resource])
    name, value = chosen.choice(
        [("nonsense", "x"), ("_nonsense", {"id": "x"}), ("Status", "x"), ("names", []), ("value", 1)]
    )
    node[name] = value
    return True


def drop_what_a_rule_names(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    """Remove an optional element that an error invariant of its type speaks of."""
    places = [
        one
        for one in mutator.places(resource)
        if one.element.min == 0
        and any(one.element.name in rule for rule in mutator.error_invariants(one.type_name))
    ]
    place = pick(chosen, places)
    if place is None:
        return False
    del place.node[place.name]
    return True


def change_a_code_a_rule_names(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    """Put another good code where an error invariant of the type speaks of the element."""
    places = [
        one
        for one in mutator.places(resource)
        if one.kind == "code"
        and one.element.binding
        and not one.element.repeats
        and any(one.element.name in rule for rule in mutator.error_invariants(one.type_name))
    ]
    place = pick(chosen, places)
    codes = (
        mutator.release.required_codes(place.element.binding.value_set)
        if place and place.element.binding
        else None
    )
    if place is None or not codes:
        return False
    place.node[place.name] = chosen.choice(sorted(codes - {place.node[place.name]}) or ["none"])
    return True


def repeat_an_object(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    """Say something twice: many rules want codes, ids or names to be unique."""
    places = [
        one
        for one in mutator.places(resource)
        if isinstance(one.node[one.name], list)
        and isinstance(one.node[one.name][0], dict)
        and one.kind not in ("Extension", "Resource")
    ]
    place = pick(chosen, places)
    if place is None:
        return False
    place.node[place.name].append(copy.deepcopy(place.node[place.name][0]))
    return True


def empty_an_object(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    places = [one for one in mutator.places(resource) if isinstance(one.node[one.name], dict)]
    place = pick(chosen, places)
    if place is None:
        return False
    # Both that ele-1 forbids, as often the one as the other: nothing, and nothing but an id.
    place.node[place.name] = chosen.choice([{}, {"id": "x"}])
    return True


def break_an_extension(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    both = {"url": url, "valueCode": "unknown", "extension": [{"url": url, "valueCode": "unknown"}]}
    nodes = [one.node for one in mutator.places(resource) if "extension" not in one.node]
    chosen.choice(nodes or [resource])["extension"] = [chosen.choice([{"url": url}, both])]
    return True


def dangle_a_reference(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(chosen, [one for one in mutator.places(resource) if one.kind == "Reference"])
    if place is None:
        return False
    reference = {"reference": "#nowhere"}
    place.node[place.name] = [reference] if isinstance(place.node[place.name], list) else reference
    return True


def contain_something_unused(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    if not mutator.release.is_a(resource["resourceType"], "DomainResource"):
        return False
    unused = {"resourceType": "Patient", "id": "unused", "active": True}
    resource.setdefault("contained", []).append(unused)
    return True


def reverse_a_period(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    place = pick(chosen, [one for one in mutator.places(resource) if one.kind == "Period"])
    if place is None:
        return False
    period = {"start": "2021-01-02", "end": "2021-01-01"}
    place.node[place.name] = [period] if isinstance(place.node[place.name], list) else period
    return True


BAD_XHTML = [
    "<script>alert(1)</script>",
    '<p onclick="x()">x</p>',
    "<iframe>x</iframe>",
    "<p>unclosed",
    "<blink>x</blink>",
    '<p foo="bar">x</p>',
]


def break_the_narrative(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    text = resource.get("text")
    if not isinstance(text, dict) or not isinstance(text.get("div"), str):
        return False
    text["div"] = (
        '<div xmlns="http://www.w3.org/1999/xhtml"> </div>'
        if chosen.random() < 0.2
        else text["div"].removesuffix("</div>") + chosen.choice(BAD_XHTML) + "</div>"
    )
    return True


INVARIANTS: list[Callable[[Mutator, Resource, random.Random], bool]] = [
    drop_what_a_rule_names,
    drop_what_a_rule_names,
    change_a_code_a_rule_names,
    change_a_code_a_rule_names,
    repeat_an_object,
    empty_an_object,
    break_an_extension,
    dangle_a_reference,
    contain_something_unused,
    reverse_a_period,
    break_the_narrative,
]


def broken_invariant(mutator: Mutator, resource: Resource, chosen: random.Random) -> bool:
    ways = INVARIANTS.copy()
    chosen.shuffle(ways)
    return any(way(mutator, resource, chosen) for way in ways)


MUTATIONS: dict[str, Callable[[Mutator, Resource, random.Random], bool]] = {
    "required element dropped": drop_required,
    "wrong type": wrong_type,
    "wrong cardinality": wrong_cardinality,
    "bad code": bad_code,
    "bad date": bad_date,
    "bad primitive": bad_primitive,
    "wrong reference target": bad_reference,
    "unknown element": unknown_element,
    "broken invariant": broken_invariant,
}
