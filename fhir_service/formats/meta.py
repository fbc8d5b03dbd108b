"""Stamping a version: the bytes that are stored and served for it.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fhir_service.fhir.dates import to_instant
from fhir_service.formats import fhir_json

# The specification's order; the rest of Meta follows as it stands.
_META_ORDER = ("id", "extension", "versionId", "lastUpdated")

_STAMPED = ("versionId", "lastUpdated")


# A load stamps whole batches alike.
_instant = lru_cache(maxsize=16)(to_instant)


def stamp(
    resource: dict[str, Any], version_id: int, last_updated: int, written: bytes | None = None
) -> bytes:
    """The resource as JSON with `meta.versionId` and `meta.lastUpdated`, and `meta` where it belongs.

    What else `meta` holds (profile, tags) is kept; versionId and lastUpdated of the input are not.

    :param written: the JSON that the resource was parsed from: the rest of it may be as it would be written
    """
    meta: dict[str, Any] = dict(resource.get("meta", {}))
    meta |= {"versionId": str(version_id), "lastUpdated": _instant(last_updated)}
    leading = {name: meta.pop(name) for name in _META_ORDER if name in meta}
    stamped = {**leading, **meta}
    inserted = _inserted(stamped, resource, written) if written is not None else None
    return inserted or _dumped(stamped, resource)


def _dumped(meta: dict[str, Any], resource: dict[str, Any]) -> bytes:
    first = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    # A dict keeps the place that a name had first, so `meta` comes third and nothing comes twice.
    return fhir_json.dump({**first, "meta": meta, **rest})


def _inserted(meta: dict[str, Any], resource: dict[str, Any], written: bytes) -> bytes | None:
    """`written` with another `meta`; None where the rest of the resource would be written otherwise."""
    # An id that needs an escape is not found like this.
    head = f'{{"resourceType":"{resource.get("resourceType")}","id":"{resource.get("id")}"'.encode()
    before = head + b',"meta":' + fhir_json.dump(resource["meta"]) if "meta" in resource else head
    if not written.startswith(before) or not fhir_json.is_compact(written):
        return None
    return head + b',"meta":' + fhir_json.dump(meta) + written[len(before) :]


def without_stamp(resource: dict[str, Any]) -> dict[str, Any]:
    """What the author decides: without the version and its time, and without a `meta` that held no more."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _STAMPED}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return {**rest, "meta": meta} if meta else rest
