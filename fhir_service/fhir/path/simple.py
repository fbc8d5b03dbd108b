"""Simple paths, which name a place to write to: elements and constant indexes, no functions.

https://hl7.org/fhir/R4/fhirpath.html#simple
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import UnsupportedExpression
from .grammar import Call, Index, Literal, Member, Name, Node, Variable, parse


@dataclass(frozen=True, slots=True)
class Step:
    """One element, or with `index` one item of a list."""

    name: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class SimplePath:
    """The steps from a variable (`%action`), or with an empty root from the resource itself."""

    root: str
    steps: tuple[Step, ...]


def simple_path(expression: str) -> SimplePath:
    """Return the path that an expression is.

    :raises UnsupportedExpression: it is something else; the message names the part
    """
    root, steps = _walk(parse(expression), expression)
    return SimplePath(root, tuple(steps))


def _walk(node: Node, expression: str) -> tuple[str, list[Step]]:
    if isinstance(node, Variable):
        return node.name, []
    if isinstance(node, Name):
        return "", [Step(node.name)]
    if isinstance(node, Index):
        root, steps = _walk(node.target, expression)
        if not steps or steps[-1].index is not None:
            raise UnsupportedExpression(f"an index is not expected there, in `{expression}`")
        if not isinstance(node.index, Literal) or type(node.index.value) is not int:
            raise UnsupportedExpression(f"only a number can be an index, in `{expression}`")
        return root, [*steps[:-1], Step(steps[-1].name, node.index.value)]
    if isinstance(node, Member) and isinstance(node.step, Name):
        root, steps = _walk(node.target, expression)
        return root, [*steps, Step(node.step.name)]
    if isinstance(node, Call) or (isinstance(node, Member) and isinstance(node.step, Call)):
        call = node if isinstance(node, Call) else node.step
        raise UnsupportedExpression(f"`{call.name}()` names no place, in `{expression}`")  # type: ignore[union-attr]
    raise UnsupportedExpression(f"`{expression}` names no place: elements and indexes only")
