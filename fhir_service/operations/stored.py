"""What an operation finds in the store: definitions by canonical URL, and resources by reference.

https://hl7.org/fhir/R4/references.html#canonical and https://hl7.org/fhir/R4/resource.html#canonical

    url|version    the one with that business version
    url            the latest: active before draft before retired, and of those the greatest version

What the caller may not read is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Gone, NotFound
from fhir_service.exchange import Request, Services
from fhir_service.fhir.canonicals import Order, latest_order, split_canonical
from fhir_service.formats import fhir_json
from fhir_service.operations.invocation import Invocation
from fhir_service.releases import Release
from fhir_service.search.keys import exact_key
from fhir_service.search.predicates import Compare, Indexed
from fhir_service.search.query import Query
from fhir_service.store.contract import StoredVersion
from fhir_service.terminology.memory import Memory

# Of one URL there are a few versions; more than these are not looked through.
_MOST_VERSIONS = 200

# Parsed bodies of at most so many bytes in all are kept; parsed, each takes some ten times as much.
_PARSED = Memory(8_000_000)
_LOCAL = re.compile(
    r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>[0-9]{1,9}))?", re.ASCII
)


class Stored:
    """The resources of one release, as far as they may be read; parsed ones are shared: never change them."""

    def __init__(
        self, release: Release, services: Services, readable: frozenset[str], base: str = ""
    ) -> None:
        self.release = release
        self._services = services
        self._readable = readable
        self._base = base

    @classmethod
    def of(cls, invocation: Invocation, services: Services) -> Stored:
        return cls(invocation.release, services, invocation.readable, invocation.request.base)

    def read(self, type_name: str, logical_id: str) -> StoredVersion | None:
        """The current version; None when there is none, or it was deleted."""
        if type_name not in self._readable:
            return None
        found = self._services.store.read(self.release.name, type_name, logical_id)
        return None if found is None or found.is_deleted else found

    def vread(self, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        """That version; None when there is none, or it is a deletion."""
        if type_name not in self._readable:
            return None
        found = self._services.store.vread(self.release.name, type_name, logical_id, version_id)
        return None if found is None or found.is_deleted else found

    def find(self, type_name: str, canonical: str) -> StoredVersion | None:
        """The resource of a canonical URL, with or without `|version`."""
        url, version = split_canonical(canonical)
        found = list(self._versions(type_name, url))
        if version:
            found = [one for one in found if one[1].get("version") == version]
        return max(found, key=lambda one: _rank(one[1]))[0] if found else None

    def versions(self, type_name: str, url: str) -> list[dict[str, Any]]:
        """Every resource of this URL, the latest last."""
        return sorted((resource for _, resource in self._versions(type_name, url)), key=_rank)

    def resource(self, found: StoredVersion | None) -> dict[str, Any] | None:
        """The parsed resource."""
        return None if found is None or found.body is None else _parsed(found.body)

    def instance(self, request: Request) -> dict[str, Any]:
        """The parsed resource of the path.

        :raises NotFound: it is not known, or not to be read by the caller
        :raises Gone: it was deleted
        """
        name = f"{request.type_name}/{request.logical_id}"
        found = None
        if request.type_name in self._readable:
            found = self._services.store.read(self.release.name, request.type_name, request.logical_id)
        if found is None:
            raise NotFound(f"Resource `{name}` is not known.")
        resource = self.resource(found)
        if resource is None:
            raise Gone(f"Resource `{name}` was deleted.")
        return resource

    def canonical(self, type_name: str, canonical: str) -> dict[str, Any] | None:
        return self.resource(self.find(type_name, canonical))

    def reference(self, reference: str) -> dict[str, Any] | None:
        """What a literal reference leads to, `Type/id` or below this service's own base."""
        return self.resource(self.referred(reference))

    def referred(self, reference: str) -> StoredVersion | None:
        """The same as it is stored: the version that the reference names, or else the current one."""
        found = self._led_to(reference)
        return None if found is None or found.is_deleted else found

    def is_gone(self, reference: str) -> bool:
        """Whether the reference leads to what was deleted."""
        found = self._led_to(reference)
        return found is not None and found.is_deleted

    def _led_to(self, reference: str) -> StoredVersion | None:
        local = _LOCAL.fullmatch(reference.removeprefix(f"{self._base}/") if self._base else reference)
        if local is None or local["type"] not in self._readable:
            return None
        store, release = self._services.store, self.release.name
        if local["version"] is None:
            return store.read(release, local["type"], local["id"])
        return store.vread(release, local["type"], local["id"], int(local["version"]))

    def _versions(self, type_name: str, url: str) -> Iterator[tuple[StoredVersion, dict[str, Any]]]:
        if type_name not in self._readable or not url:
            return
        same_url = Indexed("uri", (type_name, "url"), (Compare("uri", "eq", exact_key(url)),))
        query = Query(type_name, same_url, count=_MOST_VERSIONS)
        for found in self._services.store.search(self.release.name, query).matches:
            if found.body is not None:
                resource = _parsed(found.body)
                if resource.get("url") == url:
                    yield found, resource


def _parsed(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] | None = _PARSED.get(body)
    if found is None:
        found = fhir_json.parse(body)
        _PARSED.put(body, len(body), found)
    return found


def _rank(resource: dict[str, Any]) -> Order:
    return latest_order(resource.get("status"), resource.get("version"), resource.get("date"))
