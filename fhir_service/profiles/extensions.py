"""Extensions against their own definitions: what they hold, and where they may stand.

https://hl7.org/fhir/R4/defining-extensions.html#context

An extension whose definition is not known is no error, since anybody may add one; a modifier extension is:
who does not know what it changes must not go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_service.fhir.path import EvaluationError, PathError, UnsupportedExpression, compile_path
from fhir_service.fhir.path.runtime import boolean

from .findings import ERROR, INFORMATION, WARNING, Findings
from .instance import Node
from .tree import Definition

if TYPE_CHECKING:
    from . import Profile, Profiles


def check_extension(node: Node, profiles: Profiles, findings: Findings) -> None:
    """Check an extension that is not part of another one; its url says what defines it."""
    url = node.value.get("url") if type(node.value) is dict else None
    if type(url) is not str or ":" not in url or node.parent is None:
        return
    profile = profiles.profile(url)
    if profile is None:
        is_modifier = node.name == "modifierExtension"
        message = f"the {'modifier ' if is_modifier else ''}extension {url} is not known here"
        if is_modifier:
            findings.add(ERROR, "extension", message, node, url)
        else:
            findings.add(INFORMATION, "informational", f"{message}: its content is not checked", node, url)
        return
    if profile.type != "Extension":
        findings.add(ERROR, "extension", f"{url} defines no extension but {profile.type}", node, url)
        return
    _check_modifier(node, profile, findings)
    _check_context(node, node.parent, profile, findings)
    profile.check(node, findings)


def _check_modifier(node: Node, profile: Profile, findings: Findings) -> None:
    is_modifier = profile.tree.definition.get("isModifier") is True
    if is_modifier != (node.name == "modifierExtension"):
        where = "modifierExtension" if is_modifier else "extension"
        message = f"the extension {profile.url} may only stand in `{where}`"
        findings.add(ERROR, "extension", message, node, profile.canonical)


def _check_context(node: Node, parent: Node, profile: Profile, findings: Findings) -> None:
    contexts = [one for one in profile.definition.get("context", ()) if type(one) is dict]
    answers = [_is_context(parent, one, profile.profiles) for one in contexts]
    if contexts and True not in answers:
        places = ", ".join(str(one.get("expression")) for one in contexts)
        if None in answers:
            message = f"whether the extension {profile.url} may stand here cannot be told: {places}"
            findings.add(WARNING, "not-supported", message, node, profile.canonical)
        else:
            message = f"the extension {profile.url} may not stand here; allowed: {places}"
            findings.add(ERROR, "extension", message, node, profile.canonical)
    for expression in profile.definition.get("contextInvariant", ()):
        _check_invariant(node, parent, expression, profile, findings)


def _check_invariant(node: Node, parent: Node, expression: str, profile: Profile, findings: Findings) -> None:
    try:
        path = compile_path(expression, parent.type, profile.profiles.release)
        met = boolean(path.evaluate(parent.item, node.resource, node.root)) is not False
    except (UnsupportedExpression, EvaluationError, PathError) as error:
        message = f"the rule for where {profile.url} may stand is not checked: {error}"
        findings.add(WARNING, "not-supported", message, node, profile.canonical)
        return
    if not met:
        message = f"the extension {profile.url} may not stand here: {expression}"
        findings.add(ERROR, "extension", message, node, profile.canonical)


def _is_context(parent: Node, context: Definition, profiles: Profiles) -> bool | None:
    """Whether an extension of this context may stand in an element; None: cannot tell."""
    kind, expression = context.get("type"), str(context.get("expression"))
    if kind == "extension":
        return _is_extension(parent, expression)
    if kind == "element":
        return None if ":" in expression else expression in _names(parent, profiles)
    if kind == "fhirpath":
        return _is_selected(parent, expression, profiles)
    return None


def _is_extension(parent: Node, url: str) -> bool:
    """Whether the element is that extension; `url#part` is a part of it."""
    whole, _, part = url.partition("#")
    if part:
        return parent.parent is not None and (_url(parent), _url(parent.parent)) == (part, whole)
    return bool(_url(parent) == whole)


def _url(node: Node) -> Any:
    return node.value.get("url") if node.type == "Extension" and type(node.value) is dict else None


def _names(node: Node, profiles: Profiles) -> set[str]:
    """All that an `element` context may call an element: its type, and its path from every type above it."""
    release = profiles.release
    found = {"Element"}  # which stands for a resource as well, as HL7 uses it
    steps: list[str] = []
    current: Node | None = node
    while current is not None:
        for type_name in _ancestors(current.type, profiles):
            found.add(".".join((type_name, *steps)))
            element = _element(type_name, steps, profiles)
            if element:
                found.add(element)
        if current.is_resource:
            break
        steps.insert(0, current.name)
        current = current.parent
    if node.is_resource and node.type in release.resource_types:
        found.add("Resource")
    return found


def _element(type_name: str, steps: list[str], profiles: Profiles) -> str | None:
    """`Patient.deceased[x]`, as the definitions write a choice."""
    if len(steps) != 1 or type_name not in profiles.release.type_names:
        return None
    element = profiles.release.type_definition(type_name).elements.get(steps[0])
    return f"{type_name}.{steps[0]}[x]" if element is not None and element.is_choice else None


def _ancestors(type_name: str, profiles: Profiles) -> list[str]:
    found = []
    current: str | None = type_name
    while current is not None and current in profiles.release.type_names:
        found.append(current)
        current = profiles.release.type_definition(current).base
    return found


def _is_selected(parent: Node, expression: str, profiles: Profiles) -> bool | None:
    """Whether the FHIRPath, from the resource, leads to the element."""
    try:
        path = compile_path(expression, str(parent.resource.get("resourceType")), profiles.release)
        item = (str(parent.resource.get("resourceType")), parent.resource, None)
        found = path.evaluate(item, parent.resource, parent.root)
    except (UnsupportedExpression, EvaluationError, PathError):
        return None
    return any(value is parent.value and sibling is parent.beside for _, value, sibling in found)
