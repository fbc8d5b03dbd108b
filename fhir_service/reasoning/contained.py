"""Resources contained in a definition, which what is made of it refers to.

https://hl7.org/fhir/R4/references.html#contained (a contained resource contains none)
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from fhir_service.reasoning.application import Json


def carry_contained(resource: Json, holder: Json) -> None:
    """Give a resource those contained resources of the definition's holder that it refers to."""
    available = {one.get("id"): one for one in holder.get("contained", ()) if isinstance(one, dict)}
    found: dict[str, Json] = {}
    open_ends = list(_local_links(resource))
    while open_ends:
        name = open_ends.pop()
        if name in available and name not in found:
            found[name] = copy.deepcopy(available[name])
            open_ends.extend(_local_links(found[name]))
    if found:
        resource["contained"] = list(found.values())


def lift_contained(resource: Json, prefix: str) -> list[Json]:
    """Take the contained resources out of one that is itself to be contained; their ids get a prefix."""
    lifted: list[Json] = resource.pop("contained", [])
    names = {f"#{one['id']}": f"#{prefix}-{one['id']}" for one in lifted}
    for one in (resource, *lifted):
        _rename(one, names)
    for one in lifted:
        one["id"] = f"{prefix}-{one['id']}"
    return lifted


def _local_links(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _local_links(item)
    elif isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str) and reference.startswith("#"):
            yield reference[1:]
        for child in value.values():
            yield from _local_links(child)


def _rename(value: Any, names: dict[str, str]) -> None:
    if isinstance(value, list):
        for item in value:
            _rename(item, names)
    elif isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str) and reference in names:
            value["reference"] = names[reference]
        for child in value.values():
            _rename(child, names)
