"""Parsed bodies are kept by their size, not by their number."""

import pytest

from fhir_service.operations import stored
from fhir_service.releases import R4
from fhir_service.store.contract import StoredVersion
from fhir_service.terminology.memory import Memory
from tests.memory_store import MemoryStore, services_over


def test_a_body_is_parsed_once_unless_it_is_larger_than_all_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stored, "_PARSED", Memory(60))
    held = stored.Stored(R4, services_over(MemoryStore()), frozenset())
    small, large = (
        StoredVersion("Basic", "b", 1, 0, b'{"resourceType":"Basic","id":"%s"}' % name)
        for name in (b"b", b"b" * 60)
    )
    assert held.resource(small) is held.resource(small)
    assert held.resource(large) is not held.resource(large)
    first = held.resource(small)
    held.resource(StoredVersion("Basic", "c", 1, 0, b'{"resourceType":"Basic","id":"c"}'))
    assert held.resource(small) is not first
