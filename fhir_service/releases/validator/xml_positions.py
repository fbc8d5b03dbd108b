"""The line of an XML document on which a JSON path of its resource stands.

https://hl7.org/fhir/R4/xml.html

An element is the n-th of its name within its parent, which is the path's index; an attribute stands where its
element starts, and the element that names the type of a resource within another is no step of the path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.parsers import expat

from .location import JsonPath

_Steps = tuple[tuple[str, int], ...]


def lines_of(text: str, paths: Iterable[JsonPath]) -> dict[JsonPath, int]:
    """Return the line of each path, counted from 1; of its nearest ancestor when the path is not there.

    :param text: well-formed, as it has been read before
    """
    found = _lines(text)
    return {path: _nearest(_steps(path), found) for path in set(paths)}


def _steps(path: JsonPath) -> _Steps:
    steps: list[tuple[str, int]] = []
    for part in path:
        if isinstance(part, int):
            steps[-1] = (steps[-1][0], part)
        else:
            steps.append((part.removeprefix("_"), 0))
    return tuple(steps)


def _nearest(steps: _Steps, found: dict[_Steps, int]) -> int:
    while steps not in found:
        steps = steps[:-1]
    return found[steps]


def _lines(text: str) -> dict[_Steps, int]:
    found: dict[_Steps, int] = {}
    opened: list[tuple[_Steps, Counter[str]]] = []
    parser = expat.ParserCreate("utf-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        steps: _Steps = ()
        if opened:
            steps, seen = opened[-1]
            if not name[:1].isupper():  # else the type of a resource
                steps = (*steps, (name, seen[name]))
                seen[name] += 1
        opened.append((steps, Counter()))
        found.setdefault(steps, parser.CurrentLineNumber)

    def end(name: str) -> None:
        opened.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(text, True)
    return found
