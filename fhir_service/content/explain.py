"""marshmallow's errors as findings: each on the line of its field, with the path and what is allowed.

https://marshmallow.readthedocs.io/en/stable/quickstart.html#validation
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, fields

from .fields import WHERE_KEY
from .finding import Finding, allowed
from .yaml_lines import LineDict, LineList

_PLAIN = {
    "Not a valid string.": "is no text; allowed: words in one value",
    "Not a valid list.": "is no list; allowed: [one, two] or lines that start with `- `",
    "Not a valid boolean.": "is neither; allowed: true, false",
    "Not a valid integer.": "is no number; allowed: a whole number",
    "Not a valid mapping type.": "has no fields; allowed: `field: value` lines",
    "Invalid input type.": "has no fields; allowed: `field: value` lines",
    "Field may not be null.": "is empty; allowed: a value",
}


def explain(errors: Mapping[Any, Any], schema: Schema, raw: LineDict, file: str) -> list[Finding]:
    """Every error of one file as a finding."""
    return [
        Finding(file, line, message) for line, message in _of_fields(errors, schema.fields, raw, "", raw.line)
    ]


def _of_fields(
    errors: Mapping[Any, Any], known: Mapping[str, fields.Field[Any]], node: Any, path: str, line: int
) -> Iterator[tuple[int, str]]:
    """The errors of a mapping with fixed fields."""
    by_key = {field.data_key or name: field for name, field in known.items()}
    for key, error in errors.items():
        if key == "_schema":
            yield from _messages(error, path or "the file", line)
        elif error == ["Unknown field."]:
            names = [name for name in by_key if name != WHERE_KEY]
            yield (
                _line_of(node, key, line),
                f"unknown field `{_join(path, key)}`; {allowed(str(key), names, 40)}",
            )
        elif error == ["Missing data for required field."]:
            yield line, f"`{_join(path, key)}` is missing; allowed: a line `{key}: ...`"
        else:
            child = node.get(key) if isinstance(node, LineDict) else None
            yield from _of_field(error, by_key.get(key), child, _join(path, key), _line_of(node, key, line))


def _of_field(error: Any, field: Any, node: Any, path: str, line: int) -> Iterator[tuple[int, str]]:
    """The errors of one value: its messages, or the errors within it."""
    if not isinstance(error, Mapping):
        yield from _messages(error, path, line)
    elif isinstance(field, fields.List):
        for index, inner in error.items():
            item = node[index] if isinstance(node, LineList) and index < len(node) else None
            item_line = node.item_lines[index] if item is not None else line
            yield from _of_field(inner, field.inner, item, f"{path}[{_name(item, index)}]", item_line)
    elif isinstance(field, fields.Dict):
        for key, inner in error.items():
            item = node.get(key) if isinstance(node, LineDict) else None
            value_errors = inner.get("value", inner.get("key"))
            yield from _of_field(
                value_errors, field.value_field, item, _join(path, key), _line_of(node, key, line)
            )
    elif isinstance(field, fields.Nested):
        inner_line = node.line if isinstance(node, LineDict) else line
        yield from _of_fields(error, field.schema.fields, node, path, inner_line)
    else:
        yield line, f"`{path}`: {error}"


def _messages(error: Any, path: str, line: int) -> Iterator[tuple[int, str]]:
    for message in error if isinstance(error, list) else [error]:
        yield line, f"`{path}`: {_PLAIN.get(str(message), message)}"


def _line_of(node: Any, key: Any, line: int) -> int:
    return node.key_lines.get(key, node.line) if isinstance(node, LineDict) else line


def _name(item: Any, index: int) -> str:
    """An item is named by its id where it has one."""
    return str(item["id"]) if isinstance(item, LineDict) and item.get("id") else str(index + 1)


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
