"""What compiled expressions pass around while they run: items, the environment, and singletons.

https://hl7.org/fhirpath/N1/#collections and https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, SupportsIndex

from .errors import EvaluationError, UnavailableData
from .schema import Schema

# (FHIR type, JSON value, the `_name` sibling of a primitive). The value is None when a primitive has only
# extensions. System types carry the name of the FHIR primitive that holds the same values.
Item = tuple[str, Any, Any]
Items = list[Item]

Resolve = Callable[[str], dict[str, Any] | None]

TRUE: Items = [("boolean", True, None)]
FALSE: Items = [("boolean", False, None)]
EMPTY: Items = []


class Environment:
    """The state of one evaluation."""

    __slots__ = ("context", "index", "now", "resolve", "resource", "root", "schema", "this", "variables")

    def __init__(
        self,
        schema: Schema,
        context: Items,
        resource: Items,
        root: Items,
        resolve: Resolve | None,
        variables: Mapping[str, Items],
        now: int | None = None,
    ) -> None:
        self.schema = schema
        self.context = context
        """%context: the node that evaluation started from."""
        self.resource = resource
        """%resource: the resource that holds the context."""
        self.root = root
        """%rootResource: the resource that holds %resource, when that is a contained one."""
        self.resolve = resolve
        self.variables = variables
        """What the caller's own names (`%subject`) stand for, by the name without its percent sign."""
        self.now = now
        """The moment of the evaluation, in microseconds since 1970; None where no expression asks for it."""
        self.this = context
        self.index = 0


Run = Callable[[Environment, Items], Items]


class Unavailable(list[Item]):
    """A collection that is known to hold something which is not here: an empty one would be a wrong answer.

    Whoever looks into it fails; `false and %subject.active` never does.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def _fail(self) -> NoReturn:
        raise UnavailableData(f"{self.name} is not available here")

    def __iter__(self) -> Iterator[Item]:
        self._fail()

    def __len__(self) -> int:
        self._fail()

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        self._fail()

    def __add__(self, other: Any) -> Any:
        self._fail()

    def __radd__(self, other: Any) -> Any:
        self._fail()


def boolean(items: Items) -> bool | None:
    """Return the collection as one boolean; None is FHIRPath's empty."""
    if not items:
        return None
    if len(items) > 1:
        raise EvaluationError(f"one boolean is expected there, not {len(items)} items")
    value = items[0][1]
    return value if type(value) is bool else True


def singleton(items: Items) -> Item | None:
    """Return the one item, or None for an empty collection."""
    if not items:
        return None
    if len(items) > 1:
        raise EvaluationError(f"one item is expected there, not {len(items)}")
    return items[0]


def text(items: Items) -> str | None:
    """Return the one string, or None."""
    item = singleton(items)
    if item is None or item[1] is None:
        return None
    if type(item[1]) is not str:
        raise EvaluationError(f"a string is expected there, not a {item[0]}")
    return item[1]


def integer(items: Items) -> int | None:
    """Return the one integer, or None."""
    item = singleton(items)
    if item is None or item[1] is None:
        return None
    if type(item[1]) is not int:
        raise EvaluationError(f"an integer is expected there, not a {item[0]}")
    return item[1]


def truth(value: bool | None) -> Items:
    """Return a boolean, or empty, as a collection."""
    return EMPTY if value is None else TRUE if value else FALSE
