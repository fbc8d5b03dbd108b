"""The line on which a JSON path stands: read only when there is something to say about it.

https://datatracker.ietf.org/doc/html/rfc8259
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .location import JsonPath

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def lines_of(text: str, paths: Iterable[JsonPath]) -> dict[JsonPath, int]:
    """Return the line of each path, counted from 1; of its nearest ancestor when the path is not there."""
    wanted = set(paths)
    known = {path[:length] for path in wanted for length in range(len(path) + 1)}
    found: dict[JsonPath, int] = {}
    line, counted = 1, 0
    for path, offset in _values(text):
        if path in known and path not in found:
            line += text.count("\n", counted, offset)
            counted = offset
            found[path] = line
    return {path: _nearest(path, found) for path in wanted}


def _nearest(path: JsonPath, found: dict[JsonPath, int]) -> int:
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 1)


def _values(text: str) -> Iterator[tuple[JsonPath, int]]:
    """Yield the path and the offset of every value; of a property, the offset of its name."""
    path: list[str | int] = []
    is_object: list[bool] = []
    name_at: int | None = None
    for match in _TOKEN.finditer(text):
        token, offset = match[0], match.start()
        if token == ":":
            continue
        if token == ",":
            last = path[-1] if path else None
            if is_object and is_object[-1]:
                name_at = None
            elif isinstance(last, int):
                path[-1] = last + 1
        elif token in ("}", "]"):
            if is_object:
                is_object.pop()
                path.pop()
        elif is_object and is_object[-1] and name_at is None:
            path[-1] = token[1:-1] if "\\" not in token else _unescaped(token)
            name_at = offset
        else:
            in_object = bool(is_object) and is_object[-1]
            yield tuple(path), name_at if in_object and name_at is not None else offset
            if token in ("{", "["):
                is_object.append(token == "{")
                path.append("" if token == "{" else 0)
                name_at = None
    # After a nested value closes, its property is done until the next comma.


def _unescaped(token: str) -> str:
    import json

    try:
        return str(json.loads(token))
    except ValueError:
        return token[1:-1]
