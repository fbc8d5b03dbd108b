"""Which business versions come after one, by the order that the canonical resource itself says they have.

https://hl7.org/fhir/R5/search.html#modifierabove

"This search is only allowed if the version scheme for the resource is known": it is read from the stored
resources of that URL (`versionAlgorithm`). The versions are those that references name, whether or not the
resource is stored in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_service.errors import Invalid, NotSupported
from fhir_service.formats import fhir_json
from fhir_service.releases import Release
from fhir_service.search.contained import MARK
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import exact_key
from fhir_service.search.param_types.canonical import version_key, version_prefix
from fhir_service.search.predicates import Compare, Indexed
from fhir_service.search.query import MAXIMUM_COUNT, Query
from fhir_service.search.version_schemes import SCHEMES, SYSTEM, order
from fhir_service.store.contract import Resources

# How many versions of one resource are looked at.
MAXIMUM_FOUND = 1_000

_ELEMENT = "versionAlgorithm"


class StoredVersions:
    """The versions of one release's canonical resources; `readable` are the types that may be looked at."""

    def __init__(self, store: Resources, release: Release, readable: frozenset[str]) -> None:
        self._store = store
        self._release = release
        self._readable = readable

    def above(self, parameter: SearchParameter, url: str, version: str) -> Sequence[str]:
        scheme = self._scheme(parameter, url)
        limit = order(scheme, version)
        if limit is None:
            raise Invalid(f"`{parameter.code}:above`: the versions of {url} are {scheme}, not `{version}`")
        found = ((one, order(scheme, one)) for one in self._named(parameter, url))
        return [one for one, place in found if place is not None and place > limit]

    def _named(self, parameter: SearchParameter, url: str) -> list[str]:
        """Every version that a reference under the parameter names, those in contained resources too."""
        prefix = version_prefix(url)
        keys = [version_key((mark + parameter.type_name, parameter.code)) for mark in ("", MARK)]
        rows = [
            row
            for key in keys
            for row in self._store.indexed_uris(self._release.name, key, prefix, MAXIMUM_FOUND + 1)
        ]
        if len(rows) > MAXIMUM_FOUND:
            raise NotSupported(
                f"`{parameter.code}:above`: more than {MAXIMUM_FOUND} versions of {url} are referred to",
                issue_code="too-costly",
            )
        return list(dict.fromkeys(row.removeprefix(prefix) for row in rows))

    def _scheme(self, parameter: SearchParameter, url: str) -> str:
        found = set(self._schemes(parameter, url))
        if len(found) == 1 and (scheme := found.pop()) in SCHEMES:
            return scheme
        raise NotSupported(
            f"`{parameter.code}:above`: the order of the versions of {url} is not known. It is when the"
            " resource is stored here, may be searched, and has a `versionAlgorithmCoding`:"
            f" {', '.join(SCHEMES)}."
        )

    def _schemes(self, parameter: SearchParameter, url: str) -> Iterator[str]:
        """What each stored version of the resource says; one that says nothing leaves it to the others."""
        for type_name in sorted(self._readable.intersection(parameter.targets or self._readable)):
            if _ELEMENT not in self._release.type_definition(type_name).elements:
                continue
            is_it = Indexed("uri", (type_name, "url"), (Compare("uri", "eq", exact_key(url)),))
            page = self._store.search(self._release.name, Query(type_name, is_it, count=MAXIMUM_COUNT))
            for one in page.matches:
                resource = fhir_json.parse(one.body or b"{}")
                if f"{_ELEMENT}String" in resource:
                    yield f"{_ELEMENT}String"
                coding = resource.get(f"{_ELEMENT}Coding", {})
                if coding:
                    yield coding.get("code", "") if coding.get("system") == SYSTEM else str(coding)
