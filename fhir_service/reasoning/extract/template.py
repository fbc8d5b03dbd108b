"""Fills a template: a resource whose elements say, in extensions, which expression gives their value.

https://build.fhir.org/ig/HL7/sdc/extraction.html#template-based-extraction

    templateExtractContext   what it finds is what the expressions of the element and below start from; the
                             element is there once for each, and not at all for none
    templateExtractValue     what it finds stands in place of the element, once for each
    neither                  the element stays as it is, as far as its children do

The resource itself is an element too: a context that finds nothing makes no resource, and a value such as
`%resource` makes another one of the template. An element that loses all its children is left out.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Item
from fhir_service.reasoning.form import SDC, Json, named, place, value_of
from fhir_service.reasoning.form_expressions import Scope, evaluate
from fhir_service.releases import TypeDefinition

CONTEXT = f"{SDC}templateExtractContext"
VALUE = f"{SDC}templateExtractValue"

MOST_ELEMENTS = 20_000
"""Contexts within contexts can multiply without end."""

Filled = tuple[Any, Any]
"""An element's value and, of a primitive, what stands beside it (`_name`)."""


def fill(template: Json, focus: Item, scope: Scope) -> list[Json]:
    """The resources that come of a template, without its own id.

    :raises Unprocessable: an expression cannot be evaluated, or its value does not fit
    """
    bare = {name: value for name, value in template.items() if name != "id"}
    here = _Place(str(template["resourceType"]), str(template.get("id", "")), str(template["resourceType"]))
    return [value for value, _ in _Filler().element(here, bare, None, focus, scope)]


@dataclass(frozen=True, slots=True)
class _Place:
    """The type of an element of a template, and where it stands there."""

    kind: str
    template: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.path} in template `#{self.template}`"

    def child(self, kind: str, name: str) -> _Place:
        return _Place(kind, self.template, f"{self.path}.{name}")


class _Filler:
    def __init__(self) -> None:
        self._made = 0

    def element(self, here: _Place, value: Any, sibling: Any, focus: Item, scope: Scope) -> Iterator[Filled]:
        """What an element becomes: nothing, itself, or several."""
        holder = value if isinstance(value, dict) else sibling
        context, given, rest = _marks(holder)
        if isinstance(value, dict):
            value = rest
        else:
            sibling = rest or None
        for found, inner in _contexts(context, focus, scope, here):
            self._count(scope)
            if given is not None:
                expression = _expression(given, scope, here)
                for item in evaluate(expression, found, inner, f"templateExtractValue of {here.name}"):
                    new, beside = _written(item, here, scope)
                    yield new, {**(sibling or {}), **(beside or {})} or None
            elif isinstance(value, dict):
                filled = self._children(here, value, found, inner)
                if filled:
                    yield filled, None
            elif value is not None or sibling is not None:
                yield value, sibling

    def _count(self, scope: Scope) -> None:
        self._made += 1
        if self._made > MOST_ELEMENTS:
            raise Unprocessable(
                f"{named(scope.item)}: more than {MOST_ELEMENTS} elements come of its template.",
                issue_code="too-costly",
                expression=(place(scope.item),),
            )

    def _children(self, here: _Place, value: Json, focus: Item, scope: Scope) -> Json:
        definition = _definition(here, value, scope)
        filled: Json = {}
        names = dict.fromkeys(name.removeprefix("_") for name in value)
        for name in names:
            if name not in definition.json_names:
                filled |= {key: value[key] for key in (name, f"_{name}") if key in value}
                continue
            element, kind = definition.json_names[name]
            child = here.child(kind, name)
            if element.repeats:
                self._list(filled, name, child, value, focus, scope)
            else:
                self._single(filled, name, child, value, focus, scope)
        is_hollow = not filled.keys() - {"resourceType"} or (here.kind == "Extension" and len(filled) == 1)
        return {} if is_hollow else filled

    def _single(self, filled: Json, name: str, here: _Place, value: Json, focus: Item, scope: Scope) -> None:
        found = list(self.element(here, value.get(name), value.get(f"_{name}"), focus, scope))
        if len(found) > 1:
            raise _misfit(f"{here.name} takes one value, not {len(found)}", scope)
        for one, sibling in found:
            if one is not None:
                filled[name] = one
            if sibling is not None:
                filled[f"_{name}"] = sibling

    def _list(self, filled: Json, name: str, here: _Place, value: Json, focus: Item, scope: Scope) -> None:
        pairs = zip_longest(value.get(name, []), value.get(f"_{name}", []))
        found = [new for one, sibling in pairs for new in self.element(here, one, sibling, focus, scope)]
        values, siblings = [one for one, _ in found], [sibling for _, sibling in found]
        if any(one is not None for one in values):
            filled[name] = values
        if any(sibling is not None for sibling in siblings):
            filled[f"_{name}"] = siblings


def _marks(holder: Any) -> tuple[Json | None, Json | None, Json]:
    """The context and the value that an element asks for, and what is left of it without them."""
    if not isinstance(holder, dict):
        return None, None, {}
    marks: dict[str, Json] = {}
    others = []
    for extension in holder.get("extension", ()):
        if extension.get("url") in (CONTEXT, VALUE):
            marks[extension["url"]] = extension
        else:
            others.append(extension)
    rest = {name: value for name, value in holder.items() if name != "extension"}
    return marks.get(CONTEXT), marks.get(VALUE), rest | ({"extension": others} if others else {})


def _contexts(mark: Json | None, focus: Item, scope: Scope, here: _Place) -> Iterator[tuple[Item, Scope]]:
    if mark is None:
        yield focus, scope
        return
    expression = _expression(mark, scope, here)
    name = expression.get("name") if isinstance(expression, dict) else None
    for item in evaluate(expression, focus, scope, f"templateExtractContext of {here.name}"):
        yield item, scope.having(name, [item]) if name else scope


def _expression(mark: Json, scope: Scope, here: _Place) -> str | Json:
    written = value_of(mark, scope.release)
    if written is None or written[0] not in ("string", "Expression"):
        raise _misfit(f"the extension {mark['url']} of {here.name} has no string or Expression", scope)
    expression: str | Json = written[1]
    return expression


def _definition(here: _Place, value: Json, scope: Scope) -> TypeDefinition:
    """A resource says itself what it is."""
    return scope.release.type_definition(str(value.get("resourceType", here.kind)))


def _written(item: Item, here: _Place, scope: Scope) -> Filled:
    """The value of an expression as the JSON of the element's type."""
    kind, value, sibling = item
    release = scope.release
    if release.type_definition(here.kind).kind == "primitive-type":
        if isinstance(value, dict):
            raise _misfit(f"{here.name} is a {here.kind}, and its expression gives a {kind}", scope)
        return value, copy.deepcopy(sibling)
    if here.kind == kind or release.is_a(kind, here.kind):
        return copy.deepcopy(value), None
    converted = _converted(kind, value, here.kind, release.resource_types)
    if converted is None:
        raise _misfit(f"{here.name} is a {here.kind}, and its expression gives a {kind}", scope)
    return copy.deepcopy(converted), None


def _converted(kind: str, value: Any, wanted: str, resource_types: frozenset[str]) -> Any:
    """The few conversions that mean the same: a Coding is a concept, a URL a reference."""
    if wanted == "CodeableReference":
        if kind == "Reference":
            return {"reference": value}
        concept = (
            value if kind == "CodeableConcept" else _converted(kind, value, "CodeableConcept", frozenset())
        )
        return None if concept is None else {"concept": concept}
    if wanted == "CodeableConcept":
        return {"coding": [value]} if kind == "Coding" else {"text": value} if kind == "string" else None
    if wanted == "Reference":
        if kind in resource_types and "id" in value:
            return {"reference": f"{kind}/{value['id']}"}
        return {"reference": value} if isinstance(value, str) else None
    if wanted == "Quantity" and kind in ("integer", "decimal"):
        return {"value": value}
    return None


def _misfit(text: str, scope: Scope) -> Unprocessable:
    return Unprocessable(f"{named(scope.item)}: {text}.", expression=(place(scope.item),))
