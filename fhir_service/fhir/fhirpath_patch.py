"""FHIRPath Patch: a Parameters resource whose operations name their places by FHIRPath.

https://hl7.org/fhir/R4/fhirpatch.html

    add      path: one element        name, value      a new child; of a list, its last item
    insert   path: a list             index, value
    delete   path: one item or none
    replace  path: one item           value
    move     path: a list             source, destination

A path is a chain of steps (`Patient.name.where(use = 'official').given[0]`). The engine evaluates it; which
place in the JSON an item has is found by evaluating the chain without its last step: that gives the objects
in which the item can stand.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_service.errors import Invalid, TooLarge, Unprocessable
from fhir_service.fhir.definitions import Definitions, ElementDefinition
from fhir_service.fhir.path import PathError, compile_path

MOST_OPERATIONS = 1_000

Json = dict[str, Any]

# Primitives and what stands beside them (`_given`) are lists of the same length.
_FILLER = None


class _Failed(Exception):
    """An operation that does not fit this resource."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A new value: its FHIR type (None for the parts of a backbone element), JSON, and what stands beside."""

    type_name: str | None
    json: Any
    sibling: Any = None


@dataclass(frozen=True, slots=True)
class _Place:
    """An element of an object under its JSON name; with `index`, one item of its list."""

    holder: Json
    name: str
    index: int | None

    @property
    def value(self) -> Any:
        found = self.holder.get(self.name)
        return found[self.index] if self.index is not None and isinstance(found, list) else found


def apply(resource: Json, parameters: Json, schema: Definitions) -> Json:
    """The resource after all operations, which are done one after the other; the input is not changed.

    :raises Invalid: the patch is malformed
    :raises Unprocessable: an operation does not fit the resource
    """
    if parameters.get("resourceType") != "Parameters":
        raise Invalid("A FHIRPath Patch is a Parameters resource.", expression=("Parameters",))
    operations = parameters.get("parameter", [])
    if not isinstance(operations, list):
        raise Invalid("`parameter` is a list.", expression=("Parameters.parameter",))
    if len(operations) > MOST_OPERATIONS:
        raise TooLarge(f"A patch has at most {MOST_OPERATIONS} operations.")
    patched = copy.deepcopy(resource)
    for position, operation in enumerate(operations):
        where = (f"Parameters.parameter[{position}]",)
        try:
            parts = _parts(operation)
            kind = _text(parts, "type")
            run = _OPERATIONS.get(kind)
            if run is None:
                raise Invalid(f"The type `{kind}` is none of {', '.join(_OPERATIONS)}.", expression=where)
            run(_Patch(patched, schema), parts)
        except (_Failed, PathError) as failure:
            raise Unprocessable(f"Operation {position}: {failure}.", expression=where) from None
        except _Malformed as failure:
            raise Invalid(f"Operation {position}: {failure}.", expression=where) from None
    return patched


# Reading an operation


class _Malformed(Exception):
    """An operation that no resource could fit."""


def _parts(operation: Any) -> Mapping[str, Json]:
    parts = operation.get("part") if isinstance(operation, dict) else None
    if not isinstance(parts, list) or operation.get("name") != "operation":
        raise _Malformed("each parameter is an `operation` with parts")
    named = {str(part.get("name")): part for part in parts if isinstance(part, dict)}
    if len(named) != len(parts):
        raise _Malformed("each part has a name of its own")
    return named


def _text(parts: Mapping[str, Json], name: str) -> str:
    values = [value for key, value in parts.get(name, {}).items() if key.startswith("value")]
    if len(values) != 1 or not isinstance(values[0], str):
        raise _Malformed(f"`{name}` is missing or no text")
    return values[0]


def _number(parts: Mapping[str, Json], name: str) -> int:
    value = parts.get(name, {}).get("valueInteger")
    if type(value) is not int or value < 0:
        raise _Malformed(f"`{name}` is missing or no index")
    return value


# Doing it


@dataclass(frozen=True, slots=True)
class _Patch:
    """One operation on the resource as the earlier ones left it."""

    resource: Json
    schema: Definitions

    def add(self, parts: Mapping[str, Json]) -> None:
        path, name = _text(parts, "path"), _text(parts, "name")
        found = [item for item in self._items(path) if isinstance(item[1], dict)]
        if len(found) != 1:
            raise _Failed(f"`{path}` is {_count(len(found))}, where one is needed to add to")
        type_name, holder = found[0]
        value = self._value(parts, type_name, name)
        json_name, repeats = self._json_name(type_name, name, value)
        if repeats:
            length = len(holder.get(json_name, ()) or holder.get(f"_{json_name}", ()))
            _insert(holder, json_name, length, value)
        elif any(key.lstrip("_") in self._json_names(type_name, name) for key in holder):
            raise _Failed(f"`{path}` has `{name}` already, which does not repeat: replace it")
        else:
            _set(holder, json_name, value)

    def insert(self, parts: Mapping[str, Json]) -> None:
        path, index = _text(parts, "path"), _number(parts, "index")
        type_name, holder, name = self._list(path)
        value = self._value(parts, type_name, name)
        length = len(holder.get(name, ()) or holder.get(f"_{name}", ()))
        if index > length:
            raise _Failed(f"`{path}` has {length} items, so nothing can be inserted at {index}")
        _insert(holder, name, index, value)

    def delete(self, parts: Mapping[str, Json]) -> None:
        path = _text(parts, "path")
        if not self._items(path):
            return
        self._remove(self._place(path)[1])

    def replace(self, parts: Mapping[str, Json]) -> None:
        path = _text(parts, "path")
        type_name, place = self._place(path)
        name = self._element_name(type_name, place.name)
        value = self._value(parts, type_name, name)
        json_name, _ = self._json_name(type_name, name, value)
        if place.index is not None:
            place.holder[place.name][place.index] = value.json
            if isinstance(place.holder.get(f"_{place.name}"), list):
                place.holder[f"_{place.name}"][place.index] = value.sibling
            return
        members = list(place.holder.items())
        place.holder.clear()
        for key, old in members:  # where the old one stood
            if key == place.name:
                _set(place.holder, json_name, value)
            elif key != f"_{place.name}":
                place.holder[key] = old

    def move(self, parts: Mapping[str, Json]) -> None:
        path = _text(parts, "path")
        source, destination = _number(parts, "source"), _number(parts, "destination")
        _, holder, name = self._list(path)
        moved = False
        for key in (name, f"_{name}"):
            items = holder.get(key)
            if isinstance(items, list):
                if max(source, destination) >= len(items):
                    raise _Failed(f"`{path}` has {len(items)} items: {source} cannot move to {destination}")
                items.insert(destination, items.pop(source))
                moved = True
        if not moved:
            raise _Failed(f"`{path}` is no list with items")

    # Places

    def _items(self, path: str) -> list[tuple[str, Any]]:
        return compile_path(path, self.resource["resourceType"], self.schema)(self.resource)

    def _place(self, path: str) -> tuple[str, _Place]:
        """(type of the holder, place) of the one item that a path gives."""
        items = self._items(path)
        if len(items) != 1:
            raise _Failed(f"`{path}` is {_count(len(items))}, where one is needed")
        value = items[0][1]
        steps = split_steps(path)
        for end in range(len(steps) - 1, 0, -1):
            name, index = _name_and_index(steps[end])
            if "(" in name:
                continue  # a filter: the item stands where the step before leads
            only = index if end == len(steps) - 1 else None
            for type_name, holder in self._items(".".join(steps[:end])):
                for place in self._children(type_name, holder, name):
                    if only is not None and place.index not in (only, None):
                        continue
                    if place.value is value or (
                        not isinstance(value, dict)
                        and type(place.value) is type(value)
                        and place.value == value
                    ):
                        return type_name, place
        raise _Failed(f"`{path}` names no element of the resource by a chain of steps")

    def _children(self, type_name: str, holder: Any, name: str) -> list[_Place]:
        places = []
        for json_name in self._json_names(type_name, name):
            found = holder.get(json_name) if isinstance(holder, dict) else None
            if isinstance(found, list):
                places += [_Place(holder, json_name, index) for index in range(len(found))]
            elif found is not None:
                places.append(_Place(holder, json_name, None))
        return places

    def _list(self, path: str) -> tuple[str, Json, str]:
        """(type of the holder, holder, JSON name) of a path that names a whole list."""
        steps = split_steps(path)
        name, index = _name_and_index(steps[-1])
        holders = self._items(".".join(steps[:-1])) if len(steps) > 1 else []
        if index is not None or "(" in name or len(holders) != 1:
            raise _Failed(f"`{path}` names no list of one element")
        type_name, holder = holders[0]
        element = self._elements(type_name).get(name)
        if element is None or not element.repeats:
            raise _Failed(f"`{path}` is no list")
        return type_name, holder, name

    # What the definitions say

    def _elements(self, type_name: str) -> Mapping[str, ElementDefinition]:
        return self.schema.type_definition(type_name).elements

    def _json_names(self, type_name: str, name: str) -> list[str]:
        element = self._elements(type_name).get(name)
        return [] if element is None else [json_name for json_name, _ in element.json_names]

    def _element_name(self, type_name: str, json_name: str) -> str:
        for name in self._elements(type_name):
            if json_name in self._json_names(type_name, name):
                return name
        raise _Failed(f"{type_name} has no element `{json_name}`")

    def _json_name(self, type_name: str, name: str, value: _Value) -> tuple[str, bool]:
        """The property that holds a value of this type, and whether it is a list."""
        element = self._elements(type_name).get(name)
        if element is None:
            raise _Failed(f"{type_name} has no element `{name}`")
        if not element.is_choice:
            return name, element.repeats
        for json_name, kind in element.json_names:
            if kind == value.type_name:
                return json_name, element.repeats
        raise _Failed(f"`{name}` of {type_name} cannot be of type {value.type_name}")

    # Values

    def _value(self, parts: Mapping[str, Json], type_name: str, name: str) -> _Value:
        if "value" not in parts:
            raise _Malformed("`value` is missing")
        return self._read(parts["value"], type_name, name)

    def _read(self, part: Json, type_name: str, name: str) -> _Value:
        """`value[x]` of a part, or for what has no datatype its parts, one for each element."""
        found = [key for key in part if key.lstrip("_").startswith("value")]
        names = {key.lstrip("_") for key in found}
        if len(names) == 1:
            json_name = names.pop()
            kind = json_name.removeprefix("value")
            return _Value(self._type(kind), part.get(json_name), part.get(f"_{json_name}"))
        if names or not isinstance(part.get("part"), list):
            raise _Malformed("a value is one `value[x]`, or parts")
        element = self._elements(type_name).get(name)
        if element is None:
            raise _Failed(f"{type_name} has no element `{name}`")
        built: Json = {}
        for inner in part["part"]:
            inner_name = str(inner.get("name")) if isinstance(inner, dict) else ""
            value = self._read(inner, element.types[0], inner_name)
            json_name, repeats = self._json_name(element.types[0], inner_name, value)
            if repeats:
                _insert(built, json_name, len(built.get(json_name, ())), value)
            else:
                _set(built, json_name, value)
        return _Value(None, built)

    def _type(self, kind: str) -> str:
        """`valueString` is a string, `valueHumanName` a HumanName."""
        for name in (kind[:1].lower() + kind[1:], kind):
            try:
                self.schema.type_definition(name)
            except KeyError:
                continue
            return name
        raise _Malformed(f"there is no type `{kind}`")

    def _remove(self, place: _Place) -> None:
        """Take the item out, and with it whatever is left empty: JSON has no empty element."""
        holder, name, index = place.holder, place.name, place.index
        for key in (name, f"_{name}"):
            items = holder.get(key)
            if index is None or not isinstance(items, list):
                holder.pop(key, None)
                continue
            del items[index]
            if all(item is None for item in items):
                del holder[key]
        if not holder:
            _prune(self.resource)


_OPERATIONS: Mapping[str, Callable[[_Patch, Mapping[str, Json]], None]] = {
    "add": _Patch.add,
    "insert": _Patch.insert,
    "delete": _Patch.delete,
    "replace": _Patch.replace,
    "move": _Patch.move,
}


def _set(holder: Json, name: str, value: _Value) -> None:
    if value.json is not None:
        holder[name] = value.json
    if value.sibling is not None:
        holder[f"_{name}"] = value.sibling


def _insert(holder: Json, name: str, index: int, value: _Value) -> None:
    sibling = f"_{name}"
    beside = holder.get(sibling)
    if beside is None and value.sibling is not None:
        beside = holder[sibling] = [_FILLER] * len(holder.get(name, ()))
    if beside is not None:
        beside.insert(index, value.sibling)
        holder.setdefault(name, [_FILLER] * (len(beside) - 1))
    holder.setdefault(name, []).insert(index, value.json)


def _prune(value: Any) -> None:
    """Take out objects and lists that hold nothing, from the inside out."""
    if isinstance(value, dict):
        for name in list(value):
            _prune(value[name])
            if value[name] in ({}, []):
                del value[name]
    elif isinstance(value, list):
        for item in value:
            _prune(item)
        value[:] = [item for item in value if item not in ({}, [])]


def split_steps(path: str) -> list[str]:
    """The steps of a chain: `a.where(b.c = 'd.e')[0].f` has three."""
    steps, depth, quote, start = [], 0, "", 0
    position = 0
    while position < len(path):
        character = path[position]
        if quote:
            position += character == "\\"
            quote = "" if character == quote else quote
        elif character in "'`\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "." and not depth:
            steps.append(path[start:position].strip())
            start = position + 1
        position += 1
    return [*steps, path[start:].strip()]


def _name_and_index(step: str) -> tuple[str, int | None]:
    name, bracket, rest = step.partition("[")
    index = rest.removesuffix("]").strip()
    if bracket and not name.endswith(")") and index.isascii() and index.isdigit():
        return name.strip("`"), int(index)
    return (step if bracket else name).strip("`"), None


def _count(number: int) -> str:
    return "not there" if number == 0 else f"{number} elements"
