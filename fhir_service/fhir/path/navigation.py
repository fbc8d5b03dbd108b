"""Steps from items to their elements, looked up in the definitions ahead where the types are known.

https://hl7.org/fhir/R4/fhirpath.html#polymorphism and https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from .errors import UnsupportedExpression
from .runtime import Environment, Item, Items, Run
from .schema import Schema

# The types an expression can give, or None when only the data can tell.
Types = frozenset[str] | None

# Types whose instances say themselves what they are.
ABSTRACT_RESOURCES = frozenset(("Resource", "DomainResource", "CanonicalResource", "MetadataResource"))

# What System types are called in FHIR; some of HL7's expressions use them (`value.as(DateTime)`).
SYSTEM_TYPES = {
    "Boolean": ("boolean",),
    "String": ("string", "uri"),
    "Integer": ("integer",),
    "Decimal": ("decimal",),
    "Date": ("date",),
    "DateTime": ("dateTime", "instant"),
    "Time": ("time",),
    "Quantity": ("Quantity",),
}

Reader = Callable[[Any, Any, Items], None]
"""(value, sibling, found): appends an element of one item to what is found."""


def element_step(name: str, types: Types, schema: Schema) -> tuple[Run, Types]:
    """Return the step to an element and the types it gives.

    :raises UnsupportedExpression: none of the known types has such an element
    """
    if types is None:
        return _dynamic(name, schema), None
    readers: dict[str, Reader] = {}
    found: set[str] = set()
    for type_name in types:
        reader, element_types = reader_of(schema, type_name, name)
        if reader is not None:
            readers[type_name] = reader
            found |= element_types
    if not readers:
        raise UnsupportedExpression(f"{' and '.join(sorted(types))} has no element `{name}`")
    run = _single(next(iter(readers.values()))) if len(types) == 1 else _switch(readers)
    return run, None if found & ABSTRACT_RESOURCES else frozenset(found)


def children(item: Item, schema: Schema) -> Iterator[Item]:
    """Yield every child of an item, in the order of the definitions."""
    try:
        definition = schema.type_definition(item[0])
    except KeyError:
        return
    found: Items = []
    for name in definition.elements:
        reader = reader_of(schema, item[0], name)[0]
        if reader is not None:
            reader(item[1], item[2], found)
    yield from found


def _single(reader: Reader) -> Run:
    def step(environment: Environment, items: Items) -> Items:
        found: Items = []
        for _, value, sibling in items:
            reader(value, sibling, found)
        return found

    return step


def _switch(readers: dict[str, Reader]) -> Run:
    def step(environment: Environment, items: Items) -> Items:
        found: Items = []
        for type_name, value, sibling in items:
            reader = readers.get(type_name)
            if reader is not None:
                reader(value, sibling, found)
        return found

    return step


def _dynamic(name: str, schema: Schema) -> Run:
    def step(environment: Environment, items: Items) -> Items:
        found: Items = []
        for type_name, value, sibling in items:
            reader = reader_of(schema, type_name, name)[0]
            if reader is not None:
                reader(value, sibling, found)
        return found

    return step


@cache
def reader_of(schema: Schema, type_name: str, name: str) -> tuple[Reader | None, frozenset[str]]:
    """Return what reads an element of a type, and its types; nothing when there is no such element."""
    try:
        definition = schema.type_definition(type_name)
    except KeyError:
        return None, frozenset()
    if definition.kind == "primitive-type" and name == "value":
        return _own_value(type_name), frozenset((type_name,))
    element = definition.elements.get(name)
    if element is None:
        return None, frozenset()
    names = element.json_names
    types = frozenset(kind for _, kind in names)
    if definition.kind == "primitive-type":
        return _of_sibling(name, names[0][1]), types
    json_name, kind = names[0]
    if kind in ABSTRACT_RESOURCES:
        return _resource(json_name), types
    return (_choice(names, schema) if len(names) > 1 else _of_one_type(json_name, kind, schema)), types


def narrowed_step(
    name: str, types: Types, matches: Callable[[str], bool], schema: Schema
) -> tuple[Run, Types] | None:
    """The step to an element of several types that takes only some of them; None for any other element."""
    if types is None or len(types) != 1:
        return None
    (type_name,) = types
    element = schema.type_definition(type_name).elements.get(name)
    names = element.json_names if element is not None else ()
    wanted = [(json_name, kind) for json_name, kind in names if matches(kind)]
    if len(names) < 2 or not wanted:
        return None
    reader = _choice(wanted, schema) if len(wanted) > 1 else _of_one_type(*wanted[0], schema)
    return _single(reader), frozenset(kind for _, kind in wanted)


@cache
def is_primitive(type_name: str, schema: Schema) -> bool:
    return kind_of_type(type_name, schema) == "primitive-type"


def kind_of_type(name: str, schema: Schema) -> str | None:
    try:
        return schema.type_definition(name).kind
    except KeyError:
        return None


def type_test(name: str, schema: Schema) -> Callable[[str], bool]:
    """Whether a type is the one that `is`, `as` and `ofType` name."""
    plain = name.removeprefix("System.")
    if name == plain and kind_of_type(name, schema):
        wanted: tuple[str, ...] = (name,)
    elif plain in SYSTEM_TYPES:
        wanted = SYSTEM_TYPES[plain]
    else:
        raise UnsupportedExpression(f"there is no type `{name}`")
    return cache(lambda type_name: any(schema.is_a(type_name, one) for one in wanted))


def _complex(name: str, kind: str) -> Reader:
    def read(value: Any, sibling: Any, found: Items) -> None:
        child = value.get(name) if type(value) is dict else None
        if child is None:
            return
        if type(child) is list:
            found.extend([(kind, one, None) for one in child])
        else:
            found.append((kind, child, None))

    return read


def _primitive(name: str, kind: str) -> Reader:
    sibling_name = "_" + name

    def read(value: Any, sibling: Any, found: Items) -> None:
        if type(value) is not dict:
            return
        child = value.get(name)
        beside = value.get(sibling_name)
        if beside is not None:
            found.extend(_with_siblings(kind, child, beside))
        elif child is None:
            return
        elif type(child) is list:
            found.extend([(kind, one, None) for one in child if one is not None])
        else:
            found.append((kind, child, None))

    return read


def _with_siblings(kind: str, child: Any, beside: Any) -> Items:
    if type(child) is not list and type(beside) is not list:
        return [(kind, child, beside)]
    values = child if type(child) is list else []
    siblings = beside if type(beside) is list else []
    length = max(len(values), len(siblings))
    values = values + [None] * (length - len(values))
    siblings = siblings + [None] * (length - len(siblings))
    pairs = zip(values, siblings, strict=True)
    return [(kind, one, other) for one, other in pairs if one is not None or other is not None]


def _resource(name: str) -> Reader:
    def read(value: Any, sibling: Any, found: Items) -> None:
        child = value.get(name) if type(value) is dict else None
        for one in child if type(child) is list else [child]:
            if type(one) is dict:
                found.append((one.get("resourceType", "Resource"), one, None))

    return read


def _own_value(kind: str) -> Reader:
    def read(value: Any, sibling: Any, found: Items) -> None:
        if value is not None:
            found.append((kind, value, None))

    return read


def _of_sibling(name: str, kind: str) -> Reader:
    """The id and extensions of a primitive stand in the object beside its value."""

    def read(value: Any, sibling: Any, found: Items) -> None:
        child = sibling.get(name) if type(sibling) is dict else None
        if child is None:
            return
        if type(child) is list:
            found.extend([(kind, one, None) for one in child])
        else:
            found.append((kind, child, None))

    return read


def _choice(names: Iterable[tuple[str, str]], schema: Schema) -> Reader:
    readers: dict[str, Reader] = {}
    for json_name, kind in names:
        readers[json_name] = _of_one_type(json_name, kind, schema)
        if is_primitive(kind, schema):
            readers["_" + json_name] = readers[json_name]
    possible = frozenset(readers)

    def read(value: Any, sibling: Any, found: Items) -> None:
        if type(value) is not dict:
            return
        present = possible.intersection(value)
        if len(present) == 1:
            (name,) = present
            readers[name](value, sibling, found)
            return
        # A primitive's value and its sibling have one reader; run it once.
        for reader in {readers[name] for name in present}:
            reader(value, sibling, found)

    return read


def _of_one_type(name: str, kind: str, schema: Schema) -> Reader:
    return (_primitive if is_primitive(kind, schema) else _complex)(name, kind)
