"""What an operation declares: its code, canonical, levels and parameters, said once.

https://hl7.org/fhir/R4/operationdefinition.html and https://hl7.org/fhir/R4/operations.html

Routes, OperationDefinition, CapabilityStatement and openapi.yaml are all made from the declaration. A
parameter has one name in the code, that of R5 where HL7 renamed it; `names` holds what other releases call
it, and every name is taken in every release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from fhir_service.exchange import Services
    from fhir_service.operations.invocation import Invocation

LEVELS = ("system", "type", "instance")

EVERY_TYPE = ("Resource",)
"""The `types` of an operation that every resource type has."""

ANY = "*"
"""The type of a parameter that takes or gives a value of whatever type."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """`type` is a FHIR type, `Resource` for a resource of any type, ANY, or "" for one that has parts.

    `maximum` is None where there is no limit. A release that `names` maps to None does not define the
    parameter; one that it does not name calls it by `name`. `levels`, when given, are those it is for.
    """

    use: ClassVar[str]

    name: str
    type: str
    documentation: str
    minimum: int = field(default=0, kw_only=True)
    maximum: int | None = field(default=1, kw_only=True)
    names: Mapping[str, str | None] = field(default_factory=dict, kw_only=True)
    levels: tuple[str, ...] = field(default=(), kw_only=True)
    parts: tuple[Any, ...] = field(default=(), kw_only=True)

    def name_in(self, release: str) -> str | None:
        """What that release calls it; None where it is not defined."""
        return self.names.get(release, self.name)


@dataclass(frozen=True, slots=True)
class Input(_Declared):
    """A parameter that is taken; `also` are further names for it, which are not advertised.

    One that is not `supported` is known only to be refused by name; one that is not `checked` reaches the
    operation even if the gate would refuse it. `allowed`, when given, are all the values that are supported.
    """

    use: ClassVar[str] = "in"

    also: tuple[str, ...] = field(default=(), kw_only=True)
    supported: bool = field(default=True, kw_only=True)
    checked: bool = field(default=True, kw_only=True)
    allowed: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def every_name(self) -> frozenset[str]:
        return frozenset(filter(None, (self.name, *self.names.values(), *self.also)))

    def name_for(self, release: str) -> str:
        """What to call it to a client of that release, whether or not the release defines it."""
        return self.name_in(release) or self.name


@dataclass(frozen=True, slots=True)
class Output(_Declared):
    """A parameter that is given."""

    use: ClassVar[str] = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `handle` gives the resource to answer: that of the output `return`, or a Parameters.

    `canonical` is HL7's definition of it, "" where there is none. `types` are the resource types it is for
    (EVERY_TYPE; none for one of the system alone). `personal` says that it takes or gives what is about a
    person: such an answer is never kept by a cache. `needs` is what a token must allow, in SMART's letters.
    `unserved` says that at type level it is there for types that are not served, too: it works on what the
    request brings, and keeps nothing of it.
    """

    code: str
    canonical: str
    title: str
    documentation: str
    levels: tuple[str, ...]
    handle: Callable[[Invocation, Services], Any]
    types: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    affects_state: bool = False
    personal: bool = False
    unserved: bool = False
    needs: str = "rs"
    successes: tuple[int, ...] = (200,)
    failures: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The id of HL7's OperationDefinition where there is one, else one in that manner."""
        if self.canonical:
            return self.canonical.rpartition("/")[2]
        return "-".join((*(self.types or ("System",)), self.code))

    @property
    def definition_id(self) -> str:
        """The id of our own OperationDefinition: HL7's may be loaded into the same store."""
        return f"service-{self.id}"

    def inputs_at(self, level: str) -> tuple[Input, ...]:
        """The parameters of that level, those that are only refused among them."""
        return tuple(one for one in self.inputs if level in (one.levels or LEVELS))

    @property
    def takes_get(self) -> bool:
        """A GET has simple parameters only, and changes nothing."""
        return not self.affects_state and all(is_simple(one.type) for one in self.inputs if one.minimum)

    def takes_unserved(self, level: str) -> bool:
        """Whether at this level its types need not be served."""
        return self.unserved and level == "type"

    def routed(self) -> Iterator[tuple[str, str]]:
        """Each level with each resource type it is at ("" at system level)."""
        for level in self.levels:
            if level == "system":
                yield level, ""
            else:
                for type_name in self.types:
                    yield level, type_name


def is_simple(type_name: str) -> bool:
    """Whether a value of this type is one text of a query: primitive types begin with a small letter."""
    return type_name[:1].islower()
