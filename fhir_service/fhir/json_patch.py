"""JSON Patch: a list of operations on a JSON value, done as a whole or not at all.

https://www.rfc-editor.org/rfc/rfc6902 and https://www.rfc-editor.org/rfc/rfc6901 (pointers)
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_service.errors import Invalid, TooLarge, Unprocessable

MOST_OPERATIONS = 1_000
MOST_COPIED = 1_000_000
"""Values that `copy` may add in all: doubling the resource thirty times takes thirty operations."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_BAD_ESCAPE = re.compile(r"~(?![01])")


class _NoSuchPlace(Exception):
    """The pointer leads nowhere in this value."""


def apply(value: Any, operations: Sequence[Any]) -> Any:
    """The value after all operations, which are done one after the other; the input is not changed.

    :raises Invalid: the patch is malformed
    :raises Unprocessable: an operation does not fit the value, or a `test` fails
    """
    if len(operations) > MOST_OPERATIONS:
        raise TooLarge(f"A patch has at most {MOST_OPERATIONS} operations.")
    holder = {"": copy.deepcopy(value)}
    copied = 0
    for position, operation in enumerate(operations):
        run, arguments = _read(operation, position)
        try:
            copied += run(holder, arguments)
        except _NoSuchPlace as failure:
            raise Unprocessable(
                f"Operation {position} ({operation['op']} {operation['path']}): {failure}.",
                expression=(f"http.body[{position}]",),
            ) from None
        if copied > MOST_COPIED:
            raise TooLarge("The patch copies too much.")
    return holder.get("")  # None when an operation has removed it all


def _read(operation: Any, position: int) -> tuple[Callable[..., int], Mapping[str, Any]]:
    """The operation's function and its arguments, pointers split."""
    if not isinstance(operation, dict):
        raise _malformed(position, "an operation is an object")
    found = _OPERATIONS.get(operation.get("op", ""))
    if found is None:
        raise _malformed(position, f"`op` is one of {', '.join(_OPERATIONS)}")
    run, names = found
    arguments: dict[str, Any] = {}
    for name in names:
        if name not in operation:
            raise _malformed(position, f"`{operation['op']}` needs `{name}`")
        arguments[name] = operation[name] if name == "value" else _pointer(operation[name], position)
    return run, arguments


def _pointer(text: Any, position: int) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise _malformed(position, f"`{text}` is no JSON pointer")
    # The value itself stands in a holder under an empty name, so that it can be replaced like any other.
    return [part.replace("~1", "/").replace("~0", "~") for part in ("", *text.split("/")[1:])]


def _malformed(position: int, told: str) -> Invalid:
    return Invalid(f"Operation {position}: {told}.", expression=(f"http.body[{position}]",))


# Operations: each changes the holder and gives how many values it copied.


def _add(holder: Any, arguments: Mapping[str, Any]) -> int:
    _put(holder, arguments["path"], copy.deepcopy(arguments["value"]))
    return 0


def _remove(holder: Any, arguments: Mapping[str, Any]) -> int:
    _take(holder, arguments["path"])
    return 0


def _replace(holder: Any, arguments: Mapping[str, Any]) -> int:
    parent, name = _parent(holder, arguments["path"])
    _child(parent, name)
    parent[int(name) if isinstance(parent, list) else name] = copy.deepcopy(arguments["value"])
    return 0


def _move(holder: Any, arguments: Mapping[str, Any]) -> int:
    source, target = arguments["from"], arguments["path"]
    if target[: len(source)] == source and len(target) > len(source):
        raise _NoSuchPlace("nothing can be moved into itself")
    _put(holder, target, _take(holder, source))
    return 0


def _copy(holder: Any, arguments: Mapping[str, Any]) -> int:
    source = _get(holder, arguments["from"])
    size = _size(source)
    if size <= MOST_COPIED:
        _put(holder, arguments["path"], copy.deepcopy(source))
    return size


def _test(holder: Any, arguments: Mapping[str, Any]) -> int:
    if not _equal(_get(holder, arguments["path"]), arguments["value"]):
        raise _NoSuchPlace("the value there is another one")
    return 0


_OPERATIONS: Mapping[str, tuple[Callable[..., int], tuple[str, ...]]] = {
    "add": (_add, ("path", "value")),
    "remove": (_remove, ("path",)),
    "replace": (_replace, ("path", "value")),
    "move": (_move, ("from", "path")),
    "copy": (_copy, ("from", "path")),
    "test": (_test, ("path", "value")),
}

# Places


def _get(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = _child(value, name)
    return value


def _child(value: Any, name: str) -> Any:
    if isinstance(value, dict) and name in value:
        return value[name]
    if isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
        return value[int(name)]
    raise _NoSuchPlace(f"there is no `{name}`")


def _parent(holder: Any, path: Sequence[str]) -> tuple[Any, str]:
    return _get(holder, path[:-1]), path[-1]


def _put(holder: Any, path: Sequence[str], value: Any) -> None:
    parent, name = _parent(holder, path)
    if isinstance(parent, dict):
        parent[name] = value
    elif isinstance(parent, list) and name == "-":
        parent.append(value)
    elif isinstance(parent, list) and _INDEX.fullmatch(name) and int(name) <= len(parent):
        parent.insert(int(name), value)
    else:
        raise _NoSuchPlace(f"nothing can be put at `{name}`")


def _take(holder: Any, path: Sequence[str]) -> Any:
    parent, name = _parent(holder, path)
    found = _child(parent, name)
    del parent[int(name) if isinstance(parent, list) else name]
    return found


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


def _equal(left: Any, right: Any) -> bool:
    """As RFC 6902 compares: numbers by value (1.10 is 1.1), members in any order."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
