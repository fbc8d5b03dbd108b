import pytest

from fhir_service import create_app
from fhir_service.settings import Settings
from tests.memory_store import MemoryStore


@pytest.mark.parametrize(
    ("origin", "granted"),
    [("https://portal.test", "https://portal.test"), ("https://attacker.test", None), (None, None)],
)
def test_only_listed_origins_are_granted(store: MemoryStore, origin: str | None, granted: str | None) -> None:
    client = create_app(Settings(cors_origins=("https://portal.test",)), store).test_client()
    headers = {"Origin": origin} if origin else {}
    answer = client.get("/fhir/r4/Medication/m1", headers=headers)
    assert answer.headers.get("Access-Control-Allow-Origin") == granted
    assert "Origin" in answer.headers["Vary"]
    assert "Accept" in answer.headers["Vary"]
