"""Discriminators: how a value shows which slice it belongs to.

https://hl7.org/fhir/R4/profiling.html#discriminator and https://hl7.org/fhir/R5/profiling.html#discriminator

    value, pattern   what stands at the path is what the slice fixes there, fits its pattern or its value set
    exists           something stands at the path, or nothing, as the slice's cardinality there says
    type             what stands at the path is of the type that the slice has there
    profile          what stands at the path conforms to the profile that the slice has there
    position         the place among the values is that of the slice (slicing.py)

The path is followed twice: in the slice's definition when the profile is compiled, through the profiles of
its types; and in the value, as FHIRPath.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fhir_service.fhir.path import EvaluationError, UnsupportedExpression, compile_path, grammar
from fhir_service.fhir.path.runtime import Item

from .bindings import bindings_of, codings_of, membership
from .instance import Node
from .tree import ElementNode, Unusable, core_type, profiles_of
from .values import fits, is_fixed

if TYPE_CHECKING:
    from . import Profiles

Matches = Callable[[Node], bool | None]
"""Whether a value is one of the slice; None: cannot tell."""
Criterion = Callable[[Node], bool | None]
Step = tuple[str, str]


class Undiscriminated(Exception):
    """The slice cannot be told from others by this discriminator; the text says why."""


def matcher(kind: str, path: str, piece: ElementNode, profiles: Profiles) -> Matches:
    """Return what tells by one discriminator whether a value belongs to a slice.

    :raises Undiscriminated:
    """
    make = _KINDS.get(kind)
    if make is None:
        raise Undiscriminated(f"there is no support for the discriminator {kind}:{path}")
    steps = _steps(path)
    try:
        found = [piece]
        for step in steps:
            found = [one for node in found for one in _below(node, step, profiles)]
    except Unusable as error:
        raise Undiscriminated(str(error)) from None
    if not found:
        raise Undiscriminated(f"{piece.id} says nothing about `{path}`, its discriminator")
    return make(path, found, profiles)


def all_of(matchers: list[Matches]) -> Matches:
    def matches(node: Node) -> bool | None:
        answers = [one(node) for one in matchers]
        return False if False in answers else None if None in answers else True

    return matches


def _by_value(path: str, found: list[ElementNode], profiles: Profiles) -> Matches:
    criteria = [one for one in (_criterion(node, profiles) for node in found) if one is not None]
    if not criteria:
        return _by_existence(path, found, profiles)

    def matches(node: Node) -> bool | None:
        at_path = _values_at(path, node, profiles)
        if at_path is None:
            return None
        answers = [meets(value) for value in at_path for meets in criteria]
        return True if True in answers else None if None in answers else False

    return matches


def _by_existence(path: str, found: list[ElementNode], profiles: Profiles) -> Matches:
    least = any(node.definition.get("min", 0) > 0 for node in found)
    none = any(node.definition.get("max") == "0" for node in found)
    if not (least or none):
        raise Undiscriminated(
            f"{found[0].id} has no fixed value, pattern, required binding or existence that tells it"
        )

    def matches(node: Node) -> bool | None:
        at_path = _values_at(path, node, profiles)
        return None if at_path is None else bool(at_path) is least

    return matches


def _by_type(path: str, found: list[ElementNode], profiles: Profiles) -> Matches:
    wanted = {name for node in found for name in _types_of(node, profiles)}
    if not wanted:
        raise Undiscriminated(f"{found[0].id} has no type that tells it")
    release = profiles.release

    def matches(node: Node) -> bool | None:
        at_path = _values_at(path, node, profiles)
        if at_path is None:
            return None
        return any(release.is_a(value.type, name) for value in at_path for name in wanted)

    return matches


def _by_profile(path: str, found: list[ElementNode], profiles: Profiles) -> Matches:
    canonicals = [url for node in found for one in node.types for url in profiles_of(one)]
    conforming = [profiles.profile(url) for url in canonicals]
    if not conforming or None in conforming:
        raise Undiscriminated(f"the profile of {found[0].id} is not known: {', '.join(canonicals) or 'none'}")

    def matches(node: Node) -> bool | None:
        at_path = _values_at(path, node, profiles)
        if at_path is None:
            return None
        return any(one is not None and one.accepts(value) for value in at_path for one in conforming)

    return matches


_KINDS: dict[str, Callable[[str, list[ElementNode], Profiles], Matches]] = {
    "value": _by_value,
    "pattern": _by_value,
    "exists": _by_existence,
    "type": _by_type,
    "profile": _by_profile,
}


def _criterion(node: ElementNode, profiles: Profiles) -> Criterion | None:
    """What a slice demands of the values at its discriminator's path."""
    fixed = node.value_of("fixed")
    if fixed is not None:
        return lambda value: is_fixed(value.value, fixed)
    pattern = node.value_of("pattern")
    if pattern is not None:
        return lambda value: fits(value.value, pattern)
    required = [value_set for strength, value_set in bindings_of(node.definition) if strength == "required"]
    inner = _inner(node, profiles)
    if inner is not None:
        return inner
    return _in_value_set(required[0], profiles) if required else None


def _in_value_set(value_set: str, profiles: Profiles) -> Criterion:
    def meets(value: Node) -> bool | None:
        answers = [
            membership(value_set, coding, profiles.is_member, profiles.release)
            for coding in codings_of(value) or ()
        ]
        return True if True in answers else None if None in answers else False

    return meets


def _inner(node: ElementNode, profiles: Profiles) -> Criterion | None:
    """The criteria of an element that itself fixes nothing, but whose children do."""
    inner = {}
    for name, child in node.children.items():
        found = [one for one in (_criterion(each, profiles) for each in _with_slices(child)) if one]
        if found:
            inner[name.removesuffix("[x]")] = found
    if not inner:
        return None

    def meets(value: Node) -> bool | None:
        for name, criteria in inner.items():
            answers = [one(below) for below in profiles.values(value, name) for one in criteria]
            if True not in answers:
                return None if None in answers else False
        return True

    return meets


def _values_at(path: str, node: Node, profiles: Profiles) -> list[Node] | None:
    """The values at a discriminator's path; None when a reference on the way leads out of what is known."""
    try:
        items = compile_path(path, node.type, profiles.release).evaluate(
            node.item, node.resource, node.root, node.resolve
        )
    except (UnsupportedExpression, EvaluationError):
        return []  # a type without such an element has nothing there
    if "resolve()" in path and any(_is_stub(item) for item in items) and not path.endswith("resolve()"):
        return None
    if "resolve()" in path and not items:
        return None
    return [_at(item, node, path) for item in items]


def _is_stub(item: Item) -> bool:
    return type(item[1]) is dict and item[1].keys() == {"resourceType"}


def _at(item: Item, node: Node, path: str) -> Node:
    if item[1] is node.value and item[0] == node.type:
        return node
    return Node(item[0], item[1], item[2], node, path)


def _steps(path: str) -> list[Step]:
    try:
        return _flattened(grammar.parse(path))
    except UnsupportedExpression as error:
        raise Undiscriminated(f"`{path}` is not a discriminator's path: {error}") from None


def _flattened(node: grammar.Node) -> list[Step]:
    if isinstance(node, grammar.Variable) and node.name == "$this":
        return []
    if isinstance(node, grammar.Name):
        return [("element", node.name)]
    if isinstance(node, grammar.Member):
        return [*_flattened(node.target), *_flattened(node.step)]
    if isinstance(node, grammar.Call):
        if node.name == "resolve" and not node.arguments:
            return [("resolve", "")]
        argument = node.arguments[0] if len(node.arguments) == 1 else None
        if node.name == "extension" and isinstance(argument, grammar.Literal):
            return [("extension", str(argument.value))]
        if node.name in ("ofType", "as") and isinstance(argument, grammar.Name):
            return [("ofType", argument.name)]
    raise UnsupportedExpression("allowed are elements, extension(url), ofType(type), resolve() and $this")


def _below(node: ElementNode, step: Step, profiles: Profiles) -> list[ElementNode]:
    """Where one step of a path leads in the definition."""
    kind, name = step
    if kind == "ofType":
        return [one for one in _with_slices(node) if _is_only(one, name, profiles)] or [node]
    if kind == "resolve":
        return [_target(url, profiles) for one in node.types for url in one.get("targetProfile", ())]
    if kind == "extension":
        child = node.children.get("extension")
        slices = [] if child is None else list(child.slices.values())
        return [one for one in slices if extension_url(one) == name]
    if name == "url" and "url" not in node.children and extension_url(node):
        return [_fixed_url(node)]
    for owner in (node, *profiles.trees([url for one in node.types for url in profiles_of(one)])):
        child = owner.children.get(name) or owner.children.get(f"{name}[x]")
        if child is not None:
            return _with_slices(child)
    return []


def _with_slices(node: ElementNode) -> list[ElementNode]:
    return [node, *(one for piece in node.slices.values() for one in _with_slices(piece))]


def _is_only(node: ElementNode, type_name: str, profiles: Profiles) -> bool:
    return {one.get("code") for one in node.types} == {type_name} or type_name in _type_in_name(
        node, profiles
    )


def _types_of(node: ElementNode, profiles: Profiles) -> list[str]:
    return [str(one.get("code")) for one in node.types] or _type_in_name(node, profiles)


def _target(canonical: str, profiles: Profiles) -> ElementNode:
    """What a reference leads to: a type, with the profile that it is to conform to."""
    name = core_type(canonical, profiles.release)
    known = None if name else profiles.profile(canonical)
    target = ElementNode(name or (known.type if known else ""))
    target.definition = {"type": [{"code": target.id} | ({} if name else {"profile": [canonical]})]}
    return target


def _type_in_name(node: ElementNode, profiles: Profiles) -> list[str]:
    """The type of a choice's slice that is named for it: `value[x]:valueQuantity`."""
    element = node.id.rpartition(".")[2].partition(":")[0].removesuffix("[x]")
    rest = node.slice_name.removeprefix(element)
    names = (rest, rest[:1].lower() + rest[1:])
    return [name for name in names if node.slice_name != rest and name in profiles.release.type_names]


def extension_url(node: ElementNode) -> str | None:
    """The url of the extensions that a slice is about: that of its profile, or what it fixes."""
    child = node.children.get("url")
    fixed: Any = None if child is None else child.value_of("fixed")
    canonicals = [url for one in node.types if one.get("code") == "Extension" for url in profiles_of(one)]
    return str(fixed) if fixed else canonicals[0].partition("|")[0] if len(canonicals) == 1 else None


def _fixed_url(node: ElementNode) -> ElementNode:
    url = ElementNode(f"{node.id}.url")
    url.definition = {"fixedUri": extension_url(node)}
    return url
