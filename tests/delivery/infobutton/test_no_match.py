"""What a topic only mentions never opens or suggests it, at any form of the door."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from fhir_service.content.published import RESOURCES
from fhir_service.content.topic import FinderEntry
from fhir_service.topics import Topics
from tests.delivery.infobutton.answers import MAIN, read

ENTRIES = [entry for built in Topics(RESOURCES).by_slug.values() for entry in built.topic.finder]
MENTIONS = [entry for entry in ENTRIES if entry.role == "mentions"]
OTHERS = [
    "Rho(D) immune globulin",
    "hepatitis B immune globulin",
    "tetanus immune globulin",
    "immune globulin subcutaneous",
    "fever",
    "low platelets",
    "acetaminophen 160 mg",
]


def asking(entry: FinderEntry) -> dict[str, str]:
    if entry.coding is None:
        return {f"{MAIN}.dn": entry.word or ""}
    return {
        f"{MAIN}.c": entry.coding.code,
        f"{MAIN}.cs": entry.coding.system,
        f"{MAIN}.dn": entry.coding.display or "",
    }


def test_there_are_codes_and_words_to_try() -> None:
    assert len({entry.coding for entry in MENTIONS if entry.coding}) > 40
    assert len({entry.word for entry in MENTIONS if entry.word}) > 15


@pytest.mark.parametrize("form", ["text/xml", "application/json"])
@pytest.mark.parametrize(
    "asked",
    [*map(asking, MENTIONS), *({f"{MAIN}.dn": words} for words in OTHERS)],
    ids=lambda asked: asked.get(f"{MAIN}.c") or asked[f"{MAIN}.dn"],
)
def test_data_has_no_entry(client: FlaskClient, asked: dict[str, str], form: str) -> None:
    response = client.get("/infobutton/service", query_string={**asked, "knowledgeResponseType": form})
    answer = read(response)
    assert (response.status_code, answer.titles) == (200, ())
    assert answer.subtitle.startswith("No topic for ")
    assert "Topic-Content" not in response.headers


@pytest.mark.parametrize("asked", [asking(entry) for entry in MENTIONS], ids=str)
def test_the_page_leads_to_no_topic(client: FlaskClient, asked: dict[str, str]) -> None:
    response = client.get("/infobutton/application", query_string=asked)
    assert response.status_code == 200
    assert "There is no page about this here." in response.text
    assert 'href="http://localhost/"' in response.text
    assert "/topics/" not in response.text
    assert "IVIG" not in response.text


def test_an_empty_feed_has_an_empty_list_of_entries(client: FlaskClient) -> None:
    asked = {f"{MAIN}.dn": "fever", "knowledgeResponseType": "application/json"}
    feed = client.get("/infobutton/service", query_string=asked).get_json()["feed"]
    assert feed["entry"] == []
