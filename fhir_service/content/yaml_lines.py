"""YAML read with its lines: every scalar is text, duplicate keys are errors.

https://yaml.org/spec/1.2.2/ (failsafe schema: `2022-09`, `no` and `1.10` stay the words that were written)
"""

from __future__ import annotations

from typing import Any

import yaml

from .finding import Finding


class LineDict(dict[str, Any]):
    """A mapping that knows the line it starts on and the line of each key."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.key_lines: dict[str, int] = {}


class LineList(list[Any]):
    """A list that knows the line it starts on and the line of each item."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.item_lines: list[int] = []


def read_yaml(text: str, file: str, findings: list[Finding]) -> LineDict | None:
    """The document as nested LineDict and LineList; None, with a finding, when it is no mapping or YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        findings.append(Finding(file, line, f"bad YAML: {error.problem or error.context}"))
        return None
    except yaml.YAMLError as error:
        findings.append(Finding(file, 1, f"bad YAML: {error}"))
        return None
    if not isinstance(root, yaml.MappingNode):
        findings.append(Finding(file, 1, "the file holds no fields; allowed: `field: value` lines"))
        return None
    try:
        return _mapping(root, file, findings)
    except RecursionError:
        findings.append(Finding(file, 1, "bad YAML: an alias stands within what it names; allowed: no alias"))
        return None


def _mapping(node: yaml.MappingNode, file: str, findings: list[Finding]) -> LineDict:
    found = LineDict(_line(node))
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in found:
            first = found.key_lines[key]
            message = f"`{key}` is written twice; the first one is on line {first}, allowed: once"
            findings.append(Finding(file, _line(key_node), message))
            continue
        found[key] = _value(value_node, file, findings)
        found.key_lines[key] = _line(key_node)
    return found


def _value(node: yaml.Node, file: str, findings: list[Finding]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, file, findings)
    if isinstance(node, yaml.SequenceNode):
        found = LineList(_line(node))
        for item in node.value:
            found.append(_value(item, file, findings))
            found.item_lines.append(_line(item))
        return found
    return str(node.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
