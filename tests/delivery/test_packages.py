"""/packages: what npm and FHIR package clients ask, and what they are told when it is not there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from tests.memory_store import MemoryStore


@pytest.fixture(params=sorted(RELEASES))
def name(request: pytest.FixtureRequest) -> str:
    return f"test.education.content.{request.param}"


def test_the_manifest_leads_to_the_tarball_and_its_checksums(client: FlaskClient, name: str) -> None:
    manifest = client.get(f"/packages/{name}").get_json()
    latest = manifest["dist-tags"]["latest"]
    version = manifest["versions"][latest]
    assert (manifest["name"], version["name"], version["version"]) == (name, name, latest)
    dist = version["dist"]
    assert dist["tarball"] == f"http://localhost/packages/{name}/{latest}"
    answer = client.get(dist["tarball"])
    assert answer.content_type == "application/gzip"
    assert hashlib.sha1(answer.data).hexdigest() == dist["shasum"]
    assert "sha512-" + base64.b64encode(hashlib.sha512(answer.data).digest()).decode() == dist["integrity"]


@pytest.mark.parametrize("path", ["", "/0.1.0"])
def test_head_and_conditional_requests_spare_the_body(client: FlaskClient, name: str, path: str) -> None:
    whole = client.get(f"/packages/{name}{path}")
    head = client.head(f"/packages/{name}{path}")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.data))
    again = client.get(f"/packages/{name}{path}", headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/packages", "There is no package ``; there are: test.education.content.r4, "),
        ("/packages/hl7.fhir.r4.core", "There is no package `hl7.fhir.r4.core`"),
        ("/packages/test.education.content.r4/9.9.9", "there is: 0.1.0"),
        ("/packages/test.education.content.r4/0.1.0/more", "no version `0.1.0/more`"),
        ("/packages/%2e%2e/%2e%2e/etc/passwd", "There is no package"),
    ],
)
def test_what_is_not_there_is_an_error_in_the_registrys_form(
    client: FlaskClient, path: str, told: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert told in answer.get_json()["error"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_can_be_published(client: FlaskClient, method: str) -> None:
    answer = client.open("/packages/test.education.content.r4", method=method, json={})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert "published" in answer.get_json()["error"]


def test_a_forged_host_gets_no_links(client: FlaskClient) -> None:
    answer = client.get("/packages/test.education.content.r4", headers={"Host": "evil.test"})
    assert answer.status_code == 400
    assert "evil.test" in answer.get_json()["error"]


@pytest.fixture
def guarded(tmp_path: object) -> Iterator[FlaskClient]:
    with create_app(Settings(reads="token"), MemoryStore()).test_client() as client:
        yield client


def test_where_reading_needs_a_token_packages_do_too(guarded: FlaskClient) -> None:
    answer = guarded.get("/packages/test.education.content.r4/0.1.0")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "token" in answer.get_json()["error"]
