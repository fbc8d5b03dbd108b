"""HL7's examples through the store: JSON in, bytes out, the same but for the version that was stamped.

https://hl7.org/fhir/R4/resource.html#Meta
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fhir_service.errors import ServiceError
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp, without_stamp
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
        elif not fhir_json.is_same(without_stamp(fhir_json.parse(found.body)), without_stamp(sent)):
            yield name, "came back otherwise"
    store.close()
