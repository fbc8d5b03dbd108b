"""SearchParameter resources that clients wrote: which of them are used, and which are refused.

https://hl7.org/fhir/R4/searchparameter.html

Those are used whose status is `active`; one that restates a parameter of the release, under its URL, adds
nothing. A code means one thing on each type: a second definition of it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fhir_service.errors import Conflict, Unprocessable
from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameters

Definition = Mapping[str, Any]

_NEEDED = ("url", "code", "type", "base")


def is_used(definition: Definition, release: Release) -> bool:
    """Whether the service should search by it."""
    if definition.get("status") != "active" or not all(definition.get(name) for name in _NEEDED):
        return False
    return definition["url"] not in _own_urls(release)


@cache
def _own_urls(release: Release) -> frozenset[str]:
    return frozenset(own["url"] for own in release.search_parameter_data)


def require_usable(definition: Definition, parameters: SearchParameters) -> None:
    """Raise Conflict or Unprocessable when a SearchParameter that is about to be stored could not be used."""
    release = parameters.release
    if not is_used(definition, release):
        return
    same = other_of_same_code(definition, (*parameters.data, *parameters.pending_data), release)
    if same is not None:
        raise Conflict(
            f"The code `{definition['code']}` is taken on {', '.join(same['base'])}: {same['url']} has it.",
            expression=("SearchParameter.code",),
        )
    for type_name in sorted(types_of(definition, release)):
        reason = parameters.reason(definition, type_name)
        if reason:
            expression = definition.get("expression")
            raise Unprocessable(
                f"`{expression}` cannot be searched on {type_name}: {reason}. With the status `draft` the"
                " SearchParameter is stored without being used.",
                issue_code="not-supported",
                expression=("SearchParameter.expression",),
            )


def other_of_same_code(
    definition: Definition, others: Iterable[Definition], release: Release
) -> Definition | None:
    """The definition among the others that gives this one's code to one of its types."""
    for other in others:
        if other["code"] != definition["code"] or _is_same_resource(other, definition):
            continue
        if types_of(other, release) & types_of(definition, release):
            return other
    return None


def _is_same_resource(left: Definition, right: Definition) -> bool:
    """What HL7 defines has no id here."""
    return left.get("id") is not None and left.get("id") == right.get("id")


def types_of(definition: Definition, release: Release) -> frozenset[str]:
    """The resource types that have the parameter: the bases and what is derived from them."""
    bases = set(definition["base"])
    if bases <= release.resource_types:
        return frozenset(bases)
    return frozenset(
        name for name in release.resource_types if any(release.is_a(name, base) for base in bases)
    )
