"""Which members of a node an expression begins with: a node that has none of them gives nothing.

Most search parameters look at elements that most resources do not have; so those cost a look, not a run.
"""

from __future__ import annotations

from collections.abc import Iterable

from .grammar import Binary, Call, Index, Member, Name, Node, type_specifier
from .navigation import type_test
from .schema import ElementLike, Schema

# Of nothing they make nothing, whatever their arguments are.
_KEEP_EMPTY = frozenset(("extension", "first", "last", "resolve", "select", "tail", "where"))

_CONTEXT = frozenset(("$this",))
"""The node itself: no member was named yet."""


def beginnings(node: Node, type_name: str, schema: Schema) -> frozenset[str] | None:
    """The JSON names of these members; None when an expression may give something without any."""
    found = _of(node, type_name, schema)
    return None if found is None or "$this" in found else found


def beginnings_of_others(node: Node, type_name: str, schema: Schema) -> frozenset[str] | None:
    """Those of an expression that may give the node itself, too: `Observation | Observation.component`."""
    found = _of(node, type_name, schema)
    return None if found is None else found - _CONTEXT


def _of(node: Node, type_name: str, schema: Schema) -> frozenset[str] | None:
    match node:
        case Name():
            return _named(node.name, type_name, schema)
        case Binary("as", left, Name(wanted)):
            return _as(left, wanted, type_name, schema)
        case Member(left, Call("as" | "ofType", (specifier,))):
            return _as(left, type_specifier(specifier).name, type_name, schema)
        case Member():
            target = _of(node.target, type_name, schema)
            if target == _CONTEXT:
                return _of(node.step, type_name, schema) if isinstance(node.step, Name) else None
            keeps = (
                isinstance(node.step, Name) or isinstance(node.step, Call) and node.step.name in _KEEP_EMPTY
            )
            return target if keeps else None
        case Index():
            return _of(node.target, type_name, schema)
        case Binary(operator="|"):
            sides = _of(node.left, type_name, schema), _of(node.right, type_name, schema)
            return None if sides[0] is None or sides[1] is None else sides[0] | sides[1]
    return None


def _as(target: Node, wanted: str, type_name: str, schema: Schema) -> frozenset[str] | None:
    """Of an element of several types only the members that hold the wanted ones."""
    found = _of(target, type_name, schema)
    if found is None or found == _CONTEXT:
        return None
    element = _element(target, type_name, schema)
    if element is None:
        return found
    matches = type_test(wanted, schema)
    return found & _members(name for name, kind in element.json_names if matches(kind))


def _element(node: Node, type_name: str, schema: Schema) -> ElementLike | None:
    """What a node names, if that is an element of the type itself: `value` or `Observation.value`."""
    if isinstance(node, Member) and _of(node.target, type_name, schema) == _CONTEXT:
        node = node.step
    return schema.type_definition(type_name).elements.get(node.name) if isinstance(node, Name) else None


def _named(name: str, type_name: str, schema: Schema) -> frozenset[str] | None:
    if name[0].isupper():
        # A branch for another type gives nothing at all.
        return _CONTEXT if schema.is_a(type_name, name) else frozenset()
    element = schema.type_definition(type_name).elements.get(name)
    return None if element is None else _members(json_name for json_name, _ in element.json_names)


def _members(names: Iterable[str]) -> frozenset[str]:
    # A primitive's extensions stand beside it.
    return frozenset(prefix + name for name in names for prefix in ("", "_"))
