"""The snapshot of a profile: the base definition's snapshot with our differential applied.

https://hl7.org/fhir/R4/profiling.html#snapshot

Only what our own profiles use is here: changed elements, slices, and the children of an extension's slice.
The base snapshots in `base/` are made by `tools/base_snapshots.py` from HL7's packages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

Element = dict[str, Any]

BASE_FOLDER = Path(__file__).parent / "base"


@cache
def _base_snapshots(release_name: str) -> dict[str, list[Element]]:
    text = (BASE_FOLDER / f"{release_name}.json").read_text(encoding="utf-8")
    snapshots: dict[str, list[Element]] = json.loads(text)
    return snapshots


def snapshot(release_name: str, type_name: str, differential: Iterable[Element]) -> list[Element]:
    """The elements of the base type, each changed as the differential says."""
    bases = _base_snapshots(release_name)
    elements = deepcopy(bases[type_name])
    for change in differential:
        position = _position(elements, change["id"])
        if position is None:
            position = _add(elements, change["id"], bases)
        elements[position].update(deepcopy(change))
    return elements


def _position(elements: list[Element], element_id: str) -> int | None:
    return next((i for i, element in enumerate(elements) if element["id"] == element_id), None)


def _known(elements: list[Element], element_id: str) -> int:
    position = _position(elements, element_id)
    if position is None:
        raise ValueError(f"No element `{element_id}` in the base definition.")
    return position


def _add(elements: list[Element], element_id: str, bases: dict[str, list[Element]]) -> int:
    """Make room for an element that the snapshot does not spell out yet: a slice, or a child of one."""
    parent_id, _, last = element_id.rpartition(".")
    if ":" in last:
        return _add_slice(elements, element_id)
    _unfold(elements, _known(elements, parent_id), bases)
    return _known(elements, element_id)


def _add_slice(elements: list[Element], element_id: str) -> int:
    sliced_id = element_id.rpartition(":")[0]
    position = _known(elements, sliced_id)
    piece = deepcopy(elements[position])
    piece.pop("slicing", None)
    piece["id"] = element_id
    end = position + 1
    while end < len(elements) and elements[end]["id"].startswith((f"{sliced_id}:", f"{sliced_id}.")):
        end += 1
    elements.insert(end, piece)
    return end


def _unfold(elements: list[Element], position: int, bases: dict[str, list[Element]]) -> None:
    """Spell out the children of an element, as its type has them."""
    parent = elements[position]
    type_name = parent["type"][0]["code"] if "type" in parent else ""
    children = deepcopy(bases.get(type_name, [])[1:])
    for child in children:
        child["id"] = parent["id"] + child["id"].removeprefix(type_name)
        child["path"] = parent["path"] + child["path"].removeprefix(type_name)
    elements[position + 1 : position + 1] = children
