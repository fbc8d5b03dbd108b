"""Compiles a FHIRPath tree into Python closures, typed with a release's definitions as far as they reach.

https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/search.html#fhirpath

Every node becomes (run, types): `run(environment, focus)` gives items, `types` are the FHIR types they can
have, or None when only the data can tell. A branch that cannot apply (`Condition.code` for a Patient) has
the empty set of types and is dropped from a union.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from .beginnings import beginnings, beginnings_of_others
from .errors import UnsupportedExpression
from .functions import CLOCK_FUNCTIONS, FUNCTIONS, Function
from .functions.fhir import referring_to
from .grammar import Binary, Call, Index, Literal, Member, Name, Node, Unary, Variable, parse, type_specifier
from .navigation import ABSTRACT_RESOURCES, Types, element_step, kind_of_type, narrowed_step, type_test
from .operators import OPERATORS, negate
from .runtime import EMPTY, Environment, Item, Items, Resolve, Run, boolean, integer, singleton
from .schema import Schema
from .values import distinct

Compiled = tuple[Run, Types]

NOTHING: frozenset[str] = frozenset()
BOOLEAN = frozenset(("boolean",))

CONSTANTS = {
    "%ucum": "http://unitsofmeasure.org",
    "%sct": "http://snomed.info/sct",
    "%loinc": "http://loinc.org",
}


class Path:
    """A compiled expression; call it with a node of the type it was compiled for."""

    __slots__ = ("_is_abstract", "_run", "_schema", "_type_name", "beginnings", "expression", "types")

    def __init__(
        self,
        expression: str,
        type_name: str,
        schema: Schema,
        variables: frozenset[str] = NOTHING,
        *,
        has_clock: bool = False,
    ) -> None:
        self.expression = expression
        self._type_name = type_name
        self._schema = schema
        node = _parsed(expression)
        run, types = _Compiler(type_name, schema, variables, has_clock=has_clock).compile(node)
        self._is_abstract = type_name in ABSTRACT_RESOURCES
        self.beginnings = None if self._is_abstract else beginnings(node, type_name, schema)
        """The members of a node without any of which it gives nothing; None when it may look at others."""
        self._run = run
        self.types: Types = types
        """The FHIR types the values can have; None when only the data can tell, empty when there are none."""

    def __repr__(self) -> str:
        return f"Path({self.expression!r}, {self._type_name!r})"

    def __call__(
        self, node: dict[str, Any], resolve: Resolve | None = None, *, resource: dict[str, Any] | None = None
    ) -> list[tuple[str, Any]]:
        """Return (FHIR type, JSON value) of every item that has a value.

        :param resolve: gives the resource of a literal reference; without it only its type is known
        :param resource: what `%resource` is, when the node is not itself a resource
        """
        if self.is_empty_for(node):
            return []
        name = node.get("resourceType", self._type_name) if self._is_abstract else self._type_name
        items = self.found_in(environment_of(node, name, self._schema, resolve, resource=resource))
        return [(name, value) for name, value, _ in items if value is not None]

    def is_empty_for(self, node: dict[str, Any]) -> bool:
        """Whether it gives nothing, which the members of the node tell; it may give nothing for all that."""
        return self.beginnings is not None and node.keys().isdisjoint(self.beginnings)

    def gives_itself_alone(self, members: Iterable[str]) -> bool:
        """Whether a node with these members gives nothing but itself, if that."""
        others = beginnings_of_others(_parsed(self.expression), self._type_name, self._schema)
        return others is not None and others.isdisjoint(members)

    def found_in(self, environment: Environment) -> Items:
        """Return the items, given what several expressions may share: the node that they start from."""
        return self._run(environment, environment.context)

    def evaluate(
        self,
        item: Item,
        resource: dict[str, Any] | None = None,
        root: dict[str, Any] | None = None,
        resolve: Resolve | None = None,
    ) -> Items:
        """Return the items as FHIRPath sees them, primitives that have only extensions among them.

        :param resource: `%resource`
        :param root: `%rootResource`
        """
        context = [item]
        holder = _holder(resource, context)
        environment = Environment(self._schema, context, holder, _holder(root, holder), resolve, {})
        return self._run(environment, context)

    def evaluate_with(
        self,
        context: Items,
        variables: Mapping[str, Items],
        resolve: Resolve,
        *,
        resource: Items | None = None,
        now: int | None = None,
    ) -> Items:
        """Return the items, given what the variables of `compile_path` stand for.

        :param context: one node, or `Unavailable`
        :param resource: `%resource`, when the context is not itself a resource
        :param now: the moment that `now()` and `today()` give, in microseconds since 1970
        :raises UnavailableData: the answer depends on something that is `Unavailable`
        """
        holder = context if resource is None else resource
        environment = Environment(self._schema, context, holder, holder, resolve, variables, now)
        return self._run(environment, context)


def environment_of(
    node: dict[str, Any],
    type_name: str,
    schema: Schema,
    resolve: Resolve | None = None,
    *,
    resource: dict[str, Any] | None = None,
) -> Environment:
    """What expressions that start from a node are evaluated in, one after another."""
    context = [(type_name, node, None)]
    holder = context if resource is None else _holder(resource, context)
    return Environment(schema, context, holder, holder, resolve, {})


@lru_cache(maxsize=8192)
def compile_path(
    expression: str,
    type_name: str,
    schema: Schema,
    variables: frozenset[str] = NOTHING,
    *,
    has_clock: bool = False,
) -> Path:
    """Compile an expression for nodes of one type: a resource type, a datatype or a backbone path.

    A compiled path has no state, so it is kept: three releases have some 5,500 of them.

    :param variables: names that `evaluate_with` gives values to, without their percent sign
    :param has_clock: whether it will be given the time, too; what is indexed or checked by an invariant has
        the same answer every day
    :raises UnsupportedExpression: it is not FHIRPath, names an unknown element, or needs what is not there
    """
    return Path(expression, type_name, schema, variables, has_clock=has_clock)


@lru_cache(maxsize=256)
def _parsed(expression: str) -> Node:
    # One search parameter's expression is compiled for each of its base types.
    return parse(expression)


class _Compiler:
    """Compiles one expression; `this` is the type of `$this` where it stands."""

    def __init__(self, type_name: str, schema: Schema, variables: frozenset[str], *, has_clock: bool) -> None:
        try:
            schema.type_definition(type_name)
        except KeyError:
            raise UnsupportedExpression(f"there is no type `{type_name}`") from None
        self.schema = schema
        self.variables = variables
        self.functions = FUNCTIONS | CLOCK_FUNCTIONS if has_clock else FUNCTIONS
        self.context: Types = None if type_name in ABSTRACT_RESOURCES else frozenset((type_name,))
        holder = type_name.partition(".")[0]
        self.resource: Types = (
            frozenset((holder,)) if kind_of_type(holder, self.schema) == "resource" else None
        )
        self.this = self.context

    def compile(self, node: Node, types: Types | str = "context") -> Compiled:
        """Return what runs a node on a focus of these types."""
        focus = self.context if isinstance(types, str) else types
        return self._narrowed(node, focus) or self._by_node[type(node)](self, node, focus)

    def _literal(self, node: Literal, focus: Types) -> Compiled:
        if not node.type:
            return _nothing, NOTHING
        items: Items = [(node.type, node.value, None)]
        return lambda environment, _: items, frozenset((node.type,))

    def _name(self, node: Name, focus: Types) -> Compiled:
        if node.name[0].isupper() and kind_of_type(node.name, self.schema):
            return self._root_type(node.name, focus)
        return self._element(node, focus)

    def _root_type(self, name: str, focus: Types) -> Compiled:
        if focus is None:
            matches = type_test(name, self.schema)
            narrowed = None if name in ABSTRACT_RESOURCES else frozenset((name,))
            return lambda environment, items: [item for item in items if matches(item[0])], narrowed
        kept = frozenset(one for one in focus if self.schema.is_a(one, name))
        return (_focus, kept) if kept else (_nothing, NOTHING)

    def _element(self, node: Name, focus: Types) -> Compiled:
        if focus == NOTHING:
            return _nothing, NOTHING
        return element_step(node.name, focus, self.schema)

    def _variable(self, node: Variable, focus: Types) -> Compiled:
        if node.name == "$this":
            return lambda environment, _: environment.this, self.this
        if node.name == "$index":
            return lambda environment, _: [("integer", environment.index, None)], frozenset(("integer",))
        if node.name in ("%resource", "%rootResource"):
            attribute = node.name[1:]
            if attribute == "resource":
                return lambda environment, _: environment.resource, self.resource
            return lambda environment, _: environment.root, None
        if node.name == "%context":
            return lambda environment, _: environment.context, self.context
        if node.name[1:] in self.variables:
            name = node.name[1:]
            return lambda environment, _: environment.variables[name], None
        constant = CONSTANTS.get(node.name) or _prefixed(node.name)
        if constant is None:
            raise UnsupportedExpression(f"`{node.name}` is not known")
        return self._literal(Literal("string", constant), focus)

    def _call(self, node: Call, focus: Types) -> Compiled:
        if node.name in ("ofType", "as", "is") and len(node.arguments) == 1:
            name = type_specifier(node.arguments[0]).name
            if node.name == "is":
                return self._is(_focus, name)
            return self._of_type(_focus, name, focus)
        match node:
            case Call("where", (Binary("is", Call("resolve", ()), Name(name)),)):
                matches = type_test(name, self.schema)
                return lambda environment, items: referring_to(environment, items, matches), focus
        function = self.functions.get(node.name)
        if function is None and node.name in CLOCK_FUNCTIONS:
            raise UnsupportedExpression(f"`{node.name}` asks for the time, which is not told here")
        if function is None:
            raise UnsupportedExpression(f"there is no function `{node.name}`")
        given = len(node.arguments)
        letters = function.required + function.optional
        if not len(function.required) <= given <= len(letters):
            raise UnsupportedExpression(f"`{node.name}` does not take {given} arguments")
        arguments = [
            self._argument(argument, letter, focus)
            for argument, letter in zip(node.arguments, letters, strict=False)
        ]
        run = _invocation(function, letters, [argument[0] for argument in arguments])
        return run, self._result(function, focus, [argument[1] for argument in arguments])

    def _argument(self, node: Node, letter: str, focus: Types) -> Compiled:
        if letter == "v":
            return self.compile(node, self.this)
        outer, self.this = self.this, focus
        try:
            return self.compile(node, focus)
        finally:
            self.this = outer

    def _result(self, function: Function, focus: Types, arguments: list[Types]) -> Types:
        if function.result == "same":
            return focus
        if function.result == "argument":
            return arguments[0]
        if function.result == "either":
            return _either([focus, arguments[0]])
        return None if function.result == "any" else frozenset((function.result,))

    def _member(self, node: Member, focus: Types) -> Compiled:
        target, types = self.compile(node.target, focus)
        if isinstance(node.step, Name):
            step, found = self._element(node.step, types)
        else:
            step, found = self.compile(node.step, types)
        return _chained(target, step), found

    def _index(self, node: Index, focus: Types) -> Compiled:
        target, types = self.compile(node.target, focus)
        index, _ = self.compile(node.index, self.this)

        def run(environment: Environment, items: Items) -> Items:
            at = integer(index(environment, environment.this))
            return EMPTY if at is None or at < 0 else target(environment, items)[at : at + 1]

        return run, types

    def _unary(self, node: Unary, focus: Types) -> Compiled:
        if node.operator == "+":
            return self.compile(Binary("+", Literal("integer", 0), node.operand), focus)
        operand, _ = self.compile(node.operand, focus)
        return lambda environment, items: negate(operand(environment, items)), None

    def _binary(self, node: Binary, focus: Types) -> Compiled:
        if node.operator == "|":
            return self._union(node, focus)
        left, types = self.compile(node.left, focus)
        if node.operator in ("is", "as"):
            assert isinstance(node.right, Name)
            if node.operator == "is":
                return self._is(left, node.right.name)
            return self._of_type(left, node.right.name, types)
        right, _ = self.compile(node.right, focus)
        if node.operator in _DECIDED_BY_LEFT:
            return _short_circuit(node.operator, left, right), BOOLEAN
        operation, result = OPERATORS[node.operator]

        def run(environment: Environment, items: Items) -> Items:
            return operation(left(environment, items), right(environment, items))

        return run, None if result == "any" else frozenset((result,))

    def _union(self, node: Binary, focus: Types) -> Compiled:
        """All sides of `a | b | c` at once, of which mostly one can apply: the others are for other types."""
        compiled = [(side, *self.compile(side, focus)) for side in _sides(node)]
        live = [one for one in compiled if one[2] != NOTHING]
        if not live:
            return _nothing, NOTHING
        if len(live) == 1:
            ((_, only, types),) = live
            return _distinct(only), types
        sides = [(self._beginnings(side, focus), run) for side, run, _ in live]

        def run(environment: Environment, items: Items) -> Items:
            found: Items = []
            # Not what is Unavailable: a side that does not look at it may give something all the same.
            node = items[0][1] if type(items) is list and len(items) == 1 else None
            names: Any = node if type(node) is dict else None
            for members, side in sides:
                if names is None or members is None or not members.isdisjoint(names):
                    found = found + side(environment, items)
            return found if len(found) < 2 else distinct(found)

        return run, _either([types for _, _, types in live])

    def _beginnings(self, node: Node, focus: Types) -> frozenset[str] | None:
        """The members without any of which a node gives nothing; None where that is not known."""
        if focus is None or len(focus) != 1:
            return None
        (type_name,) = focus
        return None if type_name in ABSTRACT_RESOURCES else beginnings(node, type_name, self.schema)

    def _narrowed(self, node: Node, focus: Types) -> Compiled | None:
        """An element of several types that is read as one: none of the others is looked for."""
        match node:
            case Binary("as", left, Name(wanted)):
                matches = type_test(wanted, self.schema)
            case Member(left, Call("as" | "ofType", (specifier,))):
                matches = type_test(type_specifier(specifier).name, self.schema)
            case _:
                return None
        match left:
            case Member(before, Name(name)):
                target, types = self.compile(before, focus)
            case Name(name):
                target, types = _focus, focus
            case _:
                return None
        step = narrowed_step(name, types, matches, self.schema)
        return None if step is None else (_chained(target, step[0]), step[1])

    def _is(self, target: Run, name: str) -> Compiled:
        matches = type_test(name, self.schema)

        def run(environment: Environment, items: Items) -> Items:
            item = singleton(target(environment, items))
            return EMPTY if item is None else [("boolean", matches(item[0]), None)]

        return run, BOOLEAN

    def _of_type(self, target: Run, name: str, types: Types) -> Compiled:
        """`ofType`, and `as`, which HL7's search parameters use on many items to mean the same."""
        matches = type_test(name, self.schema)
        if types is None:
            concrete = kind_of_type(name, self.schema) == "resource" and name not in ABSTRACT_RESOURCES
            narrowed = frozenset((name,)) if concrete else None
        else:
            narrowed = frozenset(filter(matches, types))
        if narrowed == NOTHING:
            return _nothing, NOTHING
        if types is not None and narrowed == types:
            return target, types

        def run(environment: Environment, items: Items) -> Items:
            return [item for item in target(environment, items) if matches(item[0])]

        return run, narrowed

    _by_node: dict[type, Callable[..., Compiled]] = {
        Literal: _literal,
        Name: _name,
        Variable: _variable,
        Call: _call,
        Member: _member,
        Index: _index,
        Unary: _unary,
        Binary: _binary,
    }


def _holder(resource: dict[str, Any] | None, otherwise: Items) -> Items:
    return otherwise if resource is None else [(resource.get("resourceType", "Resource"), resource, None)]


def _nothing(environment: Environment, items: Items) -> Items:
    return EMPTY


def _focus(environment: Environment, items: Items) -> Items:
    return items


def _chained(target: Run, step: Run) -> Run:
    if target is _focus:
        return step
    if step is _focus:
        return target
    return lambda environment, items: step(environment, target(environment, items))


def _distinct(target: Run) -> Run:
    def run(environment: Environment, items: Items) -> Items:
        found = target(environment, items)
        return found if len(found) < 2 else distinct(found)

    return run


def _either(sides: list[Types]) -> Types:
    found: frozenset[str] = NOTHING
    for side in sides:
        if side is None:
            return None
        found |= side
    return found


def _sides(node: Node) -> Iterator[Node]:
    if isinstance(node, Binary) and node.operator == "|":
        yield from _sides(node.left)
        yield from _sides(node.right)
    else:
        yield node


def _prefixed(name: str) -> str | None:
    for prefix, base in (("%vs-", "ValueSet"), ("%ext-", "StructureDefinition")):
        if name.startswith(prefix):
            return f"http://hl7.org/fhir/{base}/{name.removeprefix(prefix)}"
    return None


def _invocation(function: Function, letters: str, arguments: list[Run]) -> Run:
    run = function.run
    if not arguments:
        return run
    if len(arguments) == 1:
        only = arguments[0]
        if letters[0] == "e":
            return lambda environment, items: run(environment, items, only)
        return lambda environment, items: run(environment, items, only(environment, environment.this))

    def invoke(environment: Environment, items: Items) -> Items:
        given = [
            argument if letter == "e" else argument(environment, environment.this)
            for argument, letter in zip(arguments, letters, strict=False)
        ]
        return run(environment, items, *given)

    return invoke


# When the left operand is this, the right one need not be looked at, and the answer is that.
_DECIDED_BY_LEFT: dict[str, tuple[bool, bool]] = {
    "and": (False, False),
    "or": (True, True),
    "implies": (False, True),
}


def _short_circuit(operator: str, left: Run, right: Run) -> Run:
    deciding, answer = _DECIDED_BY_LEFT[operator]
    decided: Items = [("boolean", answer, None)]
    operation = OPERATORS[operator][0]

    def run(environment: Environment, items: Items) -> Items:
        first = left(environment, items)
        if boolean(first) is deciding:
            return decided
        return operation(first, right(environment, items))

    return run
