"""A path below a door that fits none of its rules is answered in the form of that door."""

import pytest

from fhir_service import create_app
from fhir_service.settings import Settings
from tests.memory_store import MemoryStore


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/topics//ivig-itp", "text/html"),
        ("/embed//ivig-itp", "text/html"),
        ("/integrate/x", "text/html"),
        ("/infobutton//service", "text/xml"),
        ("/cds-services//education-order-sign", "application/json"),
        ("/packages//x", "application/json"),
        ("/fhir/r6/Library", "application/fhir+json"),
        ("/nothing//here", "application/fhir+json"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there_is_told_by_the_door(
    store: MemoryStore, path: str, media_type: str, method: str
) -> None:
    answer = create_app(Settings(), store).test_client().open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (404, media_type)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
