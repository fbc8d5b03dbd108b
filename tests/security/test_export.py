"""$export with tokens: what a token covers, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.settings import Settings
from tests.security.conftest import Signing
from tests.security.test_service import token

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    load(settings)
    return create_app(settings).test_client()


def manifest_of(client: FlaskClient, address: str, who: dict[str, str]) -> dict[str, Any]:
    while (answer := client.get(address, headers=who)).status_code == 202:
        time.sleep(0.02)
    assert answer.status_code == 200
    manifest: dict[str, Any] = answer.get_json()
    return manifest


def test_nothing_is_exported_without_a_token(client: FlaskClient) -> None:
    for path in (
        "$export",
        "$export?_type=Medication",
        "$export-status/any",
        "$export-output/any/Medication",
    ):
        assert client.get(f"/fhir/r4/{path}", headers=ASYNC).status_code == 401, path
    assert client.delete("/fhir/r4/$export-status/any").status_code == 401


def test_a_token_exports_the_types_it_covers_and_no_others(
    client: FlaskClient, loader: Signing, portal: Signing
) -> None:
    some = token(client, portal, "system/Medication.rs system/Binary.r")
    answer = client.get("/fhir/r4/$export", headers=ASYNC | some)
    assert answer.status_code == 202
    manifest = manifest_of(client, answer.headers["Content-Location"], some)
    assert manifest["requiresAccessToken"] is True
    assert [file["type"] for file in manifest["output"]] == ["Medication"]
    (file,) = manifest["output"]
    assert client.get(file["url"]).status_code == 401
    with client.get(file["url"], headers=some) as found:
        assert found.status_code == 200
        assert found.headers["Cache-Control"] == "no-store"
    refused = client.get("/fhir/r4/$export?_type=Library", headers=ASYNC | some)
    assert refused.status_code == 403
    assert "system/Library.rs" in refused.get_json()["issue"][0]["diagnostics"]


def test_an_export_is_for_who_may_read_all_of_it(
    client: FlaskClient, loader: Signing, portal: Signing
) -> None:
    everything, some = token(client, loader, "system/*.rs"), token(client, portal, "system/Medication.rs")
    address = client.get("/fhir/r4/$export", headers=ASYNC | everything).headers["Content-Location"]
    manifest = manifest_of(client, address, everything)
    assert len(manifest["output"]) > 10
    assert client.get(address, headers=some).status_code == 403
    assert client.delete(address, headers=some).status_code == 403
    libraries = next(file["url"] for file in manifest["output"] if file["type"] == "Library")
    assert client.get(libraries, headers=some).status_code == 403
    assert client.delete(address, headers=everything).status_code == 202


def test_a_token_that_reads_nothing_is_told_what_is_missing(client: FlaskClient, loader: Signing) -> None:
    writer = token(client, loader, "system/Medication.c")
    refused = client.get("/fhir/r4/$export", headers=ASYNC | writer)
    assert refused.status_code == 403
    assert "system/*.rs" in refused.headers["WWW-Authenticate"]
