"""What interactions work with, over an empty store."""

import pytest

from fhir_service.exchange import Services
from fhir_service.releases import RELEASES
from tests.memory_store import MemoryStore, services_over


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def services(memory: MemoryStore) -> Services:
    return services_over(memory)


@pytest.fixture(params=sorted(RELEASES))
def release(request: pytest.FixtureRequest) -> str:
    """Each release in turn."""
    name: str = request.param
    return name
