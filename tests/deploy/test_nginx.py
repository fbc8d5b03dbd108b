"""deploy/nginx/nginx.conf in front of the service: what is shared, what never is, and nothing is stale."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.checkout import PROJECT
from tests.requirements import require
from tests.serving import free_port, serving

pytestmark = pytest.mark.xdist_group("nginx")

CONFIGURATION = PROJECT / "deploy" / "nginx" / "nginx.conf"
BASE = "http://education.test"
PATH = "/fhir/r4/Basic/a"


@contextlib.contextmanager
def nginx(folder: Path, service: str) -> Iterator[str]:
    """The file as it stands, but for ports and the places of files."""
    require("nginx", install="apt install nginx-light")
    port, inner = free_port(), free_port()
    text = CONFIGURATION.read_text()
    for told, here in (
        ("server fhir-service:8000;", f"server {service.removeprefix('http://')};"),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("127.0.0.1:8081;", f"127.0.0.1:{inner};"),
        ("/tmp/", f"{folder}/"),
        ("/dev/stderr", f"{folder}/error.log"),
        (
            "worker_processes auto;",
            "worker_processes 2; daemon off; user " + ("root;" if os.geteuid() == 0 else "nobody;"),
        ),
    ):
        assert told in text, told
        text = text.replace(told, here)
    file = folder / "nginx.conf"
    file.write_text(text)
    command = ["nginx", "-e", str(folder / "error.log"), "-c", str(file)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, start_new_session=True)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    with httpx.HTTPTransport(retries=10) as transport, httpx.Client(transport=transport) as client:
        client.get(f"http://127.0.0.1:{port}/livez")


class Asked:
    """The service through nginx, and past it; `seen` counts what reaches the service."""

    def __init__(self, through: httpx.Client, past: httpx.Client) -> None:
        self.through, self.past = through, past

    def put(self, text: str) -> None:
        resource = {"resourceType": "Basic", "id": "a", "code": {"text": text}}
        assert self.past.put(PATH, json=resource).status_code in (200, 201)

    def get(self, path: str = PATH, **headers: str) -> httpx.Response:
        return self.through.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def asked(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("service")
    own = ("FHIR_SERVICE_", "HOST", "PORT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {
        "FHIR_SERVICE_DATABASE_URL": f"sqlite:///{folder}/store.sqlite",
        "FHIR_SERVICE_BASE_URL": BASE,
        "FHIR_SERVICE_TYPES": "all",
        "FHIR_SERVICE_WRITES": "open",
        "FHIR_SERVICE_WORKERS": "1",
    }
    command = [sys.executable, "-m", "fhir_service", "serve"]
    how: dict[str, Any] = {"timeout": 30, "trust_env": False}
    with (
        serving(command, folder, folder / "log", environment) as service,
        nginx(cache_folder, service.url) as url,
        httpx.Client(base_url=url, **how) as through,
        httpx.Client(base_url=service.url, **how) as past,
    ):
        yield Asked(through, past)


def kept(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in (folder / "cache").rglob("*") if file.is_file()]


def test_an_answer_passes_as_it_is(asked: Asked) -> None:
    asked.put("as it is")
    for path in (PATH, "/fhir/r4/Basic?_id=a", "/topics/ivig-itp", "/fhir/r4/metadata"):
        for _ in range(2):
            through, past = asked.get(path), asked.past.get(path)
            assert through.content == past.content
            for name in ("ETag", "Cache-Control", "Vary", "Content-Type", "Last-Modified"):
                assert through.headers.get(name) == past.headers.get(name), (path, name)
            assert "X-Accel-Expires" not in through.headers


def test_it_is_kept_and_asked_for_again_before_each_use(asked: Asked, cache_folder: Path) -> None:
    for text in ("first", "second", "third"):
        asked.put(text)
        for _ in range(2):
            assert asked.get().json()["code"]["text"] == text
        assert any(text.encode() in file for file in kept(cache_folder))


def test_what_has_not_changed_comes_from_the_cache(asked: Asked, cache_folder: Path) -> None:
    """The service answers 304; were it asked for the whole, the mark would be gone."""
    asked.put("unchanged")
    asked.get()
    (file,) = [
        one
        for one in (cache_folder / "cache").rglob("*")
        if one.is_file() and b"unchanged" in one.read_bytes()
    ]
    file.write_bytes(file.read_bytes().replace(b"unchanged", b"from nginx"[:9]))
    assert asked.get().json()["code"]["text"] == "from ngin"
    asked.put("changed")
    assert asked.get().json()["code"]["text"] == "changed"


def test_a_client_that_has_it_gets_304(asked: Asked) -> None:
    asked.put("had")
    etag = asked.get().headers["ETag"]
    for _ in range(2):
        answer = asked.get(If_None_Match=etag)
        assert (answer.status_code, answer.content) == (304, b"")
    asked.put("not had")
    assert asked.get(If_None_Match=etag).status_code == 200


def test_what_an_answer_depends_on_keeps_answers_apart(asked: Asked) -> None:
    asked.put("apart")
    asked.get()
    types = {"application/fhir+json": b"{", "application/fhir+xml": b"<"}
    for _ in range(2):
        for accepted, first in types.items():
            answer = asked.get(Accept=accepted)
            assert answer.content.startswith(first)
            assert answer.headers["Content-Type"].startswith(accepted)
    assert asked.get(Accept_Encoding="gzip").json() == asked.get(Accept_Encoding="identity").json()


def test_forged_hosts_reach_neither_answer_nor_cache(asked: Asked, cache_folder: Path) -> None:
    path = "/fhir/r4/Basic?_id=a&_sort=_id"
    forged = {"Host": "forged.test", "X_Forwarded_Host": "forged.test", "Forwarded": "host=forged.test"}
    for name, value in forged.items():
        assert b"forged.test" not in asked.get(path, **{name: value}).content
    assert BASE.encode() in asked.get(path).content
    assert not any(b"forged.test" in file for file in kept(cache_folder))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/fhir/r4/Basic?_id=a&_count=7", {"Authorization": "Bearer seven"}),
        ("/fhir/r4/Basic?_id=a&_count=7", {"Cookie": "seven=7"}),
        (
            "/infobutton/service?mainSearchCriteria.v.c=D69.3&mainSearchCriteria.v.cs=2.16.840.1.113883.6.90",
            {},
        ),
        ("/cds-services", {}),
        ("/livez", {}),
        ("/fhir/r4/Basic/none", {}),
    ],
)
def test_what_is_not_everybody_s_is_not_kept(
    asked: Asked, cache_folder: Path, path: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        assert asked.get(path, **headers).status_code in (200, 404)
    assert not any(f"KEY: {path}".encode() in file for file in kept(cache_folder))


def test_credentials_get_nothing_that_was_kept(asked: Asked, cache_folder: Path) -> None:
    asked.put("open")
    asked.get()
    (file,) = [
        one for one in (cache_folder / "cache").rglob("*") if one.is_file() and b'"open"' in one.read_bytes()
    ]
    file.write_bytes(file.read_bytes().replace(b'"open"', b'"kept"'))
    assert asked.get().json()["code"]["text"] == "kept"
    assert asked.get(Authorization="Bearer x").json()["code"]["text"] == "open"


def test_preconditions_and_writes_reach_the_service(asked: Asked) -> None:
    asked.put("before")
    etag = asked.get().headers["ETag"]
    assert asked.get(If_Match=etag).status_code == 200
    assert asked.get(If_Match='W/"0"').status_code == 412
    resource = {"resourceType": "Basic", "id": "a", "code": {"text": "through"}}
    assert asked.through.put(PATH, json=resource, headers={"If-Match": 'W/"0"'}).status_code == 412
    assert asked.through.put(PATH, json=resource, headers={"If-Match": etag}).status_code == 200
    assert asked.get().json()["code"]["text"] == "through"


def test_what_never_changes_is_not_asked_for_again(asked: Asked, cache_folder: Path) -> None:
    path = "/topics/ivig-itp/v/0.1.0"
    assert "immutable" in asked.get(path).headers["Cache-Control"]
    (file,) = [
        one
        for one in (cache_folder / "cache").rglob("*")
        if one.is_file() and f"KEY: {path}\n".encode() in one.read_bytes()
    ]
    etag = asked.get(path).headers["ETag"].strip('"').encode()
    assert etag in file.read_bytes()
    # Asked for again with another ETag, it would come anew.
    file.write_bytes(file.read_bytes().replace(etag, etag[::-1]))
    assert asked.get(path).headers["ETag"].strip('"').encode() == etag[::-1]


def test_what_an_instance_counts_is_for_its_own_address_alone(asked: Asked) -> None:
    assert asked.get("/metrics").status_code == 404
    assert asked.past.get("/metrics").status_code == 200
