"""FHIR resources as they are sent: in a Bundle, or alone; taken out, and not looked at further.

https://cds-hooks.hl7.org/2.0/#providing-fhir-resources-to-a-cds-service
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields

MOST_ENTRIES = 5000
"""Of one Bundle: each is looked up by its words, and no record of one person has more."""

_OUTCOME = "OperationOutcome"


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource as it was sent, and where its Bundle says it is."""

    resource: dict[str, Any]
    full_url: str = ""


@dataclass(frozen=True, slots=True)
class Supplied:
    """What was sent for a prefetch key; nothing in it means that there is nothing."""

    entries: tuple[Entry, ...] = ()
    is_complete: bool = True
    """False for a part of what there is: what is not in it may still be there"""


class BundleField(fields.Field[Supplied | None]):
    """A Bundle, of which resources are taken out as they are."""

    default_error_messages = {"required": "is required", "null": "may not be null"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Supplied | None:
        if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
            raise ValidationError("allowed: a Bundle")
        return Supplied(tuple(_entries(value)), is_complete=not (_has_next(value) or _has_more(value)))


class SearchField(BundleField):
    """The answer to a query: a Bundle, null for nothing, or the OperationOutcome of one that failed."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return Supplied()
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Supplied | None:
        if isinstance(value, dict) and value.get("resourceType") == _OUTCOME:
            return None
        supplied = super()._deserialize(value, attr, data, **kwargs)
        if supplied and any(_is_failure(entry.resource) for entry in supplied.entries):
            return None
        return supplied


class ReadField(SearchField):
    """The answer to a read of a Patient."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Supplied | None:
        kind = value.get("resourceType") if isinstance(value, dict) else None
        if kind == _OUTCOME:
            return None
        if kind != "Patient":
            raise ValidationError("allowed: a Patient, an OperationOutcome, or null")
        return Supplied((Entry(value),))


def _entries(bundle: dict[str, Any]) -> Iterator[Entry]:
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise ValidationError({"entry": ["allowed: an array"]})
    if len(listed) > MOST_ENTRIES:
        raise ValidationError({"entry": [f"allowed: {MOST_ENTRIES} entries at most"]})
    for number, entry in enumerate(listed):
        if not isinstance(entry, dict):
            raise ValidationError({"entry": {number: ["allowed: an object"]}})
        resource = entry.get("resource")
        if resource is None:  # an entry may tell of something without it
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise ValidationError(
                {"entry": {number: {"resource": ["allowed: a resource with its resourceType"]}}}
            )
        full_url = entry.get("fullUrl")
        yield Entry(resource, full_url if isinstance(full_url, str) else "")


def _has_next(bundle: dict[str, Any]) -> bool:
    links = bundle.get("link")
    return isinstance(links, list) and any(
        isinstance(link, dict) and link.get("relation") == "next" for link in links
    )


def _has_more(bundle: dict[str, Any]) -> bool:
    """Whether more is said to match than was sent, as in an answer that only counts."""
    total = bundle.get("total")
    modes = [entry.get("search") for entry in bundle.get("entry", [])]
    matches = [mode for mode in modes if not isinstance(mode, dict) or mode.get("mode", "match") == "match"]
    return type(total) is int and total > len(matches)


def _is_failure(resource: dict[str, Any]) -> bool:
    """An outcome among the results that is more than a warning."""
    issues = resource.get("issue") if resource["resourceType"] == _OUTCOME else None
    return isinstance(issues, list) and any(
        isinstance(issue, dict) and issue.get("severity") in ("fatal", "error") for issue in issues
    )
