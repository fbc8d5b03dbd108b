"""Which members of a node an expression begins with: a node that has none of them gives nothing.

Most search parameters look at elements that most resources do not have; so those cost a look, not a run.
"""

from __future__ import annotations

from .grammar import Binary, Call, Index, Member, Name, Node
from .schema import Schema

# Of nothing they make nothing, whatever their arguments are.
_KEEP_EMPTY = frozenset(("as", "extension", "first", "last", "ofType", "resolve", "select", "tail", "where"))

_CONTEXT = frozenset(("$this",))
"""The node itself: no member was named yet."""


def beginnings(node: Node, type_name: str, schema: Schema) -> frozenset[str] | None:
    """The JSON names of these members; None when an expression may give something without any."""
    found = _of(node, type_name, schema)
    return None if found is None or "$this" in found else found


def _of(node: Node, type_name: str, schema: Schema) -> frozenset[str] | None:
    match node:
        case Name():
            return _named(node.name, type_name, schema)
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
        case Binary(operator="as"):
            return _of(node.left, type_name, schema)
        case Binary(operator="|"):
            sides = _of(node.left, type_name, schema), _of(node.right, type_name, schema)
            return None if sides[0] is None or sides[1] is None else sides[0] | sides[1]
    return None


def _named(name: str, type_name: str, schema: Schema) -> frozenset[str] | None:
    if name[0].isupper():
        # A branch for another type gives nothing at all.
        return _CONTEXT if schema.is_a(type_name, name) else frozenset()
    element = schema.type_definition(type_name).elements.get(name)
    if element is None:
        return None
    # A primitive's extensions stand beside it.
    return frozenset(prefix + json_name for json_name, _ in element.json_names for prefix in ("", "_"))
