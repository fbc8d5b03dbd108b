"""What one validation collects: problems with the object they stand in, and the rules still to be evaluated.

https://hl7.org/fhir/R4/operationoutcome.html

Nothing here knows its path while the walk goes well: paths are looked up afterwards, for what is wrong only
(location.py). That is what makes a valid resource cheap.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .invariants import Rules

STRUCTURE = "structure"
REQUIRED = "required"
VALUE = "value"
CODE_INVALID = "code-invalid"
INVARIANT = "invariant"
TOO_LONG = "too-long"
NOT_SUPPORTED = "not-supported"

MAX_DEPTH = 100
"""Objects within objects; HL7's deepest example has 21."""


class Problem(NamedTuple):
    """One thing that is wrong; without a name it is the object itself, the position is that in an array."""

    holder: dict[str, Any]
    name: str | None
    position: int | None
    code: str
    message: str


class Pending(NamedTuple):
    """A node whose invariants are evaluated once the structure is known to be good."""

    rules: Rules
    type_name: str
    node: Any
    sibling: Any
    resource: dict[str, Any]
    root: dict[str, Any]
    holder: dict[str, Any]
    name: str | None
    position: int | None


class LocalReference(NamedTuple):
    """A `#id`, and where it stands; without a name it is in a uri or url, which need not resolve."""

    value: str
    holder: dict[str, Any]
    name: str | None
    position: int | None


class Targeted(NamedTuple):
    """A `#id` where only some types may be pointed to."""

    id: str
    allowed: frozenset[str]
    holder: dict[str, Any]
    name: str
    position: int | None


class Contained(NamedTuple):
    """A contained resource and whether something in it refers to its container."""

    resource: dict[str, Any]
    refers_to_container: bool


class Scope:
    """A resource and what is contained in it: the reach of `#id`."""

    __slots__ = ("contained", "local", "resource", "root", "targeted")

    def __init__(self, resource: dict[str, Any], container: Scope | None = None) -> None:
        self.resource: dict[str, Any] = resource
        self.root: dict[str, Any] = resource if container is None else container.root
        self.local: list[LocalReference] = [] if container is None else container.local
        self.targeted: list[Targeted] = [] if container is None else container.targeted
        self.contained: list[Contained] = []


class Findings:
    """The state of one walk over a resource."""

    __slots__ = ("depth", "pending", "problems", "scope")

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.pending: list[Pending] = []
        self.scope = Scope({})
        self.depth = 0

    def add(
        self,
        code: str,
        message: str,
        holder: dict[str, Any],
        name: str | None = None,
        index: int | None = None,
    ) -> None:
        self.problems.append(Problem(holder, name, index, code, message))


def json_kind(value: Any) -> str:
    """Name a JSON value's kind for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object" if isinstance(value, dict) else "a number"
