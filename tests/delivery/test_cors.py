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


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/topics/ivig-itp",
        "/topics/ivig-itp/",
        "/topics/ivig-itp/v/0.1.0",
        "/topics/ivig-itp/diary",
        "/topics/feed",
        "/topics/nope",
        "/embed/ivig-itp",
        "/embed/education-height-1.js",
        "/integrate",
        "/infobutton/service?mainSearchCriteria.v.dn=IVIG",
        "/infobutton/application?mainSearchCriteria.v.dn=IVIG",
        "/cds-services",
        "/packages/test.education.content.r4",
        "/packages/nope",
        "/fhir/r4/metadata",
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_listed_origin_is_granted_at_every_door(store: MemoryStore, path: str, method: str) -> None:
    """A browser asks first (OPTIONS) to send If-None-Match, and follows no redirect that grants nothing."""
    client = create_app(Settings(cors_origins=("https://portal.test",)), store).test_client()
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    granted = {}
    for origin in ("https://portal.test", "https://attacker.test"):
        answer = client.open(path, method=method, headers={"Origin": origin, **asked})
        granted[origin] = answer.headers.get("Access-Control-Allow-Origin")
        assert "Origin" in answer.headers["Vary"]
    assert granted == {"https://portal.test": "https://portal.test", "https://attacker.test": None}
