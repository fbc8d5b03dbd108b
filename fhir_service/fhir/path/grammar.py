"""FHIRPath's grammar: text to tokens to a tree of small nodes.

https://hl7.org/fhirpath/N1/grammar.html

Precedence, strongest first: `.x` and `[i]`, unary + -, * / div mod, + - &, is as, |, < <= > >=,
= ~ != !~, in contains, and, or xor, implies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .errors import UnsupportedExpression


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant with its type; the type of `{}` is empty."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """An element, or at the start of a path a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`$this`, `$index`, `$total`, or an environment variable such as `%resource`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """`target.step`: the step is a name or a call."""

    target: Node
    step: Node


@dataclass(frozen=True, slots=True)
class Index:
    """`target[index]`."""

    target: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `+x`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and an operator; for `is` and `as` the right one is the Name of a type."""

    operator: str
    left: Node
    right: Node


Node = Literal | Name | Variable | Call | Member | Index | Unary | Binary

_OPERATORS = (
    ("implies",),
    ("or", "xor"),
    ("and",),
    ("in", "contains"),
    ("=", "~", "!=", "!~"),
    ("<", "<=", ">", ">="),
    ("|",),
    ("is", "as"),
    ("+", "-", "&"),
    ("*", "/", "div", "mod"),
)
_PRECEDENCE = {operator: level for level, row in enumerate(_OPERATORS) for operator in row}
_TYPE_LEVEL = _PRECEDENCE["is"]
_KEYWORDS = frozenset(("true", "false"))
_UNITS = frozenset(
    f"{unit}{plural}"
    for unit in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for plural in ("", "s")
)

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<temporal>@(?:T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?
        |\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?))
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")  # double quotes: R5's invariant eld-11
    | (?P<delimited>`(?:[^`\\]|\\.)*`)
    | (?P<variable>\$(?:this|index|total)|%(?:[A-Za-z_]\w*|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`))
    | (?P<word>[A-Za-z_]\w*)
    | (?P<symbol><=|>=|!=|!~|[-+*/&|=~<>.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def parse(expression: str) -> Node:
    """Return the tree of an expression."""
    return _Parser(expression).parse()


def unescape(text: str) -> str:
    """Return the text of a string or delimited identifier without its quotes and escapes."""
    return _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise UnsupportedExpression(f"`{expression[position:][:20]}` is not FHIRPath, in `{expression}`")
        position = match.end()
        if match.lastgroup != "space":
            tokens.append((str(match.lastgroup), match[0]))
    return [*tokens, ("end", "")]


class _Parser:
    """Precedence climbing over the tokens of one expression."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens = _tokens(expression)
        self.position = 0

    def parse(self) -> Node:
        node = self.operation(0)
        if self.tokens[self.position][0] != "end":
            raise self.unexpected()
        return node

    def operation(self, level: int) -> Node:
        if level == len(_OPERATORS):
            return self.unary()
        node = self.operation(level + 1)
        while self.tokens[self.position][1] in _OPERATORS[level] and self.is_operator():
            operator = self.take()
            right: Node = self.type_name() if level == _TYPE_LEVEL else self.operation(level + 1)
            node = Binary(operator, node, right)
        return node

    def is_operator(self) -> bool:
        return self.tokens[self.position][0] in ("word", "symbol")

    def unary(self) -> Node:
        if self.tokens[self.position] in (("symbol", "-"), ("symbol", "+")):
            return Unary(self.take(), self.unary())
        return self.path()

    def path(self) -> Node:
        node = self.term()
        while True:
            if self.accept("."):
                node = Member(node, self.step())
            elif self.accept("["):
                node = Index(node, self.operation(0))
                self.expect("]")
            else:
                return node

    def term(self) -> Node:
        kind, text = self.tokens[self.position]
        if kind == "word" and text not in _KEYWORDS or kind == "delimited":
            return self.step()
        self.position += 1
        if kind == "string":
            return Literal("string", unescape(text))
        if kind == "number":
            return self.number(text)
        if kind == "temporal":
            return _temporal(text)
        if kind == "variable":
            return Variable(text if text[1] not in "'`" else "%" + unescape(text[1:]))
        if kind == "word":
            return Literal("boolean", text == "true")
        if text == "(":
            node = self.operation(0)
            self.expect(")")
            return node
        if text == "{":
            self.expect("}")
            return Literal("", None)
        self.position -= 1
        raise self.unexpected()

    def number(self, text: str) -> Node:
        kind, unit = self.tokens[self.position]
        if kind == "string" or (kind == "word" and unit in _UNITS):
            self.position += 1
            code = unescape(unit) if kind == "string" else unit
            return Literal("Quantity", {"value": Decimal(text), "code": code})
        return Literal("decimal", Decimal(text)) if "." in text else Literal("integer", int(text))

    def step(self) -> Node:
        kind, text = self.tokens[self.position]
        if kind == "variable" and text.startswith("$"):
            self.position += 1
            return Variable(text)
        if kind not in ("word", "delimited"):
            raise self.unexpected()
        self.position += 1
        name = unescape(text) if kind == "delimited" else text
        return Call(name, self.arguments()) if self.accept("(") else Name(name)

    def arguments(self) -> tuple[Node, ...]:
        if self.accept(")"):
            return ()
        found = [self.operation(0)]
        while self.accept(","):
            found.append(self.operation(0))
        self.expect(")")
        return tuple(found)

    def type_name(self) -> Name:
        if self.accept("("):  # `x as (T)`
            name = self.type_name()
            self.expect(")")
            return name
        return type_specifier(self.qualified())

    def qualified(self) -> Node:
        node = self.step()
        while self.accept("."):
            node = Member(node, self.step())
        return node

    def take(self) -> str:
        text = self.tokens[self.position][1]
        self.position += 1
        return text

    def accept(self, symbol: str) -> bool:
        if self.tokens[self.position] == ("symbol", symbol):
            self.position += 1
            return True
        return False

    def expect(self, symbol: str) -> None:
        if not self.accept(symbol):
            raise self.unexpected()

    def unexpected(self) -> UnsupportedExpression:
        kind, text = self.tokens[self.position]
        what = "the end" if kind == "end" else f"`{text}`"
        return UnsupportedExpression(f"{what} is not expected there, in `{self.expression}`")


def type_specifier(node: Node) -> Name:
    """Return the type a node names: `Patient`, `FHIR.Patient`, `System.String`, or in quotes."""
    if isinstance(node, Name):
        return node
    if isinstance(node, Literal) and node.type == "string":
        return Name(node.value)
    if isinstance(node, Member) and isinstance(node.target, Name) and isinstance(node.step, Name):
        return node.step if node.target.name == "FHIR" else Name(f"{node.target.name}.{node.step.name}")
    raise UnsupportedExpression("a type is expected there")


def _temporal(text: str) -> Literal:
    value = text[1:]
    if value.startswith("T"):
        return Literal("time", value[1:])
    return Literal("dateTime", value.removesuffix("T")) if "T" in value else Literal("date", value)
