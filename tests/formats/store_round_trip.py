"""HL7's examples through the store: JSON in, bytes out, the same but for the version that was stamped.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fhir_service.errors import ServiceError
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp
from fhir_service.interactions.writing import is_same
from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion

_NAME = "round-trip"


def store_problems(
    resources: Iterable[tuple[str, bytes]], release: Release, folder: Path
) -> Iterator[tuple[str, str]]:
    """(file, what differs) of each resource that the store gives back otherwise; the gate is not asked."""
    parameters = SearchParameters(release)
    store = open_store(f"sqlite:///{folder / 'store.sqlite'}")
    store.create_tables()
    for name, body in resources:
        try:
            sent = fhir_json.parse(body)
        except ServiceError as error:
            yield name, str(error)
            continue
        type_name, logical_id = sent["resourceType"], str(sent.get("id", _NAME))
        with store.write() as transaction:
            before = transaction.read(release.name, type_name, logical_id)
            version = before.version_id + 1 if before else 1
            stored = StoredVersion(type_name, logical_id, version, 0, stamp(sent, version, 0))
            transaction.put(release.name, stored, index_rows(sent, parameters))
        found = store.read(release.name, type_name, logical_id)
        if found is None or found.body is None:
            yield name, "is not there"
        elif not is_same(_unstamped(fhir_json.parse(found.body)), _unstamped(sent)):
            yield name, "came back otherwise"
    store.close()


def _unstamped(resource: dict[str, Any]) -> dict[str, Any]:
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _STAMPED}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return {**rest, "meta": meta} if meta else rest


_STAMPED = ("versionId", "lastUpdated")
